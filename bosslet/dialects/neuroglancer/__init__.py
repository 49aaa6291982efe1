"""Neuroglancer itself, from this server, and links to what it shows.

    /ng/?collection=…&experiment=…[&channel=…]   some channels, or all of an experiment that one may see
    /ng/<name>                                   a state that was stored: POST /ng/state has given it the name
    /ng/state?collection=…, /ng/state/<name>     the same two as JSON, for programs
    /ng/v/x/                                     the client; the state is in the fragment

Further choices in the first: ``source`` (precomputed, zarr or boss), ``t`` (a time sample), ``segment`` (a label, any
number of times). A state has the place ``{origin}`` for the server's address, which only the browser knows for sure.

State: https://github.com/google/neuroglancer/blob/master/python/neuroglancer/viewer_state.py.
"""

from __future__ import annotations

from flask import (
    Blueprint,
    Flask,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from bosslet.datastore import Datastore
from bosslet.dialects import failures
from bosslet.dialects.authentication import Authentication
from bosslet.dialects.http import Limits
from bosslet.dialects.neuroglancer import client
from bosslet.dialects.neuroglancer.links import Links
from bosslet.dialects.neuroglancer.stored import KeptState, StatesView
from bosslet.dialects.neuroglancer.wanted import ORIGIN
from bosslet.errors import NotFound

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src *; "
    "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""What the client needs: WebAssembly for its decoders, workers, and any server that a layer names."""


class Viewer:
    """The pages."""

    def __init__(self, links: Links) -> None:
        self.links = links

    def open(self) -> AnyResponse:
        """The client, told by its URL what to show."""
        if client.folder() is None:
            return make_response(render_template("neuroglancer/missing.html"), 501)
        self._state()  # so that what cannot be shown is said here
        query = request.query_string.decode("latin-1")
        return redirect(url_for("neuroglancer.page") + (f"?{query}" if query else ""), 302, Response)

    def short(self, name: str) -> AnyResponse:
        """The client with a stored state."""
        self.links.states.get(name)
        return redirect(url_for("neuroglancer.open", state=name), 302, Response)

    def page(self) -> Response:
        """The client's page."""
        response = make_response(client.page(url_for("neuroglancer.static", filename="start.js"), self._state()))
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "private, no-cache"
        response.vary.update(["Authorization", "Cookie"])
        return response

    def file(self, name: str) -> Response:
        """A file of the client; its name changes with what is in it."""
        folder = client.folder()
        if folder is None:
            raise NotFound("Neuroglancer is not installed: pip install 'bosslet[viewer]'")
        return send_from_directory(folder, name, max_age=client.KEPT_SECONDS)

    def _state(self) -> str:
        return self.links.state(request.args, ORIGIN + request.script_root)


def register(app: Flask, datastore: Datastore, limits: Limits) -> None:
    """Serve the client and its states."""
    viewer = Viewer(Links(datastore, limits))
    blueprint = Blueprint("neuroglancer", __name__, template_folder="templates", static_folder="static")
    blueprint.before_request(Authentication(datastore.catalog, limits))
    failures.register(blueprint)
    blueprint.add_url_rule("/", "open", viewer.open)
    blueprint.add_url_rule("/<name>", "short", viewer.short, strict_slashes=False)
    blueprint.add_url_rule("/v/x/", "page", viewer.page)
    blueprint.add_url_rule("/v/x/<name>", "file", viewer.file)
    blueprint.add_url_rule("/state", view_func=StatesView.as_view("states", viewer.links))
    blueprint.add_url_rule("/state/<name>", view_func=KeptState.as_view("state", viewer.links.states))
    app.register_blueprint(blueprint, url_prefix="/ng")
