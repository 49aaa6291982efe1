"""Verify finds every kind of damage, says where, and says nothing of what is whole."""

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from bosslet.catalog.records import Channel
from bosslet.cli import main
from bosslet.datastore import Datastore
from bosslet.errors import NotFound
from bosslet.geometry import Box
from bosslet.jobs.verify import Depth, Report, verify
from tests.jobs.conftest import BLOCK, SAMPLES, MakeChannel, fill

Damage = Callable[[Path], object]

SPACE = Box((0, 0, 0), (13, 29, 34))
BOX = Box((8, 12, 16), (16, 24, 32))


@pytest.fixture
def channel(datastore: Datastore, make_channel: MakeChannel) -> Channel:
    made = make_channel("em", dtype="uint16")
    fill(datastore, made, SPACE)
    return made


@pytest.fixture
def block(datastore: Datastore, channel: Channel) -> Path:
    return datastore.uploads / channel.path / "0/c/1/1/1/1"


def flipped(at: float) -> Damage:
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[int(at * (len(content) - 1))] ^= 0x10
        path.write_bytes(content)

    return damage


def replaced_by_another(path: Path) -> None:
    shutil.copyfile(path.with_name("0"), path)


def swapped_by_name(path: Path) -> None:
    other = path.parent.parent / "0/1"
    path.rename(path.with_name("x"))
    other.rename(path)
    path.with_name("x").rename(other)


FOUND = {
    "a bit of a chunk": flipped(0.05),
    "a bit of the index": flipped(0.999),
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "gone": lambda path: path.unlink(),
    "another block of the array": replaced_by_another,
    "two blocks swapped": swapped_by_name,
}


@pytest.mark.parametrize("damage", FOUND.values(), ids=FOUND.keys())
def test_damage_to_a_block_is_found_where_it_is(
    datastore: Datastore, channel: Channel, block: Path, damage: Damage
) -> None:
    assert verify(datastore).ok
    damage(block)
    findings = {(f.channel, f.resolution, f.iso, f.time, f.box) for f in verify(datastore).findings}
    assert (str(channel), 0, False, 1, BOX) in findings
    assert len(findings) == (2 if damage is swapped_by_name else 1)


def as_an_older_copy(datastore: Datastore, channel: Channel, block: Path) -> None:
    old = block.read_bytes()
    fill(datastore, channel, SPACE, seed=1)
    assert verify(datastore).ok
    block.write_bytes(old)


def test_an_older_copy_of_a_block_is_found(datastore: Datastore, channel: Channel, block: Path) -> None:
    as_an_older_copy(datastore, channel, block)
    (finding,) = verify(datastore).findings
    assert (finding.box, finding.time) == (BOX, 1)
    assert "last written" in finding.what


def test_it_is_found_after_all_processes_have_ended_as_well(
    datastore: Datastore, channel: Channel, block: Path
) -> None:
    as_an_older_copy(datastore, channel, block)
    datastore.close()
    (finding,) = verify(Datastore.open(datastore.uploads)).findings
    assert finding.box == BOX


def test_what_was_not_sealed_before_a_crash_is_taken_as_it_is_and_known_from_then_on(
    datastore: Datastore, channel: Channel, block: Path
) -> None:
    old = block.read_bytes()
    assert datastore.store.ledger
    datastore.store.ledger.close()  # as if killed: nothing is sealed
    later = Datastore.open(datastore.uploads)
    block.write_bytes(block.with_name("0").read_bytes())
    assert verify(later).ok
    block.write_bytes(old)
    assert not verify(later).ok


DOCUMENTS = {
    "the description is gone": (lambda image: (image / "zarr.json").unlink(), None),
    "noise for an array": (lambda image: (image / "0/zarr.json").write_bytes(b"\x00"), 0),
    "no array": (lambda image: (image / "0/zarr.json").unlink(), 0),
    "an extra file": (lambda image: (image / "0/c/0/0/0/notes.txt").write_bytes(b"?"), None),
    "all of it is gone": (lambda image: shutil.rmtree(image), 0),
}


