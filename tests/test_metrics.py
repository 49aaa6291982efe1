"""``/metrics``: what is counted, for whom it is, and that all workers count together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import ADMINISTRATOR, Role
from bosslet.datastore import Datastore
from bosslet.shared_folder import PREFIX, SharedFolder
from tests.dialects.boss.client import Boss

PROGRAM = """
import sys
from bosslet import config, server
from bosslet.app import create_app
from bosslet.cli.start import prepare

settings = config.load(uploads_path=sys.argv[1], catalog_url=None)
prepare(settings)
server.end_on_signals()
listener = server.listen("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
server.run(lambda: create_app(settings=settings), listener, workers=2, threads=2)
"""
CUTOUT = "cutout/col/exp/em/0/0:10/0:20/0:30/"
ROUTE = "/v1/cutout/<collection>/<experiment>/<channel>/<digit:resolution>/<range:x>/<range:y>/<range:z>"


@pytest.fixture
def datastore(tmp_path: Path) -> Iterator[Datastore]:
    store = Datastore.open(tmp_path / "uploads", block_shape=(32, 64, 64), chunk_shape=(16, 32, 32), cache_bytes=10**7)
    store.prepare()
    yield store
    store.close()


@pytest.fixture
def app(datastore: Datastore) -> Flask:
    return create_app(datastore, config.load(auth="open"))


@pytest.fixture
def boss(app: Flask) -> Boss:
    return Boss(app.test_client())


def families(text: str) -> dict[str, Metric]:
    """What an answer says, by the names of the metrics."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(text: str, name: str, **labels: str) -> float:
    """The sum of those samples of a metric that have these labels."""
    samples = [sample for family in families(text).values() for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def scraped(boss: Boss) -> str:
    answer = boss.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


def test_requests_are_counted_by_dialect_route_method_and_status(boss: Boss) -> None:
    boss.get("collection/")
    boss.get("collection/")
    boss.get("collection/secret-name")
    boss.post("collection/secret-name")
    boss.get("/")
    boss.get("/ping")
    text = scraped(boss)
    of_one = {"dialect": "boss", "route": "/v1/collection/<collection>"}
    requests_ = "bosslet_http_requests_total"
    assert value(text, requests_, dialect="boss", route="/v1/collection/", method="GET", status="200") == 2
    assert value(text, requests_, **of_one, method="GET", status="404") == 1
    assert value(text, requests_, **of_one, method="POST", status="201") == 1
    assert value(text, requests_, dialect="web", route="/", status="200") == 1
    assert value(text, requests_, dialect="boss", route="/ping", status="301") == 1
    assert value(text, requests_) == 6
    assert value(text, "bosslet_http_request_seconds_count") == 6
    assert value(text, "bosslet_http_request_seconds_bucket", **of_one, method="GET", le="+Inf") == 1
    assert value(scraped(boss), requests_, dialect="metrics") == 1
    assert "secret-name" not in text


def test_what_has_no_route_makes_no_series_of_its_own(boss: Boss) -> None:
    for path in ("/nothing", "/secret-name", "/v1/secret-name/"):
        boss.get(path)
    for method in ("BREW", "SECRET"):
        boss.call(method, "collection/")
    boss.call("BREW", "/nothing")
    text = scraped(boss)
    assert value(text, "bosslet_http_requests_total", dialect="none", route="none", method="GET", status="404") == 3
    assert value(text, "bosslet_http_requests_total", method="other") == 3
    assert "secret" not in text.lower()


def test_bytes_and_blocks(boss: Boss) -> None:
    boss.make_channel()
    body = b"\1" * 6000
    sent = boss.call("POST", CUTOUT, data=body, headers={"Content-Type": "application/npygz"})
    assert sent.status_code == 400
    assert value(scraped(boss), "bosslet_http_received_bytes_total", route=ROUTE) == 0
    voxels = np.arange(6000, dtype="uint8").reshape(30, 20, 10)
    voxels[voxels == 0] = 1
    assert boss.send(CUTOUT, voxels).status_code == 201
    answers = [boss.get(CUTOUT) for _ in range(2)]
    assert boss.call("HEAD", CUTOUT).status_code == 200
    text = scraped(boss)
    assert value(text, "bosslet_http_received_bytes_total", route=ROUTE, method="POST") > 100
    assert value(text, "bosslet_http_sent_bytes_total", route=ROUTE, method="GET") == 2 * len(answers[0].data)
    assert value(text, "bosslet_http_sent_bytes_total", route=ROUTE, method="HEAD") == 0
    assert value(text, "bosslet_blocks_written_total") == 1
    assert value(text, "bosslet_blocks_read_total") == 3
    assert value(text, "bosslet_cache_hits_total") > 0
    assert value(text, "bosslet_workers") == 1


def test_an_answer_in_pieces_has_bytes(boss: Boss) -> None:
    boss.make_channel("seg", "uint64")
    assert boss.send("cutout/col/exp/seg/0/0:10/0:20/0:30/", np.full((30, 20, 10), 7, "uint64")).status_code == 201
    answer = boss.get("ids/col/exp/seg/0/0:10/0:20/0:30/")
    assert answer.get_json() == {"ids": ["7"]}
    assert value(scraped(boss), "bosslet_http_sent_bytes_total", route=ROUTE.replace("cutout", "ids")) == len(
        answer.data
    )


def test_a_failure_is_counted(app: Flask) -> None:
    @app.get("/failure")
    def failure() -> str:
        raise ZeroDivisionError

    app.testing = False
    client = app.test_client()
    assert client.get("/failure").status_code == 500
    assert value(client.get("/metrics").text, "bosslet_http_requests_total", route="/failure", status="500") == 1


@pytest.fixture
def guarded(datastore: Datastore) -> FlaskClient:
    return create_app(datastore, config.load(auth="token")).test_client()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_needs_no_token(guarded: FlaskClient, address: str) -> None:
    assert guarded.get("/metrics", environ_base={"REMOTE_ADDR": address}).status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "::2", "::ffff:192.0.2.7", "10.0.0.1", ""])
