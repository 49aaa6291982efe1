"""Make the pictures of docs/: what the page and the viewer show of the demo, light and dark, wide and narrow.

    bosslet --port 5961 &  python -m scripts.screenshots http://127.0.0.1:5961

Needs Debian's Chromium and what tests/browser needs.
"""

from __future__ import annotations

import sys
from io import BytesIO
from itertools import product
from pathlib import Path

import requests
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.looking import Looking

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
SIZES = {1280: 800, 390: 844}
COLOURS = 96
VIEWER_COLOURS = 40
"""Few enough for small files; micrographs are nothing but gray."""


def main(url: str) -> None:
    """All pictures, from a server that runs the demo."""
    FOLDER.mkdir(exist_ok=True)
    viewer = f"collection=demo&experiment=tissue&segment={label_in_the_middle(url)}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for scheme, (width, height) in product(("light", "dark"), SIZES.items()):
            size = {"width": width, "height": height}
            page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
            for name, path in {"home": "/", "channel": "/view/demo/tissue/em"}.items():
                page.goto(url + path)
                page.wait_for_load_state("networkidle")
                keep(page, f"{name}-{scheme}-{width}")
            if scheme == "dark":  # the viewer has no other
                look(page, url, viewer)
                keep(page, f"viewer-{width}", VIEWER_COLOURS)
            page.close()
        browser.close()


def label_in_the_middle(url: str) -> str:
    """Of the demo's cells, one that is in the middle of the first view."""
    answer = requests.get(f"{url}/v1/ids/demo/tissue/cells/0/224:225/192:193/160:161/", timeout=60)
    answer.raise_for_status()
    (label,) = answer.json()["ids"]
    return str(label)


def look(page: Page, url: str, query: str) -> None:
    """Image, labels, and the mesh of one of them."""
    page.goto(f"{url}/ng/?{query}")
    Looking(page, url).wait()
    page.wait_for_timeout(2000)


def keep(page: Page, name: str, colours: int = COLOURS) -> None:
    """As a PNG with a palette."""
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(colours, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
