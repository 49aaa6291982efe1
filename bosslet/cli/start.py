"""``bosslet serve``: check the settings, take the port, make the folder ready, then hand over to gunicorn.

Everything that an operator can get wrong is found here, before the first worker exists, and costs one line.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import click

from bosslet import __version__, config, logs, server
from bosslet.app import create_app, open_datastore
from bosslet.errors import ConfigurationError

Function = TypeVar("Function", bound=Callable[..., Any])


def serving_options(command: Function) -> Function:
    """The options of every way to start a server."""
    for option in (
        click.option("--auth", type=click.Choice(["open", "token"]), help="Who may do what: everybody, or by token."),
        click.option("--keyfile", type=click.Path(), help="The key of that certificate, if it is a file of its own."),
        click.option("--certfile", type=click.Path(), help="A certificate (PEM): the server then speaks TLS alone."),
        click.option("--threads", type=int, help="Requests that a worker answers at the same time."),
        click.option("--workers", type=int, help="Processes that answer requests."),
        click.option("--port", type=int, help="Port to listen on; 0 is any free one."),
        click.option("--host", help="Address to listen on."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("uploads", required=False, type=click.Path())
@serving_options
def serve(uploads: str | None, **options: object) -> None:
    """Serve the folder UPLOADS, which is made when absent; without one, UPLOADS_PATH of the configuration.

    \b
      bosslet serve ./uploads --port 8000
      bosslet serve ./uploads --host 0.0.0.0 --auth token
    """
    serve_folder(uploads, **options)


def serve_folder(uploads: str | None, **options: object) -> NoReturn:
    """Serves until a signal; an option that is None was not given."""
    server.end_on_signals()
    settings = config.load(uploads_path=uploads, **options)
    _certificate(settings)
    with listen(settings, open_to_all=options.get("auth") == "open") as listener:
        prepare(settings)
        url = address(listener, tls=settings.certfile is not None)
        click.echo(f"bosslet {__version__} serves {settings.uploads_path} at {url}")
        run(settings, listener)


def listen(settings: config.Settings, *, open_to_all: bool) -> socket.socket:
    """A socket on the address of the settings; ``open_to_all``: AUTH=open was asked for by an option.

    Raises:
        ConfigurationError: others could reach a server that lets everybody do everything, and nobody asked for that.
    """
    try:
        listener = server.listen(settings.host, settings.port)
    except (OSError, UnicodeError) as error:
        raise click.ClickException(f"cannot listen on {settings.host} port {settings.port}: {error}") from error
    if settings.auth == "open" and not open_to_all and not _is_loopback(listener):
        listener.close()
        raise ConfigurationError(
            f"BOSSLET_HOST: on {settings.host} others can reach this server, and with AUTH=open they may do "
            "everything; use --auth token, or say --auth open if that is meant"
        )
    return listener


def prepare(settings: config.Settings) -> None:
    """Make the folder and the catalog ready, and leave nothing open that a fork would share."""
    datastore = open_datastore(settings)
    try:
        datastore.prepare()
    finally:
        datastore.close()


def run(settings: config.Settings, listener: socket.socket) -> NoReturn:
    """Serves until a signal, then leaves through SystemExit: in this process and in each worker forked from it."""
    logs.configure(settings.log_level or "info", settings.log_format)
    server.run(
        lambda: create_app(settings=settings),
        listener,
        workers=settings.workers,
        threads=settings.threads,
        certificate=_certificate(settings),
    )


def _certificate(settings: config.Settings) -> server.Certificate | None:
    """Looked at before there is a worker that could not start with it."""
    if settings.certfile is None:
        return None
    certificate = server.Certificate(settings.certfile, settings.keyfile or settings.certfile)
    certificate.check()
    return certificate


def address(listener: socket.socket, *, tls: bool = False) -> str:
    """The URL to give a client on this machine."""
    scheme = "https" if tls else "http"
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1" if listener.family == socket.AF_INET else "::1"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback
