"""The form of the files in ``cases/``: JSON, read strictly, so that a misspelt key is an error and not a gap.

Text in braces, such as ``{prefix}``, stands for what only the run knows; it is filled in before a case is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from tests.dialects.boss.case_voxels import ENCODERS, FILLS, Layer, Voxels

Json = Any
Value = TypeVar("Value")

CASES = Path(__file__).parent / "cases"
USERS = ("admin", "manager", "plain", "public", "anonymous")
"""Who may ask: the administrator, one with both manager roles, one without a role, the shared account, nobody."""
CAPABILITIES = ("limits",)
"""What a server may or may not be set up for."""
PREFIX_LENGTH = 10
MARKS = ("KEEP", "FIX", None)
ABSENT: Json = object()
"""What a key means that was not given, where null would mean something."""


class MalformedCase(ValueError):
    """A file of cases that does not say what it means."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: the voxels (z, y, x) of its plane or stack, each divided by ``divisor``, rows from the top."""

    size: tuple[int, int]
    """Width, height."""
    mode: str
    voxels: Voxels | None = None
    divisor: int = 1
    tolerance: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; at most one kind of body."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """None takes a header away that would be sent otherwise."""
    json: Json = ABSENT
    form: Mapping[str, str] | None = None
    multipart: Mapping[str, str] | None = None
    text: str | None = None
    voxels: Voxels | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What must hold of the answer; what is not given is not looked at."""

    status: int | tuple[int, ...]
    code: int | None = None
    """The body is bossDB's error object with this code."""
    detail: bool = False
    """The body is ``{"detail": text}``."""
    empty: bool = False
    media_type: str | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """Shell patterns; None: must not be there."""
    json: Json = ABSENT
    unordered: bool = False
    """Lists in ``json`` are compared without their order."""
    json_includes: Json = ABSENT
    """Keys of objects, and elements of lists in this order, that must be there, among others."""
    json_excludes: Json = ABSENT
    """Elements of lists that must not be there."""
    keys: tuple[str, ...] = ()
    """All keys of the object, in order."""
    text_includes: tuple[str, ...] = ()
    voxels: Voxels | None = None
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A request that prepares others, and must succeed."""

    request: Request
    user: str = "admin"


@dataclass(frozen=True, slots=True)
class Case:
    """One request and its answer."""

    name: str
    section: str
    request: Request
    expect: Expected
    user: str = "admin"
    mark: str | None = None
    note: str = ""
    requires: tuple[str, ...] = ()
    within: float = 0
    """Seconds until the answer must be as expected; the request is repeated."""
    remember: Mapping[str, str] = field(default_factory=dict)
    """Names for later cases, and the keys of the answer's object that hold their values."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The cases of one section; the JSON of each is kept until it is known what to fill in."""

    name: str
    title: str
    needs: tuple[str, ...]
    setup: tuple[Json, ...]
    cases: tuple[Json, ...]


def read_file(path: Path) -> CaseFile:
    """A file, in which each step and case is well-formed; raises MalformedCase."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not content.keys() <= {"title", "needs", "setup", "cases"}:
        raise MalformedCase(f"{path.name}: must be an object of title, needs, setup and cases")
    needs, setup, cases = (tuple(content.get(key, ())) for key in ("needs", "setup", "cases"))
    try:
        for step in setup:
            read_step(step)
        for case in cases:
            read_case(case)
    except MalformedCase as error:
        raise MalformedCase(f"{path.name}: {error}") from error
    return CaseFile(path.stem, content["title"], needs, setup, cases)


def all_files() -> list[CaseFile]:
    """The files beside this module, in order."""
    return [read_file(path) for path in sorted(CASES.glob("*.json"))]


def filled(value: Json, names: Mapping[str, str]) -> Json:
    """The same JSON with ``{name}`` replaced in every text."""
    if isinstance(value, dict):
        return {filled(key, names): filled(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(f"{{{name}}}", text)
    return value


def read_step(content: Json) -> Step:
    """A step of a setup."""
    content = dict(content)
    user = content.pop("as", "admin")
    return Step(_request(content), _one_of(user, USERS))


def read_case(content: Json) -> Case:
    """A case."""
    content = dict(content)
    try:
        _one_of(content.get("mark"), MARKS)
        content["user"] = _one_of(content.pop("as", "admin"), USERS)
        content["request"] = _request(content["request"])
        content["expect"] = _expected(content["expect"])
        content["requires"] = tuple(_one_of(name, CAPABILITIES) for name in content.get("requires", ()))
        return _build(Case, content)
    except (KeyError, MalformedCase) as error:
        raise MalformedCase(f"case {content.get('name')!r}: {error}") from error


def _request(content: Json) -> Request:
    content = dict(content)
    if "voxels" in content:
        content["voxels"] = _voxels(content["voxels"])
    bodies = [name for name in ("json", "form", "multipart", "text", "voxels") if name in content]
    if len(bodies) > 1:
        raise MalformedCase(f"one body, not {bodies}")
    return _build(Request, content)


def _expected(content: Json) -> Expected:
    content = dict(content)
    status = content["status"]
    content["status"] = status if isinstance(status, int) else tuple(status)
    for name in ("keys", "text_includes"):
        content[name] = tuple(content.get(name, ()))
    if "voxels" in content:
        content["voxels"] = _voxels(content["voxels"])
    if "image" in content:
        image = dict(content["image"])
        if "voxels" in image:
            image["voxels"] = _voxels(image["voxels"])
        content["image"] = _build(Image, {**image, "size": tuple(image["size"])})
    return _build(Expected, content)


def _voxels(content: Json) -> Voxels:
    layers = tuple(_layer(layer) for layer in content.get("layers", ()))
    voxels = _build(Voxels, {**content, "shape": tuple(content["shape"]), "layers": layers})
    _one_of(voxels.encoding, tuple(ENCODERS))
    for name in (voxels.fill, *(layer.fill for layer in layers)):
        _one_of((name or "const").partition(":")[0], tuple(FILLS))
    return voxels


def _layer(content: Json) -> Layer:
    return _build(Layer, {**content, "shape": tuple(content["shape"]), "at": tuple(content.get("at", ()))})


def _build(cls: type[Value], content: Mapping[str, Json]) -> Value:
    unknown = content.keys() - {each.name for each in fields(cls)}  # type: ignore[arg-type]
    if unknown:
        raise MalformedCase(f"{cls.__name__} has no {', '.join(sorted(unknown))}")
    try:
        return cls(**content)
    except TypeError as error:
        raise MalformedCase(str(error)) from error


def _one_of(value: Json, allowed: tuple[Json, ...]) -> Json:
    if value not in allowed:
        raise MalformedCase(f"{value!r} is none of {allowed}")
    return value
