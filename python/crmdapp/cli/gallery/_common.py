"""Arguments, options and steps that several commands of this group share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.customers._common import hex_of, person, reading, sending
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection
    from crmdapp.cli._context import Session
    from crmdapp.provenance.artworks import ArtworksClient
    from crmdapp.provenance.curators import BoardClient
    from crmdapp.provenance.history import HeadAt
    from crmdapp.provenance.models import Currency

WorkArgument = Annotated[
    str, typer.Argument(metavar="WORK", help="Id of the work, or its file.", show_default=False)
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The work's file.")]
SubmissionArgument = Annotated[
    Path, typer.Argument(metavar="SUBMISSION", help="File that the artist signed.")
]
PriceArgument = Annotated[
    str, typer.Argument(metavar="PRICE", help="Decimal amount, such as 0.5 or 1250.")
]
CurrencyOption = Annotated[
    int,
    typer.Option(
        "--currency", min=0, max=255, metavar="ROW", help="Row of the currency table; 0 is ether."
    ),
]
ContractOption = Annotated[
    str | None,
    typer.Option("--contract", metavar="ADDRESS", help="The gallery; no manifest is needed then."),
]
HeaderOption = Annotated[
    str | None,
    typer.Option(
        "--header-from", metavar="URL", help="Another node, whose block header is believed."
    ),
]
BlockHashOption = Annotated[
    str | None,
    typer.Option("--block-hash", metavar="HASH", help="Or a block's hash known from elsewhere."),
]
CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="Id of the case, 64 hex digits.")]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="TO", help="Who gets it; the account by default.")
]

_ID = re.compile(r"0x[0-9a-fA-F]{1,64}|[0-9]{1,78}")


def gallery_reader(session: Session, contract: str | None = None) -> ArtworksClient:
    """Return the gallery for commands that only read.

    Raises:
        ContractMissing: It is not deployed on the chain.
    """
    from crmdapp.provenance.artworks import ArtworksClient

    if contract is None:
        return reading(session, ArtworksClient)
    client = ArtworksClient(session.connection, session.address(contract))
    client.contract.require_code()
    return client


def gallery_sender(session: Session) -> ArtworksClient:
    """Return the gallery for commands that send."""
    from crmdapp.provenance.artworks import ArtworksClient

    return sending(session, ArtworksClient)


def board_reader(session: Session) -> BoardClient:
    """Return the board for commands that only read."""
    from crmdapp.provenance.curators import BoardClient

    return reading(session, BoardClient)


def board_sender(session: Session) -> BoardClient:
    """Return the board for commands that send."""
    from crmdapp.provenance.curators import BoardClient

    return sending(session, BoardClient)


def is_id(text: str) -> bool:
    """Return whether a text is the id of a work, not the name of a file."""
    return _ID.fullmatch(text) is not None and not Path(text).exists()


def parse_id(text: str) -> int:
    """Return the id that a person wrote.

    Raises:
        UsageError: It is none.
    """
    if not _ID.fullmatch(text) or int(text, 0 if text.startswith("0x") else 10) >> 256:
        raise UsageError(
            f"{text[:80]!r} is no id of a work.", hint="Write 0x and up to 64 hex digits."
        )
    return int(text, 16 if text.startswith("0x") else 10)


def work_of(client: ArtworksClient, text: str) -> int:
    """Return the work that a person named, by its id or by its file.

    Raises:
        UsageError: It is neither.
        ArtworkUnknown: The file has no record.
    """
    if is_id(text):
        return parse_id(text)
    path = Path(text)
    if not path.is_file():
        raise UsageError(
            f"{text[:80]!r} is neither the id of a work nor a file.",
            hint="Write 0x and up to 64 hex digits, or the name of the work's file.",
        )
    from crmdapp.provenance.fingerprints import hash_file

    return client.latest_id(hash_file(path).keccak)


def proven_head(
    session: Session, client: ArtworksClient, header_from: str | None, block_hash: str | None
) -> HeadAt:
    """Return the head of the history, proved against a header from where the person said.

    Raises:
        UsageError: Two sources were named.
        HeaderInvalid: A header does not have its block's hash.
        StateProofInvalid: The node's proof does not lead to the header.
    """
    if header_from is not None and block_hash is not None:
        raise UsageError("Name another node, or a block's hash, not both.")
    if header_from is None:
        return client.head(block_hash=block_hash)
    with _other_node(session, header_from) as other:
        return client.head(header_from=other)


def _other_node(session: Session, url: str) -> Connection:
    from crmdapp.chain.connection import connect

    return connect(url, chain_id=session.connection.chain_id, timeout=session.config.timeout)


def work_facts(
    session: Session, client: ArtworksClient, id_: int, *more: tuple[str, str]
) -> list[tuple[str, str]]:
    """Return what a person has to see of a work before deciding about it.

    Raises:
        ArtworkUnknown: There is no such work.
    """
    record, state = client.record(id_), client.state(id_)
    facts = [("Work", hex(id_)), ("Artist", person(session, record.artist))]
    facts.append(("Owner", "nobody yet" if state.owner is None else person(session, state.owner)))
    if record.is_revoked:
        facts.append(("REVOKED", "the curators have found against this record"))
    return [*facts, *more]


def paid(row: Currency, price: int) -> tuple[str, str]:
    """Return a price for people, with the coin it is in: its symbol proves nothing."""
    shown = row.format_price(price)
    return ("Price", shown if row.token is None else f"{shown} (coin {row.token})")


def money_data(row: Currency, price: int) -> dict[str, Any]:
    """Return a price as JSON data."""
    return {
        "price": price,
        "currency": row.index,
        "token": row.token,
        "amount": str(row.base_units(price)),
        "shown": row.format_price(price),
    }


def moment(at: int) -> tuple[str, str]:
    """Return a moment for people, and as JSON has it."""
    return format_time(at), iso_time(at)


def case_of(text: str) -> bytes:
    """Return the id of a case."""
    from crmdapp.chain._signed_json import read_word

    return read_word(text, "CASE")


def list_of(items: Sequence[str]) -> str:
    """Return several things in one line; ``-`` for none."""
    return ", ".join(items) or "-"


__all__ = [
    "BlockHashOption",
    "CaseArgument",
    "ContractOption",
    "CurrencyOption",
    "FileArgument",
    "HeaderOption",
    "PriceArgument",
    "SubmissionArgument",
    "ToOption",
    "WorkArgument",
    "board_reader",
    "board_sender",
    "case_of",
    "gallery_reader",
    "gallery_sender",
    "hex_of",
    "is_id",
    "list_of",
    "moment",
    "money_data",
    "paid",
    "parse_id",
    "person",
    "proven_head",
    "work_facts",
    "work_of",
]
