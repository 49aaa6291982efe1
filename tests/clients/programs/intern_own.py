"""Run the integration tests that intern ships inside its package, as they are, against a bossDB or a bosslet.

    python intern_own.py --host 127.0.0.1:5000 --token TOKEN [--protocol http] [--seed 1] [--skipped] [--json]

The account of the token needs the roles user-manager and resource-manager, and no more. Adapted are the surroundings
only:

- The tests read ``test.cfg`` in the folder that they run in: one is made, in a folder that is removed.
- Some hand a number to the constructors of resources where 1.4.2 wants the dictionary ``raw``; it becomes an empty one.
- Random names are the same every time: they are drawn from 10,000, and two that are equal fail a test. To run them
  again on a server on which the names are taken, choose another ``--seed``.
- ``--skipped`` also runs what its authors skip ("currently indexing disabled").

``--json`` prints one object, from the name of each test to what became of it: "ok", "skipped: why" or a traceback.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import random
import sys
import tempfile
import unittest
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from intern.remote.boss import tests as package
from intern.resource.boss.resource import BossResource


class Outcomes(unittest.TestResult):
    """What became of each test."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def addSuccess(self, test: unittest.TestCase) -> None:
        """It passed."""
        self.found[test.id()] = "ok"

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        """Its authors do not want it to run."""
        self.found[test.id()] = f"skipped: {reason}"

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        """It saw something else than it expected."""
        self.found[test.id()] = self._exc_info_to_string(err, test)  # type: ignore[attr-defined]

    addError = addFailure


def take_any_raw() -> None:
    """Let the constructors of resources take what the tests give them."""
    original = BossResource.__init__

    @functools.wraps(original)
    def adapted(self: BossResource, name: str, description: str, creator: str = "", raw: Any = None) -> None:
        original(self, name, description, creator, raw if isinstance(raw, dict) else {})

    BossResource.__init__ = adapted


def run_skipped_too(case: type[unittest.TestCase]) -> None:
    """Take ``unittest.skip`` off the tests of a class."""
    for name in unittest.TestLoader().getTestCaseNames(case):
        test = getattr(case, name)
        if getattr(test, "__unittest_skip__", False):
            setattr(case, name, test.__wrapped__)


def cases() -> Iterator[type[unittest.TestCase]]:
    """All integration tests of the package, in the order of their files."""
    (folder,) = package.__path__
    for path in sorted(Path(folder).glob("int_test_*.py")):
        module = importlib.import_module(f"{package.__name__}.{path.stem}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, unittest.TestCase):
                yield value


def run(protocol: str, host: str, token: str, *, seed: int, skipped: bool) -> dict[str, str]:
    """From the name of each test to what became of it."""
    take_any_raw()
    random.seed(seed)
    outcomes = Outcomes()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.chdir(folder)
        Path("test.cfg").write_text(f"[Default]\nprotocol = {protocol}\nhost = {host}\ntoken = {token}\n")
        for case in cases():
            if skipped:
                run_skipped_too(case)
            unittest.defaultTestLoader.loadTestsFromTestCase(case).run(outcomes)
        os.chdir("/")
    return {name.removeprefix(f"{package.__name__}."): found for name, found in outcomes.found.items()}


def show(found: dict[str, str]) -> None:
    """Print what became of each test, and how many there were."""
    for name, outcome in found.items():
        print(f"{name}: {outcome}")
    passed = sum(outcome == "ok" for outcome in found.values())
    print(f"\n{passed} of {len(found)} passed")


def main() -> None:
    """Run all tests against the server of ``--host``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--protocol", default="http")
    parser.add_argument("--host", required=True, help="name or address, and :port")
    parser.add_argument("--token", required=True)
    parser.add_argument("--seed", type=int, default=1, help="of the names that the tests draw")
    parser.add_argument("--skipped", action="store_true", help="also run what intern skips")
    parser.add_argument("--json", action="store_true", help="print an object, and nothing else")
    options = parser.parse_args()
    printed, sys.stdout = sys.stdout, sys.stderr  # intern prints as it works
    found = run(options.protocol, options.host, options.token, seed=options.seed, skipped=options.skipped)
    sys.stdout = printed
    if options.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
