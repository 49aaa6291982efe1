"""Blocks put over HTTP are voxels: the same as written in any other way, or refused with nothing changed."""

from __future__ import annotations

import json
import struct
import threading
from typing import Any

import google_crc32c
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import DownsampleStatus, Permission, Role
from bosslet.datastore import Datastore
from tests.dialects.boss.client import Boss
from tests.dialects.ome_zarr.blocks import block_file, edited_metadata, ramp
from tests.dialects.ome_zarr.test_reading import call, get
from tests.dialects.precomputed.test_precomputed import refused

BASE = "/zarr/col/exp/em.ome.zarr"
BLOCK = f"{BASE}/0/c/0/0/0/0"
SHAPE = (32, 64, 64)
LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
BLOSC = {
    "name": "blosc",
    "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "noshuffle", "typesize": 1, "blocksize": 0},
}
SHARDING: dict[str, Any] = {
    "name": "sharding_indexed",
    "configuration": {
        "chunk_shape": [1, 16, 32, 32],
        "codecs": [LITTLE, BLOSC, {"name": "crc32c"}],
        "index_codecs": [LITTLE, {"name": "crc32c"}],
    },
}


def put(boss: Boss, path: str, body: bytes, **headers: str) -> TestResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(boss, "PUT", path, data=body, headers=names)


def metadata(boss: Boss, level: int = 0) -> bytes:
    return get(boss, f"{BASE}/{level}/zarr.json").data


@pytest.fixture
def block(boss: Boss) -> bytes:
    """The file of a whole first block of a channel that exists."""
    boss.make_channel("em")
    return block_file(metadata(boss), ramp(SHAPE))


def test_what_is_put_is_read_in_every_way(boss: Boss, block: bytes) -> None:
    answer = put(boss, BLOCK, block)
    assert (answer.status_code, answer.data) == (201, b"")
    assert np.array_equal(boss.voxels("cutout/col/exp/em/0/0:64/0:64/0:32/", SHAPE), ramp(SHAPE))
    stored = get(boss, BLOCK)
    assert stored.headers["ETag"] == answer.headers["ETag"]
    chunk = boss.get("/precomputed/col/exp/em/0/0-64_0-64_0-64").data
    assert np.array_equal(np.frombuffer(chunk, np.uint8).reshape(64, 64, 64)[:32], ramp(SHAPE))
    again = put(boss, BLOCK, stored.data)
    assert (again.status_code, again.headers["ETag"]) == (204, answer.headers["ETag"])


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64"])
def test_wider_voxels(boss: Boss, dtype: str) -> None:
    boss.make_channel("em", dtype, type="image" if dtype == "uint16" else "annotation")
    voxels = ramp(SHAPE, dtype) * np.array(257, dtype)
    assert put(boss, BLOCK, block_file(metadata(boss), voxels)).status_code == 201
    assert np.array_equal(boss.voxels("cutout/col/exp/em/0/0:64/0:64/0:32/", SHAPE, dtype), voxels)


def test_zeros_overwrite(boss: Boss, block: bytes) -> None:
    put(boss, BLOCK, block)
    sparse = np.zeros(SHAPE, np.uint8)
    sparse[3, 4, 5] = 9
    assert put(boss, BLOCK, block_file(metadata(boss), sparse)).status_code == 204
    assert np.array_equal(boss.voxels("cutout/col/exp/em/0/0:64/0:64/0:32/", SHAPE), sparse)


def test_a_block_of_zeros_is_no_block(boss: Boss, block: bytes) -> None:
    put(boss, BLOCK, block)
    empty = b"\xff" * 128
    empty += struct.pack("<I", google_crc32c.value(empty))
    answer = put(boss, BLOCK, empty)
    assert (answer.status_code, "ETag" in answer.headers) == (204, False)
    assert get(boss, BLOCK).status_code == 404
    assert put(boss, BLOCK, empty).status_code == 204


