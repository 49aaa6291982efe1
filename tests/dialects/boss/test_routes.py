"""Every row of the route table, with and without its slash, with three kinds of Accept, as four callers.

What is refused and what is done by whom is one table, ``route_table.ROWS``; the rest is what holds of all rows: wrong
methods, HEAD, OPTIONS, and that nothing that is sent is answered with a failure of the server.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import blosc
import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import ADMINISTRATOR
from bosslet.datastore import Datastore
from bosslet.dialects.boss import downsample
from tests.dialects.boss.client import FRAME, Boss
from tests.dialects.boss.route_table import EXPERIMENT, IMAGE, LABELS, ROWS, Answer, Row

USERS = ("admin", "plain", "public", "anonymous")
ANYTHING, JSON = "*/*", "application/json"
BINARY = {
    "json": "application/blosc",
    "bare": "application/blosc",
    "cutout": "application/npygz",
    "image": "image/jpeg",
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HOSTILE: list[dict[str, Any]] = [
    {"data": b"{", "content_type": JSON},
    {"data": b"[1, 2]", "content_type": JSON},
    {"data": b'"text"', "content_type": JSON},
    {"data": b"[" * 50_000, "content_type": JSON},
    {"data": b"\xff\xfe\x00", "content_type": JSON},
    {"data": b'{"permissions": 5, "group": [], "name": {}, "public": "\\ud800"}', "content_type": JSON},
    {"data": b"x" * 100, "content_type": "application/blosc"},
    {"data": b"x", "content_type": "application/blosc-python"},
    {"data": b"a=b&a=c", "content_type": "application/x-www-form-urlencoded"},
    {"data": b"--nothing", "content_type": "multipart/form-data"},
    {"data": b"x", "content_type": "text/plain"},
    {"headers": {"Accept": ";;;,,q=x"}},
    {"query_string": "format=xml&filter=x&owner=maybe&type=none&iso=2&access-mode=fast"},
    {"query_string": "key=%ff&value=%ed%a0%80&metric=%00&group=%00&collection=%ed%a0%80"},
]

rows = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path.replace("?", " "))


@dataclass(slots=True)
class Server:
    """An application with resources of the administrator's, and its four callers."""

    client: FlaskClient
    tokens: dict[str, str | None]
    counter: Iterator[int] = field(default_factory=itertools.count)

    def send(self, user: str, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """One request; bytes are sent as blosc, anything else as JSON."""
        token = self.tokens[user]
        headers = options.pop("headers", {}) | ({"Authorization": f"Token {token}"} if token else {})
        if isinstance(body, bytes):
            options |= {"data": body, "content_type": "application/blosc"}
        elif body is not None:
            options["json"] = body
        return self.client.open(path, method=method, headers=headers, **options)

    def ask(self, row: Row, method: str, user: str, accept: str, *, slash: bool) -> TestResponse:
        """The answer of a row; what must be there before is made by the administrator."""
        answer = row.answers.get(method, Answer(405))
        name = row.existing if method in {"GET", "PUT", "HEAD"} else f"new{next(self.counter)}"
        for verb, path, body in answer.first:
            made = self.send("admin", verb, "/v1/" + path.format(x=name), body)
            assert made.status_code in {201, 204}, made.text
        return self.send(user, method, address(row, name, slash=slash), answer.body, headers={"Accept": accept})


def address(row: Row, name: str, *, slash: bool, prefix: str = "/v1/") -> str:
    """The URL of a row, below ``/v1/`` unless it is absolute; the slash goes before the query."""
    path, mark, query = row.path.format(x=name).partition("?")
    return (path if path.startswith("/") else prefix + path) + "/" * slash + mark + query


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = Datastore.open(tmp_path_factory.mktemp("routes"), block_shape=(32, 64, 64), chunk_shape=(16, 32, 32))
    store.prepare()
    users = store.catalog.users
    for name in ("paul", "rita"):
        users.create(name)
    tokens = {"admin": users.new_token(ADMINISTRATOR), "plain": users.new_token("paul")}
    client = create_app(store, config.load(auth="token")).test_client()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(downsample, "ensure_runner", lambda _: None)  # what is asked for need not be done
        made = Server(client, {**tokens, "public": "public", "anonymous": None})
        furnish(Boss(client, {"Authorization": f"Token {tokens['admin']}"}))
        yield made
    store.close()


def furnish(boss: Boss) -> None:
    """What the rows of the table are about."""
    labels = blosc.compress(np.full((3, 4, 5), 7, np.uint64).tobytes(), typesize=64)
    blob = {"data": labels, "headers": {"Content-Type": "application/blosc"}}
    answers = [
        boss.post("collection/col"),
        boss.post("coord/frame", FRAME),
        boss.post(EXPERIMENT, {"coord_frame": "frame"}),
        boss.post(f"{EXPERIMENT}/channel/em", IMAGE),
        boss.post(f"{EXPERIMENT}/channel/seg", {"type": "annotation", "datatype": "uint64"}),
        boss.call("POST", f"cutout/{LABELS}/0/0:5/0:4/0:3", **blob),
        boss.post("groups/lab"),
        *(boss.post(f"meta/{path}?key=k&value=v") for path in ("col", "col/exp", "col/exp/em")),
    ]
    assert [answer.status_code for answer in answers] == [201] * len(answers)


def complaint(row: Row, method: str, user: str, accept: str, answer: TestResponse) -> str:
    """What is not as the table says; nothing when all is."""
    statuses, code = expected(row, row.answers[method], method, user)
    if not acceptable(row, method, accept):
        statuses = (*statuses, 406) if row.kind == "bare" or statuses[0] >= 400 else (406,)
    if answer.status_code not in statuses:
        return f"{answer.status_code}, not {statuses}: {answer.text[:200]}"
    if answer.status_code >= 400:
        return error_complaint(answer, code if answer.status_code == statuses[0] else None)
    return success_complaint(row, row.answers[method], method, accept, answer)


def expected(row: Row, answer: Answer, method: str, user: str) -> tuple[tuple[int, ...], int | None]:
    """The statuses that are allowed, and the code of the first when it is bossDB's error."""
    if user == "anonymous" and method != "GET" and row.kind != "bare":
        return (401,), None
    if user == "anonymous" and answer.anonymous:
        return answer.anonymous, None
    if user != "admin" and answer.refused is not None:
        return (answer.refused[0],), answer.refused[1]
    return (answer.status,), answer.code


def acceptable(row: Row, method: str, accept: str) -> bool:
    """Whether a row answers such a request in what is accepted."""
    if row.kind in {"json", "bare"}:
        return accept in {ANYTHING, JSON}
    return accept != JSON or method != "GET"


def error_complaint(answer: TestResponse, code: int | None) -> str:
    """Errors are JSON, whatever is accepted."""
    if answer.mimetype != JSON:
        return f"{answer.status_code} as {answer.mimetype}"
    content = answer.get_json()
    if code is not None and (content.get("status"), content.get("code")) != (answer.status_code, code):
        return f"not code {code}: {content}"
    if answer.status_code in {401, 405, 406} and set(content) != {"detail"}:
        return f"not a detail: {content}"
    return ""


def success_complaint(row: Row, wanted: Answer, method: str, accept: str, answer: TestResponse) -> str:
    """A media type that was asked for; the keys of an object in their order; else nothing at all."""
    if row.kind in {"cutout", "image"} and method == "GET":
        default = {"cutout": "application/blosc", "image": "image/png"}[row.kind]
        media = default if accept == ANYTHING else accept
        return "" if answer.mimetype == media else f"{answer.mimetype}, not {media}"
    if wanted.keys:
        keys = tuple(answer.get_json())
        return "" if keys == wanted.keys else f"keys {keys}, not {wanted.keys}"
    return "" if method == "GET" or not answer.data else f"a body: {answer.text[:200]}"


@pytest.mark.parametrize("user", USERS)
@rows
def test_a_row_answers_as_described(server: Server, row: Row, user: str) -> None:
    wrong = []
    accepts = (ANYTHING, JSON, BINARY[row.kind])
    slashes = (True,) if row.slash == "required" else (True, False)
    for method, accept, slash in itertools.product(row.answers, accepts, slashes):
        answer = server.ask(row, method, user, accept, slash=slash)
        if found := complaint(row, method, user, accept, answer):
            wrong.append(f"{method} {accept} {'with' if slash else 'without'} slash: {found}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("prefix", ["/v1/", "/latest/"])
@rows
def test_latest_is_another_name_of_v1(server: Server, row: Row, prefix: str) -> None:
    if "GET" not in row.answers or row.kind == "bare":
        return
    answer = server.send("admin", "GET", address(row, row.existing, slash=True, prefix=prefix))
    assert answer.status_code == row.answers["GET"].status, answer.text


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("row", [row for row in ROWS if row.slash == "required"], ids=lambda row: row.path)
def test_a_list_without_its_slash_is_redirected(server: Server, row: Row, user: str) -> None:
    for method in METHODS:
        answer = server.ask(row, method, user, ANYTHING, slash=False)
        # A server may ask who changes something before it says where that would be.
        if answer.status_code == 401 and user == "anonymous" and method != "GET":
            continue
        assert (answer.status_code, answer.data) == (301, b""), (method, answer.text)
        assert answer.headers["Location"].endswith(address(row, "", slash=True)), method


@pytest.mark.parametrize("user", USERS)
@rows
def test_a_wrong_method_is_told_the_right_ones(server: Server, row: Row, user: str) -> None:
    for method in set(METHODS) - set(row.answers) - set(row.unjudged):
        for accept in (ANYTHING, JSON, BINARY[row.kind]):
            answer = server.ask(row, method, user, accept, slash=True)
            allowed = {405, 401} if user == "anonymous" else {405} if acceptable(row, method, accept) else {405, 406}
            assert answer.status_code in allowed, (method, accept, answer.text)
            assert set(answer.get_json()) == {"detail"}, (method, accept)
            if answer.status_code == 405:
                assert set(row.answers) <= {item.strip() for item in answer.headers["Allow"].split(",")}


@rows
def test_head_is_get_without_its_body(server: Server, row: Row) -> None:
    if "GET" not in row.answers:
        return
    for user in USERS:
        url = address(row, row.existing, slash=True)
        answer = server.send(user, "HEAD", url)
        assert (answer.status_code, answer.data) == (server.send(user, "GET", url).status_code, b""), user


@rows
def test_options_are_told_to_everybody(server: Server, row: Row) -> None:
    for user in USERS:
        assert server.send(user, "OPTIONS", address(row, row.existing, slash=True)).status_code == 200


@pytest.mark.parametrize("user", ["admin", "anonymous"])
@rows
def test_nothing_that_is_sent_fails_the_server(server: Server, row: Row, user: str) -> None:
    for method, options in itertools.product(METHODS, HOSTILE):
        name = row.existing if method in {"GET", "PUT"} else f"new{next(server.counter)}"
        url = address(row, name, slash=True)
        if "query_string" in options:
            url = url.partition("?")[0]
        answer = server.send(user, method, url, **dict(options))
        assert answer.status_code < 500, (method, options, answer.text)


@pytest.mark.parametrize("path", ["", "metrics", "thresholds", "usage", "metric"])
def test_metric_is_for_those_who_say_who_they_are(server: Server, path: str) -> None:
    """bossDB wants a session of its web console here, which no client has; a token is as good."""
    for user, method in itertools.product(USERS, METHODS):
        answer = server.send(user, method, f"/metric/{path}")
        assert answer.status_code < 500, (user, method)
        assert user == "admin" or path in {"", "usage"} or answer.status_code >= 300, (user, method)
