"""The route table of bossDB's API, written down from its description: what each row answers to whom.

The resources that the rows name are made by test_routes.py. They belong to the administrator and none is public, so
that everybody else is refused unless a row says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import blosc
import numpy as np

from tests.dialects.boss.client import FRAME

Json = Any
ROLE, PERMISSION = (403, 3000), (403, 3001)
"""How somebody is refused who lacks a role, and who lacks a permission."""
LOGIN = (200, 401, 403)
"""What is not described for the anonymous: to be served, or to be asked for credentials."""
CHANNEL, BOX = "col/exp/em", "0/0:5/0:4/0:3"
LABELS = "col/exp/seg"
EXPERIMENT = "collection/col/experiment/exp"
IMAGE = {"type": "image", "datatype": "uint8"}
QUEUED = {**IMAGE, "downsample_status": "QUEUED"}
GRANT = {"group": "lab", "collection": "col", "permissions": ["read"]}
VOXELS: bytes = blosc.compress(np.ones((3, 4, 5), np.uint8).tobytes(), typesize=8)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one method of a row is sent, and what it answers."""

    status: int
    """To the administrator."""
    refused: tuple[int, int] | None = None
    """Status and code to everybody else; None: the same as to the administrator."""
    code: int | None = None
    """Of the error that the administrator gets."""
    keys: tuple[str, ...] = ()
    """Of the object that he gets."""
    anonymous: tuple[int, ...] = ()
    """To a GET without a token, where that is not what everybody else gets."""
    body: Json = None
    first: tuple[tuple[str, str, Json], ...] = ()
    """What the administrator does before, below /v1."""


@dataclass(frozen=True, slots=True)
class Row:
    """A route. ``{x}`` in its path is the name ``existing`` for GET and PUT, and one that is new for the others."""

    path: str
    answers: Mapping[str, Answer]
    existing: str = ""
    kind: str = "json"
    """``json``, ``cutout``, ``image``, or ``bare``: JSON whatever is accepted."""
    slash: str = "optional"
    """``required``: without it there is a redirect."""
    unjudged: tuple[str, ...] = field(default=())
    """Methods of which nothing is said."""


def get(*keys: str, refused: tuple[int, int] | None = None, **fields: Any) -> Answer:
    """The answer to a GET that is an object of these keys."""
    return Answer(200, refused, keys=keys, **fields)


COLLECTION = ("name", "public", "description", "experiments", "creator")
COORD: tuple[str, ...] = ("name", "description", "x_start", "x_stop", "y_start", "y_stop", "z_start", "z_stop")
COORD += ("x_voxel_size", "y_voxel_size", "z_voxel_size", "voxel_unit")
EXP: tuple[str, ...] = ("channels", "name", "public", "description", "collection", "coord_frame")
EXP += ("num_hierarchy_levels", "hierarchy_method", "num_time_samples", "time_step", "time_step_unit", "creator")
CHAN: tuple[str, ...] = ("name", "public", "description", "experiment", "default_time_sample", "type")
CHAN += (
    "base_resolution",
    "datatype",
    "creator",
    "sources",
    "downsample_status",
    "related",
    "storage_type",
    "bucket",
    "cv_path",
)
LEVELS = ("status", "num_hierarchy_levels", "voxel_size", "extent", "cuboid_size")
RANGES = ("x_range", "y_range", "z_range", "t_range")


def resource(path: str, existing: str, keys: tuple[str, ...], body: Json, *, reading: Any = PERMISSION) -> Row:
    """A resource that is made, read, changed and marked."""
    answers = {
        "GET": get(*keys, refused=reading),
        "POST": Answer(201, ROLE, keys=keys, body=body),
        "PUT": Answer(200, PERMISSION, keys=keys, body={"description": "d"}),
        "DELETE": Answer(204, ROLE, first=(("POST", path, body),)),
    }
    return Row(path, answers, existing)


def metadata(path: str) -> list[Row]:
    """The keys of an object, and one of them. Missing arguments are found before anything else is looked at."""
    one = f"{path}?key={{x}}&value=v"
    missing = Answer(400, code=1003)
    answers = {
        "GET": get("key", "value", refused=PERMISSION),
        "POST": Answer(201, PERMISSION),
        "PUT": Answer(200, PERMISSION),
        "DELETE": Answer(204, PERMISSION, first=(("POST", one, None),)),
    }
    every = {"GET": get("keys", refused=PERMISSION), "POST": missing, "PUT": missing, "DELETE": missing}
    return [Row(path, every), Row(one, answers, "k")]


def people(kind: str, nobody: Answer) -> list[Row]:
    """The members or maintainers of a group, and one of them."""
    path = f"groups/lab/{kind}/paul"
    some = get(kind, refused=ROLE, anonymous=(401, 403))
    one = {
        "GET": get("result", refused=ROLE, anonymous=(401, 403)),
        "POST": Answer(204, ROLE),
        "DELETE": Answer(204, ROLE, first=(("POST", path, None),)),
    }
    return [Row(f"groups/lab/{kind}", {"GET": some, "POST": nobody}, unjudged=("DELETE",)), Row(path, one)]


