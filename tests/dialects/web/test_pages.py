"""The web page shows what its reader may see, and no more."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from bosslet.catalog.records import Role
from bosslet.datastore import Datastore
from bosslet.dialects.web.views import Slices
from bosslet.jobs.queue import downsample_now
from tests.dialects.boss.client import Boss


def test_the_home_page_lists_channels_with_a_picture_and_a_link(boss: Boss) -> None:
    boss.make_channel("em")
    boss.make_channel("cells", "uint64")
    page = boss.get("/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "col / exp" in page.text
    for name in ("em", "cells"):
        assert f'href="/view/col/exp/{name}"' in page.text
    assert "100 × 200 × 300" in page.text
    pictures = re.findall(r'src="(/thumbnail/[^"]+)"', page.text)
    assert len(pictures) == 2
    for url in pictures:
        assert boss.get(url).mimetype == "image/png", url


def test_a_channel_page_scrolls_through_all_slices(boss: Boss) -> None:
    boss.make_experiment(z_start=10, z_stop=31, x_stop=5000, y_start=-7)
    boss.make_channel(description="<b>bold</b>")
    page = boss.get("/view/col/exp/em")
    assert page.status_code == 200
    assert 'min="10" max="30" value="20"' in page.text
    assert "<b>bold</b>" not in page.text
    planes = re.findall(r'data-url="([^"]+)" data-across="(.)" data-first="(\d+)" data-last="(\d+)"', page.text)
    assert [(across, first, last) for _, across, first, last in planes] == [
        ("z", "10", "30"),
        ("y", "0", "199"),
        ("x", "0", "4999"),
    ]
    for url, _, first, last in planes:
        for number in (first, last):
            assert boss.get(url.replace("{n}", number)).status_code == 200, url
    assert boss.get("/view/col/exp/em/").status_code == 200
    for link in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
        with boss.get(link) as answer:
            assert answer.status_code == 200


def test_an_empty_frame_has_no_picture(boss: Boss) -> None:
    boss.make_experiment(x_start=10, x_stop=5)
    boss.make_channel()
    assert "/thumbnail" not in boss.get("/").text
    assert boss.get("/thumbnail/col/exp/em").status_code == 404
    assert "no voxels" in boss.get("/view/col/exp/em").text


def test_slices_are_those_of_a_resolution_that_fits(boss: Boss, datastore: Datastore) -> None:
    boss.make_experiment(x_stop=4000, y_stop=3000, z_stop=7)
    boss.make_channel()
    channel = datastore.catalog.resources.channel("col", "exp", "em")
    downsample_now(datastore, channel, lambda *_: None)
    slices = Slices(datastore.catalog.resources.channel("col", "exp", "em"))
    assert slices.resolution == 2
    assert [plane.url for plane in slices.planes] == [
        "/v1/image/col/exp/em/xy/2/0:1000/0:750/{n}",
        "/v1/image/col/exp/em/xz/2/0:1000/{n}/0:7",
        "/v1/image/col/exp/em/yz/2/{n}/0:750/0:7",
    ]
    assert slices.planes[1].ratio == pytest.approx(4000 * 4 / (7 * 35))
    for plane in slices.planes:
        assert boss.get(plane.middle_url).status_code == 200


def test_a_page_tells_what_a_channel_is(boss: Boss) -> None:
    boss.make_channel("em", "uint16", public=True)
    boss.post("meta/col/exp/em?key=scope&value=<Zeiss>")
    boss.send("cutout/col/exp/em/0/0:7/0:6/0:5/", np.ones((5, 6, 7), np.uint16))
    page = boss.get("/view/col/exp/em").text
    for words in ("image, uint16", "100 × 200 × 300 (z, y, x)", "35.0 × 4.0 × 4.0 nanometers", "not downsampled"):
        assert words in page
    assert "scope" in page
    assert "&lt;Zeiss&gt;" in page
    assert 'href="/ng/?collection=col&amp;experiment=exp&amp;channel=em"' in page
    found = boss.get("/view/col/exp/em/stored").get_json()
    assert found["files"] >= 3
    assert found["bytes"] > 500


def test_metadata_and_groups_are_for_those_who_may(as_user: Any) -> None:
    owner, stranger = as_user("olga", Role.RESOURCE_MANAGER), as_user()
    owner.make_channel("em", public=True)
    owner.post("meta/col/exp/em?key=scope&value=Zeiss")
    assert "Zeiss" in owner.get("/view/col/exp/em").text
    assert "Zeiss" not in stranger.get("/view/col/exp/em").text
    owner.put("collection/col/experiment/exp/channel/em", {"public": False})
    assert "the groups admin, olga-primary" in owner.get("/view/col/exp/em").text


def test_lines_to_copy_are_in_voxels_of_the_resolution_that_they_read(boss: Boss) -> None:
    boss.make_channel(base_resolution=1)
    page = boss.get("/view/col/exp/em").text
    assert "volume[0:150, 0:100, 49:50]" in page
    assert 'group["1"][0, 49:50, 0:100, 0:150]' in page
    assert "store[0, 49:50, 0:100, 0:150]" in page
    assert "/v1/cutout/col/exp/em/1/0:150/0:100/49:50/" in page


def test_lines_to_copy_send_a_token_where_one_is_needed(as_user: Any) -> None:
    owner = as_user("olga", Role.RESOURCE_MANAGER)
    owner.make_channel("em")
    store = (
        '"base_url": "http://localhost/zarr/col/exp/em.ome.zarr/0/", "headers": ["Authorization: Bearer YOUR TOKEN"]'
    )
    assert store in owner.get("/view/col/exp/em").text
    owner.put("collection/col/experiment/exp/channel/em", {"public": True})
    page = owner.get("/view/col/exp/em").text
    assert '"kvstore": "http://localhost/zarr/col/exp/em.ome.zarr/0/"}' in page
    assert "YOUR TOKEN" not in page


def test_forms_are_for_those_who_may_use_them(as_user: Any) -> None:
    owner, stranger, plain = as_user("olga", Role.RESOURCE_MANAGER), as_user(), as_user("plain")
    owner.make_channel("em", public=True)
    for parent in ("collection/col", "collection/col/experiment/exp"):
        owner.put(parent, {"public": True})
    for path, form in (("/", "data-method"), ("/view/col/exp/em", "data-method"), ("/view/col/exp/em", 'id="upload"')):
        assert form in owner.get(path).text
        assert form not in stranger.get(path).text
        assert form not in plain.get(path).text


def test_an_empty_server_says_how_to_begin(boss: Boss) -> None:
    assert "Nothing yet" in boss.get("/").text.replace("\n", " ")


@pytest.mark.parametrize("path", ["/view/no/exp/em", "/view/col/no/em", "/view/col/exp/no"])
def test_what_there_is_not_is_not_found(boss: Boss, path: str) -> None:
    boss.make_channel()
    page = boss.get(path)
    assert (page.status_code, page.mimetype) == (404, "text/html")


def test_a_deleted_channel_has_no_page(boss: Boss) -> None:
    boss.make_channel()
    boss.delete("collection/col/experiment/exp/channel/em")
    assert boss.get("/view/col/exp/em").status_code == 404
    assert "/view/col/exp/em" not in boss.get("/").text


def test_a_stranger_sees_only_what_is_public_and_cannot_tell_private_from_absent(as_user: Any) -> None:
    owner, stranger = as_user("olga", Role.RESOURCE_MANAGER), as_user()
    owner.make_channel("secret")
    owner.make_channel("open", public=True)
    assert "secret" not in stranger.get("/").text
    for parent in ("collection/col", "collection/col/experiment/exp"):
        owner.put(parent, {"public": True})
    home = stranger.get("/").text
    assert "/view/col/exp/open" in home
    assert "secret" not in home
    assert stranger.get("/view/col/exp/open").status_code == 200
    private, absent = stranger.get("/view/col/exp/secret"), stranger.get("/view/col/exp/absent")
    assert (private.status_code, private.data) == (absent.status_code, absent.data)


def test_pages_carry_a_policy_and_bossdbs_addresses_lead_to_them(boss: Boss) -> None:
    boss.make_channel()
    for path in ("/", "/view/col/exp/em", "/view/no/no/no"):
        headers = boss.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert boss.get("/v1/mgmt/").headers["Location"] == "/"
    assert boss.get("/v1/mgmt/resources/col/exp/em").headers["Location"] == "/view/col/exp/em"
