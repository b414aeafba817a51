"""``crmdapp customers store``: the company's vault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver, json_text
from crmdapp.cli._frame import AskingCommand, command, group, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import confirm
from crmdapp.cli.customers._app import app as customers_app
from crmdapp.cli.customers._common import CidArgument, hex_of, read_file, reading, word_of
from crmdapp.cli.customers._crm import OperatorOption, VaultOption
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.store.receipts import VaultReceipt
    from crmdapp.store.vault import Vault

app = group(
    name="store",
    help="The vault of your company: sealed data, and the keys you were given.",
    examples=("crmdapp customers store init", "crmdapp customers store status --json"),
)

PackageArgument = Annotated[
    Path, typer.Argument(metavar="KEYS", help="What the customer's key file made; - is stdin.")
]
SubjectArgument = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="The customer's identity for your company.")
]

_CID = "0x" + "6bd2c5b1bbd8b0ecd1ae7c1ae0c8f6c8f8a8f26ab9fdd4a4a8a9d1e6a5f4e3" + "00"
_ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
_CONSENT = "0x" + "9c22ff5f21f0b81b113e63f7db6da94fedef11b2119b4088b89664fb9a3cb658"


@app.callback()
def store_group() -> None:
    """The vault of your company: sealed data, and the keys you were given."""


@command(
    app,
    "init",
    examples=(
        "crmdapp customers store init",
        "crmdapp customers store init --vault postgresql://crm@db.example/crm",
    ),
)
def init(ctx: typer.Context, vault: VaultOption = None, operator: OperatorOption = None) -> None:
    """Make the store and the operator's key file.

    A password of the database goes into PGPASSWORD or a PGPASSFILE: what stands on a command line
    can be seen by others on this machine.
    """
    from crmdapp.store.database import open_store
    from crmdapp.store.keys import OperatorKeys

    session = session_of(ctx)
    address, path = _places(session, vault, operator)
    with open_store(address) as store:
        name = store.name
    with OperatorKeys.create(path) as keys:
        data = {
            "store": name,
            "operator": path,
            "signer": keys.signer.address,
            "reading_key": keys.reading_public_key,
        }
    session.out.say("Back both up, apart from each other.")
    session.out.result(data, _facts(data))


@command(
    app,
    "status",
    examples=("crmdapp customers store status", "crmdapp customers store status --check --json"),
)
def status(
    ctx: typer.Context,
    vault: VaultOption = None,
    operator: OperatorOption = None,
    check: Annotated[bool, typer.Option("--check", help="Read the whole store.")] = False,
) -> None:
    """Show what is in the store, and the key that customers wrap theirs to."""
    from sqlalchemy import func, select

    from crmdapp.store.database import open_store
    from crmdapp.store.keys import OperatorKeys
    from crmdapp.store.schema import DatumRow, ProfileRow

    session = session_of(ctx)
    address, path = _places(session, vault, operator)
    with open_store(address) as store, OperatorKeys(path) as keys:
        if check:
            store.check()
        with store.reading() as found:
            custodial = select(func.count()).where(ProfileRow.custodial)
            data: dict[str, Any] = {
                "store": store.name,
                "operator": path,
                "signer": keys.signer.address,
                "reading_key": keys.reading_public_key,
                "profiles": found.scalar(select(func.count()).select_from(ProfileRow)),
                "custodial": found.scalar(custodial),
                "data": found.scalar(select(func.count()).select_from(DatumRow)),
            }
        data["wraps"] = keys.rows("SELECT COUNT(*) FROM wraps")[0][0]
    session.out.result(data, _facts(data))


@command(
    app,
    "enrol",
    examples=(
        f"crmdapp customers store enrol {_CID} {_ADDRESS}",
        f"crmdapp customers store enrol {_CID} {_ADDRESS} --vault crm.sqlite3",
    ),
)
def enrol(
    ctx: typer.Context,
    cid: CidArgument,
    subject: SubjectArgument,
    vault: VaultOption = None,
    operator: OperatorOption = None,
) -> None:
    """Add a profile whose keys the customer has."""
    session = session_of(ctx)
    profile, identity = word_of(cid, "CID"), session.address(subject)
    with opened(session, vault, operator) as held:
        held.enrol(profile, identity)
    session.out.result({"profile": profile, "subject": identity}, "Added.")


@command(
    app,
    "accept",
    examples=(
        "crmdapp customers store accept keys.json",
        "crmdapp customers store accept - --vault crm.sqlite3",
    ),
)
def accept(
    ctx: typer.Context,
    package: PackageArgument,
    vault: VaultOption = None,
    operator: OperatorOption = None,
) -> None:
    """Take the keys and wraps that a customer signed, if the registries agree."""
    from crmdapp.store.epochs import KeyPackage

    session = session_of(ctx)
    found = read_file(package, KeyPackage.from_json)
    with opened(session, vault, operator) as held:
        held.accept(found)
    bundle = found.bundle.bundle
    data = {"profile": bundle.profile, "keys": len(bundle.keys), "wraps": len(found.wraps)}
    session.out.result(data, f"{data['keys']} keys and {data['wraps']} wraps taken.")


@command(
    app,
    "claim",
    examples=(
        f"crmdapp customers store claim {_ADDRESS} keys.json",
        f"crmdapp customers store claim {_ADDRESS} - --vault crm.sqlite3",
    ),
)
def claim(
    ctx: typer.Context,
    subject: SubjectArgument,
    package: PackageArgument,
    vault: VaultOption = None,
    operator: OperatorOption = None,
) -> None:
    """Hand an imported profile to its customer: seal it to their keys, and destroy yours."""
    from crmdapp.store.epochs import KeyPackage

    session = session_of(ctx)
    found = read_file(package, KeyPackage.from_json)
    profile, identity = found.bundle.bundle.profile, session.address(subject)
    with opened(session, vault, operator) as held:
        held.claim(profile, identity, found)
    session.out.result({"profile": profile, "subject": identity}, "It is the customer's now.")


@command(
    app,
    "withdraw",
    examples=(
        f"crmdapp customers store withdraw {_CONSENT} --out receipt.json",
        f"crmdapp customers store withdraw {_CONSENT} --vault crm.sqlite3",
    ),
)
def withdraw(
    ctx: typer.Context,
    consent: Annotated[str, typer.Argument(metavar="CONSENT", help="Id of the consent.")],
    vault: VaultOption = None,
    operator: OperatorOption = None,
    out: NewFileOption = None,
) -> None:
    """Delete the wraps of a consent, close its epochs, and sign a receipt."""
    session = session_of(ctx)
    with opened(session, vault, operator) as held:
        receipt = held.withdraw(word_of(consent, "CONSENT"))
    _deliver_receipt(session, receipt, out)


@command(
    app,
    "expire",
    examples=("crmdapp customers store expire", "crmdapp customers store expire --json"),
)
def expire(ctx: typer.Context, vault: VaultOption = None, operator: OperatorOption = None) -> None:
    """Do the same with every consent that is over; run it daily."""
    session = session_of(ctx)
    with opened(session, vault, operator) as held:
        receipts = held.expire()
    session.out.result(
        [item.to_json() for item in receipts], f"{len(receipts):,} consents had expired."
    )


@command(
    customers_app,
    "erase",
    cls=AskingCommand,
    examples=(
        "crmdapp customers erase erase.json --out receipt.json",
        f"crmdapp customers erase --profile {_CID} --yes --out receipt.json",
    ),
)
def erase(
    ctx: typer.Context,
    request: Annotated[
        Path | None, typer.Argument(metavar="[REQUEST]", help="The customer's signed request.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="CID", help="Or, on your own account, the profile."),
    ] = None,
    vault: VaultOption = None,
    operator: OperatorOption = None,
    out: NewFileOption = None,
) -> None:
    """Destroy keys, wraps, salts, links and sealed data of a profile for ever.

    The receipt's hash is for the customer: crmdapp customers erase-sign. The interaction log has
    secrets of its own: crmdapp customers log erase. Old backups of the key file keep what was in
    it: destroy them, too.
    """
    from crmdapp.store.epochs import SignedErasure

    session = session_of(ctx)
    if (request is None) == (profile is None):
        raise UsageError("Name the customer's signed request, or a profile.")
    signed = None if request is None else read_file(request, SignedErasure.from_json)
    cid = word_of(profile, "CID") if profile is not None else _profile_of(signed)
    with opened(session, vault, operator) as held:
        data = len(held.ciphertexts(cid, history=True))
        about = Facts([("Profile", hex_of(cid)), ("Sealed data", f"{data:,}"), ("Then", "nothing")])
        session.out.show(about, to_decide=True)
        if session.dry_run:
            return
        confirm(session, "Destroy all of it for ever?")
        receipt = held.erase(cid, signed)
    _deliver_receipt(session, receipt, out)


@contextmanager
def opened(session: Session, vault: str | None, operator: Path | None) -> Iterator[Vault]:
    """Give the company's vault; whose signature counts is asked of the registry on chain.

    Raises:
        StoreProblem: The store cannot be used.
        KeyFileProblem: The operator's key file cannot be used.
    """
    from crmdapp.customers.consents import ConsentClient
    from crmdapp.store.database import open_store
    from crmdapp.store.keys import OperatorKeys
    from crmdapp.store.vault import Vault

    client = reading(session, ConsentClient)
    address, path = _places(session, vault, operator)
    with open_store(address) as store, OperatorKeys(path) as keys:
        yield Vault(store, keys, client.domain, owner_of=client.owner_of)


def _places(session: Session, vault: str | None, operator: Path | None) -> tuple[str | Path, Path]:
    state = session.config.state_dir
    return vault or state / "vault.sqlite3", operator or state / "operator.sqlite3"


def _profile_of(signed: Any) -> bytes:
    found: bytes = signed.request.profile
    return found


def _deliver_receipt(session: Session, receipt: VaultReceipt, out: Path | None) -> None:
    session.out.say(f"Receipt {hex_of(receipt.hash)}")
    deliver(session, json_text(receipt.to_json()), out, {"receipt_hash": receipt.hash})


def _facts(data: dict[str, Any]) -> Facts:
    shown = {
        name: hex_of(value) if isinstance(value, bytes) else str(value)
        for name, value in data.items()
    }
    return Facts([(name.replace("_", " ").capitalize(), value) for name, value in shown.items()])
