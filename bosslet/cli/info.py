"""``bosslet info``: all that is known of one collection, experiment or channel."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from bosslet.catalog.records import Channel, Collection, Experiment
from bosslet.cli.opening import json_option, names_in, opened, uploads_option
from bosslet.datastore import Datastore
from bosslet.jobs.naming import Named, find

Fields = dict[str, Any]


@click.command()
@click.argument("name", metavar="COLL[/EXP[/CHAN]]")
@uploads_option
@json_option
def info(name: str, uploads: str | None, as_json: bool) -> None:
    """Show what a collection, an experiment or a channel is. Sizes and coordinates are z, y, x.

    \b
      bosslet info mouse/cortex/em
      bosslet info mouse/cortex/em --json
    """
    with opened(uploads) as datastore:
        fields = _fields(datastore, find(datastore, names_in(name)))
    if as_json:
        click.echo(json.dumps(fields, indent=1))
        return
    for key, value in fields.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            click.echo(f"{key}:")
            for each in value:
                click.echo("  " + ", ".join(f"{part} {_text(of)}" for part, of in each.items()))
        else:
            click.echo(f"{key}: {_text(value)}")


def _fields(datastore: Datastore, found: Named) -> Fields:
    resources = datastore.catalog.resources
    if isinstance(found, Collection):
        return _of(found) | {"experiments": resources.experiment_names(found)}
    if isinstance(found, Experiment):
        frame = _of(found.frame)
        return _of(found, "collection", "frame") | {
            "coordinate_frame": [frame],
            "channels": resources.channel_names(found),
        }
    return _of(found, "experiment") | {"levels": _levels(datastore, found)}


def _of(record: Any, *without: str) -> Fields:  # noqa: ANN401 - any of the catalog's
    names = [field.name for field in dataclasses.fields(record) if field.name not in (*without, "id")]
    return {name: _plain(getattr(record, name)) for name in names}


def _levels(datastore: Datastore, channel: Channel) -> list[Fields]:
    image, pyramid = datastore.image(channel), channel.experiment.pyramid
    unit = channel.experiment.frame.voxel_unit
    return [
        {
            "resolution": level,
            "iso": iso,
            "extent": pyramid.extent(level, iso=iso),
            "voxel_size": pyramid.voxel_size(level, iso=iso),
            "unit": unit,
        }
        for iso in (False, True)
        for level in image.levels(iso=iso)
    ]


def _plain(value: object) -> object:
    return str(value) if isinstance(value, str) else value


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
