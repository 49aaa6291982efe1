"""The description of the API: routes from Flask, words from docstrings, bodies and answers from models.

Specification: https://spec.openapis.org/oas/v3.1.1
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from apispec import APISpec
from flask import Flask

from bosslet import __version__
from bosslet.dialects.boss.errors import CODE, DETAIL
from bosslet.dialects.boss.negotiation import HTML, JSON
from bosslet.dialects.boss.openapi import answers
from bosslet.dialects.boss.openapi.calls import CALLS, Call, ErrorClass, Query
from bosslet.dialects.boss.openapi.paths import PACKAGE, Operation, Path, paths
from bosslet.dialects.boss.openapi.schemas import Schema, Schemas
from bosslet.dialects.http import STATUS

UNDECLARED = Call()
DESCRIPTION = """\
A server for dense 3-D images and labels that speaks the bossDB API.

`/latest` does what `/v1` does. A slash at the end of a path may be left out; without a list's, one is redirected.
HEAD is answered as GET. Answers are JSON, or a page for a browser, where nothing else is said.
"""
SECURITY = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token <key>`, where the server was started with `--auth token`.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "The same key, or one from logging in."},
}


def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of bossDB's API in an application."""
    described = list(paths(app))
    subjects = dict.fromkeys(operation.module for path in described for operation in path.operations)
    spec = APISpec(
        title="bosslet",
        version=__version__,
        openapi_version="3.1.1",
        info={"description": DESCRIPTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        servers=[{"url": "/"}],
        tags=[_tag(subject) for subject in subjects],
        security=[{}, *({name: []} for name in SECURITY)],
    )
    for name, scheme in SECURITY.items():
        spec.components.security_scheme(name, scheme)
    schemas = _schemas()
    for name, schema in schemas.components.items():
        spec.components.schema(name, schema)
    for cls in _lonely(call.all_errors for call in CALLS.values()):
        spec.components.response(cls.__name__, _failure([cls], schemas))
    for path in described:
        spec.path(path.url, operations=_operations(path, schemas), parameters=path.parameters)
    return spec.to_dict()


def call_of(operation: Operation) -> Call:
    """What is declared of an operation; where nothing is, that it answers some JSON."""
    return CALLS.get(f"{operation.view}.{operation.method}", UNDECLARED)


def _schemas() -> Schemas:
    calls = CALLS.values()
    failures = {kind for call in calls for kind in call.failures.values()}
    answered = [call.answer for call in calls if call.answer not in (None, bytes)]
    return Schemas.of(
        sent=[call.body for call in calls if call.body not in (None, bytes)],
        answered=[*answered, *failures, answers.Error, answers.Detail],
    )


def _tag(subject: str) -> dict[str, str]:
    first, _, _ = (importlib.import_module(PACKAGE + subject).__doc__ or "").partition("\n\n")
    return {"name": subject, "description": _text(first)}


def _operations(path: Path, schemas: Schemas) -> dict[str, Any]:
    return {operation.method: _operation(path, operation, schemas) for operation in path.operations}


def _operation(path: Path, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    call = call_of(operation)
    summary, _, more = operation.documentation.partition("\n\n")
    described: dict[str, Any] = {
        "operationId": f"{operation.method}{re.sub('[^A-Za-z0-9]+', '_', path.url)}".rstrip("_"),
        "tags": [operation.module],
        "summary": _text(summary),
        "description": _text(more.partition("Raises:")[0]),
        "parameters": [_query(query) for query in call.query],
        "responses": _responses(call, schemas),
    }
    if call.body is not None:
        schema = {} if call.body is bytes else {"schema": schemas.sent(call.body)}
        described["requestBody"] = {"content": dict.fromkeys(call.sent, schema)}
    filled = {key: value for key, value in described.items() if value}
    return filled | ({"security": []} if call.bare else {})


def _query(query: Query) -> dict[str, Any]:
    return {
        "name": query.name,
        "in": "query",
        "description": query.description,
        "required": query.required,
        "schema": query.schema,
    }


def _responses(call: Call, schemas: Schemas) -> dict[str, Any]:
    responses = {str(status): _failures(failed, schemas) for status, failed in _by_status(call.all_errors).items()}
    for status, kind in call.failures.items():
        responses[str(status)] = _json_answer("Refused.", schemas.answered(kind))
    if call.status is not None:
        responses[str(call.status)] = _success(call, schemas)
    return dict(sorted(responses.items()))


def _success(call: Call, schemas: Schemas) -> dict[str, Any]:
    if call.answer is None:
        return {"description": "Done; no body."}
    if call.answer is bytes:
        return {"description": "The voxels.", "content": {media: _raw(media) for media in call.media}}
    content = {
        media: {"schema": schemas.answered(call.answer)} if media == JSON else _raw(media) for media in call.media
    }
    return {"description": "Done.", "content": content}


def _raw(media: str) -> dict[str, Any]:
    return {"schema": {"type": "string"}} if media == HTML else {}


def _failures(classes: list[ErrorClass], schemas: Schemas) -> dict[str, Any]:
    """One status, for all errors that have it; a reference where there is one error."""
    if len(classes) == 1:
        return {"$ref": f"#/components/responses/{classes[0].__name__}"}
    return _failure(classes, schemas)


def _failure(classes: list[ErrorClass], schemas: Schemas) -> dict[str, Any]:
    lines = [f"- {CODE.get(cls, 'detail')}: {_text(cls.__doc__ or '')}" for cls in classes]
    codes = sorted({CODE[cls] for cls in classes if cls in CODE})
    kinds: list[Schema] = []
    if codes:
        kinds.append({"allOf": [schemas.answered(answers.Error), {"properties": {"code": {"enum": codes}}}]})
    if any(cls in DETAIL for cls in classes):
        kinds.append(schemas.answered(answers.Detail))
    return _json_answer("\n".join(lines), kinds[0] if len(kinds) == 1 else {"anyOf": kinds})


def _json_answer(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _lonely(calls: Iterable[tuple[ErrorClass, ...]]) -> Iterable[ErrorClass]:
    """Errors that are the only one of their status in some call."""
    groups = (group for classes in calls for group in _by_status(classes).values())
    return dict.fromkeys(group[0] for group in groups if len(group) == 1)


def _by_status(classes: Iterable[ErrorClass]) -> Mapping[int, list[ErrorClass]]:
    found: dict[int, list[ErrorClass]] = {}
    for cls in dict.fromkeys(classes):
        found.setdefault(STATUS[cls], []).append(cls)
    return found


def _text(docstring: str) -> str:
    """One paragraph of a docstring as CommonMark."""
    return " ".join(docstring.split()).replace("``", "`")
