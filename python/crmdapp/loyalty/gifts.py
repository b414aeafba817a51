"""Gifts of points: a throw-away key holds them, and whoever has the key takes them.

The giver makes a key, moves points to its address and hands the key on as a link or QR code. The
friend signs with that key that the points go to them, and anybody submits it, so the friend needs
no ether; who copies the transaction on its way only pays the same friend. Points keep their expiry.

**Whoever knows the link can take the gift**, and the giver, who knows it too, can take it back
until it is claimed. Keep the link like cash, and claim a gift soon.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmdapp.chain._whole import is_whole
from crmdapp.chain.accounts import LocalSigner, fresh_key
from crmdapp.chain.addresses import require_address
from crmdapp.errors import CrmdappError, PrivateKeyInvalid, UsageError
from crmdapp.loyalty._links import GIFT, make_link, read_link
from crmdapp.loyalty.intents import SignedIntent, hub_domain, sign_transfer

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain
    from crmdapp.loyalty.client import LoyaltyClient
    from crmdapp.loyalty.models import Statement

BASE_URL = "crmdapp:gift"
"""Base of links that open no page; a shop names its own, such as ``https://shop.example/gift``."""

CLAIM_TIME = timedelta(hours=1)
"""How long a claim may be submitted if nothing else is said."""

_NUMBER_MAX = (1 << 64) - 1
_BODY_SIZE = 8 + 20 + 8 + 32


class GiftEmpty(CrmdappError):  # noqa: N818 - named as the package names its errors
    """There are no points on a gift: it was claimed, taken back, never paid in, or they expired.

    Args:
        address: The gift's address.
    """

    def __init__(self, address: str) -> None:
        super().__init__(
            f"There are no points on the gift {address}.",
            why="It was claimed, taken back by the giver, or not paid in yet; or its points"
            " expired.",
            hint="Ask the giver.",
        )
        self.address = address


@dataclass(frozen=True, slots=True)
class Gift:
    """A throw-away key, and where the points that it holds are.

    ``repr`` leaves the key out; only :meth:`link` gives it away.

    Attributes:
        chain_id: The chain, below 2^64.
        hub: Address of the PointsHub on it.
        program: The program whose points are given, below 2^64.
        key: The private key, 32 bytes.

    Raises:
        UsageError: A number or the address is malformed.
        PrivateKeyInvalid: The key is none; the message does not repeat it.
    """

    chain_id: int
    hub: str
    program: int
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        for name in ("chain_id", "program"):
            value = getattr(self, name)
            if not is_whole(value) or not 0 <= value <= _NUMBER_MAX:
                raise UsageError(f"A gift's {name} must be below 2^64, got {value!r}.")
        object.__setattr__(self, "hub", require_address(self.hub))
        LocalSigner(self.key)

    @classmethod
    def new(cls, domain: Domain, program: int) -> Gift:
        """Return a gift with a fresh key, on which there is nothing yet.

        Args:
            domain: The hub, from :func:`~crmdapp.loyalty.intents.hub_domain` or a client.
            program: The program.
        """
        return cls(domain.chain_id, domain.verifying_contract, program, fresh_key())

    @classmethod
    def parse(cls, link: str) -> Gift:
        """Return the gift that a link, or the part of it after ``#``, carries.

        Raises:
            UsageError: It is no such link; the message says why and does not repeat it.
        """
        body = read_link(link, GIFT, _BODY_SIZE)
        chain_id, hub = int.from_bytes(body[:8], "big"), "0x" + body[8:28].hex()
        try:
            return cls(chain_id, hub, int.from_bytes(body[28:36], "big"), body[36:])
        except PrivateKeyInvalid:
            raise UsageError("The link cannot be used: what it carries is no key.") from None

    def link(self, base_url: str = BASE_URL) -> str:
        """Return the link that gives the points away: whoever knows it can take them.

        Args:
            base_url: Page that it opens, over https. The key stands after ``#``, which is not
                sent to the page's server.

        Raises:
            UsageError: The base URL cannot be used.
        """
        body = self.chain_id.to_bytes(8, "big") + bytes.fromhex(self.hub[2:])
        body += self.program.to_bytes(8, "big") + self.key
        return make_link(base_url, GIFT, body)

    @property
    def address(self) -> str:
        """Where the points are: the address of the key."""
        return LocalSigner(self.key).address

    @property
    def domain(self) -> Domain:
        """What a claim is signed for."""
        return hub_domain(self.chain_id, self.hub)

    def sign_claim(
        self, to: str, points: int, *, deadline: int | datetime, nonce: int | None = None
    ) -> SignedIntent:
        """Sign that the gift's points go to ``to``; needs no node.

        Anybody may submit what is returned (``LoyaltyClient.submit``, the relayer), and can change
        nothing of it.

        Args:
            to: Who gets them, in any case.
            points: Units of 0.01 point; a part leaves the rest on the gift.
            deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.
            nonce: Any number the key has not used yet; a random one by default.

        Raises:
            PointsOverflow: The amount is 2^47 units or more.
            UsageError: A value is out of its range.
        """
        return sign_transfer(
            LocalSigner(self.key),
            self.domain,
            program=self.program,
            to=to,
            points=points,
            nonce=secrets.randbits(256) if nonce is None else nonce,
            deadline=deadline,
        )

    def require_in(self, client: LoyaltyClient) -> None:
        """Check that the gift lies in the client's hub: a link may name any contract at all.

        Raises:
            UsageError: It lies in another one, or on another chain.
        """
        if self.domain != client.domain:
            raise UsageError(
                f"The gift is on chain {self.chain_id}, in the ledger {self.hub}.",
                why=f"Asked was chain {client.domain.chain_id}, ledger {client.hub.address}.",
                hint="Use a node and a deployment manifest of that chain and ledger; if you know"
                " neither, ask the giver before you go on.",
            )


