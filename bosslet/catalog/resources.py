"""Coordinate frames, collections, experiments and channels behind one name."""

from __future__ import annotations

from bosslet.catalog.channels import Channels
from bosslet.catalog.collections import Collections
from bosslet.catalog.experiments import Experiments
from bosslet.catalog.frames import Frames
from bosslet.catalog.purging import Purging
from bosslet.catalog.restoration import Restoration


class Resources(Frames, Collections, Experiments, Channels, Restoration, Purging):
    """Everything that holds voxels or names something that does.

    Whoever creates a resource gets every permission on it, and so do the administrators, in the same transaction. A
    resource that is deleted is only marked; it keeps its name, and everything here still finds it, except the lists.
    """
