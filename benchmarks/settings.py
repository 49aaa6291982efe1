"""What is chosen for one run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks import volumes
from benchmarks.volumes import Voxels


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one part."""

    folder: Path
    """Empty, and gone afterwards."""
    seconds: float
    """For each cell and round."""
    data: Path | None = None

    def image(self) -> Voxels:
        """The voxels to serve: real ones if there are any."""
        return volumes.load(self.data) if self.data else volumes.image()

    def subfolder(self, name: str) -> Path:
        """A new folder in it."""
        folder = self.folder / name
        folder.mkdir()
        return folder
