"""What README.md shows runs as it stands there, against the demo that it tells a newcomer to start."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bosslet import config
from bosslet.cli import main
from tests.live.server import ROOT

README = (ROOT / "README.md").read_text()
SHOWN_URL = "127.0.0.1:5000"


def blocks(mark: str) -> list[tuple[str, str]]:
    """The (language, code) of the fenced blocks that a comment marks."""
    found = re.findall(rf"<!-- {mark} -->\n```(\w+)\n(.*?)```", README, re.DOTALL)
    assert found
    return found


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that has said what to try."""

    address: str
    folder: Path
    said: str


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """``bosslet`` without a folder, as ``make demo`` starts it, on a free port."""
    command = [sys.executable, "-m", "bosslet", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("print(voxels"):
                break
        address = re.search(r"http://(127\.0\.0\.1:\d+)/\n", said)
        folder = re.search(r"everything in (\S+)", said)
        assert address, said
        assert folder, said
        yield Demo(address[1], Path(folder[1]), said)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert not Path(folder[1]).exists()


@pytest.fixture
def run(demo: Demo, tmp_path: Path) -> Callable[[str, str], str]:
    """Runs a block in a folder of its own, in which ``uploads`` is the demo's, and a home without anything in it."""
    (tmp_path / "uploads").symlink_to(demo.folder)
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}

    def run(language: str, code: str) -> str:
        command = [sys.executable, "-c"] if language == "python" else ["bash", "-euc"]
        done = subprocess.run(
            [*command, code.replace(SHOWN_URL, demo.address)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_blocks_run(run: Callable[[str, str], str], tmp_path: Path) -> None:
    against_the_demo, beside_the_uploads = blocks("runs against the demo"), blocks("runs beside the uploads")
    assert (len(against_the_demo), len(beside_the_uploads)) == (2, 1)
    for language, code in against_the_demo + beside_the_uploads:
        printed = run(language, code)
        assert printed.strip()
        assert '"code"' not in printed, printed  # an error of the API
    sizes = {path.name: path.stat().st_size for path in tmp_path.glob("*.*")}
    assert set(sizes) == {"box.npygz", "cells.npygz", "slice.jpg"}
    assert min(sizes["box.npygz"], sizes["slice.jpg"]) > 1000


def test_the_readme_shows_what_the_demo_says(demo: Demo) -> None:
    shown = re.search(r"\$ make demo\n(.*?)```", README, re.DOTALL)
    assert shown

    def without_names(text: str) -> str:
        text = text.replace(demo.address, SHOWN_URL)
        return re.sub(r"everything in \S+", "everything in a folder", text).strip()

    assert without_names(shown[1]) == without_names(demo.said)


def test_what_the_demo_says_can_be_pasted(demo: Demo, run: Callable[[str, str], str], tmp_path: Path) -> None:
    curl = next(line for line in demo.said.splitlines() if line.startswith("curl"))
    run("sh", curl)
    assert (tmp_path / "tissue.jpg").read_bytes().startswith(b"\xff\xd8")
    lines = demo.said[demo.said.index("from intern") :]
    assert run("python", lines).startswith("(16, 384, 448)")


def test_every_name_of_the_configuration_is_documented() -> None:
    for name in config.Settings.model_fields:
        assert f"`BOSSLET_{name.upper()}`" in README, name


def test_every_verb_and_option_of_serve_is_documented() -> None:
    for name, command in main.commands.items():
        if not command.hidden and name != "serve":
            assert f"bosslet {name}" in README, name
    for parameter in main.commands["serve"].params:
        for option in parameter.opts:
            if option.startswith("--"):
                assert f"`{option}`" in README, option
