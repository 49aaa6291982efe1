"""Bodies of requests, received in one go and in pieces, with what else is on the connection left alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import SocketUnreader
from hypothesis import given
from hypothesis import strategies as st

from bosslet.body import ReceivedBody, receive_directly


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def everything(body: ReceivedBody, length: int, most: int) -> bytes:
    content = bytearray(length + 3)
    view, position = memoryview(content), 0
    while count := body.readinto(view[position : position + most]):
        position += count
    return bytes(content[:position])


@given(
    content=st.binary(min_size=1, max_size=4000),
    with_head=st.integers(0, 5000),
    read_before=st.integers(0, 1500),
    most=st.integers(1, 5000),
)
def test_a_body_is_what_was_sent(content: bytes, with_head: int, read_before: int, most: int) -> None:
    following = b"GET / HTTP/1.1\r\n"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall((content + following)[with_head:])
        unreader = SocketUnreader(ours)
        unreader.unread((content + following)[:with_head])
        body = ReceivedBody(LengthReader(unreader, len(content)))
        first = body.read(read_before) if read_before else b""
        assert first + everything(body, len(content), most) == content
        assert body.read(1) == b""
        assert unreader.read(len(following)) == following


def test_a_body_goes_into_whatever_can_be_written(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"12345678")
    body, place = ReceivedBody(LengthReader(SocketUnreader(ours), 8)), bytearray(12)
    assert body.readinto(place) == 8
    assert place == b"12345678\0\0\0\0"
    assert body.readinto(place) == 0


def test_a_body_that_breaks_off_ends(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"half")
    theirs.shutdown(socket.SHUT_WR)
    body = ReceivedBody(LengthReader(SocketUnreader(ours), 8))
    assert everything(body, 8, 8) == b"half"


def test_a_silent_client_is_an_error_and_spoils_the_connection(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    ours.settimeout(0.01)
    body = ReceivedBody(LengthReader(SocketUnreader(ours), 8))
    with pytest.raises(OSError, match="timed out"):
        body.readinto(memoryview(bytearray(8)))
    assert body.failed


def test_only_a_body_of_known_length_is_received_so(pair: tuple[socket.socket, socket.socket]) -> None:
    unreader = SocketUnreader(pair[0])
    request = SimpleNamespace(body=Body(LengthReader(unreader, 8)))
    receive_directly(request)
    assert isinstance(request.body, ReceivedBody)
    chunked = SimpleNamespace(body=Body(SimpleNamespace(read=lambda size: b"")))
    before = chunked.body
    receive_directly(chunked)
    assert chunked.body is before
