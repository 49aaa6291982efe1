"""The application: a datastore and all dialects in front of it."""

from __future__ import annotations

import atexit
import logging

from flask import Flask

from bosslet import config
from bosslet.datastore import Datastore
from bosslet.dialects import DIALECTS, ahead, envelope, metrics, precomputed
from bosslet.dialects.boss.shortcut import CutoutReads
from bosslet.dialects.budget import Budget
from bosslet.dialects.http import Limits
from bosslet.dialects.origin import Origins
from bosslet.dialects.precomputed.shortcut import ChunkReads
from bosslet.errors import StorageError
from bosslet.jobs.queue import ensure_runner
from bosslet.throttle import Quotas

log = logging.getLogger(__name__)


def create_app(datastore: Datastore | None = None, settings: config.Settings | None = None) -> Flask:
    """An application that any WSGI server can run; make it after the last fork."""
    settings = settings or config.load()
    if datastore is None:
        datastore = open_datastore(settings)
        datastore.prepare()
        _take_up(datastore)
        atexit.register(_leave, datastore)
    app = Flask(__name__, static_folder=None)
    envelope.register(app)
    limits = limits_of(settings)
    for register in DIALECTS.values():
        register(app, datastore, limits)
    origins = origins_of(settings)
    origins.register(app)
    chunks = precomputed.chunks_of(app)
    reads: list[ahead.Reads] = [CutoutReads(datastore, limits), ChunkReads(datastore, limits, chunks)]
    ahead.install(app, reads, limits, origins, metrics.of(app).count_read)
    return app


def _take_up(datastore: Datastore) -> None:
    """What was begun before this start, as far as the disk lets it: all else can be served meanwhile."""
    try:
        datastore.complete()
        ensure_runner(datastore)
    except StorageError as error:
        log.warning("what was begun before this start is not finished: %s", error)


def _leave(datastore: Datastore) -> None:
    """At the end of the process: what it knows of blocks should not be doubted by the next one."""
    try:
        datastore.close()
    except StorageError as error:
        log.warning("what is known of blocks could not be sealed: %s", error)


def origins_of(settings: config.Settings) -> Origins:
    """What the settings say about web pages and about names of the server."""
    return Origins.of(settings.auth, settings.host, settings.cors_origins, settings.allowed_hosts)


def limits_of(settings: config.Settings) -> Limits:
    """What the settings say about requests."""
    return Limits(
        max_cutout_bytes=settings.max_cutout_bytes,
        authentication=settings.auth,
        quotas=Quotas(settings.throttle_user_bytes, settings.throttle_api_bytes, settings.throttle_system_bytes),
        # Half of the threads stay free for requests that fit.
        budget=Budget(settings.memory_bytes, most_waiting=settings.threads // 2),
    )


def open_datastore(settings: config.Settings) -> Datastore:
    """The datastore that the settings name; nothing is read or made yet."""
    return Datastore.open(
        settings.uploads_path,
        catalog_url=settings.catalog_url,
        block_shape=settings.block_size,
        chunk_shape=settings.chunk_size,
        cache_bytes=settings.cache_bytes,
    )
