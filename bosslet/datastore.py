"""The one door to what is stored: from names to voxels.

A datastore belongs to one process. Everything that touches TensorStore happens on the first use of ``store``, so that
``prepare`` may run in a process that forks afterwards.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.description import Description
from bosslet.catalog.records import Channel, Experiment, Resource, User
from bosslet.errors import BossletError, ConfigurationError, UnreadableBlock
from bosslet.geometry import Point
from bosslet.volume import labels
from bosslet.volume.activity import Activity
from bosslet.volume.folders import sync_folder
from bosslet.volume.image import LEVELS, Axes, Image, unfinished
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

CATALOG_FILE = "bosslet.db"


class Datastore:
    """A catalog and the voxels that it names."""

    def __init__(
        self, uploads: Path, catalog: Catalog, *, block_shape: Point, chunk_shape: Point, cache_bytes: int
    ) -> None:
        """The shapes are those of channels that will be made; one that exists keeps its own."""
        self.uploads = uploads
        self.catalog = catalog
        self.block_shape = block_shape
        self.chunk_shape = chunk_shape
        self.cache_bytes = cache_bytes
        self._store: Store | None = None
        self._opening = Lock()

    @classmethod
    def open(
        cls,
        uploads: Path | str,
        *,
        catalog_url: str | None = None,
        block_shape: Point = (256, 256, 256),
        chunk_shape: Point = (32, 64, 64),
        cache_bytes: int = 0,
    ) -> Datastore:
        """The datastore of a folder; nothing is read or made yet."""
        folder = Path(uploads).absolute()
        catalog = Catalog.open(catalog_url or f"sqlite:///{folder / CATALOG_FILE}")
        return cls(folder, catalog, block_shape=block_shape, chunk_shape=chunk_shape, cache_bytes=cache_bytes)

    def prepare(self) -> None:
        """Make the folder, readable by its owner alone, and bring the catalog up to date.

        Raises:
            ConfigurationError: the folder cannot be made or written, or the catalog is of a later bosslet.
        """
        try:
            _make_folder(self.uploads)
        except OSError as error:
            raise ConfigurationError(f"{self.uploads}: cannot be used as the uploads folder: {error}") from error
        self.catalog.prepare()

    def close(self) -> None:
        """Give back the connections to the catalog, and let what is known of the blocks hold for later processes."""
        if self._store is not None:
            self._store.close()
        self.catalog.close()

    def complete(self) -> None:
        """Finish what processes had begun that were killed: channels without files, levels that are not listed.

        Takes as long as there is such work, however large the store is. What a living process is about to finish itself
        is done twice, which does no harm; and a mark without a channel may be that of one that is about to get it.

        Raises:
            StorageError: something of it could not be done; it stays to be done the next time.
        """
        self.store.sweep()
        self._reinstate()
        ledger = self.store.ledger
        paths = ledger.unfinished() if ledger else []
        if ledger and paths:
            for channel in self.catalog.resources.all_channels():
                if channel.path in paths:
                    self._make_files(channel)
                    self.image(channel).describe()
                    ledger.finish(channel.path)

    def _reinstate(self) -> None:
        """A process was killed that was about to put a channel's files elsewhere, and had said so already."""
        retirement = self.store.retirement
        for channel in self.catalog.resources.all_channels() if retirement and retirement.any else ():
            if retirement and not channel.marked and retirement.is_retired(channel.path) and self._has_image(channel):
                with self.store.locks.hold_all():
                    retirement.reinstate(channel.path)

    def _has_image(self, channel: Channel) -> bool:
        return self.store.document(f"{channel.path}/zarr.json") is not None

    @property
    def store(self) -> Store:
        """The voxels on disk; the first use starts TensorStore's threads, after which this process must not fork."""
        with self._opening:
            if self._store is None:
                self._store = Store.in_folder(self.uploads, cache_bytes=self.cache_bytes)
            return self._store

    @property
    def activity(self) -> Activity:
        """What this process has done with blocks so far; nothing before the first use of ``store``."""
        return self._store.tally.activity() if self._store is not None else Activity()

    def volume(self, collection: str, experiment: str, channel: str, resolution: int = 0) -> Volume:
        """The voxels of a channel at a resolution.

        Raises:
            NotFound: no such channel.
        """
        return self.image(self.catalog.resources.channel(collection, experiment, channel)).create_level(resolution)

    def image(self, channel: Channel) -> Image:
        """All resolutions of a channel on disk."""
        experiment = channel.experiment
        unit = experiment.time_step_unit
        return Image(
            store=self.store,
            path=channel.path,
            layout=Layout(channel.datatype, channel.block_shape, channel.chunk_shape),
            pyramid=experiment.pyramid,
            axes=Axes(
                space_unit=experiment.frame.voxel_unit.removesuffix("s"),
                time_step=float(experiment.time_step or 1),
                time_unit=unit.removesuffix("s") if unit else None,
            ),
            time_samples=experiment.num_time_samples,
            labels=channel.annotation,
            # Asked for when they are written, by which time others may have changed or renamed it.
            attributes=lambda: self.catalog.resources.description(channel.id).json_ready(),
        )

    def create_channel(self, experiment: Experiment, name: str, creator: User, **settings: Any) -> Channel:  # noqa: ANN401 - catalog.fields has them
        """Make a channel: in the catalog, and its native array on disk.

        Raises:
            NameTaken, InvalidName, InvalidField: nothing was made.
            StorageError: the disk did not take it, and it is not in the catalog either.
        """
        resources = self.catalog.resources
        path = resources.unused_path(experiment, name, self.holds_files)
        with unfinished(self.store, path):
            channel = resources.create_channel(
                experiment,
                name,
                creator,
                **settings,
                block_shape=self.block_shape,
                chunk_shape=self.chunk_shape,
                path=path,
            )
            try:
                self._make_files(channel)
            except BossletError:
                resources.forget_channel(channel)
                raise
        if channel.sources or channel.related:
            self.describe(channel)
        return channel

    def delete_channel(self, channel: Channel) -> None:
        """Mark it, also in its files; of what can be computed again nothing is kept.

        Raises:
            InUse: another channel was made from it.
        """
        self.catalog.resources.delete_channel(channel)
        self.describe(channel)
        labels.forget(self.store, channel.path)

    def describe(self, resource: Resource) -> None:
        """Write anew what the files say of the channels in a resource, after it was changed, renamed or marked.

        Where they say the same already, they stay. Other channels of an experiment name the one that was changed.
        """
        outer = resource.experiment if isinstance(resource, Channel) else resource
        for channel in self.catalog.resources.channels_in(outer):
            if not self.is_described(channel):
                self.image(channel).describe()

    def is_described(self, channel: Channel) -> bool:
        """Whether the files of a channel say what the catalog says.

        Raises:
            NotFound: the catalog does not know it any more.
        """
        try:
            said = self.description_in_files(channel.path)
        except UnreadableBlock:
            return False
        return said.agrees_with(self.catalog.resources.description(channel.id))

    def description_in_files(self, path: str) -> Description:
        """What the files at a path say that they are.

        Raises:
            UnreadableBlock: nothing, or nothing that can be understood.
        """
        return Description.in_document(self.store.document(f"{path}/zarr.json") or b"")

    def reserve_ids(self, channel: Channel, count: int) -> int:
        """As of the catalog; and the files know a bound of what was reserved before anybody is given it."""
        first = self.catalog.resources.reserve_ids(channel.id, count)
        if (first - 1).bit_length() != (first + count - 1).bit_length():
            self.image(channel).describe()
        return first

    def _make_files(self, channel: Channel) -> None:
        image = self.image(channel)
        if channel.base_resolution in LEVELS:
            image.create_level(channel.base_resolution)
        else:
            # bossDB lets one name a level that no URL can ask for; there is nothing to keep for it.
            image.describe()

    def holds_files(self, path: str) -> bool:
        """Whether a path is in use on disk, perhaps by an image that a lost catalog knew; or no longer to be used."""
        if self.store.retirement is not None and self.store.retirement.is_retired(path):
            return True
        places = [path, *(f"{path}/{level}" for level in LEVELS)]
        return any(self.store.document(f"{place}/zarr.json") is not None for place in places)


def _make_folder(folder: Path) -> None:
    """With those above it that are missing; their names outlive a power cut."""
    if not folder.is_dir():
        if not folder.parent.exists():
            _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
