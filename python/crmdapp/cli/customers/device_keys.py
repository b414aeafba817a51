"""``crmdapp customers keys``: the customer's own key file; no node and no account is needed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, json_text
from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._values import format_time, parse_span
from crmdapp.cli.customers._common import (
    CidArgument,
    RegistryOption,
    domain_of,
    hex_of,
    read_file,
    word_of,
)
from crmdapp.cli.customers._consent import (
    TermsArgument,
    deliver_private,
    opened_device,
    read_terms_of,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.store.device import DeviceKeys
    from crmdapp.store.epochs import KeyPackage
    from crmdapp.store.recovery import Share

app = group(
    name="keys",
    help="Your own keys to your data, in one encrypted file.",
    examples=("crmdapp customers keys new", "crmdapp customers keys show --json"),
)

DeviceOption = Annotated[
    Path | None, typer.Option("--device", metavar="FILE", help="Your key file.")
]
CategoryOption = Annotated[
    list[str] | None,
    typer.Option("--category", metavar="TERM", help="Kind of data, such as EmailAddress; repeat."),
]
SharesArgument = Annotated[
    list[Path], typer.Argument(metavar="SHARES...", help="Files with one recovery share each.")
]

_CID = "0x" + "6bd2c5b1bbd8b0ecd1ae7c1ae0c8f6c8f8a8f26ab9fdd4a4a8a9d1e6a5f4e3" + "00"
_ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
_KEY = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"


@app.callback()
def keys_group() -> None:
    """Your own keys to your data, in one encrypted file."""


@command(
    app,
    "new",
    examples=(
        "crmdapp customers keys new",
        "crmdapp customers keys new --device phone.keys --password-file phone.password",
    ),
)
def new(ctx: typer.Context, device: DeviceOption = None) -> None:
    """Make your key file; its password is asked for twice, or read from a file."""
    from crmdapp.chain._files import require_creatable
    from crmdapp.cli._keys import ask_new_password
    from crmdapp.store.device import DeviceKeys

    session = session_of(ctx)
    path = _path(session, device)
    if path.parent.is_dir():
        require_creatable(path)
    password = ask_new_password(session.config, session.out, path.name)
    with DeviceKeys.create(path, password) as keys:
        guardian_key = keys.guardian_key
    session.out.say(
        "Keep a copy of the file, and make recovery shares: crmdapp customers keys share"
    )
    session.out.result({"file": path, "guardian_key": guardian_key}, f"Written to {path}.")


@command(
    app,
    "show",
    examples=(
        "crmdapp customers keys show",
        f"crmdapp customers keys show --company {_ADDRESS} --chain-id 1",
    ),
)
def show(
    ctx: typer.Context,
    device: DeviceOption = None,
    company: Annotated[
        str | None,
        typer.Option("--company", metavar="COMPANY", help="Show your identity for this company."),
    ] = None,
) -> None:
    """Show your profiles and who has keys to them; no key is shown.

    A company knows you by the identity that you have for it and for no other.
    """
    session = session_of(ctx)
    with _opened(session, device) as keys:
        data: dict[str, object] = {
            "guardian_key": keys.guardian_key,
            "profiles": [
                {
                    "profile": profile,
                    "consents": [
                        {"consent_id": item.consent_id, "until": item.expiry}
                        for item in keys.grants(profile)
                    ],
                }
                for profile in keys.profiles()
            ],
        }
        pairs = [("Key for shares", hex_of(keys.guardian_key))]
        for profile in keys.profiles():
            pairs.append(("Profile", hex_of(profile)))
            pairs += [
                ("  consent", f"{hex_of(item.consent_id)} until {format_time(item.expiry)}")
                for item in keys.grants(profile)
            ]
        if company is not None:
            chain_id = session.config.chain_id or session.connection.chain_id
            subject = keys.subject(chain_id, session.address(company))
            data["subject"] = subject
            pairs.append(("Identity", subject))
    session.out.result(data, Facts(pairs))


@command(
    app,
    "publish",
    examples=(
        f"crmdapp customers keys publish {_CID} --company {_ADDRESS} --category EmailAddress",
        f"crmdapp customers keys publish {_CID} --again --out keys.json",
    ),
)
def publish(
    ctx: typer.Context,
    cid: CidArgument,
    company: Annotated[
        str | None,
        typer.Option("--company", metavar="COMPANY", help="Keeps the vault; asked for once."),
    ] = None,
    category: CategoryOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Make every wrap again: a package was lost.")
    ] = False,
    registry: RegistryOption = None,
    device: DeviceOption = None,
    out: NewFileOption = None,
) -> None:
    """Make the keys that a company seals your data to, and sign their public halves.

    Give the file to the company that keeps your data. What it seals with it, it cannot read.
    """
    from crmdapp.customers import codes

    session = session_of(ctx)
    profile = word_of(cid, "CID")
    wanted = codes.category_bits(category or ())
    domain = None if company is None else domain_of(session, "ConsentRegistry", registry)
    with _opened(session, device) as keys:
        if profile not in keys.profiles():
            if domain is None or company is None or not wanted:
                raise UsageError(
                    "Your file has no keys for this profile yet.",
                    hint="Name the company that keeps it, and what data: --company, --category",
                )
            keys.add_profile(profile, domain, session.address(company), wanted)
        elif wanted:
            keys.add_categories(profile, wanted)
        _hand_over(session, keys.publish(profile, now=_now(), again=again), out)


@command(
    app,
    "wrap",
    examples=(
        f"crmdapp customers keys wrap {_CID} consent.json {_KEY} --out keys.json",
        f"crmdapp customers keys wrap {_CID} request.json {_KEY} --until 1893456000",
    ),
)
def wrap(
    ctx: typer.Context,
    cid: CidArgument,
    terms: TermsArgument,
    reader: Annotated[
        str,
        typer.Argument(metavar="READER", help="The company's public key for reading, 64 digits."),
    ],
    until: Annotated[
        int | None,
        typer.Option("--until", metavar="SECONDS", help="Later end of a renewed consent."),
    ] = None,
    device: DeviceOption = None,
    out: NewFileOption = None,
) -> None:
    """Wrap the keys that a consent opens for the company that you gave it to.

    Only the kinds of data in the consent, and those they include, open. Give the file to the
    company that keeps your data.
    """
    from crmdapp.customers import codes
    from crmdapp.store.device import Grant

    session = session_of(ctx)
    agreed = read_terms_of(terms)
    permission = agreed.permission
    grant = Grant(
        consent_id=agreed.consent_id,
        company=agreed.data_controller.account,
        categories=codes.covered(permission.categories, codes.CATEGORIES),
        grantee_key=word_of(reader, "READER"),
        expiry=permission.valid_until if until is None else until,
    )
    with _opened(session, device) as keys:
        profile = word_of(cid, "CID")
        _hand_over(session, keys.consent(profile, grant, now=_now()), out)


@command(
    app,
    "withdraw",
    examples=(
        f"crmdapp customers keys withdraw {_CID} consent.json --out keys.json",
        f"crmdapp customers keys withdraw {_CID} request.json --device phone.keys",
    ),
)
def withdraw(
    ctx: typer.Context,
    cid: CidArgument,
    terms: TermsArgument,
    device: DeviceOption = None,
    out: NewFileOption = None,
) -> None:
    """Change the keys so that a withdrawn consent opens nothing new; the others read on.

    Withdraw the consent on chain, too: crmdapp customers consent withdraw
    """
    session = session_of(ctx)
    consent_id = read_terms_of(terms).consent_id
    with _opened(session, device) as keys:
        package = keys.withdraw(word_of(cid, "CID"), consent_id, now=_now())
        _hand_over(session, package, out)


@command(
    app,
    "erase",
    examples=(
        f"crmdapp customers keys erase {_CID} --out erase.json",
        f"crmdapp customers keys erase {_CID} --valid-for 24h --forget --out erase.json",
    ),
)
def erase(
    ctx: typer.Context,
    cid: CidArgument,
    valid_for: Annotated[
        str, typer.Option("--valid-for", metavar="SPAN", help="How long: 24h, 7d.")
    ] = "7d",
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete your own keys to it, too: for ever.")
    ] = False,
    device: DeviceOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that a company has to destroy everything it keeps of a profile.

    The company runs: crmdapp customers erase FILE
    """
    session = session_of(ctx)
    profile = word_of(cid, "CID")
    with _opened(session, device) as keys:
        signed = keys.request_erasure(profile, deadline=_now() + parse_span(valid_for))
        deliver_private(session, json_text(signed.to_json()), out, {"digest": signed.digest})
        if forget:
            keys.forget(profile)


