"""What an operator may change: edit a name below, or set ``BOSSLET_<NAME>`` in the environment, which wins.

Options of the command line beat both. Only ``cli`` and ``app`` read this module; every other part is handed the values
it needs. Block and chunk shapes are recorded with each channel when it is created: changing them here never misreads
data that exists.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from bosslet.errors import ConfigurationError
from bosslet.geometry import Point

UPLOADS_PATH: str = "./uploads"
"""The folder that ``run.py`` and ``bosslet serve`` keep everything in; made when absent."""
BLOCK_SIZE: int | Point = 256
"""What is stored as one file: voxels a side, or (z, y, x). A multiple of the chunk. For channels yet to be created."""
CHUNK_SIZE: int | Point = (32, 64, 64)
"""What is compressed as one piece inside a block: voxels a side, or (z, y, x). For channels yet to be created."""
HOST: str = "127.0.0.1"
"""The address to listen on: a name, IPv4 or IPv6; ``0.0.0.0`` is every address of the machine."""
PORT: int = 5000
"""The TCP port to listen on; 0 takes a free one."""
WORKERS: int = max(2, os.cpu_count() or 2)
"""Processes that answer requests; each has a cache of its own."""
THREADS: int = 4
"""Requests that one worker answers at the same time."""
CERTFILE: str | None = None
"""A certificate with its chain (PEM), for TLS: then the address is ``https://``. None is plain HTTP."""
KEYFILE: str | None = None
"""The key of the certificate (PEM), if that file does not hold it too."""
AUTH: str = "open"
"""``open``: everybody may do everything. ``token``: who sends which token decides."""
ALLOWED_HOSTS: str | None = None
"""Further names that this server is called by, comma-separated; ``*`` is any. None, with tokens, is any as well."""
CORS_ORIGINS: str = "*"
"""Web pages that may read, by origin (``https://host``), comma-separated; ``*`` is all, nothing is none."""
MAX_CUTOUT_BYTES: int = 545_259_520
"""The largest cutout, in bytes of voxels before compression (520 MiB, as bossDB)."""
THROTTLE_USER_BYTES: int | None = None
"""What one user may read, and may write, in a calendar month (UTC): bytes of voxels before compression; None is all."""
THROTTLE_API_BYTES: int | None = None
"""The same of all users together, through each of the services cutout, image and tile."""
THROTTLE_SYSTEM_BYTES: int | None = None
"""The same of all users through all services."""
MEMORY_BYTES: int = 2 * 2**30
"""Voxels under way, and their bodies, that each worker has in memory at a time; what is over waits, then gets 503."""
CACHE_BYTES: int = 256 * 2**20
"""Decoded voxels that each worker keeps in memory."""
LOG_LEVEL: str | None = None
"""``debug``, ``info``, ``warning`` or ``error``; requests are info. None is info, and warning for the demonstration."""
LOG_FORMAT: str = "text"
"""``text`` for people, ``json`` for programs: an object on each line."""
CATALOG_URL: str | None = None
"""An SQLAlchemy URL for the catalog; None is SQLite in ``UPLOADS_PATH/bosslet.db``."""

PREFIX = "BOSSLET_"


def _sides(value: object) -> object:
    """Three sides from one or three: a number, numbers, or text such as ``256`` or ``64,256,256`` (z, y, x)."""
    sides = value.split(",") if isinstance(value, str) else [value] if isinstance(value, int) else value
    if not isinstance(sides, (list, tuple)) or len(sides) not in (1, 3):
        raise ValueError("should be one side or three: z,y,x")
    return tuple(sides) * (3 // len(sides))


def _names(value: object) -> object:
    """The parts of a text with commas."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


Side = Annotated[int, Field(ge=1, le=4096)]
Sides = Annotated[tuple[Side, Side, Side], BeforeValidator(_sides)]
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=1024)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
File = Annotated[FilePath | None, BeforeValidator(lambda value: value or None)]
Quota = Annotated[int, Field(ge=1)] | None


class Settings(BaseModel):
    """The values that hold for one start of bosslet, checked; fields are the names above in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uploads_path: Annotated[Path, BeforeValidator(lambda value: value or None)]
    chunk_size: Sides
    block_size: Sides
    host: Text
    port: Annotated[int, Field(ge=0, le=65535)]
    workers: Count
    threads: Count
    certfile: File
    keyfile: File
    auth: Literal["open", "token"]
    allowed_hosts: Names | None
    cors_origins: Names
    max_cutout_bytes: Annotated[int, Field(ge=1)]
    throttle_user_bytes: Quota
    throttle_api_bytes: Quota
    throttle_system_bytes: Quota
    memory_bytes: Annotated[int, Field(ge=2**20)]
    cache_bytes: Annotated[int, Field(ge=0)]
    log_level: Literal["debug", "info", "warning", "error"] | None
    log_format: Literal["text", "json"]
    catalog_url: Text | None

    @field_validator("block_size")
    @classmethod
    def _holds_whole_chunks(cls, block: Point, info: ValidationInfo) -> Point:
        chunk = info.data.get("chunk_size", block)
        if any(side % piece for side, piece in zip(block, chunk, strict=True)):
            raise ValueError(f"each side should be a multiple of the chunk's, {chunk} in (z, y, x)")
        return block

    @field_validator("keyfile")
    @classmethod
    def _is_of_a_certificate(cls, keyfile: Path | None, info: ValidationInfo) -> Path | None:
        if keyfile is not None and info.data.get("certfile") is None:
            raise ValueError("is of no use without a certificate: BOSSLET_CERTFILE")
        return keyfile


def load(**options: object) -> Settings:
    """The settings for this start: an option that is not None, else the environment, else the names of this module.

    Raises:
        ConfigurationError: a value that cannot be meant; the message names its variable.
    """
    chosen = {name: value for name, value in options.items() if value is not None}
    values = {name: _from_environment(name) for name in Settings.model_fields} | chosen
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(_complaint(error)) from error


def _from_environment(name: str) -> object:
    return os.environ.get(PREFIX + name.upper(), globals()[name.upper()])


def _complaint(error: ValidationError) -> str:
    """The first thing wrong, in one line; without the value, which may hold a password."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{PREFIX}{str(first['loc'][0]).upper()}: {first['msg'].removeprefix('Value error, ')}"
