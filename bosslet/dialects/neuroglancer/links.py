"""From the query of a link to a state, for what the caller may see."""

from __future__ import annotations

import json

from werkzeug.datastructures import MultiDict

from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.http import Limits
from bosslet.dialects.neuroglancer.contrast import WORKING_BYTES, contrast
from bosslet.dialects.neuroglancer.scene import Json, image_layer, scene, segmentation_layer
from bosslet.dialects.neuroglancer.wanted import Wanted
from bosslet.dialects.openings import readable_channel
from bosslet.errors import NotFound
from bosslet.geometry import Box
from bosslet.volume.image import LEVELS


class Links:
    """What links mean."""

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits
        self.states = datastore.catalog.viewer_states

    def state(self, query: MultiDict[str, str], server: str) -> str:
        """The JSON that a query asks for: a stored state, channels, or nothing.

        Raises:
            NotFound: a state or channel that there is not, or that the caller may not see; no channel at all.
            MissingArgument, InvalidMode, InvalidTime
        """
        if not query:
            return "{}"
        if (name := query.get("state")) is not None:
            return self.states.get(name)
        return json.dumps(self._scene(Wanted.of(query), server))

    def _scene(self, wanted: Wanted, server: str) -> Json:
        channels = self._channels(wanted)
        layers = [self._layer(channel, wanted, server) for channel in channels]
        return scene(layers, channels[0].experiment.frame, min(map(_coarsest, channels)))

    def _channels(self, wanted: Wanted) -> list[Channel]:
        """Images first, so that labels lie on them."""
        names = wanted.channels or self._visible(wanted)
        found = [channel for name in names if (channel := self._channel(wanted, name)) is not None]
        if not found:
            raise _hidden(wanted)
        return sorted(found, key=lambda channel: channel.annotation)

    def _visible(self, wanted: Wanted) -> list[str]:
        resources = self.datastore.catalog.resources
        try:
            experiment = resources.experiment(wanted.collection, wanted.experiment)
        except NotFound as error:
            raise _hidden(wanted) from error
        return resources.visible_channel_names(experiment, current_user())

    def _channel(self, wanted: Wanted, name: str) -> Channel | None:
        """None for a channel that was not asked for by name, and that may be listed but not read."""
        try:
            return readable_channel(self.datastore, (wanted.collection, wanted.experiment, name))
        except NotFound:
            if wanted.channels:
                raise
            return None

    def _layer(self, channel: Channel, wanted: Wanted, server: str) -> Json:
        source = wanted.url(channel, server)
        if channel.annotation:
            return segmentation_layer(channel, source, wanted.segments)
        time = wanted.time if wanted.time is not None else channel.default_time_sample
        with self.limits.budget.hold(WORKING_BYTES):
            return image_layer(channel, source, self._contrast(channel, time))

    def _contrast(self, channel: Channel, time: int) -> tuple[int, int]:
        frame, resolution = channel.experiment.frame, _coarsest(channel)
        if any(stop <= max(0, start) for start, stop in zip(frame.start, frame.stop, strict=True)):
            return 0, 255
        z, y, x = (max(0, first) for first in frame.start)
        box = Box((z, y, x), frame.stop).halved(channel.experiment.pyramid.scale(resolution))
        return contrast(self.datastore.image(channel).level(resolution), time, box)


def _hidden(wanted: Wanted) -> NotFound:
    return NotFound(f"no channel in {wanted.collection}/{wanted.experiment} that you may read")


def _coarsest(channel: Channel) -> int:
    """The last resolution that shows what is stored."""
    if channel.downsample_status is not DownsampleStatus.DOWNSAMPLED:
        return channel.base_resolution
    return min(channel.base_resolution + channel.experiment.num_hierarchy_levels, len(LEVELS)) - 1
