"""Back up a store that is in use: a complete store each time, which shares with the one before what did not change.

Whether a block changed is told by its generation in the two ledgers: of a store in which nothing was written, not a
byte of voxels is read. What is copied is read back from the disk, and every checksum in it checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from bosslet.datastore import Datastore
from bosslet.errors import ConfigurationError
from bosslet.jobs import notes
from bosslet.jobs.clone import Clone, clone
from bosslet.jobs.generations import Generations
from bosslet.jobs.maintenance import maintenance


@dataclass(frozen=True, slots=True)
class Backup:
    """A generation that was made."""

    generation: str
    channels: int
    blocks: int
    copied: int
    copied_bytes: int
    findings: tuple[str, ...]
    """What is wrong with the store. It is all the same in the backup, and older ones were not removed."""
    removed: tuple[str, ...]
    seconds: float


def backup(
    datastore: Datastore, folder: Path, keep: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> Backup:
    """Make a generation, and remove the oldest beyond ``keep`` of them.

    Interrupted, what was copied is kept for the next one.

    Raises:
        ConfigurationError: other maintenance is under way; the folder cannot be used; the catalog is not SQLite.
        StorageError: no room.
    """
    started, generations = monotonic(), Generations(folder.absolute())
    if folder.resolve().is_relative_to(datastore.uploads.resolve()):
        raise ConfigurationError(f"{folder}: a backup inside the uploads folder would go down with it")
    with maintenance(datastore), generations.alone():
        earlier = [*generations.all()[-1:], *generations.unfinished()]
        building = generations.begin()
        with opened([*earlier, *generations.unfinished()]) as previous:
            made = clone(datastore, building, previous, progress)
        name = generations.finish(building).name
        removed = () if made.findings else tuple(generations.prune(keep))
    _note(datastore, made, folder, name)
    tally = made.tally
    return Backup(
        name,
        len(made.channels),
        tally.blocks,
        tally.copied,
        tally.copied_bytes,
        tuple(made.findings),
        removed,
        monotonic() - started,
    )


@contextmanager
def opened(folders: list[Path]) -> Iterator[list[Datastore]]:
    """The stores in some folders, for their blocks; nothing is asked of their catalogs."""
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Datastore.open(folder))) for folder in dict.fromkeys(folders)]


def _note(datastore: Datastore, made: Clone, folder: Path, name: str) -> None:
    done = {
        channel.path: {
            "to": str(folder),
            "generation": name,
            "findings": sum(finding.startswith(f"{channel},") for finding in made.findings),
        }
        for channel in made.channels
    }
    notes.note(datastore, "backup", done)
