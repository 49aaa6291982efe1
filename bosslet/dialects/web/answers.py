"""A page as an answer, also where something went wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from flask import Response, make_response, render_template, request

from bosslet import __version__, errors
from bosslet.dialects import failures
from bosslet.dialects.content import as_it_is_now
from bosslet.dialects.http import status_of
from bosslet.dialects.sessions import form_token, session_key

log = logging.getLogger(__name__)


def page(template: str, content: Mapping[str, object], status: int = 200, *, open_to_all: bool = False) -> Response:
    """What a template makes of this, and of who asks; ``open_to_all`` where nobody has to log in."""
    key = None if open_to_all else session_key(request)
    token = form_token(key) if key is not None else ""
    about = {"version": __version__, "status": status, "open": open_to_all, "form_token": token, **content}
    return as_it_is_now(make_response(render_template(template, **about), status))


def as_json(content: dict[str, object], status: int = 200) -> Response:
    """For the scripts of a page."""
    return as_it_is_now(Response(json.dumps(content), status, mimetype="application/json"))


def answer_error(error: errors.BossletError) -> Response:
    """A page for people, JSON for what is not asked for by an address in a browser."""
    if request.method not in {"GET", "HEAD"} and request.endpoint == "web.upload":
        return failures.answer(error)
    # What a reader may not see is not told from what there is not.
    hidden = isinstance(error, errors.NotFound | errors.MissingPermission)
    status = 404 if hidden else status_of(error)
    if status >= 500 and not isinstance(error, errors.Busy):
        log.error("%s: %s", type(error).__name__, error, exc_info=error.__cause__)
    answer = page("web/error.html", {"message": str(error)}, status)
    answer.headers.update(failures.headers_of(error))
    return answer
