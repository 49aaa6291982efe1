"""What people do on the pages: look, make, put in, delete; by mouse and by keyboard."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import BRIGHT, DARK
from tests.live.server import Server


def fill_in(page: Page, summary: str, **fields: str) -> None:
    """Open a form, say what goes into its fields by their names, and send it."""
    page.get_by_text(summary, exact=True).click()
    form = page.locator("details[open] form").filter(visible=True)
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    with page.expect_navigation():
        form.get_by_role("button").click()


def delete(page: Page, what: str, name: str) -> None:
    """Ask for a deletion, see that it says what goes, and mean it."""
    page.get_by_role("button", name=f"Delete {what}…").last.click()
    dialog = page.get_by_role("dialog", name=f"Delete {what} {name}?")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    expect(dialog).to_contain_text(name)
    with page.expect_navigation():
        dialog.get_by_role("button", name=f"Delete {name}").click()


def test_a_volume_is_made_filled_and_deleted(page: Page, server: Server, tmp_path: Path) -> None:
    page.goto(server.url)
    fill_in(page, "New collection", name="mine", description="a collection <b>")
    sides = {f"{axis}_stop": str(side) for axis, side in zip("zyx", (3, 40, 50), strict=True)}
    sizes = {f"{axis}_voxel_size": "2.5" for axis in "xyz"}
    fill_in(page, "New coordinate frame", name="cube", **sides, **sizes)
    fill_in(page, "New experiment in mine", name="first", coord_frame="cube", num_hierarchy_levels="2")
    fill_in(page, "New channel in first", name="em", datatype="uint8")
    expect(page).to_have_url(f"{server.url}/view/mine/first/em")

    voxels = np.random.default_rng(1).integers(1, 255, (3, 40, 50)).astype(np.uint8)
    np.save(tmp_path / "em.npy", voxels)
    page.get_by_label("A TIFF, a stack").set_input_files(tmp_path / "em.npy")
    with page.expect_navigation():
        page.get_by_role("button", name="Put it in").click()
    found = requests.get(f"{server.url}/v1/image/mine/first/em/xy/0/0:50/0:40/1/", timeout=9)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(found.content))), voxels[1])
    expect(page.locator("#stored")).to_contain_text("MB in")

    with page.expect_navigation():
        page.get_by_role("button", name="Make the resolutions").click()
    expect(page.locator("#downsampling")).to_contain_text("downsampled", timeout=60_000)
    expect(page.locator("dl").first).to_contain_text("0, 1 stored, of 2")

    delete(page, "channel", "em")
    delete(page, "experiment", "first")
    delete(page, "collection", "mine")
    expect(page.get_by_text("New experiment in mine")).to_have_count(0)
    delete(page, "coordinate frame", "cube")


def test_progress_is_shown_again_after_the_server_was_away(browser: Browser, server: Server) -> None:
    page = browser.new_page()  # one whose console may complain of the server
    answers = [None, {"status": "IN_PROGRESS", "progress": {"done": 3, "total": 7}}]

    def answer(route: Route) -> None:
        content = answers.pop(0) if len(answers) > 1 else answers[0]
        route.abort() if content is None else route.fulfill(json=content)

    def pending(route: Route) -> None:
        route.fulfill(body=route.fetch().text().replace('data-status="NOT_DOWNSAMPLED"', 'data-status="QUEUED"'))

    page.clock.install()
    page.route("**/v1/downsample/**", answer)
    page.route("**/view/col/exp/em", pending)
    page.goto(f"{server.url}/view/col/exp/em", wait_until="networkidle")
    bar = page.get_by_role("progressbar", name="Downsampling")
    expect(bar).to_be_hidden()
    page.clock.fast_forward(5000)
    expect(bar).to_have_attribute("value", "3")


def test_what_is_refused_is_said_where_it_was_asked(browser: Browser, server: Server) -> None:
    page = browser.new_page()  # one whose console may complain of the answer
    page.goto(server.url)
    page.get_by_text("New collection", exact=True).click()
    form = page.locator("details[open] form")
    form.locator("[name=name]").fill("col")
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_contain_text("col")
    page.route("**/v1/collection/*", lambda route: route.abort())
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_contain_text("could not be reached")
    page.close()


def test_files_are_dropped(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/view/col/exp/em")
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["x"], "dropped.npy"));
        document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
    }""")
    assert page.evaluate("() => document.getElementById('files').files[0].name") == "dropped.npy"


@pytest.mark.parametrize(("plane", "across", "last"), [("XY", "z", 19), ("XZ", "y", 59), ("YZ", "x", 99)])
def test_slices_are_scrolled_by_keyboard_in_three_planes(
    page: Page, server: Server, plane: str, across: str, last: int
) -> None:
    page.goto(f"{server.url}/view/col/exp/em")
    page.get_by_label(plane).check()
    slider = page.locator("#position")
    slider.focus()
    for key, number in (("End", last), ("ArrowLeft", last - 1), ("Home", 0)):
        page.keyboard.press(key)
        expect(page.locator("#slice")).to_have_attribute("alt", f"{plane.lower()} slice, {across} = {number}")
    pixels = page.evaluate("""() => {
        const picture = document.getElementById("slice");
        const canvas = Object.assign(document.createElement("canvas"), { width: 100, height: 60 });
        canvas.getContext("2d").drawImage(picture, 0, 0, 100, 60);
        const at = (x, y) => canvas.getContext("2d").getImageData(x, y, 1, 1).data[0];
        return [at(25, 15), at(75, 15), at(75, 45)];
    }""")
    expected = {"XY": [DARK, BRIGHT, DARK], "XZ": [DARK, BRIGHT, BRIGHT], "YZ": [DARK, DARK, DARK]}
    assert pixels == expected[plane]


def test_everything_is_reached_by_keyboard_and_named(page: Page, server: Server) -> None:
    for path in ("/", "/view/col/exp/em"):
        page.goto(server.url + path)
        page.keyboard.press("Tab")
        expect(page.get_by_text("Skip to what is here")).to_be_focused()
        nameless = page.evaluate("""() => [...document.querySelectorAll("input, select, button, img, progress")]
            .filter((one) => one.type !== "hidden")
            .filter((one) => one.tagName === "IMG" ? !one.hasAttribute("alt")
                : !(one.labels?.length || one.textContent.trim() || one.ariaLabel))
            .map((one) => one.outerHTML)""")
        assert nameless == []
        doubled = page.evaluate("""() => { const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
            return ids.filter((id, place) => ids.indexOf(id) !== place); }""")
        assert doubled == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window_and_all_can_be_read(
    page: Page, server: Server, scheme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path in ("/", "/view/col/exp/em"):
        page.goto(server.url + path)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        dark = page.evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches")
        assert dark == (scheme == "dark")


def test_examples_are_copied(page: Page, server: Server) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{server.url}/view/col/exp/em")
    page.locator("#cloudvolume ~ button").first.click()
    text = page.evaluate("() => navigator.clipboard.readText()")
    assert f'CloudVolume("precomputed://{server.url}/precomputed/col/exp/em"' in text


def test_neuroglancer_is_one_click_away(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/view/col/exp/em")
    page.get_by_role("link", name="Open in Neuroglancer").click()
    page.wait_for_function("() => window.viewer?.layerManager.managedLayers.length === 1")
