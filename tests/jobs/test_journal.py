"""The journal of an ingest, cut off anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from bosslet.errors import ConfigurationError
from bosslet.jobs.journal import Journal, checksum

HEADER = {"source": "abc", "box": "0:1,0:2,0:3"}
ONE = {(0, 0, 0, 0): "00" * 32, (0, 0, 0, 1): "11" * 32}
TWO = {(1, 0, 0, 0): "22" * 32}


def test_what_was_cut_off_is_forgotten_and_written_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    assert not journal.begun
    with journal.writing(HEADER) as writer:
        writer.finish(ONE)
        writer.finish(TWO)
    whole = journal.file.read_bytes()
    lines = [len(line) for line in whole.splitlines(keepends=True)]
    for length in range(len(whole) + 1):
        journal.file.write_bytes(whole[:length])
        finished = journal.finished(HEADER)
        assert finished == (ONE | TWO if length == len(whole) else ONE if length >= sum(lines[:2]) else {})
        assert journal.begun == (length >= lines[0])
        with journal.writing(HEADER) as writer:
            writer.finish(ONE | TWO)
        assert journal.finished(HEADER) == ONE | TWO


def test_another_ingest_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    with journal.writing(HEADER):
        pass
    with pytest.raises(ConfigurationError, match=r"another ingest \(box differ\)"):
        journal.finished(HEADER | {"box": "1"})
    journal.forget()
    assert journal.finished(HEADER | {"box": "1"}) == {}


def test_the_checksum_knows_which_block_is_which() -> None:
    swapped = dict(zip(ONE, reversed(ONE.values()), strict=True))
    assert checksum(ONE) == checksum(dict(reversed(ONE.items())))
    assert len({checksum(ONE), checksum(swapped), checksum(ONE | TWO)}) == 3