@command(
    app,
    "share",
    examples=(
        "crmdapp customers keys share --threshold 2 --count 3 --out-dir shares",
        f"crmdapp customers keys share --threshold 2 --to {_KEY} --to {_KEY} --out-dir shares",
    ),
)
def share(
    ctx: typer.Context,
    out_dir: Annotated[
        Path, typer.Option("--out-dir", metavar="DIR", help="New folder for the shares.")
    ],
    threshold: Annotated[
        int, typer.Option("--threshold", metavar="NUMBER", help="How many open your file.")
    ] = 2,
    count: Annotated[int, typer.Option("--count", metavar="NUMBER", help="How many are made.")] = 3,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="KEY", help="Seal a share to this keeper's key; repeat."),
    ] = None,
    device: DeviceOption = None,
) -> None:
    """Make recovery shares: enough of them open a copy of your file without its password.

    Give each to somebody else, and a copy of the file to anybody. A keeper's key is shown by:
    crmdapp customers keys show
    """
    from crmdapp.store.recovery import split

    session = session_of(ctx)
    keepers = [word_of(item, "--to") for item in to or ()]
    with _opened(session, device) as keys:
        made = split(keys.file_key, threshold=threshold, count=len(keepers) or count)
    files = _write_shares(out_dir, made, keepers)
    session.out.say(f"Any {threshold} of them open a copy of your file. Give them away.")
    session.out.result({"threshold": threshold, "files": files}, *(str(item) for item in files))


