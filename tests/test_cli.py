"""The command: what it starts, what it prints, what it refuses and what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from bosslet import config, server
from bosslet.cli import main, start
from bosslet.errors import ConfigurationError

ROOT = Path(__file__).parent.parent
BOSSLET = [sys.executable, "-m", "bosslet"]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in config.Settings.model_fields:
        monkeypatch.delenv(f"BOSSLET_{name.upper()}", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


class Running:
    """A server in a process of its own, once it has said where it is."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""
        self.url = self.hear_until(r"http://127\.0\.0\.1:[0-9]+")

    def hear_until(self, pattern: str) -> str:
        """Reads on until what was said has the pattern, or fails with stderr if it never comes."""
        assert self.process.stdout is not None
        while not (found := re.search(pattern, self.said)):
            line = self.process.stdout.readline()
            assert line, self.process.communicate()[1]
            self.said += line
        return found.group()

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            body: bytes = answer.read()
        return body

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """The exit status, and stderr without the log of requests; what it said by then is in ``said``."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=40)
        self.said += out
        return self.process.returncode, re.sub(r"^\S+ INFO .*\n", "", err, flags=re.MULTILINE)


@contextmanager
def started(command: list[str], cwd: Path) -> Iterator[Running]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=cwd, text=True, **pipes) as process:
        try:
            yield Running(process)
        finally:
            process.terminate()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.mark.parametrize("verb", [[], ["serve"]])
def test_a_folder_is_made_and_served_until_a_signal(verb: list[str], tmp_path: Path) -> None:
    with started([*BOSSLET, *verb, "new/uploads", "--port", "0", "--workers", "1", "--threads=2"], tmp_path) as running:
        assert b'"ip"' in running.get("/ping/")
        assert (tmp_path / "new" / "uploads" / "bosslet.db").is_file()
        assert running.end() == (0, "")
    assert running.said.startswith("bosslet ")


def test_run_py_serves_the_configured_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOSSLET_UPLOADS_PATH", "mine")
    monkeypatch.setenv("BOSSLET_PORT", "0")
    with started([sys.executable, str(ROOT / "run.py"), "--workers", "1"], tmp_path) as running:
        assert b"collections" in running.get("/v1/collection/")
        assert running.end(signal.SIGINT) == (0, "")
    assert (tmp_path / "mine" / "bosslet.db").is_file()


def test_what_the_demonstration_prints_works_and_nothing_of_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("BOSSLET_UPLOADS_PATH", str(tmp_path / "precious"))
    monkeypatch.setenv("BOSSLET_CATALOG_URL", f"sqlite:///{tmp_path}/precious.db")
    with started([*BOSSLET, "--port", "0", "--workers", "2"], tmp_path) as running:
        assert b"demo" in running.get("/v1/collection/")
        assert [path.name[:13] for path in tmp_path.iterdir()] == ["bosslet-demo-"]
        running.hear_until(r"print\(")
        check_suggestions(running.said, tmp_path)
        assert running.end() == (0, "")
    assert "WILL BE DESTROYED" in running.said
    assert [path.name for path in tmp_path.iterdir()] == ["tissue.jpg"]


def check_suggestions(said: str, folder: Path) -> None:
    curl = re.search(r"^curl .*$", said, re.MULTILINE)
    intern = re.search(r"^from intern.*^print.*$", said, re.MULTILINE | re.DOTALL)
    assert curl
    assert intern
    subprocess.run(curl.group(), shell=True, cwd=folder, check=True)
    with Image.open(folder / "tissue.jpg") as slice_of_tissue:
        assert slice_of_tissue.size == (448, 384)
    assert len(intern.group().splitlines()) == 5
    out = subprocess.run([sys.executable, "-c", intern.group()], capture_output=True, text=True, check=True).stdout
    assert out.startswith("(16, 384, 448) ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_demonstration_that_is_ended_while_it_is_made_leaves_nothing(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with subprocess.Popen(
        [*BOSSLET, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while "Making" not in process.stdout.readline():
            pass
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with server.listen("127.0.0.1", 0) as taken:
        result = run(str(tmp_path / "uploads"), "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "in use" in result.stderr
    assert not (tmp_path / "uploads").exists()


def test_a_wrong_variable_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOSSLET_BLOCK_SIZE", "100")
    result = run("serve", str(tmp_path / "uploads"))
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: BOSSLET_BLOCK_SIZE: ")
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "uploads").exists()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("serve", str(tmp_path / "file" / "uploads"), "--port", "0")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "uploads" in result.stderr


def test_others_are_let_in_only_when_asked_for_by_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOSSLET_AUTH", "open")
    result = run("serve", str(tmp_path / "uploads"), "--host", "0.0.0.0", "--port", "0")
    assert result.exit_code == 2
    assert "--auth" in result.stderr
    assert not (tmp_path / "uploads").exists()


@pytest.mark.parametrize(
    ("host", "auth", "open_to_all", "listens"),
    [
        ("127.0.0.1", "open", False, True),
        ("127.0.0.2", "open", False, True),
        ("localhost", "open", False, True),
        ("0.0.0.0", "open", False, False),
        ("0.0.0.0", "open", True, True),
        ("0.0.0.0", "token", False, True),
    ],
)
def test_an_address_is_judged_by_who_can_reach_it(host: str, auth: str, open_to_all: bool, listens: bool) -> None:
    settings = config.load(host=host, port=0, auth=auth)
    if listens:
        start.listen(settings, open_to_all=open_to_all).close()
    else:
        with pytest.raises(ConfigurationError, match="BOSSLET_HOST"):
            start.listen(settings, open_to_all=open_to_all)


@pytest.mark.parametrize("host", ["no such name", "192.0.2.1", "a" * 70 + ".example"])
def test_an_address_that_is_not_ours_is_one_line(host: str) -> None:
    with pytest.raises(click.ClickException, match="cannot listen"):
        start.listen(config.load(host=host, port=0), open_to_all=True)


def test_accounts_are_kept_without_a_server(tmp_path: Path) -> None:
    uploads = ["--uploads", str(tmp_path / "new")]
    first = run("user", "create", "alice", "--role", "resource-manager", "--role", "user-manager", *uploads)
    assert re.fullmatch(r"[0-9a-f]{40}\n", first.stdout)
    assert "alice" in run("user", "list", *uploads).stdout.splitlines()
    second = run("user", "token", "alice", *uploads)
    assert re.fullmatch(r"[0-9a-f]{40}\n", second.stdout)
    assert second.stdout != first.stdout
    assert run("user", "delete", "alice", *uploads).output == ""
    assert "alice" not in run("user", "list", *uploads).stdout.splitlines()


def test_what_is_wrong_with_an_account_is_one_line(tmp_path: Path) -> None:
    uploads = ["--uploads", str(tmp_path)]
    run("user", "create", "alice", *uploads)
    for arguments in (["create", "alice"], ["create", "not a name"], ["token", "bob"], ["delete", "bob"]):
        result = run("user", *arguments, *uploads)
        assert (result.exit_code, result.stdout) == (2, "")
        assert re.fullmatch(r"Error: .+\n", result.stderr)
    assert run("user", "create", "carol", "--role", "admin", *uploads).exit_code == 2
    assert run("user", "list", *uploads).stdout.splitlines()[-1] == "alice"


def test_every_verb_explains_itself_by_an_example() -> None:
    verbs = [
        ["serve"],
        ["downsample"],
        ["index"],
        ["ingest"],
        ["export"],
        *([name] for name in ("ls", "info", "status", "mv", "cp", "rm", "purge", "optimize")),
        *([name] for name in ("backup", "restore", "push", "pull")),
        ["verify"],
        ["repair"],
        *(["user", name] for name in ("create", "list", "token", "delete")),
        [],
    ]
    for verb in verbs:
        assert re.search(rf"^ +(\S+=\$\()?bosslet {' '.join(verb)}", run(*verb, "--help").stdout, re.MULTILINE), verb


def test_the_version_and_too_many_folders() -> None:
    assert re.fullmatch(r"bosslet [0-9.]+\n", run("--version").stdout)
    result = run("one", "two")
    assert result.exit_code == 2
    assert not Path("one").exists()


def test_the_address_to_print_is_one_that_a_client_can_use() -> None:
    with server.listen("0.0.0.0", 0) as everywhere:
        assert start.address(everywhere) == f"http://127.0.0.1:{everywhere.getsockname()[1]}"
    if Path("/proc/net/if_inet6").exists() and os.access("/proc/net/if_inet6", os.R_OK):
        with server.listen("::1", 0) as six:
            assert start.address(six) == f"http://[::1]:{six.getsockname()[1]}"


@pytest.mark.parametrize("verb", ["ingest", "push", "pull"])
def test_a_token_need_not_be_on_the_command_line(verb: str) -> None:
    """Where everybody on the machine can read it."""
    (token,) = (option for option in main.commands[verb].params if option.name == "token")
    assert token.envvar == "BOSSLET_TOKEN"
