"""Ponder on the events that our index was given: a server of TypeScript with PGlite as database.

Its project is in `ponder/`, its packages are installed into `.cache/ponder`. It asks only the
chain of the benchmark; its telemetry is off. Clocked is its backfill, from the moment it begins to
ask the node until it says that its tables are ready; what comes before (Node, Vite, migrations of
an empty database) is not counted.

Ponder takes a block as final 30 blocks later on a chain it does not know, and follows the last
ones in another, slower way. So the chain gets more empty blocks than that first.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import httpx
from sqlalchemy import func, select

from crmdapp.store.index import Index
from crmdapp.store.index.loyalty.tables import BALANCES, BATCHES, MOVES
from scripts.bench.chain import BenchError, Chain
from scripts.bench.python import rounded
from scripts.bootstrap import PONDER, PONDER_SOURCES, ROOT, VENV
from tests.fixtures.ports import free_port

INSTALL_SECONDS = 300.0
START_SECONDS = 60.0
BACKFILL_SECONDS = 300.0
STOP_SECONDS = 10.0
UNTIL_FINAL = 30  # blocks
POLL = 0.05  # seconds
LOG_LINES = 5  # shown if it fails

Balances = dict[tuple[int, str], int]


class PonderError(Exception):
    """Ponder could not be measured on this machine; the message says why."""


def backfill(chain: Chain, hub: str, index: Index) -> dict[str, float]:
    """Measure Ponder on the events of the points hub.

    Args:
        chain: Where the events are; it gets some empty blocks.
        hub: Address of `PointsHub`.
        index: Ours, filled from the same chain.

    Returns:
        Its events per second by its name and version; nothing, and a note on stderr, if it cannot
        be installed or does not finish in time.

    Raises:
        BenchError: Its tables differ from ours.
    """
    try:
        _install()
        chain.mine(2 * UNTIL_FINAL)  # so many that no event is near the border
        return {f"Ponder {_version()}": _measure(chain, hub, index)}
    except (PonderError, httpx.HTTPError, OSError) as error:
        print(f"  without Ponder: {error}", file=sys.stderr)
        return {}


def _install() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "bootstrap.py"), "--ponder"]
    with tempfile.TemporaryFile() as log, _process(command, os.environ, log) as process:
        try:
            failed = process.wait(INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise PonderError(f"not installed within {INSTALL_SECONDS:g} s") from None
        if failed:
            raise PonderError(f"cannot be installed\n{_tail(log)}")
    for name in ("ponder.config.ts", "ponder.schema.ts"):
        shutil.copyfile(PONDER_SOURCES / name, PONDER / name)
    shutil.copytree(PONDER_SOURCES / "src", PONDER / "src", dirs_exist_ok=True)


def _version() -> str:
    settings = json.loads((PONDER / "node_modules" / "ponder" / "package.json").read_text())
    return str(settings["version"])


def _measure(chain: Chain, hub: str, index: Index) -> float:
    """Events per second, after a look at the tables."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile() as log,
        _process(_command(port), _environment(chain, hub, folder), log) as process,
        # Not through a proxy of the user's, and nothing of theirs is sent.
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client,
    ):

        def answers(path: str) -> Callable[[], bool]:
            def look() -> bool:
                if process.poll() is not None:
                    raise PonderError(f"it ended with {process.returncode}\n{_tail(log)}")
                with suppress(httpx.TransportError):
                    return client.get(path).is_success
                return False

            return look

        _wait(answers("/health"), START_SECONDS, "start")
        begin = time.perf_counter()
        _wait(answers("/ready"), BACKFILL_SECONDS, "finish")
        seconds = time.perf_counter() - begin
        counts = client.get("/counts").raise_for_status().json()
        _compare(counts, client.get("/balances").raise_for_status().json(), index)
    return rounded(sum(counts.values()) / seconds)


def _command(port: int) -> list[str]:
    program = PONDER / "node_modules" / "ponder" / "dist" / "esm" / "bin" / "ponder.js"
    options = ["--schema", "bench", "--hostname", "127.0.0.1", "--port", str(port)]
    return [str(VENV / "bin" / "node"), str(program), "start", *options, "--log-level", "warn"]


def _environment(chain: Chain, hub: str, folder: str) -> dict[str, str]:
    """Nothing of the user's: a database, a port or a proxy named there would be taken."""
    return {
        "BENCH_CHAIN_ID": str(chain.chain_id),
        "BENCH_DATABASE": folder,
        "BENCH_HUB": hub,
        "BENCH_NODE": chain.url,
        "HOME": str(PONDER),
        "PATH": os.environ["PATH"],
        "PONDER_TELEMETRY_DISABLED": "true",
    }


@contextmanager
def _process(
    command: Sequence[str], environment: Mapping[str, str], log: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in Ponder's folder that does not outlive the block, nor what it started."""
    PONDER.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        command,
        cwd=PONDER,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _wait(is_done: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > end:
            raise PonderError(f"it did not {what} within {seconds:g} s")
        time.sleep(POLL)


def _tail(log: Any) -> str:
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-LOG_LINES:])


def _compare(counts: Mapping[str, int], balances: Sequence[Sequence[str]], index: Index) -> None:
    """Every balance, and how many transfers and batches there are."""
    theirs = {(int(program), account): int(points) for program, account, points in balances}
    with index.reading() as session:
        for name, table in (("transfers", MOVES), ("batches", BATCHES)):
            ours = session.scalar(select(func.count()).select_from(table))
            if counts[name] != ours:
                raise BenchError(f"Ponder has {counts[name]:,} {name}, the index {ours:,}")
        points = BALANCES.c.age_0 + BALANCES.c.age_1 + BALANCES.c.age_2 + BALANCES.c.age_3
        rows = session.execute(select(BALANCES.c.program, BALANCES.c.account, points))
        held: Balances = {(program, account.lower()): number for program, account, number in rows}
    if not held or theirs != held:
        raise BenchError("Ponder's balances differ from the index's")
