"""Neuroglancer reads bossDB's own API, for which it insists on TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import fill
from tests.browser.looking import Looking
from tests.browser.test_viewer import BLACK, EXPERIMENT, RED, WHITE, painted
from tests.live.certificates import make_certificate
from tests.live.server import Server, serving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]) -> Iterator[Server]:
    """A server with TLS on the same volume."""
    options = "--certfile", str(certificate[0]), "--keyfile", str(certificate[1]), "--workers", "1"
    with serving(tmp_path_factory.mktemp("browser-tls") / "uploads", *options) as started:
        fill(started, verify=str(certificate[0]))
        yield started


def test_boss_sources_draw_image_and_labels(browser: Browser, tls: Server, certificate: tuple[Path, Path]) -> None:
    context = browser.new_context(viewport={"width": 1000, "height": 700}, ignore_https_errors=True)
    looking = Looking(context.new_page(), tls.url, verify=str(certificate[0]))
    state = looking.state(f"{EXPERIMENT}&channel=em&channel=cells&source=boss")
    assert state["layers"][0]["source"] == f"boss://{tls.url}/col/exp/em"
    looking.open(painted(state))
    assert looking.colour(-80, -60) == looking.colour(-80, 60) == BLACK
    assert looking.colour(80, 60) == RED
    assert min(looking.colour(80, -60)) > WHITE[0] - 20  # it comes as JPEG
    context.close()
