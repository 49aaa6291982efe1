"""Somebody who pans, zooms and selects for a while gets no error, neither from the server nor in the console.

For four seconds, or as many as BROWSER_SECONDS says.
"""

from __future__ import annotations

import os
import time

from playwright.sync_api import Page, Request, Response

from tests.browser.conftest import LABEL
from tests.browser.looking import Looking
from tests.browser.test_viewer import EXPERIMENT

SECONDS = float(os.environ.get("BROWSER_SECONDS", "4"))


def test_panning_and_zooming_makes_no_error(page: Page, looking: Looking) -> None:
    answers: list[int] = []
    failed: list[str] = []

    def note(response: Response) -> None:
        answers.append(response.status)

    def note_failure(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the viewer no longer wants what is out of sight
            failed.append(f"{request.url} {request.failure}")

    page.context.on("response", note)
    page.context.on("requestfailed", note_failure)
    looking.open(looking.state(f"{EXPERIMENT}&segment={LABEL}", layout="4panel"))
    end, step = time.monotonic() + SECONDS, 0
    while time.monotonic() < end or step < 6:
        step += 1
        page.mouse.move(250, 200)
        page.mouse.down()
        page.mouse.move(250 + 60 * (-1) ** step, 200 + 40 * (-1) ** (step // 2), steps=4)
        page.mouse.up()
        page.keyboard.down("Control")
        page.mouse.wheel(0, 240 * (-1) ** (step // 3))
        page.keyboard.up("Control")
        page.mouse.wheel(0, 120 * (-1) ** step)
        if step % 5 == 0:
            page.mouse.dblclick(300, 250)
    looking.wait()
    assert [status for status in answers if status >= 400] == failed == []
