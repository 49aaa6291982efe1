"""Stacks of planes: every picture format, the order of the files, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from bosslet.errors import BossletError, MissingLibrary, UnusableFile
from bosslet.geometry import Box
from bosslet.sources.opening import open_source
from bosslet.sources.source import Hints
from tests.sources.conftest import Volume, assert_holds, distinct

Planes = Callable[..., list[Path]]


def by_pillow(file: Path, plane: Volume) -> None:
    Image.fromarray(plane).save(file)


def by_tifffile(file: Path, plane: Volume) -> None:
    tifffile.imwrite(file, plane)


def compressed(file: Path, plane: Volume) -> None:
    tifffile.imwrite(file, plane, compression="zlib", tile=(16, 16))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("suffix", ["png", "jp2", "tif"])
def test_planes_in_the_order_of_their_numbers(suffix: str, dtype: str, planes: Planes, tmp_path: Path) -> None:
    volume = distinct(dtype)
    files = planes(volume, by_pillow, f"img_%d.{suffix}")
    assert_holds(open_source((str(tmp_path / f"*.{suffix}"),)), volume)
    assert_holds(open_source((str(tmp_path),)), volume)
    assert_holds(open_source((str(tmp_path / f"img_%d.{suffix}"),)), volume)
    assert_holds(open_source(tuple(map(str, files))), volume)


@pytest.mark.parametrize("save", [by_tifffile, compressed])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64", "int32", ">u2"])
def test_planes_in_tiff(dtype: str, save: Callable[[Path, Volume], None], planes: Planes, tmp_path: Path) -> None:
    volume = distinct(dtype)
    planes(volume, save, "slice%04d.tiff")
    assert_holds(open_source((str(tmp_path / "*"),)), volume.astype(volume.dtype.newbyteorder("=")))


@pytest.mark.parametrize("order", ["<", ">"])
def test_whole_rows_of_tiff(order: str, planes: Planes, tmp_path: Path) -> None:
    volume = distinct("uint16")
    files = planes(volume, lambda file, plane: tifffile.imwrite(file, plane, byteorder=order), "a%d.tif")
    source = open_source((str(tmp_path / "a*"),))
    for box in (Box((1, 2, 0), (4, 6, 11)), Box((0, 6, 0), (5, 7, 11)), Box((0, 0, 1), (5, 7, 11))):
        np.testing.assert_array_equal(source.read(0, box), volume[box.slices])
    tifffile.imwrite(files[1], volume[1], byteorder=order, metadata={"a": "much longer description"})
    source = open_source((str(tmp_path / "a*"),))
    assert_holds(source, volume)
    cut(files[4], 0.9)
    with pytest.raises(UnusableFile, match=r"a12\.tif: "):
        source.read(0, Box.of((5, 7, 11)))


def test_jpeg_is_what_pillow_makes_of_it(planes: Planes, tmp_path: Path) -> None:
    files = planes(distinct("uint8"), by_pillow, "img_%d.jpg")
    expected = np.stack([np.asarray(Image.open(file)) for file in files])
    assert_holds(open_source((str(tmp_path / "*.jpg"),)), expected)


def test_a_single_plane(planes: Planes) -> None:
    volume = distinct("uint8", (1, 7, 11))
    assert_holds(open_source((str(planes(volume, by_pillow)[0]),)), volume)


def test_black_and_white_is_zero_and_one(tmp_path: Path) -> None:
    plane = distinct("uint8")[0] % 3 == 0
    Image.fromarray(plane).save(tmp_path / "a.png")
    source = open_source((str(tmp_path / "a.png"),))
    assert source.about.dtype == np.dtype(bool)
    assert_holds(source, plane[np.newaxis])


def test_one_of_several_colours(tmp_path: Path) -> None:
    colours = distinct("uint8", (7, 11, 3))
    Image.fromarray(colours).save(tmp_path / "a.png")
    with pytest.raises(UnusableFile, match=r"a\.png: is in colour \(RGB\)"):
        open_source((str(tmp_path / "a.png"),))
    assert_holds(open_source((str(tmp_path / "a.png"),), Hints(color=1)), colours[np.newaxis, ..., 1])


def test_time_and_z_in_the_names(tmp_path: Path) -> None:
    volume = distinct("uint16", (3, 5, 7, 11))
    for time, z in np.ndindex(3, 5):
        by_pillow(tmp_path / f"t{time}_z{z:02d}.png", volume[time, z])
    assert_holds(open_source((str(tmp_path / "t%d_z%02d.png"),)), volume)
    (tmp_path / "t1_z03.png").unlink()
    with pytest.raises(UnusableFile, match=r"t1_z03\.png: is missing"):
        open_source((str(tmp_path / "t%d_z%02d.png"),))


def test_a_missing_slice_is_named(planes: Planes, tmp_path: Path) -> None:
    volume = distinct("uint8")
    planes(volume, by_pillow)[2].unlink()
    for name in (str(tmp_path / "*.png"), str(tmp_path), str(tmp_path / "img_%d.png")):
        with pytest.raises(UnusableFile, match=r"img_11\.png: number 10 is missing between this and img_9\.png"):
            open_source((name,))
    volume[2] = 0
    assert_holds(open_source((str(tmp_path / "*.png"),), Hints(gaps=True)), volume)


def test_every_tenth_is_no_gap(tmp_path: Path) -> None:
    volume = distinct("uint8")
    for number, plane in enumerate(volume):
        by_pillow(tmp_path / f"b{number * 10}.png", plane)
    assert_holds(open_source((str(tmp_path / "b*.png"),)), volume)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (distinct("uint8", (8, 11)), r"img_10\.png: is 8 × 11 uint8, and img_8\.png is 7 × 11 uint8"),
        (distinct("uint16", (7, 11)), r"img_10\.png: is 7 × 11 uint16, and img_8\.png is 7 × 11 uint8"),
    ],
)
def test_planes_that_differ_are_named(other: Volume, message: str, planes: Planes, tmp_path: Path) -> None:
    files = planes(distinct("uint8"), by_pillow)
    by_pillow(files[2], other)
    with pytest.raises(UnusableFile, match=message):
        open_source((str(tmp_path / "*.png"),))


def cut(file: Path, part: float = 0.5) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * part)])


@pytest.mark.parametrize("part", [0.0, 0.05, 0.5, 0.97])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "jp2"])
def test_a_cut_off_file_is_named(suffix: str, part: float, planes: Planes, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (5, 70, 90), dtype=np.uint8)
    files = planes(noise, by_pillow, f"img_%d.{suffix}")
    cut(files[2], part)
    with pytest.raises(UnusableFile, match=rf"img_10\.{suffix}"):  # noqa: PT012 - some only show when they are read
        source = open_source((str(tmp_path / "*"),))
        assert suffix == "jp2"
        assert_holds(source, noise)


def test_what_cannot_be_a_stack(planes: Planes, tmp_path: Path) -> None:
    files = planes(distinct("uint8"), by_pillow)
    for names, message in {
        (str(tmp_path / "nothing*"),): "no such files",
        (str(tmp_path / "nothing.png"),): "No such file",
        (str(tmp_path / "nothing%d.png"),): "no such files",
        (str(tmp_path / "%d_%d_%d.png"),): "more than a number for time",
        (*map(str, files), __file__): r"test_stacks\.py: is no picture",
        (__file__, __file__): "--join",
        (__file__,): "not of a known format",
    }.items():
        with pytest.raises(UnusableFile, match=message):
            open_source(names)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnusableFile, match="empty: a folder without anything"):
        open_source((str(tmp_path / "empty"),))


def test_a_compression_that_needs_more_is_one_line(tmp_path: Path) -> None:
    Image.fromarray(distinct("uint8")[0]).save(tmp_path / "a.tif", compression="tiff_lzw")
    with pytest.raises(MissingLibrary, match=r"a\.tif: .*pip install 'bosslet\[tiff\]'$"):
        open_source((str(tmp_path / "a.tif"),))


def test_errors_are_of_our_own_and_one_line(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for number, magic in enumerate([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"II+\0", b"\xff\x4f\xff\x51"]):
        file = tmp_path / f"{number}.bin"
        file.write_bytes(magic + random.bytes(200))
        with pytest.raises(BossletError) as failure:
            open_source((str(file),))
        assert len(str(failure.value).splitlines()) == 1
        assert file.name in str(failure.value)
