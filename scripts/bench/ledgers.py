"""The hub and its peers behind one set of verbs, so that all go through the same motions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.loyalty.packing import unpack_records
from scripts.bench.chain import FAR, START, Chain, Contract

BRAND = ("Coffee Corner", "BEAN")
EPOCH = 15_778_800  # seconds, half a Julian year
UNLIMITED = 2**48 - 1  # an issuer's budget
PEER_PROGRAM = 2  # as many bytes in a call as the hub's first ids
AWARD = 12_345  # units of 0.01 point
MOVE = 1_234
BOUNDLESS = 2**256 - 1  # an allowance that is never written again

COMPILED = "jumps and checks of compiled code, over 1,000 gas, of which assembly would spare half"
"""Why several targets are missed, from traces."""

_PAYMENT = "address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32"


class Ledger:
    """A peer that holds points; every method returns the gas of its transaction.

    Args:
        name: As the table shows it.
        contract: Where the points are.
        program: Leading arguments that name the program: empty where the contract is one program.
    """

    def __init__(self, name: str, contract: Contract, *program: int) -> None:
        self.name = name
        self.contract = contract
        self.program = program

    def award(self, to: str, points: int) -> int:
        """Give new points to one customer, sent by the merchant."""
        return self.contract.send("award", to, *self.program, points)

    def award_many(self, records: bytes) -> int:
        """Give new points to many customers, sent by the merchant."""
        kinds = "uint256,bytes" if self.program else "bytes"
        return self.contract.send(f"awardMany({kinds})", *self.program, records)

    def transfer(self, sender: str, to: str, points: int) -> int:
        """Move points from one customer to another."""
        return self.contract.send("transfer", to, *self.program, points, sender=sender)

    def redeem(self, sender: str, points: int) -> int:
        """Spend points at the merchant who issued them."""
        verb = "redeem" if self.program else "burn"
        return self.contract.send(verb, *self.program, points, sender=sender)


class ArrayLedger(Ledger):
    """A token whose batches come as two arrays, as most airdrop contracts take them."""

    def award_many(self, records: bytes) -> int:
        """Give new points to many customers, sent by the merchant."""
        to, points = zip(*unpack_records(records), strict=True)
        return self.contract.send("awardMany(address[],uint256[])", to, points)


class MultiTokenLedger(Ledger):
    """An ERC-1155 token."""

    def transfer(self, sender: str, to: str, points: int) -> int:
        """Move points from one customer to another."""
        return self.contract.send(
            "safeTransferFrom", sender, to, *self.program, points, b"", sender=sender
        )

    def redeem(self, sender: str, points: int) -> int:
        """Spend points at the merchant who issued them."""
        return self.contract.send("burn", sender, *self.program, points, sender=sender)


class PointsLedger(Ledger):
    """One program of the hub."""

    _batches = 0

    def award(self, to: str, points: int, *, issuer: str | None = None) -> int:
        """Give new points to one customer, sent by an issuer, the merchant if not said."""
        return self.contract.send("award", *self.program, points, to, sender=issuer)

    def award_many(self, records: bytes) -> int:
        """Give new points to many customers, sent by the merchant."""
        self._batches += 1
        batch = keccak(b"bench %d" % self._batches)
        return self.contract.send("awardMany", *self.program, batch, records)

    def redeem(self, sender: str, points: int) -> int:
        """Spend points at the merchant who issued them."""
        return self.contract.send("redeem", *self.program, points, sender=sender)


@dataclass(frozen=True, slots=True)
class TransferWithAuthorization(TypedData):
    """The payment that ERC-3009 signs."""

    TYPE: ClassVar[str] = (
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
        "uint256 validBefore,bytes32 nonce)"
    )
    from_: str
    to: str
    value: int
    valid_after: int
    valid_before: int
    nonce: bytes

    def arguments(self, signer: LocalSigner, domain: Domain) -> tuple[object, ...]:
        """Return what the contract takes: the fields, then v, r and s."""
        raw = self.sign(signer, domain)
        return (*self.values, raw[64], raw[:32], raw[32:64])


class PaymentToken:
    """An ERC-3009 token: its holders sign payments, and anyone submits them.

    Nonces count up within a key of 192 bits. Payments with one key must land in their order; those
    with a key each land in any order, but each takes a new word of storage.
    """

    name = "OpenZeppelin ERC-3009"

    def __init__(self, chain: Chain) -> None:
        self._contract = chain.deploy("OpenZeppelinERC3009")
        self._domain = Domain("Points", "1", chain.chain_id, self._contract.address)

    def award(self, to: str, points: int) -> None:
        """Give points to somebody."""
        self._contract.send("award", to, points)

    def pay(self, signer: LocalSigner, to: str, points: int, number: int, *, key: int = 0) -> int:
        """Carry one signed payment out, the signer's `number`-th with that key."""
        payment = self._signed(signer, to, points, key << 64 | number)
        return self._contract.send(f"transferWithAuthorization({_PAYMENT})", *payment)

    def pay_many(self, signers: Iterable[LocalSigner], to: str, points: int, number: int) -> int:
        """Carry the `number`-th payment of each signer out at once."""
        payments = [self._signed(each, to, points, number) for each in signers]
        return self._contract.send("transferManyWithAuthorization", payments)

    def _signed(self, signer: LocalSigner, to: str, points: int, nonce: int) -> tuple[object, ...]:
        word = nonce.to_bytes(32, "big")
        payment = TransferWithAuthorization(signer.address, to, points, 0, FAR, word)
        return payment.arguments(signer, self._domain)


