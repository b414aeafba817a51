"""Sales as part of a customer's history: what the gallery records, and what anybody can check.

The sale's event, committed to by the history's head, is the record on chain. For the customer who
bought, it becomes a payload of an interaction, which the gallery's log operator takes note of like
any other purchase. What links both is proved: the payload carries the head before the sale and the
one after it, so nobody can make it up without breaking a hash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from crmdapp.chain._signed_json import JsonFields
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.provenance.events import ArtworkSold
from crmdapp.provenance.history import HeadAt, HistoryLink, next_head, read_history
from crmdapp.provenance.models import CURRENCY_MAX, ID_MAX, PRICE_MAX

if TYPE_CHECKING:
    from crmdapp.provenance.artwork_reader import ArtworksReader


class PurchaseForged(VerificationFailed):
    """A purchase is not the link of the history that it says."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A sale of a work, with its place in the history that proves it.

    Attributes:
        chain_id: The chain.
        contract: The gallery's contract.
        id: The work.
        seller: Who sold.
        buyer: Who bought.
        price: Price units.
        currency: Row of the currency table.
        amount: Base units paid in all, royalty and fee included.
        token: The coin; ``None`` for ether.
        digest: What the absent party signed (EIP-712); zeros if both acted themselves.
        at: Unix seconds.
        block: Block number.
        tx_hash: Transaction, 0x hex.
        previous_head: The history's head before the sale.
        head: The head after it.
    """

    FORMAT: ClassVar[str] = "crmdapp-artwork-purchase/1"

    chain_id: int
    contract: str
    id: int
    seller: str
    buyer: str
    price: int
    currency: int
    amount: int
    token: str | None
    digest: bytes
    at: int
    block: int
    tx_hash: str
    previous_head: bytes
    head: bytes

    @property
    def key(self) -> str:
        """A name for the sale, under which it is noted once."""
        return f"artwork-sale:{self.head.hex()}"

    def payload(self) -> dict[str, Any]:
        """Return what a log operator records of it, as JSON data."""
        return {
            "format": self.FORMAT,
            "chainId": self.chain_id,
            "contract": self.contract,
            "work": hex(self.id),
            "seller": self.seller,
            "buyer": self.buyer,
            "price": str(self.price),
            "currency": self.currency,
            "amount": str(self.amount),
            "token": self.token,
            "digest": "0x" + self.digest.hex(),
            "at": self.at,
            "block": self.block,
            "tx": self.tx_hash,
            "previousHead": "0x" + self.previous_head.hex(),
            "head": "0x" + self.head.hex(),
        }

    @classmethod
    def from_payload(cls, data: Mapping[str, Any] | str | bytes) -> Purchase:
        """Return the purchase in a payload.

        Raises:
            UsageError: It is none; the message names the field.
        """
        fields = JsonFields.parse(data, "purchase")
        if fields.text("format") != cls.FORMAT:
            raise UsageError(f"This is no purchase in the format {cls.FORMAT}.")
        has_token = fields.has("token") and fields.value("token") is not None
        return cls(
            chain_id=fields.whole("chainId"),
            contract=fields.address("contract"),
            id=fields.whole("work", ID_MAX),
            seller=fields.address("seller"),
            buyer=fields.address("buyer"),
            price=fields.whole("price", PRICE_MAX),
            currency=fields.whole("currency", CURRENCY_MAX),
            amount=fields.whole("amount"),
            token=fields.address("token") if has_token else None,
            digest=fields.word("digest"),
            at=fields.whole("at"),
            block=fields.whole("block"),
            tx_hash=fields.text("tx"),
            previous_head=fields.word("previousHead"),
            head=fields.word("head"),
        )

    def require_link(self) -> None:
        """Check that the two heads are those before and after this very sale.

        Raises:
            PurchaseForged: They are not.
        """
        event = ArtworkSold(
            self.id, self.seller, self.buyer, self.price, self.currency, self.digest
        )
        if next_head(self.previous_head, event, self.at) != self.head:
            raise PurchaseForged(
                "The purchase does not lead from the head before it to the one after it.",
                hint="A figure of it was altered.",
            )

    def require_in(self, client: ArtworksReader, proven: HeadAt) -> None:
        """Check that it is a link of the history on chain.

        Args:
            client: The contract.
            proven: From :func:`~.history.head_at`, best with a header from elsewhere.

        Raises:
            PurchaseForged: It is not.
            HistoryIncomplete: The node's events do not lead to the head.
        """
        if (self.chain_id, self.contract) != (
            client.connection.chain_id,
            client.contract.address,
        ):
            raise PurchaseForged("The purchase is of another gallery or chain.")
        self.require_link()
        links, _ = read_history(client, lambda link: link.head == self.head, proven)
        if not links or links[0].previous_head != self.previous_head:
            raise PurchaseForged("The history on chain has no such sale.")


class TakesNote(Protocol):
    """The part of a log operator that a sale needs; crmdapp.customers.LogOperator is one."""

    def pseudonym(self, customer: str) -> bytes:
        """Return a customer's pseudonym in the log."""

    def record(
        self,
        pseudonym: bytes,
        kind: int,
        payload: Mapping[str, Any],
        *,
        key: str | None = None,
    ) -> Any:
        """Take note of an interaction, once per key."""


def purchase_of(client: ArtworksReader, link: HistoryLink) -> Purchase:
    """Return a sale with its proof.

    Raises:
        UsageError: The link is no sale.
    """
    event = link.event
    if not isinstance(event, ArtworkSold):
        raise UsageError("This event is no sale.")
    row = client.currency(event.currency)
    return Purchase(
        chain_id=client.connection.chain_id,
        contract=client.contract.address,
        id=event.id,
        seller=event.seller,
        buyer=event.buyer,
        price=event.price,
        currency=event.currency,
        amount=row.base_units(event.price),
        token=row.token,
        digest=event.digest,
        at=link.at,
        block=link.block,
        tx_hash=link.tx_hash,
        previous_head=link.previous_head,
        head=link.head,
    )


def purchases(
    client: ArtworksReader, accounts: Collection[str], proven: HeadAt | None = None
) -> list[Purchase]:
    """Return what a customer's accounts bought, each with its proof, oldest first.

    Args:
        client: The contract.
        accounts: The customer's.
        proven: From :func:`~.history.head_at`, best with a header from elsewhere.

    Raises:
        HistoryIncomplete: The node hides, adds, moves or alters an event.
    """
    from crmdapp.chain.addresses import require_address

    wanted = {require_address(account) for account in accounts}
    return [
        found
        for found in (purchase_of(client, link) for link in client.sales_of(wanted, proven))
        if found.buyer in wanted
    ]


def record_purchases(log: TakesNote, customer: str, bought: Iterable[Purchase]) -> list[Any]:
    """Let the gallery's log operator take note of a customer's purchases, each once.

    Args:
        log: The operator of the gallery's interaction log.
        customer: The customer's pairwise identity, or its profile's id in hex.
        bought: From :func:`purchases`, for the customer's own accounts.

    Returns:
        The receipts, which the customer keeps; of a purchase noted before the same one again.

    Raises:
        PurchaseForged: One is no link of a history.
        CrmdappError: Whatever the operator raises.
    """
    from crmdapp.customers import InteractionKind

    receipts = []
    pseudonym = log.pseudonym(customer)
    for item in bought:
        item.require_link()
        receipts.append(
            log.record(pseudonym, InteractionKind.PURCHASE, item.payload(), key=item.key)
        )
    return receipts
