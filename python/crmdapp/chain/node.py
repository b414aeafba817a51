"""A local Ethereum node: anvil on the loopback address, its state kept on disk.

The node is a process of its own that outlives the one that started it. Its folder holds
``node.json`` (process id, port), ``state.json`` (written when it stops and every minute),
``state.backup.json`` (as it was before the last start) and ``node.log``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdapp.chain import _files
from crmdapp.chain._rpc import FailoverClient
from crmdapp.errors import (
    AnvilMissing,
    CrmdappError,
    NodeCrashed,
    NodeProblem,
    PermissionDenied,
    PortInUse,
    UsageError,
)

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection

HOST = "127.0.0.1"
DEFAULT_PORT = 8545
DEFAULT_CHAIN_ID = 31337

_START_SECONDS = 30.0
_RELEASE_SECONDS = 3.0
_STATE_INTERVAL = 60
_LOG_LINES = 5
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """How the local node does.

    Attributes:
        running: Whether it answers.
        pid: Its process id; ``None`` if it does not run.
        port: Its port.
        url: Its address.
        chain_id: Its chain id.
        state_file: Where its state is kept.
        log_file: Where its messages go.
        detail: What is wrong, or the number of its latest block.
    """

    running: bool
    pid: int | None
    port: int
    url: str
    chain_id: int
    state_file: Path
    log_file: Path
    detail: str


def up(
    directory: Path | str,
    port: int = DEFAULT_PORT,
    chain_id: int = DEFAULT_CHAIN_ID,
    *,
    timestamp: int | None = None,
    block_time: int | None = None,
) -> NodeStatus:
    """Start the local node, or leave it alone if it runs already, and return its status.

    Args:
        directory: Its folder; created if missing.
        port: Port on the loopback address, 1 to 65,535.
        chain_id: Chain id of a new chain.
        timestamp: Unix time of a new chain's first block; now by default.
        block_time: Seconds between blocks; by default one block for each transaction.

    Raises:
        AnvilMissing: The program is not found.
        PortInUse: Something else listens on the port.
        UsageError: It runs already on another port or with another chain id.
        NodeCrashed: It does not start; the message has its last words.
        PermissionDenied: The folder cannot be written.
    """
    folder = Path(directory)
    if not 1 <= port <= 65_535:
        raise UsageError(f"A port is a number from 1 to 65,535, not {port}.")
    now = status(folder)
    if now.running:
        if (now.port, now.chain_id) != (port, chain_id):
            raise UsageError(
                f"The local node runs already, on port {now.port} with chain id {now.chain_id}.",
                hint="Stop it first: crmdapp chain down.",
            )
        return now
    program = find_anvil()
    _require_free(port)
    _prepare(folder)
    words = [program, "--host", HOST, "--port", str(port), "--chain-id", str(chain_id)]
    words += ["--state", str(folder / "state.json"), "--state-interval", str(_STATE_INTERVAL)]
    words += ["--hardfork", "osaka", "--enable-tx-gas-limit", "--silent"]
    begun = _beginning(folder, timestamp)
    if begun is not None:
        words += ["--timestamp", str(begun)]
    if block_time is not None:
        words += ["--block-time", str(block_time)]
    with (folder / "node.log").open("wb") as log:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    _children[process.pid] = process
    record = {"pid": process.pid, "port": port, "chain_id": chain_id}
    _files.replace(folder / "node.json", json.dumps(record).encode())
    return _wait_until_up(folder, process)


def down(directory: Path | str, *, timeout: float = 60.0) -> NodeStatus:
    """Stop the local node, wait until its state is on disk, and return its status.

    Args:
        directory: Its folder.
        timeout: Seconds to wait for it to end.

    Raises:
        NodeCrashed: It does not end; it is left running, because its state would be lost.
        PermissionDenied: It belongs to another user.
    """
    folder = Path(directory)
    record = _record(folder)
    pid = record["pid"] if record else None
    if pid is not None and _is_node(pid):
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        except PermissionError:
            raise PermissionDenied(f"The local node (process {pid}) is not yours.") from None
        deadline = time.monotonic() + timeout
        while _is_node(pid):
            if time.monotonic() > deadline:
                raise NodeCrashed(
                    f"The local node (process {pid}) did not end within {timeout:g} s.",
                    why="It may still be writing its state.",
                    hint=f"Wait and try again, or end it yourself: kill {pid}.",
                )
            time.sleep(0.02)
    (folder / "node.json").unlink(missing_ok=True)
    return status(folder)


def status(directory: Path | str) -> NodeStatus:
    """Return how the local node does; starts and stops nothing."""
    folder = Path(directory)
    record = _record(folder)
    if record is None:
        return _status(folder, None, None, "not started")
    pid: int = record["pid"]
    if not _is_node(pid):
        words = last_words(folder)
        return _status(folder, record, None, "stopped by itself" + (f": {words}" if words else ""))
    try:
        client = FailoverClient([_url(record["port"])], timeout=2.0, patience=2.0)
        block = int(client.request("eth_blockNumber", [])["result"], 16)
        client.close()
    except (NodeProblem, KeyError, TypeError, ValueError):
        return _status(folder, record, pid, "the process runs but does not answer", running=False)
    return _status(folder, record, pid, f"block {block:,}", running=True)


def move_clock(connection: Connection, timestamp: int) -> None:
    """Make the next block one of that Unix time, which is after the latest block's.

    Only development nodes answer to it; others refuse with ``NodeRefused``.
    """
    connection.request("evm_setNextBlockTimestamp", [timestamp])
    connection.request("evm_mine")


def find_anvil() -> str:
    """Return the path of the anvil program: on PATH, beside Python, or in a ``node_modules``.

    Raises:
        AnvilMissing: It is in none of these.
    """
    for candidate in _candidates():
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return str(candidate)
    raise AnvilMissing(
        "The program anvil is not found.",
        why="It is neither on PATH nor in a node_modules folder here or above.",
        hint="Install Foundry (https://getfoundry.sh), or: npm install @foundry-rs/anvil. "
        "Any other Ethereum node works too: --rpc or CRMDAPP_RPC.",
    )


def last_words(directory: Path | str) -> str:
    """Return the last lines of the node's log on one line, empty if there are none."""
    try:
        lines = (Path(directory) / "node.log").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return " | ".join(line.strip() for line in lines if line.strip())[-500:] if lines else ""


