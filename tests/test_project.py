"""What stands around the package: locks, Pipfile, Makefile, Dockerfile, alias and logo keep in step with it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import bosslet
from bosslet import config

ROOT = Path(__file__).parent.parent


def pins(lock: str) -> dict[str, list[str]]:
    """Of each package, its versions with their markers."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / lock).read_text().splitlines():
        name, _, version = line.partition("==")
        found.setdefault(name, []).append(version)
    return found


def pipfile_entry(versions: list[str]) -> str | dict[str, str]:
    if len(versions) > 1:
        lowest, highest = (version.partition(" ; ")[0] for version in (versions[0], versions[-1]))
        return f">={lowest},<={highest}"
    version, _, marker = versions[0].partition(" ; ")
    return {"version": f"=={version}", "markers": marker} if marker else f"=={version}"


def pipfile() -> dict[str, Any]:
    return tomllib.loads((ROOT / "Pipfile").read_text())


def test_the_pipfile_pins_what_the_lock_pins() -> None:
    packages = pipfile()["packages"]
    assert packages.pop("bosslet") == {"path": ".", "editable": True}
    assert packages == {name: pipfile_entry(versions) for name, versions in pins("requirements.lock").items()}


def test_the_development_lock_holds_the_same_versions() -> None:
    development = pins("requirements-dev.lock")
    assert {name: development.get(name) for name in pins("requirements.lock")} == pins("requirements.lock")


@pytest.mark.parametrize("name", ["Pipfile", "requirements.lock", "requirements-dev.lock"])
def test_no_index_is_named(name: str) -> None:
    assert "//" not in (ROOT / name).read_text()
    assert "source" not in pipfile()


def test_every_requirement_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[<>=]", requirement)[0] for requirement in project["dependencies"]}
    assert named <= pins("requirements.lock").keys()
    assert project["version"] == bosslet.__version__
    assert bosslet.__version__ in (ROOT / "CHANGELOG.md").read_text()


def test_every_target_that_the_guide_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", (ROOT / "CONTRIBUTING.md").read_text())) <= targets
    assert {"install", "demo", "serve", "test", "check", "lock", "clean"} <= targets


def test_the_container_sets_variables_that_exist() -> None:
    named = set(re.findall(r"BOSSLET_([A-Z_]+)", (ROOT / "Dockerfile").read_text()))
    assert named <= {name.upper() for name in config.Settings.model_fields}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_alias_runs_the_image_for_this_machine_alone(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "$@"\n')
    docker.chmod(0o755)
    script = f"source {ROOT}/alias && bosslet {tmp_path}/new/uploads --threads 2 && bosslet && bosslet --workers 1"
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    run = subprocess.run([shell, "-uc", script], env=environment, capture_output=True, text=True, check=True)
    served, demo, demo_with_option = run.stdout.splitlines()
    assert f"--volume {tmp_path}/new/uploads:/uploads bosslet serve /uploads --auth open --threads 2" in served
    assert (tmp_path / "new" / "uploads").is_dir()
    assert demo.endswith(" bosslet --auth open")
    assert demo_with_option.endswith(" bosslet --auth open --workers 1")
    assert all("--publish 127.0.0.1:5000:5000" in line for line in (served, demo))


def test_the_logo_is_small_and_square() -> None:
    with Image.open(ROOT / "logo.png") as logo:
        assert logo.size[0] == logo.size[1]
    assert (ROOT / "logo.png").stat().st_size < 60_000