@command(
    app,
    "open-share",
    examples=(
        "crmdapp customers keys open-share sealed-share-1.txt --out share.txt",
        "crmdapp customers keys open-share sealed-share-1.txt --device phone.keys --out s.txt",
    ),
)
def open_share(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A share sealed to your key.")],
    device: DeviceOption = None,
    out: NewFileOption = None,
) -> None:
    """Open a share that you keep for somebody, to give it back to them."""
    from crmdapp.store.recovery import open_share as opened

    session = session_of(ctx)
    sealed = read_file(file, _hex)
    with _opened(session, device) as keys:
        found = opened(sealed, keys.guardian_private_key())
    deliver_private(session, found.to_text() + "\n", out, {"share": found.index})


@command(
    app,
    "restore",
    examples=(
        "crmdapp customers keys restore copy.keys share-1.txt share-3.txt",
        "crmdapp customers keys restore copy.keys share-1.txt share-2.txt --device new.keys",
    ),
)
def restore(
    ctx: typer.Context,
    copy: Annotated[Path, typer.Argument(metavar="COPY", help="A copy of your key file.")],
    shares: SharesArgument,
    device: DeviceOption = None,
) -> None:
    """Open a copy of your key file with recovery shares, and give it a new password."""
    from crmdapp.chain._files import OWN, create
    from crmdapp.cli._keys import ask_new_password
    from crmdapp.store.device import DeviceKeys
    from crmdapp.store.recovery import Share, combine

    session = session_of(ctx)
    secret = combine([read_file(path, Share.parse) for path in shares])
    path = _path(session, device)
    password = ask_new_password(session.config, session.out, path.name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        create(path, copy.read_bytes(), mode=OWN)
    except OSError as problem:
        raise UsageError(f"{copy} cannot be read: {problem.strerror}.") from None
    try:
        with DeviceKeys.restore(path, secret, password) as keys:
            profiles = keys.profiles()
    except BaseException:
        path.unlink()
        raise
    session.out.say("The shares are used up: make new ones with crmdapp customers keys share")
    session.out.result({"file": path, "profiles": profiles}, f"Written to {path}.")


def _path(session: Session, device: Path | None) -> Path:
    return device or session.config.state_dir / "device.sqlite3"


@contextmanager
def _opened(session: Session, device: Path | None) -> Iterator[DeviceKeys]:
    with opened_device(session, _path(session, device)) as keys:
        yield keys


def _now() -> int:
    return int(time.time())


def _hand_over(session: Session, package: KeyPackage, out: Path | None) -> None:
    data = {"keys": len(package.bundle.bundle.keys), "wraps": len(package.wraps)}
    deliver_private(session, json_text(package.to_json()), out, data)


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        raise UsageError("The sealed share is no hex data.") from None


def _write_shares(folder: Path, made: list[Share], keepers: list[bytes]) -> list[Path]:
    from crmdapp.chain._files import OWN, create
    from crmdapp.store.recovery import seal_share

    sealed = [seal_share(item, key).hex() for item, key in zip(made, keepers, strict=False)]
    try:
        folder.mkdir(mode=0o700)
    except OSError as problem:
        raise UsageError(
            f"The folder {folder} cannot be made: {problem.strerror}.", hint="Choose a new name."
        ) from None
    name = "sealed-share" if keepers else "share"
    texts = sealed or [item.to_text() for item in made]
    files = [folder / f"{name}-{item.index}.txt" for item in made]
    for path, content in zip(files, texts, strict=True):
        create(path, f"{content}\n".encode(), mode=OWN)
    return files
