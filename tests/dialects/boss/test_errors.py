"""Every way to fail has its status and its code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bosslet import errors
from bosslet.dialects.boss.errors import CODE, DETAIL
from bosslet.dialects.http import STATUS
from tests.dialects.boss.client import Boss


def classes(root: type[errors.BossletError]) -> Iterator[type[errors.BossletError]]:
    """An error class and all below it."""
    yield root
    for child in root.__subclasses__():
        yield from classes(child)


@pytest.mark.parametrize("error", list(classes(errors.BossletError)), ids=lambda error: error.__name__)
def test_every_error_has_a_status_and_bossdbs_body(error: type[errors.BossletError]) -> None:
    assert 400 <= STATUS[error] < 600
    assert (error in CODE) != (error in DETAIL)
    assert error.__doc__


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "collection/none", "collection none: not found"),
        ("POST", "collection/col", "collection col: the name is taken"),
        ("GET", "meta/col?key=k", "key 'k': not found"),
        ("GET", "groups/none", "group none: not found"),
        ("POST", "groups/lab", "group lab: exists already"),
        ("POST", "groups/lab/members/none", "user none: not found"),
        ("GET", "sso/user/none", "user none: not found"),
        ("POST", "sso/user/bossadmin", "user bossadmin: exists already"),
        ("GET", "ingest/7", "ingest job 7: not found"),
    ],
)
def test_a_message_says_what_is_wrong_with_the_thing(boss: Boss, method: str, path: str, message: str) -> None:
    boss.post("collection/col")
    boss.post("groups/lab")
    assert boss.call(method, path).get_json()["message"] == message
