"""The stored OME-Zarr itself: ``/zarr/<collection>/<experiment>/<channel>.ome.zarr/<key>``, with ranges.

What a client gets of a block is its file, opened once, so that no write can tear one answer. The entity tag of a block
is its generation: a client that asks for pieces of it with ``If-Match`` notices when somebody replaced it in between.
A key that is not there is a 404, also below a channel that one may read; a block that was written and is lost is not.
How blocks are written says ``writing``.

Format: https://zarr-specs.readthedocs.io/en/latest/v3/core/, https://ngff.openmicroscopy.org/0.5/. Ranges: RFC 9110
section 14.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request
from flask.views import MethodView
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from bosslet.catalog.records import Direction
from bosslet.datastore import Datastore
from bosslet.dialects import failures
from bosslet.dialects.authentication import Authentication, current_user
from bosslet.dialects.content import as_it_is_now, file_like
from bosslet.dialects.http import Limits
from bosslet.dialects.ome_zarr.conditions import Conditions
from bosslet.dialects.ome_zarr.key import Key
from bosslet.dialects.ome_zarr.writing import Place, Writer, put_document
from bosslet.dialects.openings import readable_channel, writable_channel
from bosslet.errors import InvalidRange, NotFound, ReadOnlyDocument
from bosslet.throttle import Throttle
from bosslet.volume.files import StoredBlock, stored_block
from bosslet.volume.generation import BlockState

SUFFIX = ".ome.zarr"


class ZarrView(MethodView):
    """One key of a channel."""

    init_every_request = False

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits
        self.throttle = Throttle(datastore.catalog, limits.quotas)
        self.writer = Writer(datastore, limits)

    def get(self, collection: str, experiment: str, image: str, key: str = "") -> Response:
        """Its bytes, or a range of them."""
        channel = readable_channel(self.datastore, (collection, experiment, channel_name(image)))
        stored = self.datastore.image(channel)
        wanted = Key.of(key)
        if wanted.block is None:
            return file_like(wanted.document(stored), "application/json", compress=False)
        block = stored_block(wanted.level(stored), wanted.time, wanted.block)
        if block is None:
            raise NotFound(f"block {key} was never written")
        try:
            response = _answer(block)
            self._charge(response)
        except BaseException:
            block.content.close()
            raise
        return response

    def put(self, collection: str, experiment: str, image: str, key: str = "") -> Response:
        """Take a block, or metadata that is as it is already."""
        channel = writable_channel(self.datastore, (collection, experiment, channel_name(image)))
        wanted = Key.of(key)
        if wanted.block is None:
            return put_document(wanted.document(self.datastore.image(channel)))
        return self.writer.put(Place.of(self.datastore, channel, wanted))

    def delete(self, collection: str, experiment: str, image: str, key: str = "") -> Response:
        """Set all voxels of a block to zero, which is what a block that is not there means."""
        channel = writable_channel(self.datastore, (collection, experiment, channel_name(image)))
        wanted = Key.of(key)
        if wanted.block is None:
            raise ReadOnlyDocument(f"{key} cannot be removed")
        return self.writer.delete(Place.of(self.datastore, channel, wanted))

    def _charge(self, response: Response) -> None:
        if request.method == "GET" and response.status_code < 300:
            self.throttle.charge(current_user(), "cutout", Direction.EGRESS, response.content_length or 0)


def register(app: Flask, datastore: Datastore, limits: Limits) -> None:
    """Serve all channels."""
    blueprint = Blueprint("ome_zarr", __name__)
    blueprint.before_request(Authentication(datastore.catalog, limits))
    failures.register(blueprint)
    view = ZarrView.as_view("key", datastore, limits)
    for tail in ("", "/", "/<path:key>"):
        blueprint.add_url_rule(f"/zarr/<collection>/<experiment>/<image>{tail}", view_func=view)
    app.register_blueprint(blueprint)


def channel_name(image: str) -> str:
    """The channel that an image is of; raises NotFound for what is no image's name."""
    if not image.endswith(SUFFIX):
        raise NotFound(f"no image {image[:255]!r}: their names are <channel>{SUFFIX}")
    return image.removesuffix(SUFFIX)


def _answer(block: StoredBlock) -> Response:
    Conditions.of(request).check_unchanged(BlockState(True, block.generation))
    response = Response(
        wrap_file(request.environ, block.content), mimetype="application/octet-stream", direct_passthrough=True
    )
    response.content_length = block.size
    if block.generation is not None:
        response.set_etag(block.generation.hex())
    try:
        response.make_conditional(_environ(block.size), accept_ranges=True, complete_length=block.size)
    except RequestedRangeNotSatisfiable:
        block.content.close()
        response = failures.answer(InvalidRange(f"no such range in {block.size} bytes"))
        response.headers["Content-Range"] = f"bytes */{block.size}"
    return as_it_is_now(response)


def _environ(size: int) -> dict[str, object]:
    """The request, but for what Werkzeug refuses of its ranges and RFC 9110 does not let a server refuse.

    A range of another unit, or of a HEAD, is none; of several together the whole file is the answer. A suffix that is
    longer than the file is all of it.
    """
    text, asked = request.headers.get("Range", ""), request.range
    if request.method != "GET" or not text.lower().startswith("bytes=") or "," in text:
        return {name: value for name, value in request.environ.items() if name != "HTTP_RANGE"}
    if asked is not None:
        first, last = asked.ranges[0]
        if last is None and first < -size:
            return {**request.environ, "HTTP_RANGE": "bytes=0-"}
    return request.environ
