"""A real gunicorn around a small application: what it starts, what it answers and how it ends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from bosslet import server

PROGRAM = """
import json, os, threading
from bosslet import server

def make():
    made_in = os.getpid()
    def application(environ, start_response):
        body = json.dumps({"pid": os.getpid(), "made_in": made_in, "query": len(environ["QUERY_STRING"])}).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]
    return application

server.end_on_signals()
listener = server.listen("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
server.run(make, listener, workers=2, threads=3)
"""


class Running:
    """The program in a process of its own, and one kept-alive connection to it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.port = int(process.stdout.readline())
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def get(self, target: str = "/") -> tuple[int, Any]:
        self.connection.request("GET", target)
        answer = self.connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if answer.status == 200 else body

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=40)
        return self.process.returncode, out, err


@pytest.fixture
def running() -> Iterator[Running]:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        server_under_test = Running(process)
        yield server_under_test
        server_under_test.connection.close()
        process.terminate()


def test_workers_make_the_application_after_the_fork(running: Running) -> None:
    status, body = running.get()
    assert status == 200
    assert body["pid"] == body["made_in"] != running.process.pid


def test_a_connection_is_kept_and_a_long_url_is_taken(running: Running) -> None:
    running.get()
    before = running.connection.sock
    assert before is not None
    assert running.get("/?" + "x" * 8000)[1]["query"] == 8000
    assert running.connection.sock is before
    assert running.get("/?" + "x" * 9000)[0] == 414


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_a_word(running: Running, number: signal.Signals) -> None:
    _, body = running.get()
    assert running.end(number) == (0, "", "")
    with pytest.raises(ProcessLookupError):
        os.kill(body["pid"], 0)


def test_a_taken_port_is_known_at_once() -> None:
    with server.listen("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        server.listen("127.0.0.1", first.getsockname()[1])


def test_a_name_is_listened_to_by_ipv4_as_clients_expect() -> None:
    with server.listen("localhost", 0) as listener:
        assert listener.family == socket.AF_INET
