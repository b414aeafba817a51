"""Speed of the index: 100,000 events from a local chain into SQL, beside Ponder and plain decoders.

What the index does and the decoders do not: fetch, check each header's hash and each block's
logs against its bloom, keep an undo journal for the latest blocks, and write. The clock counts, as
the node works too; decoding by itself is timed by the processor time it took. Ponder fetches, keeps
the logs, blocks and transactions, and fills tables like ours of points; it takes the node's hashes
as they are, tests no bloom of these blocks, and keeps no points by age, tiers or debts.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from crmdapp.chain._keccak import keccak
from crmdapp.chain._plan import GallerySettings, plan
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.addresses import checksum
from crmdapp.chain.artifacts import load
from crmdapp.chain.connection import Connection, connect
from crmdapp.chain.deployments import deploy_all
from crmdapp.chain.journal import Journal
from crmdapp.chain.manifest import Manifest
from crmdapp.chain.sender import Sender
from crmdapp.chain.transactions import SendPolicy
from crmdapp.loyalty import LoyaltyClient, ProgramConfig
from crmdapp.loyalty.packing import pack_records
from crmdapp.store.index import Follower, open_index
from crmdapp.store.index.engine import writer
from crmdapp.store.index.engine.decoding import Decoders
from scripts.bench.chain import START, BenchError, Chain
from scripts.bench.ponder_run import backfill
from scripts.bench.python import rounded
from scripts.bench.table import Row
from tests.fixtures.anvil import DEV_KEYS

EVENTS = 100_000
PER_BLOCK = 100  # awards in one transaction, each an event
CUSTOMERS = 5_000
SAMPLE = 3_000  # logs that the slower decoders are given
REPETITIONS = 2
TARGET = 30_000
DAY = 86_400
BUDGET = 2**47 - 1

_HEAVY = "deriving balances by age and every customer's history takes most of the time"
_BUSY = "two cores carry the node, the checks and the database"


def measure(chain: Chain) -> Iterator[Row]:
    """Yield the rows.

    Raises:
        BenchError: The index lacks events.
    """
    with tempfile.TemporaryDirectory() as name, connect(chain.url, timeout=120) as connection:
        folder = Path(name)
        manifest = _live(connection, folder)
        # The tables of the domains left out, to see what events alone take.
        with patch.object(writer, "derivations_of", lambda *_: ()):
            events = _filling(connection, manifest, folder / "events")
        tables = _filling(connection, manifest, folder / "tables")
        logs = _logs(connection, manifest)
        with open_index(_file(folder / "tables", 0)) as index:
            ponder = backfill(chain, manifest.address("PointsHub"), index)
    peers = {"decode only, web3": _web3(logs), "decode only, ape": _ape(logs)}
    yield _row("index 100,000 events into SQL, reorg-safe", events, peers, _BUSY)
    yield _row("the same, with all tables of the domains", tables, peers | ponder, _HEAVY)
    yield Row(
        "index",
        "decode events, fixed layout",
        _ours(logs),
        "events/s",
        peers={"web3": peers["decode only, web3"], "ape": peers["decode only, ape"]},
    )


def _row(operation: str, ours: float, peers: dict[str, float], reason: str) -> Row:
    return Row("index", operation, ours, "events/s", TARGET, peers=peers, reason=reason)


def _live(connection: Connection, folder: Path) -> Manifest:
    """Deploy everything and award points to many customers, many to a block."""
    signer = LocalSigner(DEV_KEYS[0])
    with Journal(folder / "journal.sqlite3") as journal:
        policy = SendPolicy(timeout=120.0, poll=0.02)
        sender = Sender(connection, signer, journal, policy=policy)
        steps = plan(START, DAY, test_coin=True, gallery=GallerySettings(signer.address))
        manifest = deploy_all(connection, sender, steps, folder / "31337.json")
        merchant = LoyaltyClient.at(connection, manifest, sender)
        program = merchant.create_program(ProgramConfig("Coffee Corner", "BEAN")).id
        merchant.set_issuer(program, signer.address, BUDGET)
    hub = connection.contract("PointsHub", manifest.address("PointsHub"))
    for batch in range(EVENTS // PER_BLOCK):
        numbers = range(batch * PER_BLOCK, (batch + 1) * PER_BLOCK)
        packed = pack_records((_customer(number % CUSTOMERS), 100) for number in numbers)
        call = hub.call("awardMany", program, keccak(batch.to_bytes(8, "big")), packed)
        message = {"from": signer.address, "to": call.to, "data": "0x" + call.data.hex()}
        connection.request("eth_sendTransaction", [{**message, "gas": hex(16_000_000)}])
    while int(connection.request("txpool_status", [])["pending"], 16):
        time.sleep(0.01)
    return manifest


def _customer(number: int) -> str:
    return checksum("0x" + keccak(number.to_bytes(8, "big"))[:20].hex())


def _filling(connection: Connection, manifest: Manifest, folder: Path) -> float:
    """Events per second into a new index, by the clock, the best of a few."""
    rates = []
    for number in range(REPETITIONS):
        with open_index(_file(folder, number)) as index:
            follower = Follower(index, connection, manifest)
            begin = time.perf_counter()
            step = follower.run()
            rates.append(step.events / (time.perf_counter() - begin))
            follower.close()
            if step.events < EVENTS or index.sizes()["events"] != step.events:
                raise BenchError(f"the index holds {step.events:,} events")
    return rounded(max(rates))


def _file(folder: Path, number: int) -> Path:
    return folder.with_name(f"{folder.name}{number}.sqlite3")


def _logs(connection: Connection, manifest: Manifest) -> list[dict[str, Any]]:
    """Awards' logs as the node gives them."""
    head = connection.block_number()
    query = {
        "fromBlock": hex(head - 2 * SAMPLE // PER_BLOCK),
        "toBlock": hex(head),
        "address": manifest.address("PointsHub"),
    }
    found: list[dict[str, Any]] = connection.request("eth_getLogs", [query])
    return [log for log in found if len(log["topics"]) == 4][:SAMPLE]


def _ours(logs: list[dict[str, Any]]) -> float:
    decoders = Decoders()

    def decode(log: dict[str, Any]) -> Any:
        found = decoders.decode(log)
        assert found is not None
        return found[0].twin(*found[1])

    return _rate(logs, decode)


def _web3(logs: list[dict[str, Any]]) -> float:
    from web3 import Web3
    from web3._utils.method_formatters import log_entry_formatter

    transfers = Web3().eth.contract(abi=load("PointsHub").abi).events.Transfer()
    known = [log_entry_formatter(log) for log in logs]
    return _rate(known, transfers.process_log)


def _ape(logs: list[dict[str, Any]]) -> float:
    import ape
    from ethpm_types.abi import EventABI

    found = [item for item in load("PointsHub").abi if item.get("name") == "Transfer"]
    event = [EventABI.model_validate(item) for item in found if item["type"] == "event"]
    ethereum = ape.networks.ethereum
    begin = time.process_time()
    decoded = len(list(ethereum.decode_logs(logs, *event)))
    if decoded != len(logs):
        raise BenchError(f"ape decodes {decoded:,} of {len(logs):,} logs")
    return rounded(decoded / (time.process_time() - begin))


def _rate(logs: list[Any], decode: Any) -> float:
    """Logs decoded per second of processor time, the best of a few."""
    seconds = []
    for _ in range(REPETITIONS + 1):
        begin = time.process_time()
        for log in logs:
            decode(log)
        seconds.append(time.process_time() - begin)
    return rounded(len(logs) / min(seconds))
