"""The pieces of ``crmdapp up``: chain, contracts, index and server on this machine."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from crmdapp.chain import _files, node
from crmdapp.errors import (
    KeystoreMissing,
    PermissionDenied,
    PortInUse,
    UsageError,
    VerificationFailed,
    WrongPassword,
)

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Keystore, LocalSigner
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.journal import Journal
    from crmdapp.chain.manifest import Manifest
    from crmdapp.config import Config
    from crmdapp.store.index import Index, Step
    from crmdapp.web.settings import Settings

OPERATOR = "operator"
"""Name of the key that deploys, judges works for the gallery, and pays for what others sign."""

SHOPS = ("sample-shop", "sample-nook")

PASSWORD_FILE = "up.password"  # noqa: S105 - the name of a file
LOCK_FILE = "up.lock"
NODE_FILE = "up.node"

_WEB = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")
_BEHIND = 2  # seconds by which a chain's time may be behind this machine's
_ETHER = 100 * 10**18
_POLL = 0.02
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


# --------------------------------------------------------------------------- before anything


def require_web() -> None:
    """Check that the server's packages are installed.

    Raises:
        WebExtraMissing: They are not.
    """
    missing = [name for name in _WEB if find_spec(name) is None]
    if missing:
        from crmdapp.web.errors import WebExtraMissing

        raise WebExtraMissing(
            "The server's packages are not installed.",
            why=f"There is no {', '.join(missing)} here.",
            hint="Install them: pip install 'crmdapp[web]'",
        )


def listen(port: int, host: str = node.HOST) -> socket.socket:
    """Return a socket that listens on an address, the loopback one by default.

    Args:
        port: 0 takes a free one.
        host: Name or address of this machine.

    Raises:
        PortInUse: Somebody else listens there.
        PermissionDenied: The port may not be used.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(128)
    except PermissionError:
        found.close()
        raise PermissionDenied(
            f"Port {port} may not be used by you.", hint="Choose one above 1,023: --port."
        ) from None
    except OSError:
        found.close()
        raise PortInUse(
            f"{host}, port {port} cannot be listened on: another program does, or it is no "
            "address of this machine.",
            hint="Stop that program, or choose another port: --port 0 takes a free one.",
        ) from None
    return found


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder: two towns in one would write over each other.

    Raises:
        UsageError: Another process holds it.
        PermissionDenied: The folder cannot be written.
    """
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(state / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        raise PermissionDenied(
            f"The folder {state} cannot be written.", why=str(problem.strerror)
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UsageError(
            "crmdapp up runs already with this state folder.",
            why=f"Another process holds {state / LOCK_FILE}.",
            hint="Open the pages it serves, or name another folder: --state-dir DIR.",
        ) from None
    finally:
        os.close(handle)  # which gives the lock up


@contextmanager
def interruptible() -> Iterator[None]:
    """Let the end of the terminal, and a polite kill, end the block like Ctrl-C."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let nothing but a kill interrupt the block: a chain's state is being written."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --------------------------------------------------------------------------- chain


@contextmanager
def chain(config: Config, port: int | None, chain_id: int, begin: int | None) -> Iterator[str]:
    """Start the local chain, give its address, and stop it at the end, with its state on disk.

    A chain that somebody else started with ``crmdapp chain up`` is used, and left running.

    Args:
        config: Where its folder is.
        port: Its port; by default the usual one, or a free one if that is taken.
        chain_id: Its id.
        begin: Unix time at which a new chain begins; now by default.

    Raises:
        AnvilMissing: The program is not there.
        PortInUse: Another program listens on the port.
        NodeCrashed: It does not start.
    """
    folder, mark = config.node_dir, config.state_dir / NODE_FILE
    found = node.status(folder)
    is_own = not found.running or _marked(mark) == found.pid
    if not found.running:
        chosen = _free(node.DEFAULT_PORT) if port is None else port
        with undisturbed():  # a node that has begun must be known before anything else happens
            found = node.up(folder, chosen, chain_id, timestamp=begin)
            _files.replace(mark, str(found.pid).encode())
    try:
        yield found.url
    finally:
        if is_own:
            with undisturbed():
                node.down(folder)
                mark.unlink(missing_ok=True)


def catch_up_clock(connection: Connection) -> None:
    """Let the chain's time be this machine's, if it stood still while nothing ran."""
    now = int(time.time())
    if connection.block_timestamp() < now - _BEHIND:
        node.move_clock(connection, now)


def _marked(mark: Path) -> int | None:
    with suppress(OSError, ValueError):
        return int(mark.read_text())
    return None


