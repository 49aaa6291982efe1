"""Labels as objects: the surface of one, made when it is asked for.

    /mesh/<collection>/<experiment>/<channel>/<label>           in Neuroglancer's legacy format; .ply and .obj as well
    /mesh/…/info, /mesh/…/<label>:0                             what Neuroglancer asks for before that
    /precomputed/<collection>/<experiment>/<channel>/…/mesh/…   the same, where a precomputed volume has its meshes

Positions are in nanometers. ``?t=`` is a time sample, as is ``t<number>`` among the choices of a precomputed volume. It
is the surface at the finest resolution at which that is not too much work, of those that show what is stored.
"""

from __future__ import annotations

import json
import re

from flask import Blueprint, Flask, Response, request
from flask.views import MethodView

from bosslet.catalog.records import Channel, Direction
from bosslet.datastore import Datastore
from bosslet.dialects import failures
from bosslet.dialects.authentication import Authentication, current_user
from bosslet.dialects.content import file_like
from bosslet.dialects.http import Limits
from bosslet.dialects.mesh.formats import FORMATS
from bosslet.dialects.mesh.objects import Objects
from bosslet.dialects.mesh.surface import WORKING_BYTES
from bosslet.dialects.openings import readable_channel
from bosslet.errors import InvalidTime, NotAnnotation, NotFound
from bosslet.throttle import Throttle

INFO: dict[str, object] = {"@type": "neuroglancer_legacy_mesh"}
CHOICES = frozenset({"raw", "jpeg", "compressed_segmentation", "iso"})
"""What may stand before ``mesh`` in a precomputed volume and makes no difference to a surface."""
_NAME = re.compile(r"([0-9]{1,20})(?::(0)|\.(ply|obj))?")
_TIME = re.compile("t?(0|[1-9][0-9]{0,11})")


class MeshView(MethodView):
    """One file."""

    init_every_request = False

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits
        self.throttle = Throttle(datastore.catalog, limits.quotas)
        self.objects = Objects(datastore)

    def get(self, collection: str, experiment: str, channel: str, name: str, choices: str = "") -> Response:
        """Its bytes as they are now."""
        record = readable_channel(self.datastore, (collection, experiment, channel))
        if not record.annotation:
            raise NotAnnotation(f"{record} is an image channel")
        time = _time(choices, record)
        if name == "info":
            return _json(INFO)
        found = _NAME.fullmatch(name)
        if found is None:
            raise NotFound(f"no file {name[:100]!r}; there are info, <label>:0 and <label>, also as .ply and .obj")
        label, manifest, suffix = found.groups()
        return _json({"fragments": [label]}) if manifest else self._surface(record, time, int(label), suffix or "")

    def _surface(self, channel: Channel, time: int, label: int, suffix: str) -> Response:
        wanted = FORMATS[suffix]
        with self.limits.budget.hold(WORKING_BYTES) as held:
            body = wanted.encode(self.objects.surface(channel, time, label))
            self.throttle.charge(current_user(), "cutout", Direction.EGRESS, len(body))
            return held.until_sent(file_like(body, wanted.media_type), len(body))


def register(app: Flask, datastore: Datastore, limits: Limits) -> None:
    """Serve the labels of all annotation channels."""
    blueprint = Blueprint("mesh", __name__)
    blueprint.before_request(Authentication(datastore.catalog, limits))
    failures.register(blueprint)
    view = MeshView.as_view("file", datastore, limits)
    channel = "<collection>/<experiment>/<channel>"
    for rule in (f"/mesh/{channel}", f"/precomputed/{channel}/mesh", f"/precomputed/{channel}/<path:choices>/mesh"):
        blueprint.add_url_rule(f"{rule}/<name>", view_func=view)
    app.register_blueprint(blueprint)


def _time(choices: str, channel: Channel) -> int:
    """The sample that is named last, or the default one."""
    text = request.args.get("t")
    for piece in filter(None, choices.split("/")):
        if piece in CHOICES:
            continue
        if not piece.startswith("t"):
            raise NotFound(f"no choice {piece[:100]!r}")
        text = piece
    if text is None:
        return channel.default_time_sample
    found, samples = _TIME.fullmatch(text), channel.experiment.num_time_samples
    if found is None or not int(found[1]) < samples:
        raise InvalidTime(f"time sample {text[:100]!r}: there are {samples}")
    return int(found[1])


def _json(content: dict[str, object]) -> Response:
    return file_like(json.dumps(content).encode(), "application/json")
