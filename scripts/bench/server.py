"""The HTTP server: the wallet's page, and signed redemptions relayed, over loopback.

The server is a process of its own; so is the chain. This process asks, over connections that are
kept, as a proxy in front would.

    python -m scripts.bench.server RPC MANIFEST FOLDER PORT      the server's process
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from sqlalchemy import insert

from crmdapp.chain import Journal, LocalSigner, Sender, SendPolicy, connect
from crmdapp.chain._keccak import keccak
from crmdapp.chain.deployments import deploy_all, plan
from crmdapp.loyalty import LoyaltyClient, ProgramConfig
from crmdapp.loyalty.intents import NO_TERMS, RedeemIntent, sign_batch
from crmdapp.loyalty.points import UNLIMITED
from scripts.bench.chain import BenchError, Chain
from scripts.bench.table import Row
from tests.fixtures.anvil import Anvil
from tests.fixtures.ports import free_port

BRANDS = 5
VIEWS, VIEWERS = 600, 8
REDEMPTIONS, REDEEMERS = 320, 32
_RICH = 10**22
_COOKIE = "bench" * 9
_FAR = 2**39

Ask = Callable[[HTTPConnection], None]


def measure(_chain: Chain) -> Iterator[Row]:
    """Yield the rows of the server, on a chain of its own."""
    with Anvil() as node, tempfile.TemporaryDirectory() as name:
        town = _Town(node, Path(name))
        with town.served() as port:
            yield from _wallet(port)
            yield from _relay(port, town)


def _wallet(port: int) -> Iterator[Row]:
    """The page with the points of five brands, of somebody who has signed in."""

    def ask(line: HTTPConnection) -> None:
        line.request("GET", "/wallet", headers={"Cookie": f"crmdapp={_COOKIE}"})
        _require(line, b"Brand 4")

    _measured(port, [ask] * VIEWERS, VIEWERS)  # the first ones fill caches
    rate, slowest = _measured(port, [ask] * VIEWS, VIEWERS)
    shown = f"the wallet's page with {BRANDS} brands, {VIEWERS} visitors at a time"
    yield Row("api", shown, rate, "requests/s", target=50)
    yield Row("api", f"{shown}, p99", slowest, "ms", target=500)


def _relay(port: int, town: _Town) -> Iterator[Row]:
    """Redemptions from signature to receipt: checked, journalled, batched, mined."""
    asks = [_redeeming(body, town.key) for body in town.redemptions(REDEMPTIONS)]
    rate, slowest = _measured(port, asks, REDEEMERS)
    shown = f"signed redemptions relayed until mined, {REDEEMERS} at a time"
    yield Row("api", shown, rate, "redemptions/s", target=20)
    yield Row("api", f"{shown}, p99", slowest, "ms", target=5_000)


def _redeeming(body: bytes, key: str) -> Ask:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def ask(line: HTTPConnection) -> None:
        line.request("POST", "/v1/intents", body, headers)
        _require(line, b'"state":"done"')

    return ask


def _require(line: HTTPConnection, words: bytes) -> None:
    answer = line.getresponse()
    body = answer.read()
    if answer.status != 200 or words not in body:
        raise BenchError(f"the server answered {answer.status}: {body[:200]!r}")


def _measured(port: int, asks: Sequence[Ask], at_once: int) -> tuple[float, float]:
    """Return requests a second, and the milliseconds that 99 of 100 do not exceed."""

    def run(share: Sequence[Ask]) -> list[float]:
        line = HTTPConnection("127.0.0.1", port, timeout=120)
        taken = []
        for ask in share:
            clock = time.perf_counter()
            ask(line)
            taken.append(time.perf_counter() - clock)
        line.close()
        return taken

    clock = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        shares = [asks[start::at_once] for start in range(at_once)]
        taken = sorted(item for share in pool.map(run, shares) for item in share)
    seconds = time.perf_counter() - clock
    slowest = taken[min(len(taken) - 1, int(len(taken) * 0.99))]
    return round(len(asks) / seconds, 1), round(slowest * 1000, 1)


class _Town:
    """Five brands, one customer with points of each, and what the server needs.

    Attributes:
        key: The API key of the brands.
    """

    def __init__(self, node: Anvil, folder: Path) -> None:
        from crmdapp.web.security.api_keys import ApiKeys, hash_of
        from crmdapp.web.state import open_state, sessions

        self._node, self._folder = node, folder
        self._merchant = LocalSigner(keccak(b"merchant"))
        self._customer = LocalSigner(keccak(b"customer"))
        node.set_balance(self._merchant.address, _RICH)
        self.manifest = folder / "31337.json"
        with connect(node.url) as connection, Journal(folder / "town.sqlite3") as journal:
            sender = Sender(connection, self._merchant, journal, policy=SendPolicy(poll=0.01))
            steps = plan(connection.block_timestamp(), 86_400, test_coin=True)
            manifest = deploy_all(connection, sender, steps, self.manifest)
            client = LoyaltyClient.at(connection, manifest, sender)
            self._domain = client.domain
            self._programs = [self._brand(client, number) for number in range(BRANDS)]
        state = open_state(folder / "web.sqlite3")
        keys = ApiKeys(state)
        _, self.key = keys.new(self._merchant.address, ("relay",), account="merchant")
        with state.writing() as session:
            values = {"address": self._customer.address, "expires_at": _FAR}
            session.execute(insert(sessions).values(hash=hash_of(_COOKIE), **values))
        state.close()

    def _brand(self, client: LoyaltyClient, number: int) -> int:
        config = ProgramConfig(name=f"Brand {number}", symbol=f"B{number}")
        program = client.create_program(config).id
        client.set_issuer(program, self._merchant.address, UNLIMITED)
        client.award(program, self._customer.address, 10_000_000)
        return program

    def redemptions(self, count: int) -> list[bytes]:
        """Return so many signed redemptions of one brand, as the server takes them."""
        program = self._programs[0]
        until = int(time.time()) + 7 * 86_400
        intents = [
            RedeemIntent(
                program, program, NO_TERMS, self._customer.address, 100, 1_000 + order, until
            )
            for order in range(count)
        ]
        signed = sign_batch(intents, self._customer, self._domain)
        return [json.dumps(item.to_json()).encode() for item in signed]

    @contextmanager
    def served(self) -> Iterator[int]:
        """Run the server while the block lasts; gives its port."""
        port = free_port()
        words = [self._node.url, str(self.manifest), str(self._folder), str(port)]
        command = [sys.executable, "-m", "scripts.bench.server", *words]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            _await(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server is ready and its index has everything."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        line = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            line.request("GET", "/readyz")
            answer = line.getresponse()
            if answer.status == 200 and json.loads(answer.read())["lag"] == 0:
                return
        except OSError:
            pass
        finally:
            line.close()
        time.sleep(0.1)
    raise BenchError("the server did not start")


def main(arguments: Sequence[str]) -> int:
    """Serve until terminated; returns the exit code."""
    import uvicorn

    from crmdapp.web.app import create_app
    from crmdapp.web.settings import Settings

    rpc, manifest, folder, port = arguments
    settings = Settings(
        rpc=(rpc,),
        manifest=Path(manifest),
        state_dir=Path(folder),
        index=Path(folder) / "index.sqlite3",
        port=int(port),
        local=True,
        poll=0.5,
        signers={"merchant": LocalSigner(keccak(b"merchant"))},
        rate=10_000.0,
        burst=10_000,
        address_rate=10_000.0,
        address_burst=10_000,
    )
    app = create_app(settings)
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error", access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
