"""The REST API of bossDB, version v1, under ``/v1`` and ``/latest``.

Coordinates are x, y, z here and nowhere else; each view turns them into a (z, y, x) box in its first lines. Errors rise
untouched to the handlers registered below. Format: bossDB's public API documentation and the behaviour of its server.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, redirect, request
from flask.typing import RouteCallable
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from bosslet.datastore import Datastore
from bosslet.dialects.authentication import Authentication
from bosslet.dialects.boss import errors, login, openapi, routing, service
from bosslet.dialects.boss.channels import ChannelList, ChannelView
from bosslet.dialects.boss.collections import CollectionList, CollectionView
from bosslet.dialects.boss.cutout import CutoutView, ToBlackView
from bosslet.dialects.boss.description import answer_options
from bosslet.dialects.boss.downsample import DownsampleView
from bosslet.dialects.boss.experiments import ExperimentList, ExperimentView
from bosslet.dialects.boss.frames import FrameList, FrameView
from bosslet.dialects.boss.groups import GroupList, GroupView, MaintainerView, MemberView
from bosslet.dialects.boss.ingest import IngestComplete, IngestList, IngestStatus, IngestView
from bosslet.dialects.boss.metadata import MetadataView
from bosslet.dialects.boss.metric import MetricThresholds, MetricTypes, MetricUsage
from bosslet.dialects.boss.objects import BoundingBoxView, IdsView, ReserveView
from bosslet.dialects.boss.permissions import PermissionsView
from bosslet.dialects.boss.pictures import ImageView, TileView
from bosslet.dialects.boss.users import UserRolesView, UserRoleView, UserView
from bosslet.dialects.http import Limits
from bosslet.errors import BossletError

PREFIXES = {"/v1": "boss", "/latest": "boss_latest"}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_EXPERIMENT = "/collection/<collection>/experiment"
_CHANNEL = f"{_EXPERIMENT}/<experiment>/channel"
_BOX = "<collection>/<experiment>/<channel>/<digit:resolution>/<range:x>/<range:y>/<range:z>"


def register(app: Flask, datastore: Datastore, limits: Limits) -> None:
    """Serve bossDB's API from a datastore."""
    routing.add_converters(app)
    api = _blueprint(datastore, limits)
    for prefix, name in PREFIXES.items():
        app.register_blueprint(api, url_prefix=prefix, name=name)
    app.register_blueprint(_metric_blueprint(datastore, limits), url_prefix="/metric")
    login.register(app, datastore.catalog, limits.attempts)
    app.add_url_rule("/ping/", "ping", service.ping)
    app.add_url_rule("/ping", "ping_redirect", redirect_to_slash, methods=METHODS)
    for version in service.VERSIONS:
        for tail in ("", "<path:tail>"):
            rule = f"/{version}/{tail}"
            app.add_url_rule(rule, rule, service.unsupported_version, methods=["GET", "POST", "PUT", "DELETE"])
    openapi.register(app)
    _register_errors(app)


def redirect_to_slash(**_: str) -> AnyResponse:
    """The lists have a slash at their end; bossDB sends everybody there who leaves it out, without a word."""
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    answer = redirect(f"{request.script_root}{request.path}/{query}", 301, Response)
    answer.data = b""
    return answer


def _metric_blueprint(datastore: Datastore, limits: Limits) -> Blueprint:
    metric = _hooked("boss_metric", datastore, limits)
    _add_list(metric, "", "MetricOfOne", MetricUsage.as_view("MetricOfOne", datastore, limits))
    for rule, view in {"/usage": MetricUsage, "/metrics": MetricTypes, "/thresholds": MetricThresholds}.items():
        metric.add_url_rule(rule, view_func=view.as_view(view.__name__, datastore, limits), strict_slashes=False)
    return metric


def _hooked(name: str, datastore: Datastore, limits: Limits) -> Blueprint:
    """A blueprint that knows who asks."""
    blueprint = Blueprint(name, __name__, template_folder="templates")
    blueprint.before_request(Authentication(datastore.catalog, limits))
    blueprint.before_request(answer_options)
    blueprint.after_request(_vary)
    return blueprint


def _blueprint(datastore: Datastore, limits: Limits) -> Blueprint:
    api = _hooked("boss", datastore, limits)
    _add_resources(api, datastore)
    _add_cutouts(api, datastore, limits)
    _add_ingest(api)
    _add_metadata(api, datastore)
    _add_objects(api, datastore, limits)
    _add_pictures(api, datastore, limits)
    _add_people(api, datastore)
    return api