def test_others_need_the_administrators_token(guarded: FlaskClient, datastore: Datastore, address: str) -> None:
    users = datastore.catalog.users
    users.create("paula", roles=list(Role))

    def status(key: str | None) -> int:
        headers = {} if key is None else {"Authorization": f"Token {key}"}
        return guarded.get("/metrics", environ_base={"REMOTE_ADDR": address}, headers=headers).status_code

    assert status(None) == status("public") == status(users.new_token("paula")) == 403
    assert status("wrong") == 401
    assert status(users.new_token(ADMINISTRATOR)) == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Proto", "Via"])
def test_a_proxy_on_this_machine_is_not_this_machine(guarded: FlaskClient, header: str) -> None:
    assert guarded.get("/metrics", headers={header: "for=192.0.2.7"}).status_code == 403


@pytest.mark.parametrize("accept", ["text/plain;version=x", "application/openmetrics-text;version=é", "image/png", ""])
def test_there_is_one_format_whatever_is_accepted(boss: Boss, accept: str) -> None:
    answer = boss.get("/metrics", headers={"Accept": accept})
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Any]:
    """A server of two workers: its process and its URL."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "uploads")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        assert requests.get(f"{url}/ping/", timeout=20).status_code == 200
        yield process, url
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def live(url: str, name: str, **labels: str) -> float:
    return value(requests.get(f"{url}/metrics", timeout=20).text, name, **labels)


def wait_for_workers(url: str, number: int) -> None:
    deadline = time.monotonic() + 20
    while live(url, "bosslet_workers") != number:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_until_gone(worker: psutil.Process) -> None:
    """Until its server has noticed."""
    deadline = time.monotonic() + 20
    while worker.is_running():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def shared_folder(worker: psutil.Process) -> Path:
    (folder,) = {Path(file.path).parent for file in worker.open_files() if PREFIX in file.path}
    return folder


def test_all_workers_count_together_and_a_dead_one_still_counts(running: Any) -> None:
    process, url = running
    wait_for_workers(url, 2)
    for _ in range(30):
        requests.get(f"{url}/v1/collection/", timeout=20)
    assert live(url, "bosslet_http_requests_total", route="/v1/collection/") == 30
    worker = psutil.Process(process.pid).children()[0]
    folder = shared_folder(worker)
    worker.kill()
    wait_until_gone(worker)
    wait_for_workers(url, 2)
    assert live(url, "bosslet_http_requests_total", route="/v1/collection/") == 30
    process.terminate()
    assert process.wait(40) == 0
    assert not folder.exists()


def test_what_a_killed_server_leaves_is_removed_by_the_next(running: Any) -> None:
    process, _ = running
    folder = shared_folder(psutil.Process(process.pid).children()[0])
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)
    assert folder.exists()
    deadline = time.monotonic() + 20
    while folder.exists():
        SharedFolder.make().remove()
        assert time.monotonic() < deadline
