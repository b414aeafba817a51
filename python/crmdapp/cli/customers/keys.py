"""Keys and profiles of customers: rotation, guardians, root, erasure, and who signs beside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed, json_text
from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli.customers._app import app
from crmdapp.cli.customers._common import (
    CidArgument,
    DeadlineOption,
    EpochOption,
    NonceOption,
    RegistryOption,
    SignedArgument,
    ValidForOption,
    deadline_of,
    hex_of,
    nonce_of,
    word_of,
)
from crmdapp.cli.customers._signing import (
    FilesArgument,
    carry_out,
    epoch_of,
    office,
    read_signed,
    registry_of,
    send_and_tell,
    show_permission,
    sign_and_deliver,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmdapp.cli._context import Session
    from crmdapp.customers.models import Guardians

NewKeyArgument = Annotated[
    str, typer.Argument(metavar="NEW", help="The new key: its address or name.")
]
GuardianArgument = Annotated[
    list[str], typer.Argument(metavar="GUARDIANS...", help="Addresses or names of keys.")
]
ThresholdOption = Annotated[
    int, typer.Option("--threshold", min=1, metavar="NUMBER", help="How many have to sign.")
]
KeepOption = Annotated[
    Path,
    typer.Option("--keep", metavar="FILE", help="New file for the guardians; a recovery needs it."),
]

_CID = "0x" + "6bd2c5b1bbd8b0ecd1ae7c1ae0c8f6c8f8a8f26ab9fdd4a4a8a9d1e6a5f4e3" + "00"
_HASH = "0x" + "9c22ff5f21f0b81b113e63f7db6da94fedef11b2119b4088b89664fb9a3cb658"


@command(
    app,
    "rotate-sign",
    examples=(
        f"crmdapp customers rotate-sign {_CID} new-key --out rotation.json",
        f"crmdapp customers rotate-sign {_CID} new-key --account new-key --epoch 0",
    ),
)
def rotate_sign(
    ctx: typer.Context,
    cid: CidArgument,
    new: NewKeyArgument,
    epoch: EpochOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that a profile gets a new key; then let the other key countersign the file."""
    from crmdapp.customers.registry_intents import RotateIntent

    session = session_of(ctx)
    profile = word_of(cid, "CID")
    domain = registry_of(session, registry)
    intent = RotateIntent(
        profile,
        session.address(new),
        epoch_of(session, profile, epoch),
        deadline_of(session, deadline, valid_for, registry),
    )
    sign_and_deliver(session, intent, domain, out)


@command(
    app,
    "rotate",
    cls=SendingCommand,
    examples=(
        "crmdapp customers rotate rotation.json countersigned.json",
        "crmdapp customers rotate countersigned.json --account old-key --yes --json",
    ),
)
def rotate(ctx: typer.Context, files: FilesArgument) -> None:
    """Replace a profile's key, signed by the new key and by the old one.

    The old key's file may be missing if the account is the old key.
    """
    session = session_of(ctx)
    signed = [read_signed(path, "RotateIntent") for path in files]
    client = office(session)
    carry_out(session, client.prepare.rotate(signed), signed)


@command(
    app,
    "countersign",
    examples=(
        "crmdapp customers countersign rotation.json --out countersigned.json",
        "crmdapp customers countersign merge.json --account friend",
    ),
)
def countersign(ctx: typer.Context, file: SignedArgument, out: NewFileOption = None) -> None:
    """Sign with the account what somebody else has signed already.

    Read what it permits before you open the key.
    """
    from crmdapp.customers.registry_signing import sign_registry

    session = session_of(ctx)
    signed = read_signed(file)
    _require_known(session, signed.domain)
    if signed.signer == session.signer.address:
        raise UsageError(f"{signed.signer} has signed it already.", hint="Choose another --account")
    show_permission(session, signed.intent, signed.domain)
    deliver_signed(session, sign_registry(signed.intent, session.signer, signed.domain), out)


@command(
    app,
    "guardians",
    cls=SendingCommand,
    examples=(
        f"crmdapp customers guardians {_CID} sister friend --threshold 2 --keep guardians.json",
        f"crmdapp customers guardians {_CID} sister --keep guardians.json --yes --json",
    ),
)
def guardians(
    ctx: typer.Context,
    cid: CidArgument,
    accounts: GuardianArgument,
    keep: KeepOption,
    threshold: ThresholdOption = 1,
) -> None:
    """Name the guardians of the account's profile; they count after the scope's delay.

    The chain gets a hash; who they are is in the file. Run again with the same file, it is the
    same hash.
    """
    session = session_of(ctx)
    named = _guardians(session, accounts, threshold, keep)
    call = office(session).prepare.set_guardians(word_of(cid, "CID"), named.hash)
    about = [
        ("Profile", cid),
        *[("Guardian", account) for account in named.accounts],
        ("Needed", str(named.threshold)),
        ("File", str(keep)),
    ]
    send_and_tell(session, call, about, guardians_hash=named.hash, file=keep)


