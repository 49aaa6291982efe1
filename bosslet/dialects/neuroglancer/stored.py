"""States under short names: what a browser or a program shows somebody else.

Only who has an account stores them, at most ``MAX_STATE_BYTES`` each; the catalog bounds all together.
"""

from __future__ import annotations

import json

from flask import Response, request, url_for
from flask.views import MethodView

from bosslet.catalog.records import PUBLIC_ACCOUNT
from bosslet.catalog.viewer_states import ViewerStates
from bosslet.dialects.authentication import current_user
from bosslet.dialects.http import read_body
from bosslet.dialects.neuroglancer.links import Links
from bosslet.errors import MalformedBody, MissingArgument, MissingPermission

MAX_STATE_BYTES = 2**18
"""Some ten thousand selected segments."""


class StatesView(MethodView):
    """New states, and those that links stand for."""

    init_every_request = False

    def __init__(self, links: Links) -> None:
        self.links = links

    def get(self) -> Response:
        """The state that ``/ng/`` opens with the same query."""
        if not request.args:
            raise MissingArgument("collection, experiment and channel, or state, say what is to be shown")
        return _json(self.links.state(request.args, request.host_url.rstrip("/") + request.script_root))

    def post(self) -> Response:
        """``{"url": …, "name": …}`` for a state that is the body."""
        user = current_user()
        if user.name == PUBLIC_ACCOUNT:
            raise MissingPermission(f"{PUBLIC_ACCOUNT} may not store anything")
        name = self.links.states.keep(_state(read_body(request, MAX_STATE_BYTES)), user)
        url = url_for("neuroglancer.short", name=name, _external=True)
        return _json(json.dumps({"url": url, "name": name}), 201)


class KeptState(MethodView):
    """A state that was stored."""

    init_every_request = False

    def __init__(self, states: ViewerStates) -> None:
        self.states = states

    def get(self, name: str) -> Response:
        """Its JSON."""
        return _json(self.states.get(name))

    def delete(self, name: str) -> Response:
        """Forget it."""
        self.states.delete(name, current_user())
        return Response(status=204)


def _state(body: bytes) -> str:
    """The state in a body, as it is kept."""
    try:
        state = json.loads(body)
        # Neither NaN, which is not JSON, nor a number so large that it was read as infinity.
        text = json.dumps(state, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise MalformedBody("a state is JSON") from error
    if not isinstance(state, dict) or not isinstance(state.get("layers"), list):
        raise MalformedBody("a state is an object of JSON with a list of layers")
    return text


def _json(text: str, status: int = 200) -> Response:
    return Response(text, status, mimetype="application/json")
