"""Commands that look after a folder, on one that is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bosslet.cli import main
from bosslet.datastore import CATALOG_FILE

CHANNEL = "mouse/cortex/em"


def on(folder: Path, *arguments: str) -> Result:
    """``bosslet`` with the folder as the one to use by default."""
    result = CliRunner().invoke(main, arguments, env={"BOSSLET_UPLOADS_PATH": str(folder)})
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1
    return result


@pytest.mark.parametrize(
    "arguments",
    [
        ("ls",), ("info", "mouse"), ("status",), ("mv", "mouse", "rat"), ("rm", "mouse"), ("purge",), ("verify",),
        ("backup", "copies"), ("cp", CHANNEL, f"{CHANNEL}2"), ("optimize", "--dedupe"), ("index", CHANNEL),
        ("downsample", CHANNEL), ("export", CHANNEL, "em.npy"), ("push", CHANNEL, "--to", "http://localhost:9"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_a_folder_that_is_none_is_left_alone(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "no such folder" in on(tmp_path / "absent", *arguments).stderr
    (tmp_path / "empty").mkdir()
    assert CATALOG_FILE in on(tmp_path / "empty", *arguments).stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_store_without_its_catalog_does_not_pass_for_an_empty_one(uploads: Path, tmp_path: Path) -> None:
    (uploads / CATALOG_FILE).unlink()
    assert "bosslet repair" in on(uploads, "backup", str(tmp_path / "copies")).stderr
    assert "bosslet repair" in on(uploads, "verify").stderr
    assert not (tmp_path / "copies").exists()
