"""Small file systems of one's own, and the switch that cuts their power. All of it needs root and Linux.

``EXT4_IOC_SHUTDOWN`` without a flush of the journal stops a file system as a power cut does: nothing more reaches the
disk, and what was only in memory is gone after the next mount.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN, the same as XFS_IOC_GOINGDOWN."""
WITHOUT_FLUSH = 2


class NoDisk(Exception):
    """This machine, or this user, cannot have a file system of its own."""


class Disk:
    """An ext4 in a file, mounted on a folder."""

    def __init__(self, image: Path, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self._image = image
        if shutil.which("mkfs.ext4") is None or shutil.which("mount") is None or os.geteuid():
            raise NoDisk("mounting an ext4 takes root, mount and mkfs.ext4")
        with image.open("wb") as file:
            file.truncate(megabytes * 2**20)
        _run("mkfs.ext4", "-q", "-F", str(image))
        folder.mkdir()

    @contextmanager
    def mounted(self, options: str = "rw") -> Iterator[Path]:
        """Its folder, as long as the block lasts."""
        _run("mount", "-o", f"loop,{options}", str(self._image), str(self.folder))
        try:
            self.folder.chmod(0o700)
            yield self.folder
        finally:
            self._unmount()

    def cut(self) -> None:
        """From this moment on nothing reaches the disk any more."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        finally:
            os.close(descriptor)

    def _unmount(self) -> None:
        """Killed processes hold their files for a moment longer than they live."""
        for _ in range(100):
            try:
                return _run("umount", str(self.folder))
            except NoDisk:
                time.sleep(0.1)
        return _run("umount", "--lazy", str(self.folder))


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NoDisk(f"{' '.join(command)}: {done.stderr.strip()}")
