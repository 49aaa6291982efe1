"""Every way to fail has its status and its code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bosslet import errors
from bosslet.dialects.boss.errors import CODE, DETAIL
from bosslet.dialects.http import STATUS


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
