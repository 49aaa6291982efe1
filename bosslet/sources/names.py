"""Which files a user means, in which order, and whether one is missing.

A pattern is a glob (``*``, ``?``, ``[…]``) or has the place of the number as C has it (``%04d``). With two such places
the first counts time samples and the second slices.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from glob import glob
from itertools import pairwise
from pathlib import Path

from bosslet.errors import UnusableFile

_PLACE = re.compile(r"%0?\d*d")
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Series:
    """Files in order, ``planes[t][z]``; None where one is missing and that is allowed."""

    planes: tuple[tuple[Path | None, ...], ...]


def expanded(pattern: str) -> list[Path]:
    """The files that a pattern stands for, in the order of the numbers in their names; a path stands for itself."""
    if Path(pattern).exists() or not re.search(r"[*?\[]", pattern):
        return [Path(pattern)]
    found = sorted(map(Path, glob(pattern)), key=natural)  # noqa: PTH207 - the pattern may be absolute
    if not found:
        raise UnusableFile(f"{pattern}: no such files")
    return found


def natural(path: Path) -> list[tuple[bool, int, str]]:
    """A key by which ``a2`` comes before ``a10``."""
    pieces = _DIGITS.split(str(path))
    return [(piece.isdecimal(), int(piece) if piece.isdecimal() else 0, piece) for piece in pieces]


def in_order(files: list[Path], *, gaps: bool = False) -> tuple[Path | None, ...]:
    """The files of one stack, and None for those that are missing.

    What counts is the one number that differs between the names; where none does, or several do, nothing is known to be
    missing. Numbers may go up by any step, as long as it is the same one.

    Raises:
        UnusableFile: one is missing, and that was not allowed.
    """
    numbers = _numbers([path.name for path in files])
    if numbers is None or len(numbers) < 3:
        return tuple(files)
    steps = [after - before for before, after in pairwise(numbers)]
    step = max(1, min(steps))
    if all(each == step for each in steps):
        return tuple(files)
    if not gaps:
        at = next(i for i, each in enumerate(steps) if each != step)
        raise UnusableFile(
            f"{files[at + 1]}: number {numbers[at] + step} is missing between this and {files[at].name}; "
            "--gaps takes missing slices as black"
        )
    known = dict(zip(numbers, files, strict=True))
    return tuple(known.get(number) for number in range(numbers[0], numbers[-1] + 1, step))


def numbered(pattern: str, *, gaps: bool = False) -> Series | None:
    """The files of a pattern with ``%d``; None where it is none."""
    places = _PLACE.findall(pattern)
    if not places or Path(pattern).exists():
        return None
    if len(places) > 2:
        raise UnusableFile(f"{pattern}: more than a number for time and one for z")
    found = _found(pattern)
    if not found:
        raise UnusableFile(f"{pattern}: no such files")
    if len(places) == 1:
        return Series((in_order([found[key] for key in sorted(found)], gaps=gaps),))
    times = sorted({time for time, _ in found})
    slices = range(min(z for _, z in found), max(z for _, z in found) + 1)
    for time, z in ((time, z) for time in times for z in slices):
        if (time, z) not in found and not gaps:
            raise UnusableFile(f"{pattern % (time, z)}: is missing; --gaps takes missing slices as black")
    return Series(tuple(tuple(found.get((time, z)) for z in slices) for time in times))


def _found(pattern: str) -> dict[tuple[int, ...], Path]:
    """By their numbers, the files that a pattern could have named."""
    pieces = _PLACE.split(pattern)
    literal = re.compile(r"(\d+)".join(map(re.escape, pieces)))
    candidates = glob("*".join(_unglobbed(piece) for piece in pieces))  # noqa: PTH207 - the pattern may be absolute
    found = ((literal.fullmatch(name), name) for name in candidates)
    numbers = {tuple(map(int, match.groups())): Path(name) for match, name in found if match}
    return {key: path for key, path in numbers.items() if str(path) == pattern % key or Path(pattern % key) == path}


def _unglobbed(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)


def _numbers(names: list[str]) -> list[int] | None:
    """The numbers by which the names differ, if it is one each and all else is the same."""
    split = [_DIGITS.split(name) for name in names]
    if len({len(pieces) for pieces in split}) > 1:
        return None
    differing = [i for i, pieces in enumerate(zip(*split, strict=True)) if len(set(pieces)) > 1]
    if len(differing) != 1 or differing[0] % 2 == 0:
        return None
    return [int(pieces[differing[0]]) for pieces in split]
