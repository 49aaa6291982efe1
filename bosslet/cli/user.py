"""``bosslet user``: accounts and tokens, straight in the catalog, whether or not a server runs.

A token is printed once, when it is made; only its hash is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from bosslet import config
from bosslet.app import open_datastore
from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import Role

Function = TypeVar("Function", bound=Callable[..., Any])

GRANTED = (Role.RESOURCE_MANAGER, Role.USER_MANAGER)


def _uploads_option(command: Function) -> Function:
    return click.option("--uploads", type=click.Path(), help="The uploads folder; made when absent.")(command)


@click.group()
def user() -> None:
    """Accounts and tokens for AUTH=token.

    \b
      bosslet user create alice --role resource-manager --uploads ./uploads
    """


@user.command()
@click.argument("name")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice([role.value for role in GRANTED]), help="May be repeated."
)
@_uploads_option
def create(name: str, roles: tuple[str, ...], uploads: str | None) -> None:
    """Make an account and print its token.

    \b
      TOKEN=$(bosslet user create alice --role resource-manager)
    """
    with _catalog(uploads) as catalog:
        catalog.users.create(name, roles=frozenset(map(Role, roles)))
        click.echo(catalog.users.new_token(name))


@user.command("list")
@_uploads_option
def list_names(uploads: str | None) -> None:
    """Print the names of all accounts.

    \b
      bosslet user list --uploads ./uploads
    """
    with _catalog(uploads) as catalog:
        for name in catalog.users.names():
            click.echo(name)


@user.command()
@click.argument("name")
@_uploads_option
def token(name: str, uploads: str | None) -> None:
    """Print a new token for an account; the one before it is no longer good.

    \b
      bosslet user token bossadmin --uploads ./uploads
    """
    with _catalog(uploads) as catalog:
        click.echo(catalog.users.new_token(name))


@user.command()
@click.argument("name")
@_uploads_option
def delete(name: str, uploads: str | None) -> None:
    """Delete an account and its token; what it made stays.

    \b
      bosslet user delete alice --uploads ./uploads
    """
    with _catalog(uploads) as catalog:
        catalog.users.delete(name)


@contextmanager
def _catalog(uploads: str | None) -> Iterator[Catalog]:
    datastore = open_datastore(config.load(uploads_path=uploads))
    try:
        datastore.prepare()
        yield datastore.catalog
    finally:
        datastore.close()
