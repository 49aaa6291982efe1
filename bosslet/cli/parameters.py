"""Kinds of values that several verbs take on the command line; click calls these functions with the text."""

from __future__ import annotations

import os
from typing import Any

import click
import numpy as np

from bosslet.errors import ConfigurationError
from bosslet.geometry import Point
from bosslet.spacing import Spacing


def integers(text: str) -> tuple[int, ...]:
    """Numbers with commas between them, none negative."""
    try:
        numbers = tuple(int(piece) for piece in text.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{text!r} should be integers with commas") from error
    if min(numbers) < 0:
        raise click.BadParameter(f"{text!r} should not be negative")
    return numbers


def zyx(text: str) -> Point:
    """Three numbers."""
    numbers = integers(text)
    if len(numbers) != 3:
        raise click.BadParameter(f"{text!r} should be 3 integers: z,y,x")
    return numbers[0], numbers[1], numbers[2]


def dtype(text: str) -> np.dtype[Any]:
    """A dtype of NumPy."""
    try:
        return np.dtype(text)
    except TypeError as error:
        raise click.BadParameter(f"{text!r} is no dtype, such as uint16 or >u2") from error


def voxel_size(text: str) -> Spacing:
    """Three sizes, x first, and a unit."""
    try:
        return Spacing.parse(text)
    except ConfigurationError as error:
        raise click.BadParameter(str(error)) from error


def channel_names(text: str) -> tuple[str, str, str]:
    """Of collection, experiment and channel."""
    names = text.split("/")
    if len(names) != 3:
        raise click.BadParameter(f"{text!r} should be collection/experiment/channel", param_hint="COLL/EXP/CHAN")
    return names[0], names[1], names[2]


def machine_memory(megabytes: int | None) -> int:
    """The bytes that a command may use: what was said, or half of what the machine has."""
    if megabytes is not None:
        return megabytes * 10**6
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
