"""Play the cases in ``cases/`` against any server that speaks bossDB's API; ``cases/PROVENANCE.md`` says how they came.

    python -m tests.dialects.boss.play --base-url http://localhost:5000 --token TOKEN

TOKEN is an administrator's. Cases of other people are skipped unless their tokens are given as well. Everything is made
under a prefix of its own and deleted at the end, so a server that others use is not disturbed.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch

import requests

from tests.dialects.boss.case_checks import complaints
from tests.dialects.boss.case_files import (
    ABSENT,
    PREFIX_LENGTH,
    USERS,
    Case,
    CaseFile,
    Json,
    Request,
    all_files,
    filled,
    read_case,
    read_step,
)

PATIENCE = 60
"""Seconds to wait for one answer."""
POLL = 0.1
MADE = ("/v1/collection/", "/v1/coord/", "/v1/groups/", "/v1/sso/user/")
"""What a POST leaves behind that a DELETE of the same path takes away."""


@dataclass(frozen=True, slots=True)
class User:
    """How the server calls somebody, and the token that proves it; None: no token."""

    name: str
    token: str | None


ANYWHERE = {"public": User("public-access", "public"), "anonymous": User("", None)}
"""Users that need no account made for them."""


class SetupFailed(RuntimeError):
    """A request that a file's cases build upon was refused."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: what was wrong, or why it was not played."""

    file: str
    name: str
    section: str
    complaints: tuple[str, ...] = ()
    skipped: str = ""

    def __str__(self) -> str:
        """All that went wrong, on lines of its own."""
        return f"{self.file} [{self.section}] {self.name}\n    " + "\n    ".join(self.complaints)


@dataclass(slots=True)
class Player:
    """Plays files against one server, on behalf of several users."""

    base_url: str
    users: Mapping[str, User]
    capabilities: Sequence[str] = ()
    keep: bool = False
    """Leave what was made."""
    _sessions: dict[str, requests.Session] = field(default_factory=dict)
    _made: list[str] = field(default_factory=list)

    def play(self, file: CaseFile) -> Iterator[Outcome]:
        """The outcome of each case, in order; raises SetupFailed."""
        missing = [name for name in file.needs if name not in (*self.users, *self.capabilities)]
        if missing:
            for case in file.cases:
                yield Outcome(file.name, case["name"], case["section"], skipped=f"needs {', '.join(missing)}")
            return
        names = self._names()
        try:
            for step in file.setup:
                self._prepare(filled(step, names))
            for content in file.cases:
                yield self._outcome(file.name, read_case(filled(content, names)), names)
        finally:
            self._clean_up()

    def close(self) -> None:
        """End the connections, so that the server need not wait for them when it ends."""
        for session in self._sessions.values():
            session.close()

    def _names(self) -> dict[str, str]:
        prefix = f"t{secrets.token_hex(PREFIX_LENGTH // 2 - 1)}-"
        accounts = {role: user.name for role, user in self.users.items()}
        tokens = {f"token_{role}": user.token for role, user in self.users.items() if user.token is not None}
        return {"prefix": prefix, **accounts, **tokens}

    def _prepare(self, content: Json) -> None:
        step = read_step(content)
        answer = self._send(step.user, step.request)
        if not answer.ok:
            raise SetupFailed(f"{step.request.method} {step.request.path}: {answer.status_code} {answer.text[:300]}")

    def _outcome(self, file: str, case: Case, names: dict[str, str]) -> Outcome:
        missing = [name for name in (case.user, *case.requires) if name not in (*self.users, *self.capabilities)]
        if missing:
            return Outcome(file, case.name, case.section, skipped=f"needs {', '.join(missing)}")
        deadline = time.monotonic() + case.within
        while True:
            answer = self._send(case.user, case.request)
            wrong = tuple(complaints(answer, case.expect))
            if not wrong or time.monotonic() >= deadline:
                break
            time.sleep(POLL)
        if not wrong:
            names.update({name: str(answer.json()[key]) for name, key in case.remember.items()})
        return Outcome(file, case.name, case.section, wrong)

    def _send(self, user: str, request: Request) -> requests.Response:
        headers = dict(request.headers)
        options = _body(request, headers)
        answer = self._session(user).request(
            request.method,
            self.base_url.rstrip("/") + request.path,
            params=dict(request.query),
            headers=headers,
            allow_redirects=False,
            timeout=PATIENCE,
            **options,
        )
        if answer.ok and request.path.startswith(MADE):
            self._note_change(request)
        return answer

    def _note_change(self, request: Request) -> None:
        """Keep in mind what is there under which path."""
        if request.method == "POST" and "/members/" not in request.path and "/maintainers/" not in request.path:
            self._made.append(request.path)
        if request.method == "PUT" and isinstance(request.json, dict) and request.json.get("name"):
            renamed = f"{request.path.rpartition('/')[0]}/{request.json['name']}"
            self._made[:] = [re.sub(rf"^{re.escape(request.path)}(?=/|$)", renamed, path) for path in self._made]

    def _session(self, user: str) -> requests.Session:
        if user not in self._sessions:
            session = self._sessions[user] = requests.Session()
            session.trust_env = False
            token = self.users[user].token
            if token is not None:
                session.headers["Authorization"] = f"Token {token}"
        return self._sessions[user]

    def _clean_up(self) -> None:
        """Children were made after their parents, so they go first. What a case deleted takes no harm."""
        while self._made:
            path = self._made.pop()
            if not self.keep:
                self._session("admin").delete(self.base_url.rstrip("/") + path, timeout=PATIENCE)


