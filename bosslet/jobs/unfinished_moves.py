"""What an ``optimize`` that was stopped left: an image beside the channel, and notes of how far it was.

The notes are a file for the place of the image, and one for each level, all named after the channel's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bosslet.catalog.records import Channel
from bosslet.datastore import Datastore
from bosslet.jobs.journal import Journal
from bosslet.jobs.locks import lock_file


@dataclass(frozen=True, slots=True)
class UnfinishedMove:
    """That of one channel, if there is one."""

    datastore: Datastore
    channel: Channel

    def journal(self, level: str) -> Journal:
        """How far a level is."""
        return Journal(self._file(f"level-{level}"))

    def path(self, wish: str) -> str:
        """Where to make the image: where it was begun, if that was for the same wish; else a place of its own."""
        place = Journal(self._file("place"))
        begun = place.header
        if begun is not None and begun["wish"] == wish and begun["path"] != self.channel.path:
            return str(begun["path"])
        self.discard()
        resources, experiment = self.datastore.catalog.resources, self.channel.experiment
        path = resources.unused_path(experiment, self.channel.name, self.datastore.holds_files)
        with place.writing({"wish": wish, "path": path}):
            return path

    def discard(self) -> None:
        """Remove the image, unless it is a channel's by now, and all notes."""
        begun = Journal(self._file("place")).header
        if begun is not None and all(each.path != begun["path"] for each in self._channels()):
            if self.datastore.store.ledger is not None:
                self.datastore.store.ledger.forget(begun["path"])
            self.datastore.store.remove(begun["path"])
        for file in sorted(self._file("").parent.glob(f"optimize-{self.channel.id}-*.jsonl")):
            file.unlink()

    def _channels(self) -> list[Channel]:
        return self.datastore.catalog.resources.all_channels()

    def _file(self, name: str) -> Path:
        return lock_file(self.datastore.uploads, f"optimize-{self.channel.id}-{name}").with_suffix(".jsonl")
