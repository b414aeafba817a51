"""What is signed for the ledger of items: hand-overs, yield factors, broken seals, devices' words.

Nothing here needs a node: whoever gives goods away signs on a phone in the yard, the file (or its
QR code) goes to whoever takes them, who signs too or submits it. Secp256k1 keys sign hand-overs,
factors and seals (:mod:`crmdapp.provenance.item_signing`); P-256 keys of devices sign assignments
and windows (:mod:`crmdapp.provenance.devices`).

Source: contracts/provenance/IItemLedger.sol; EIP-712.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from crmdapp.chain._signed_json import SIGNATURE_MAX, JsonFields, SignedJson, read_struct
from crmdapp.chain._whole import is_whole, require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.errors import IntentExpired, IntentSignatureInvalid
from crmdapp.chain.signed import DEADLINE_MAX, SignedPermission, SignedWithSigner, long_form
from crmdapp.chain.typed_data import Domain, TypedData, recover
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.provenance.item_models import (
    ITEM_MAX,
    QUANTITY_MAX,
    STEP_MAX,
    TIME_MAX,
    require_word,
)

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

NONCE_MAX = (1 << 256) - 1


@dataclass(frozen=True, slots=True)
class Handover(TypedData):
    """What both parties sign when items change hands.

    Attributes:
        items: Ids, each once; none of them packed.
        steps: The step of each before the hand-over.
        from_: Who gives.
        to: Who takes.
        event_time: When, Unix seconds.
        event_hash: Event hash of its EPCIS document; zeros for none.
        deadline: Unix seconds below 2^40; submitted until then or never.
    """

    TYPE: ClassVar[str] = (
        "Handover(uint256[] items,uint32[] steps,address from,address to,uint40 eventTime,"
        "bytes32 eventHash,uint40 deadline)"
    )

    items: tuple[int, ...]
    steps: tuple[int, ...]
    from_: str
    to: str
    event_time: int
    event_hash: bytes
    deadline: int


@dataclass(frozen=True, slots=True)
class YieldFactor(TypedData):
    """How much of one unit becomes how much of another, signed by the inputs' certifier.

    Attributes:
        producer: Who may use it.
        from_unit: Unit of what goes in, three bytes.
        to_unit: Unit of what comes out, three bytes.
        numerator: That many thousandths come out ...
        denominator: ... of that many that go in.
        nonce: Any number below 2^256; the certifier voids the factor by cancelling it.
        valid_until: Last second, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "YieldFactor(address producer,bytes3 fromUnit,bytes3 toUnit,uint64 numerator,"
        "uint64 denominator,uint256 nonce,uint40 validUntil)"
    )

    producer: str
    from_unit: bytes
    to_unit: bytes
    numerator: int
    denominator: int
    nonce: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class TagClaim(TypedData):
    """What the key under a label's seal signs when the seal is broken.

    Attributes:
        item: The item.
        holder: Who has it now.
        deadline: Unix seconds below 2^40.
    """

    TYPE: ClassVar[str] = "TagClaim(uint256 item,address holder,uint40 deadline)"

    item: int
    holder: str
    deadline: int


@dataclass(frozen=True, slots=True)
class DeviceAssignment(TypedData):
    """What a device signs when it is put to an item.

    Attributes:
        device: Its id, 32 bytes.
        item: The item.
        custodian: Who has the item, and submits.
        window: The last that the device anchored, so that an old word is void.
    """

    TYPE: ClassVar[str] = (
        "DeviceAssignment(bytes32 device,uint256 item,address custodian,uint64 window)"
    )

    device: bytes
    item: int
    custodian: str
    window: int


@dataclass(frozen=True, slots=True)
class SensorWindow(TypedData):
    """A window of readings, as its device signs it.

    Attributes:
        device: Its id, 32 bytes.
        item: The item that it serves.
        window: Counts the device's windows, from 1.
        root: Root over the readings.
        count: Readings, 1 or more.
        starts_at: Time of the first, Unix seconds.
        ends_at: Time of the last.
    """

    TYPE: ClassVar[str] = (
        "SensorWindow(bytes32 device,uint256 item,uint64 window,bytes32 root,uint32 count,"
        "uint40 startsAt,uint40 endsAt)"
    )

    device: bytes
    item: int
    window: int
    root: bytes
    count: int
    starts_at: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class SignedHandover(SignedPermission):
    """A hand-over that its giver signed, and perhaps its taker.

    Attributes:
        handover: What was signed.
        domain: The contract and chain it is meant for.
        signature: By the giver.
        to_signature: By the taker; empty while it has not signed. Needed only if neither of them
            submits it.
    """

    handover: Handover
    domain: Domain
    signature: bytes
    to_signature: bytes = b""

    @property
    def content(self) -> Handover:
        """What was signed: the hand-over."""
        return self.handover

    @property
    def signer(self) -> str:
        """The giver."""
        return self.handover.from_

    def accept(self, signer: Signer) -> Self:
        """Return the hand-over with the taker's signature beside the giver's; needs no node.

        Raises:
            HandoverReceiverOnly: The signer is not who takes.
            IntentSignatureInvalid: The giver's own key did not sign.
            KeyProblem: The signer cannot sign.
        """
        from crmdapp.provenance.errors import HandoverReceiverOnly

        if signer.address != require_address(self.handover.to):
            raise HandoverReceiverOnly(self.handover.to, signer.address)
        self.require_signed_by_key()
        return replace(self, to_signature=self.handover.sign(signer, self.domain))

    def require_accepted_by_key(self) -> None:
        """Check that the taker's own key signed.

        Raises:
            IntentSignatureInvalid: It did not.
        """
        try:
            found = recover(self.digest, long_form(self.to_signature))
        except VerificationFailed:
            found = ""
        if found != require_address(self.handover.to):
            raise IntentSignatureInvalid(self.handover.to, self.digest)

    def to_json(self) -> dict[str, Any]:
        """Return ``{"typedData": ..., "signature": "0x..."}``, and ``toSignature`` if it is there.

        The explicit base is called: slotted dataclasses are made anew, which breaks ``super()``.
        """
        data = SignedPermission.to_json(self)
        if self.to_signature:
            data["toSignature"] = "0x" + self.to_signature.hex()
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedHandover:
        """Return the hand-over that :meth:`to_json` gave, or a wallet's typed data signed.

        Raises:
            UsageError: It is no signed hand-over; the message names the field.
        """
        fields = SignedJson(data, "signed hand-over", "Handover")
        message, outer = fields.message, fields.outer
        handover = Handover(
            items=_wholes(message, "items", ITEM_MAX),
            steps=_wholes(message, "steps", STEP_MAX),
            from_=message.address("from"),
            to=message.address("to"),
            event_time=message.whole("eventTime", TIME_MAX),
            event_hash=message.word("eventHash"),
            deadline=message.whole("deadline", DEADLINE_MAX),
        )
        accepted = outer.signature("toSignature") if outer.has("toSignature") else b""
        return cls(require_handover(handover), fields.domain(), fields.signature(), accepted)


