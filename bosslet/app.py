"""The application: a datastore and all dialects in front of it."""

from __future__ import annotations

from flask import Flask

from bosslet import config
from bosslet.datastore import Datastore
from bosslet.dialects import DIALECTS
from bosslet.dialects.http import Limits


def create_app(datastore: Datastore | None = None, settings: config.Settings | None = None) -> Flask:
    """An application that any WSGI server can run; make it after the last fork."""
    settings = settings or config.load()
    if datastore is None:
        datastore = open_datastore(settings)
        datastore.prepare()
    app = Flask(__name__, static_folder=None)
    limits = Limits(max_cutout_bytes=settings.max_cutout_bytes, authentication=settings.auth)
    for register in DIALECTS.values():
        register(app, datastore, limits)
    return app


def open_datastore(settings: config.Settings) -> Datastore:
    """The datastore that the settings name; nothing is read or made yet."""
    return Datastore.open(
        settings.uploads_path,
        catalog_url=settings.catalog_url,
        block_shape=settings.block_size,
        chunk_shape=settings.chunk_size,
        cache_bytes=settings.cache_bytes,
    )
