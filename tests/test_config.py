"""Where a setting comes from, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bosslet import config
from bosslet.errors import ConfigurationError


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in config.Settings.model_fields:
        monkeypatch.delenv(f"BOSSLET_{name.upper()}", raising=False)


def test_the_defaults_are_the_names_of_the_module() -> None:
    settings = config.load()
    assert settings.uploads_path == Path("uploads")
    assert settings.block_size == (256, 256, 256)
    assert settings.chunk_size == (32, 64, 64)
    assert (settings.host, settings.port, settings.auth) == ("127.0.0.1", 5000, "open")
    assert settings.max_cutout_bytes == 545_259_520
    assert settings.workers >= 2
    assert settings.catalog_url is None


def test_every_setting_is_a_documented_name_of_the_module() -> None:
    source = Path(config.__file__).read_text()
    for name in config.Settings.model_fields:
        assert hasattr(config, name.upper())
        line = source.index(f"\n{name.upper()}: ")
        assert source[line:].split("\n", 3)[2].startswith('"""'), name


def test_an_edited_name_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "PORT", 8080)
    assert config.load().port == 8080


def test_an_option_beats_the_environment_which_beats_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOSSLET_PORT", "6000")
    monkeypatch.setenv("BOSSLET_THREADS", "7")
    settings = config.load(port=7000, threads=None)
    assert (settings.port, settings.threads) == (7000, 7)


@pytest.mark.parametrize(
    ("text", "block"), [("128", (128, 128, 128)), ("32,128,256", (32, 128, 256)), ("64, 64, 64", (64, 64, 64))]
)
def test_a_block_is_one_side_or_three(monkeypatch: pytest.MonkeyPatch, text: str, block: tuple[int, ...]) -> None:
    monkeypatch.setenv("BOSSLET_BLOCK_SIZE", text)
    assert config.load().block_size == block


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UPLOADS_PATH", ""),
        ("BLOCK_SIZE", "100"),
        ("BLOCK_SIZE", "64,256"),
        ("BLOCK_SIZE", "0"),
        ("BLOCK_SIZE", "-256,256,256"),
        ("BLOCK_SIZE", "16,64,64"),
        ("CHUNK_SIZE", "thirty"),
        ("HOST", ""),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "http"),
        ("WORKERS", "0"),
        ("WORKERS", "100000"),
        ("THREADS", "1.5"),
        ("AUTH", "none"),
        ("MAX_CUTOUT_BYTES", "0"),
        ("CACHE_BYTES", "-1"),
        ("CATALOG_URL", ""),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"BOSSLET_{name}", value)
    with pytest.raises(ConfigurationError, match=rf"^BOSSLET_{name}: \w") as refusal:
        config.load()
    assert "\n" not in str(refusal.value)


def test_a_refusal_does_not_repeat_what_may_hold_a_password() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        config.load(catalog_url=["postgresql://me:secret@host/bosslet"])
    assert "secret" not in str(refusal.value)


def test_settings_cannot_be_changed_once_loaded() -> None:
    settings = config.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]
