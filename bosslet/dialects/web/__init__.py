"""The web page: what is stored here, and one slice of it at a time, in a browser and without a network.

Only reads. Where tokens are needed, a page shows what is public, as to anybody without one. The pictures come from
bossDB's image service on the same server.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Flask, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bosslet import __version__, access
from bosslet.catalog.records import ADMINISTRATOR, ANONYMOUS, Experiment, Permission, User
from bosslet.datastore import Datastore
from bosslet.dialects.http import Limits, status_of
from bosslet.dialects.web.views import Slices
from bosslet.errors import BossletError, MissingPermission, NotFound


@dataclass(frozen=True, slots=True)
class Shelf:
    """An experiment on the home page, with the channels that the reader may see."""

    experiment: Experiment
    channels: list[Slices]


class Pages:
    """The home page, and one for each channel."""

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.catalog = datastore.catalog
        self.resources = datastore.catalog.resources
        self.open = limits.authentication == "open"

    def home(self) -> Response:
        """Everything that the reader may see."""
        return _page("web/home.html", shelves=self._shelves(), open=self.open)

    def channel(self, collection: str, experiment: str, channel: str) -> Response:
        """One channel: a slice to scroll through, what it is, and how to get at it."""
        record = self.resources.channel(collection, experiment, channel)
        if record.marked_ancestor is not None:
            raise NotFound(f"channel {record}")
        access.require(self.catalog, self._reader(), Permission.READ, record)
        access.require(self.catalog, self._reader(), Permission.READ_VOLUMETRIC_DATA, record)
        return _page("web/channel.html", slices=Slices(record), host=request.host, scheme=request.scheme)

    def _reader(self) -> User:
        return self.catalog.users.get(ADMINISTRATOR) if self.open else ANONYMOUS

    def _shelves(self) -> list[Shelf]:
        reader = self._reader()
        shelves = []
        for name in self.resources.collection_names(reader):
            collection = self.resources.collection(name)
            for experiment_name in self.resources.visible_experiment_names(collection, reader):
                experiment = self.resources.experiment(name, experiment_name)
                names = self.resources.visible_channel_names(experiment, reader)
                channels = [self.resources.channel(name, experiment_name, channel) for channel in names]
                shelves.append(Shelf(experiment, [Slices(channel) for channel in channels]))
        return shelves


def register(app: Flask, datastore: Datastore, limits: Limits) -> None:
    """Serve the pages at the root of the server, and at the URL that intern's arrays show."""
    pages = Pages(datastore, limits)
    web = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
    web.add_url_rule("/", "home", pages.home)
    web.add_url_rule("/view/<collection>/<experiment>/<channel>", "channel", pages.channel, strict_slashes=False)
    web.add_url_rule("/favicon.ico", "icon", lambda: web.send_static_file("icon.png"))
    web.add_url_rule("/v1/mgmt/", "console", _to_home)
    web.add_url_rule("/v1/mgmt/resources/<collection>/<experiment>/<channel>", "resource", _to_channel)
    web.register_error_handler(BossletError, _answer_error)
    app.register_blueprint(web)


def _to_home() -> AnyResponse:
    return redirect(url_for("web.home"), 302, Response)


def _to_channel(collection: str, experiment: str, channel: str) -> AnyResponse:
    return redirect(
        url_for("web.channel", collection=collection, experiment=experiment, channel=channel), 302, Response
    )


def _answer_error(error: BossletError) -> Response:
    # What a reader may not see is not told from what there is not.
    status = 404 if isinstance(error, NotFound | MissingPermission) else status_of(error)
    return _page("web/error.html", status=status)


def _page(template: str, status: int = 200, **content: object) -> Response:
    return make_response(render_template(template, version=__version__, status=status, **content), status)
