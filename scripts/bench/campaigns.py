"""Gas of points that customers collect: coupons and drops.

The peers have neither budget nor expiry, and their one tree holds for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from crmdapp.chain._keccak import keccak
from crmdapp.chain.merkle import MerkleTree
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.loyalty.coupons import BUDGET_MAX, sign_coupon
from crmdapp.loyalty.drops import leaf_of
from crmdapp.loyalty.intents import hub_domain
from scripts.bench.chain import FAR, START, Chain
from scripts.bench.ledgers import (
    AWARD,
    BRAND,
    PaymentToken,
    PointsLedger,
    customers,
    deploy_hub,
    open_program,
    strangers,
)
from scripts.bench.table import Row

CROWD = 65_536  # customers of a drop: every proof has 16 hashes
CAMPAIGN = keccak(b"summer")


@dataclass(frozen=True, slots=True)
class Claim(TypedData):
    """What the key of `OpenZeppelinClaims` signs."""

    TYPE: ClassVar[str] = "Claim(address to,uint256 points,uint256 orderId,uint256 deadline)"

    to: str
    points: int
    order_id: int
    deadline: int


def measure(chain: Chain) -> Iterator[Row]:
    """Yield the rows of coupons and drops, each the second one of a customer.

    Raises:
        BenchError: A transaction reverted.
    """
    hub = deploy_hub(chain)
    open_program(chain, hub)  # so that no row pays for the first program of a hub
    ours, _ = open_program(chain, hub)
    crowd = strangers("customer", CROWD)
    for each in crowd[:2]:
        ours.award(each, AWARD)
    tree = MerkleTree([leaf_of(index, to, AWARD) for index, to in enumerate(crowd)])
    signed, leaf = _claims(chain, crowd, tree)
    yield Row(
        "loyalty",
        "coupon",
        _coupon(chain, ours, crowd[0]),
        "gas",
        target=47_000,
        floor=45_575,
        peers={**_authorizations(chain, crowd[0]), "OpenZeppelin ECDSA and BitMaps": signed},
        reason="an event of 2,131 gas names campaign and order; ten fields are checked and hashed",
    )
    yield Row(
        "loyalty",
        "drop claim, one of 65,536",
        _drop(ours, crowd, tree),
        "gas",
        peers={
            "OpenZeppelin MerkleProof and BitMaps": leaf,
            "Uniswap MerkleDistributor": _distributor(chain, crowd),
        },
        reason="the drop is one of many, with a root, a rest, a deadline and an event of its own",
    )


def _coupon(chain: Chain, ours: PointsLedger, customer: str) -> int:
    (program,) = ours.program
    (key,) = customers("coupon key", 1)
    domain = hub_domain(chain.chain_id, ours.contract.address)
    ours.contract.send("setCouponKey", program, key.address, BUDGET_MAX)

    def claim(order: int) -> int:
        signed = sign_coupon(
            key,
            domain,
            program=program,
            to=customer,
            points=AWARD,
            order_id=order,
            issued=ours.contract.read("currentEpoch"),
            valid_after=START,
            deadline=FAR,
            campaign=CAMPAIGN,
        )
        return ours.contract.send("claimCoupon", signed.coupon.values, signed.signature)

    claim(1)
    return claim(2)


def _authorizations(chain: Chain, customer: str) -> dict[str, int]:
    """Payments out of what the merchant holds, signed by its key."""
    (key,) = customers("coupon key", 1)
    token = PaymentToken(chain)
    token.award(key.address, 10 * AWARD)
    token.award(customer, AWARD)
    token.pay(key, customer, AWARD, 0)
    return {
        f"{token.name}, in strict order": token.pay(key, customer, AWARD, 1),
        f"{token.name}, in any order": token.pay(key, customer, AWARD, 0, key=1),
    }


def _claims(chain: Chain, crowd: list[str], tree: MerkleTree) -> tuple[int, int]:
    """Gas of a signed claim and of a leaf, the same leaf as ours."""
    (key,) = customers("coupon key", 1)
    token = chain.deploy("OpenZeppelinClaims", key.address, tree.root)
    domain = Domain("Points", "1", chain.chain_id, token.address)

    def claim(order: int) -> int:
        signed = Claim(crowd[1], AWARD, order, FAR)
        return token.send("claimSigned", *signed.values, signed.sign(key, domain))

    claim(1)
    gas = claim(2)
    token.send("claimLeaf", 0, crowd[0], AWARD, tree.proof(0))
    return gas, token.send("claimLeaf", 1, crowd[1], AWARD, tree.proof(1))


def _drop(ours: PointsLedger, crowd: list[str], tree: MerkleTree) -> int:
    """The leaf beside one that was claimed before, so that their word of 256 is not new."""
    ours.contract.send("createDrop", *ours.program, tree.root, CROWD * AWARD, FAR, CAMPAIGN)
    ours.contract.send("claimDrop", 1, 0, crowd[0], AWARD, tree.proof(0))
    return ours.contract.send("claimDrop", 1, 1, crowd[1], AWARD, tree.proof(1))


def _distributor(chain: Chain, crowd: list[str]) -> int:
    token = chain.deploy("OpenZeppelinERC20", *BRAND)
    tree = MerkleTree([_packed_leaf(index, to) for index, to in enumerate(crowd)])
    distributor = chain.deploy("MerkleDistributor", token.address, tree.root)
    token.send("award", distributor.address, CROWD * AWARD)
    token.send("award", crowd[1], AWARD)
    distributor.send("claim", 0, crowd[0], AWARD, tree.proof(0))
    return distributor.send("claim", 1, crowd[1], AWARD, tree.proof(1))


def _packed_leaf(index: int, to: str) -> bytes:
    return keccak(index.to_bytes(32, "big") + bytes.fromhex(to[2:]) + AWARD.to_bytes(32, "big"))
