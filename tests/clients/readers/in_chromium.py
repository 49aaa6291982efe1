"""Neuroglancer in Chromium: every voxel as it decoded it, and every pixel of a slice as it drew it.

A layer is opened from its link at ``/ng/``, but as an image whose colours say the values exactly: a picture of uint64
is one of red, green and blue, each for 8 bits.
"""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.looking import Looking
from tests.clients.readers.site import EXPERIMENT, Site, Volume, Voxels

READ_CHUNK = (Path(__file__).parent / "read_chunk.js").read_text()
WINDOW = {"width": 1000, "height": 700}
SHADERS = {
    "uint8": "void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }",
    "uint64": """void main() {
        uvec2 value = getDataValue().value;
        uint low = value.x;
        emitRGB(vec3(float(low & 255u), float((low >> 8) & 255u), float((low >> 16) & 255u)) / 255.0);
    }""",
}
PIXELS = 2
"""Along a side of a voxel: what is at the edge of a voxel belongs to either."""
START = {"zarr": -0.5}
"""Where the viewer has voxel 0: right of 0, but for OME-Zarr around it."""


def precomputed(site: Site, volume: Volume) -> Voxels:
    """As links have it."""
    return _all(site, volume, "precomputed")


def zarr(site: Site, volume: Volume) -> Voxels:
    """As links with ``source=zarr`` have it."""
    return _all(site, volume, "zarr")


def boss(site: Site, volume: Volume) -> Voxels:
    """As links with ``source=boss`` have it, but not as JPEG."""
    return _all(site, volume, "boss")


def _all(site: Site, volume: Volume, source: str) -> Voxels:
    """Raises AssertionError where what is drawn is not what was decoded."""
    verify: str | bool = str(site.certificate) if source == "boss" else True
    with window() as page:
        looking = Looking(page, site.tls_url if source == "boss" else site.url, verify=verify)
        looking.open(_state(looking, volume, source))
        voxels = _decoded(page, volume)
        drawn = _drawn(page, volume, START.get(source, 0))
    middle = voxels[volume.shape[0] // 2]
    expected = np.stack(
        [middle >> shift & 255 for shift in ((0, 8, 16) if volume.dtype == "uint64" else (0, 0, 0))], -1
    )
    np.testing.assert_array_equal(drawn, expected, err_msg="what is drawn is not what was decoded")
    return voxels


@contextmanager
def window() -> Iterator[Page]:
    """A new one, which takes our own certificates."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser.new_context(viewport=WINDOW, ignore_https_errors=True).new_page()
        browser.close()


def _state(looking: Looking, volume: Volume, source: str) -> dict[str, Any]:
    """With the middle of the volume in the middle of the window."""
    collection, experiment = EXPERIMENT.split("/")
    link = f"collection={collection}&experiment={experiment}&channel={volume.name}&source={source}"
    z, y, x = volume.shape
    place = [x // 2, y // 2, z // 2 + 0.5 + START.get(source, 0)]
    state = looking.state(link, position=place, crossSectionScale=1 / PIXELS)
    (layer,) = state["layers"]
    address = layer["source"] + ("?encoding=npz" if source == "boss" else "")
    state["layers"] = [
        {"type": "image", "name": volume.name, "source": address, "shader": SHADERS[volume.dtype], "opacity": 1}
    ]
    return state


def _decoded(page: Page, volume: Volume) -> Voxels:
    voxels = np.zeros(volume.shape, volume.dtype)
    number = 0
    while (chunk := page.evaluate(READ_CHUNK, number)) is not None:
        # A last axis of time has one sample.
        start, shape = ([*chunk[name], 0][:3][::-1] for name in ("start", "shape"))
        found = np.frombuffer(base64.b64decode(chunk["voxels"]), volume.dtype).reshape(shape)
        place = tuple(slice(a, a + side) for a, side in zip(start, shape, strict=True))
        # A chunk of OME-Zarr sticks out of the volume.
        into = voxels[place]
        into[...] = found[tuple(slice(side) for side in into.shape)]
        number += 1
    return voxels


def _drawn(page: Page, volume: Volume, start: float) -> Voxels:
    """The pixels of the middle slice (y, x, colour), one for each voxel; ``start`` is where the first one begins."""
    panel = page.locator(".neuroglancer-rendered-data-panel").bounding_box()
    assert panel is not None
    x, y = page.evaluate("() => viewer.state.toJSON().position")[:2]
    left = int(panel["x"] + panel["width"] / 2 - PIXELS * (x - start))
    top = int(panel["y"] + panel["height"] / 2 - PIXELS * (y - start))
    picture = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    _, height, width = volume.shape
    # The last pixel of a voxel, for half a pixel may have been lost.
    return picture[top : top + PIXELS * height, left : left + PIXELS * width][
        PIXELS - 1 :: PIXELS, PIXELS - 1 :: PIXELS
    ]
