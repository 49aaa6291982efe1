"""How long somebody waits for the viewer: from the click on a link to the demo volume until all of it is sharp.

Headless Chromium draws with the processor here, so that most of the time is its own. Each time it starts with nothing
in its cache.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Response, sync_playwright

from benchmarks.servers import Unavailable, demonstration
from tests.browser.conftest import FLAGS
from tests.browser.looking import READY

LINK = "/ng/?collection=demo&experiment=tissue"
TIMES = 5
WINDOW: Any = {"width": 1000, "height": 700}
MS_BETWEEN_LOOKS = 20
SECONDS_TO_STAY = 0.3
"""How long nothing may be missing any more until it counts."""


def measure(folder: Path) -> dict[str, Any]:
    """Seconds, requests and bytes; the medians, but for the first time, when the server reads from the disk.

    Raises:
        Unavailable: no Chromium here.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise Unavailable("no Chromium: apt-get install chromium")
    server = demonstration.start(folder)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            looks = [_look(browser, f"{server.url}{LINK}") for _ in range(1 + TIMES)]
            browser.close()
    finally:
        server.family.end()
    first, *others = looks
    return {
        "first_seconds": first[0],
        "seconds": median(seconds for seconds, _ in others),
        "requests": median(requests for _, requests in others),
    }


def _look(browser: Browser, url: str) -> tuple[float, int]:
    """Seconds until all is drawn, and how many requests that took."""
    context = browser.new_context(viewport=WINDOW)
    answers: list[Response] = []
    context.on("response", lambda answer: answers.append(answer))
    page = context.new_page()
    begun = time.monotonic()
    page.goto(url)
    sharp: float | None = None
    while sharp is None or time.monotonic() - sharp < SECONDS_TO_STAY:
        if not page.evaluate(READY):
            sharp = None
        elif sharp is None:
            sharp = time.monotonic()
        page.wait_for_timeout(MS_BETWEEN_LOOKS)
    context.close()
    return sharp - begun, len(answers)