@pytest.mark.parametrize(("damage", "resolution"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_damage_to_documents_and_files_that_do_not_belong_are_found(
    datastore: Datastore, channel: Channel, damage: Damage, resolution: int | None
) -> None:
    damage(datastore.uploads / channel.path)
    findings = verify(Datastore.open(datastore.uploads)).findings
    assert {finding.channel for finding in findings} == {str(channel)}
    assert resolution in {finding.resolution for finding in findings}


def test_a_block_outside_of_its_array_is_found(datastore: Datastore, channel: Channel, block: Path) -> None:
    shutil.copyfile(block, block.with_name("7"))
    (finding,) = verify(datastore).findings
    assert finding.box == Box((8, 12, 112), (16, 24, 128))


def test_files_of_no_channel_are_found(datastore: Datastore, channel: Channel) -> None:
    shutil.copytree(datastore.uploads / channel.path, datastore.uploads / "a/b/c")
    (finding,) = verify(datastore).findings
    assert finding.channel == "a/b/c"


def test_only_what_was_asked_for_is_looked_at(
    datastore: Datastore, channel: Channel, block: Path, make_channel: MakeChannel
) -> None:
    make_channel("other")
    block.unlink()
    assert verify(datastore, ("other",)).ok
    for names in (("em",), ("em", "exp"), ("em", "exp", "ch")):
        assert not verify(datastore, names).ok
    with pytest.raises(NotFound):
        verify(datastore, ("e",))


def test_a_sample_reads_some_blocks_and_misses_none_that_is_gone(
    datastore: Datastore, channel: Channel, block: Path
) -> None:
    whole = verify(datastore)
    part = verify(datastore, depth=Depth(sample=0.3))
    assert part.blocks == whole.blocks == 2 * 3 * 3 * SAMPLES
    assert part.nbytes < whole.nbytes
    block.unlink()
    assert not verify(datastore, depth=Depth(sample=1e-9)).ok


def test_a_rate_limit_is_kept(datastore: Datastore, channel: Channel) -> None:
    nbytes = verify(datastore).nbytes
    report = verify(datastore, depth=Depth(bytes_per_second=nbytes / 0.5))
    assert 0.45 < report.seconds < 5


def test_writers_and_makers_of_channels_raise_no_false_alarm(
    datastore: Datastore, channel: Channel, make_channel: MakeChannel
) -> None:
    stop = threading.Event()
    volume = datastore.image(channel).level(0)

    def write() -> None:
        random = np.random.default_rng(5)
        while not stop.is_set():
            start = random.integers(0, [6, 14, 17]).tolist()
            box = Box(tuple(start), tuple(a + b for a, b in zip(start, BLOCK, strict=True)))
            if random.random() < 0.4:
                volume.clear(range(SAMPLES), box)
            else:
                volume.write(range(1), box, random.integers(1, 9, (1, *BLOCK)).astype(np.uint16))

    def make() -> None:
        number = 0
        while not stop.is_set() and number < 12:
            make_channel(f"made-{number}")
            number += 1

    threads = [threading.Thread(target=work) for work in (write, write, make)]
    for thread in threads:
        thread.start()
    reports: list[Report] = []
    try:
        reports.extend(verify(datastore) for _ in range(8))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert [report.findings for report in reports if not report.ok] == []
    assert verify(datastore).ok


def test_the_command_says_what_it_found_and_exits_with_1(datastore: Datastore, channel: Channel, block: Path) -> None:
    run = CliRunner()
    done = run.invoke(main, ["verify", str(datastore.uploads)])
    assert done.exit_code == 0, done.output
    assert "no findings" in done.output
    block.unlink()
    done = run.invoke(main, ["verify", str(datastore.uploads), "em/exp"])
    assert done.exit_code == 1
    assert f"{channel}, resolution 0, time 1, z,y,x {BOX}: " in done.output
    done = run.invoke(main, ["verify", str(datastore.uploads), "--json", "--sample", "50%"])
    (finding,) = json.loads(done.stdout)["findings"]
    assert finding["box"] == {"zyx_start": [8, 12, 16], "zyx_stop": [16, 24, 32]}
    for sample in ("0", "101%", "half", "nan"):
        assert run.invoke(main, ["verify", str(datastore.uploads), "--sample", sample]).exit_code == 2
    assert run.invoke(main, ["verify", str(datastore.uploads), "nothing"]).exit_code == 2


@pytest.mark.parametrize("place", ["", "0", "0/c", "0/c/1/1", "0/c/1/1/1/1"])
def test_a_link_that_leads_out_is_found(datastore: Datastore, channel: Channel, place: str, tmp_path: Path) -> None:
    inside, outside = datastore.uploads / channel.path / place, tmp_path / "outside"
    inside.rename(outside)
    inside.symlink_to(outside)
    report = verify(Datastore.open(datastore.uploads))
    assert {finding.channel for finding in report.findings} == {str(channel)}
