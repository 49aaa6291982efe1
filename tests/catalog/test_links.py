"""Sources and related channels."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import Channel, User
from bosslet.errors import InvalidField

NAMES = ("ch", "b", "c", "d")


@pytest.fixture
def four(channel: Channel, make_channel: Any) -> list[Channel]:
    return [channel, *(make_channel(name) for name in NAMES[1:])]


def test_related_shows_on_both_sides_and_source_on_one(catalog: Catalog, four: list[Channel]) -> None:
    changed = catalog.resources.update_channel(four[3], sources=["b"], related=["c", "ch"])
    assert (changed.sources, changed.related) == (("b",), ("ch", "c"))
    assert catalog.resources.channel("col", "exp", "c").related == ("d",)
    assert catalog.resources.channel("col", "exp", "b").related == ()
    assert catalog.resources.channel("col", "exp", "b").sources == ()


def test_a_new_channel_may_name_its_neighbours(catalog: Catalog, channel: Channel, make_channel: Any) -> None:
    made = make_channel("new", related=iter(["ch"]))
    assert made.related == ("ch",)
    assert catalog.resources.channel("col", "exp", "ch").related == ("new",)


def test_an_absent_list_stays_and_an_empty_one_is_emptied(catalog: Catalog, four: list[Channel]) -> None:
    update = catalog.resources.update_channel
    update(four[0], sources=["b"], related=["c"])
    assert update(four[0], description="d").sources == ("b",)
    assert update(four[0], sources=[]).related == ("c",)
    assert update(four[0], related=()).related == ()
    assert catalog.resources.channel("col", "exp", "c").related == ()


def test_marked_channels_are_hidden_from_lists_but_can_be_named(catalog: Catalog, four: list[Channel]) -> None:
    catalog.resources.update_channel(four[0], related=["b", "c"])
    catalog.resources.delete_channel(four[1])
    assert catalog.resources.channel("col", "exp", "ch").related == ("c",)
    assert catalog.resources.update_channel(four[3], sources=["b"]).sources == ()


@pytest.mark.parametrize(
    "lists",
    [
        {"sources": ["nosuch"]},
        {"related": ["b", "nosuch"]},
        {"sources": ["b", "c"], "related": ["c"]},
        {"sources": ["ch"]},
        {"related": ["ch"]},
        {"related": ["d"]},
        {"sources": ["elsewhere"]},
    ],
)
def test_a_wrong_list_changes_nothing(
    catalog: Catalog, ann: User, four: list[Channel], lists: dict[str, list[str]]
) -> None:
    resources = catalog.resources
    other = resources.create_experiment(four[0].experiment.collection, "other", ann, frame=four[0].experiment.frame)
    resources.create_channel(
        other, "elsewhere", ann, type="image", datatype="uint8", block_shape=(1, 2, 3), chunk_shape=(1, 2, 3), path="p"
    )
    before = resources.update_channel(four[0], sources=["d"])
    with pytest.raises(InvalidField, match="sources and related"):
        resources.update_channel(before, description="new", name="new", **lists)  # type: ignore[arg-type]
    assert resources.channel("col", "exp", "ch") == before


@pytest.mark.parametrize("kind", ["sources", "related"])
def test_a_channel_cannot_name_itself(catalog: Catalog, channel: Channel, kind: str) -> None:
    # As its own source it could never be deleted.
    with pytest.raises(InvalidField, match="cannot name itself"):
        catalog.resources.update_channel(channel, **{kind: ["ch"]})  # type: ignore[arg-type]


@st.composite
def replacements(draw: st.DrawFn) -> tuple[int, set[int], set[int]]:
    owner = draw(st.integers(0, 3))
    kinds = draw(st.lists(st.sampled_from(["none", "source", "related"]), min_size=4, max_size=4))
    others = [(other, kind) for other, kind in enumerate(kinds) if other != owner]
    return owner, {o for o, kind in others if kind == "source"}, {o for o, kind in others if kind == "related"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(replacements(), max_size=6))
def test_lists_are_what_was_said_last(
    catalog: Catalog, four: list[Channel], steps: list[tuple[int, set[int], set[int]]]
) -> None:
    sources: dict[int, set[int]] = {i: set() for i in range(4)}
    related: set[frozenset[int]] = set()
    for channel in four:
        catalog.resources.update_channel(channel, sources=(), related=())
    for owner, made_from, goes_with in steps:
        catalog.resources.update_channel(
            four[owner], sources=[NAMES[i] for i in made_from], related=[NAMES[i] for i in goes_with]
        )
        sources[owner] = made_from
        related = {pair for pair in related if owner not in pair} | {frozenset({owner, i}) for i in goes_with}
    for i, name in enumerate(NAMES):
        shown = catalog.resources.channel("col", "exp", name)
        assert shown.sources == tuple(NAMES[j] for j in sorted(sources[i]))
        assert shown.related == tuple(NAMES[j] for j in range(4) if frozenset({i, j}) in related)
