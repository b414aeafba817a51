"""The receipt that a company signs at once for each interaction, and what the customer keeps.

The receipt binds the company before anything is anchored: an interaction that it leaves out later,
or changes, can be shown to everybody, and challenged on chain, with nothing but the receipt. Beside
it the customer gets what the hashes stand for: the interaction, its payload and the salts.

Source: contracts/customers/IInteractionLog.sol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from crmdapp.chain._signed_json import JsonFields, SignedJson
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.chain.signed import SignedPermission
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.customers.leaves import (
    SEQ_MAX,
    TIME_MAX,
    WORD,
    Interaction,
    customer_word,
    operator_of,
    payload_hash,
    pseudonym_of,
    require_word,
)
from crmdapp.errors import UsageError, VerificationFailed

PAYLOAD_MAX = 65_536
"""Most bytes of a payload in its canonical form."""


class ReceiptInvalid(VerificationFailed):
    """A receipt is not signed by the log's operator, or does not fit what came with it."""


class PayloadInvalid(UsageError):  # noqa: N818 - named as the package names its errors
    """A payload is no JSON object, has no canonical form, or is too large."""


@dataclass(frozen=True, slots=True)
class InteractionReceipt(TypedData):
    """Twin of Solidity's struct: what the operator of a log signs for each interaction.

    Attributes:
        log: The log.
        pseudonym: The customer's, in this log.
        customer_seq: Place among the customer's interactions, from 1.
        leaf: The interaction's leaf.
        anchor_by: Unix seconds: until then it is on chain.
    """

    TYPE: ClassVar[str] = (
        "InteractionReceipt(bytes32 log,bytes32 pseudonym,uint64 customerSeq,bytes32 leaf,"
        "uint40 anchorBy)"
    )
    log: bytes
    pseudonym: bytes
    customer_seq: int
    leaf: bytes
    anchor_by: int


@dataclass(frozen=True, slots=True)
class ReceiptContents:
    """What the hashes of a receipt stand for; for the customer only.

    Attributes:
        interaction: The interaction.
        payload: What happened, as JSON data.
        salt: 32 bytes that the payload is hashed with.
        pseudonym_salt: 32 bytes that the customer is hashed with; ``None`` if they were not given.
    """

    interaction: Interaction
    payload: Mapping[str, Any] = field(repr=False)
    salt: bytes = field(repr=False)
    pseudonym_salt: bytes | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data. It holds the payload: for the customer's eyes only."""
        data = {
            "interaction": self.interaction.to_json(),
            "payload": dict(self.payload),
            "salt": "0x" + self.salt.hex(),
        }
        if self.pseudonym_salt is not None:
            data["pseudonymSalt"] = "0x" + self.pseudonym_salt.hex()
        return data