def cutout(tail: str) -> list[Row]:
    """Voxels, and the eraser."""
    answers = {"GET": Answer(200, PERMISSION), "POST": Answer(201, PERMISSION, body=VOXELS)}
    return [
        Row(f"cutout/{CHANNEL}/{BOX}{tail}", answers, kind="cutout"),
        Row(f"cutout/to_black/{CHANNEL}/{BOX}{tail}", {"PUT": Answer(200, PERMISSION)}),
    ]


UNKNOWN_JOB = Answer(404, code=4004, anonymous=(401, 403, 404))
OLD = Answer(400, code=9003)
PICTURE = {"GET": Answer(200, PERMISSION)}

ROWS = [
    Row("collection", {"GET": get("collections")}, slash="required"),
    resource("collection/{x}", "col", COLLECTION, {}),
    Row("collection/col/experiment", {"GET": get("experiments")}),
    resource("collection/col/experiment/{x}", "exp", EXP, {"coord_frame": "frame"}),
    Row(f"{EXPERIMENT}/channel", {"GET": get("channels")}),
    resource(f"{EXPERIMENT}/channel/{{x}}", "em", CHAN, IMAGE),
    Row("coord", {"GET": get("coords"), "POST": Answer(400)}, slash="required"),
    resource("coord/{x}", "frame", COORD, FRAME, reading=None),
    *(row for path in ("meta/col", "meta/col/exp", f"meta/{CHANNEL}") for row in metadata(path)),
    *(row for tail in ("", "/0:1") for row in cutout(tail)),
    *(Row(f"image/{CHANNEL}/{at}", PICTURE, kind="image") for at in ("xy/0/0:5/0:4/2", "xz/0/0:5/2/0:3/0")),
    *(Row(f"tile/{CHANNEL}/{at}", PICTURE, kind="image") for at in ("xy/8/0/1/2/3", "yz/8/0/3/2/1/0")),
    Row(
        "downsample/col/exp/{x}",
        {
            "GET": get(*LEVELS, refused=PERMISSION),
            "POST": Answer(201, PERMISSION, first=(("POST", f"{EXPERIMENT}/channel/{{x}}", IMAGE),)),
            "DELETE": Answer(204, PERMISSION, first=(("POST", f"{EXPERIMENT}/channel/{{x}}", QUEUED),)),
        },
        "em",
    ),
    Row(f"reserve/{LABELS}/5", {"GET": get("start_id", "count", refused=PERMISSION)}),
    *(Row(f"ids/{LABELS}/{BOX}{tail}", {"GET": get("ids", refused=PERMISSION)}) for tail in ("", "/0:1")),
    Row(f"boundingbox/{LABELS}/0/7", {"GET": get(*RANGES, refused=PERMISSION)}),
    Row("groups", {"GET": get("groups", anonymous=LOGIN)}, slash="required"),
    Row(
        "groups/{x}",
        {
            "GET": get("name", "owner", "resources", refused=PERMISSION, anonymous=(401, 403)),
            "POST": Answer(201, ROLE),
            "DELETE": Answer(204, ROLE, first=(("POST", "groups/{x}", None),)),
        },
        "lab",
    ),
    *people("members", Answer(404, ROLE, 4002)),
    *people("maintainers", Answer(400, ROLE, 1000)),
    Row(
        "permissions?group=lab&collection=col",
        {
            "GET": get("permission-sets"),
            "POST": Answer(201, ROLE, body=GRANT),
            "PATCH": Answer(200, ROLE, body=GRANT),
            "DELETE": Answer(204, ROLE),
        },
    ),
    Row(
        "sso/user/{x}",
        {
            "GET": Answer(200, anonymous=(401, 403)),
            "POST": Answer(201, ROLE, body={}),
            "DELETE": Answer(204, ROLE, first=(("POST", "sso/user/{x}", {}),)),
        },
        "paul",
    ),
    Row("sso/user-role/rita", {"GET": Answer(200, ROLE, anonymous=(401, 403))}, slash="required"),
    Row(
        "sso/user-role/rita/resource-manager",
        {
            "GET": Answer(200, ROLE, anonymous=(401, 403)),
            "POST": Answer(201, ROLE),
            "DELETE": Answer(204, ROLE),
        },
    ),
    Row(
        "ingest",
        {"GET": get("ingest_jobs", anonymous=LOGIN), "POST": Answer(400, code=1004, body={})},
        slash="required",
    ),
    Row("ingest/99", {"GET": UNKNOWN_JOB, "DELETE": UNKNOWN_JOB}),
    Row("ingest/99/status", {"GET": UNKNOWN_JOB}),
    Row("ingest/99/complete", {"POST": UNKNOWN_JOB}),
    Row("/ping", {"GET": get("ip")}, kind="bare", slash="required"),
    *(
        Row(f"/v0.{minor}/collection/col", dict.fromkeys(("GET", "POST", "PUT", "DELETE"), OLD), kind="bare")
        for minor in range(1, 9)
    ),
]
