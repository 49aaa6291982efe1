"""What follows the channel in a URL: ``[<choice>/…]<file>``, the choices in any order, the last of a kind counting.

    raw, jpeg, compressed_segmentation    how chunks are encoded
    t<number>                             a time sample; the channel's default one without
    iso                                   the isotropic pyramid of an anisotropic experiment

A reader puts the names of files behind the URL that it was given, so a choice that is made there holds for all of them.
``info?encoding=jpeg&t=3&iso=true`` makes the same choices: the names of files in that ``info`` begin with them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from bosslet.errors import InvalidMode

ENCODINGS = ("raw", "jpeg", "compressed_segmentation")
_TIME = re.compile("t(0|[1-9][0-9]{0,11})")


@dataclass(frozen=True, slots=True)
class Variant:
    """Which of the volumes that a channel can be read as."""

    encoding: str | None = None
    time: int | None = None
    iso: bool = False

    def choosing(self, piece: str) -> Variant | None:
        """With one more choice; None where a piece is none."""
        if piece in ENCODINGS:
            return replace(self, encoding=piece)
        if piece == "iso":
            return replace(self, iso=True)
        if found := _TIME.fullmatch(piece):
            return replace(self, time=int(found[1]))
        return None


@dataclass(frozen=True, slots=True)
class Address:
    """A file of a volume."""

    variant: Variant
    file: tuple[str, ...]
    """The pieces of its name."""
    prefix: str = ""
    """What the names of other files have to begin with, for the choices of the query."""

    @classmethod
    def of(cls, path: str, query: MultiDict[str, str]) -> Address:
        """Raises InvalidMode for a choice in the query that there is not."""
        variant, pieces = Variant(), path.split("/")
        while pieces and (chosen := variant.choosing(pieces[0])) is not None:
            variant = chosen
            del pieces[0]
        prefix = "".join(f"{piece}/" for piece in _choices(query))
        for piece in prefix.split("/")[:-1]:
            if (chosen := variant.choosing(piece)) is None:
                raise InvalidMode(f"{piece[:100]!r}: there are encoding={'|'.join(ENCODINGS)}, t=<number>, iso=true")
            variant = chosen
        return cls(variant, tuple(pieces), prefix)


def _choices(query: MultiDict[str, str]) -> list[str]:
    choices = []
    if (encoding := query.get("encoding")) is not None:
        choices.append(encoding)
    if (time := query.get("t")) is not None:
        choices.append(f"t{time}")
    if query.get("iso", "").lower() == "true":
        choices.append("iso")
    return choices
