"""Environments of the peers' own, so that what they depend on neither meets nor holds back what bosslet depends on.

Each is made on the first run, under ``.benchmarks``, and again when its requirements change. What is pinned are the
server and the packages that carry its bytes; pip chooses the rest.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.servers import Unavailable

ENVIRONMENTS = Path(".benchmarks/environments")


def python(name: str, requirements: Sequence[str], *, without_isolation: Sequence[str] = ()) -> Path:
    """The interpreter of an environment with these packages, of the same version of Python as this one.

    Args:
        name: the peer's.
        requirements: what is installed first.
        without_isolation: what is installed afterwards and alone: packages that cannot be built, or do not say that
            they need, what is in the environment by then.

    Raises:
        Unavailable: something could not be installed.
    """
    folder = (ENVIRONMENTS / name).resolve()
    program, installed = folder / "bin" / "python", folder / "installed"
    asked = "\n".join([*requirements, *without_isolation])
    if installed.is_file() and installed.read_text() == asked:
        return program
    print(f"{name}: its environment is made, which takes a minute", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _run(name, [sys.executable, "-m", "venv", str(folder)])
    pip = [str(program), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    _run(name, [*pip, *requirements])
    if without_isolation:
        _run(name, [*pip, "--no-build-isolation", "--no-deps", *without_isolation])
    installed.write_text(asked)
    return program


def _run(name: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise Unavailable(f"{name} cannot be installed: {errors[0] if errors else done.stderr.strip()[-300:]}")
