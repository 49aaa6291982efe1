"""The stored image over HTTP: byte for byte, in ranges, and nothing else of the folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from bosslet.catalog.records import Role
from bosslet.datastore import Datastore
from tests.dialects.boss.client import Boss
from tests.dialects.precomputed.test_precomputed import noise, refused

BASE = "/zarr/col/exp/em.ome.zarr"
BLOCK = f"{BASE}/0/c/0/0/0/0"


def call(boss: Boss, method: str, path: str, **options: Any) -> TestResponse:
    """One request, its answer read and closed as a server does it."""
    return boss.call(method, path, buffered=True, **options)


def get(boss: Boss, path: str, **options: Any) -> TestResponse:
    """GET."""
    return call(boss, "GET", path, **options)


@pytest.fixture
def folder(boss: Boss, datastore: Datastore) -> Path:
    """Of a channel with two levels, of which the first has voxels in one block."""
    prefix = boss.make_channel("em")
    assert boss.send(f"{prefix}/0:64/0:64/0:32/", noise((32, 64, 64))).status_code == 201
    channel = datastore.catalog.resources.channel("col", "exp", "em")
    datastore.image(channel).create_level(1)
    return datastore.uploads / channel.path


@pytest.mark.parametrize("key", ["zarr.json", "0/zarr.json", "1/zarr.json", "0/c/0/0/0/0"])
def test_a_file_is_what_is_stored(boss: Boss, folder: Path, key: str) -> None:
    answer = get(boss, f"{BASE}/{key}", headers={"Accept-Encoding": "gzip, zstd"})
    assert (answer.status_code, answer.data) == (200, (folder / key).read_bytes())
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-cache"
    head = call(boss, "HEAD", f"{BASE}/{key}")
    assert (head.status_code, head.data) == (200, b"")
    for header in ("Content-Length", "ETag", "Content-Type"):
        assert head.headers[header] == answer.headers[header]
    assert head.content_length == len(answer.data)


def test_the_isotropic_pyramid(boss: Boss, datastore: Datastore) -> None:
    boss.make_channel("em")
    image = datastore.image(datastore.catalog.resources.channel("col", "exp", "em"))
    assert get(boss, f"{BASE}/iso/zarr.json").status_code == 404
    image.create_level(4, iso=True)
    group = json.loads(get(boss, f"{BASE}/iso/zarr.json").data)
    assert [each["path"] for each in group["attributes"]["ome"]["multiscales"][0]["datasets"]] == ["4"]
    assert json.loads(get(boss, f"{BASE}/iso/4/zarr.json").data)["shape"] == [1, 50, 13, 19]
    refused(get(boss, f"{BASE}/iso/0/zarr.json"), 404, "NotFound")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("0-9", 0, 10),
        ("5-5", 5, 6),
        ("100-", 100, None),
        ("-4", -4, None),
        ("-99999999", 0, None),
        ("7-99999999", 7, None),
    ],
)
def test_ranges(boss: Boss, folder: Path, asked: str, start: int, stop: int | None) -> None:
    whole = (folder / "0/c/0/0/0/0").read_bytes()
    answer = get(boss, BLOCK, headers={"Range": f"bytes={asked}"})
    expected = whole[start:stop]
    assert (answer.status_code, answer.data) == (206, expected)
    first = len(whole) + start if start < 0 else start
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(whole)}"
    assert answer.content_length == len(expected)


@pytest.mark.parametrize("asked", ["blocks=0-1", "bytes=0-1,4-5", "bytes=0-1, 4-", "7"])
def test_ranges_that_are_no_business_of_the_server(boss: Boss, folder: Path, asked: str) -> None:
    answer = get(boss, BLOCK, headers={"Range": asked})
    assert (answer.status_code, answer.data) == (200, (folder / "0/c/0/0/0/0").read_bytes())
    assert "Content-Range" not in answer.headers


def test_a_head_has_no_range(boss: Boss, folder: Path) -> None:
    answer = call(boss, "HEAD", BLOCK, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.content_length) == (200, (folder / "0/c/0/0/0/0").stat().st_size)


@pytest.mark.parametrize("asked", ["99999999-", "99999999-999999999", "-0", "5-2", "x-y"])
def test_ranges_past_the_end(boss: Boss, folder: Path, asked: str) -> None:
    answer = get(boss, BLOCK, headers={"Range": f"bytes={asked}"})
    refused(answer, 416, "InvalidRange")
    assert answer.headers["Content-Range"] == f"bytes */{(folder / '0/c/0/0/0/0').stat().st_size}"


@pytest.mark.usefixtures("folder")
def test_the_entity_tag_belongs_to_what_is_stored(boss: Boss) -> None:
    first = get(boss, BLOCK).headers["ETag"]
    assert not first.startswith("W/")
    assert get(boss, BLOCK, headers={"If-None-Match": first}).status_code == 304
    assert get(boss, BLOCK, headers={"If-Match": first, "Range": "bytes=0-9"}).status_code == 206
    assert get(boss, BLOCK, headers={"If-Match": f'"other", {first}'}).status_code == 200
    boss.send("cutout/col/exp/em/0/0:3/0:2/0:1/", noise((1, 2, 3)) // 2 + 1)
    assert get(boss, BLOCK).headers["ETag"] != first
    assert get(boss, BLOCK, headers={"If-None-Match": first}).status_code == 200
    refused(get(boss, BLOCK, headers={"If-Match": first, "Range": "bytes=0-9"}), 412, "PreconditionFailed")
    refused(get(boss, BLOCK, headers={"If-Match": f"W/{first}"}), 412, "PreconditionFailed")


@pytest.mark.parametrize(
    "key",
    [
        *("", ".zattrs", ".zgroup", ".zmetadata", "labels/zarr.json", "0/.zarray", "zarr.json/", "2/zarr.json"),
        *("0/c/0/0/0/1", "0/c/0/9/9/9", "0/c/1/0/0/0", "1/c/0/0/0/0", "2/c/0/0/0/0", "0/c/0/0/0", "0/c/0/0/0/0/0"),
        *("0/c/00/0/0/0", "0/c/0/0/0/-1", "0/c/0/0/0/99999999999", "0/0/0/0/0", "10/zarr.json", "0/c", "c/0/0/0/0"),
        *("../em/zarr.json", "0/../zarr.json", "./zarr.json", "%2e%2e/em/zarr.json", "0%2fzarr.json%00"),
        *("../../../bosslet.db", "..%2f..%2f..%2fbosslet.db", "%2fetc/passwd", "0/c/0/0/0/0.__lock"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_there_is_not(boss: Boss, key: str) -> None:
    for method in ("GET", "HEAD"):
        answer = call(boss, method, f"{BASE}/{key}")
        # Two slashes are one to the router, which leads there.
        assert answer.status_code == (308 if key.startswith("%2f") else 404), (method, key)


def test_files_that_are_no_part_of_an_image_are_not_served(boss: Boss, folder: Path) -> None:
    for name in ("secret", "0/c/0/0/0/notes", "0/c/0/0/0/7.txt", "zarr.json.bak"):
        (folder / name).write_text("secret")
        assert get(boss, f"{BASE}/{name}").status_code == 404


@pytest.mark.parametrize("link", ["0/c/0/0/0/1", "0/c/0/0/1"])
def test_symbolic_links_are_not_followed(boss: Boss, folder: Path, tmp_path: Path, link: str) -> None:
    (tmp_path / "0").write_text("secret")
    target = tmp_path if link.endswith("0/0/1") and link.count("/") == 4 else tmp_path / "0"
    (folder / link).symlink_to(target)
    key = f"{BASE}/{link}/0" if target is tmp_path else f"{BASE}/{link}"
    answer = get(boss, key)
    assert b"secret" not in answer.data
    refused(answer, 500, "UnreadableBlock")


def test_a_folder_in_the_place_of_a_block_is_an_error(boss: Boss, folder: Path) -> None:
    (folder / "0/c/0/0/0/1").mkdir()
    refused(get(boss, f"{BASE}/0/c/0/0/0/1"), 500, "UnreadableBlock")


def test_a_block_that_is_lost_is_not_one_that_never_was(boss: Boss, folder: Path) -> None:
    (folder / "0/c/0/0/0/0").unlink()
    refused(get(boss, BLOCK), 500, "UnreadableBlock")


def test_a_damaged_block_is_given_without_an_entity_tag(boss: Boss, folder: Path) -> None:
    (folder / "0/c/0/0/0/0").write_bytes(b"x")
    answer = get(boss, BLOCK)
    assert (answer.status_code, answer.data, "ETag" in answer.headers) == (200, b"x", False)


def test_files_are_closed(boss: Boss, folder: Path) -> None:
    tag = get(boss, BLOCK).headers["ETag"]
    before = len(list(Path("/proc/self/fd").iterdir()))
    asked: list[dict[str, str]] = [
        {},
        {"Range": "bytes=0-3"},
        {"Range": "bytes=99999999-"},
        {"If-None-Match": tag},
        {"If-Match": '"no"'},
    ]
    for headers in asked:
        for method in ("GET", "HEAD"):
            call(boss, method, BLOCK, headers=headers)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_stranger_cannot_tell_private_from_absent(as_user: Any) -> None:
    owner, stranger = as_user("olga", Role.RESOURCE_MANAGER), as_user()
    owner.make_channel("secret")
    owner.make_channel("open", public=True)
    for name in ("secret", "open"):
        owner.send(f"cutout/col/exp/{name}/0/0:64/0:64/0:32/", noise((32, 64, 64)))
    for key in ("zarr.json", "0/zarr.json", "0/c/0/0/0/0", "0/c/0/9/9/9", "nonsense", ""):
        for method in ("GET", "HEAD"):
            private, absent = (
                call(stranger, method, f"/zarr/col/exp/{name}.ome.zarr/{key}") for name in ("secret", "absent")
            )
            assert private.status_code == absent.status_code == 404, key
            assert private.text.replace("secret", "absent") == absent.text
            assert set(private.headers.keys()) == set(absent.headers.keys())
    for key in ("zarr.json", "0/zarr.json", "0/c/0/0/0/0"):
        assert get(stranger, f"/zarr/col/exp/open.ome.zarr/{key}").status_code == 200
        assert get(owner, f"/zarr/col/exp/secret.ome.zarr/{key}").status_code == 200
    refused(get(as_user(token="wrong"), "/zarr/col/exp/open.ome.zarr/zarr.json"), 401, "NotAuthenticated")


@pytest.mark.usefixtures("folder")
def test_the_name_of_an_image_ends_as_such(boss: Boss) -> None:
    for name in ("em", "em.zarr", ".ome.zarr", "em.ome.zarr.ome.zarr"):
        refused(boss.get(f"/zarr/col/exp/{name}/zarr.json"), 404, "NotFound")


def test_what_is_marked_for_deletion_is_gone(boss: Boss) -> None:
    boss.make_channel("em")
    assert boss.delete("collection/col/experiment/exp/channel/em").status_code == 204
    refused(get(boss, f"{BASE}/zarr.json"), 404, "NotFound")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(key=st.text(st.sampled_from("0123c/.zarjsoni~%\\ "), max_size=24))
def test_no_key_leads_anywhere_else(boss: Boss, datastore: Datastore, key: str) -> None:
    if boss.get("collection/col").status_code == 404:
        boss.make_channel("em")
    answer = get(boss, f"{BASE}/{key}")
    known = {"zarr.json", "0/zarr.json"}
    assert answer.status_code in {404, 308} or key in known, (key, answer.status_code)


def test_documents_can_be_read_while_the_description_is_written(boss: Boss, folder: Path) -> None:
    before = get(boss, f"{BASE}/zarr.json").data
    assert boss.put("collection/col", {"description": "new"}).status_code == 200
    after = get(boss, f"{BASE}/zarr.json").data
    assert before != after == (folder / "zarr.json").read_bytes()


def test_wide_voxels_are_stored_in_little_endian(boss: Boss) -> None:
    boss.send(f"{boss.make_channel('em', 'uint16')}/0:64/0:64/0:32/", np.ones((32, 64, 64), np.uint16))
    assert get(boss, BLOCK).status_code == 200
