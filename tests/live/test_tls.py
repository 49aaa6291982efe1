"""With a certificate the server speaks TLS, and nothing else; a wrong one is told before it starts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from bosslet.cli import main
from tests.live.certificates import make_certificate
from tests.live.server import Server, serving


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, trusted: tuple[Path, Path]) -> Iterator[Server]:
    chain, key = map(str, trusted)
    options = "--certfile", chain, "--keyfile", key, "--workers", "1", "--threads", "2"
    with serving(tmp_path_factory.mktemp("tls") / "uploads", *options) as started:
        yield started


def test_requests_are_answered_one_after_the_other(server: Server, trusted: tuple[Path, Path]) -> None:
    assert server.url.startswith("https://127.0.0.1:")
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(trusted[0])  # the environment may name others
        assert session.post(f"{server.url}/v1/collection/mine", timeout=9).status_code == 201
        for _ in range(20):
            assert session.get(f"{server.url}/v1/collection/", timeout=9).json() == {"collections": ["mine"]}
        state = {"layers": []}
        url = session.post(f"{server.url}/ng/state", json=state, timeout=9).json()["url"]
        assert url.startswith("https://")


def test_what_is_no_tls_is_not_answered_and_stops_nobody(server: Server, trusted: tuple[Path, Path]) -> None:
    host, _, port = server.url.removeprefix("https://").partition(":")
    for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x01", b""):
        with socket.create_connection((host, int(port)), timeout=9) as plain:
            plain.sendall(sent)
            plain.shutdown(socket.SHUT_WR)
            assert b"bosslet" not in plain.recv(1000)
    answer = requests.get(f"{server.url}/ping/", timeout=9, verify=str(trusted[0]))
    assert answer.status_code == 200
    assert server.complaints() == []


@pytest.mark.parametrize("wrong", ["missing", "no certificate", "another's key", "key alone"])
def test_a_wrong_certificate_is_told_at_once(tmp_path: Path, trusted: tuple[Path, Path], wrong: str) -> None:
    chain, key = map(str, trusted)
    other = tmp_path / "other.pem"
    other.write_text("nothing")
    options = {
        "missing": ["--certfile", str(tmp_path / "no.pem")],
        "no certificate": ["--certfile", str(other), "--keyfile", key],
        "another's key": ["--certfile", chain, "--keyfile", str(make_certificate(tmp_path)[1])],
        "key alone": ["--keyfile", key],
    }
    done = CliRunner().invoke(main, ["serve", str(tmp_path / "uploads"), "--port", "0", *options[wrong]])
    assert done.exit_code == 2
    assert "BOSSLET_CERTFILE" in done.output
    assert not (tmp_path / "uploads").exists()
