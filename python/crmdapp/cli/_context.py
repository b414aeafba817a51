"""The session of one command: settings, node, keys and output, each made when first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crmdapp.cli._output import Output
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Keystore
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.deployments import Manifest
    from crmdapp.chain.journal import Journal
    from crmdapp.chain.sender import Sender
    from crmdapp.cli._keys import EnvironmentSigner, KeyFileSigner
    from crmdapp.config import Config
    from crmdapp.loyalty.client import LoyaltyClient

_SETTINGS = ("rpc", "chain_id", "account", "password_file", "deployments", "state_dir")


class Session:
    """What the functions behind the commands work with.

    Attributes:
        out: Where data and talk go.
        yes: Send without asking.
        dry_run: Show, send nothing.
        once: Idempotency key of the transaction; ``None`` for none.
    """

    def __init__(self) -> None:
        self.out = Output()
        self.yes = False
        self.dry_run = False
        self.once: str | None = None
        self._flags: dict[str, Any] = {}
        self._closing = ExitStack()

    def take(self, values: Mapping[str, Any]) -> None:
        """Take over options from the command line; later ones win."""
        for name in _SETTINGS:
            if values.get(name) not in (None, [], ()):
                self._flags[name] = values[name]
        for name in ("json", "quiet", "verbose"):
            if values.get(name):
                setattr(self.out, name, True)
        for name in ("yes", "dry_run", "once"):
            if values.get(name):
                setattr(self, name, values[name])
        if self.out.verbose:
            self._closing.callback(_log_to_stderr())

    def close(self) -> None:
        """Close the connection and the journal."""
        self._closing.close()

    # ----------------------------------------------------------------- settings and keys

    @cached_property
    def config(self) -> Config:
        """The settings in force."""
        from crmdapp.config import load_config

        return load_config(self._flags)

    @cached_property
    def keystore(self) -> Keystore:
        """The key files."""
        from crmdapp.chain.accounts import Keystore

        return Keystore(self.config.keystore_dir)

    @cached_property
    def signer(self) -> KeyFileSigner | EnvironmentSigner:
        """The key the command acts with, not opened yet."""
        from crmdapp.cli._keys import ask_password, choose_signer

        return choose_signer(
            self.config, self.keystore, lambda name: ask_password(self.config, self.out, name)
        )

    def address(self, text: str) -> str:
        """Return the address that ``text`` means: an address in any case, or the name of a key.

        Raises:
            UsageError: It is no address, its checksum is wrong, or no key has that name.
        """
        from crmdapp.chain.addresses import checksum, parse_address
        from crmdapp.errors import CrmdappError

        text = text.strip()
        if text[:2] in ("0x", "0X"):
            text = "0x" + text[2:]
            try:
                return parse_address(text)
            except ValueError as problem:
                hint = "Copy it again from its source."
                if len(text) == 42 and _is_hex(text[2:]):
                    hint += f" If you are sure of every character: {checksum(text.lower())}"
                raise UsageError(f"{problem}.", hint=hint) from None
        try:
            return self.keystore.show(text).address
        except CrmdappError:
            raise UsageError(
                f"{text!r} is neither an address nor the name of a key.",
                hint="An address is 0x and 40 hex digits; names: crmdapp account list",
            ) from None

    def address_or_own(self, text: str | None) -> str:
        """Return the address that ``text`` means, or that of the key the command acts with."""
        return self.signer.address if text is None else self.address(text)

    def name_of(self, address: str) -> str:
        """Return the name of the key that opens ``address``; empty if there is none."""
        return next((item.name for item in self.keystore.list() if item.address == address), "")

    # ----------------------------------------------------------------- chain

    @cached_property
    def connection(self) -> Connection:
        """The chain."""
        from crmdapp.chain.connection import connect

        config = self.config
        found = connect(list(config.rpc), chain_id=config.chain_id, timeout=config.timeout)
        return self._closing.enter_context(found)

    @cached_property
    def journal(self) -> Journal:
        """The journal of sent transactions."""
        from crmdapp.chain.journal import Journal

        return self._closing.enter_context(Journal(self.config.journal_path))

    @cached_property
    def sender(self) -> Sender:
        """Sends the transactions of the key the command acts with."""
        from crmdapp.chain.sender import Sender
        from crmdapp.chain.transactions import SendPolicy

        policy = SendPolicy(
            timeout=self.config.receipt_timeout, confirmations=self.config.confirmations
        )
        return Sender(self.connection, self.signer, self.journal, policy=policy)

    @cached_property
    def manifest(self) -> Manifest:
        """What is deployed on the chain.

        Raises:
            ContractMissing: Nothing is known to be deployed there.
            WrongChain: The manifest is about another chain, or about one that was started anew.
        """
        from crmdapp.chain.deployments import Manifest

        found = Manifest.load(self.config.manifest_path(self.connection.chain_id))
        found.require_chain(self.connection)
        return found

    @cached_property
    def reader(self) -> LoyaltyClient:
        """The loyalty client for commands that only read.

        Raises:
            ContractMissing: The points ledger is not deployed on the chain.
        """
        from crmdapp.loyalty.client import LoyaltyClient

        return LoyaltyClient.at(self.connection, self.manifest)

    @cached_property
    def loyalty(self) -> LoyaltyClient:
        """The loyalty client for commands that send.

        Raises:
            ContractMissing: The points ledger is not deployed on the chain.
        """
        from crmdapp.loyalty.client import LoyaltyClient

        return LoyaltyClient.at(self.connection, self.manifest, self.sender)


def _is_hex(text: str) -> bool:
    return all(char in "0123456789abcdefABCDEF" for char in text)


def _log_to_stderr() -> Callable[[], None]:
    """Show this package's log lines; other packages' may hold addresses with API keys.

    Returns:
        What ends it.
    """
    import logging

    logger = logging.getLogger("crmdapp")
    level = logger.level
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def end() -> None:
        logger.removeHandler(handler)
        logger.setLevel(level)

    if not logger.handlers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    return end
