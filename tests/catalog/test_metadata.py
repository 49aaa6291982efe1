"""Keys and values."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import Channel
from bosslet.errors import InvalidField, KeyExists, UnknownKey


def test_a_key_is_made_read_changed_and_deleted(catalog: Catalog, channel: Channel) -> None:
    metadata = catalog.metadata
    metadata.create(channel, "k", "")
    assert metadata.get(channel, "k") == ""
    with pytest.raises(KeyExists, match="'k'"):
        metadata.create(channel, "k", "other")
    metadata.update(channel, "k", '{"a": 1}')
    assert metadata.get(channel, "k") == '{"a": 1}'
    metadata.delete(channel, "k")
    assert metadata.keys(channel) == []


def test_an_unknown_key_is_told(catalog: Catalog, channel: Channel) -> None:
    catalog.metadata.create(channel, "k", "v")
    for key in ("K", "", "k "):
        with pytest.raises(UnknownKey):
            catalog.metadata.get(channel, key)
        with pytest.raises(UnknownKey):
            catalog.metadata.update(channel, key, "w")
        with pytest.raises(UnknownKey):
            catalog.metadata.delete(channel, key)
    assert catalog.metadata.get(channel, "k") == "v"


def test_each_resource_has_its_own(catalog: Catalog, channel: Channel) -> None:
    levels = (channel, channel.experiment, channel.experiment.collection)
    for level in levels:
        catalog.metadata.create(level, "k", level.kind)
    assert [catalog.metadata.get(level, "k") for level in levels] == ["channel", "experiment", "collection"]
    catalog.resources.forget_channel(channel)
    assert catalog.metadata.keys(channel) == []
    assert catalog.metadata.keys(channel.experiment) == ["k"]


def test_a_key_has_a_length(catalog: Catalog, channel: Channel) -> None:
    catalog.metadata.create(channel, "ü" * 512, "v" * 400_000)
    with pytest.raises(InvalidField, match="1024 bytes"):
        catalog.metadata.create(channel, "ü" * 513, "v")
    with pytest.raises(InvalidField, match="surrogate"):
        catalog.metadata.create(channel, "\ud800", "v")
    with pytest.raises(InvalidField, match="surrogate"):
        catalog.metadata.update(channel, "ü" * 512, "\ud800")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.dictionaries(st.text(max_size=20), st.text(), max_size=6))
def test_keys_and_values_are_any_text_and_sorted(catalog: Catalog, channel: Channel, pairs: dict[str, str]) -> None:
    for key in catalog.metadata.keys(channel):
        catalog.metadata.delete(channel, key)
    for key, value in pairs.items():
        catalog.metadata.create(channel, key, value)
    assert catalog.metadata.keys(channel) == sorted(pairs)
    assert {key: catalog.metadata.get(channel, key) for key in pairs} == pairs
