"""Neuroglancer's precomputed format: ``/precomputed/<collection>/<experiment>/<channel>/…``, for readers.

``info``, ``provenance``, ``segment_properties/info`` and ``<resolution>/<x0>-<x1>_<y0>-<y1>_<z0>-<z1>``, made of what
is stored at the moment of the request; ``address`` says what may stand before them. Every chunk within the bounds is
answered with data: zeros where nothing was written, for cloud-volume takes a 404 for an error. A chunk that there
cannot be is an error of the request (400) and not a 404, which viewers take for zeros.
"""

from __future__ import annotations

import json

import numpy as np
from flask import Blueprint, Flask, Response, request
from flask.views import MethodView

from bosslet.catalog.records import Channel, Direction
from bosslet.codecs import compressed_labels, image
from bosslet.datastore import Datastore
from bosslet.dialects import failures
from bosslet.dialects.authentication import Authentication, current_user
from bosslet.dialects.content import Representation, accepted_coding, file_like, represented
from bosslet.dialects.http import Limits
from bosslet.dialects.openings import readable_channel
from bosslet.dialects.precomputed.address import Address
from bosslet.dialects.precomputed.kept import KeptChunks
from bosslet.dialects.precomputed.scales import JPEG, LABELS, Scale, encoding_of, info, provenance
from bosslet.dialects.precomputed.segments import segment_properties
from bosslet.errors import InvalidTime, NotFound
from bosslet.geometry import Box
from bosslet.throttle import Throttle
from bosslet.volume.image import LEVELS, Image
from bosslet.volume.steady import steady_state
from bosslet.volume.volume import Volume

COPIES = 3
"""How often the voxels of a chunk are in memory at the same time, at the most: read, encoded and compressed."""
ENCODE = {JPEG: image.jpeg, LABELS: compressed_labels.encode}
"""What takes long; ``raw`` takes nothing."""
MEDIA_TYPES = {JPEG: "image/jpeg"}


class PrecomputedView(MethodView):
    """One file of a channel."""

    init_every_request = False

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits
        self.throttle = Throttle(datastore.catalog, limits.quotas)
        self.kept = KeptChunks()

    def get(self, collection: str, experiment: str, channel: str, path: str = "") -> Response:
        """Its bytes as they are now."""
        record = readable_channel(self.datastore, (collection, experiment, channel))
        address = Address.of(path, request.args)
        match address.file:
            case ["info"]:
                return _json(info(self._scales(record, address), record, address.variant, address.prefix))
            case ["provenance"]:
                return _json(provenance(record))
            case ["segment_properties", "info"] if record.annotation:
                return self._segment_properties(record, address)
            case [key, name]:
                return self._chunk(record, address, key, name)
        raise NotFound(f"no file {path[:100]!r}; there are info, provenance and chunks")

    def _chunk(self, channel: Channel, address: Address, key: str, name: str) -> Response:
        scale = _scale(channel, address, key)
        encoding, time = encoding_of(channel, address.variant), _time(channel, address)
        level = self.datastore.image(channel).level(scale.resolution, iso=scale.iso)
        if not level.exists:
            raise NotFound(f"no scale {key}; info says which there are")
        box = scale.chunk(name)
        coding = None if encoding == JPEG else accepted_coding(request)
        nbytes = box.size * np.dtype(channel.datatype).itemsize
        with self.limits.budget.hold(COPIES * nbytes) as held:
            self.throttle.charge(current_user(), "cutout", Direction.EGRESS, nbytes)
            chunk = self._encoded(level, time, box, encoding, coding)
            answer = represented(chunk, MEDIA_TYPES.get(encoding, "application/octet-stream"), varies=encoding != JPEG)
            return held.until_sent(answer, len(chunk.body))

    def _encoded(self, level: Volume, time: int, box: Box, encoding: str, coding: str | None) -> Representation:
        if encoding not in ENCODE:
            # As it is in memory: little-endian and x fastest.
            return Representation.of(level.read(range(time, time + 1), box).tobytes(), coding)
        key, state = (level.path, time, box, encoding, coding), steady_state(level, time, box)
        if (kept := self.kept.get(key, state)) is not None:
            return kept
        chunk = Representation.of(ENCODE[encoding](level.read(range(time, time + 1), box)[0]), coding)
        if state is not None and steady_state(level, time, box) == state:
            self.kept.put(key, state, chunk)
        return chunk

    def _segment_properties(self, channel: Channel, address: Address) -> Response:
        scales = self._scales(channel, address)
        return _json(segment_properties(self.datastore.image(channel), scales, _time(channel, address)))

    def _scales(self, channel: Channel, address: Address) -> list[Scale]:
        """The finest first."""
        stored = self.datastore.image(channel)
        scales = [Scale(channel, resolution, address.variant.iso) for resolution in LEVELS]
        return [scale for scale in scales if _exists(stored, scale)]


def register(app: Flask, datastore: Datastore, limits: Limits) -> None:
    """Serve all channels."""
    blueprint = Blueprint("precomputed", __name__)
    blueprint.before_request(Authentication(datastore.catalog, limits))
    failures.register(blueprint)
    view = PrecomputedView.as_view("file", datastore, limits)
    for tail in ("", "/", "/<path:path>"):
        rule = f"/precomputed/<collection>/<experiment>/<channel>{tail}"
        blueprint.add_url_rule(rule, view_func=view, strict_slashes=True)
    app.register_blueprint(blueprint)


def _scale(channel: Channel, address: Address, key: str) -> Scale:
    if key not in map(str, LEVELS):
        raise NotFound(f"no scale {key[:100]!r}; info says which there are")
    return Scale(channel, int(key), address.variant.iso)


def _exists(stored: Image, scale: Scale) -> bool:
    return stored.level(scale.resolution, iso=scale.iso).exists


def _time(channel: Channel, address: Address) -> int:
    samples = channel.experiment.num_time_samples
    time = channel.default_time_sample if address.variant.time is None else address.variant.time
    if not 0 <= time < samples:
        raise InvalidTime(f"time sample {time}: there are {samples}; say t<number>/ before the name of the file")
    return time


def _json(content: dict[str, object]) -> Response:
    return file_like(json.dumps(content).encode(), "application/json")
