"""Gas of gifts: points on a throw-away key, and cards that hold money."""

from __future__ import annotations

from collections.abc import Iterator

from crmdapp.chain._keccak import keccak
from crmdapp.loyalty.cards import GiftCard, sign_payment, voucher_domain
from crmdapp.loyalty.gifts import Gift
from scripts.bench.chain import FAR, Chain, Contract
from scripts.bench.ledgers import (
    AWARD,
    BOUNDLESS,
    COMPILED,
    MOVE,
    ArrayLedger,
    Ledger,
    PaymentToken,
    PointsLedger,
    customers,
    deploy_hub,
    deploy_peers,
    open_program,
)
from scripts.bench.table import Row


def measure(chain: Chain) -> Iterator[Row]:
    """Yield the rows of gifts of points and of cards.

    Raises:
        BenchError: A transaction reverted.
    """
    hub = deploy_hub(chain)
    open_program(chain, hub)  # so that no row pays for the first program of a hub
    ours, _ = open_program(chain, hub)
    peers = [each for each in deploy_peers(chain) if not isinstance(each, ArrayLedger)]
    (program,) = ours.program
    gift = Gift(chain.chain_id, hub.address, program, keccak(b"gift"))
    first, later = _payments(chain)
    yield Row(
        "loyalty",
        "gift, create",
        _give(chain, ours, gift.address),
        "gas",
        target=51_940,
        floor=51_223,
        peers={peer.name: _give(chain, peer, gift.address) for peer in peers},
        reason=COMPILED,
    )
    yield Row(
        "loyalty",
        "gift, claim",
        _claim(chain, ours, gift),
        "gas",
        target=34_500,
        peers={PaymentToken.name: first},
        reason="the first nonce of a key takes a new word, 22,100 gas; the target is unsigned",
    )
    opening, following = _spend(chain, hub)
    why = "the coin lies in the contract, which keeps the card's rest and asks for its merchants"
    for operation, gas, payment in (
        ("pay with a card, first time", opening, first),
        ("pay with a card, again", following, later),
    ):
        peer = {PaymentToken.name: payment}
        yield Row("loyalty", operation, gas, "gas", peers=peer, reason=why)


def _give(chain: Chain, ledger: Ledger, key: str) -> int:
    _, giver, *_ = chain.accounts
    ledger.award(giver, AWARD)
    return ledger.transfer(giver, key, MOVE)


def _claim(chain: Chain, ours: PointsLedger, gift: Gift) -> int:
    """All that is on the gift, for a friend who has points of the brand."""
    _, _, friend, *_ = chain.accounts
    ours.award(friend, AWARD)
    nonce = int.from_bytes(keccak(b"nonce"), "big")  # the client draws a random one
    signed = gift.sign_claim(friend, MOVE, deadline=FAR, nonce=nonce)
    return ours.contract.send("transferBySig", signed.intent.values, signed.signature)


def _payments(chain: Chain) -> tuple[int, int]:
    """Gas of the first and the second signed payment of a key."""
    _, _, friend, *_ = chain.accounts
    (key,) = customers("gift", 1)
    token = PaymentToken(chain)
    token.award(key.address, AWARD)
    token.award(friend, AWARD)
    return token.pay(key, friend, MOVE, 0), token.pay(key, friend, MOVE, 1)


def _spend(chain: Chain, hub: Contract) -> tuple[int, int]:
    """Gas of the first and the second payment with a card, sent by the shop."""
    buyer, shop, *_ = chain.accounts
    coin = chain.at("TestCoin", chain.at("ClearingHouse", hub.read("CLEARING_HOUSE")).read("COIN"))
    voucher = chain.deploy("GiftVoucher", coin.address)
    for account in (buyer, shop):
        coin.send("mint", account, AWARD)
    coin.send("approve", voucher.address, BOUNDLESS)
    voucher.send("createGuild", [shop])
    (key,) = customers("card", 1)
    card = GiftCard(key.address, buyer, 1, FAR)
    voucher.send("buy", card.values, AWARD)
    domain = voucher_domain(chain.chain_id, voucher.address)

    def pay(nonce: int) -> int:
        signed = sign_payment(
            key, domain, card, merchant=shop, amount=MOVE, nonce=nonce, deadline=FAR
        )
        arguments = (card.values, signed.payment.values, signed.signature)
        return voucher.send("spend", *arguments, sender=shop)

    return pay(1), pay(2)