@dataclass(frozen=True, slots=True)
class SignedYieldFactor(SignedWithSigner):
    """A yield factor that a certifier signed.

    Attributes:
        factor: What was signed.
        signer: The certifier.
        domain: The contract and chain it is meant for.
        signature: By the certifier.
    """

    factor: YieldFactor
    signer: str
    domain: Domain
    signature: bytes

    @property
    def content(self) -> YieldFactor:
        """What was signed: the factor."""
        return self.factor

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedYieldFactor:
        """Return the factor that :meth:`to_json` gave, or a wallet's typed data signed.

        Raises:
            UsageError: It is no signed factor; the message names the field.
        """
        fields = SignedJson(data, "signed yield factor", "YieldFactor")
        message = fields.message
        factor = YieldFactor(
            producer=message.address("producer"),
            from_unit=_unit(message, "fromUnit"),
            to_unit=_unit(message, "toUnit"),
            numerator=message.whole("numerator", QUANTITY_MAX),
            denominator=message.whole("denominator", QUANTITY_MAX),
            nonce=message.whole("nonce", NONCE_MAX),
            valid_until=message.whole("validUntil", DEADLINE_MAX),
        )
        signer = fields.outer.address("signer")
        return cls(factor, signer, fields.domain(), fields.signature())


@dataclass(frozen=True, slots=True)
class SignedTagClaim(SignedWithSigner):
    """A broken seal: the tag's key says who has the item.

    Attributes:
        claim: What was signed.
        signer: Address of the tag's key.
        domain: The contract and chain it is meant for.
        signature: By the tag's key.
    """

    claim: TagClaim
    signer: str
    domain: Domain
    signature: bytes

    @property
    def content(self) -> TagClaim:
        """What was signed: the claim."""
        return self.claim

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedTagClaim:
        """Return the claim that :meth:`to_json` gave.

        Raises:
            UsageError: It is no signed claim; the message names the field.
        """
        fields = SignedJson(data, "signed claim", "TagClaim")
        claim = read_struct(TagClaim, fields.message)
        return cls(claim, fields.outer.address("signer"), fields.domain(), fields.signature())


def ledger_domain(chain_id: int, contract: str) -> Domain:
    """Return what is signed for: the ledger of items at an address."""
    return Domain("ItemLedger", "1", chain_id, require_address(contract))


def require_handover(handover: Handover) -> Handover:
    """Return a hand-over that the contract could accept.

    Raises:
        ItemListInvalid: There is no item, or not as many steps as items.
        HandoverReceiverInvalid: Nobody takes it, or who has it.
        UsageError: An item stands there twice, or a value is out of its range.
    """
    from crmdapp.provenance.errors import HandoverReceiverInvalid, ItemListInvalid

    if not handover.items or len(handover.items) != len(handover.steps):
        raise ItemListInvalid(len(handover.items), len(handover.steps))
    if len(set(handover.items)) != len(handover.items):
        raise UsageError("An item stands twice in the hand-over.")
    for item, step in zip(handover.items, handover.steps, strict=True):
        require_whole("item", item, ITEM_MAX)
        require_whole("step", step, STEP_MAX, least=1)
    to = require_address(handover.to)
    if to in (ZERO_ADDRESS, require_address(handover.from_)):
        raise HandoverReceiverInvalid(to)
    require_whole("event_time", handover.event_time, TIME_MAX)
    require_word("event_hash", handover.event_hash)
    require_whole("deadline", handover.deadline, DEADLINE_MAX)
    return handover


def require_in_time(handover: Handover, now: int) -> None:
    """Check that a hand-over's deadline is not past.

    Raises:
        IntentExpired: It is.
    """
    if now > handover.deadline:
        raise IntentExpired(handover.deadline, now)


def _wholes(message: JsonFields, name: str, most: int) -> tuple[int, ...]:
    found: Sequence[Any] = message.items(name)
    if len(found) > SIGNATURE_MAX:
        raise UsageError(f"{name} holds {len(found):,} numbers, more than a block bears.")
    return tuple(
        JsonFields({f"{name}[{n}]": value}, name).whole(f"{name}[{n}]", most)
        if not is_whole(value) or not 0 <= value <= most
        else value
        for n, value in enumerate(found)
    )


def _unit(message: JsonFields, name: str) -> bytes:
    unit = message.data(name)
    if len(unit) != 3:
        raise UsageError(f"{name} must be three bytes in hex, got {len(unit)}.")
    return unit
