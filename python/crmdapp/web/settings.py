"""How one server is set up."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything :func:`crmdapp.web.app.create_app` needs to know.

    Attributes:
        rpc: Addresses of the nodes, first choice first.
        manifest: File that lists the deployed contracts.
        state_dir: Folder of the journals and, unless ``database`` says otherwise, of the server's
            own database.
        index: The index: path of an SQLite file, or ``postgresql://...``.
        database: The server's own database (API keys, sessions, stored answers, webhooks): path of
            an SQLite file, or ``postgresql://...`` for several processes; ``web.sqlite3`` in
            ``state_dir`` if ``None``.
        store: The encrypted customer store; ``None`` if this server has none.
        store_keys: Key file of that store.
        keystore: Folder of key files that people of this machine may sign in with.
        chain_id: The chain id the nodes must have; ``None`` accepts the first node's.
        host: Address to listen on.
        port: Port to listen on.
        local: Whether the server runs on the person's own machine, for that person only.
        hosts: Names that a Host header may bear, without port; loopback names if local.
        public_url: Origin under which people reach a remote server, ``https://crm.example``.
        follow: Whether this process keeps the index up to date itself; an index has one writer.
        deliver: Whether this process sends webhooks; several may.
        poll: Seconds between two looks for new blocks, 0.05 to 60.
        signers: Accounts that send, by name; opened by whoever starts the server.
        relayer: Name of the account that carries out what signed-in people permit; ``None`` if
            the server pays for nobody.
        patience: Seconds a request waits for a receipt before it answers 202, 0 to 600.
        timeout: Seconds one request to a node may take.
        confirmations: Blocks until a receipt counts.
        body_limit: Most bytes of a JSON body.
        upload_limit: Most bytes of a form with a file.
        rate: Requests a second that one key may make in the long run.
        burst: Requests it may make at once.
        address_rate: Requests a second of one network address without a key.
        address_burst: Requests it may make at once.
        proxies: Whether a proxy in front appends the visitor's address to X-Forwarded-For.
        webhook_hosts: Host names that webhooks may reach though they are private.
        metrics_token: Bearer token that /metrics asks for; loopback needs none.
    """

    rpc: tuple[str, ...]
    manifest: Path
    state_dir: Path
    index: str | Path
    database: str | Path | None = None
    store: str | Path | None = None
    store_keys: Path | None = None
    keystore: Path | None = None
    chain_id: int | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    local: bool = False
    hosts: tuple[str, ...] = ()
    public_url: str = ""
    follow: bool = True
    deliver: bool = True
    poll: float = 1.0
    signers: Mapping[str, Signer] = field(default_factory=dict, repr=False)
    relayer: str | None = None
    patience: float = 20.0
    timeout: float = 10.0
    confirmations: int = 1
    body_limit: int = 1_000_000
    upload_limit: int = 32_000_000
    rate: float = 50.0
    burst: int = 200
    address_rate: float = 20.0
    address_burst: int = 200
    proxies: bool = False
    webhook_hosts: tuple[str, ...] = ()
    metrics_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.local and not is_loopback(self.host):
            raise UsageError(
                "A local server listens on this machine only.",
                why=f"{self.host} can be reached by others, who could use the keys opened here.",
                hint="Listen on 127.0.0.1, or start a remote server with a public address.",
            )
        if not self.local and not self.hosts and not is_loopback(self.host):
            raise UsageError(
                "A server that others reach has to know its own name.",
                why="Without it, any page could reach it under a name of its own.",
                hint="Name it: --public-url https://crm.example",
            )
        if self.relayer is not None and self.relayer not in self.signers:
            raise UsageError(f"The relaying account {self.relayer!r} is not opened.")

    @property
    def names(self) -> frozenset[str]:
        """Names that a Host header may bear."""
        own = frozenset(name.lower() for name in self.hosts)
        return own | LOOPBACK_NAMES if is_loopback(self.host) else own

    @property
    def secure(self) -> bool:
        """Whether people reach it by https only."""
        return self.public_url.startswith("https://")

    @property
    def database_url(self) -> str | Path:
        """Where the server's own database is."""
        return self.state_dir / "web.sqlite3" if self.database is None else self.database


def public_name(url: str) -> str:
    """Return the host name in the address under which others reach a server.

    Raises:
        UsageError: It is no https address of a host alone.
    """
    try:
        parts = urlsplit(url)
        name = parts.hostname
    except ValueError:
        name = None
    if not name or parts.scheme != "https" or parts.path.strip("/") or parts.query:
        raise UsageError(
            "A public address is https:// and a host name.",
            why="Sessions of people travel with every request, and must not be read on the way.",
            hint="Put a TLS proxy in front, and name its address: https://crm.example",
        )
    return name.lower()


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address or name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