def test_a_block_at_the_edge_may_stick_out(boss: Boss) -> None:
    boss.make_channel("em")
    whole = block_file(edited_metadata(metadata(boss), shape=[1, 128, 256, 320]), ramp(SHAPE), "c/0/3/3/4")
    assert put(boss, f"{BASE}/0/c/0/3/3/4", whole).status_code == 201
    inside = boss.voxels("cutout/col/exp/em/0/256:300/192:200/96:100/", (4, 8, 44))
    assert np.array_equal(inside, ramp(SHAPE)[:4, :8, :44])
    for key in ("0/c/0/4/0/0", "0/c/0/0/0/5", "0/c/1/0/0/0"):
        refused(put(boss, f"{BASE}/{key}", whole), 404, "NotFound")


def test_nothing_is_written_before_the_frame_starts(boss: Boss, snapshot: Any) -> None:
    boss.make_experiment(x_start=10, y_start=20, z_start=5)
    boss.make_channel("em")
    before = snapshot()
    refused(put(boss, BLOCK, block_file(metadata(boss), ramp(SHAPE))), 400, "InvalidBox")
    assert snapshot() == before
    voxels = ramp(SHAPE)
    voxels[:5], voxels[:, :20], voxels[:, :, :10] = 0, 0, 0
    assert put(boss, BLOCK, block_file(metadata(boss), voxels)).status_code == 201
    inside = boss.voxels("cutout/col/exp/em/0/10:64/20:64/5:32/", (27, 44, 54))
    assert np.array_equal(inside, voxels[5:, 20:, 10:])


def test_a_time_series(boss: Boss) -> None:
    boss.make_experiment(num_time_samples=3)
    boss.make_channel("em")
    key = "c/2/1/2/3"
    assert put(boss, f"{BASE}/0/{key}", block_file(metadata(boss), ramp(SHAPE), key)).status_code == 201
    found = boss.voxels("cutout/col/exp/em/0/192:256/128:192/32:64/2:3", (1, *SHAPE))
    assert np.array_equal(found[0], ramp(SHAPE))


def test_a_write_makes_the_pyramid_old(boss: Boss, block: bytes, datastore: Datastore) -> None:
    channel = datastore.catalog.resources.channel("col", "exp", "em")
    statuses = []
    for change in (lambda: put(boss, BLOCK, block), lambda: call(boss, "DELETE", BLOCK)):
        datastore.catalog.resources.set_downsample_status(channel.id, DownsampleStatus.DOWNSAMPLED)
        assert change().status_code in {201, 204}
        channel = datastore.catalog.resources.channel("col", "exp", "em")
        statuses.append(channel.downsample_status)
    assert statuses == [DownsampleStatus.NOT_DOWNSAMPLED] * 2


def test_only_two_levels_can_be_written(boss: Boss, block: bytes, datastore: Datastore) -> None:
    image = datastore.image(datastore.catalog.resources.channel("col", "exp", "em"))
    for level in (1, 2):
        image.create_level(level)
    image.create_level(4, iso=True)
    assert put(boss, f"{BASE}/1/c/0/0/0/0", block).status_code == 201
    for key in ("2/c/0/0/0/0", "iso/4/c/0/0/0/0"):
        refused(put(boss, f"{BASE}/{key}", block), 400, "ResolutionNotWritable")
        refused(call(boss, "DELETE", f"{BASE}/{key}"), 400, "ResolutionNotWritable")
    refused(put(boss, f"{BASE}/3/c/0/0/0/0", block), 404, "NotFound")


def test_delete_sets_to_zero(boss: Boss, block: bytes) -> None:
    put(boss, BLOCK, block)
    tag = get(boss, BLOCK).headers["ETag"]
    refused(call(boss, "DELETE", BLOCK, headers={"If-Match": '"other"'}), 412, "PreconditionFailed")
    assert call(boss, "DELETE", BLOCK, headers={"If-Match": tag}).status_code == 204
    assert not boss.voxels("cutout/col/exp/em/0/0:64/0:64/0:32/", SHAPE).any()
    assert call(boss, "DELETE", BLOCK).status_code == 204
    refused(call(boss, "DELETE", f"{BASE}/0/zarr.json"), 409, "ReadOnlyDocument")
    refused(call(boss, "DELETE", f"{BASE}/0/nonsense"), 404, "NotFound")


