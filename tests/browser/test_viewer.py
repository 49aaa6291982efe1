"""Neuroglancer, as this server ships it, draws what was written where it was written."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import LABEL
from tests.browser.looking import Looking
from tests.live.server import Server

BLACK, WHITE, RED = (0, 0, 0), (255, 255, 255), (255, 0, 0)
EXPERIMENT = "collection=col&experiment=exp"


def painted(state: dict[str, Any]) -> dict[str, Any]:
    """The labels as red as can be."""
    labels = state["layers"][-1]
    labels |= {"segmentColors": {str(LABEL): "#ff0000"}, "selectedAlpha": 1, "notSelectedAlpha": 1}
    return state


@pytest.mark.parametrize("source", ["precomputed", "zarr"])
def test_image_and_labels_are_where_they_were_written(looking: Looking, source: str) -> None:
    looking.open(painted(looking.state(f"{EXPERIMENT}&channel=em&channel=cells&source={source}")))
    assert looking.colour(80, -60) == WHITE
    assert looking.colour(-80, -60) == looking.colour(-80, 60) == BLACK
    assert looking.colour(80, 60) == RED


def test_a_link_opens_in_the_middle(page: Page, looking: Looking, server: Server) -> None:
    page.goto(f"{server.url}/ng/?{EXPERIMENT}")
    looking.wait()
    shown = page.evaluate("() => viewer.state.toJSON()")
    assert shown["position"] == [50, 30, 10]
    assert [layer["name"] for layer in shown["layers"]] == ["em", "cells"]


def test_a_selected_label_is_a_mesh(looking: Looking) -> None:
    state = painted(looking.state(f"{EXPERIMENT}&channel=cells&segment={LABEL}", layout="3d", showSlices=False))
    looking.open({**state, "position": [75, 45, 10], "projectionScale": 100})
    red, green, blue = looking.colour()
    assert red > 100
    assert green == blue < 60
    assert looking.colour(right=450)[0] < 60
