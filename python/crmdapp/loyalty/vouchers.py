"""Money-backed gift cards from Python: guilds of merchants, cards bought, spent and given back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.client import ContractClient
from crmdapp.chain.errors import ERC20InsufficientBalance
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.loyalty.cards import SignedPayment, require_card, voucher_domain
from crmdapp.loyalty.coin import Coin, CoinClient, require_units
from crmdapp.loyalty.errors import CardBuyerOnly, GuildUnknown
from crmdapp.loyalty.events import CardBought, GuildCreated, MerchantAdded

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain
    from crmdapp.loyalty.cards import GiftCard

_WORD_MAX = (1 << 256) - 1


@dataclass(frozen=True, slots=True)
class Guild:
    """Merchants that take the same cards. They are only ever added.

    Attributes:
        id: Its number, from 1.
        owner: Who may add merchants.
        merchants: Their addresses, in the order they were added.
    """

    id: int
    owner: str
    merchants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Purchase:
    """A card that was bought.

    Attributes:
        card: Its id, 32 bytes.
        amount: Base units of the coin on it: what arrived, a coin may keep a fee.
        receipt: The transaction.
    """

    card: bytes
    amount: int
    receipt: Receipt


class VoucherCalls:
    """Calls of one GiftVoucher, checked and encoded but not sent.

    Args:
        voucher: The contract.
    """

    def __init__(self, voucher: BoundContract) -> None:
        self._voucher = voucher

    def create_guild(self, merchants: Sequence[str] = ()) -> Call:
        """Open a list of merchants that the sender keeps.

        Raises:
            UsageError: One of them is no address.
        """
        return self._voucher.call("createGuild", tuple(map(_require_merchant, merchants)))

    def add_merchant(self, guild: int, merchant: str) -> Call:
        """Add a merchant for good; the sender keeps the list.

        Raises:
            UsageError: An argument is malformed.
        """
        return self._voucher.call("addMerchant", guild, _require_merchant(merchant))

    def buy(self, card: GiftCard, amount: int) -> Call:
        """Load a card with the sender's coin, which must have been approved.

        Raises:
            CardKeyInvalid: The card's key is the zero address.
            UsageError: Another field or the amount is malformed.
        """
        require_units("The amount", amount, _WORD_MAX)
        return self._voucher.call("buy", _fields(require_card(card)), amount)

    def spend(self, signed: SignedPayment) -> Call:
        """Pay a merchant by the card key's signature, whoever sends it.

        Raises:
            UsageError: A value is malformed.
        """
        payment = signed.payment
        values = (
            payment.card,
            payment.merchant,
            payment.amount,
            payment.nonce,
            payment.deadline,
        )
        return self._voucher.call("spend", _fields(signed.card), values, signed.signature)

    def refund(self, card: GiftCard) -> Call:
        """Pay what is left back to the card's buyer, whoever sends it.

        Raises:
            UsageError: A field is malformed.
        """
        return self._voucher.call("refund", _fields(card))


class VoucherClient(ContractClient):
    """One GiftVoucher, seen and used by one account.

    What holds for :class:`~crmdapp.loyalty.client.LoyaltyClient` holds here: methods that send take
    an idempotency ``key``, simulate before they send, and raise the twins of the contracts' errors.
    Amounts are base units of the coin.

    Source: contracts/loyalty/IGiftVoucher.sol.

    Args:
        connection: The chain.
        address: Address of the GiftVoucher.
        sender: The account that sends; ``None`` for reading only.
        since_block: Block of its deployment, where searches for events begin.
    """

    CONTRACT = "GiftVoucher"

    @cached_property
    def prepare(self) -> VoucherCalls:
        """The same transactions, checked and encoded but not sent."""
        return VoucherCalls(self.contract)

    @cached_property
    def domain(self) -> Domain:
        """What cards and payments are signed for."""
        return voucher_domain(self.connection.chain_id, self.contract.address)

    @cached_property
    def money(self) -> CoinClient:
        """Balances and allowances of the coin on the cards."""
        return CoinClient(self.connection, self.contract.read("COIN"))

    @property
    def coin(self) -> Coin:
        """What the coin on the cards is called and how it counts."""
        return self.money.coin

    # ----------------------------------------------------------------- guilds

    def create_guild(self, merchants: Sequence[str] = (), *, key: str | None = None) -> Guild:
        """Open a list of merchants, which the sender keeps.

        Raises:
            UsageError: One of them is no address.
        """
        return self.guild_in(self.send(self.prepare.create_guild(merchants), key=key))

    def guild_in(self, receipt: Receipt) -> Guild:
        """Return the guild that a receipt tells of.

        Raises:
            VerificationFailed: It tells of none, or of several.
        """
        created = receipt.events_of(GuildCreated)
        if len(created) != 1:
            raise VerificationFailed(f"{receipt.hash} opened {len(created)} guilds, not one.")
        return self.guild(created[0].guild)

    def add_merchant(self, guild: int, merchant: str, *, key: str | None = None) -> Receipt:
        """Add a merchant to a guild, for good.

        Raises:
            GuildUnknown: There is no such guild.
            GuildOwnerOnly: The sender does not keep it.
        """
        call = self.prepare.add_merchant(guild, merchant)
        self.require_guild(guild)
        return self.send(call, key=key)

    def guild(self, guild: int) -> Guild:
        """Return a guild as it stands.

        Raises:
            GuildUnknown: There is no such guild.
        """
        owner = self.require_guild(guild)
        added = self.events("MerchantAdded", guild=guild)
        merchants = [log.event.merchant for log in added if isinstance(log.event, MerchantAdded)]
        return Guild(guild, owner, tuple(dict.fromkeys(merchants)))

    def guilds(self) -> Iterator[Guild]:
        """Yield all guilds in the order they were opened, asking in ranges a node bears."""
        for log in self.events("GuildCreated"):
            assert isinstance(log.event, GuildCreated)  # what was asked for
            yield self.guild(log.event.guild)

    def is_merchant(self, guild: int, merchant: str) -> bool:
        """Return whether a merchant takes the cards of a guild."""
        listed: bool = self.contract.read("isMerchant", guild, require_address(merchant))
        return listed

    def require_guild(self, guild: int) -> str:
        """Return who keeps a guild.

        Raises:
            GuildUnknown: There is no such guild.
        """
        owner: str = self.contract.read("guildOwnerOf", guild)
        if owner == ZERO_ADDRESS:
            raise GuildUnknown(guild)
        return owner

    # ----------------------------------------------------------------- cards

    def card_id(self, card: GiftCard) -> bytes:
        """Return a card's id, 32 bytes; asks no node."""
        return require_card(card).digest(self.domain)

    def balance(self, card: GiftCard | bytes) -> int:
        """Return the base units of the coin left on a card, named by its fields or its id.

        A card that was never bought has none, like one that is spent.
        """
        identity = card if isinstance(card, bytes) else self.card_id(card)
        units: int = self.contract.read("balanceOf", identity)
        return units

    def buy(self, card: GiftCard, amount: int, *, key: str | None = None) -> Purchase:
        """Load a card with the sender's coin; keep the card's link before it is sent.

        If the contract may not take as much coin yet, exactly that much is approved first, in a
        transaction of its own. A card is bought once; coin whose key is lost comes back only by
        the card's refund.

        Args:
            card: The card; its buyer is the sender.
            amount: Base units of the coin.
            key: Idempotency key of both; killed in between, the next call with it goes on.

        Raises:
            CardBuyerOnly: The card names another buyer; nothing was sent.
            GuildUnknown: There is no such guild; nothing was sent.
            ERC20InsufficientBalance: The sender has less; nothing was sent.
            CardBoughtBefore: It was bought, and maybe spent since.
            CardEmpty: Nothing of the coin arrived.
            CardKeyInvalid: The card's key is the zero address.
            SafeERC20FailedOperation: The coin refuses without a reason.
        """
        call = self.prepare.buy(card, amount)
        if key is None or not self.was_sent(key):
            self.require_buyable(card, amount)
            approval = None if key is None else f"{key}:allowance"
            self.money.approve(self.sender, self.contract.address, amount, key=approval)
        sent = self.sender.send(call, key=key, again_if_reverted=True)
        return self.purchase_in(self.sender.wait(sent))

    def require_buyable(self, card: GiftCard, amount: int) -> None:
        """Check what can be checked before any coin is approved.

        Raises:
            CardBuyerOnly: The card names another buyer than the sender.
            GuildUnknown: There is no such guild.
            ERC20InsufficientBalance: The sender has less coin, the twin of the coin's refusal.
        """
        buyer = self.sender.address
        if require_address(card.buyer) != buyer:
            raise CardBuyerOnly(require_address(card.buyer), buyer)
        self.require_guild(card.guild)
        balance = self.money.balance(buyer)
        if balance < amount:
            raise ERC20InsufficientBalance(buyer, balance, amount)

    def purchase_in(self, receipt: Receipt) -> Purchase:
        """Return the purchase that a receipt tells of.

        Raises:
            VerificationFailed: It tells of none, or of several.
        """
        bought = receipt.events_of(CardBought)
        if len(bought) != 1:
            raise VerificationFailed(f"{receipt.hash} bought {len(bought)} cards, not one.")
        return Purchase(bought[0].card, bought[0].amount, receipt)

    def spend(self, signed: SignedPayment, *, key: str | None = None) -> Receipt:
        """Pay a merchant by the card key's signature; the sender only pays the gas.

        Raises:
            GuildMerchantOnly: The merchant does not take the card.
            CardMismatch: The payment is for another card.
            CardBalanceExceeded: Less is left on it.
            IntentExpired: The payment's deadline has passed.
            IntentNonceUsed: It was carried out or cancelled before.
            IntentSignatureInvalid: The card's key did not sign it, or not for this contract and
                chain.
            SafeERC20FailedOperation: The coin refuses without a reason.
        """
        return self.send(self.prepare.spend(signed), key=key)

    def refund(self, card: GiftCard, *, key: str | None = None) -> Receipt:
        """Pay what is left on a card back to its buyer; the sender only pays the gas.

        Raises:
            CardRefundTooEarly: It is before the card's time, or the card names none.
            CardEmpty: Nothing is left on it.
            SafeERC20FailedOperation: The coin refuses without a reason.
        """
        return self.send(self.prepare.refund(card), key=key)


def _fields(card: GiftCard) -> tuple[object, ...]:
    return (card.key, card.buyer, card.guild, card.refund_at, card.terms_hash)


def _require_merchant(merchant: str) -> str:
    """Return the address of somebody who can be paid.

    Raises:
        UsageError: It is none.
    """
    found = require_address(merchant)
    if found == ZERO_ADDRESS:
        raise UsageError("The zero address is no merchant: nobody owns it.")
    return found
