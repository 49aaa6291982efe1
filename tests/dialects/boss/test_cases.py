"""The cases as data against a real server: where tokens tell who asks, and where everybody is the administrator.

What the files may say is case_files.py; how they came about and how to play them elsewhere is cases/PROVENANCE.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import requests

from bosslet import config
from bosslet.app import open_datastore
from bosslet.catalog.records import ADMINISTRATOR, Role
from tests.dialects.boss.case_files import CaseFile, all_files, read_case
from tests.dialects.boss.play import ANYWHERE, Player, User
from tests.live.server import Server, serving

FILES = all_files()
LIMITED = [file for file in FILES if "limits" in file.needs]
UNLIMITED = [file for file in FILES if "limits" not in file.needs]
SMALL_BLOCKS = {"block_size": "32,64,64", "chunk_size": "16,32,32"}
"""So that small boxes straddle them."""
MONTHLY_LIMIT = 200_000

ONCE = {"01-size-limits", "08-downsample-run"}
"""Slow, and the same whoever asks."""


def each(files: Sequence[CaseFile]) -> pytest.MarkDecorator:
    """One test a file."""
    return pytest.mark.parametrize("file", files, ids=lambda file: file.name)


def accounts(uploads: Path) -> dict[str, User]:
    """One of each kind, in a folder that need not be served yet."""
    datastore = open_datastore(config.load(uploads_path=uploads, catalog_url=None))
    datastore.prepare()
    users = datastore.catalog.users
    try:
        users.create("mary", roles=[Role.RESOURCE_MANAGER, Role.USER_MANAGER])
        users.create("paul")
        names = {"admin": ADMINISTRATOR, "manager": "mary", "plain": "paul"}
        return {role: User(name, users.new_token(name)) for role, name in names.items()} | ANYWHERE
    finally:
        datastore.close()


@pytest.fixture(scope="module")
def token_player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    """Plays on a server that asks for tokens."""
    uploads = tmp_path_factory.mktemp("token") / "uploads"
    users = accounts(uploads)
    with (
        serving(uploads, "--auth", "token", "--workers", "2", **SMALL_BLOCKS) as server,
        closing(player(server, users)) as started,
    ):
        yield started


@pytest.fixture(scope="module")
def open_player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    """Plays on a server where everybody is the administrator, with blocks as they come."""
    with (
        serving(tmp_path_factory.mktemp("open") / "uploads", "--auth", "open", "--workers", "2") as server,
        closing(player(server, {"admin": User(ADMINISTRATOR, "public")})) as started,
    ):
        yield started


def player(server: Server, users: dict[str, User], *capabilities: str) -> Player:
    """Leaves what it made: the folder goes anyway."""
    return Player(server.url, users, capabilities, keep=True)


def assert_all_as_expected(player: Player, file: CaseFile) -> int:
    """Play a file; how many of its cases were played."""
    outcomes = list(player.play(file))
    failed = [outcome for outcome in outcomes if outcome.complaints]
    assert not failed, "\n".join(map(str, failed))
    return sum(not outcome.skipped for outcome in outcomes)


@each(UNLIMITED)
def test_every_case_holds_with_tokens(token_player: Player, file: CaseFile) -> None:
    assert assert_all_as_expected(token_player, file) == len(file.cases)


@each([file for file in UNLIMITED if file.name not in ONCE])
def test_the_administrators_cases_hold_where_everybody_is_one(open_player: Player, file: CaseFile) -> None:
    assert_all_as_expected(open_player, file)


@each(LIMITED)
def test_limits_hold(tmp_path: Path, file: CaseFile) -> None:
    uploads = tmp_path / "uploads"
    users = accounts(uploads)
    with (
        serving(uploads, "--auth", "token", "--workers", "1", throttle_user_bytes=MONTHLY_LIMIT) as server,
        closing(player(server, users, "limits")) as limited,
    ):
        assert assert_all_as_expected(limited, file) == len(file.cases)


def test_what_was_made_is_deleted(open_player: Player) -> None:
    """A server that others use shows nothing of a play afterwards."""
    (renames,) = [file for file in FILES if file.name == "04-renames"]
    before = collections(open_player.base_url)
    with closing(Player(open_player.base_url, open_player.users)) as tidy:
        assert assert_all_as_expected(tidy, renames) == len(renames.cases)
    assert collections(open_player.base_url) == before


def collections(base_url: str) -> list[str]:
    """The names of those that are there."""
    names: list[str] = requests.get(f"{base_url}/v1/collection/", timeout=60).json()["collections"]
    return names


def test_there_are_enough_cases_and_each_has_a_name_of_its_own() -> None:
    assert sum(len(file.cases) for file in FILES) >= 250
    for file in FILES:
        twice = [name for name, count in Counter(case["name"] for case in file.cases).items() if count > 1]
        assert not twice, f"{file.name}: {twice}"


def test_every_section_that_describes_requests_has_cases() -> None:
    sections = {read_case(case).section for file in FILES for case in file.cases}
    chapters = {section.partition(".")[0] for section in sections}
    assert chapters >= {str(number) for number in (*range(1, 14), 16)}