def _candidates() -> Iterator[Path]:
    found = shutil.which("anvil")
    if found:
        yield Path(found)
    yield Path(sys.prefix) / "bin" / "anvil"
    for folder in (Path.cwd(), *Path.cwd().parents):
        modules = folder / "node_modules"
        if modules.is_dir():
            yield modules / ".bin" / "anvil"
            yield from sorted(modules.glob("@foundry-rs/anvil-*/bin/anvil"))


def _require_free(port: int) -> None:
    deadline = time.monotonic() + _RELEASE_SECONDS
    while not _is_free(port):
        # What a connection that just ended leaves behind goes away; who listens does not.
        if _is_answered(port) or time.monotonic() > deadline:
            raise PortInUse(
                f"Another program listens on port {port}.",
                why=_neighbour(port),
                hint=f"Choose another port (--port {port + 1}), or stop that program.",
            )
        time.sleep(0.05)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise PermissionDenied(
                f"Port {port} may not be used by you.", hint="Choose one above 1,023: --port."
            ) from None
        except OSError:
            return False
    return True


def _is_answered(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def _neighbour(port: int) -> str:
    try:
        client = FailoverClient([_url(port)], timeout=1.0, patience=1.0)
        version = client.request("web3_clientVersion", []).get("result")
        client.close()
    except CrmdappError:
        return "It is no Ethereum node."
    return f"It is an Ethereum node with chain id {client.chain_id} ({str(version)[:60]})."


def _prepare(folder: Path) -> None:
    """Make the folder, and keep a copy of the state as it was before this start.

    Raises:
        NodeCrashed: The state file was cut off when the node was killed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise PermissionDenied(
            f"The folder {folder} cannot be made.", why=str(problem.strerror)
        ) from None
    state, backup = folder / "state.json", folder / "state.backup.json"
    if not state.exists():
        return
    if not _is_whole(state):
        raise NodeCrashed(
            f"The local chain's state file {state} is damaged.",
            why="The node was killed while it wrote it.",
            hint=f"Put the copy {backup} in its place, or remove it to start a new chain.",
        )
    shutil.copyfile(state, backup)


def _beginning(folder: Path, timestamp: int | None) -> int | None:
    """Return the time of the chain's first block, and keep it for the next start.

    A node that goes on with a state makes a first block first. Were its time another, the chain
    would have two, of which the next start takes either. ``None`` if nobody kept the time.
    """
    path = folder / "beginning"
    if not (folder / "state.json").exists():
        begun = int(time.time()) if timestamp is None else timestamp
        _files.replace(path, str(begun).encode())
        return begun
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _is_whole(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.read(1)
        file.seek(-min(path.stat().st_size, 8), os.SEEK_END)
        return first == b"{" and file.read().rstrip().endswith(b"}")


def _wait_until_up(folder: Path, process: subprocess.Popen[bytes]) -> NodeStatus:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        now = status(folder)
        if now.running:
            return now
        time.sleep(0.02)
    words = last_words(folder)
    ended = process.poll()
    if ended is None:
        process.terminate()
        process.wait()
    (folder / "node.json").unlink(missing_ok=True)
    raise NodeCrashed(
        "The local node did not start.",
        why=words
        or (f"It ended with status {ended}." if ended is not None else "It does not answer."),
        hint=f"Its messages are in {folder / 'node.log'}.",
    )


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        raw = json.loads((folder / "node.json").read_bytes())
        return {name: int(raw[name]) for name in ("pid", "port", "chain_id")}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _status(
    folder: Path,
    record: dict[str, Any] | None,
    pid: int | None,
    detail: str,
    *,
    running: bool = False,
) -> NodeStatus:
    port = record["port"] if record else DEFAULT_PORT
    return NodeStatus(
        running=running,
        pid=pid,
        port=port,
        url=_url(port),
        chain_id=record["chain_id"] if record else DEFAULT_CHAIN_ID,
        state_file=folder / "state.json",
        log_file=folder / "node.log",
        detail=detail,
    )


def _url(port: int) -> str:
    return f"http://{HOST}:{port}"


def _is_node(pid: int) -> bool:
    """Return whether that process lives and is anvil: ids are given again after a restart."""
    child = _children.get(pid)
    if child is not None:
        if child.poll() is None:
            return True
        del _children[pid]
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return "anvil" in _command(pid)


def _command(pid: int) -> str:
    """Return the words a process was started with, or its name while it ends; empty if it has."""
    try:
        name, _, state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
        fields = state.split()
        if fields[0] == "Z" and int(fields[17]) <= 1:
            return ""  # all its threads ended; its parent has not asked yet
        # The kernel takes the words away before it closes the port.
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode() or name
    except OSError:
        found = subprocess.run(
            ["ps", "-p", str(pid), "-o", "command="], capture_output=True, check=False
        )
        return found.stdout.decode(errors="replace")
