"""What the system refuses: room, files, permission. Nothing is lost by it, and it passes when its cause does."""

import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.errors import StorageError, StorageFull, UnreadableBlock
from bosslet.geometry import Box
from bosslet.volume.faults import translated_errors
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

Fill = Callable[..., NDArray[Any]]

NOW = range(1)
NOISE = Layout("uint8", block=(32, 32, 32), chunk=(16, 16, 32))
SPACE = Box.of((32, 64, 96))


def noise(box: Box, seed: int) -> NDArray[np.uint8]:
    """Voxels that do not compress and are not zero."""
    return np.random.default_rng(seed).integers(1, 255, (1, *box.shape), np.uint8)


@contextmanager
def limited(kind: int, to: int) -> Iterator[None]:
    """This process, with a lower limit of the system for a while."""
    soft, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (to, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (soft, hard))


@pytest.fixture
def tiny_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system that the parameter limits, where this machine lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    command = [mount or "", "-t", "tmpfs", "-o", request.param, "tmpfs", str(disk)]
    if mount is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no right to mount a file system")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(volume: Volume) -> int:
    """Write time samples until one is refused; how many were not."""
    block = Box.of((32, 32, 32))
    for time in range(100):
        try:
            volume.write(range(time, time + 1), block, noise(block, time))
        except StorageFull:
            return time
    raise AssertionError("the disk is not full")


def code(number: int) -> ValueError:
    """An error as TensorStore words it; the number is what counts."""
    return ValueError(
        f"Error writing local file \"/No space left/x\": {os.strerror(number)} [os_error_code='{number}']"
    )


NO_ROOM = [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM]


@pytest.mark.parametrize("number", NO_ROOM)
def test_no_room_and_no_permission_to_write_are_storage_full(number: int) -> None:
    for error in (code(number), OSError(number, os.strerror(number))):
        with pytest.raises(StorageFull, match="c/e/em/0"), translated_errors("c/e/em/0", writing=True):
            raise error


@pytest.mark.parametrize("number", [*NO_ROOM, errno.EIO])
def test_whatever_goes_wrong_when_reading_is_an_unreadable_block(number: int) -> None:
    for error in (code(number), OSError(number, os.strerror(number))):
        with pytest.raises(UnreadableBlock, match="c/e/em/0"), translated_errors("c/e/em/0"):
            raise error


def test_a_name_that_sounds_like_a_full_disk_is_not_one() -> None:
    with pytest.raises(StorageError) as caught, translated_errors("c/e/em/0", writing=True):
        raise code(errno.EIO)
    assert type(caught.value) is StorageError


def test_our_own_errors_pass_as_they_are() -> None:
    error = StorageFull("as it was")
    with pytest.raises(StorageFull) as caught, translated_errors("c/e/em/0"):
        raise error
    assert caught.value is error


def test_a_block_that_finds_no_room_is_refused_and_the_old_one_stays(
    folder: Store, snapshot: Callable[[], object]
) -> None:
    volume = Volume(folder, "c/e/em/0", NOISE, (1, *SPACE.shape))
    volume.write(NOW, SPACE, np.ones((1, *SPACE.shape), np.uint8))
    before = snapshot()
    with limited(resource.RLIMIT_FSIZE, 10_000), pytest.raises(StorageFull, match="c/e/em/0 0:32,0:32,0:32"):
        volume.write(NOW, SPACE, noise(SPACE, 1))
    assert snapshot() == before
    assert (volume.read(NOW, SPACE) == 1).all()
    volume.write(NOW, SPACE, noise(SPACE, 2))
    assert np.array_equal(volume.read(NOW, SPACE), noise(SPACE, 2))


def test_an_array_that_finds_no_room_to_be_made_or_to_grow_is_refused(
    folder: Store, layout: Layout, voxels: Fill, snapshot: Callable[[], dict[str, object]]
) -> None:
    volume = Volume(folder, "c/e/em/0", layout, (1, 8, 12, 16))
    box = Box.of((8, 12, 16))
    with limited(resource.RLIMIT_FSIZE, 100), pytest.raises(StorageFull, match="c/e/em/0"):
        volume.write(NOW, box, voxels(box))
    assert snapshot() == {}
    volume.write(NOW, box, voxels(box))
    before = snapshot()
    with limited(resource.RLIMIT_FSIZE, 100), pytest.raises(StorageFull, match="c/e/em/0"):
        volume.write(range(1, 2), box, voxels(box))
    assert snapshot() == before


@pytest.mark.parametrize("tiny_disk", ["size=600k", "nr_inodes=60"], indirect=True)
def test_a_full_disk_loses_nothing_and_recovers_without_a_restart(tiny_disk: Path) -> None:
    volume = Volume(Store.in_folder(tiny_disk), "c/e/em/0", NOISE, (1, 32, 32, 32))
    block = Box.of((32, 32, 32))
    written = fill(volume)
    assert written > 5
    assert not list(tiny_disk.rglob("*__lock"))
    for time in range(written):
        assert np.array_equal(volume.read(range(time, time + 1), block), noise(block, time))
    for time in (0, 2):
        (tiny_disk / f"c/e/em/0/c/{time}/0/0/0").unlink()
    volume.write(range(1, 2), block, noise(block, 99))
    assert np.array_equal(volume.read(range(1, 2), block), noise(block, 99))


@pytest.mark.parametrize("tiny_disk", ["size=600k"], indirect=True)
def test_a_full_disk_is_emptied_by_clearing(tiny_disk: Path) -> None:
    volume = Volume(Store.in_folder(tiny_disk), "c/e/em/0", NOISE, (1, 32, 32, 32))
    written = fill(volume)
    volume.clear(range(written - 1), Box.of((32, 32, 32)))
    assert fill(volume) > written // 2  # the journal of the ledger has taken some of the room


def test_a_lock_that_cannot_be_taken_is_an_error_of_the_store(folder: Store, tmp_path: Path) -> None:
    volume = Volume(folder, "c/e/em/0", NOISE, (1, *SPACE.shape))
    (tmp_path / ".locks").rmdir()
    with pytest.raises(StorageError, match="locks"):
        volume.write(NOW, SPACE, noise(SPACE, 1))


def test_a_write_over_many_blocks_needs_few_open_files(folder: Store) -> None:
    tiny = Layout("uint8", (1, 2, 3), (1, 2, 3))
    volume = Volume(folder, "c/e/em/0", tiny, (1, 5, 12, 18))
    box = Box.of((5, 12, 18))
    with limited(resource.RLIMIT_NOFILE, len(list(Path("/dev/fd").iterdir())) + 40):
        volume.write(NOW, box, noise(box, 1))
        volume.merge(NOW, box, noise(box, 2) * (noise(box, 3) > 99))
        volume.clear(NOW, box)
    assert not volume.read(NOW, box).any()
