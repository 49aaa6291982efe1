"""Chunks as viewers and programs ask for them, for ``dialects.ahead``: without a condition, and by anybody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from bosslet.catalog.records import ANONYMOUS, User
from bosslet.datastore import Datastore
from bosslet.dialects.ahead import Answer, Environ, key_holder
from bosslet.dialects.content import coding_of, headers_of
from bosslet.dialects.http import Limits
from bosslet.dialects.openings import channel_readable_by
from bosslet.dialects.precomputed.address import ENCODINGS, Variant
from bosslet.dialects.precomputed.chunks import COPIES, Chunks

_NAME = "([A-Za-z0-9_-]+)"
_CONDITIONS = (
    "HTTP_IF_MATCH",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_RANGE",
)


@dataclass(frozen=True, slots=True)
class ChunkReads:
    """Of a volume with one choice at the most: how it is encoded."""

    dialect: ClassVar[str] = "precomputed"
    path: ClassVar[re.Pattern[str]] = re.compile(
        f"(/precomputed)/{_NAME}/{_NAME}/{_NAME}/(?:({'|'.join(ENCODINGS)})/)?([0-9])/([0-9]+-[0-9]+(?:_[0-9]+-[0-9]+){{2}})"
    )
    route: ClassVar[str] = "/<collection>/<experiment>/<channel>/<path:path>"
    datastore: Datastore
    limits: Limits
    chunks: Chunks

    def is_plain(self, environ: Environ) -> bool:
        """Nobody who has the chunk already."""
        return not any(name in environ for name in _CONDITIONS)

    def answer(self, environ: Environ, path: re.Match[str]) -> Answer:
        """The chunk, encoded."""
        _, collection, experiment, name, encoding, key, chunk_name = path.groups()
        user = self._user(environ)
        channel = channel_readable_by(user, self.datastore, (collection, experiment, name))
        chunk = self.chunks.find(channel, Variant(encoding), key, chunk_name)
        with self.limits.budget.hold(COPIES * chunk.nbytes, patiently=False) as held:
            content = self.chunks.encoded(chunk, coding_of(environ.get("HTTP_ACCEPT_ENCODING", "")))
            held.keep(len(content.body))
        headers = headers_of(content, chunk.media_type, varies=chunk.compressible)
        return Answer(content.body, headers, user.name, held)

    def _user(self, environ: Environ) -> User:
        if self.limits.authentication == "token" and "HTTP_AUTHORIZATION" not in environ:
            return ANONYMOUS
        return key_holder(environ, self.datastore, self.limits)
