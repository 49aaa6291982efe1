"""The media types of cutouts: which codec makes and reads each, and which one a client asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from flask import Request
from numpy.typing import NDArray

from bosslet.codecs import Body, blosc, blosc_python, image, npygz
from bosslet.dialects.boss.negotiation import HTML
from bosslet.errors import NotAcceptable, TimeNotEncodable, UnknownEncoding, UnknownFormat

Voxels = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Encoding:
    """One way to write voxels; ``decode`` is None where bodies in it are not taken."""

    media_type: str
    encode: Callable[[Voxels], bytes]
    decode: Callable[[Body, tuple[int, ...], np.dtype[Any]], Voxels] | None = None


BLOSC = Encoding("application/blosc", blosc.encode, blosc.decode)
BLOSC_PYTHON = Encoding("application/blosc-python", blosc_python.encode, blosc_python.decode)
NPYGZ = Encoding("application/npygz", npygz.encode, npygz.decode)


def _jpeg(voxels: Voxels) -> bytes:
    if voxels.ndim != 3:
        raise TimeNotEncodable("a JPEG holds one time sample: leave the time range out of the URL")
    return image.jpeg(voxels)


JPEG = Encoding("image/jpeg", _jpeg)

ENCODINGS = {encoding.media_type: encoding for encoding in (BLOSC, BLOSC_PYTHON, NPYGZ, JPEG)}
FORMATS = {"bin": BLOSC, "jpg": JPEG}


def accepted_encoding(request: Request) -> Encoding | None:
    """How the client wants its voxels, blosc unless it says otherwise; None for a browser, which is shown a page.

    Raises:
        NotAcceptable: in no way that there is.
        UnknownFormat: ``?format=`` names none.
    """
    if (wanted := request.args.get("format")) is not None:
        if wanted not in FORMATS:
            raise UnknownFormat(f"no format {wanted!r}; there are {', '.join(FORMATS)}")
        return FORMATS[wanted]
    if not request.accept_mimetypes:
        return BLOSC
    named = [media for media, _ in request.accept_mimetypes if media in ENCODINGS or media == HTML]
    if named:
        return ENCODINGS.get(named[0])
    best = request.accept_mimetypes.best_match(ENCODINGS)
    if best is None:
        raise NotAcceptable(f"cutouts come as {', '.join(ENCODINGS)}")
    return ENCODINGS[best]


def sent_encoding(request: Request) -> Callable[[Body, tuple[int, ...], np.dtype[Any]], Voxels]:
    """What reads the body.

    Raises:
        UnknownEncoding: nothing does.
    """
    encoding = ENCODINGS.get(request.mimetype)
    if encoding is None or encoding.decode is None:
        raise UnknownEncoding(f'Unsupported media type "{request.mimetype}" in request.')
    return encoding.decode