@command(
    app,
    "guardians-sign",
    examples=(
        f"crmdapp customers guardians-sign {_CID} sister friend --threshold 2 --keep them.json",
        f"crmdapp customers guardians-sign {_CID} sister --keep them.json --epoch 0 --out s.json",
    ),
)
def guardians_sign(
    ctx: typer.Context,
    cid: CidArgument,
    accounts: GuardianArgument,
    keep: KeepOption,
    threshold: ThresholdOption = 1,
    epoch: EpochOption = None,
    nonce: NonceOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign who the guardians are; anybody may submit it, you need no ether."""
    from crmdapp.customers.registry_intents import GuardiansIntent

    session = session_of(ctx)
    profile = word_of(cid, "CID")
    domain = registry_of(session, registry)
    named = _guardians(session, accounts, threshold, keep)
    intent = GuardiansIntent(
        profile,
        named.hash,
        epoch_of(session, profile, epoch),
        nonce_of(session, domain, nonce),
        deadline_of(session, deadline, valid_for, registry),
    )
    sign_and_deliver(session, intent, domain, out)


@command(
    app,
    "root",
    cls=SendingCommand,
    examples=(
        f"crmdapp customers root {_CID} {_HASH}",
        f"crmdapp customers root {_CID} {_HASH} --once profile-3 --yes --json",
    ),
)
def root(
    ctx: typer.Context,
    cid: CidArgument,
    commitment: Annotated[
        str, typer.Argument(metavar="ROOT", help="Commitment to the profile, 64 hex digits.")
    ],
) -> None:
    """Report a new commitment to the account's profile."""
    session = session_of(ctx)
    value = word_of(commitment, "ROOT")
    call = office(session).prepare.set_root(word_of(cid, "CID"), value)
    send_and_tell(session, call, [("Profile", cid), ("Root", hex_of(value))], root=value)


@command(
    app,
    "root-sign",
    examples=(
        f"crmdapp customers root-sign {_CID} {_HASH} --out root.json",
        f"crmdapp customers root-sign {_CID} {_HASH} --epoch 0 --valid-for 7d",
    ),
)
def root_sign(
    ctx: typer.Context,
    cid: CidArgument,
    commitment: Annotated[
        str, typer.Argument(metavar="ROOT", help="Commitment to the profile, 64 hex digits.")
    ],
    epoch: EpochOption = None,
    nonce: NonceOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign a new commitment to the profile; anybody may submit it, you need no ether."""
    from crmdapp.customers.registry_intents import RootIntent

    session = session_of(ctx)
    profile = word_of(cid, "CID")
    domain = registry_of(session, registry)
    intent = RootIntent(
        profile,
        word_of(commitment, "ROOT"),
        epoch_of(session, profile, epoch),
        nonce_of(session, domain, nonce),
        deadline_of(session, deadline, valid_for, registry),
    )
    sign_and_deliver(session, intent, domain, out)


@command(
    app,
    "erase-sign",
    examples=(
        f"crmdapp customers erase-sign {_CID} {_HASH} --out erase.json",
        f"crmdapp customers erase-sign {_CID} {_HASH} --epoch 0 --valid-for 7d",
    ),
)
def erase_sign(
    ctx: typer.Context,
    cid: CidArgument,
    receipt: Annotated[
        str,
        typer.Argument(metavar="RECEIPT", help="Hash of the erasure's receipt, 64 hex digits."),
    ],
    epoch: EpochOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign the end of the profile, for ever; anybody may submit it, you need no ether."""
    from crmdapp.customers.registry_intents import EraseIntent

    session = session_of(ctx)
    profile = word_of(cid, "CID")
    domain = registry_of(session, registry)
    intent = EraseIntent(
        profile,
        word_of(receipt, "RECEIPT"),
        epoch_of(session, profile, epoch),
        deadline_of(session, deadline, valid_for, registry),
    )
    sign_and_deliver(session, intent, domain, out)


@command(
    app,
    "submit",
    cls=SendingCommand,
    examples=(
        "crmdapp customers submit erase.json",
        "crmdapp customers submit root.json --once root-3 --yes --json",
    ),
)
def submit(ctx: typer.Context, file: SignedArgument) -> None:
    """Carry out what a customer signed: guardians, root, veto, erasure.

    The account only pays the gas.
    """
    session = session_of(ctx)
    signed = read_signed(file, "GuardiansIntent", "RootIntent", "VetoIntent", "EraseIntent")
    client = office(session)
    carry_out(
        session, client.prepare.submit(signed), [signed], permission=type(signed.intent).__name__
    )


# --------------------------------------------------------------------------- inside


def _guardians(session: Session, accounts: Sequence[str], threshold: int, keep: Path) -> Guardians:
    """Return the guardians in the file if they are these, else write them to a new one.

    It is written before anything is sent: without its salt nobody could ever recover.
    """
    from crmdapp.chain._files import OWN, create
    from crmdapp.cli.customers._common import read_file
    from crmdapp.customers.models import Guardians

    wanted = Guardians.of([session.address(account) for account in accounts], threshold)
    if not keep.exists():
        create(keep, json_text(wanted.to_json()).encode(), mode=OWN)
        session.out.say(f"The guardians are in {keep}. Keep it: a recovery needs it.")
        return wanted
    found = read_file(keep, Guardians.from_json)
    if (found.accounts, found.threshold) != (wanted.accounts, wanted.threshold):
        raise UsageError(f"{keep} holds other guardians.", hint="Name another file: --keep FILE")
    return found


def _require_known(session: Session, domain: object) -> None:
    """Warn before signing for a registry that this machine does not know."""
    from crmdapp.errors import CrmdappError

    try:
        known = registry_of(session, None)
    except CrmdappError:
        session.out.warn("The registry is not known here: compare its address before you sign.")
        return
    if known != domain:
        raise UsageError(
            "It is for another registry or chain than this machine uses.",
            hint="If it is meant, name the chain's settings: --chain-id, --deployments.",
        )
