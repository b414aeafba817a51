"""Gas of what a merchant sends for customers who only sign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.typed_data import Domain
from crmdapp.loyalty.intents import SignedIntent, batch_terms, sign_redeem, sign_transfer
from crmdapp.loyalty.packing import pack_records, pack_redemptions
from scripts.bench.chain import FAR, Chain
from scripts.bench.ledgers import AWARD, MOVE, PaymentToken, PointsLedger, customers
from scripts.bench.network import ABROAD, open_network
from scripts.bench.table import Row

SIGNED = 100
ONE_OF_MANY = "each brings its signature, is reported by its order, and may fail without the others"

Figures = Mapping[str, int]


def measure(chain: Chain) -> Iterator[Row]:
    """Yield the rows of redemptions and transfers that their customers signed.

    Raises:
        BenchError: A transaction reverted.
    """
    network = open_network(chain)
    people = customers("signer", SIGNED + 2)
    network.issuer.award_many(pack_records((each.address, AWARD) for each in people))
    ours = _intents(network.issuer, network.domain, people)
    abroad = _redeem_many(network.issuer, network.merchant, network.domain, people[2:])
    payments = _payments(chain, people)
    many = {
        PaymentToken.name: payments["many"],
        f"{PaymentToken.name}, one by one": payments["one"],
    }
    one = {PaymentToken.name: payments["one"]}

    yield Row(
        "loyalty",
        "redeem, 100 signed in one transaction, each",
        ours["many"],
        "gas",
        target=13_000,
        floor=11_707,
        peers=many,
        reason=ONE_OF_MANY,
    )
    yield Row(
        "loyalty",
        "redeem at another merchant, 100 signed, each",
        abroad,
        "gas",
        target=13_000 + ABROAD.target // SIGNED,
        floor=11_707 + ABROAD.floor // SIGNED,
        peers=many,
        reason=ONE_OF_MANY,
    )
    yield Row(
        "loyalty",
        "redeem, one signed",
        ours["redeem"],
        "gas",
        peers=one,
        reason="the merchant's right, the order and its report come on top of the payment",
    )
    yield Row(
        "loyalty",
        "transfer, signed",
        ours["transfer"],
        "gas",
        peers=one,
        reason="the points keep their age, and smart accounts may sign",
    )


def _intents(ours: PointsLedger, domain: Domain, people: Sequence[LocalSigner]) -> Figures:
    first, second, *crowd = people
    (program,) = ours.program

    def redeem(order: int) -> int:
        signed = _redemption(first, ours, ours, domain, order)
        return ours.contract.send("redeemBySig", signed.intent.values, False, signed.signature)

    def transfer(nonce: int) -> int:
        to = second.address
        signed = sign_transfer(
            first, domain, program=program, to=to, points=MOVE, nonce=nonce, deadline=FAR
        )
        return ours.contract.send("transferBySig", signed.intent.values, signed.signature)

    redeem(1)
    transfer(1)
    return {
        "redeem": redeem(2),
        "transfer": transfer(2),
        "many": _redeem_many(ours, ours, domain, crowd),
    }


def _redeem_many(
    issuer: PointsLedger, merchant: PointsLedger, domain: Domain, crowd: Sequence[LocalSigner]
) -> int:
    """Redemptions whose orders begin a new word of 256, as two batches in five do."""
    orders = enumerate(crowd, start=256)
    batch = [_redemption(each, issuer, merchant, domain, order) for order, each in orders]
    terms = batch_terms(batch[0].intent)
    gas = merchant.contract.send("redeemMany", terms, pack_redemptions(batch))
    return round(gas / len(batch))


def _redemption(
    customer: LocalSigner,
    issuer: PointsLedger,
    merchant: PointsLedger,
    domain: Domain,
    order: int,
) -> SignedIntent:
    (program,), (place,) = issuer.program, merchant.program
    return sign_redeem(
        customer,
        domain,
        program=program,
        merchant=place,
        points=MOVE,
        order_id=order,
        deadline=FAR,
    )


def _payments(chain: Chain, people: Sequence[LocalSigner]) -> Figures:
    """Signed payments to the merchant, second of each customer, so that no nonce word is new."""
    merchant = chain.accounts[0]
    token = PaymentToken(chain)
    token.award(merchant, AWARD)
    for each in people:
        token.award(each.address, AWARD)
    first, _, *crowd = people
    token.pay(first, merchant, MOVE, 0)
    token.pay_many(crowd, merchant, MOVE, 0)
    return {
        "one": token.pay(first, merchant, MOVE, 1),
        "many": round(token.pay_many(crowd, merchant, MOVE, 1) / len(crowd)),
    }
