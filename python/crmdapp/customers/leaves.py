"""What an interaction log is made of: interactions, hashed as the contract hashes them.

Every interaction of a company with a customer is a leaf of a Merkle tree; a batch of leaves is
anchored on chain by its root. The other tree of a batch is in :mod:`crmdapp.customers.heads`.

Nothing here names a person: a pseudonym hides the customer behind a salt, a payload hash hides the
payload behind another. Whoever destroys the salts leaves hashes that say nothing.

Source: contracts/customers/IInteractionLog.sol; leaves and trees are OpenZeppelin's standard ones.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import JsonFields, read_word
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import checksum, require_address
from crmdapp.errors import UsageError

WORD = 32
NO_WORD = bytes(WORD)
"""32 zero bytes: no consent, or no interaction before this one."""

SEQ_MAX = (1 << 64) - 1
TIME_MAX = (1 << 40) - 1
INDEX_MAX = (1 << 96) - 1
PROOF_MAX = 64
"""Most words of a proof: a batch counts at most 2^64 - 1 leaves."""

PSEUDONYM_DOMAIN = keccak(b"crmdapp.customers.pseudonym")

_INTERACTION = struct.Struct(">32s 24xQ 32s 24xQ 32s 30xH 24xQ 32s 32s")


class InteractionKind(IntEnum):
    """What an interaction was. A log may hold kinds that this list does not know yet.

    ``SALE`` and ``HANDOVER`` are those of data: a datum was sold, or handed to another company.
    """

    NONE = 0
    PURCHASE = 1
    REDEMPTION = 2
    VISIT = 3
    SUPPORT_NOTE = 4
    FEEDBACK = 5
    FEEDBACK_REPLY = 6
    CONSENT_REQUEST = 7
    CONSENT_DENIED = 8
    CONSENT_GRANTED = 9
    CONSENT_WITHDRAWN = 10
    DISCLOSURE = 11
    ERASURE = 12
    SALE = 13
    HANDOVER = 14
    OTHER = 15


_KINDS = {kind.name: kind for kind in InteractionKind if kind is not InteractionKind.NONE}


@dataclass(frozen=True, slots=True)
class Interaction:
    """One leaf of a log.

    Attributes:
        log: The log, 32 bytes, see :func:`log_of`.
        seq: Its place in the log, from 1.
        pseudonym: The customer's in this log, 32 bytes, see :func:`pseudonym_of`.
        customer_seq: Its place among the customer's, from 1.
        previous_leaf: Leaf of the customer's interaction before; zeros for the first.
        kind: An :class:`InteractionKind`, or a number that is not among them yet, 1 to 65535.
        time: When it happened, Unix seconds, 40 bits.
        consent_id: The consent it rests on, 32 bytes; zeros for none.
        payload_hash: See :func:`payload_hash`.
    """

    log: bytes
    seq: int
    pseudonym: bytes
    customer_seq: int
    previous_leaf: bytes
    kind: int
    time: int
    consent_id: bytes
    payload_hash: bytes

    def __post_init__(self) -> None:
        for name in ("log", "pseudonym", "previous_leaf", "consent_id", "payload_hash"):
            require_word(name, getattr(self, name))
        require_whole("seq", self.seq, SEQ_MAX, least=1)
        require_whole("customer_seq", self.customer_seq, SEQ_MAX, least=1)
        require_whole("kind", self.kind, 0xFFFF, least=1)
        require_whole("time", self.time, TIME_MAX)

    @property
    def leaf(self) -> bytes:
        """Its leaf: keccak of keccak of the fields, ABI-encoded."""
        return keccak(
            keccak(
                _INTERACTION.pack(
                    self.log,
                    self.seq,
                    self.pseudonym,
                    self.customer_seq,
                    self.previous_leaf,
                    self.kind,
                    self.time,
                    self.consent_id,
                    self.payload_hash,
                )
            )
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data; words are 0x hex, a known kind is its name."""
        return {
            "log": "0x" + self.log.hex(),
            "seq": self.seq,
            "pseudonym": "0x" + self.pseudonym.hex(),
            "customerSeq": self.customer_seq,
            "previousLeaf": "0x" + self.previous_leaf.hex(),
            "kind": kind_name(self.kind),
            "time": self.time,
            "consentId": "0x" + self.consent_id.hex(),
            "payloadHash": "0x" + self.payload_hash.hex(),
        }

    @classmethod
    def from_json(cls, fields: JsonFields, *, log: bytes | None = None) -> Interaction:
        """Return the interaction that :meth:`to_json` gave.

        Args:
            fields: Its members.
            log: The log, where it is not among them.

        Raises:
            UsageError: It is none; the message names the field.
        """
        return cls(
            log=fields.word("log") if log is None else log,
            seq=fields.whole("seq"),
            pseudonym=fields.word("pseudonym"),
            customer_seq=fields.whole("customerSeq"),
            previous_leaf=fields.word("previousLeaf"),
            kind=parse_kind(fields.text("kind")),
            time=fields.whole("time"),
            consent_id=fields.word("consentId"),
            payload_hash=fields.word("payloadHash"),
        )