def deploy_hub(chain: Chain) -> Contract:
    """Deploy the hub with the epochs it has by default, and a coin to settle in."""
    coin = chain.deploy("TestCoin")
    return chain.deploy("PointsHub", START - EPOCH // 2, EPOCH, coin.address)


def open_program(
    chain: Chain, hub: Contract, *, cap: int = 0, has_token: bool = False, tiers: Sequence[int] = ()
) -> tuple[PointsLedger, int]:
    """Open a program that the merchant owns and issues without limit.

    Returns:
        The program, and the gas of `createProgram`.
    """
    gas = hub.send("createProgram", (*BRAND, 4, cap, has_token, tuple(tiers)))
    program = hub.read("programCount") << 1 | has_token
    hub.send("setIssuer", program, chain.accounts[0], UNLIMITED)
    return PointsLedger("hub", hub, program), gas


def deploy_peers(chain: Chain) -> list[Ledger]:
    """Deploy every peer that holds points."""

    def erc20() -> Contract:
        return chain.deploy("OpenZeppelinERC20", *BRAND)

    erc1155, erc6909 = (chain.deploy(f"OpenZeppelin{name}") for name in ("ERC1155", "ERC6909"))
    return [
        Ledger("OpenZeppelin ERC-20", erc20()),
        ArrayLedger("OpenZeppelin ERC-20, arrays", erc20()),
        MultiTokenLedger("OpenZeppelin ERC-1155", erc1155, PEER_PROGRAM),
        Ledger("OpenZeppelin ERC-6909", erc6909, PEER_PROGRAM),
        Ledger("Solady ERC-20", chain.deploy("SoladyERC20", *BRAND)),
        Ledger("Solady ERC-6909", chain.deploy("SoladyERC6909"), PEER_PROGRAM),
    ]


def strangers(label: str, count: int) -> list[str]:
    """Return addresses nobody used before, the same in every run for the same label."""
    return ["0x" + keccak(f"{label} {i}".encode())[12:].hex() for i in range(count)]


def customers(label: str, count: int) -> list[LocalSigner]:
    """Return customers who can sign, the same in every run for the same label."""
    return [LocalSigner(keccak(f"{label} {i}".encode())) for i in range(count)]