def _body(request: Request, headers: dict[str, str | None]) -> dict[str, Json]:
    """The arguments of ``requests`` for a body; its content type is added to the headers unless they have one."""
    if request.voxels is not None:
        headers.setdefault("Content-Type", f"application/{request.voxels.encoding.removesuffix('-big-endian')}")
        return {"data": request.voxels.encoded()}
    if request.json is not ABSENT:
        headers.setdefault("Content-Type", "application/json")
        return {"data": json.dumps(request.json)}
    if request.multipart is not None:
        return {"files": {name: (None, value) for name, value in request.multipart.items()}}
    if request.form is not None:
        return {"data": dict(request.form)}
    return {"data": None if request.text is None else request.text.encode()}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 when a case failed."""
    options = _parser().parse_args(arguments)
    users = {"admin": User(options.admin, options.token)} | ({} if options.open else ANYWHERE) | dict(options.user)
    player = Player(options.base_url, users, options.has, options.keep)
    outcomes: list[Outcome] = []
    for file in all_files():
        if any(fnmatch(file.name, pattern) for pattern in options.only or ["*"]):
            played = list(player.play(file))
            print(f"{file.name}: {_summary(played)}")
            outcomes += played
    for outcome in outcomes:
        if outcome.complaints:
            print(outcome)
    print(_summary(outcomes))
    return int(any(outcome.complaints for outcome in outcomes))


def _summary(outcomes: Sequence[Outcome]) -> str:
    failed = sum(bool(outcome.complaints) for outcome in outcomes)
    skipped = sum(bool(outcome.skipped) for outcome in outcomes)
    return f"{len(outcomes) - failed - skipped} as expected, {failed} not, {skipped} skipped"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.dialects.boss.play", description=__doc__.splitlines()[0])
    parser.add_argument("--base-url", required=True, help="such as http://localhost:5000")
    parser.add_argument("--token", required=True, help="of an administrator who is in the group admin")
    parser.add_argument("--admin", default="bossadmin", help="the administrator's name")
    parser.add_argument("--user", type=_user, action="append", default=[], metavar="ROLE=NAME:TOKEN")
    parser.add_argument("--open", action="store_true", help="tokens mean nothing there: everybody is administrator")
    parser.add_argument("--has", action="append", default=[], help="what the server is set up for: limits")
    parser.add_argument("--only", action="append", help="files by name, such as '06-*'")
    parser.add_argument("--keep", action="store_true", help="leave what the cases made")
    return parser


def _user(text: str) -> tuple[str, User]:
    role, _, account = text.partition("=")
    name, _, token = account.rpartition(":")
    if role not in USERS or not name:
        raise argparse.ArgumentTypeError(f"must be ROLE=NAME:TOKEN, where ROLE is one of {', '.join(USERS)}")
    return role, User(name, token)


if __name__ == "__main__":
    sys.exit(main())
