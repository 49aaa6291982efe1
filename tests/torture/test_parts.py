"""Every part of the torture in short: nothing is wrong in it, and it still runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.__main__ import main
from tests.torture.damage import damage
from tests.torture.disks import NoDisk
from tests.torture.faults import faults
from tests.torture.figures import check
from tests.torture.fuzz import fuzz
from tests.torture.load import load
from tests.torture.power import power
from tests.torture.registers import registers
from tests.torture.shim import NoShim
from tests.torture.tears import tears


def test_what_was_acknowledged_outlives_power_cuts(tmp_path: Path) -> None:
    try:
        check(power(tmp_path, cuts=1, seed=1, megabytes=256))
    except NoDisk as reason:
        pytest.skip(str(reason))


def test_nothing_is_lost_where_calls_of_the_system_fail(tmp_path: Path) -> None:
    try:
        check(faults(tmp_path, step=17, seed=1, every_way=False))
    except NoShim as reason:
        pytest.skip(str(reason))


def test_single_voxels_are_registers(tmp_path: Path) -> None:
    check(registers(tmp_path, operations=400, seed=1))


def test_no_damage_of_a_file_is_silent(tmp_path: Path) -> None:
    check(damage(tmp_path, rounds=1, seed=1))


def test_a_changed_body_is_an_array_or_refused(tmp_path: Path) -> None:
    check(fuzz(tmp_path, examples=40, seed=1))


def test_load_brings_no_errors(tmp_path: Path) -> None:
    figures = load(tmp_path, minutes=0.1, clients=4, seed=1)
    # Times and memory tell nothing before all is warm, least of all beside other tests.
    check([figure for figure in figures if figure.most == 0])


def test_nobody_reads_half_of_a_write(tmp_path: Path) -> None:
    check(tears(tmp_path, reads=200, seed=1))


def test_every_part_has_its_figures_in_the_documentation() -> None:
    document = (Path(__file__).parents[2] / "docs/reliability.md").read_text()
    assert [part for part in main.commands if f"PART={part}" not in document] == []
