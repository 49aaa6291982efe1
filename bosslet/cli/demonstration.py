"""``bosslet`` without a folder: a volume to try things on, in a store that is removed at the end.

The volume is made in a child process, because making it starts TensorStore's threads, and gunicorn must fork its
workers from a process that has none.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import click

from bosslet import __version__, config, demo, server
from bosslet.app import open_datastore
from bosslet.cli.start import address, listen, prepare, run
from bosslet.errors import BossletError
from bosslet.jobs.queue import stop_runner

BANNER = """\
bosslet {version}, demo mode: everything in {folder} WILL BE DESTROYED when this ends.
To keep data, give a folder: bosslet ./uploads
Making a volume to play with ..."""

# Flush left, so that the lines can be pasted as they are.
SUGGESTIONS = """\
Ready; Ctrl-C ends it. To try:

--- the page
{url}/

--- a slice, with curl
curl -sH 'Accept: image/jpeg' {url}/v1/cutout/demo/tissue/em/0/0:448/0:384/160:161/ -o tissue.jpg

--- a cutout, with intern (pip install intern==1.4.2)
from intern.remote.boss import BossRemote
boss = BossRemote({{"protocol": "{protocol}", "host": "{host}", "token": "public"}})
em = boss.get_channel("em", "demo", "tissue")
voxels = boss.get_cutout(em, 0, [0, 448], [0, 384], [160, 176])
print(voxels.shape, voxels.mean())
"""


def demonstrate(**options: object) -> NoReturn:
    """Serves the demo volume until a signal."""
    server.end_on_signals()
    settings = config.load(**options)
    with listen(settings, open_to_all=options.get("auth") == "open") as listener, _temporary_folder() as folder:
        level = settings.log_level or "warning"  # what to try should stay in sight
        changes = {"uploads_path": folder, "catalog_url": None, "log_level": level}
        settings = settings.model_copy(update=changes)
        click.echo(BANNER.format(version=__version__, folder=folder))
        prepare(settings)
        _make_in_a_child(settings)
        url = address(listener, tls=settings.certfile is not None)
        click.echo(SUGGESTIONS.format(url=url, protocol=urlsplit(url).scheme, host=urlsplit(url).netloc))
        run(settings, listener)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    owner = os.getpid()
    folder = Path(tempfile.mkdtemp(prefix="bosslet-demo-"))
    try:
        yield folder
    finally:
        if os.getpid() == owner:  # gunicorn's workers leave through here as well
            stop_runner(folder)
            shutil.rmtree(folder)


def _make_in_a_child(settings: config.Settings) -> None:
    child = multiprocessing.get_context("fork").Process(target=_make, args=(settings,))
    child.start()
    try:
        child.join()
    finally:
        child.terminate()
        child.join()
    if child.exitcode:
        sys.exit(1)


def _make(settings: config.Settings) -> None:
    datastore = open_datastore(settings)
    try:
        demo.make(datastore)
    except BossletError as error:
        sys.exit(f"Error: {error}")
    finally:
        datastore.close()
