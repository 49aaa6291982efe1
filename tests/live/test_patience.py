"""Clients that send nothing, little or nothing more keep nobody else out."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import requests

from tests.live.client import Channel
from tests.live.server import Server
from tests.live.sockets import PATIENCE, answer_on, exchange

HEAD = b"GET /ping/ HTTP/1.1\r\nHost: localhost\r\n"
THREADS = 8
"""Of both workers."""


@contextmanager
def connections(server: Server, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        name, _, port = server.host.partition(":")
        yield [stack.enter_context(socket.create_connection((name, int(port)), PATIENCE)) for _ in range(count)]


def test_heads_that_never_end_are_given_up(server: Server) -> None:
    with connections(server, 2 * THREADS) as crowd:
        began = time.monotonic()
        for each in crowd:
            each.sendall(HEAD)
        for _ in range(6):  # drop by drop, so that none of them is ever silent for long
            time.sleep(1)
            for each in crowd:
                each.sendall(b"X-Drop: 1\r\n")
        assert requests.get(f"{server.url}/ping/", timeout=PATIENCE + 10).status_code == 200
        assert time.monotonic() - began < 2 * PATIENCE


def test_a_client_that_falls_silent_is_told_so(server: Server) -> None:
    channel = Channel(server.url, "patience/e/em")
    channel.create((5, 6, 7))
    path = b"/v1/cutout/patience/e/em/0/0:7/0:6/0:5/"
    post = (
        b"POST "
        + path
        + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/blosc\r\nContent-Length: 200\r\n\r\n"
    )
    with connections(server, 3) as (head, body, nothing):
        head.sendall(HEAD)
        body.sendall(post + b"half of it")
        began = time.monotonic()
        late, broken = answer_on(head), answer_on(body)
        assert time.monotonic() - began < PATIENCE
        assert (late.status, broken.status) == (408, 400)
        assert late.headers["x-request-id"] in late.json["detail"]
        assert "broke off after 10 of 200" in broken.json["detail"]
        # A connection that has not begun a request may be kept for the next one.
        nothing.sendall(HEAD + b"\r\n")
        assert answer_on(nothing).status == 200


def test_a_refusal_of_the_protocol_is_json(server: Server) -> None:
    for request, status in {
        b"nonsense\r\n\r\n": 400,
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n": 414,
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n": 431,
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n": 417,
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n": 400,
    }.items():
        answer = exchange(server.host, request)
        assert answer.status == status, request[:60]
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-request-id"] in answer.json["detail"]
