"""Neuroglancer's precomputed format: ``/precomputed/<collection>/<experiment>/<channel>/…``, for readers.

``info``, ``provenance``, ``segment_properties/info`` and ``<resolution>/<x0>-<x1>_<y0>-<y1>_<z0>-<z1>``, made of what
is stored at the moment of the request; ``address`` says what may stand before them. Every chunk within the bounds is
answered with data: zeros where nothing was written, for cloud-volume takes a 404 for an error. A chunk that there
cannot be is an error of the request (400) and not a 404, which viewers take for zeros.
"""

from __future__ import annotations

import json

from flask import Blueprint, Flask, Response, request
from flask.views import MethodView

from bosslet.catalog.records import Channel, Direction
from bosslet.datastore import Datastore
from bosslet.dialects import failures
from bosslet.dialects.authentication import Authentication, current_user
from bosslet.dialects.content import accepted_coding, file_like, represented
from bosslet.dialects.http import Limits
from bosslet.dialects.openings import is_readable, readable_channel
from bosslet.dialects.precomputed.address import Address
from bosslet.dialects.precomputed.chunks import COPIES, Chunks, time_of
from bosslet.dialects.precomputed.scales import Scale, info, provenance
from bosslet.dialects.precomputed.segments import segment_properties
from bosslet.errors import NotFound
from bosslet.throttle import Throttle
from bosslet.volume.image import LEVELS, Image

_EXTENSION = "bosslet.precomputed"


class PrecomputedView(MethodView):
    """One file of a channel."""

    init_every_request = False

    def __init__(self, datastore: Datastore, limits: Limits, chunks: Chunks) -> None:
        self.datastore = datastore
        self.chunks = chunks
        self.limits = limits
        self.throttle = Throttle(datastore.catalog, limits.quotas)

    def get(self, collection: str, experiment: str, channel: str, path: str = "") -> Response:
        """Its bytes as they are now."""
        record = readable_channel(self.datastore, (collection, experiment, channel))
        address = Address.of(path, request.args)
        match address.file:
            case ["info"]:
                time_of(record, address.variant)
                return _json(info(self._scales(record, address), record, address.variant, address.prefix))
            case ["provenance"]:
                return _json(provenance(record, self._sources(record)))
            case ["segment_properties", "info"] if record.annotation:
                return self._segment_properties(record, address)
            case [key, name]:
                return self._chunk(record, address, key, name)
        raise NotFound(f"no file {path[:100]!r}; there are info, provenance and chunks")

    def _sources(self, channel: Channel) -> list[str]:
        """The names of those that the caller may read: of the others not even that they exist."""
        experiment = channel.experiment
        names = (experiment.collection.name, experiment.name)
        return [name for name in channel.sources if is_readable(self.datastore, (*names, name))]

    def _chunk(self, channel: Channel, address: Address, key: str, name: str) -> Response:
        chunk = self.chunks.find(channel, address.variant, key, name)
        with self.limits.budget.hold(COPIES * chunk.nbytes) as held:
            self.throttle.charge(current_user(), "cutout", Direction.EGRESS, chunk.nbytes)
            content = self.chunks.encoded(chunk, accepted_coding(request))
            answer = represented(content, chunk.media_type, varies=chunk.compressible)
            return held.until_sent(answer, len(content.body))

    def _segment_properties(self, channel: Channel, address: Address) -> Response:
        scales = self._scales(channel, address)
        return _json(segment_properties(self.datastore.image(channel), scales, time_of(channel, address.variant)))

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
    chunks = app.extensions[_EXTENSION] = Chunks(datastore)
    view = PrecomputedView.as_view("file", datastore, limits, chunks)
    for tail in ("", "/", "/<path:path>"):
        rule = f"/precomputed/<collection>/<experiment>/<channel>{tail}"
        blueprint.add_url_rule(rule, view_func=view, strict_slashes=True)
    app.register_blueprint(blueprint)


def chunks_of(app: Flask) -> Chunks:
    """Those that an application serves."""
    chunks: Chunks = app.extensions[_EXTENSION]
    return chunks


def _exists(stored: Image, scale: Scale) -> bool:
    return stored.level(scale.resolution, iso=scale.iso).exists


def _json(content: dict[str, object]) -> Response:
    return file_like(json.dumps(content).encode(), "application/json")
