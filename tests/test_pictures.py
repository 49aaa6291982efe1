"""The pictures of the documentation are small, and all of them are shown."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parent.parent / "docs"
MOST_BYTES = 300_000


def test_pictures_are_small_and_used() -> None:
    shown = set(re.findall(r"\(pictures/([\w-]+\.png)\)", (DOCS / "page.md").read_text()))
    there = {path.name for path in (DOCS / "pictures").iterdir()}
    assert there == shown
    for path in (DOCS / "pictures").iterdir():
        assert path.stat().st_size < MOST_BYTES
        with Image.open(path) as picture:
            assert f"-{picture.width}" in path.stem
