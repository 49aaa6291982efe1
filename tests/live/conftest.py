"""One server for all tests that need no other; they tell their collections apart by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.server import Server, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers, where everybody may do everything."""
    with serving(tmp_path_factory.mktemp("live") / "uploads", "--workers", "2", "--threads", "4") as started:
        yield started
