"""Cutouts as programs ask for them, for ``dialects.ahead``: one box of blosc, without a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from bosslet import access
from bosslet.catalog.records import Permission, User
from bosslet.codecs.blosc import Frame
from bosslet.datastore import Datastore
from bosslet.dialects.ahead import Answer, Environ, key_holder
from bosslet.dialects.boss import cutout_request
from bosslet.dialects.boss.cutout import COPIES
from bosslet.dialects.boss.cutout_request import CutoutRequest
from bosslet.dialects.boss.encodings import BLOSC
from bosslet.dialects.boss.marks import refuse_marked_ancestors
from bosslet.dialects.http import Limits

_NAME, _RANGE = "([A-Za-z0-9_-]+)", "([0-9]+:[0-9]+)"
_HEADERS = (("Content-Type", BLOSC.media_type), ("Vary", "Accept, Origin, Cookie"))


@dataclass(frozen=True, slots=True)
class CutoutReads:
    """Whoever has a token, or anybody where everybody may do everything."""

    dialect: ClassVar[str] = "boss"
    path: ClassVar[re.Pattern[str]] = re.compile(
        f"(/v1|/latest)/cutout/{_NAME}/{_NAME}/{_NAME}/([0-9])/{_RANGE}/{_RANGE}/{_RANGE}/?"
    )
    route: ClassVar[str] = (
        "/cutout/<collection>/<experiment>/<channel>/<digit:resolution>/<range:x>/<range:y>/<range:z>"
    )
    datastore: Datastore
    limits: Limits

    def is_plain(self, environ: Environ) -> bool:
        """Blosc, which is what no wish is."""
        return bool(environ.get("HTTP_ACCEPT", BLOSC.media_type) == BLOSC.media_type)

    def answer(self, environ: Environ, path: re.Match[str]) -> Answer:
        """The voxels, read into the frame that is sent."""
        _, collection, experiment, name, *numbers = path.groups()
        user = key_holder(environ, self.datastore, self.limits)
        cutout = self._cutout(user, (collection, experiment, name), *numbers)
        with self.limits.budget.hold(COPIES * cutout.nbytes, patiently=False) as held:
            frame = Frame(cutout.shape, cutout.channel.datatype)
            level = self.datastore.image(cutout.channel).level(cutout.resolution)
            level.read(cutout.times, cutout.box, frame.voxels[None])
            content = frame.finish()
            held.keep(len(content))
        return Answer(content, _HEADERS, user.name, held)

    def _cutout(
        self, user: User, names: tuple[str, str, str], resolution: str, x: str, y: str, z: str
    ) -> CutoutRequest:
        channel = self.datastore.catalog.resources.channel(*names)
        refuse_marked_ancestors(channel)
        access.require(self.datastore.catalog, user, Permission.READ_VOLUMETRIC_DATA, channel)
        cutout = CutoutRequest(
            channel=channel,
            times=cutout_request.times(None, channel),
            resolution=cutout_request.resolution(resolution, channel),
            box=cutout_request.box_in_frame(channel.experiment, x, y, z),
            keeps_time_axis=False,
            iso=False,
        )
        cutout_request.check_size(cutout, self.limits.max_cutout_bytes)
        return cutout
