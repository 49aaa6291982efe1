"""The JSON schemas of what is sent and answered, from the models that say so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from bosslet.dialects.boss.fields import NULLABLE

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]
ANSWERED: Mode = "serialization"
SENT: Mode = "validation"


@dataclass(frozen=True, slots=True)
class Schemas:
    """Of some types, by the types themselves; what they refer to is in ``components``."""

    by_type: dict[tuple[str, Mode], Schema]
    components: dict[str, Schema]

    @classmethod
    def of(cls, sent: Iterable[Any], answered: Iterable[Any]) -> Schemas:
        """Models, or what is made of them: lists, unions."""
        kinds: tuple[tuple[Mode, Iterable[Any]], ...] = ((SENT, sent), (ANSWERED, answered))
        types = {(repr(each), mode): each for mode, group in kinds for each in group}
        adapters: list[Any] = [(name, mode, TypeAdapter(types[name, mode])) for name, mode in types]
        by_type, rest = TypeAdapter.json_schemas(
            adapters, ref_template="#/components/schemas/{model}", schema_generator=_Untitled
        )
        return cls(by_type, {name: _without_nulls(schema) for name, schema in rest.get("$defs", {}).items()})

    def sent(self, kind: Any) -> Schema:  # noqa: ANN401 (a type)
        """What a body looks like."""
        return self.by_type[repr(kind), SENT]

    def answered(self, kind: Any) -> Schema:  # noqa: ANN401 (a type)
        """What an answer looks like."""
        return self.by_type[repr(kind), ANSWERED]


class _Untitled(GenerateJsonSchema):
    """Without titles that only repeat the name of a field."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def _without_nulls(schema: Schema) -> Schema:
    """None as a default says that a field may be left out, not that it may be null, but for a few."""
    properties = {
        name: _without_null(field)
        if name not in NULLABLE and "default" in field and field["default"] is None
        else field
        for name, field in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties} if properties else schema


def _without_null(field: Schema) -> Schema:
    rest = {key: value for key, value in field.items() if key not in {"default", "anyOf"}}
    kinds = [kind for kind in field.get("anyOf", []) if kind != {"type": "null"}]
    return rest | (kinds[0] if len(kinds) == 1 else {"anyOf": kinds})
