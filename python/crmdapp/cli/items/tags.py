"""``crmdapp items tag`` and ``verify-tag``: labels, seals, chips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, deliver, json_text
from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._values import format_time
from crmdapp.cli.customers._common import domain_of, person, read_file
from crmdapp.cli.items._app import BAG, app
from crmdapp.cli.items._common import (
    IndexOption,
    LedgerOption,
    desk,
    indexed,
    reader,
    send_and_tell,
)
from crmdapp.cli.items.look import tell_verdict
from crmdapp.errors import UsageError

_LABEL = f"'{BAG}?chain=31337&ledger=0x5FbD…0aa3&issuer=0xf39F…2266'"

tag_app = group(
    help="Labels: QR codes, keys under seals, chips.",
    examples=(
        f"crmdapp items tag new {BAG} --key B7.key --seal B7-seal.png --label B7.png",
        "crmdapp items tag claim seal.txt --holder customer",
    ),
)

LabelArgument = Annotated[
    str, typer.Argument(metavar="LABEL", help="Text of the QR code on the label.")
]


@tag_app.callback()
def tag_group() -> None:
    """Labels: QR codes, keys under seals, chips."""


@command(
    tag_app,
    "new",
    examples=(
        f"crmdapp items tag new {BAG} --key B7.key --seal B7-seal.png --label B7.png",
        f"crmdapp items tag new {BAG} --label B7.svg --brand https://coffee.example",
    ),
)
def new(
    ctx: typer.Context,
    link: Annotated[str, typer.Argument(metavar="LINK", help="The item's GS1 Digital Link.")],
    key_file: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="New key file, for a seal.")
    ] = None,
    seal: Annotated[
        Path | None,
        typer.Option("--seal", metavar="FILE", help="With --key: what goes under the seal."),
    ] = None,
    label: Annotated[
        Path | None, typer.Option("--label", metavar="FILE", help="What everybody sees.")
    ] = None,
    brand: Annotated[
        str, typer.Option("--brand", metavar="URL", help="What the code begins with.")
    ] = "https://id.gs1.org",
    issuer: Annotated[
        str | None, typer.Option("--issuer", metavar="ADDRESS", help="The account by default.")
    ] = None,
    ledger: LedgerOption = None,
) -> None:
    """Make the label of an item, and the key under its seal.

    Files that end in .png or .svg are QR codes, others text. Commission the item with the address
    that is printed (--tag). Whoever sees the seal's code can break it: destroy the files once it
    is printed.
    """
    from dataclasses import replace

    from crmdapp.chain._files import require_creatable
    from crmdapp.chain.qr import write_link
    from crmdapp.provenance.gs1.digital_link import parse_digital_link
    from crmdapp.provenance.tags import new_tag_key, read_tag_key, tag_link

    session = session_of(ctx)
    if seal is not None and key_file is None:
        raise UsageError("A seal needs a key: add --key FILE.")
    domain = domain_of(session, "ItemLedger", ledger)
    owner = session.address_or_own(issuer)
    made = tag_link(parse_digital_link(link), domain.chain_id, domain.verifying_contract, owner)
    for path in (key_file, seal, label):
        if path is not None:
            require_creatable(path)
    address = None if key_file is None else new_tag_key(key_file).address
    if seal is not None and key_file is not None:
        write_link(seal, replace(made, seal=read_tag_key(key_file)).uri(brand))
    if label is not None:
        write_link(label, made.uri(brand))
    data = {"link": made.uri(brand), "tag": address, "key": key_file, "seal": seal, "label": label}
    pairs = [("Label", made.uri(brand))]
    if address is not None:
        pairs.append(("Tag", address))
    session.out.result(data, Facts(pairs))


@command(
    tag_app,
    "claim",
    cls=SendingCommand,
    examples=(
        "crmdapp items tag claim seal.txt --holder customer",
        "crmdapp items tag claim seal.txt --yes --json",
    ),
)
def claim(
    ctx: typer.Context,
    seal: Annotated[
        Path, typer.Argument(metavar="FILE", help="Text of the code under the seal; - is stdin.")
    ],
    holder: Annotated[
        str | None, typer.Option("--holder", metavar="ADDRESS", help="The account by default.")
    ] = None,
) -> None:
    """Break an item's seal, once: from then on a copied label is known as one.

    The code is read from a file or standard input, never from the command line, which others see.
    """
    from crmdapp.chain.accounts import LocalSigner
    from crmdapp.provenance.item_models import item_text
    from crmdapp.provenance.item_signing import sign_tag_claim
    from crmdapp.provenance.tags import parse_tag_link

    session = session_of(ctx)
    label = read_file(seal, parse_tag_link)
    if label.seal is None:
        raise UsageError("This is the label that everybody sees, not the code under the seal.")
    client = desk(session)
    client.require_domain(label.domain)
    owner = session.address_or_own(holder)
    until = session.connection.block_timestamp() + 3_600
    signed = sign_tag_claim(
        LocalSigner(label.seal), label.domain, label.item, owner, deadline=until
    )
    call = client.claim_tag_call(signed)
    about = [("Item", item_text(label.item)), ("Holder", person(session, owner))]
    send_and_tell(
        session, call, about, "The seal is broken.", item=item_text(label.item), holder=owner
    )


@command(
    tag_app,
    "challenge",
    examples=(
        f"crmdapp items tag challenge {_LABEL} --out asked.json",
        f"crmdapp items tag challenge {_LABEL}",
    ),
)
def challenge(ctx: typer.Context, label: LabelArgument, out: NewFileOption = None) -> None:
    """Make a fresh challenge for an item's chip; its answer counts for five minutes."""
    import time

    from crmdapp.provenance.tags import new_challenge, parse_tag_link

    session = session_of(ctx)
    found = parse_tag_link(label)
    asked = new_challenge(found.item, now=int(time.time()))
    text = json_text({"typedData": asked.to_json(found.domain)})
    deliver(session, text, out, {"issued_at": asked.issued_at})


