"""Deploy the contracts with Ape and write down where they are.

    ape run deploy                                            on a local chain of its own
    ape run deploy --network ethereum:sepolia:node --account shop
    ape run deploy --network ethereum:sepolia:node --check

Addresses, constructor arguments, blocks, compiler settings and source hashes go to
`deployments/<chain id>.json`. Run again, it deploys only what is missing. What is deployed are the
artifacts inside the Python package, so the code on the chain is the code that the package knows.
`crmdapp deploy` does the same with a key file and without Ape.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import ape
import click
from ape.cli import ConnectedProviderCommand

from crmdapp.chain import (
    Connection,
    Journal,
    Manifest,
    Sender,
    Signer,
    connect,
    node,
    signer_from_environment,
)
from crmdapp.chain.deployments import (
    LOCAL_CHAIN_IDS,
    GallerySettings,
    check,
    deploy_all,
    open_manifest,
    plan,
)
from crmdapp.config import PRIVATE_KEY_VARIABLE, load_config
from crmdapp.errors import (
    EXIT_VERIFICATION,
    CrmdappError,
    KeystoreMissing,
    PermissionDenied,
    UsageError,
    WrongChain,
)

if TYPE_CHECKING:
    from ape.api import AccountAPI, ProviderAPI

ROOT = Path(__file__).resolve().parent.parent


@click.command(cls=ConnectedProviderCommand)
@click.option("--account", help="Ape account that pays; a test account if local.")
@click.option("--genesis", type=click.IntRange(min=0), help="Start of the first epoch, Unix time.")
@click.option("--epoch-length", type=click.IntRange(min=60), help="Seconds in an epoch.")
@click.option("--coin", help="Stablecoin to settle in (ERC-20); a test coin if local.")
@click.option("--check", "only_check", is_flag=True, help="Compare the chain with the artifacts.")
def cli(
    account: str | None,
    genesis: int | None,
    epoch_length: int | None,
    coin: str | None,
    only_check: bool,
) -> None:
    """Deploy the contracts, or check those that are deployed."""
    provider = ape.networks.provider
    try:
        with _reach(provider) as connection:
            path = _folder() / f"{connection.chain_id}.json"
            if only_check:
                sys.exit(_check(connection, path))
            with _manifest_path(provider, connection, path) as target:
                payer = _payer(provider, account)
                worthless = _is_local(provider) or connection.chain_id in LOCAL_CHAIN_IDS
                clock = (genesis, epoch_length)
                _deploy(connection, payer, target, clock, coin, test_coin=worthless)
    except CrmdappError as error:
        lines = (f"{error.code}: {error.message}", error.why, error.hint)
        click.echo("\n".join(line for line in lines if line), err=True)
        sys.exit(error.exit_code)


class ApeSigner:
    """An Ape account as the signer of a sender.

    Args:
        account: A test account, a key file, a hardware wallet: whatever Ape can sign with.
        provider: The connected network.
    """

    def __init__(self, account: AccountAPI, provider: ProviderAPI) -> None:
        self._account = account
        self._ecosystem = provider.network.ecosystem

    @property
    def address(self) -> str:
        """The account's address, checksummed."""
        return str(self._account.address)

    def sign_transaction(self, tx: dict[str, Any]) -> bytes:
        """Return the signed transaction, ready to be sent.

        Raises:
            PermissionDenied: The account did not sign.
        """
        fields = {name: value for name, value in tx.items() if name not in ("to", "gas")}
        transaction = self._ecosystem.create_transaction(
            **fields, gas_limit=tx["gas"], receiver=tx.get("to")
        )
        signed = self._account.sign_transaction(transaction)
        if signed is None:
            raise PermissionDenied(f"The account {self.address} did not sign; nothing was sent.")
        return bytes(signed.serialize_transaction())

    def sign_digest(self, digest: bytes) -> bytes:
        """Deploying signs transactions only.

        Raises:
            PermissionDenied: Always.
        """
        raise PermissionDenied(f"An Ape account does not sign the digest {digest.hex()} here.")


def _folder() -> Path:
    """Where manifests are: what the settings say, else `deployments` beside the contracts."""
    config = load_config()
    chosen = config.sources["deployments"] != "default"
    return config.deployments if chosen else ROOT / "deployments"


