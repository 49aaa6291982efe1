"""What of an answer is not as a case expects it, in sentences."""

from __future__ import annotations

import fnmatch
import io
import json
import pickle
import zlib
from collections.abc import Iterator
from typing import Any

import blosc
import numpy as np
import requests
from PIL import Image as Pictures

from tests.dialects.boss.case_files import ABSENT, Expected, Image
from tests.dialects.boss.case_voxels import Voxels, decoded

Json = Any
SHOWN = 600
PLACEHOLDERS: dict[str, tuple[type, ...]] = {
    "<any>": (object,),
    "<bool>": (bool,),
    "<int>": (int,),
    "<list>": (list,),
    "<number>": (int, float),
    "<object>": (dict,),
    "<string>": (str,),
}
"""What may stand in expected JSON for a value that only its type is known of."""
UNREADABLE = (ValueError, TypeError, EOFError, blosc.blosc_extension.error, zlib.error, pickle.UnpicklingError)
"""What goes wrong with a body that is not what it should be."""


def complaints(answer: requests.Response, expect: Expected) -> Iterator[str]:
    """Nothing when all is well."""
    allowed = (expect.status,) if isinstance(expect.status, int) else expect.status
    if answer.status_code not in allowed:
        yield f"status {answer.status_code}, not {' or '.join(map(str, allowed))}: {_shown(answer.content)}"
        return
    yield from _headers(answer, expect)
    if expect.empty and answer.content:
        yield f"a body where none was expected: {_shown(answer.content)}"
    for text in expect.text_includes:
        if text not in answer.text:
            yield f"no {text!r} in {_shown(answer.content)}"
    if expect.voxels is not None:
        yield from _voxels(answer.content, expect.voxels)
    if expect.image is not None:
        yield from _picture(answer.content, expect.image)
    if expect.code is not None or expect.detail or expect.keys or _wants_json(expect):
        yield from _content(answer, expect)


def _wants_json(expect: Expected) -> bool:
    return any(value is not ABSENT for value in (expect.json, expect.json_includes, expect.json_excludes))


def _headers(answer: requests.Response, expect: Expected) -> Iterator[str]:
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if expect.media_type is not None and media_type != expect.media_type:
        yield f"media type {media_type!r}, not {expect.media_type!r}"
    for name, pattern in expect.headers.items():
        value = answer.headers.get(name)
        if pattern is None and value is not None:
            yield f"header {name}: {value}, where there should be none"
        if pattern is not None and not fnmatch.fnmatchcase(value or "", pattern):
            yield f"header {name}: {value}, not {pattern}"


def _content(answer: requests.Response, expect: Expected) -> Iterator[str]:
    try:
        content = json.loads(answer.content)
    except ValueError:
        yield f"no JSON: {_shown(answer.content)}"
        return
    if not answer.headers.get("Content-Type", "").startswith("application/json"):
        yield f"JSON, but sent as {answer.headers.get('Content-Type')}"
    if expect.code is not None and not _is_error(content, answer.status_code, expect.code):
        yield f"not an error object of code {expect.code}: {_shown(answer.content)}"
    if expect.detail and not (_keys(content) == ("detail",) and isinstance(content["detail"], str)):
        yield f"not only a detail: {_shown(answer.content)}"
    if expect.keys and _keys(content) != expect.keys:
        yield f"keys {_keys(content)}, not {expect.keys}"
    if expect.json is not ABSENT and not equal(content, expect.json, unordered=expect.unordered):
        yield f"{_shown(answer.content)}, not {json.dumps(expect.json)}"
    if expect.json_includes is not ABSENT and not includes(content, expect.json_includes):
        yield f"{_shown(answer.content)} does not include {json.dumps(expect.json_includes)}"
    if expect.json_excludes is not ABSENT and not excludes(content, expect.json_excludes):
        yield f"{_shown(answer.content)} includes what it should not: {json.dumps(expect.json_excludes)}"


