"""What can be seen of Neuroglancer in a window: whether it is ready, and the colour at a place."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import requests
from PIL import Image
from playwright.sync_api import Page

READY = """() => window.viewer !== undefined && viewer.layerManager.managedLayers.length > 0
    && viewer.layerManager.managedLayers.every((layer) => layer.isReady()) && viewer.isReady()"""
MESSAGES = """() => viewer.layerManager.managedLayers.map((layer) =>
    [layer.name, layer.isReady(), (layer.layer?.dataSources ?? []).map((source) => source.messages.messages)])"""
PATIENCE = 40
"""Seconds: a busy machine takes ten times as long as a quiet one."""
IN_A_ROW = 3

Colour = tuple[int, int, int]


class Looking:
    """A window on the viewer of a server."""

    def __init__(self, page: Page, url: str, verify: str | bool = True) -> None:
        """``verify`` is the certificate to trust."""
        self.page = page
        self.url = url
        self.session = requests.Session()
        self.session.trust_env, self.session.verify = False, verify

    def state(self, query: str, **changes: Any) -> dict[str, Any]:
        """What a link stands for, without what hides voxels."""
        answer = self.session.get(f"{self.url}/ng/state?{query}", timeout=30)
        answer.raise_for_status()
        plain = {"showAxisLines": False, "showScaleBar": False, "showDefaultAnnotations": False, "layout": "xy"}
        return {**answer.json(), "crossSectionScale": 0.25, **plain, **changes}

    def open(self, state: dict[str, Any]) -> float:
        """Store a state, follow its short link, and wait until all of it is drawn; how many seconds that took."""
        answer = self.session.post(f"{self.url}/ng/state", json=state, timeout=30)
        assert answer.status_code == 201, answer.text
        begun = time.monotonic()
        self.page.goto(answer.json()["url"])
        try:
            self.wait()
        except TimeoutError:
            # Rarely, and with TLS, the viewer goes on waiting for what it was sent: seen with Chromium 156.
            self.page.reload()
            self.wait()
        return time.monotonic() - begun

    def wait(self) -> None:
        """Until the viewer says that all is drawn, some times in a row."""
        deadline, seen = time.monotonic() + PATIENCE, 0
        while seen < IN_A_ROW:
            if time.monotonic() > deadline:
                raise TimeoutError(json.dumps(self.page.evaluate(MESSAGES)))
            seen = seen + 1 if self.page.evaluate(READY) else 0
            self.page.wait_for_timeout(100)

    def colour(self, right: int = 0, down: int = 0) -> Colour:
        """Of the pixel so far from the middle of the one panel."""
        panel = self.page.locator(".neuroglancer-rendered-data-panel").bounding_box()
        assert panel is not None
        x, y = panel["x"] + panel["width"] / 2 + right, panel["y"] + panel["height"] / 2 + down
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        found = picture.getpixel((int(x), int(y)))
        assert isinstance(found, tuple)
        return found[0], found[1], found[2]
