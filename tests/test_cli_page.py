"""docs/cli.md is what the commands say, and completion works as it says."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bosslet.cli import main

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "cli.md").read_text()


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("describe_cli", ROOT / "scripts" / "describe_cli.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_current(script: ModuleType) -> None:
    assert script.page() == PAGE, "run: python scripts/describe_cli.py > docs/cli.md"


def test_every_command_has_an_example_and_every_option_a_word() -> None:
    for section in PAGE.split("\n## ")[2:]:
        name = section.partition("\n")[0]
        assert re.search(rf"```sh\n(.*\n)*?\S*.*{name}", section), name
        for row in re.findall(r"^\| `.*$", section, re.MULTILINE):
            assert not row.endswith("|  |"), (name, row)
    assert {verb for verb, command in main.commands.items() if not command.hidden} <= set(
        re.findall(r"^## bosslet (\w+)", PAGE, re.MULTILINE)
    )


def run(**variables: str) -> str:
    """What the command says to a shell that asks in this way."""
    command = [sys.executable, "-c", "from bosslet.cli import main; main(prog_name='bosslet')"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_offered(shell: str) -> None:
    assert f"_BOSSLET_COMPLETE={shell}_source" in PAGE
    if shell != "bash" or shutil.which("bash"):  # of bash, the version is asked
        assert "_BOSSLET_COMPLETE" in run(_BOSSLET_COMPLETE=f"{shell}_source")


def test_verbs_and_options_are_completed() -> None:
    def completed(words: str, number: int) -> list[str]:
        variables = {"_BOSSLET_COMPLETE": "zsh_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
        return run(**variables).splitlines()

    assert "purge" in completed("bosslet pu", 1)
    assert "--keep" in completed("bosslet backup --k", 2)
