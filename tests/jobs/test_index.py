"""``bosslet index``: afterwards no voxel is read to answer; run again, only what was written since is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from bosslet.cli import main
from bosslet.datastore import Datastore
from bosslet.geometry import Box
from bosslet.volume.labels import LabelIndex
from bosslet.volume.volume import Volume
from tests.jobs.conftest import BLOCK, STOP, MakeChannel

NOW = range(1)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Box]:
    """The boxes that were read since."""
    boxes: list[Box] = []
    honest = Volume.read

    def counting(self: Volume, times: range, box: Box) -> Any:
        boxes.append(box)
        return honest(self, times, box)

    monkeypatch.setattr(Volume, "read", counting)
    return boxes


def index(datastore: Datastore, channel: str) -> Result:
    arguments = ["index", channel, "--uploads", str(datastore.uploads)]
    return CliRunner().invoke(main, arguments, env={"BOSSLET_BLOCK_SIZE": "256"}, catch_exceptions=False)


def test_every_block_of_every_level_is_looked_at_once(
    datastore: Datastore, make_channel: MakeChannel, read: list[Box]
) -> None:
    image = datastore.image(make_channel("seg", dtype="uint64", labels=True))
    levels = [image.create_level(resolution) for resolution in (0, 1)]
    for number, level in enumerate(levels):
        level.write(NOW, Box.of(STOP), np.full((1, *STOP), 2**63 + number, np.uint64))
    # Blocks of 8, 12 and 16: 2 * 3 * 3 of the box at each level, and none of the other time sample.
    assert "seg/exp/ch: 36 blocks" in index(datastore, "seg/exp/ch").stdout
    assert read
    read.clear()
    for number, level in enumerate(levels):
        assert LabelIndex(level).labels_in(Box.of(STOP)).tolist() == [2**63 + number]
        assert LabelIndex(level).box_of(2**63 + number) == Box.of(STOP)
    assert index(datastore, "seg/exp/ch").exit_code == 0
    assert read == []
    levels[0].write(NOW, Box.of((1, 1, 1)), np.ones((1, 1, 1, 1), np.uint64))
    index(datastore, "seg/exp/ch")
    assert read
    assert all(box in Box.of(BLOCK) for box in read)


def test_a_channel_without_voxels(datastore: Datastore, make_channel: MakeChannel) -> None:
    make_channel("seg", dtype="uint64", labels=True)
    assert "seg/exp/ch: 0 blocks" in index(datastore, "seg/exp/ch").stdout


@pytest.mark.parametrize("channel", ["em/exp/ch", "em/exp/none", "em/exp", "a/b/c/d", ""])
def test_what_cannot_be_indexed_is_said_in_a_line(
    datastore: Datastore, make_channel: MakeChannel, channel: str
) -> None:
    make_channel("em")
    result = index(datastore, channel)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert not (Path(datastore.uploads) / ".index").exists()