def test_conditions(boss: Boss, block: bytes, snapshot: Any) -> None:
    other = block_file(metadata(boss), ramp(SHAPE, first=2))
    before = snapshot()
    for condition in ("*", '"x"'):
        refused(put(boss, BLOCK, block, If_Match=condition), 412, "PreconditionFailed")
    assert snapshot() == before
    first = put(boss, BLOCK, block, If_None_Match="*").headers["ETag"]
    before = snapshot()
    for headers in ({"If_None_Match": "*"}, {"If_None_Match": first}, {"If_Match": '"x"'}, {"If_Match": f"W/{first}"}):
        refused(put(boss, BLOCK, other, **headers), 412, "PreconditionFailed")
    assert snapshot() == before
    second = put(boss, BLOCK, other, If_Match=f'"x", {first}')
    assert second.status_code == 204
    assert second.headers["ETag"] == get(boss, BLOCK).headers["ETag"] != first
    refused(put(boss, BLOCK, block, If_Match=first), 412, "PreconditionFailed")
    assert put(boss, BLOCK, block, If_Match="*", If_None_Match='"x"').status_code == 204


def test_who_counts_with_conditions_loses_nothing(datastore: Datastore) -> None:
    app = create_app(datastore, config.load(auth="open"))
    Boss(app.test_client()).make_channel("em", "uint64")

    def count(worker: int) -> None:
        boss = Boss(app.test_client())
        for _ in range(8):
            while True:
                cells = np.zeros(SHAPE, np.uint64)
                stored = get(boss, BLOCK)
                if stored.status_code == 200:
                    cells = boss.voxels("cutout/col/exp/em/0/0:64/0:64/0:32/", SHAPE, "uint64").copy()
                    condition = {"If_Match": stored.headers["ETag"]}
                else:
                    condition = {"If_None_Match": "*"}
                cells[0, 0, 0] += 1
                cells[1, 2, worker] += 1
                if put(boss, BLOCK, block_file(metadata(boss), cells), **condition).status_code < 300:
                    break

    workers = [threading.Thread(target=count, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    cells = Boss(app.test_client()).voxels("cutout/col/exp/em/0/0:64/0:64/0:32/", SHAPE, "uint64")
    assert cells[0, 0, 0] == 24
    assert cells[1, 2, :3].tolist() == [8, 8, 8]


def damaged(block: bytes) -> dict[str, bytes]:
    index = len(block) - 132
    first = struct.unpack_from("<Q", block, index)[0]

    def with_entry(start: int, length: int) -> bytes:
        body = bytearray(block)
        struct.pack_into("<QQ", body, index, start, length)
        body[-4:] = struct.pack("<I", google_crc32c.value(bytes(body[index:-4])))
        return bytes(body)

    def with_byte(place: int, value: int) -> bytes:
        body = bytearray(block)
        body[place] ^= value
        return bytes(body)

    return {
        "empty": b"",
        "short": block[-131:],
        "text": b"x" * 4000,
        "cut off": block[:-1],
        "cut off in front": block[1:],
        "a chunk past the end": with_entry(len(block) - 40, 40),
        "a chunk far away": with_entry(2**47, 40),
        "a chunk of nothing": with_entry(0, 0),
        "a chunk of its checksum": with_entry(0, 4),
        "a huge chunk": with_entry(0, 2**63),
        "half of an entry": with_entry(2**64 - 1, 30),
        "a wrong checksum of the index": with_byte(len(block) - 1, 1),
        "another byte in a chunk": with_byte(first + 200, 1),
        "a chunk that claims 2 GB": with_byte(first + 7, 0x7F),
        "a chunk that claims less": with_byte(first + 5, 0xFF),
        "another version of blosc": with_byte(first, 7),
    }


@pytest.mark.parametrize("name", list(damaged(bytes(1000))))
def test_what_is_no_block_is_refused(boss: Boss, block: bytes, snapshot: Any, name: str) -> None:
    put(boss, BLOCK, block)
    body = damaged(block_file(metadata(boss), ramp(SHAPE, first=2)))[name]
    before = snapshot()
    answer = put(boss, BLOCK, body)
    assert (answer.status_code, answer.get_json()["code"]) in {(400, "DecodeError"), (400, "WrongShape")}, answer.text
    assert snapshot() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"data_type": "uint16", "codecs": [LITTLE]},
        {"codecs": [{"name": "bytes"}]},
        {"codecs": [{"name": "bytes"}, {"name": "gzip", "configuration": {"level": 1}}]},
        {"codecs": [SHARDING | {"configuration": SHARDING["configuration"] | {"chunk_shape": [1, 8, 32, 32]}}]},
        {
            "codecs": [
                SHARDING | {"configuration": SHARDING["configuration"] | {"codecs": [LITTLE, {"name": "crc32c"}]}}
            ]
        },
    ],
)
def test_blocks_of_other_metadata_are_refused(boss: Boss, block: bytes, snapshot: Any, changes: dict[str, Any]) -> None:
    assert block
    before = snapshot()
    body = block_file(edited_metadata(metadata(boss), **changes), ramp(SHAPE, changes.get("data_type", "uint8")))
    assert put(boss, BLOCK, body).status_code in {400, 413}
    assert snapshot() == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(edits=st.lists(st.tuples(st.integers(0, 2**31), st.integers(1, 255)), min_size=1, max_size=3))
