"""Draws logo.png: a boss, the stud of a shield, built of voxels and cut into the cells of a segmentation.

Run from the root of the repository: ``python scripts/draw_logo.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageDraw

SIDE = 512
OVERSAMPLING = 4
RADIUS = 8.5
EDGE = 0.034 * SIDE * OVERSAMPLING
CELLS = ("#2a9d8f", "#e9c46a", "#e76f51", "#4d7ea8", "#8ab17d", "#b56576", "#f4a261")
SHADES = {"top": 1.0, "left": 0.78, "right": 0.58}
Point2 = tuple[float, float]


def voxels() -> list[tuple[int, int, int]]:
    """The dome and the rim that it stands on, (z, y, x) with z up, those in front last."""
    reach = int(RADIUS) + 3
    grid = np.mgrid[0 : reach + 1, -reach : reach + 1, -reach : reach + 1].reshape(3, -1).T
    flat = np.hypot(grid[:, 1], grid[:, 2])
    dome = flat**2 + (0.85 * grid[:, 0]) ** 2 <= RADIUS**2
    rim = (grid[:, 0] == 0) & (flat <= RADIUS + 2.4)
    return sorted(((int(z), int(y), int(x)) for z, y, x in grid[dome | rim]), key=lambda v: (v[1] + v[2], v[0]))


def colour(voxel: tuple[int, int, int], seeds: np.ndarray, face: str) -> tuple[int, int, int]:
    """The colour of the nearest seed; steel for the rim."""
    z, y, x = voxel
    on_rim = z == 0 and np.hypot(y, x) > RADIUS
    cell = int(((seeds - np.array(voxel)) ** 2).sum(1).argmin())
    red, green, blue = ImageColor.getrgb("#5b6b7b" if on_rim else CELLS[cell % len(CELLS)])[:3]
    shade = SHADES[face]
    return round(red * shade), round(green * shade), round(blue * shade)


def faces(voxel: tuple[int, int, int]) -> dict[str, list[Point2]]:
    """The three sides that one sees of a cube, as polygons."""
    z, y, x = voxel
    across, down = EDGE * 0.866, EDGE / 2
    middle = SIDE * OVERSAMPLING / 2
    left, top = middle + (x - y) * across, middle * 1.2 + (x + y) * down - (z + 1) * EDGE
    corner, low = (left, top + 2 * down), (left, top + 2 * down + EDGE)
    west, east = (left - across, top + down), (left + across, top + down)
    return {
        "top": [(left, top), east, corner, west],
        "left": [west, corner, low, (west[0], west[1] + EDGE)],
        "right": [corner, east, (east[0], east[1] + EDGE), low],
    }


def draw() -> Image.Image:
    """The logo on a transparent ground."""
    seeds = np.random.default_rng(5).uniform((0, -9, -9), (8, 9, 9), (19, 3))
    image = Image.new("RGBA", (SIDE * OVERSAMPLING,) * 2)
    pen = ImageDraw.Draw(image)
    for voxel in voxels():
        for face, polygon in faces(voxel).items():
            pen.polygon(polygon, fill=colour(voxel, seeds, face), outline=(30, 36, 44), width=OVERSAMPLING)
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).quantize(128, method=Image.Quantize.FASTOCTREE)


if __name__ == "__main__":
    draw().save(Path(__file__).parent.parent / "logo.png", optimize=True)
