"""Signing for the ledger of items with keys of people and of labels, without a node."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.signed import DEADLINE_MAX, unix_seconds
from crmdapp.errors import UsageError
from crmdapp.provenance.item_intents import (
    NONCE_MAX,
    Handover,
    SignedHandover,
    SignedTagClaim,
    SignedYieldFactor,
    TagClaim,
    YieldFactor,
    require_handover,
)
from crmdapp.provenance.item_models import ITEM_MAX, NO_WORD, QUANTITY_MAX, unit_bytes

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.typed_data import Domain


def sign_handover(
    signer: Signer,
    domain: Domain,
    items: Mapping[int, int],
    to: str,
    *,
    event_time: int | datetime,
    deadline: int | datetime,
    event_hash: bytes = NO_WORD,
) -> SignedHandover:
    """Sign items over to somebody; needs no node and costs no gas.

    Args:
        signer: Who gives.
        domain: From :func:`~.item_intents.ledger_domain`.
        items: Item -> its step as it stands.
        to: Who takes.
        event_time: When it happens, not before the items' last events.
        deadline: Last moment to submit it.
        event_hash: Event hash of its EPCIS document.

    Raises:
        HandoverReceiverInvalid: Nobody takes it, or the giver itself.
        ItemListInvalid: There is no item.
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    handover = Handover(
        tuple(items),
        tuple(items.values()),
        signer.address,
        require_address(to),
        unix_seconds(event_time, "The event's time"),
        event_hash,
        unix_seconds(deadline),
    )
    require_handover(handover)
    return SignedHandover(handover, domain, handover.sign(signer, domain))


def sign_yield_factor(
    signer: Signer,
    domain: Domain,
    producer: str,
    from_unit: str,
    to_unit: str,
    *,
    numerator: int,
    denominator: int,
    nonce: int,
    valid_until: int | datetime,
) -> SignedYieldFactor:
    """Sign, as a certifier, how much of one unit a producer makes of another.

    Args:
        signer: The certifier.
        domain: From :func:`~.item_intents.ledger_domain`.
        producer: Who may use it.
        from_unit: Unit of what goes in, such as ``"KGM"``.
        to_unit: Unit of what comes out.
        numerator: That many thousandths come out, 1 or more ...
        denominator: ... of that many that go in, 1 or more.
        nonce: Any number that the certifier has not used.
        valid_until: Last moment.

    Raises:
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    if not from_unit or not to_unit:
        raise UsageError("A yield factor leads from one unit to another; both have to be named.")
    factor = YieldFactor(
        require_address(producer),
        unit_bytes(from_unit),
        unit_bytes(to_unit),
        require_whole("numerator", numerator, QUANTITY_MAX, least=1),
        require_whole("denominator", denominator, QUANTITY_MAX, least=1),
        require_whole("nonce", nonce, NONCE_MAX),
        require_whole("valid_until", unix_seconds(valid_until), DEADLINE_MAX),
    )
    return SignedYieldFactor(factor, signer.address, domain, factor.sign(signer, domain))


def sign_tag_claim(
    tag: Signer, domain: Domain, item: int, holder: str, *, deadline: int | datetime
) -> SignedTagClaim:
    """Sign with the key under a label's seal that somebody has the item.

    Raises:
        UsageError: A value is out of its range, or nobody has it.
        KeyProblem: The signer cannot sign.
    """
    if require_address(holder) == ZERO_ADDRESS:
        raise UsageError("Somebody has to have the item.")
    until = require_whole("deadline", unix_seconds(deadline), DEADLINE_MAX)
    claim = TagClaim(require_whole("item", item, ITEM_MAX), require_address(holder), until)
    return SignedTagClaim(claim, tag.address, domain, claim.sign(tag, domain))