def test_damage_never_fails_otherwise(boss: Boss, edits: list[tuple[int, int]]) -> None:
    if boss.get("collection/col").status_code == 404:
        boss.make_channel("em")
    body = bytearray(block_file(metadata(boss), ramp(SHAPE)))
    for place, value in edits:
        body[place % len(body)] ^= value
    answer = put(boss, BLOCK, bytes(body))
    assert answer.status_code in {201, 204, 400}, answer.text
    if answer.status_code != 400:  # the edits undid each other, or fell between the chunks
        assert np.array_equal(boss.voxels("cutout/col/exp/em/0/0:64/0:64/0:32/", SHAPE), ramp(SHAPE))


def test_a_body_that_is_too_long_is_not_read(boss: Boss, block: bytes) -> None:
    refused(put(boss, BLOCK, block + bytes(2**20)), 413, "TooLarge")


def test_a_block_that_no_cutout_could_be_is_refused(datastore: Datastore) -> None:
    boss = Boss(create_app(datastore, config.load(auth="open", max_cutout_bytes=1000)).test_client())
    boss.make_channel("em")
    refused(put(boss, BLOCK, block_file(metadata(boss), ramp(SHAPE))), 413, "TooLarge")
    refused(call(boss, "DELETE", BLOCK), 413, "TooLarge")


def test_a_body_without_a_length_is_refused(boss: Boss, block: bytes) -> None:
    assert block
    answer = call(boss, "PUT", BLOCK, headers={"Transfer-Encoding": "chunked"}, content_length=None)
    refused(answer, 411, "LengthRequired")


def test_documents_can_only_be_put_as_they_are(boss: Boss, block: bytes, snapshot: Any) -> None:
    assert block
    before = snapshot()
    for key in ("zarr.json", "0/zarr.json"):
        content = get(boss, f"{BASE}/{key}").data
        assert put(boss, f"{BASE}/{key}", content).status_code == 204
        assert put(boss, f"{BASE}/{key}", json.dumps(json.loads(content), indent=4).encode()).status_code == 204
        refused(put(boss, f"{BASE}/{key}", edited_metadata(content, shape=[1, 1, 1, 1])), 409, "ReadOnlyDocument")
        refused(put(boss, f"{BASE}/{key}", b"{"), 400, "MalformedBody")
        refused(put(boss, f"{BASE}/{key}", b"[" * 100_000), 400, "MalformedBody")
    for key in ("labels/zarr.json", ".zattrs", "5/zarr.json", "0/c", "x"):
        refused(put(boss, f"{BASE}/{key}", b"{}"), 404, "NotFound")
    assert snapshot() == before


