"""The web page: what is stored here, one slice of it at a time, in a browser and without a network.

What a page changes it changes through bossDB's API on the same server, by a script that reads the page's forms; so
there is one place that says who may do what, and one that checks what is sent. Only logging in and taking in files are
here. Where tokens are needed, a page shows what the one who is logged in may see, or what is public.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from bosslet.datastore import Datastore
from bosslet.dialects.authentication import Authentication
from bosslet.dialects.http import Limits
from bosslet.dialects.web.answers import answer_error
from bosslet.dialects.web.login import Login
from bosslet.dialects.web.pages import Pages
from bosslet.dialects.web.pictures import Thumbnails
from bosslet.dialects.web.upload import UploadView
from bosslet.errors import BossletError

_CHANNEL = "/<collection>/<experiment>/<channel>"


def register(app: Flask, datastore: Datastore, limits: Limits) -> None:
    """Serve the pages at the root of the server, and at the URL that intern's arrays show."""
    web = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
    web.before_request(Authentication(datastore.catalog, limits).find)
    web.register_error_handler(BossletError, answer_error)
    _add_pages(web, datastore, limits)
    _add_login(web, datastore, limits)
    web.add_url_rule("/favicon.ico", "icon", lambda: web.send_static_file("icon.png"))
    web.add_url_rule("/v1/mgmt/", "console", _to_home)
    web.add_url_rule(f"/v1/mgmt/resources{_CHANNEL}", "resource", _to_channel)
    app.register_blueprint(web)


def _add_pages(web: Blueprint, datastore: Datastore, limits: Limits) -> None:
    pages = Pages(datastore, limits)
    upload = UploadView.as_view("upload", datastore, limits)
    web.add_url_rule("/", "home", pages.home)
    web.add_url_rule(f"/view{_CHANNEL}", "channel", pages.channel, strict_slashes=False)
    web.add_url_rule(f"/view{_CHANNEL}/stored", "stored", pages.stored)
    web.add_url_rule(f"/view{_CHANNEL}/upload", view_func=upload)
    web.add_url_rule(f"/thumbnail{_CHANNEL}", "thumbnail", Thumbnails(datastore, limits).get)


def _add_login(web: Blueprint, datastore: Datastore, limits: Limits) -> None:
    login = Login(datastore.catalog, limits)
    web.add_url_rule("/login", "login", login.form)
    web.add_url_rule("/login", "log_in", login.log_in, methods=["POST"])
    web.add_url_rule("/logout", "log_out", login.log_out, methods=["POST"])


def _to_home() -> AnyResponse:
    return redirect(url_for("web.home"), 302, Response)


def _to_channel(collection: str, experiment: str, channel: str) -> AnyResponse:
    url = url_for("web.channel", collection=collection, experiment=experiment, channel=channel)
    return redirect(url, 302, Response)