# --------------------------------------------------------------------------- hashes


def log_of(operator: str, index: int = 0) -> bytes:
    """Return the id of an operator's log: its address, then the log's number, 12 bytes.

    Args:
        operator: Address of the account that anchors and signs receipts.
        index: Number of the log among the operator's, 0 to 2^96 - 1.

    Raises:
        UsageError: It is no address, or the number is out of its range.
    """
    number = require_whole("The log's number", index, INDEX_MAX)
    return bytes.fromhex(require_address(operator)[2:]) + number.to_bytes(12, "big")


def operator_of(log: bytes) -> str:
    """Return the address of who anchors a log and signs its receipts."""
    return checksum("0x" + require_word("log", log)[:20].hex())


def index_of(log: bytes) -> int:
    """Return the number of a log among its operator's."""
    return int.from_bytes(require_word("log", log)[20:], "big")


def pseudonym_of(log: bytes, customer: bytes, salt: bytes) -> bytes:
    """Return a customer's pseudonym in one log.

    The customer can show that it is its own by the salt; without the salt nobody can.

    Args:
        log: The log.
        customer: The customer's pairwise identity or profile, see :func:`customer_word`.
        salt: 32 random bytes of this customer in this log.
    """
    parts = (PSEUDONYM_DOMAIN, log, customer, salt)
    return keccak(b"".join(require_word("A part of a pseudonym", part) for part in parts))


def customer_word(customer: str) -> bytes:
    """Return the 32 bytes that stand for a customer: an identity's address, or a profile's id.

    Raises:
        UsageError: It is neither an address nor 64 hex digits.
    """
    body = customer.removeprefix("0x")
    if len(body) == 2 * WORD:
        try:
            return bytes.fromhex(body)
        except ValueError:
            raise UsageError("The customer's profile must be 64 hex digits.") from None
    return bytes(12) + bytes.fromhex(require_address(customer)[2:])


def payload_hash(salt: bytes, payload: bytes) -> bytes:
    """Return the hash that stands for a payload in its leaf.

    Args:
        salt: 32 random bytes; who does not have them cannot try payloads out.
        payload: The payload as canonical JSON (RFC 8785).
    """
    if len(salt) != WORD:  # never shown: a salt is a secret
        raise UsageError("A salt has 32 bytes.")
    return keccak(salt + payload)


def next_head(head: bytes, leaves_root: bytes, heads_root: bytes, count: int, at: int) -> bytes:
    """Return the head of a log after a batch.

    Args:
        head: The head before; zeros for a log without batches.
        leaves_root: Root over the batch's interactions.
        heads_root: Root over all customers' heads.
        count: Interactions in the batch.
        at: When it was anchored, Unix seconds.
    """
    words = (count.to_bytes(WORD, "big"), at.to_bytes(WORD, "big"))
    return keccak(b"".join((head, leaves_root, heads_root, *words)))


# --------------------------------------------------------------------------- words and kinds


def require_word(name: str, value: Any) -> bytes:
    """Return ``value`` if it is 32 bytes.

    Raises:
        UsageError: It is not; the message names it and does not show it.
    """
    if not isinstance(value, bytes) or len(value) != WORD:
        raise UsageError(f"{name} must have 32 bytes.")
    return value


def read_proof(fields: JsonFields, name: str = "proof") -> tuple[bytes, ...]:
    """Return a proof in JSON: words as hex, from the bottom up.

    Raises:
        UsageError: It is none; the message names the word.
    """
    nodes = fields.items(name)
    if len(nodes) > PROOF_MAX:
        raise UsageError(f"A proof has at most {PROOF_MAX} words, got {len(nodes):,}.")
    return tuple(read_word(str(node), f"{name}[{n}]") for n, node in enumerate(nodes))


def kind_name(kind: int) -> str:
    """Return the name of a kind, such as ``"support-note"``; the number if it has none."""
    try:
        return InteractionKind(kind).name.lower().replace("_", "-")
    except ValueError:
        return str(int(kind))


def parse_kind(text: str) -> int:
    """Return the kind of that name or number.

    Raises:
        UsageError: There is none of that name, or it is no number from 1 to 65535.
    """
    name = text.upper().replace("-", "_")
    if name in _KINDS:
        return _KINDS[name]
    if not text.isdecimal() or len(text) > len("65535"):
        known = ", ".join(kind_name(kind) for kind in _KINDS.values())
        raise UsageError(f"There is no interaction {text[:40]!r}.", hint=f"Known are: {known}.")
    number = require_whole("kind", int(text), 0xFFFF, least=1)
    return next((kind for kind in InteractionKind if kind == number), number)
