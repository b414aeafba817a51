"""What the clients of the ballots contracts have in common: each finds those that it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from crmdapp.chain.client import ContractClient

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.manifest import Manifest
    from crmdapp.chain.sender import Sender

ClientT = TypeVar("ClientT", bound="BallotsClient")


class BallotsClient(ContractClient):
    """A client that knows the contracts which its own names as immutables.

    So the address of one contract is enough for all: where the manifest knows the others it also
    says where searches for their events begin, else they begin at the chain's first block.
    """

    _manifest: Manifest | None = None

    @classmethod
    def at(cls, connection: Connection, manifest: Manifest, sender: Sender | None = None) -> Self:
        """Return a client of the contract that a deployment manifest names.

        Raises:
            ContractMissing: The manifest does not name it, or there is no code at its address.
        """
        client = super().at(connection, manifest, sender)
        client._manifest = manifest
        return client

    def _named(self, kind: type[ClientT], immutable: str) -> ClientT:
        """Return a client of the contract that an immutable names, with the same account."""
        address: str = self.contract.read(immutable)
        entry = None if self._manifest is None else self._manifest.get(kind.CONTRACT)
        since = entry.block if entry is not None and entry.address == address else 0
        client = kind(self.connection, address, self._sender, since_block=since)
        client._manifest = self._manifest
        return client