@command(
    tag_app,
    "answer",
    examples=(
        "crmdapp items tag answer asked.json --device chip.pem --out answer.json",
        "crmdapp items tag answer asked.json --device chip.pem",
    ),
)
def answer(
    ctx: typer.Context,
    asked: Annotated[Path, typer.Argument(metavar="FILE", help="The challenge; - is stdin.")],
    device: Annotated[Path, typer.Option("--device", metavar="FILE", help="The chip's key file.")],
    out: NewFileOption = None,
) -> None:
    """Answer a challenge, as the chip in the label does."""
    from crmdapp.provenance.devices import Device
    from crmdapp.provenance.tags import answer_challenge, read_challenge

    session = session_of(ctx)
    question, domain = read_file(asked, read_challenge)
    signed = answer_challenge(Device.load(device), domain, question)
    deliver(session, json_text(signed.to_json()), out, {"device": signed.key.device})


@command(
    app,
    "verify-tag",
    examples=(
        f"crmdapp items verify-tag {_LABEL}",
        f"crmdapp items verify-tag {_LABEL} --challenge asked.json --answer answer.json",
    ),
)
def verify_tag(
    ctx: typer.Context,
    label: LabelArgument,
    challenge_file: Annotated[
        Path | None, typer.Option("--challenge", metavar="FILE", help="What the chip was asked.")
    ] = None,
    answer_file: Annotated[
        Path | None, typer.Option("--answer", metavar="FILE", help="What the chip signed.")
    ] = None,
    index: IndexOption = None,
) -> None:
    """Check a label: is the item known, sold, recalled, opened before, and where should it be.

    The label itself names chain and ledger; --rpc has to be a node of that chain. Exit code 8 if
    something speaks against it, as of a copied code.
    """
    import time

    from crmdapp.provenance.item_verification import verify_label
    from crmdapp.provenance.tags import ChipAnswer, parse_tag_link, read_challenge

    session = session_of(ctx)
    if (challenge_file is None) != (answer_file is None):
        raise UsageError("A chip's answer is checked with its challenge: name both files.")
    found = parse_tag_link(label)
    asked = None if challenge_file is None else read_file(challenge_file, read_challenge)[0]
    given = None if answer_file is None else read_file(answer_file, ChipAnswer.from_json)
    client = reader(session, found.ledger)
    now = int(time.time())
    with indexed(session, client, index) as copy:
        verdict = verify_label(client, copy, found, answer=given, asked=asked, now=now)
    session.out.detail(f"Looked at {format_time(now)}.")
    tell_verdict(session, verdict, link=found.link.identity, chip_checked=given is not None)