def _deploy(
    connection: Connection,
    payer: Signer,
    path: Path,
    clock: tuple[int | None, int | None],
    coin: str | None,
    *,
    test_coin: bool,
) -> None:
    manifest = open_manifest(connection, path)
    steps = plan(
        *clock,
        coin=coin,
        test_coin=test_coin,
        gallery=GallerySettings(payer.address),
        manifest=manifest,
        now=connection.block_timestamp(),
    )
    with _journal() as journal:
        sender = Sender(connection, payer, journal)
        manifest = deploy_all(connection, sender, steps, path, on_step=_report)
    click.echo(f"{len(manifest)} contracts of chain {connection.chain_id} are in {path.name}.")


def _check(connection: Connection, path: Path) -> int:
    results = check(connection, Manifest.load(path))
    for result in results:
        mark = "ok      " if result.ok else "DIFFERS "
        click.echo(f"{mark} {result.name} {result.address} {result.detail}")
    return 0 if all(result.ok for result in results) else EXIT_VERIFICATION


def _report(name: str, what: str, address: str) -> None:
    click.echo(f"{what:8} {name} {address}")


@contextmanager
def _reach(provider: ProviderAPI) -> Iterator[Connection]:
    """The node that Ape is connected to, reached by the package's own client."""
    uri = getattr(provider, "http_uri", None) or getattr(provider, "uri", None)
    if not uri or not str(uri).startswith(("http://", "https://")):
        raise UsageError(
            f"The Ape provider {provider.name} has no http address.",
            hint="Name one: --network ethereum:mainnet:https://...",
        )
    # Ape takes a local network's chain id from its settings, without asking the node.
    chain_id = None if _is_local(provider) else provider.chain_id
    with connect(str(uri), chain_id=chain_id) as connection:
        yield connection


@contextmanager
def _journal() -> Iterator[Journal]:
    """The user's journal; one that is thrown away for a chain that is thrown away as well."""
    if not _is_local(ape.networks.provider):
        with Journal(load_config().journal_path) as journal:
            yield journal
        return
    with TemporaryDirectory() as folder, Journal(Path(folder) / "journal.sqlite3") as journal:
        yield journal


@contextmanager
def _manifest_path(provider: ProviderAPI, connection: Connection, path: Path) -> Iterator[Path]:
    """Where to write the manifest.

    A local chain of Ape ends with the command, so what an earlier one left behind is overwritten;
    but not the manifest of the persistent local node, which has the same chain id.
    """
    if not _is_local(provider) or _is_current(path, connection):
        yield path
    elif _is_of_local_node(path):
        click.echo(f"{path.name} belongs to the node of `crmdapp chain up` and is kept.", err=True)
        with TemporaryDirectory() as folder:
            yield Path(folder) / path.name
    else:
        path.unlink()
        yield path


def _is_of_local_node(path: Path) -> bool:
    """Whether the manifest is, or may be, about the persistent local node's chain."""
    status = node.status(load_config().node_dir)
    if not status.running:
        return status.state_file.exists()
    with connect(status.url) as connection:
        return _is_current(path, connection)


def _is_current(path: Path, connection: Connection) -> bool:
    """Whether there is no manifest yet, or one about this very chain."""
    if not path.exists():
        return True
    try:
        Manifest.load(path).require_chain(connection)
    except WrongChain:
        return False
    return True


def _payer(provider: ProviderAPI, alias: str | None) -> Signer:
    if alias is not None:
        if alias not in ape.accounts.aliases:
            raise KeystoreMissing(
                f"Ape has no account {alias!r}.", hint="`ape accounts list` shows them."
            )
        return ApeSigner(ape.accounts.load(alias), provider)
    if os.environ.get(PRIVATE_KEY_VARIABLE):
        return signer_from_environment()
    if _is_local(provider):
        return ApeSigner(ape.accounts.test_accounts[0], provider)
    raise UsageError(
        f"Say which account pays on {provider.network.name}.",
        hint=f"Add --account ALIAS (see `ape accounts list`), or set {PRIVATE_KEY_VARIABLE}.",
    )


def _is_local(provider: ProviderAPI) -> bool:
    return bool(provider.network.is_local)
