"""What the clients of all contracts have in common: where the contract is, who sends, its events.

A domain's client says which contract it is of and adds what that contract can do::

    class ConsentClient(ContractClient):
        CONTRACT = "ConsentRegistry"
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self

from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.manifest import Manifest
    from crmdapp.chain.sender import Sender
    from crmdapp.chain.transactions import Receipt


class ContractClient:
    """One contract, seen and used by one account.

    Args:
        connection: The chain.
        address: Address of the contract.
        sender: The account that sends; ``None`` for reading only.
        since_block: Block of its deployment, where searches for events begin.

    Attributes:
        CONTRACT: The contract's name, in the manifest too; a subclass sets it.
        connection: The chain.
        contract: The contract, for reading what the class does not.
        since_block: Where searches for events begin.
    """

    CONTRACT: ClassVar[str]

    def __init__(
        self,
        connection: Connection,
        address: str,
        sender: Sender | None = None,
        *,
        since_block: int = 0,
    ) -> None:
        self.connection = connection
        self.contract = connection.contract(self.CONTRACT, address)
        self.since_block = since_block
        self._sender = sender

    @classmethod
    def at(cls, connection: Connection, manifest: Manifest, sender: Sender | None = None) -> Self:
        """Return a client of the contract that a deployment manifest names.

        Raises:
            ContractMissing: The manifest does not name it, or there is no code at its address.
        """
        deployment = manifest[cls.CONTRACT]
        client = cls(connection, deployment.address, sender, since_block=deployment.block)
        client.contract.require_code()
        return client

    @property
    def sender(self) -> Sender:
        """The account that sends.

        Raises:
            UsageError: The client was made for reading only.
        """
        if self._sender is None:
            raise UsageError(
                "This client has no account to send with.",
                hint=f"Give {type(self).__name__} a sender, or the command an account (--account).",
            )
        return self._sender

    def send(self, call: Call, *, key: str | None = None) -> Receipt:
        """Send a prepared call, once per key, and return its receipt when it is mined.

        Raises:
            ContractError: The contract refuses, as the twin of its error.
        """
        return self.sender.wait(self.sender.send(call, key=key))

    def was_sent(self, key: str) -> bool:
        """Return whether a transaction of that key is on its way or mined; asks no node."""
        try:
            state = self.sender.status(key).state
        except UsageError:
            return False
        return state not in ("dropped", "reverted")

    def events(
        self,
        *names: str,
        from_block: int | None = None,
        to_block: int | str = "latest",
        **indexed: Any,
    ) -> Iterator[DecodedLog]:
        """Yield the contract's past events in order, asking in ranges a node bears.

        Args:
            names: Solidity names; all events if none is given.
            from_block: First block; the contract's deployment by default.
            to_block: Last block, or a tag.
            indexed: Wanted values of indexed parameters, such as ``program=2``; needs one name.
        """
        first = self.since_block if from_block is None else from_block
        return self.contract.events(*names, from_block=first, to_block=to_block, **indexed)
