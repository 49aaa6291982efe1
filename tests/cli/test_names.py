"""ls, info, mv and rm: names without a server."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Run, everything_in, store, voxels_of


def test_ls_lists_what_is_not_marked(run: Run) -> None:
    assert run("ls").stdout == "mouse\n"
    assert run("ls", "mouse").stdout == "cortex\nspine\n"
    assert run("ls", "mouse/cortex").stdout == "em\ncells\n"
    assert json.loads(run("ls", "mouse/cortex", "--json").stdout) == ["em", "cells"]
    assert run("ls", "-l", "mouse/cortex").stdout.splitlines()[1] == "cells  annotation uint64 NOT_DOWNSAMPLED"
    assert run("ls", "-l").stdout == "mouse  a mouse\n"
    assert "13 × 29 × 34, 3 levels" in run("ls", "-l", "mouse").stdout
    run("rm", "mouse/cortex/cells")
    assert run("ls", "mouse/cortex").stdout == "em\n"


def test_info_says_all_there_is(run: Run) -> None:
    assert json.loads(run("info", "mouse", "--json").stdout)["experiments"] == ["cortex", "spine"]
    experiment = json.loads(run("info", "mouse/cortex", "--json").stdout)
    assert experiment["channels"] == ["em", "cells"]
    assert experiment["coordinate_frame"][0]["voxel_size"] == [40.0, 4.0, 4.0]
    channel = json.loads(run("info", "mouse/cortex/cells", "--json").stdout)
    assert (channel["datatype"], channel["sources"], channel["path"]) == ("uint64", ["em"], "mouse/cortex/cells")
    assert [level["extent"] for level in channel["levels"]] == [[13, 29, 34]]
    text = run("info", "mouse/cortex/cells").stdout
    assert "datatype: uint64\n" in text
    assert "  resolution 0, iso False, extent 13,29,34, voxel_size 40.0,4.0,4.0, unit nanometers\n" in text


def test_mv_renames_and_moves_no_file(run: Run, uploads: Path) -> None:
    before = voxels_of(uploads, "mouse/cortex/em")
    run("mv", "mouse/cortex/em", "mouse/cortex/raw")
    run("mv", "mouse/cortex", "mouse/brain")
    run("mv", "mouse", "rat")
    np.testing.assert_array_equal(voxels_of(uploads, "rat/brain/raw"), before)
    with store(uploads) as datastore:
        described = datastore.description_in_files("mouse/cortex/cells")
    assert (described.collection.name, described.experiment.name, described.channel.sources) == (
        "rat",
        "brain",
        ("raw",),
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["ls", "rat"],
        ["ls", "a/b/c"],
        ["info", "mouse/none"],
        ["info", "//"],
        ["mv", "mouse/cortex/em", "mouse/spine/em2"],
        ["mv", "mouse/cortex/em", "mouse/cortex/cells"],
        ["mv", "mouse/cortex/em", "mouse/cortex/not a name"],
        ["mv", "mouse/none", "mouse/other"],
        ["rm", "mouse"],
        ["rm", "mouse/cortex"],
        ["rm", "mouse/cortex/em"],
        ["rm", "mouse/cortex/none"],
        ["status", "mouse/none"],
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_changes_nothing(run: Run, uploads: Path, arguments: list[str]) -> None:
    before = everything_in(uploads)
    run(*arguments, status=2)
    assert everything_in(uploads) == before


def test_a_folder_that_is_not_there_is_not_made(run: Run, tmp_path: Path) -> None:
    for verb in (["ls"], ["info", "a"], ["status"], ["mv", "a", "b"], ["rm", "a"], ["purge"]):
        assert "no such folder" in run(*verb, on=tmp_path / "none", status=2).stderr
    assert not (tmp_path / "none").exists()


def test_rm_marks_what_was_made_from_something_first(run: Run) -> None:
    marked = run("rm", "-r", "mouse").stdout.splitlines()
    assert marked == [
        f"marked: {name}"
        for name in ("mouse/cortex/cells", "mouse/cortex/em", "mouse/cortex", "mouse/spine/em", "mouse/spine", "mouse")
    ]
    assert run("ls").stdout == ""
    assert run("rm", "-r", "mouse").stdout == ""
    assert "MarkedForDeletion" not in run("mv", "mouse", "rat", status=2).stderr


def test_what_is_marked_is_of_no_more_use(run: Run, tmp_path: Path) -> None:
    run("rm", "mouse/spine/em")
    file = tmp_path / "em.npy"
    for verb, *others in (["export", str(file)], ["downsample"], ["optimize", "--codec", "zstd"], ["cp", "a/b/c"]):
        assert "waits to be purged" in run(verb, "mouse/spine/em", *others, status=2).stderr
    assert not file.exists()
