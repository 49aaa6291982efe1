"""What a link asks to see, by its query."""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from bosslet.catalog.records import Channel
from bosslet.errors import InvalidMode, InvalidTime, MissingArgument

ORIGIN = "{origin}"
"""Stands in a state for the address of the server."""
SOURCES = {
    "precomputed": "precomputed://{server}/precomputed/{channel}{time}",
    "zarr": "zarr3://{server}/zarr/{channel}.ome.zarr/",
    "boss": "boss://{server}/{channel}",
}
MOST_SEGMENTS = 1000
_NUMBER = re.compile("[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which channels, and how."""

    collection: str
    experiment: str
    channels: tuple[str, ...]
    """None is all."""
    source: str = "precomputed"
    time: int | None = None
    segments: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: MultiDict[str, str]) -> Wanted:
        """Raises MissingArgument, InvalidMode."""
        for name in ("collection", "experiment"):
            if not query.get(name):
                raise MissingArgument(f"{name}: is missing; a link is ?collection=…&experiment=…&channel=…")
        source = query.get("source", "precomputed")
        if source not in SOURCES:
            raise InvalidMode(f"source {source[:100]!r}: there are {', '.join(SOURCES)}")
        if "t" in query and "{time}" not in SOURCES[source]:
            raise InvalidMode(f"t: source {source} names no time sample; only precomputed does")
        segments = tuple(query.getlist("segment"))
        if len(segments) > MOST_SEGMENTS or not all(map(_NUMBER.fullmatch, segments)):
            raise InvalidMode(f"segment: a number, at most {MOST_SEGMENTS} times")
        channels = tuple(dict.fromkeys(query.getlist("channel")))
        return cls(query["collection"], query["experiment"], channels, source, _time(query.get("t")), segments)

    def url(self, channel: Channel, server: str) -> str:
        """Where Neuroglancer finds the voxels of a channel."""
        time = "" if self.time is None else f"/t{self.time}"
        if self.time is not None and not self.time < channel.experiment.num_time_samples:
            raise InvalidTime(f"t={self.time}: there are {channel.experiment.num_time_samples} time samples")
        return SOURCES[self.source].format(server=server, channel=channel, time=time)


def _time(text: str | None) -> int | None:
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise InvalidMode(f"t={text[:100]!r}: must be a number")
    return int(text)