def _is_error(content: Json, status: int, code: int) -> bool:
    message = isinstance(content, dict) and content.get("message")
    return bool(message) and isinstance(message, str) and (content["status"], content["code"]) == (status, code)


def _keys(content: Json) -> tuple[str, ...]:
    return tuple(content) if isinstance(content, dict) else ()


def equal(content: Json, expected: Json, *, unordered: bool = False) -> bool:
    """Equality of JSON, where true is not 1 and placeholders stand for any value of their type."""
    if isinstance(expected, str) and expected in PLACEHOLDERS:
        return isinstance(content, PLACEHOLDERS[expected]) and (expected != "<int>" or not isinstance(content, bool))
    if isinstance(expected, dict):
        return (
            isinstance(content, dict)
            and content.keys() == expected.keys()
            and all(equal(content[key], value, unordered=unordered) for key, value in expected.items())
        )
    if isinstance(expected, list):
        if not isinstance(content, list) or len(content) != len(expected):
            return False
        if unordered:
            content, expected = _sorted(content), _sorted(expected)
        return all(equal(one, other, unordered=unordered) for one, other in zip(content, expected, strict=True))
    return bool(content == expected) and isinstance(content, bool) == isinstance(expected, bool)


def _sorted(values: list[Json]) -> list[Json]:
    """In an order that does not depend on the order of lists inside."""
    return sorted(values, key=lambda value: sorted(json.dumps(value, sort_keys=True)))


def includes(content: Json, expected: Json) -> bool:
    """Whether all of ``expected`` is there: keys of objects, and elements of lists in their order."""
    if isinstance(expected, dict):
        return isinstance(content, dict) and all(
            key in content and includes(content[key], value) for key, value in expected.items()
        )
    if isinstance(expected, list):
        rest: Iterator[Json] = iter(content if isinstance(content, list) else ())
        return all(any(includes(one, wanted) for one in rest) for wanted in expected)
    return equal(content, expected)


def excludes(content: Json, unwanted: Json) -> bool:
    """Whether none of the elements of the lists in ``unwanted`` is in the list of the same place."""
    if isinstance(unwanted, dict):
        return isinstance(content, dict) and all(excludes(content.get(key), each) for key, each in unwanted.items())
    return isinstance(content, list) and not any(includes(one, each) for one in content for each in unwanted)


def _voxels(body: bytes, voxels: Voxels) -> Iterator[str]:
    expected = voxels.array()
    try:
        found = decoded(body, voxels.encoding, voxels.dtype, voxels.shape)
    except UNREADABLE as error:
        yield f"no {voxels.dtype} voxels {voxels.shape} as {voxels.encoding}: {error}; {len(body)} bytes"
        return
    if (found.dtype, found.shape) != (expected.dtype, expected.shape):
        yield f"{found.dtype} {found.shape}, not {expected.dtype} {expected.shape}"
    elif not np.array_equal(found, expected):
        first = tuple(int(axis[0]) for axis in np.nonzero(found != expected))
        wrong = int((found != expected).sum())
        yield f"{wrong} of {found.size} voxels differ, the first at {first}: {found[first]}, not {expected[first]}"


def _picture(body: bytes, image: Image) -> Iterator[str]:
    try:
        picture = Pictures.open(io.BytesIO(body))
        picture.load()
    except OSError as error:
        yield f"no picture: {error}"
        return
    if (picture.mode, picture.size) != (image.mode, image.size):
        yield f"a picture {picture.mode} {picture.size}, not {image.mode} {image.size}"
    elif image.voxels is not None:
        expected = image.voxels.array().astype(np.int64).reshape(image.size[::-1]) // image.divisor
        worst = int(np.abs(np.asarray(picture).astype(np.int64) - expected).max())
        if worst > image.tolerance:
            yield f"pixels differ by up to {worst}"


def _shown(body: bytes) -> str:
    text = body[:SHOWN].decode("utf-8", "replace")
    return text + "…" if len(body) > SHOWN else text
