"""Gas of the points ledger beside the token contracts it could have been.

Every figure is the gas of whole transactions, as their receipts say. A peer is measured in the
same state as we are: the supply is not zero, an existing customer keeps a balance before and
after, a returning one has spent everything, a new one was never seen.

The peers lack what the ledger does: expiry, budgets, tiers, orders, one wallet for every brand. A
plain ERC-20 for one program, without expiry, sits just below the floor of these duties.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass

from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.typed_data import Domain
from crmdapp.loyalty.intents import SignedIntent, hub_domain, sign_redeem, sign_transfer
from crmdapp.loyalty.packing import pack_records, pack_redemptions
from scripts.bench.chain import FAR, GAS_CAP, Chain, Contract
from scripts.bench.compile import compile_all
from scripts.bench.ledgers import (
    BRAND,
    ArrayLedger,
    Ledger,
    PointsLedger,
    TransferWithAuthorization,
    customers,
    deploy_hub,
    deploy_peers,
    open_program,
    strangers,
)
from scripts.bench.table import Row

CODE_LIMIT = 24_576  # bytes, EIP-170
AWARD = 12_345  # units of 0.01 point
MOVE = 1_234
MANY = 1_000
SIGNED = 100
WORD_WRITTEN = 2_900  # gas of writing a word that was read and is not zero: an issuer's account
PAYMENT = "address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32"

Figures = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Goal:
    """What one figure of the ledger is held against, in gas.

    Attributes:
        target: What was aimed for.
        floor: What storage, events and calldata of these duties cost at least.
    """

    target: int
    floor: int


GOALS = {
    "award, existing balance": Goal(36_950, 36_223),
    "award, new customer": Goal(54_050, 53_323),
    "award, returning with zero balance": Goal(36_950, 36_223),
    "award 1,000, existing balances": Goal(8_050_000, 7_830_000),
    "award 1,000, new customers": Goal(25_150_000, 24_960_000),
    "transfer, to an existing balance": Goal(34_990, 34_123),
    "transfer, to a new customer": Goal(51_940, 51_223),
    "redeem": Goal(34_560, 33_755),
}


def measure(chain: Chain) -> Iterator[Row]:
    """Yield the rows of the points ledger.

    Raises:
        BenchError: A transaction reverted.
    """
    hub = deploy_hub(chain)
    open_program(chain, hub)  # so that no row pays for the first program of a hub
    ours, _ = open_program(chain, hub)
    peers = deploy_peers(chain)
    one_by_one = [peer for peer in peers if not isinstance(peer, ArrayLedger)]

    yield from _rows(_single(chain, ours), {peer.name: _single(chain, peer) for peer in one_by_one})
    yield _metered(chain, ours)
    yield from _rows(_batches(ours), {peer.name: _batches(peer) for peer in peers})
    yield _face(chain, hub, one_by_one)
    yield from _signed(chain, ours)
    yield from _opening(chain, hub)
    yield Row("loyalty", "deploy the hub", hub.gas, "gas", target=GAS_CAP)
    size = compile_all()["PointsHub"].size
    yield Row("loyalty", "code of the hub", size, "bytes", target=CODE_LIMIT)


def _rows(ours: Figures, peers: Mapping[str, Figures]) -> Iterator[Row]:
    for operation, gas in ours.items():
        goal = GOALS[operation]
        theirs = {name: figures[operation] for name, figures in peers.items()}
        yield Row("loyalty", operation, gas, "gas", goal.target, goal.floor, theirs)


def _single(chain: Chain, ledger: Ledger) -> Figures:
    """One customer at a time."""
    _, first, second, third, *_ = chain.accounts
    (fresh,) = strangers("receiver", 1)
    ledger.award(first, AWARD)
    gas = {
        "award, new customer": ledger.award(second, AWARD),
        "award, existing balance": ledger.award(second, AWARD),
    }
    ledger.award(third, AWARD)
    ledger.redeem(third, AWARD)
    gas["award, returning with zero balance"] = ledger.award(third, AWARD)
    gas["transfer, to an existing balance"] = ledger.transfer(second, third, MOVE)
    gas["transfer, to a new customer"] = ledger.transfer(second, fresh, MOVE)
    gas["redeem"] = ledger.redeem(second, MOVE)
    return gas


def _metered(chain: Chain, ours: PointsLedger) -> Row:
    """An award by an issuer whose budget is counted, after its first of the epoch."""
    _, customer, *_, issuer = chain.accounts
    ours.contract.send("setIssuer", *ours.program, issuer, 10**9)
    ours.award(customer, AWARD, issuer=issuer)
    gas = ours.award(customer, AWARD, issuer=issuer)
    goal = GOALS["award, existing balance"]
    return Row(
        "loyalty",
        "award, existing balance, issuer with a budget",
        gas,
        "gas",
        goal.target + WORD_WRITTEN,
        goal.floor + WORD_WRITTEN,
    )


def _batches(ledger: Ledger) -> Figures:
    """A thousand at once, in as many transactions as the gas cap asks for."""
    people = strangers("customer", MANY)
    half = MANY // 2
    ledger.award_many(_records(strangers("earlier customer", 1)))
    return {
        "award 1,000, new customers": ledger.award_many(_records(people[:half]))
        + ledger.award_many(_records(people[half:])),
        "award 1,000, existing balances": ledger.award_many(_records(people)),
    }


def _records(addresses: Iterable[str]) -> bytes:
    return pack_records((address, AWARD) for address in addresses)


def _face(chain: Chain, hub: Contract, peers: Sequence[Ledger]) -> Row:
    """A transfer at the ERC-20 face of a program that has one."""
    _, first, second, *_ = chain.accounts
    faced, _ = open_program(chain, hub, has_token=True)
    faced.award(first, AWARD)
    faced.award(second, AWARD)
    token = chain.at("PointsToken", hub.read("tokenOf", *faced.program))
    gas = token.send("transfer", second, MOVE, sender=first)
    plain = [peer for peer in peers if not peer.program]
    theirs = {peer.name: peer.transfer(first, second, MOVE) for peer in plain}
    return Row("loyalty", "transfer through the ERC-20 face", gas, "gas", 42_000, 38_500, theirs)


def _signed(chain: Chain, ours: PointsLedger) -> Iterator[Row]:
    """What the merchant sends for customers who only sign."""
    people = customers("signer", SIGNED + 2)
    addresses = [each.address for each in people]
    ours.award_many(_records(addresses))
    token = chain.deploy("OpenZeppelinERC3009")
    for each in addresses:
        token.send("award", each, AWARD)
    hub = _hub_signed(chain, ours, people)
    peers = {"OpenZeppelin ERC-3009": _payments(chain, token, people)}
    yield Row(
        "loyalty",
        "redeem, 100 signed in one transaction, each",
        hub["many"],
        "gas",
        target=13_000,
        floor=11_707,
        peers={name: figures["many"] for name, figures in peers.items()}
        | {"OpenZeppelin ERC-3009, one by one": peers["OpenZeppelin ERC-3009"]["one"]},
    )
    one = {name: figures["one"] for name, figures in peers.items()}
    yield Row("loyalty", "redeem, one signed", hub["redeem"], "gas", peers=one)
    yield Row("loyalty", "transfer, signed", hub["transfer"], "gas", peers=one)


def _hub_signed(chain: Chain, ours: PointsLedger, people: Sequence[LocalSigner]) -> Figures:
    """Redemptions whose orders begin a new word of 256, as two batches in five do."""
    (program,) = ours.program
    domain = hub_domain(chain.chain_id, ours.contract.address)
    first, second, *crowd = people

    def redemption(customer: LocalSigner, order: int) -> SignedIntent:
        return sign_redeem(
            customer, domain, program=program, points=MOVE, order_id=order, deadline=FAR
        )

    def send(function: str, signed: SignedIntent) -> int:
        return ours.contract.send(function, astuple(signed.intent), signed.signature)

    def transfer(nonce: int) -> int:
        to = second.address
        signed = sign_transfer(
            first, domain, program=program, to=to, points=MOVE, nonce=nonce, deadline=FAR
        )
        return send("transferBySig", signed)

    send("redeemBySig", redemption(first, 1))
    transfer(1)
    batch = pack_redemptions(redemption(each, n) for n, each in enumerate(crowd, start=256))
    return {
        "redeem": send("redeemBySig", redemption(first, 2)),
        "transfer": transfer(2),
        "many": round(ours.contract.send("redeemMany", program, batch) / len(crowd)),
    }


def _payments(chain: Chain, token: Contract, people: Sequence[LocalSigner]) -> Figures:
    """Signed payments to the merchant, second of each customer, so that no nonce word is new."""
    merchant = chain.accounts[0]
    domain = Domain("Points", "1", chain.chain_id, token.address)
    token.send("award", merchant, AWARD)

    def payment(customer: LocalSigner, number: int) -> tuple[object, ...]:
        nonce = number.to_bytes(32, "big")
        signed = TransferWithAuthorization(customer.address, merchant, MOVE, 0, FAR, nonce)
        return signed.arguments(customer, domain)

    first, _, *crowd = people
    one = f"transferWithAuthorization({PAYMENT})"
    token.send(one, *payment(first, 0))
    token.send("transferManyWithAuthorization", [payment(each, 0) for each in crowd])
    many = token.send("transferManyWithAuthorization", [payment(each, 1) for each in crowd])
    return {"one": token.send(one, *payment(first, 1)), "many": round(many / len(crowd))}


def _opening(chain: Chain, hub: Contract) -> Iterator[Row]:
    """A new brand: one call at the hub, or a token contract of its own."""
    _, plain = open_program(chain, hub)
    _, faced = open_program(chain, hub, has_token=True)
    peers = {
        "OpenZeppelin ERC-20, deployed": chain.deploy("OpenZeppelinERC20", *BRAND).gas,
        "Solady ERC-20, deployed": chain.deploy("SoladyERC20", *BRAND).gas,
    }
    yield Row("loyalty", "create a program", plain, "gas", peers=peers)
    yield Row("loyalty", "create a program with an ERC-20 face", faced, "gas", peers=peers)
