"""Files that were dropped on a page: a small volume, put into a channel at a place.

A stack of pictures, a TIFF of many pages, or a ``.npy``, read as ``bosslet ingest`` reads them, and by nothing that
could run what is in them. They lie in a folder of their own meanwhile; what they say that they hold is checked before
any of it is decoded. What was in the box before is replaced. For what is not small there is ``bosslet ingest``.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from flask import Response, request
from flask.views import MethodView
from werkzeug.datastructures import FileStorage

from bosslet.catalog.records import Channel, Direction
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.http import Limits, body_length
from bosslet.dialects.openings import writable_channel
from bosslet.dialects.origin import is_foreign, refuse_foreign_page
from bosslet.dialects.web.answers import as_json
from bosslet.errors import (
    ForeignOrigin,
    InvalidBox,
    InvalidNumber,
    MalformedBody,
    NotAuthenticated,
    TooLarge,
    UnusableFile,
    WrongDtype,
)
from bosslet.geometry import Box
from bosslet.sources import arrays, pictures
from bosslet.sources.opening import open_source
from bosslet.sources.source import Source
from bosslet.throttle import Throttle

MAX_BODY_BYTES = 2**28
MAX_FILES = 2048
COPIES = 3
"""How often the voxels are in memory at the same time, at the most: decoded, as they are written, and compressed."""
_NUMBER = re.compile("[0-9]{1,12}")
_NOT_PLAIN = re.compile("[^A-Za-z0-9._-]+")


class UploadView(MethodView):
    """What takes files in."""

    init_every_request = False

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits
        self.throttle = Throttle(datastore.catalog, limits.quotas)

    def post(self, collection: str, experiment: str, channel: str) -> Response:
        """``{"box": …}``: where the voxels are now, after ``?z=…&y=…&x=…&t=…``; without these, where the frame starts.

        Raises:
            UnusableFile: as an error of the request.
        """
        refuse_foreign_page()
        if is_foreign(request):
            raise ForeignOrigin("a web page of another site may not change anything here")
        if current_user().anonymous:
            raise NotAuthenticated("log in, or send a token")
        record = writable_channel(self.datastore, (collection, experiment, channel))
        _check_length()
        with TemporaryDirectory(prefix="bosslet-upload-") as folder:
            saved = _saved(Path(folder))
            try:
                return self._take(record, open_source((str(saved),)))
            except UnusableFile as error:
                raise MalformedBody(_for_a_page(str(error).replace(f"{folder}/", ""))) from error

    def _take(self, channel: Channel, source: Source) -> Response:
        time, box = _place(channel, source)
        times = range(time, time + source.about.shape[0])
        nbytes = self._nbytes(channel, source)
        with self.limits.budget.hold(COPIES * nbytes):
            self.throttle.charge(current_user(), "cutout", Direction.INGRESS, nbytes)
            # All of it before any is written: a file may turn out to be damaged at its end.
            voxels = np.empty((len(times), *box.shape), channel.datatype)
            for sample in range(len(times)):
                voxels[sample] = source.read(sample, box.relative_to(box.start))
            level = self.datastore.image(channel).create_level(channel.base_resolution)
            try:
                level.write(times, box, voxels)
            finally:
                self.datastore.catalog.downsampling.note_write(channel.id)
        return as_json({"box": str(box), "order": "z,y,x", "times": len(times)}, 201)

    def _nbytes(self, channel: Channel, source: Source) -> int:
        """Of the voxels, as large as they are in the file or in the channel."""
        about, dtype = source.about, np.dtype(channel.datatype)
        if not np.can_cast(about.dtype, dtype, "safe"):
            raise WrongDtype(f"voxels of {about.dtype} do not fit into {channel}, which has {dtype}")
        nbytes = about.nbytes // about.dtype.itemsize * max(dtype.itemsize, about.dtype.itemsize)
        if nbytes > self.limits.max_cutout_bytes:
            raise TooLarge(f"{nbytes} bytes of voxels; at most {self.limits.max_cutout_bytes} at once")
        return nbytes


def _for_a_page(complaint: str) -> str:
    """What is wrong with a file, to somebody who gave no command."""
    return f"{complaint} (of bosslet ingest; a page has no options)" if " --" in complaint else complaint


def _check_length() -> None:
    length = body_length(request, MAX_BODY_BYTES)
    # Werkzeug takes a body that ends at its limit for one that was cut off there.
    request.max_content_length = length + 1
    request.max_form_parts = MAX_FILES


def _saved(folder: Path) -> Path:
    """The file that was sent, or the folder of those that were, under names that are harmless and sort as before."""
    files = [_save(file, folder) for file in request.files.getlist("files") if file.filename]
    if not files:
        raise MalformedBody("no files: they are sent as multipart/form-data, each under the name files")
    return files[0] if len(files) == 1 else folder


def _save(file: FileStorage, folder: Path) -> Path:
    name = _NOT_PLAIN.sub("_", (file.filename or "").replace("\\", "/").rpartition("/")[2]).lstrip(".")[-200:]
    path = folder / (name or "file")
    if path.exists():
        raise MalformedBody(f"two files are called {path.name}")
    file.save(path)
    head = _head(path)
    if not pictures.is_picture(head) and not head.startswith(arrays.NPY_MAGIC):
        # HDF5 could name other files of this machine, which would then be read.
        raise MalformedBody(f"{path.name}: is neither TIFF, PNG, JPEG nor .npy")
    return path


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(16)


def _place(channel: Channel, source: Source) -> tuple[int, Box]:
    """Where the voxels go: the first time sample, and the box, which must lie in the frame."""
    frame, about = channel.experiment.frame, source.about
    time = _number("t", 0)
    starts = [_number(axis, max(0, start)) for axis, start in zip("zyx", frame.start, strict=True)]
    z, y, x = starts
    z_stop, y_stop, x_stop = (start + side for start, side in zip(starts, about.shape[1:], strict=True))
    box = Box((z, y, x), (z_stop, y_stop, x_stop))
    inside = all(
        low <= first and last <= high
        for low, first, last, high in zip(frame.start, box.start, box.stop, frame.stop, strict=True)
    )
    if not inside or not box.size or time + about.shape[0] > max(1, channel.experiment.num_time_samples):
        raise InvalidBox(f"{box} in (z, y, x) from time sample {time}: does not lie in the frame of {channel}")
    return time, box


def _number(name: str, otherwise: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return otherwise
    if not _NUMBER.fullmatch(text):
        raise InvalidNumber(f"{name}={text[:100]!r}: must be a number")
    return int(text)
