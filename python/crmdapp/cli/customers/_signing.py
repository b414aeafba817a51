"""What the commands that sign, and those that carry out what was signed, have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import deliver_signed
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import format_time
from crmdapp.cli.customers._common import domain_of, hex_of, read_file, sending

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain, TypedData
    from crmdapp.cli._context import Session
    from crmdapp.customers.models import Customer
    from crmdapp.customers.registry import RegistryClient
    from crmdapp.customers.registry_intents import RegistryIntent
    from crmdapp.customers.registry_signing import SignedRegistryIntent

FilesArgument = Annotated[
    list[Path],
    typer.Argument(metavar="FILES...", help="The same intent, one file for each who signed."),
]

_LABELS = {
    "scope": "Scope",
    "tag": "Tag",
    "root": "Root of the profile",
    "controller": "Key",
    "level": "Level",
    "cid": "Profile",
    "epoch": "Epoch",
    "deadline": "Until",
    "from_": "Profile",
    "into": "Leads to",
    "from_epoch": "Its epoch",
    "into_epoch": "The other's epoch",
    "new_controller": "New key",
    "by_guardians": "By guardians",
    "guardians_hash": "Guardians",
    "receipt_hash": "Receipt",
    "identity": "Identity",
    "new_owner": "New owner",
    "delegate_type": "May do",
    "delegate": "Delegate",
    "validity": "Seconds",
    "name": "Name",
    "value": "Value",
    "topic": "Topic",
    "pseudonym": "Pseudonym",
}


def facts_of(intent: TypedData) -> list[tuple[str, str]]:
    """Return what an intent permits, for people."""
    found = [("Permission", type(intent).__name__)]
    for name, _, _ in intent.members():
        value = getattr(intent, name)
        if name == "deadline":
            found.append((_LABELS[name], format_time(value)))
        elif name in _LABELS:
            found.append((_LABELS[name], _shown(value)))
    return found


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return hex_of(value) if isinstance(value, bytes) else str(value)


def registry_of(session: Session, registry: str | None) -> Domain:
    """Return what to sign for at the registry, without a node if it is known here."""
    return domain_of(session, "CustomerRegistry", registry)


def epoch_of(session: Session, cid: bytes, epoch: int | None) -> int:
    """Return the epoch that was given, or that of the profile on chain."""
    return customer_of(session, cid).epoch if epoch is None else epoch


def customer_of(session: Session, cid: bytes) -> Customer:
    """Return a profile as it stands."""
    from crmdapp.cli.customers._common import reading
    from crmdapp.customers.registry import RegistryClient

    return reading(session, RegistryClient).customer(cid)


def office(session: Session) -> RegistryClient:
    """Return the registry for commands that send."""
    from crmdapp.customers.registry import RegistryClient

    return sending(session, RegistryClient)


def sign_and_deliver(
    session: Session, intent: RegistryIntent, domain: Domain, out: Path | None
) -> None:
    """Show an intent, sign it with the account and print it, or write it to a new file.

    Raises:
        UsageError: A value is out of its range.
        KeyProblem: The key can not be opened.
    """
    from crmdapp.customers.registry_signing import require_sensible, sign_registry

    require_sensible(intent)
    show_permission(session, intent, domain)
    deliver_signed(session, sign_registry(intent, session.signer, domain), out)


def show_permission(session: Session, intent: TypedData, domain: Domain) -> None:
    """Tell the person who signs what is signed, where it holds, and with which key."""
    session.out.say("You sign this:")
    session.out.show(
        Facts(
            [
                ("Account", session.signer.address),
                *facts_of(intent),
                ("Chain", str(domain.chain_id)),
                ("Contract", domain.verifying_contract),
            ]
        )
    )


def read_signed(path: Path, *kinds: str) -> SignedRegistryIntent:
    """Return what one attestor, customer or guardian signed.

    Raises:
        UsageError: The file can not be read, or holds nothing of these kinds.
    """
    from crmdapp.customers.registry_signing import SignedRegistryIntent

    return read_file(path, lambda text: SignedRegistryIntent.from_json(text, *kinds))


def carry_out(
    session: Session, call: Call, signed: Sequence[SignedRegistryIntent], **data: Any
) -> Receipt | None:
    """Send what was signed and print its receipt; ``None`` if it was a dry run."""
    about = [*facts_of(signed[0].intent), *(("Signed by", item.signer) for item in signed)]
    return send_and_tell(session, call, about, **data)


def send_and_tell(
    session: Session, call: Call, about: Sequence[tuple[str, str]], **data: Any
) -> Receipt | None:
    """Send a call and print its receipt beside further data; ``None`` if it was a dry run."""
    receipt = send(session, call, about)
    if receipt is not None:
        session.out.result({**data, **receipt_data(receipt)}, receipt_line(receipt))
    return receipt
