"""Keys and values that hang on a collection, experiment or channel: strings, whatever a client encodes in them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from bosslet.catalog.database import Section, unique
from bosslet.catalog.records import Channel, Collection, Experiment
from bosslet.catalog.schema import MetadataRow
from bosslet.errors import InvalidField, KeyExists, UnknownKey

Described = Collection | Experiment | Channel
"""What can have metadata; a coordinate frame cannot."""

MAX_KEY_BYTES = 1024  # DynamoDB's limit, which bossDB inherits


class Metadata(Section):
    """What can be asked of, and done to, metadata."""

    def keys(self, resource: Described) -> list[str]:
        """All keys, in the order of their code points on every database."""
        with self._database.read() as connection:
            return sorted(connection.scalars(select(MetadataRow.key).where(MetadataRow.resource_id == resource.id)))

    def get(self, resource: Described, key: str) -> str:
        """Raises UnknownKey."""
        with self._database.read() as connection:
            value = connection.scalar(select(MetadataRow.value).where(*_at(resource, key)))
        if value is None:
            raise UnknownKey(f"key {key!r}")
        return value

    def create(self, resource: Described, key: str, value: str) -> None:
        """Raises KeyExists, or InvalidField for a key that is too long."""
        if len(key.encode(errors="surrogatepass")) > MAX_KEY_BYTES:
            raise InvalidField(f"a key may have {MAX_KEY_BYTES} bytes")
        with self._database.write() as connection, unique(f"key {key!r}", KeyExists):
            connection.execute(insert(MetadataRow).values(resource_id=resource.id, key=key, value=value))

    def update(self, resource: Described, key: str, value: str) -> None:
        """Put another value under a key; raises UnknownKey."""
        with self._database.write() as connection:
            _require_key(connection, resource, key)
            connection.execute(update(MetadataRow).where(*_at(resource, key)).values(value=value))

    def delete(self, resource: Described, key: str) -> None:
        """Raises UnknownKey."""
        with self._database.write() as connection:
            _require_key(connection, resource, key)
            connection.execute(delete(MetadataRow).where(*_at(resource, key)))


def _at(resource: Described, key: str) -> tuple[ColumnElement[bool], ...]:
    return MetadataRow.resource_id == resource.id, MetadataRow.key == key


def _require_key(connection: Connection, resource: Described, key: str) -> None:
    if connection.scalar(select(MetadataRow.key).where(*_at(resource, key))) is None:
        raise UnknownKey(f"key {key!r}")
