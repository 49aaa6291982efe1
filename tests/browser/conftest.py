"""Debian's Chromium, headless, and a server with a volume whose every place has a known colour.

Where there is no Chromium, these tests are skipped: ``apt-get install chromium`` brings it, which ``.ci/run`` does.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import numpy as np
import pytest
import requests
from playwright.sync_api import Browser, Page, sync_playwright

from bosslet.codecs.npygz import encode
from tests.browser.looking import Looking
from tests.live.server import Server, serving

FLAGS = [
    "--no-sandbox",  # as root there is no other way
    "--enable-unsafe-swiftshader",
    "--no-first-run",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]
SHAPE = (20, 60, 100)
"""(z, y, x)."""
DARK, BRIGHT, LABEL = 50, 200, 7


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Where everybody may do everything; ``col/exp`` has an image and labels."""
    with serving(tmp_path_factory.mktemp("browser") / "uploads", "--workers", "1") as started:
        fill(started)
        yield started


# Not for the session: while Playwright runs, an event loop does, and other tests start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window that does not forgive: whatever the console or the server complains of, the test fails."""
    context = browser.new_context(viewport={"width": 1000, "height": 700}, reduced_motion="reduce")
    opened = context.new_page()
    complaints: list[str] = []
    opened.on(
        "console", lambda said: complaints.append(f"{said.text} {said.location}") if said.type == "error" else None
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture
def looking(page: Page, server: Server) -> Looking:
    return Looking(page, server.url)


def fill(server: Server, verify: str | bool = True) -> None:
    """The image is bright right of the middle and above it; the label is right of the middle and below it."""
    session = requests.Session()
    session.trust_env, session.verify = False, verify  # the environment may name other certificates

    def send(path: str, **body: object) -> None:
        answer = session.post(f"{server.url}/v1/{path}", **body)  # type: ignore[arg-type]
        assert answer.status_code == 201, answer.text

    z, y, x = SHAPE
    frame = {
        f"{axis}_{end}": stop * (end == "stop")
        for axis, stop in zip("zyx", SHAPE, strict=True)
        for end in ("start", "stop")
    }
    sizes = {f"{axis}_voxel_size": 10 for axis in "xyz"}
    send("collection/col")
    send("coord/frame", json={**frame, **sizes, "voxel_unit": "nanometers"})
    send("collection/col/experiment/exp", json={"coord_frame": "frame", "num_hierarchy_levels": 1})
    em, cells = np.full(SHAPE, DARK, np.uint8), np.zeros(SHAPE, np.uint64)
    em[:, : y // 2, x // 2 :], cells[:, y // 2 :, x // 2 :] = BRIGHT, LABEL
    for name, kind, voxels in (("em", "image", em), ("cells", "annotation", cells)):
        body = {"type": kind, "datatype": str(voxels.dtype)}
        send(f"collection/col/experiment/exp/channel/{name}", json=body)
        headers = {"Content-Type": "application/npygz"}
        send(f"cutout/col/exp/{name}/0/0:{x}/0:{y}/0:{z}/", data=encode(voxels), headers=headers)
