"""Which labels some voxels have, how many voxels each, and in which box: counted by runs along x.

Neighbours along x mostly have the same label, so there are far fewer runs than voxels, and it is runs that are sorted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.geometry import Box, Point


@dataclass(frozen=True, slots=True)
class LabelTable:
    """Labels in ascending order, without 0, and one row for each in the other arrays."""

    labels: NDArray[np.uint64]
    counts: NDArray[np.int64]
    """Of voxels."""
    starts: NDArray[np.int32]
    """(n, 3): where the smallest box around the label starts, as (z, y, x)."""
    stops: NDArray[np.int32]
    """(n, 3): where it stops."""

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: NDArray[Any]) -> LabelTable:
        """Some of the rows."""
        return LabelTable(self.labels[rows], self.counts[rows], self.starts[rows], self.stops[rows])

    @property
    def nbytes(self) -> int:
        """In memory."""
        return sum(column.nbytes for column in self._columns())

    @classmethod
    def of(cls, voxels: NDArray[Any], origin: Point) -> LabelTable:
        """The labels of an array (z, y, x) whose first voxel lies at ``origin``."""
        runs = _Runs.of(voxels)
        z, rest = np.divmod(runs.starts, voxels.shape[1] * voxels.shape[2])
        y, x = np.divmod(rest, voxels.shape[2])
        starts = np.stack([z, y, x], axis=1).astype(np.int32) + np.array(origin, np.int32)
        stops = starts + 1
        stops[:, 2] += (runs.lengths - 1).astype(np.int32)
        return cls(runs.labels, runs.lengths, starts, stops)._reduced()

    def merged(self, other: LabelTable) -> LabelTable:
        """The table of both their voxels, which must be different ones."""
        pairs = zip(self._columns(), other._columns(), strict=True)
        return LabelTable(*(np.concatenate(pair) for pair in pairs))._reduced()

    def within(self, box: Box) -> LabelTable | None:
        """What of it lies in a box; None where that cannot be told: a label is partly inside, perhaps."""
        inside = ((self.starts >= box.start) & (self.stops <= box.stop)).all(axis=1)
        outside = ((self.stops <= box.start) | (self.starts >= box.stop)).any(axis=1)
        return self[np.flatnonzero(inside)] if np.all(inside | outside) else None

    def box_of(self, label: int) -> Box | None:
        """The smallest box around a label, None where it does not occur."""
        row = int(np.searchsorted(self.labels, np.uint64(label)))
        if row == len(self) or self.labels[row] != label:
            return None
        (z, y, x), (z_stop, y_stop, x_stop) = self.starts[row].tolist(), self.stops[row].tolist()
        return Box((z, y, x), (z_stop, y_stop, x_stop))

    def _reduced(self) -> LabelTable:
        """One row a label, of rows in any order."""
        if not len(self):
            return self
        ordered = self[np.argsort(self.labels, kind="stable")]
        first = np.flatnonzero(np.append(True, ordered.labels[1:] != ordered.labels[:-1]))
        return LabelTable(
            ordered.labels[first],
            np.add.reduceat(ordered.counts, first),
            np.minimum.reduceat(ordered.starts, first),
            np.maximum.reduceat(ordered.stops, first),
        )

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self.labels, self.counts, self.starts, self.stops


@dataclass(frozen=True, slots=True)
class _Runs:
    """Voxels of one label, other than 0, that follow each other in a row; starts count all voxels before."""

    labels: NDArray[np.uint64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, voxels: NDArray[Any]) -> _Runs:
        flat = np.ascontiguousarray(voxels).reshape(-1)
        first = np.empty(flat.size, np.bool_)
        np.not_equal(flat[1:], flat[:-1], out=first[1:])
        first[:: voxels.shape[-1]] = True
        starts = np.flatnonzero(first)
        lengths = np.diff(starts, append=flat.size)
        labels = flat[starts]
        kept = labels != 0
        return cls(labels[kept].astype(np.uint64), starts[kept], lengths[kept])


NOTHING = LabelTable(
    np.empty(0, np.uint64), np.empty(0, np.int64), np.empty((0, 3), np.int32), np.empty((0, 3), np.int32)
)
"""The table of no voxels, or of zeros."""
