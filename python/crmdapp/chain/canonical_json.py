"""JSON in its one canonical form, so that equal data has equal bytes and one hash.

Source: RFC 8785, the JSON Canonicalization Scheme.
"""

from __future__ import annotations

from typing import Any

from crmdapp.errors import UsageError


def canonical_json(value: Any) -> bytes:
    """Return JSON data in the one form that RFC 8785 gives it.

    Raises:
        UsageError: It has no canonical form: a number beyond 2^53 - 1, half a surrogate pair, or
            no JSON data at all.
    """
    import rfc8785

    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError) as problem:
        raise UsageError("This has no canonical JSON form.", why=str(problem)) from None
