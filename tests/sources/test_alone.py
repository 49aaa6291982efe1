"""A file gives what is in it, and never what is in another file of this machine that it names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from bosslet.errors import UnusableFile
from bosslet.geometry import Box
from bosslet.sources.opening import open_source

OME = """<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1"><Image ID="Image:0">
<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="7" SizeY="5" SizeZ="1" SizeC="1" SizeT="1">
<Channel ID="Channel:0:0" SamplesPerPixel="1"/>
<TiffData IFD="0" PlaneCount="1"><UUID FileName="{name}">urn:uuid:{number}</UUID></TiffData></Pixels></Image></OME>"""


def test_an_ome_tiff_that_names_another_file(tmp_path: Path) -> None:
    secret, sent = tmp_path / "secret.tif", tmp_path / "sent" / "sent.tif"
    sent.parent.mkdir()
    tifffile.imwrite(secret, np.full((5, 7), 77, np.uint8))
    tifffile.imwrite(
        sent, np.full((5, 7), 11, np.uint8), description=OME.format(name="../secret.tif", number=2), metadata=None
    )
    with pytest.raises(UnusableFile, match="in several files"):
        open_source((str(sent),))
    tifffile.imwrite(
        sent, np.full((5, 7), 11, np.uint8), description=OME.format(name="sent.tif", number=1), metadata=None
    )
    assert open_source((str(sent),)).read(0, Box.of((1, 5, 7))).tolist() == [[[11] * 7] * 5]
