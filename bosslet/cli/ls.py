"""``bosslet ls``: the names of what there is."""

from __future__ import annotations

import json

import click

from bosslet.catalog.records import ADMINISTRATOR, Channel, Collection, Experiment
from bosslet.cli.opening import json_option, names_in, opened, uploads_option
from bosslet.datastore import Datastore
from bosslet.jobs.naming import find

Row = tuple[str, str]
"""A name, and what there is to say of it."""


@click.command()
@click.argument("within", metavar="[COLL[/EXP]]", required=False)
@click.option("-l", "--long", is_flag=True, help="Say what each is, not only its name.")
@uploads_option
@json_option
def ls(within: str | None, long: bool, uploads: str | None, as_json: bool) -> None:
    """List collections, the experiments of a collection, or the channels of an experiment.

    What is marked for deletion is not listed; bosslet purge --dry-run tells it.

    \b
      bosslet ls
      bosslet ls -l mouse/cortex
    """
    names = names_in(within, 2) if within else ()
    with opened(uploads) as datastore:
        rows = _rows(datastore, names)
    if as_json:
        click.echo(json.dumps([name for name, _ in rows]))
        return
    width = max((len(name) for name, _ in rows), default=0)
    for name, about in rows:
        click.echo(f"{name:{width}}  {about}".rstrip() if long else name)


def _rows(datastore: Datastore, names: tuple[str, ...]) -> list[Row]:
    resources = datastore.catalog.resources
    if not names:
        everybody = datastore.catalog.users.get(ADMINISTRATOR)
        return [_about(resources.collection(name)) for name in resources.collection_names(everybody)]
    found = find(datastore, names)
    if isinstance(found, Collection):
        return [_about(resources.experiment(found.name, name)) for name in resources.experiment_names(found)]
    if isinstance(found, Experiment):
        return [
            _about(resources.channel(found.collection.name, found.name, name))
            for name in resources.channel_names(found)
        ]
    return [_about(found)]


def _about(found: Collection | Experiment | Channel) -> Row:
    if isinstance(found, Collection):
        return found.name, found.description
    if isinstance(found, Experiment):
        stop = " × ".join(map(str, found.frame.stop))
        return found.name, f"z,y,x to {stop}, {found.num_hierarchy_levels} levels  {found.description}"
    return found.name, f"{found.type} {found.datatype} {found.downsample_status}  {found.description}"
