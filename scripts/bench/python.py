"""Speed and memory of the Python client, beside the libraries it could have been written with.

Work for one processor is timed by the processor time this process used, so that a busy machine
does not show; what waits for the chain or starts a process, by the clock. Figures are rounded to
two digits, the best of a few repetitions.
"""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.addresses import checksum
from crmdapp.chain.decode import decode_logs
from crmdapp.loyalty.intents import NO_TERMS, RedeemIntent, hub_domain, sign_batch
from crmdapp.loyalty.packing import pack_records
from scripts.bench.chain import FAR, BenchError, Chain
from scripts.bench.compile import compile_all
from scripts.bench.ledgers import BRAND, deploy_hub, open_program, strangers
from scripts.bench.table import Row

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS = 100_000  # of the award file
SIGNATURES = 20_000
EVENTS = 600  # of one receipt
REPETITIONS = 3
STARTS = 5  # of a process
PATIENCE = 600  # seconds for the award file


def measure_loyalty(chain: Chain) -> Iterator[Row]:
    """Yield the rows of signing and of awarding a file.

    Raises:
        BenchError: The file could not be awarded.
    """
    yield _signing()
    yield from _award_file(chain)


def measure_index(chain: Chain) -> Iterator[Row]:
    """Yield the row of decoding events."""
    from web3 import Web3

    hub = deploy_hub(chain)
    program, _ = open_program(chain, hub)
    packed = pack_records((each, 100) for each in strangers("customer", EVENTS))
    program.award_many(packed)
    web3 = Web3(Web3.HTTPProvider(chain.url))
    block = web3.eth.get_block("latest", full_transactions=False)
    receipt = web3.eth.get_transaction_receipt(block["transactions"][0])  # type: ignore[arg-type]
    logs = receipt["logs"][:EVENTS]
    transfers = web3.eth.contract(abi=compile_all()["PointsHub"].abi).events.Transfer()
    yield Row(
        "index",
        "decode events",
        _rate(len(logs), lambda: decode_logs(logs)),
        "events/s",
        peers={
            "web3": _rate(len(logs), lambda: [transfers.process_log(each) for each in logs]),
        },
    )


def measure_api(_chain: Chain) -> Iterator[Row]:
    """Yield the rows of starting."""
    package = [sys.executable, "-c", "import crmdapp"]
    command = [str(Path(sys.executable).with_name("crmdapp")), "--help"]
    yield Row("api", "import crmdapp, in a new process", _starting(package), "s", target=0.5)
    yield Row("api", "crmdapp --help", _starting(command), "s", target=0.5)


