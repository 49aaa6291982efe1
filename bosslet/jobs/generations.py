"""The folder of backups: complete stores side by side, named by when they were made, sharing files that are the same.

DEST/2026-11-21T15-50-16Z/   a generation: an uploads folder like any other
DEST/latest                  a link to the newest
DEST/.building               what is being made, or was when its process was killed
DEST/.unfinished-…           such things of before: what they have is not copied again
DEST/.lock                   held by who makes or removes a generation
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from bosslet.datastore import CATALOG_FILE
from bosslet.errors import ConfigurationError, StorageFull
from bosslet.jobs.locks import open_lock, try_to_lock
from bosslet.volume.folders import sync_folder

LATEST = "latest"
_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Generations:
    """Those of one folder."""

    folder: Path

    def all(self) -> list[Path]:
        """From the oldest to the newest; none where the folder is not there."""
        if not self.folder.is_dir():
            return []
        found = {order: each for each in self.folder.iterdir() if (order := _order(each.name)) and each.is_dir()}
        return [found[order] for order in sorted(found)]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside it nobody else changes them; the folder is made. Raises ConfigurationError where somebody does."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"{self.folder}: cannot be used for backups: {error}") from error
        with open_lock(self.folder / ".lock") as lock:
            if not try_to_lock(lock):
                raise ConfigurationError(f"{self.folder}: another backup is being made there")
            yield

    def begin(self) -> Path:
        """An empty folder for a new generation; what was being built before is kept as unfinished."""
        with _written(self.folder):
            building = self.folder / ".building"
            if building.exists():
                building.rename(self.folder / f".unfinished-{uuid4().hex}")
            building.mkdir(mode=0o700)
            return building

    def unfinished(self) -> list[Path]:
        """What has blocks that need not be copied again."""
        return sorted(self.folder.glob(".unfinished-*"))

    def finish(self, building: Path) -> Path:
        """It is a generation from now on, and the latest; what was unfinished is no longer needed."""
        with _written(self.folder):
            shutil.rmtree(building / ".locks", ignore_errors=True)
            generation = building.rename(self.folder / self._new_name())
            beside = self.folder / f".{LATEST}"
            beside.unlink(missing_ok=True)
            beside.symlink_to(generation.name)
            beside.replace(self.folder / LATEST)
            sync_folder(self.folder)
            for each in self.unfinished():
                shutil.rmtree(each)
        return generation

    def prune(self, keep: int) -> list[str]:
        """Remove the oldest, so that so many stay; the names of those that went."""
        gone = self.all()[:-keep]
        with _written(self.folder):
            for generation in gone:
                # Never half of one under its name.
                shutil.rmtree(generation.rename(self.folder / f".unfinished-{uuid4().hex}"))
        return [generation.name for generation in gone]

    def _new_name(self) -> str:
        """Later than all others, also where the clock was put back: the oldest are removed."""
        now, (newest, number) = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ"), self._newest()
        return now if now > newest else f"{newest}.{number + 1}"

    def _newest(self) -> tuple[str, int]:
        return max((order for each in self.folder.iterdir() if (order := _order(each.name))), default=("", 0))


def _order(name: str) -> tuple[str, int] | None:
    """When a generation was made, and which it was of that second; None for what is none."""
    match = _NAME.fullmatch(name)
    return (match[1], int(match[2] or 0)) if match else None


def generation_in(folder: Path) -> Path:
    """The folder itself if it is a store, else the latest generation in it.

    Raises:
        ConfigurationError: neither.
    """
    found = Generations(folder).all()
    for candidate in (folder, *found[::-1]):
        if (candidate / CATALOG_FILE).is_file():
            return candidate.resolve()
    raise ConfigurationError(f"{folder}: neither a backup nor a folder of backups")


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFull(f"{folder}: cannot be written: {error}") from error