def test_who_may_write(as_user: Any, datastore: Datastore, snapshot: Any) -> None:
    owner, stranger = as_user("olga", Role.RESOURCE_MANAGER), as_user()
    for name in ("open", "secret"):
        owner.make_channel(name, public=name == "open")
    other = as_user("otto")
    block = block_file(get(owner, "/zarr/col/exp/open.ome.zarr/0/zarr.json").data, ramp(SHAPE))
    before = snapshot()
    places = {name: f"/zarr/col/exp/{name}.ome.zarr/0/c/0/0/0/0" for name in ("open", "secret", "absent")}
    for method in ("PUT", "DELETE"):
        for place in places.values():
            refused(call(stranger, method, place, data=block), 401, "NotAuthenticated")
        refused(call(other, method, places["open"], data=block), 403, "MissingPermission")
        secret, absent = (call(other, method, places[name], data=block) for name in ("secret", "absent"))
        refused(secret, 404, "NotFound")
        assert secret.text.replace("secret", "absent") == absent.text
    assert snapshot() == before
    assert put(owner, places["secret"], block).status_code == 201
    channel = datastore.catalog.resources.channel("col", "exp", "secret")
    datastore.catalog.permissions.grant("otto-primary", channel, [Permission.ADD_VOLUMETRIC_DATA])
    refused(put(other, places["secret"], block), 404, "NotFound")  # may write, but not see
    datastore.catalog.permissions.grant("otto-primary", channel, [Permission.READ_VOLUMETRIC_DATA])
    assert put(other, places["secret"], block).status_code == 204


def test_a_page_of_another_site_cannot_write(boss: Boss, block: bytes, snapshot: Any) -> None:
    before = snapshot()
    for method in ("PUT", "DELETE"):
        answer = call(boss, method, BLOCK, data=block, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
    assert snapshot() == before


def test_who_moved_too_much_has_to_wait(datastore: Datastore) -> None:
    boss = Boss(create_app(datastore, config.load(auth="open", throttle_user_bytes=1000)).test_client())
    boss.make_channel("em")
    block = block_file(metadata(boss), ramp(SHAPE))
    assert put(boss, BLOCK, block).status_code == 201
    refused(put(boss, BLOCK, block), 429, "Throttled")
    assert get(boss, BLOCK).status_code == 200
    answer = get(boss, BLOCK)
    refused(answer, 429, "Throttled")
    assert int(answer.headers["Retry-After"]) > 0
    assert boss.get("/precomputed/col/exp/em/0/0-64_0-64_0-64").status_code == 429


def test_a_client_of_s3_signs_with_a_token(as_user: Any, datastore: Datastore) -> None:
    owner = as_user("olga", Role.RESOURCE_MANAGER)
    owner.make_channel("em")
    block = block_file(get(owner, f"{BASE}/0/zarr.json").data, ramp(SHAPE))
    token = datastore.catalog.users.new_token("olga")
    rest = "/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0123"
    stranger = as_user()
    signed = put(stranger, BLOCK, block, Authorization=f"AWS4-HMAC-SHA256 Credential={token}{rest}")
    assert signed.status_code == 201
    for wrong in ("", "x", f"{token}x"):
        answer = put(stranger, BLOCK, block, Authorization=f"AWS4-HMAC-SHA256 Credential={wrong}{rest}")
        refused(answer, 401, "NotAuthenticated")
    refused(put(stranger, BLOCK, block, Authorization="AWS4-HMAC-SHA256 nothing"), 401, "NotAuthenticated")
