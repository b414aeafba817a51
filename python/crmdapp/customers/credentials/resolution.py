"""DID documents of did:ethr and did:pkh, read from the chain.

A did:pkh says all there is to say. A did:ethr has a history: the registry's events of the identity
form a list, each with the block of the one before, and its end is on chain (``changed``). The walk
back along that list finds every block in which something changed, so a node that leaves out all
events of such a block is caught. What it cannot see is a node that leaves out some of several
changes within one block; of these, changes of owner and of delegates are compared with what the
registry's own storage says.

Source: did:ethr method specification, https://github.com/decentralized-identity/ethr-did-resolver;
ERC-1056; https://github.com/w3c-ccg/did-pkh; W3C DID Core 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmdapp.chain.addresses import checksum
from crmdapp.customers.credentials._did_document import Document, build_document, pkh_document
from crmdapp.customers.credentials._moments import iso_moment
from crmdapp.customers.credentials.dids import ETHR, Did
from crmdapp.customers.credentials.keys import AccountPublicKey, JwkPublicKey, VerifyingKey
from crmdapp.customers.events import (
    DIDAttributeChanged,
    DIDDelegateChanged,
    DIDOwnerChanged,
)
from crmdapp.errors import NodeLied, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.decode import DecodedLog

EVENTS = ("DIDOwnerChanged", "DIDDelegateChanged", "DIDAttributeChanged")

Change = DIDOwnerChanged | DIDDelegateChanged | DIDAttributeChanged


@dataclass(frozen=True, slots=True)
class Resolved:
    """What an identifier stands for at a moment.

    Attributes:
        did: The identifier, in its one form.
        document: The DID document, as JSON data.
        metadata: ``deactivated``, ``versionId`` (the block of the last change), ``updated``,
            ``nextVersionId`` and ``nextUpdate``, each only where it says something.
        accounts: Accounts whose signatures count as the subject's assertions.
    """

    did: str
    document: dict[str, Any] = field(repr=False)
    metadata: dict[str, Any]
    accounts: tuple[str, ...]

    @property
    def deactivated(self) -> bool:
        """Whether the identity has ended."""
        return bool(self.metadata.get("deactivated"))

    def assertion_keys(self) -> list[VerifyingKey]:
        """Return the keys whose signatures count as the subject's assertions."""
        named = self.document["assertionMethod"]
        keys: list[VerifyingKey] = [AccountPublicKey(account) for account in self.accounts]
        keys += [
            JwkPublicKey(method["publicKeyJwk"])
            for method in self.document["verificationMethod"]
            if method["id"] in named and "publicKeyJwk" in method
        ]
        return keys

    def encryption_keys(self) -> list[bytes]:
        """Return the subject's X25519 public keys, 32 bytes each, the oldest first."""
        import base64

        named = self.document.get("keyAgreement", [])
        return [
            base64.b64decode(method["publicKeyBase64"])
            for method in self.document["verificationMethod"]
            if method["id"] in named and "publicKeyBase64" in method
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the result of DID resolution, as resolvers give it."""
        return {
            "didDocument": self.document,
            "didDocumentMetadata": self.metadata,
            "didResolutionMetadata": {"contentType": "application/did+ld+json"},
        }


class DidResolver:
    """Resolves identifiers of one chain.

    Args:
        connection: The chain.
        registry: Address of the DidRegistry on it.
    """

    def __init__(self, connection: Connection, registry: str) -> None:
        self._connection = connection
        self._registry: BoundContract = connection.contract("DidRegistry", registry)

    def resolve(self, did: str, *, block: int | None = None) -> Resolved:
        """Return what an identifier stands for.

        Args:
            did: did:ethr or did:pkh, with ``?versionId=BLOCK`` if an earlier version is meant.
            block: The version as of that block; the latest if left out.

        Raises:
            UsageError: It is no such identifier, of another chain, or of a block to come.
            NodeLied: The node left out events, or contradicts what the registry holds.
            NodeProblem: The node could not be asked.
        """
        name, _, query = did.partition("?")
        if query:
            block = _version(query)
        identifier = Did.parse(name)
        if identifier.chain_id != self._connection.chain_id:
            raise UsageError(
                f"The identifier is of chain {identifier.chain_id}.",
                why=f"The node serves chain {self._connection.chain_id}.",
                hint="Use a node of that chain.",
            )
        if identifier.method != ETHR:
            document = pkh_document(identifier)
            return Resolved(str(identifier), document, {}, (identifier.address,))
        return self._resolve(identifier, block)

    def _resolve(self, did: Did, block: int | None) -> Resolved:
        latest = self._connection.block_number()
        at = latest if block is None else block
        if at > latest:
            raise UsageError(f"There is no block {at:,} yet; the latest is {latest:,}.")
        history = self._history(did.address, latest)
        past = [log for log in history if log.block <= at]
        self._require_state(did.address, past, at)
        now = self._connection.block_timestamp(at)
        built = build_document(did, [_change(log) for log in past], now)
        metadata = self._metadata(built, history, at)
        return Resolved(str(did), built.to_json(), metadata, built.accounts)

    def _history(self, identity: str, latest: int) -> list[DecodedLog]:
        """Return all changes of an identity, the oldest first, by walking back from the last."""
        found: list[DecodedLog] = []
        block = self._registry.read("changed", identity, block=latest)
        while block:
            logs = list(self._changes(identity, block))
            found[:0] = logs
            block = _require_linked(identity, block, logs)
        return found

    def _changes(self, identity: str, block: int) -> Iterator[DecodedLog]:
        logs = [
            log
            for name in EVENTS
            for log in self._registry.events(
                name, from_block=block, to_block=block, identity=identity
            )
        ]
        yield from sorted(logs, key=lambda log: log.log_index)

    def _require_state(self, identity: str, past: list[DecodedLog], block: int) -> None:
        """Check the events against what the registry's storage says at the same block."""
        owner, delegates = identity, dict[tuple[bytes, str], int]()
        for change in map(_change, past):
            if isinstance(change, DIDOwnerChanged):
                owner = change.owner
            elif isinstance(change, DIDDelegateChanged):
                delegates[change.delegate_type, change.delegate] = change.valid_to
        read = self._registry.read
        if checksum(read("identityOwner", identity, block=block)) != checksum(owner):
            raise _lied("The owner that the registry names is not the one of the last event.")
        for (kind, delegate), until in delegates.items():
            stored = read("delegates", identity, _type_hash(kind), delegate, block=block)
            if stored != until:
                raise _lied("The registry holds another end for a delegate than the last event.")

    def _metadata(self, built: Document, history: list[DecodedLog], block: int) -> dict[str, Any]:
        metadata: dict[str, Any] = {"deactivated": True} if built.deactivated else {}
        past = [log.block for log in history if log.block <= block]
        later = [log.block for log in history if log.block > block]
        if past:
            moment = self._connection.block_timestamp(past[-1])
            metadata |= {"versionId": str(past[-1]), "updated": iso_moment(moment)}
        if later:
            moment = self._connection.block_timestamp(later[0])
            metadata |= {"nextVersionId": str(later[0]), "nextUpdate": iso_moment(moment)}
        return metadata


def _change(log: DecodedLog) -> Change:
    event = log.event
    assert isinstance(event, DIDOwnerChanged | DIDDelegateChanged | DIDAttributeChanged)
    return event


def _require_linked(identity: str, block: int, logs: list[DecodedLog]) -> int:
    """Return the block of the change before those of one block.

    Raises:
        NodeLied: The links between the events do not hold: some were left out or made up.
    """
    if not logs or any(log.block != block for log in logs):
        raise _lied(f"Block {block:,} changed {identity}, but the node gives no event of it.")
    first, *others = (_change(log).previous_change for log in logs)
    # In one block, each change but the first follows one of the same block.
    if first >= block or any(previous != block for previous in others):
        raise _lied(f"Events of {identity} in block {block:,} are missing or made up.")
    return int(first)


def _lied(message: str) -> NodeLied:
    return NodeLied(
        message, hint="Do not trust this node's events; ask another one: --rpc URL of its own."
    )


def _type_hash(delegate_type: bytes) -> bytes:
    from crmdapp.chain._keccak import keccak

    return keccak(delegate_type)


def _version(query: str) -> int:
    name, _, text = query.partition("=")
    if name != "versionId" or not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise UsageError("The only parameter known here is versionId, a block's number.")
    return int(text)
