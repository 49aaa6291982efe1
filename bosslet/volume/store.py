"""One folder (or memory) of arrays, seen through one TensorStore context per process.

The context, its cache and its threads are shared by all arrays. Cached chunks are checked against their file before
they are used, since other processes write the same folder.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import tensorstore as ts

from bosslet.errors import UnreadableBlock
from bosslet.volume.activity import Tally
from bosslet.volume.extracts import Reading
from bosslet.volume.faults import translated_errors
from bosslet.volume.folders import Folders
from bosslet.volume.layout import Json, Layout
from bosslet.volume.ledger import FOLDER, Ledger
from bosslet.volume.leftovers import empty_leftover, remove_leftover
from bosslet.volume.locks import AllHeld, Locks
from bosslet.volume.offers import Offers
from bosslet.volume.presence import Presence
from bosslet.volume.retirement import Retirement

MAX_OPEN_ARRAYS = 4096
"""How many arrays are kept open; past that all are dropped and opened again at need, at 0.05 ms each."""

Shape = tuple[int, int, int, int]
"""Of an array: (t, z, y, x)."""


class Store:
    """Arrays and small JSON documents by path; the only place that speaks to TensorStore's key-value stores."""

    def __init__(self, url: str, locks: Locks, *, cache_bytes: int = 0) -> None:
        """``url`` is ``file:///…/`` or ``memory://…/``; the locks guard every write to its blocks."""
        self.url = url if url.endswith("/") else f"{url}/"
        self.locks = locks
        self.offers = Offers(locks.folder / "waiting")
        self.tally = Tally()
        self._context = ts.Context({"cache_pool": {"total_bytes_limit": cache_bytes}})
        self._documents = ts.KvStore.open(self.url, context=self._context).result()
        self._arrays: dict[tuple[str, Layout], ts.TensorStore] = {}
        parts = urlsplit(self.url)
        self._root = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._folders = None if self._root is None else Folders(self._root)
        self.ledger = None if self._root is None else Ledger(self._root / FOLDER)
        self.retirement = None if self._root is None else Retirement(self._root)
        self.presence = None
        if self._root is not None and self._folders is not None and self.ledger is not None:
            self.presence = Presence(self._root, self._folders, self.ledger)

    def unlocked(self) -> Store:
        """Another store of the same folder that takes no locks: for who holds all of them; to be closed."""
        return Store(self.url, AllHeld(self.locks.folder))

    @classmethod
    def in_folder(cls, uploads: Path, *, cache_bytes: int = 0) -> Store:
        """The store of an uploads folder, which must exist; its locks are kept in a hidden folder inside."""
        folder = uploads.resolve() / ".locks"
        folder.mkdir(mode=0o700, exist_ok=True)
        return cls(uploads.resolve().as_uri(), Locks(folder), cache_bytes=cache_bytes)

    def array(self, path: str, layout: Layout, *, fresh: bool = False) -> ts.TensorStore | None:
        """The array at a path, None where there is none; ``fresh`` reads its shape anew: others may have grown it.

        Raises:
            UnreadableBlock: its metadata is damaged, not of this layout, or gone; or it has become smaller.
        """
        if not fresh and (opened := self._arrays.get((path, layout))) is not None:
            return opened
        known = self.ledger.shape(path) if self.ledger else None
        with translated_errors(path):
            array = self._open(path, layout) if self._has_array(path) else None
        if self.presence is not None:
            self.presence.check_array(path, known, None if array is None else _shape(array))
        return None if array is None else self._remember(path, layout, array)

    def create_array(self, path: str, layout: Layout, shape: Shape) -> ts.TensorStore:
        """The array at a path, made with this layout and shape where there is none; takes a lock as ``grow`` does."""
        if (found := self.array(path, layout)) is not None:
            return found
        with self.locks.hold([f"{path}/zarr.json"]), translated_errors(path, writing=True):
            self.prepare(f"{path}/zarr.json")
            try:
                created = self._open(path, layout, shape)
            except ValueError as error:
                # It is there since this very moment, and may by now have been grown: take it as it is.
                if "ALREADY_EXISTS" not in str(error):
                    raise
                created = self._open(path, layout)
        return self._noted(path, layout, created)

    def grow(self, path: str, layout: Layout, shape: Shape) -> ts.TensorStore:
        """The array, its shape extended where ``shape`` is larger; an array never shrinks.

        Takes the lock of its metadata: never call it while holding the lock of a block.
        """
        with self.locks.hold([f"{path}/zarr.json"]), translated_errors(path, writing=True):
            array = self._open(path, layout)
            self.prepare(f"{path}/zarr.json")
            union = [max(sides) for sides in zip(array.shape, shape, strict=True)]
            grown = array.resize(exclusive_max=union, expand_only=True).result()
        return self._noted(path, layout, grown)

    def document(self, path: str) -> bytes | None:
        """The bytes of a small file, None where there is none."""
        with translated_errors(path):
            if not self._is_inside(path) or (self._root is not None and (self._root / path).is_symlink()):
                raise UnreadableBlock(f"{path}: a symbolic link, or behind one that leads out of the uploads folder")
            found = self._documents.read(path).result()
        return bytes(found.value) if found.state == "value" else None

    def write_document(self, path: str, content: bytes) -> None:
        """Put a small file: written beside, synced, renamed over the old one; the caller holds the lock of its path."""
        with translated_errors(path, writing=True):
            self.prepare(path)
            self._documents.write(path, content).result()

    def prepare(self, path: str) -> None:
        """To be called before a file is written: its folder outlives a power cut, and no killed writer's rest is near.

        Of its own, TensorStore makes folders too, but does not sync their names; see also ``leftovers``.

        Raises:
            Busy: the image was put elsewhere since it was looked up (``retirement``).
        """
        self.check_place(path)
        if self._root is not None and self._folders is not None:
            if folder := path.rpartition("/")[0]:
                self._folders.ensure(folder)
            empty_leftover(self._root / path)

    def remove(self, folder: str) -> None:
        """Remove a folder with all that is in it; it need not be there."""
        if self._root is not None and self._is_inside(f"{folder}/"):
            with translated_errors(folder, writing=True), suppress(FileNotFoundError):
                shutil.rmtree(self._root / folder)

    def check_place(self, path: str) -> None:
        """To be called after a read, and under the lock of what is written; raises Busy for an image that was moved."""
        if self.retirement is not None:
            self.retirement.check(path)

    def sweep(self) -> None:
        """Remove what writers that were killed left beside files; takes no longer when there are more files."""
        if self._root is not None:
            with translated_errors(self.url, writing=True):
                self.offers.sweep()
                for names in self.locks.last_held():
                    for name in filter(self._is_inside, names):
                        remove_leftover(self._root / name)

    def reading(self, path: str, ranges: list[slice]) -> Reading:
        """Pieces of a file, from now on being read."""
        return Reading(self._documents, path, ranges)

    def file_state(self, path: str) -> object:
        """What is another one after each write of a file; None while there is none."""
        if self._root is None:
            return bytes(self._documents.read(path, byte_range=slice(0, 0)).result().stamp.generation)
        try:
            found = os.stat(f"{self._root}/{path}")  # noqa: PTH116 - for every block of every read, see ``presence``
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def copied(self, path: str, name: str) -> ts.TensorStore:
        """The array at a path with a copy of one of its files, as that is at this moment; all else in it is absent."""
        context = ts.Context()
        copies = ts.KvStore.open("memory://", context=context).result()
        for each in ("zarr.json", name):
            if (content := self.document(f"{path}/{each}")) is not None:
                copies.write(each, content).result()
        return ts.open({"driver": "zarr3", "kvstore": "memory://"}, context=context, open=True).result()

    def names(self, folder: str) -> list[str]:
        """The paths of all files below a folder, relative to it, in no order."""
        prefix = f"{folder}/"
        # "0" is the character after "/".
        below = ts.KvStore.KeyRange(prefix, f"{folder}0")
        with translated_errors(folder):
            return [key.decode() for key in self._documents.list(below, strip_prefix_length=len(prefix)).result()]

    def _is_inside(self, path: str) -> bool:
        return self._folders is None or self._folders.is_inside(path.rpartition("/")[0])

    def _has_array(self, path: str) -> bool:
        """Whether there is an array; blocks without the document that says what they are do not pass for none."""
        if self.document(f"{path}/zarr.json") is not None:
            return True
        if not self.names(f"{path}/c"):
            return False
        # Looked for once more: others may have made the array, and written to it, in between.
        if self.document(f"{path}/zarr.json") is None:
            raise UnreadableBlock(f"{path}: there are blocks, but zarr.json is missing")
        return True

    def _open(self, path: str, layout: Layout, shape: Shape | None = None) -> ts.TensorStore:
        """The array that is there; with a shape, one that is made and must not be there."""
        spec: Json = {"driver": "zarr3", "kvstore": f"{self.url}{path}/"}
        if shape is None:
            return ts.open(spec | {"metadata": layout.constraints()}, context=self._context, open=True).result()
        return ts.open(spec | {"metadata": layout.metadata(shape)}, context=self._context, create=True).result()

    def _noted(self, path: str, layout: Layout, array: ts.TensorStore) -> ts.TensorStore:
        if self.ledger is not None:
            self.ledger.note_shape(path, _shape(array))
        return self._remember(path, layout, array)

    def close(self) -> None:
        """What is known of the blocks holds for later processes too; the store may be used again all the same."""
        if self.ledger is not None:
            self.ledger.seal()
            self.ledger.close()

    def _remember(self, path: str, layout: Layout, array: ts.TensorStore) -> ts.TensorStore:
        if len(self._arrays) >= MAX_OPEN_ARRAYS:
            self._arrays.clear()
        self._arrays[path, layout] = array
        return array


def _shape(array: ts.TensorStore) -> Shape:
    time, z, y, x = array.shape
    return time, z, y, x