def _free(port: int) -> int:
    """Return the port, or a free one if somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((node.HOST, port))
        except OSError:
            probe.bind((node.HOST, 0))
        return int(probe.getsockname()[1])


# --------------------------------------------------------------------------- keys, contracts


def password_of(config: Config) -> tuple[str, Path]:
    """Return the password of the keys made here, and the file it is in; made when first needed.

    Raises:
        PermissionDenied: The file cannot be read or written.
    """
    from crmdapp.cli._keys import read_password_file

    path = config.password_file or config.state_dir / PASSWORD_FILE
    if config.password_file is None and not path.exists():
        _files.write_new(path, secrets.token_urlsafe(12).encode() + b"\n")
    return read_password_file(path), path


def operator_of(keystore: Keystore, password: str) -> LocalSigner:
    """Return the operator's key, made when first needed.

    Raises:
        WrongPassword: There is a key of that name with another password.
    """
    try:
        return keystore.unlock(OPERATOR, password)
    except KeystoreMissing:
        return keystore.new(OPERATOR, password)


def shops(keystore: Keystore, password: str) -> dict[str, LocalSigner]:
    """Return the keys of the sample's shops, which the server acts with; none without a sample."""
    names = {item.name for item in keystore.list()}
    found: dict[str, LocalSigner] = {}
    for name in SHOPS:
        if name in names:
            with suppress(WrongPassword):  # somebody's own key of that name
                found[name] = keystore.unlock(name, password)
    return found


def deploy(
    connection: Connection,
    signer: LocalSigner,
    journal: Journal,
    path: Path,
    on_step: Callable[[str, str, str], None],
) -> Manifest:
    """Deploy what is not there yet; the operator is given ether by the node.

    Raises:
        VerificationFailed: Another release's contracts are deployed.
    """
    from crmdapp.chain.deployments import GallerySettings, Manifest, deploy_all, plan
    from crmdapp.chain.sender import Sender
    from crmdapp.chain.transactions import SendPolicy
    from crmdapp.errors import ContractMissing, WrongChain

    _fund(connection, signer.address)
    try:
        known: Manifest | None = Manifest.load(path)
        assert known is not None
        known.require_chain(connection)
    except (ContractMissing, WrongChain):
        known = None
    steps = plan(
        test_coin=True,
        gallery=GallerySettings(signer.address),
        manifest=known,
        now=connection.block_timestamp(),
    )
    sender = Sender(connection, signer, journal, policy=SendPolicy(poll=_POLL))
    try:
        return deploy_all(connection, sender, steps, path, on_step=on_step)
    except VerificationFailed as problem:
        raise VerificationFailed(
            "The state in this folder is of another release.",
            why=problem.message,
            hint="Go on with the release that made it, or begin anew beside it: --state-dir DIR.",
        ) from None


def _fund(connection: Connection, address: str) -> None:
    if connection.balance(address) >= _ETHER // 2:
        return
    own = connection.request("eth_accounts")
    message = {"from": own[0], "to": address, "value": hex(_ETHER)}
    tx_hash = str(connection.request("eth_sendTransaction", [message]))
    while connection.receipt(tx_hash) is None:
        time.sleep(_POLL)


# --------------------------------------------------------------------------- index


def fill_index(
    path: Path,
    connection: Connection,
    manifest: Manifest,
    progress: Callable[[Step], None] | None = None,
) -> bool:
    """Bring the index to the chain's head; return whether it had to be made anew.

    All that is in it is on the chain too, so nothing is lost if another release, an earlier chain,
    or more of this one than the chain kept, is in the file.
    """
    from crmdapp.store.index import open_index, rebuild_index
    from crmdapp.store.index.errors import IndexProblem, ReorgTooDeep

    try:
        with open_index(path) as index:
            _follow(index, connection, manifest, progress)
    except (IndexProblem, ReorgTooDeep):
        with rebuild_index(path) as index:
            _follow(index, connection, manifest, progress)
        return True
    return False


def _follow(
    index: Index,
    connection: Connection,
    manifest: Manifest,
    progress: Callable[[Step], None] | None,
) -> None:
    from crmdapp.store.index import Follower

    follower = Follower(index, connection, manifest)
    try:
        follower.run(progress=progress)
    finally:
        follower.close()


# --------------------------------------------------------------------------- server


def serve(settings: Settings, listener: socket.socket, on_start: Callable[[], None]) -> None:
    """Serve pages and API until Ctrl-C, a polite kill, or the end of the terminal.

    Args:
        settings: How.
        listener: Where.
        on_start: Called once it answers.

    Raises:
        CrmdappError: The server cannot be set up.
    """
    import uvicorn

    from crmdapp.web.app import create_app

    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    asyncio.run(_run(uvicorn.Server(config), listener, on_start))


async def _run(server: Any, listener: socket.socket, on_start: Callable[[], None]) -> None:
    def stop() -> None:
        server.force_exit = server.should_exit  # the second time, wait for nobody
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    # uvicorn's own serve() takes the signals over, and raises them again at its end.
    serving = asyncio.ensure_future(server._serve(sockets=[listener]))
    while not (server.started or serving.done()):
        await asyncio.sleep(_POLL)
    if server.started:
        on_start()
    await serving