def _signing() -> Row:
    """From numbers to signatures, all different, on one processor."""
    from coincurve import PrivateKey
    from eth_account import Account

    secret = keccak(b"customer")
    signer = LocalSigner(secret)
    key = PrivateKey(secret)
    domain = hub_domain(1, checksum("0x" + "5f" * 20))
    digests = [keccak(n.to_bytes(32, "big")) for n in range(SIGNATURES)]
    few = range(SIGNATURES // 40)

    def intent(number: int) -> RedeemIntent:
        return RedeemIntent(2, 2, NO_TERMS, signer.address, 100 + number, number, FAR)

    sample = intent(0).to_json(domain)
    types = {name: kinds for name, kinds in sample["types"].items() if name != "EIP712Domain"}

    def by_eth_account(number: int) -> bytes:
        message = {**sample["message"], "points": 100 + number, "orderId": number}
        return bytes(Account.sign_typed_data(secret, domain.to_json(), types, message).signature)

    if by_eth_account(7) != intent(7).sign(signer, domain):
        raise BenchError("eth_account signs the same intent differently")
    return Row(
        "loyalty",
        "sign EIP-712 intents, on one processor",
        _rate(SIGNATURES, lambda: sign_batch(map(intent, range(SIGNATURES)), signer, domain)),
        "signatures/s",
        target=20_000,
        floor=_rate(SIGNATURES, lambda: [key.sign_recoverable(each, None) for each in digests]),
        peers={"eth_account": _rate(len(few), lambda: [by_eth_account(n) for n in few])},
    )


def _award_file(chain: Chain) -> Iterator[Row]:
    """A file of new customers, validated, sent, mined and confirmed, in a process of its own."""
    peers = {
        "web3, one award a transaction": _web3_rates(chain, 200, 1),
        "web3, 450 awards a transaction": _web3_rates(chain, 9_000, 450),
    }
    hub = deploy_hub(chain)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["address", "points"])
            people = (checksum(each) for each in strangers("customer", ROWS))
            rows.writerows([each, f"{n % 900 + 1}.25"] for n, each in enumerate(people))
        command = [sys.executable, "-m", "scripts.bench.award_run", chain.url, hub.address]
        done = subprocess.run(
            [*command, str(path)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=PATIENCE,
            check=False,
        )
    if done.returncode:
        raise BenchError(f"the award file failed: {done.stderr.strip()}")
    figures = json.loads(done.stdout)
    yield Row(
        "loyalty",
        "award a file of 100,000 rows",
        rounded(ROWS / figures["seconds"]),
        "rows/s",
        peers={name: rate for name, (rate, _) in peers.items()},
    )
    yield Row(
        "loyalty",
        "award a file, without the node's work",
        rounded(ROWS / figures["own_seconds"]),
        "rows/s",
        peers={name: rate for name, (_, rate) in peers.items()},
    )
    yield Row(
        "loyalty",
        "award a file of 100,000 rows, peak memory",
        rounded(figures["peak"] / 1e6),
        "MB",
        target=300,
    )


def _web3_rates(chain: Chain, count: int, size: int) -> tuple[float, float]:
    """Rows per second of the loop that most projects begin with, to a plain ERC-20.

    It keeps no journal, so it cannot be resumed, and it checks nothing. Its file is shorter, which
    favours it: anvil grows slower with what it holds.

    Returns:
        By the clock, and by the processor time of the client alone.
    """
    from web3 import Web3

    token = chain.deploy("OpenZeppelinERC20", *BRAND)
    web3 = Web3(Web3.HTTPProvider(chain.url))
    contract = web3.eth.contract(
        address=Web3.to_checksum_address(token.address), abi=compile_all()["OpenZeppelinERC20"].abi
    )
    award = contract.get_function_by_signature("awardMany(address[],uint256[])")
    if size == 1:
        award = contract.get_function_by_signature("award(address,uint256)")
    merchant = Web3.to_checksum_address(chain.accounts[0])
    people = [checksum(each) for each in strangers("customer of web3", count)]
    clock, own = time.perf_counter(), time.process_time()
    for start in range(0, count, size):
        to = people[start : start + size]
        arguments = (to[0], 100) if size == 1 else (to, [100] * size)
        digest = award(*arguments).transact({"from": merchant})
        web3.eth.wait_for_transaction_receipt(digest, poll_latency=0.001)
    clock, own = time.perf_counter() - clock, time.process_time() - own
    return rounded(count / clock), rounded(count / own)


def _rate(count: int, work: Callable[[], Any]) -> float:
    """How many per second of processor time, the best of a few repetitions."""

    def seconds() -> float:
        begin = time.process_time()
        work()
        return time.process_time() - begin

    return rounded(count / min(seconds() for _ in range(REPETITIONS)))


def _starting(command: list[str]) -> float:
    """Seconds from start to end of a process, the best of a few."""

    def seconds() -> float:
        begin = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - begin

    return rounded(min(seconds() for _ in range(STARTS)))


def rounded(value: float) -> float:
    """The value to two digits: more would be noise in the committed results."""
    digits = 1 - math.floor(math.log10(value))
    return round(value, digits) if digits > 0 else int(round(value, digits))
