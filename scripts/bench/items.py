"""Gas of the ledger of items, and the time to trace one.

No peer for custody with both signatures is on npm; a token's transfer has one party's word.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from crmdapp.chain import connect
from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.typed_data import Domain
from crmdapp.provenance.devices import Device
from crmdapp.provenance.item_index import ItemIndex
from crmdapp.provenance.item_intents import DeviceAssignment, Handover, SensorWindow
from crmdapp.provenance.item_models import item_of
from crmdapp.provenance.item_reader import ItemReader
from crmdapp.provenance.tracing import origin
from scripts.bench.chain import FAR, START, BenchError, Chain
from scripts.bench.table import Row
from tests.fixtures.anvil import DEV_KEYS

READINGS = 1_000
BATCH = 20
STEPS = 1_000
PALLET = 24  # cases on it
REPETITIONS = 5
UNIT = b"KGM"
STEP = (20, 13, START, bytes(32))

_CHECKS = "checks of compiled code, and lists where the floor counts one item"


class Yard:
    """Our ledger on one chain, with a giver and a taker."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.giver, self.taker = (LocalSigner(key) for key in DEV_KEYS[:2])
        self.ledger = chain.deploy("ItemLedger")
        self.domain = Domain("ItemLedger", "1", chain.chain_id, self.ledger.address)

    def commission(self, *names: str, level: int = 0, quantity: int = 0) -> list[int]:
        """Register items of the giver."""
        unit = UNIT if quantity else bytes(3)
        digests = [keccak(name.encode()) for name in names]
        items = [(digest, level, ZERO_ADDRESS, quantity, unit, ZERO_ADDRESS) for digest in digests]
        self.ledger.send("commission", items, STEP)
        return [item_of(self.giver.address, digest) for digest in digests]

    def hand_over(self, items: list[int], *, back: bool = False, relayed: bool = False) -> int:
        """Hand items over, or back; by the taker, or by somebody with both signatures."""
        giver, taker = (self.taker, self.giver) if back else (self.giver, self.taker)
        steps = tuple(self.ledger.read("itemOf", item)[1] for item in items)
        message = Handover(
            tuple(items), steps, giver.address, taker.address, START, keccak(b"event"), FAR
        )
        signatures = [message.sign(party, self.domain) for party in (giver, taker)]
        if relayed:
            return self.ledger.send(
                "handOver", message.values, *signatures, sender=self.chain.accounts[2]
            )
        return self.ledger.send("receiveItems", message.values, signatures[0], sender=taker.address)


def measure(chain: Chain) -> Iterator[Row]:
    """Yield the rows.

    Raises:
        BenchError: A transaction reverted, or a trace is wrong.
    """
    yard = Yard(chain)
    yield from _handovers(yard)
    yield _sensor(yard)
    yield _trace(yard)


def _handovers(yard: Yard) -> Iterator[Row]:
    token = yard.chain.deploy("OpenZeppelinERC721")
    for number in (1, 2):
        token.send("mint", yard.giver.address, number, 0)
    receivers = (yard.taker.address, yard.taker.address)
    moved = [
        token.send("transferFrom", yard.giver.address, receiver, number + 1)
        for number, receiver in enumerate(receivers)
    ]
    (single,) = yard.commission("single")
    yield Row(
        "provenance",
        "hand-over, the receiver submits",
        yard.hand_over([single]),
        "gas",
        target=35_500,
        floor=34_000,
        peers={"OpenZeppelin ERC-721, one party's word": moved[1]},
        reason=_CHECKS,
    )
    yield Row(
        "provenance",
        "hand-over, relayed with both signatures",
        yard.hand_over([single], back=True, relayed=True),
        "gas",
        target=39_500,
        floor=38_000,
        reason=_CHECKS,
    )
    many = yard.commission(*(f"item {number}" for number in range(BATCH)))
    yield Row(
        "provenance",
        f"hand-over of {BATCH}, the receiver submits, each",
        round(yard.hand_over(many) / BATCH),
        "gas",
        target=9_000,
        floor=8_100,
        reason=_CHECKS,
    )
    (pallet,) = yard.commission("pallet", level=2)
    cases = yard.commission(*(f"case {number}" for number in range(PALLET)), level=1)
    yard.ledger.send("pack", pallet, cases, STEP)
    yield Row(
        "provenance",
        f"hand-over of a pallet with {PALLET} cases",
        yard.hand_over([pallet]),
        "gas",
        target=37_000,
        floor=34_000,
        reason=_CHECKS,
    )


def _sensor(yard: Yard) -> Row:
    (cargo,) = yard.commission("cargo")
    # Signatures repeat, and with them the gas of their bytes.
    private = ec.derive_private_key(2026, ec.SECP256R1())
    device = Device(private)
    assignment = DeviceAssignment(device.id, cargo, yard.giver.address, 0)
    signed = _sign(private, assignment.digest(yard.domain))
    yard.ledger.send("assignDevice", cargo, device.key.values, signed)
    gas = 0
    for window in (1, 2):
        message = SensorWindow(
            device.id,
            cargo,
            window,
            keccak(b"root %d" % window),
            READINGS,
            START - 3_600,
            START,
        )
        signed = _sign(private, message.digest(yard.domain))
        gas = yard.ledger.send("anchorReadings", message.values, device.key.values, signed)
    return Row(
        "provenance",
        f"sensor reading, {READINGS:,} in a window, each",
        round(gas / READINGS, 1),
        "gas",
        target=50,
        floor=48,
    )


def _sign(private: ec.EllipticCurvePrivateKey, digest: bytes) -> tuple[bytes, bytes]:
    algorithm = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
    r, s = decode_dss_signature(private.sign(digest, algorithm))
    return r.to_bytes(32, "big"), s.to_bytes(32, "big")


def _trace(yard: Yard) -> Row:
    """An item that went through as many transformations as there are steps."""
    ledger, giver = yard.ledger, yard.giver.address
    (item,) = yard.commission("lot 0", quantity=STEPS)
    for number in range(1, STEPS + 1):
        digest = keccak(b"lot %d" % number)
        output: tuple[Any, ...] = (digest, 0, ZERO_ADDRESS, STEPS, UNIT, ZERO_ADDRESS)
        ledger.send("transform", [(item, STEPS)], [output], STEP, [], [])
        item = item_of(giver, digest)
    with (
        TemporaryDirectory() as folder,
        connect(yard.chain.url) as connection,
        ItemIndex(Path(folder) / "items.sqlite3") as index,
    ):
        index.update(ItemReader(connection, ledger.address))
        times = []
        for _ in range(REPETITIONS):
            started = time.perf_counter()
            found = origin(index.links(), item)
            times.append(time.perf_counter() - started)
    if len(found.edges) != STEPS:
        raise BenchError(f"the trace has {len(found.edges)} of {STEPS} steps")
    return Row(
        "provenance",
        f"origin of an item through {STEPS:,} transformations, from the local index",
        round(min(times) * 1_000),
        "ms",
        target=100,
    )
