"""The web page shows what its reader may see, and no more."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bosslet.catalog.records import Role
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
    for url in re.findall(r'src="(/v1/image/[^"]+)"', page.text):
        assert boss.get(url).mimetype == "image/png", url


def test_a_channel_page_scrolls_through_all_slices(boss: Boss) -> None:
    boss.make_experiment(z_start=10, z_stop=31, x_stop=5000, y_start=-7)
    boss.make_channel(description="<b>bold</b>")
    page = boss.get("/view/col/exp/em")
    assert page.status_code == 200
    assert 'min="10" max="30" value="20"' in page.text
    assert "<b>bold</b>" not in page.text
    (url,) = re.findall(r'data-url="([^"]+)"', page.text)
    for number in (10, 20, 30):
        assert boss.get(f"{url}{number}").status_code == 200
    assert boss.get("/view/col/exp/em/").status_code == 200
    for link in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
        with boss.get(link) as answer:
            assert answer.status_code == 200


def test_an_empty_frame_has_no_picture(boss: Boss) -> None:
    boss.make_experiment(x_start=10, x_stop=5)
    boss.make_channel()
    assert "/v1/image" not in boss.get("/").text
    assert "no voxels" in boss.get("/view/col/exp/em").text


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
