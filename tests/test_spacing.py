"""Voxel sizes in every way in which people and files write them."""

from __future__ import annotations

import pytest

from bosslet.errors import ConfigurationError
from bosslet.spacing import NANOMETERS, Spacing


@pytest.mark.parametrize(
    ("text", "size", "unit"),
    [
        ("4,5,40nm", (40, 5, 4), "nanometers"),
        ("4,5,40", (40, 5, 4), "nanometers"),
        ("0.25, 0.5, 2 µm", (2, 0.5, 0.25), "micrometers"),
        ("1x2x3mm", (3, 2, 1), "millimeters"),
        ("1e-3,1e-3,1e-3 centimeter", (1e-3, 1e-3, 1e-3), "centimeters"),
        ("10,20,30 Å", (3, 2, 1), "nanometers"),
    ],
)
def test_what_people_write(text: str, size: tuple[float, float, float], unit: str) -> None:
    found = Spacing.parse(text)
    assert (found.size, found.unit) == (pytest.approx(size), unit)


@pytest.mark.parametrize(
    "text", ["", "4", "4,4", "4,4,4,4", "4,4,0nm", "4,4,-1nm", "4,4,4 miles", "a,b,c", "1..2,4,4", "1e999,4,4"]
)
def test_what_is_no_voxel_size(text: str) -> None:
    with pytest.raises(ConfigurationError, match="voxel size"):
        Spacing.parse(text)


def test_the_same_size_in_another_unit() -> None:
    small = Spacing((40.0, 4.0, 5.0), "nanometers")
    for unit in NANOMETERS:
        other = Spacing(small.to(unit), unit)
        assert other.matches(small)
        assert Spacing.parse(str(other)).matches(small)
    assert not small.matches(Spacing((4.0, 40.0, 5.0), "nanometers"))
    assert not small.isotropic
