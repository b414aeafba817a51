"""Node addresses without their secrets, for messages and logs."""

from __future__ import annotations

from urllib.parse import urlsplit


def redact_url(url: str) -> str:
    """Return scheme, host and port of ``url``; user, password, path and query become ``***``.

    Hosted nodes put their API key into the path, the query or the user part, so none is shown.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "***"
    if not parts.scheme or not host:
        return "***"
    host = f"[{host}]" if ":" in host else host
    secret_path = parts.path not in ("", "/") or bool(parts.query) or bool(parts.fragment)
    return f"{parts.scheme}://{host}{port}" + ("/***" if secret_path else "")