def _add_resources(api: Blueprint, datastore: Datastore) -> None:
    rules = {
        "/collection/<collection>": CollectionView,
        f"{_EXPERIMENT}/": ExperimentList,
        f"{_EXPERIMENT}/<experiment>": ExperimentView,
        f"{_CHANNEL}/": ChannelList,
        f"{_CHANNEL}/<channel>": ChannelView,
        "/coord/<frame>": FrameView,
    }
    for rule, view in rules.items():
        api.add_url_rule(rule, view_func=view.as_view(view.__name__, datastore), strict_slashes=False)
    for rule, view in {"/collection": CollectionList, "/coord": FrameList}.items():
        function = view.as_view(view.__name__, datastore)
        _add_list(api, rule, view.__name__, function)
        # intern asks so. A redirect would lead it to http, and away from its token, where a proxy took off the TLS.
        api.add_url_rule(f"{rule}//", view_func=function, merge_slashes=False)


def _add_list(api: Blueprint, rule: str, name: str, view: RouteCallable) -> None:
    api.add_url_rule(f"{rule}/", view_func=view)
    api.add_url_rule(rule, f"{name}_redirect", redirect_to_slash, methods=METHODS)


def _add_ingest(api: Blueprint) -> None:
    _add_list(api, "/ingest", "IngestList", IngestList.as_view("IngestList"))
    for tail, view in {"": IngestView, "/status": IngestStatus, "/complete": IngestComplete}.items():
        rule = f"/ingest/<number:job>{tail}"
        api.add_url_rule(rule, view_func=view.as_view(view.__name__), strict_slashes=False)


def _add_cutouts(api: Blueprint, datastore: Datastore, limits: Limits) -> None:
    cutout = CutoutView.as_view("CutoutView", datastore, limits)
    to_black = ToBlackView.as_view("ToBlackView", datastore, limits)
    for tail in ("", "/<range:t>"):
        api.add_url_rule(f"/cutout/{_BOX}{tail}", view_func=cutout, strict_slashes=False)
        api.add_url_rule(f"/cutout/to_black/{_BOX}{tail}", view_func=to_black, strict_slashes=False)


def _add_objects(api: Blueprint, datastore: Datastore, limits: Limits) -> None:
    channel = "<collection>/<experiment>/<channel>"
    rules = {
        f"/reserve/{channel}/<number:count>": ReserveView.as_view("ReserveView", datastore),
        f"/boundingbox/{channel}/<digit:resolution>/<number:label>": BoundingBoxView.as_view(
            "BoundingBoxView", datastore, limits
        ),
        f"/downsample/{channel}": DownsampleView.as_view("DownsampleView", datastore),
    }
    for rule, view in rules.items():
        api.add_url_rule(rule, view_func=view, strict_slashes=False)
    ids = IdsView.as_view("IdsView", datastore, limits)
    for tail in ("", "/<range:t>"):
        api.add_url_rule(f"/ids/{_BOX}{tail}", view_func=ids, strict_slashes=False)


def _add_pictures(api: Blueprint, datastore: Datastore, limits: Limits) -> None:
    plane = "<collection>/<experiment>/<channel>/<orientation:orientation>"
    place = "<number_or_range:x>/<number_or_range:y>/<number_or_range:z>"
    image = ImageView.as_view("ImageView", datastore, limits)
    tile = TileView.as_view("TileView", datastore, limits)
    for tail in ("", "/<path:rest>"):
        api.add_url_rule(f"/image/{plane}/<digit:resolution>/{place}{tail}", view_func=image, strict_slashes=False)
        numbers = f"<number:tile_size>/<digit:resolution>/{place.replace('number_or_range', 'number')}"
        api.add_url_rule(f"/tile/{plane}/{numbers}{tail}", view_func=tile, strict_slashes=False)


def _add_people(api: Blueprint, datastore: Datastore) -> None:
    rules = {
        GroupView: ("/groups/<group>",),
        MemberView: ("/groups/<group>/members", "/groups/<group>/members/<user>"),
        MaintainerView: ("/groups/<group>/maintainers", "/groups/<group>/maintainers/<user>"),
        PermissionsView: ("/permissions",),
        UserView: ("/sso/user/<user>",),
        UserRoleView: ("/sso/user-role/<user>/<role>",),
    }
    for view, places in rules.items():
        function = view.as_view(view.__name__, datastore)
        for rule in places:
            api.add_url_rule(rule, view_func=function, strict_slashes=False)
    for rule, listing in {"/groups": GroupList, "/sso/user-role/<user>": UserRolesView}.items():
        _add_list(api, rule, listing.__name__, listing.as_view(listing.__name__, datastore))


def _add_metadata(api: Blueprint, datastore: Datastore) -> None:
    view, rule = MetadataView.as_view("MetadataView", datastore), "/meta"
    for level in ("collection", "experiment", "channel"):
        rule += f"/<{level}>"
        api.add_url_rule(rule, view_func=view, strict_slashes=False)


def _vary(response: Response) -> Response:
    response.vary.update(["Accept", "Origin", "Cookie"])
    return response


def _register_errors(app: Flask) -> None:
    app.register_error_handler(BossletError, errors.answer_error)
    app.register_error_handler(HTTPException, errors.answer_http_error)
    app.register_error_handler(500, errors.answer_failure)
