"""``If-Match`` and ``If-None-Match`` of a request, held against the state of a block.

The entity tag of a block is its generation. One whose generation cannot be told, since it is damaged, has none and
matches none, but it exists.

HTTP: RFC 9110, section 13.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request
from werkzeug.datastructures import ETags

from bosslet.errors import PreconditionFailed
from bosslet.volume.generation import BlockState


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must be true of a block; without either, anything may."""

    match: ETags
    none_match: ETags

    @classmethod
    def of(cls, request: Request) -> Conditions:
        """Those of a request."""
        return cls(request.if_match, request.if_none_match)

    def check_unchanged(self, state: BlockState) -> None:
        """Raise PreconditionFailed where ``If-Match`` does not hold."""
        if self.match and not _names(self.match, state):
            raise PreconditionFailed("If-Match: the block is another one by now")

    def check(self, state: BlockState) -> None:
        """Raise PreconditionFailed where either does not hold, for a request that changes something."""
        self.check_unchanged(state)
        if self.none_match and _names(self.none_match, state):
            raise PreconditionFailed("If-None-Match: there is such a block")


def _names(tags: ETags, state: BlockState) -> bool:
    if not state.exists:
        return False
    return bool(tags.star_tag) or (state.generation is not None and tags.is_strong(state.generation.hex()))
