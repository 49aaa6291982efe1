"""States are kept under names that are not theirs to guess, within a bound, and removed by few."""

from __future__ import annotations

import pytest

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import ADMINISTRATOR, User
from bosslet.errors import MissingPermission, NotFound, StorageFull


def test_a_state_is_had_by_its_name_alone(catalog: Catalog, ann: User) -> None:
    first, second = (catalog.viewer_states.keep('{"a":"ä"}', ann) for _ in range(2))
    assert first != second
    assert len(first) == 12
    assert catalog.viewer_states.get(first) == '{"a":"ä"}'
    with pytest.raises(NotFound):
        catalog.viewer_states.get(first[:-1])


def test_there_is_room_for_so_many_bytes_and_nothing_is_dropped(catalog: Catalog, ann: User) -> None:
    kept = catalog.viewer_states.keep("{}" * 5, ann, max_bytes=19)
    with pytest.raises(StorageFull):
        catalog.viewer_states.keep("{}" * 5, ann, max_bytes=19)
    assert catalog.viewer_states.get(kept) == "{}" * 5
    catalog.viewer_states.delete(kept, ann)
    catalog.viewer_states.keep("{}" * 5, ann, max_bytes=19)


def test_its_creator_and_administrators_remove_a_state(catalog: Catalog, ann: User, bob: User) -> None:
    name = catalog.viewer_states.keep("{}", ann)
    with pytest.raises(MissingPermission):
        catalog.viewer_states.delete(name, bob)
    assert catalog.viewer_states.get(name) == "{}"
    catalog.viewer_states.delete(name, catalog.users.get(ADMINISTRATOR))
    with pytest.raises(NotFound):
        catalog.viewer_states.delete(name, ann)
