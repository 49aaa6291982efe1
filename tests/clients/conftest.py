"""A bosslet with tokens, and intern set up for it as it wants to be: by the environment, in a home of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from intern.remote.boss import BossRemote

from tests.clients.published import Published, publish
from tests.live.server import Server, environment, serving


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with a token on a server."""

    server: Server
    token: str

    @property
    def remote(self) -> BossRemote:
        """intern, acting for this account."""
        return BossRemote({"protocol": "http", "host": self.server.host, "token": self.token})

    def environment(self, home: Path) -> dict[str, str]:
        """Of a process in which intern finds this account."""
        found = {"INTERN_PROTOCOL": "http", "INTERN_HOST": self.server.host, "INTERN_TOKEN": self.token}
        return environment(home) | found

    def run(self, program: Path, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
        """Run a Python program that uses intern, in a home of its own; the caller looks at how it ended."""
        command = [sys.executable, str(program), *arguments]
        return subprocess.run(
            command, cwd=home, env=self.environment(home), capture_output=True, text=True, timeout=300, check=False
        )


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Account]]:
    """Make accounts on one server with tokens, by name and roles; without a name, the account of token ``public``."""
    uploads = tmp_path_factory.mktemp("clients") / "uploads"
    create_user(uploads, "first")  # before there is a folder
    with serving(uploads, "--auth", "token", "--workers", "2", "--threads", "4") as server:

        def account(name: str | None = None, *roles: str) -> Account:
            return Account(server, create_user(uploads, name, *roles) if name else "public")

        yield account


def create_user(uploads: Path, name: str, *roles: str) -> str:
    """Make an account with the command line; its token."""
    command = [sys.executable, "-m", "bosslet", "user", "create", name, "--uploads", str(uploads)]
    options = [option for role in roles for option in ("--role", role)]
    done = subprocess.run(
        [*command, *options], env=environment(uploads.parent), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="session")
def scientist(accounts: Callable[..., Account]) -> Account:
    """Somebody who may make things, and accounts for others, but is no administrator."""
    return accounts("scientist", "resource-manager", "user-manager")


@pytest.fixture
def remote(scientist: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BossRemote:
    """intern's remote for the scientist, and an environment in which ``intern.array`` finds it as well."""
    for name, value in scientist.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return scientist.remote


@pytest.fixture(scope="session")
def names() -> Iterator[str]:
    """Names of collections that no other test has."""
    return (f"collection-{number}" for number in count())


@pytest.fixture
def collection(names: Iterator[str]) -> str:
    """The name of a collection that does not exist."""
    return next(names)


@pytest.fixture(scope="session")
def published(scientist: Account, names: Iterator[str]) -> Published:
    """Two volumes that everybody may read; tests leave them as they are."""
    return publish(scientist.server, scientist.token, next(names))


@pytest.fixture
def writable(scientist: Account, names: Iterator[str]) -> Published:
    """The same without coarser levels, for a test to change."""
    return publish(scientist.server, scientist.token, next(names), downsample=False)
