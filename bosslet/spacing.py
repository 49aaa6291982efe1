"""How large a voxel is, in the units that coordinate frames know and in those that people and files write.

On the command line, as in bossDB, the order is x,y,z; inside, as everywhere, it is (z, y, x).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isclose, isfinite

from bosslet.errors import ConfigurationError

NANOMETERS = {"nanometers": 1.0, "micrometers": 1e3, "millimeters": 1e6, "centimeters": 1e7}
"""The units of coordinate frames."""
_KNOWN = {
    **{name: (name, 1.0) for name in ("nanometers", "micrometers", "millimeters", "centimeters")},
    **{name.removesuffix("s"): (name, 1.0) for name in NANOMETERS},
    **dict.fromkeys(("nm",), ("nanometers", 1.0)),
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns"), ("micrometers", 1.0)),
    **dict.fromkeys(("mm",), ("millimeters", 1.0)),
    **dict.fromkeys(("cm",), ("centimeters", 1.0)),
    **dict.fromkeys(("pm", "picometer", "picometers"), ("nanometers", 1e-3)),
    **dict.fromkeys(("å", "å", "angstrom", "angstroms"), ("nanometers", 0.1)),
    **dict.fromkeys(("m", "meter", "meters"), ("centimeters", 100.0)),
    **dict.fromkeys(("in", "inch", "inches"), ("centimeters", 2.54)),
}
_TEXT = re.compile(r"\s*([0-9.eE+-]+)\s*[,x]\s*([0-9.eE+-]+)\s*[,x]\s*([0-9.eE+-]+)\s*(\D*?)\s*")


@dataclass(frozen=True, slots=True)
class Spacing:
    """The size of a voxel.

    >>> print(Spacing.parse("4,4,40nm"), Spacing.parse("0.5,0.5,2 µm").size)
    4,4,40nm (2.0, 0.5, 0.5)
    """

    size: tuple[float, float, float]
    """(z, y, x)."""
    unit: str
    """One of ``NANOMETERS``."""

    @classmethod
    def parse(cls, text: str) -> Spacing:
        """What ``x,y,zUNIT`` says; nanometers when there is no unit. Raises ConfigurationError."""
        match = _TEXT.fullmatch(text)
        try:
            x, y, z = map(float, match.groups()[:3] if match else ())
        except ValueError as error:
            raise ConfigurationError(f"voxel size {text!r}: should look like 4,4,40nm (x, y, z)") from error
        found = cls.of((z, y, x), match[4] or "nm") if match else None
        if found is None:
            raise ConfigurationError(f"voxel size {text!r}: should be three positive numbers and a unit, nm to cm")
        return found

    @classmethod
    def of(cls, size: tuple[float, float, float], unit: str) -> Spacing | None:
        """Sizes (z, y, x) in a unit by any of its names; None where that is no voxel size."""
        known = _KNOWN.get(unit.strip().lower())
        if known is None or not all(isfinite(side) and side > 0 for side in size):
            return None
        name, factor = known
        z, y, x = (side * factor if factor != 1 else float(side) for side in size)
        return cls((z, y, x), name)

    def to(self, unit: str) -> tuple[float, float, float]:
        """The size in another unit of ``NANOMETERS``."""
        factor = NANOMETERS[self.unit] / NANOMETERS[unit]
        z, y, x = (side * factor if factor != 1 else side for side in self.size)
        return z, y, x

    def matches(self, other: Spacing) -> bool:
        """Whether it is the same size, whatever the unit, but for rounding."""
        sides = zip(self.to("nanometers"), other.to("nanometers"), strict=True)
        return all(isclose(mine, theirs, rel_tol=1e-5) for mine, theirs in sides)

    @property
    def isotropic(self) -> bool:
        """Whether voxels are cubes."""
        return len(set(self.size)) == 1

    def __str__(self) -> str:
        short = {"nanometers": "nm", "micrometers": "um", "millimeters": "mm", "centimeters": "cm"}[self.unit]
        return ",".join(f"{side:g}" for side in reversed(self.size)) + short
