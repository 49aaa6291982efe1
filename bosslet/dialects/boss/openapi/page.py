"""What the page shows of the document: the calls by subject, and the shape of their JSON in a line or a few."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
_ANYTHING = "any"
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Entry:
    """One method of one path; ``call`` is its operation as the document has it."""

    method: str
    path: str
    call: dict[str, Any]
    parameters: list[dict[str, Any]]
    """Those of the path and of the query."""


@dataclass(frozen=True, slots=True)
class Page:
    """A document, for a template to walk through."""

    document: dict[str, Any]

    @property
    def info(self) -> dict[str, Any]:
        """Title, version, description."""
        found: dict[str, Any] = self.document["info"]
        return found

    @property
    def subjects(self) -> Iterator[tuple[dict[str, str], list[Entry]]]:
        """Each tag with its entries."""
        entries = list(self._entries())
        for tag in self.document["tags"]:
            yield tag, [entry for entry in entries if tag["name"] in entry.call["tags"]]

    def response(self, response: Schema) -> Schema:
        """A response, also where it is only referred to."""
        return self._resolved(response)

    def shape(self, schema: Schema, depth: int = 0) -> str:
        """A schema in the manner of TypeScript."""
        schema = self._resolved(schema)
        if "enum" in schema or "const" in schema:
            return " | ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                kinds = schema[several][:1] if several == "allOf" else schema[several]
                return " | ".join(self.shape(kind, depth) for kind in kinds)
        if schema.get("type") == "object":
            return self._object(schema, depth)
        if schema.get("type") == "array":
            return self._array(schema, depth)
        return str(schema.get("type", _ANYTHING))

    def _object(self, schema: Schema, depth: int) -> str:
        if "properties" not in schema:
            more = schema.get("additionalProperties")
            values = self.shape(more, depth + 1) if isinstance(more, dict) else _ANYTHING
            return "{}" if more is False else f"{{[key: string]: {values}}}"
        lines = [
            f"{name}{'' if name in schema.get('required', []) else '?'}: {self.shape(field, depth + 1)}"
            for name, field in schema["properties"].items()
        ]
        inner, outer = "\n" + _INDENT * (depth + 1), "\n" + _INDENT * depth
        return "{" + inner + inner.join(lines) + outer + "}"

    def _array(self, schema: Schema, depth: int) -> str:
        if "prefixItems" in schema:
            return "[" + ", ".join(self.shape(item, depth) for item in schema["prefixItems"]) + "]"
        return f"list of {self.shape(schema.get('items', {}), depth)}"

    def _entries(self) -> Iterator[Entry]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    call = item[method]
                    yield Entry(method, path, call, [*item.get("parameters", []), *call.get("parameters", [])])

    def _resolved(self, part: Schema) -> Schema:
        if "$ref" not in part:
            return part
        _, kind, name = part["$ref"].removeprefix("#/").split("/")
        found: Schema = self.document["components"][kind][name]
        return found
