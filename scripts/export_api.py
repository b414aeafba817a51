"""Write docs/api.md from the server's own OpenAPI document.

python -m scripts.export_api            write it
python -m scripts.export_api --check    exit with 1 if it is not up to date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "api.md"

_METHODS = ("get", "post", "put", "patch", "delete")
_PREFACE = """\
# HTTP API

Written by `make api` from the server's OpenAPI document, which a running server gives at
`/openapi.json`.

- **Keys.** `Authorization: Bearer crm_...`, made with `crmdapp api-keys new`. A key acts for one
  merchant and has scopes; what belongs to another merchant answers 404, as if it were not there.
- **Numbers.** What may pass 2^53 is a decimal string. Points are units of 0.01 point.
- **Sending twice.** A request that changes something bears an `Idempotency-Key`. Sent again with
  the same body it gets the same answer; with another body, 422 `IdempotencyKeyReused`. The answer
  is kept for a day, sealed under your key; the chain's journal prevents a second transaction for
  ever.
- **Waiting.** A transaction that is not mined in time answers 202 with `Location:
  /v1/operations/{id}`.
- **Lists.** `limit` up to 200, and `cursor` from `next_cursor`. `as_of_block` says how far the
  index had read, `finalized` whether that can still be undone.
- **Problems.** `application/problem+json` (RFC 9457): `code` is the name that Python, the command
  line and the contract give the problem, `fields` its figures; `type` leads to what it means and
  what to do, `/problems` lists all of them. 503 with `Retry-After` means that
  the node or a database does not answer; nothing was lost.
- **Limits.** `RateLimit` and `RateLimit-Policy` say what is left; 429 says when to come back.
- **Webhooks** follow Standard Webhooks: check `webhook-signature` over
  `{webhook-id}.{webhook-timestamp}.{body}`, and take each `webhook-id` once.
"""


def main(arguments: list[str]) -> int:
    """Write the page, or compare it; returns the exit code."""
    text = page(document())
    if "--check" in arguments:
        if PAGE.exists() and PAGE.read_text() == text:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is not up to date: run make api", file=sys.stderr)
        return 1
    PAGE.write_text(text)
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


def document() -> dict[str, Any]:
    """Return the OpenAPI document, without a chain or a database."""
    from crmdapp.web.app import build_app
    from crmdapp.web.settings import Settings

    nowhere = Path("nowhere")
    settings = Settings(("http://127.0.0.1:8545",), nowhere, nowhere, nowhere)
    return build_app(settings).openapi()


def page(described: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    parts = [_PREFACE]
    for tag in _tags(described):
        parts.append(f"\n## {tag.capitalize()}\n")
        parts += [_operation(described, *item) for item in _operations(described, tag)]
    parts.append("\n## Models\n")
    schemas = described.get("components", {}).get("schemas", {})
    parts += [_model(name, schemas[name]) for name in sorted(schemas)]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _tags(described: Mapping[str, Any]) -> list[str]:
    found = {
        tag
        for item in described["paths"].values()
        for method, operation in item.items()
        if method in _METHODS
        for tag in operation.get("tags", ["other"])
    }
    return sorted(found)


def _operations(described: Mapping[str, Any], tag: str) -> Iterator[tuple[str, str, Any]]:
    for path, item in described["paths"].items():
        for method in _METHODS:
            operation = item.get(method)
            if operation and tag in operation.get("tags", ["other"]):
                yield path, method, operation


def _operation(described: Mapping[str, Any], path: str, method: str, operation: Any) -> str:
    lines = [f"### {method.upper()} {path}\n", operation.get("description", ""), ""]
    if operation.get("security"):
        lines += ["Needs an API key.", ""]
    rows = [
        f"| `{item['name']}` | {item['in']} | {_kind(item.get('schema', {}))} "
        f"| {_words(item.get('description', ''))} |"
        for item in operation.get("parameters", [])
        if item["name"] != "authorization"
    ]
    if rows:
        lines += ["| Parameter | In | Type | Meaning |", "|---|---|---|---|", *rows, ""]
    body = operation.get("requestBody", {}).get("content", {})
    for media, content in body.items():
        lines += [f"Body (`{media}`): {_kind(content.get('schema', {}))}", ""]
        lines += _example(described, content.get("schema", {}))
    for status, answer in operation.get("responses", {}).items():
        content = answer.get("content", {}).get("application/json", {})
        if content:
            lines.append(f"Answers {status}: {_kind(content.get('schema', {}))}")
    return "\n".join(lines)


def _example(described: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found = described.get("components", {}).get("schemas", {}).get(name, {})
    examples = found.get("examples", [])
    if not examples:
        return []
    return ["```json", json.dumps(examples[0], indent=2), "```", ""]


def _model(name: str, schema: Mapping[str, Any]) -> str:
    lines = [f"### {name}\n", str(schema.get("description", "")), ""]
    needed = schema.get("required", [])
    rows = [
        f"| `{field}`{'' if field in needed else ' (optional)'} | {_kind(kind)} "
        f"| {_words(kind.get('description', ''))} |"
        for field, kind in schema.get("properties", {}).items()
    ]
    if rows:
        lines += ["| Field | Type | Meaning |", "|---|---|---|", *rows]
    return "\n".join(lines)


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(_kind(item) for item in schema[word])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "enum" in schema:
        return ", ".join(f"`{item}`" for item in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = str(schema.get("type", "any"))
    return f"{kind} `{_words(str(schema['pattern']))}`" if "pattern" in schema else kind


def _words(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
