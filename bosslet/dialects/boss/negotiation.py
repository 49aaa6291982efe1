"""JSON in, JSON or a page out, as the framework under bossDB does it.

A body may be JSON, a form or multipart; an empty one is an empty object. An answer is JSON for ``*/*``, a page for a
browser, and 406 for anything else, which is decided before the view does anything.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any, ClassVar

from flask import Request, Response, make_response, render_template, request
from flask.views import MethodView

from bosslet.dialects.http import read_body
from bosslet.errors import InvalidField, MalformedBody, NotAcceptable, UnknownEncoding, UnknownFormat

Json = Any
View = Callable[..., Json]

MAX_JSON_BYTES = 1 << 20
STYLE = "body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}pre{overflow-x:auto}"
STYLE_ONLY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
"""What the page of a resource may do: nothing but look like this, whatever is written in it."""
JSON, HTML = "application/json", "text/html"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def json_view(view: View) -> Callable[..., Response]:
    """Turn a view that returns a value, or (value, status), into one that answers in what the client accepts.

    A value of None is an answer without a body.
    """

    @wraps(view)
    def answer(*args: object, **kwargs: object) -> Response:
        media_type = accepted_media_type(request)
        value = view(*args, **kwargs)
        value, status = value if isinstance(value, tuple) else (value, 200)
        return present(value, status, media_type)

    return answer


class JsonView(MethodView):
    """A resource whose methods return values; ``HEAD`` is answered as ``GET``."""

    init_every_request = False
    decorators: ClassVar[list[Callable[[View], View]]] = [json_view]


def accepted_media_type(request: Request) -> str:
    """JSON or HTML, by ``?format=`` or else by Accept.

    Raises:
        UnknownFormat: no such format.
        NotAcceptable: the client takes neither.
    """
    if (wanted := request.args.get("format")) is not None:
        if wanted not in {"json", "api"}:
            raise UnknownFormat(f"no format {wanted!r}; there are json and api")
        return JSON if wanted == "json" else HTML
    if not request.accept_mimetypes:
        return JSON
    exact = [media for media in (HTML, JSON) if any(value == media for value, _ in request.accept_mimetypes)]
    if exact:
        return request.accept_mimetypes.best_match(exact) or JSON
    if request.accept_mimetypes.best_match([JSON]):
        return JSON
    raise NotAcceptable("Could not satisfy the request Accept header: there are application/json and text/html.")


def present(value: Json, status: int, media_type: str) -> Response:
    """A value as an answer."""
    if value is None:
        return Response(status=status)
    if media_type == HTML:
        text = json.dumps(value, indent=4)
        page = make_response(render_template("boss/resource.html", content=text, status=status, style=STYLE), status)
        page.headers["Content-Security-Policy"] = STYLE_ONLY
        return page
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Response(text, status, mimetype=JSON)


def parsed_body(request: Request) -> dict[str, Json]:
    """The fields that a body holds; of a form, lists where a name came more than once.

    Raises:
        UnknownEncoding: neither JSON nor a form.
        MalformedBody: not what its content type says.
        InvalidField: JSON, but not an object.
    """
    if request.mimetype in FORMS:
        return {name: values if len(values) > 1 else values[0] for name, values in request.form.lists()}
    body = read_body(request, MAX_JSON_BYTES)
    if not body.strip():
        return {}
    if request.mimetype not in {JSON, ""}:
        raise UnknownEncoding(f'Unsupported media type "{request.mimetype}" in request.')
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"JSON parse error: {error}") from error
    if not isinstance(value, dict):
        raise InvalidField("the body must be a JSON object")
    return value
