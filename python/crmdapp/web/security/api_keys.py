"""API keys: what they may do, for which merchant, and until when.

A key is 256 random bits, so a plain SHA-256 of it cannot be reversed by trying; only that is kept.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from crmdapp.chain.accounts import check_name
from crmdapp.chain.addresses import require_address
from crmdapp.errors import UsageError
from crmdapp.web.state import State, api_keys

SCOPES = (
    "loyalty:read",
    "loyalty:write",
    "customers:read",
    "customers:write",
    "provenance:read",
    "provenance:write",
    "ballots:read",
    "ballots:write",
    "analytics:read",
    "webhooks",
    "relay",
    "admin",
)
"""What a key may be given."""

_PREFIX = "crm"
_LABEL_MAX = 80


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the server keeps it.

    Attributes:
        id: Its public name, 12 hex digits.
        label: What it is for, for people.
        merchant: Address it acts for: the tenant.
        scopes: What it may do.
        account: Name of the server's account that sends for it; ``None`` if it may not send.
        created_at: Unix seconds.
        expires_at: Unix seconds; ``None`` if it does not expire.
        revoked_at: Unix seconds; ``None`` if it was not revoked.
    """

    id: str
    label: str
    merchant: str
    scopes: frozenset[str]
    account: str | None
    created_at: int
    expires_at: int | None
    revoked_at: int | None

    def is_valid(self, now: float) -> bool:
        """Return whether it is neither revoked nor expired at that Unix time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class ApiKeys:
    """The keys in one server's database."""

    def __init__(self, state: State) -> None:
        self._state = state

    def new(
        self,
        merchant: str,
        scopes: Iterable[str],
        *,
        label: str = "",
        account: str | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key and return it with its text, which is not kept and cannot be shown again.

        Raises:
            UsageError: A scope does not exist, or another value cannot be used.
            StoreProblem: The database cannot be written.
        """
        wanted = frozenset(scopes)
        unknown = sorted(wanted - set(SCOPES))
        if unknown or not wanted:
            raise UsageError(
                f"There is no scope {unknown[0]!r}." if unknown else "A key needs a scope.",
                hint="Scopes: " + ", ".join(SCOPES),
            )
        if account is not None:
            check_name(account)
        if len(label) > _LABEL_MAX:
            raise UsageError(f"A label has at most {_LABEL_MAX} characters.")
        now = int(time.time())
        until = None if expires_at is None else int(expires_at.timestamp())
        if until is not None and until <= now:
            raise UsageError("The key would have expired already.")
        key = ApiKey(
            secrets.token_hex(6),
            label,
            require_address(merchant),
            wanted,
            account,
            now,
            until,
            None,
        )
        text = f"{_PREFIX}_{key.id}_{secrets.token_urlsafe(32)}"
        with self._state.writing() as session:
            session.execute(
                insert(api_keys).values(
                    id=key.id,
                    hash=hash_of(text),
                    label=label,
                    merchant=key.merchant,
                    scopes=" ".join(sorted(wanted)),
                    account=account,
                    created_at=now,
                    expires_at=until,
                )
            )
        return key, text

    def find(self, text: str) -> ApiKey | None:
        """Return the valid key of that text; ``None`` if there is none."""
        with self._state.reading() as session:
            row = session.execute(select(api_keys).where(api_keys.c.hash == hash_of(text))).first()
        key = None if row is None else _key(row)
        return key if key is not None and key.is_valid(time.time()) else None

    def list(self) -> list[ApiKey]:
        """Return all keys, oldest first, revoked ones too."""
        with self._state.reading() as session:
            query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
            return [_key(row) for row in session.execute(query)]

    def revoke(self, key_id: str) -> ApiKey:
        """Make a key invalid at once and for ever, and return it.

        Raises:
            UsageError: There is no such key.
        """
        with self._state.writing() as session:
            row = session.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
            if row is None:
                raise UsageError(f"There is no API key {key_id!r}.", hint="crmdapp api-keys list")
            if row.revoked_at is None:
                session.execute(
                    update(api_keys)
                    .where(api_keys.c.id == key_id)
                    .values(revoked_at=int(time.time()))
                )
            return _key(session.execute(select(api_keys).where(api_keys.c.id == key_id)).one())


def hash_of(text: str) -> bytes:
    """Return what is kept of a random secret: its SHA-256."""
    return hashlib.sha256(text.encode()).digest()


def _key(row: object) -> ApiKey:
    fields = row._mapping  # type: ignore[attr-defined]  # a row of SQLAlchemy's
    return ApiKey(
        id=fields["id"],
        label=fields["label"],
        merchant=fields["merchant"],
        scopes=frozenset(fields["scopes"].split()),
        account=fields["account"],
        created_at=fields["created_at"],
        expires_at=fields["expires_at"],
        revoked_at=fields["revoked_at"],
    )
