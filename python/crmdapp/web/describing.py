"""The OpenAPI document: what FastAPI gathers, in the words of the docstrings, with the problems."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

_METHODS = ("get", "post", "put", "patch", "delete")
_SECTION = re.compile(r"\n\s*\n(Args|Attributes|Raises|Returns):\n")
_ATTRIBUTES = re.compile(r"\n\s*\nAttributes:\n(.*?)(?:\n\s*\n|$)", re.DOTALL)
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n     +.*)*)", re.MULTILINE)
_SUMMARY = (
    "Loyalty points, customers and their consents, provenance and elections. What strangers must "
    "be able to verify stands on chain; this is a view of it, and a way to act on it."
)

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A problem (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "fields", "hint"],
    "properties": {
        "type": {"type": "string", "description": "Where the problem is described."},
        "title": {"type": "string", "description": "What this kind of problem is."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What happened."},
        "code": {"type": "string", "description": "Its name, the same as in the contract."},
        "fields": {"type": "object", "description": "Its figures; numbers as decimal strings."},
        "hint": {"type": "string", "description": "What can be done."},
        "why": {"type": "string", "description": "The cause, if known."},
        "instance": {"type": "string", "description": "The request, as the log names it."},
    },
    "examples": [
        {
            "type": "/problems/ERC6909InsufficientBalance",
            "title": "The account has fewer units than it is to give",
            "status": 422,
            "detail": "ERC6909InsufficientBalance(...)",
            "code": "ERC6909InsufficientBalance",
            "fields": {"balance": "100", "needed": "1500", "id": "1"},
            "hint": "",
        }
    ],
}
_ANSWER = {
    "description": "A problem.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(app: FastAPI) -> None:
    """Let an app give this document at ``/openapi.json``."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to change it


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, summary=_SUMMARY, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for schema in schemas.values():
        _tell_attributes(schema)
    schemas["Problem"] = PROBLEM
    for item in found["paths"].values():
        for method in _METHODS:
            if method in item:
                _tell_operation(item[method])
    return found


def _tell_operation(operation: dict[str, Any]) -> None:
    operation["description"] = _SECTION.split(operation.get("description", ""))[0]
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = _ANSWER


def _tell_attributes(schema: dict[str, Any]) -> None:
    """Give a model's fields the words that its docstring has for them."""
    text = str(schema.get("description", ""))
    section = _ATTRIBUTES.search(text)
    if section:
        for name, words in _ATTRIBUTE.findall(section[1]):
            field = schema.get("properties", {}).get(name)
            if field is not None and "description" not in field:
                field["description"] = " ".join(words.split())
    schema["description"] = _SECTION.split(text)[0]
