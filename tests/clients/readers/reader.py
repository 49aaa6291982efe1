"""All clients that the table knows: how each is called, what it reads, and which function has it read.

A client that is not installed is known all the same; only ``load`` imports it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pkgutil import resolve_name

from tests.clients.readers.site import Site, Volume, Voxels

Read = Callable[[Site, Volume], Voxels]

BROWSER, CHROMIUM = ("neuroglancer", "playwright"), "chromium"


class Missing(Exception):
    """A client that is not to be had on this machine; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One way in which one client reads."""

    client: str
    dialect: str
    function: str
    """``<module>:<name>``, below this package."""
    packages: tuple[str, ...] = ()
    """Distributions; the version of the client is that of the first one."""
    program: str | None = None
    """What has to be on the PATH."""

    @property
    def name(self) -> str:
        """As ``--only`` has it."""
        return f"{self.client} {self.dialect}"

    def version(self) -> str:
        """Of what is installed; raises Missing."""
        if self.program is not None and shutil.which(self.program) is None:
            raise Missing(f"no {self.program} here")
        try:
            found = [metadata.version(package) for package in self.packages]
        except metadata.PackageNotFoundError as error:
            raise Missing(f"{error.name} is not installed") from error
        return found[0] if found else _version_of(self.program)

    def load(self) -> Read:
        """What reads all of a volume."""
        found: Read = resolve_name(f"tests.clients.readers.{self.function}")
        return found


def _version_of(program: str | None) -> str:
    assert program is not None
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"[0-9]+(\.[0-9]+)+", told)
    assert found is not None, told
    return found.group()


READERS = (
    Reader("curl", "bossDB, npygz", "over_http:curl_npygz", program="curl"),
    Reader("curl", "bossDB, blosc", "over_http:curl_blosc", program="curl"),
    Reader("requests", "bossDB, blosc", "over_http:requests_blosc", ("requests", "blosc")),
    Reader("intern get_cutout", "bossDB", "with_intern:cutout", ("intern",)),
    Reader("intern.array", "bossDB", "with_intern:array", ("intern",)),
    Reader("intern CloudVolumeRemote", "precomputed", "with_intern:cloud_volume_remote", ("intern", "cloud-volume")),
    Reader("cloud-volume", "precomputed", "cloud_volume:as_it_is", ("cloud-volume",)),
    Reader("cloud-volume", "precomputed, raw", "cloud_volume:raw", ("cloud-volume",)),
    Reader("cloud-volume", "precomputed, by tasks", "cloud_volume:tasks", ("cloud-volume",)),
    Reader("cloud-volume", "precomputed, copied", "cloud_volume:transfer", ("cloud-volume",)),
    Reader("igneous", "precomputed", "igneous_tasks:transfer", ("igneous-pipeline",)),
    Reader("TensorStore", "precomputed", "tensor_store:precomputed", ("tensorstore",)),
    Reader("TensorStore", "OME-Zarr", "tensor_store:zarr3", ("tensorstore",)),
    Reader("zarr-python", "OME-Zarr, fsspec", "zarr_python:over_fsspec", ("zarr", "fsspec", "obstore")),
    Reader("zarr-python", "OME-Zarr, obstore", "zarr_python:over_obstore", ("zarr", "fsspec", "obstore")),
    Reader("dask", "OME-Zarr", "ome_zarr_py:dask_array", ("dask", "ome-zarr")),
    Reader("ome-zarr-py", "OME-Zarr", "ome_zarr_py:image", ("ome-zarr", "dask")),
    Reader("napari-ome-zarr", "OME-Zarr", "napari:layer", ("napari-ome-zarr", "napari")),
    Reader("yaozarrs", "OME-Zarr, validated", "validators:with_yaozarrs", ("yaozarrs", "ome-zarr-models")),
    Reader(
        "ome-zarr-models", "OME-Zarr, validated", "validators:with_ome_zarr_models", ("ome-zarr-models", "yaozarrs")
    ),
    Reader("Neuroglancer", "precomputed", "in_chromium:precomputed", BROWSER, CHROMIUM),
    Reader("Neuroglancer", "OME-Zarr", "in_chromium:zarr", BROWSER, CHROMIUM),
    Reader("Neuroglancer", "bossDB, npygz", "in_chromium:boss", BROWSER, CHROMIUM),
    Reader("neuroglancer.Viewer", "OME-Zarr", "python_viewer:zarr", BROWSER, CHROMIUM),
)