def prepare_gift(client: LoyaltyClient, gift: Gift, points: int) -> Call:
    """Return the call that puts the sender's points on a gift; keep the link before it is sent.

    Raises:
        PointsOverflow: The amount is 2^47 units or more.
        UsageError: The gift is for another ledger, or the amount is none.
    """
    gift.require_in(client)
    return client.prepare.transfer(gift.program, gift.address, points)


def give(client: LoyaltyClient, gift: Gift, points: int, *, key: str | None = None) -> Receipt:
    """Put the sender's points on a gift, the oldest first; keep the link before it is sent.

    Points whose key is lost are lost. As long as nobody claimed them, the giver takes them back
    with :func:`claim`.

    Raises:
        ERC6909InsufficientBalance: The sender holds less, or they expired.
        ProgramUnknown: There is no such program.
        PointsOverflow: The amount is 2^47 units or more.
        UsageError: The gift is for another ledger, or the amount is none.
    """
    gift.require_in(client)
    return client.transfer(gift.program, gift.address, points, key=key)


def contents(client: LoyaltyClient, gift: Gift) -> Statement:
    """Return what is on a gift now, and when it expires.

    Raises:
        ProgramUnknown: There is no such program.
        UsageError: The gift lies in another ledger.
    """
    gift.require_in(client)
    return client.statement(gift.program, gift.address)


def prepare_claim(client: LoyaltyClient, gift: Gift, to: str) -> SignedIntent:
    """Return the signed claim of all that is on a gift now.

    Raises:
        GiftEmpty: There is nothing on it.
        ProgramUnknown: There is no such program.
        UsageError: The gift lies in another ledger, or ``to`` is no address.
    """
    points = contents(client, gift).balance
    if not points:
        raise GiftEmpty(gift.address)
    deadline = client.connection.block_timestamp() + int(CLAIM_TIME.total_seconds())
    return gift.sign_claim(to, points, deadline=deadline)


def claim(client: LoyaltyClient, gift: Gift, to: str) -> Receipt:
    """Move all that is on a gift to ``to``; the sender only pays the gas.

    The friend claims to an own address, the giver takes back to theirs: who is mined first has the
    points. A second claim finds nothing.

    Raises:
        GiftEmpty: There is nothing on it.
        ERC6909InsufficientBalance: Somebody was faster, or points expired meanwhile.
        ProgramUnknown: There is no such program.
        UsageError: The gift lies in another ledger, or ``to`` is no address.
    """
    return client.submit(prepare_claim(client, gift, to))