@dataclass(frozen=True, slots=True)
class SignedReceipt(SignedPermission):
    """A receipt, signed by the log's operator.

    Attributes:
        receipt: What was signed.
        domain: The contract and chain that hold the log.
        signature: The operator's.
        contents: What the hashes stand for; ``None`` in a copy for others.
    """

    receipt: InteractionReceipt
    domain: Domain
    signature: bytes
    contents: ReceiptContents | None = None

    @property
    def content(self) -> InteractionReceipt:
        """What was signed."""
        return self.receipt

    @property
    def signer(self) -> str:
        """Who has to sign: the operator in the log's id."""
        return operator_of(self.receipt.log)

    @property
    def leaf(self) -> bytes:
        """The interaction's leaf."""
        return self.receipt.leaf

    @property
    def without_contents(self) -> SignedReceipt:
        """A copy that shows nothing of the interaction, for whoever challenges or audits."""
        return replace(self, contents=None)

    def check(self, customer: str | None = None) -> None:
        """Check that the operator's key signed and that all of the receipt fits together.

        Args:
            customer: The customer's identity address or profile: the pseudonym must be its own.

        Raises:
            ReceiptInvalid: It is forged, altered, for another log, or about somebody else.
        """
        if not self.signed_by_key():
            raise ReceiptInvalid(
                f"The receipt is not signed by the log's operator, {self.signer}.",
                hint="Ask the company for a receipt that is; this one proves nothing.",
            )
        if self.contents is not None:
            self._check_contents(self.contents)
        if customer is not None:
            self._check_customer(customer)

    def _check_contents(self, contents: ReceiptContents) -> None:
        receipt, interaction = self.receipt, contents.interaction
        stated = (receipt.log, receipt.pseudonym, receipt.customer_seq, receipt.leaf)
        if stated != (
            interaction.log,
            interaction.pseudonym,
            interaction.customer_seq,
            interaction.leaf,
        ):
            raise ReceiptInvalid(
                "The receipt is for another interaction than the one that came with it.",
                hint="Keep both and ask the company: its signature is under the other one.",
            )
        if payload_hash(contents.salt, payload_bytes(contents.payload)) != interaction.payload_hash:
            raise ReceiptInvalid(
                "The payload is not the one that the interaction's hash stands for.",
                hint="Ask the company for the payload and the salt that it signed.",
            )

    def _check_customer(self, customer: str) -> None:
        salt = None if self.contents is None else self.contents.pseudonym_salt
        if salt is None:
            raise ReceiptInvalid(
                "The receipt does not say whose pseudonym it names.",
                hint="Ask the company for the receipt with its contents.",
            )
        if pseudonym_of(self.receipt.log, customer_word(customer), salt) != self.receipt.pseudonym:
            raise ReceiptInvalid("The receipt's pseudonym is somebody else's.")

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data, the contents with it if they are there."""
        data = SignedPermission.to_json(self)
        if self.contents is not None:
            data["contents"] = self.contents.to_json()
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedReceipt:
        """Return the receipt that :meth:`to_json` gave. Payload and salts are never quoted.

        Raises:
            UsageError: It is none; the message names the field.
        """
        fields = SignedJson(data, "signed receipt", "InteractionReceipt")
        message = fields.message
        receipt = InteractionReceipt(
            log=message.word("log"),
            pseudonym=message.word("pseudonym"),
            customer_seq=message.whole("customerSeq", SEQ_MAX),
            leaf=message.word("leaf"),
            anchor_by=message.whole("anchorBy", TIME_MAX),
        )
        outer = fields.outer
        contents = _contents(outer) if outer.has("contents") else None
        return cls(receipt, fields.domain(), fields.signature(), contents)


def log_domain(chain_id: int, contract: str) -> Domain:
    """Return what receipts, feedback and replies are signed for.

    Args:
        chain_id: The chain.
        contract: Address of the InteractionLog contract.

    Raises:
        UsageError: The address is malformed.
    """
    require_whole("The chain's id", chain_id, (1 << 256) - 1, least=1)
    return Domain("InteractionLog", "1", chain_id, require_address(contract))


def payload_bytes(payload: Mapping[str, Any]) -> bytes:
    """Return a payload in its canonical form (RFC 8785).

    Raises:
        PayloadInvalid: It is no JSON object, has no canonical form, or is too large. Nothing of it
            is quoted.
    """
    if not isinstance(payload, Mapping):
        raise PayloadInvalid("A payload is a JSON object.")
    try:
        data = canonical_json(dict(payload))
    except (UsageError, ValueError, TypeError):
        raise PayloadInvalid(
            "The payload has no canonical JSON form.",
            why="A number beyond 2^53, a date, half a surrogate pair, or no JSON data at all.",
            hint="Write such values as strings.",
        ) from None
    if len(data) > PAYLOAD_MAX:
        raise PayloadInvalid(
            f"A payload has at most {PAYLOAD_MAX:,} bytes, this one {len(data):,}.",
            hint="Keep the document elsewhere and put its hash into the payload.",
        )
    return data


def _contents(outer: JsonFields) -> ReceiptContents:
    fields = JsonFields(outer.secret("contents", dict), "receipt's contents")
    return ReceiptContents(
        interaction=Interaction.from_json(fields.inner("interaction")),
        payload=fields.secret("payload", dict),
        salt=read_secret_word(fields, "salt"),
        pseudonym_salt=read_secret_word(fields, "pseudonymSalt")
        if fields.has("pseudonymSalt")
        else None,
    )


def read_secret_word(fields: JsonFields, name: str) -> bytes:
    """Return 32 bytes, written as hex, that no message may quote.

    Raises:
        UsageError: They are missing or malformed.
    """
    try:
        return require_word(name, bytes.fromhex(fields.secret(name, str).removeprefix("0x")))
    except ValueError:
        raise UsageError(f"{name} must be {2 * WORD} hex digits.") from None
