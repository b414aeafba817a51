"""What all requests share: the chain, the index, the server's own state, the accounts that send."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request
from sqlalchemy import insert, select

from crmdapp.chain.connection import Connection, connect
from crmdapp.chain.journal import Journal
from crmdapp.chain.manifest import Manifest
from crmdapp.chain.sender import Sender
from crmdapp.chain.transactions import SendPolicy
from crmdapp.errors import KeystoreMissing
from crmdapp.web import state as tables
from crmdapp.web.remembering import Remembered
from crmdapp.web.state import State, open_state

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.client import ContractClient
    from crmdapp.store.database import Store
    from crmdapp.store.index import Index
    from crmdapp.web.api.intents.redemptions import Redemptions
    from crmdapp.web.settings import Settings

ClientT = TypeVar("ClientT", bound="ContractClient")

_SECRET_BYTES = 32


class Context:
    """Everything a handler may need, made once at start-up.

    Attributes:
        settings: How the server is set up.
        connection: The chain.
        manifest: The contracts deployed on it.
        index: The index.
        state: The server's own database.
        journal: Transactions that the server's accounts sent.
        vault: The encrypted customer store; ``None`` if this server has none.
        remembered: Answers that a replay of the chain gave.
        unlocked: Keys opened by people of this machine, by hash of their session; local only.
    """

    def __init__(self, settings: Settings) -> None:
        from crmdapp.store.index import open_index

        self.settings = settings
        self.connection: Connection = connect(
            list(settings.rpc), chain_id=settings.chain_id, timeout=settings.timeout
        )
        self.manifest = Manifest.load(settings.manifest)
        self.manifest.require_chain(self.connection)
        self.state: State = open_state(settings.database_url)
        self.index: Index = open_index(settings.index)
        self.journal = Journal(settings.state_dir / "journal.sqlite3")
        self.vault: Store | None = _open_vault(settings)
        self.unlocked: dict[bytes, Signer] = {}
        self.remembered = Remembered()
        self._secrets: dict[str, bytes] = {}
        self._redemptions: dict[str, Redemptions] = {}
        self._readers: dict[type, Any] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the databases and the connection; forget the keys."""
        self.unlocked.clear()
        for relay in self._redemptions.values():
            relay.stop()
        for part in (self.vault, self.index, self.state, self.journal, self.connection):
            if part is not None:
                part.close()

    # ----------------------------------------------------------------- chain

    def reader(self, kind: type[ClientT]) -> ClientT:
        """Return the client of a contract, for reading only.

        Raises:
            ContractMissing: The contract is not deployed.
        """
        found = self._readers.get(kind)
        if found is None:
            found = self._readers[kind] = kind.at(self.connection, self.manifest)
        client: ClientT = found
        return client

    def sender(self, account: str) -> Sender:
        """Return what sends from one of the server's accounts.

        Raises:
            KeystoreMissing: The server did not open an account of that name.
        """
        signer = self.settings.signers.get(account)
        if signer is None:
            raise KeystoreMissing(
                f"This server has not opened an account {account!r}.",
                hint="Start it with --account, or give the API key another account.",
            )
        return self.sender_of(signer)

    def sender_of(self, signer: Signer) -> Sender:
        """Return what sends with that key, waiting as long as a request may."""
        policy = SendPolicy(
            timeout=self.settings.patience, confirmations=self.settings.confirmations, poll=0.1
        )
        return Sender(self.connection, signer, self.journal, policy=policy)

    def redemptions(self, account: str) -> Redemptions:
        """Return what submits redemptions in batches from one of the server's accounts."""
        from crmdapp.loyalty.client import LoyaltyClient
        from crmdapp.web.api.intents.redemptions import Redemptions

        with self._lock:
            found = self._redemptions.get(account)
            if found is None:
                client = LoyaltyClient.at(self.connection, self.manifest, self.sender(account))
                found = self._redemptions[account] = Redemptions(self, client)
        return found

    # ----------------------------------------------------------------- secrets

    def secret(self, name: str) -> bytes:
        """Return the server's random secret of that name, 32 bytes, the same in all processes."""
        found = self._secrets.get(name)
        if found is None:
            with self._lock:
                found = self._secrets[name] = self._kept_secret(name)
        return found

    def _kept_secret(self, name: str) -> bytes:
        with self.state.writing() as session:
            kept = session.scalar(
                select(tables.secrets.c.value).where(tables.secrets.c.name == name)
            )
            if kept is None:
                kept = secrets.token_bytes(_SECRET_BYTES)
                session.execute(insert(tables.secrets).values(name=name, value=kept))
            return bytes(kept)


def _open_vault(settings: Settings) -> Store | None:
    if settings.store is None:
        return None
    from crmdapp.store.database import open_store

    return open_store(settings.store)


def context_of(request: Request) -> Context:
    """Return the context of the app that serves a request."""
    context: Context = request.app.state.context
    return context


ContextDep = Annotated[Context, Depends(context_of)]
"""The shared context: ``context: ContextDep``."""
