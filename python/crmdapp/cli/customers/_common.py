"""Arguments, options and steps that several commands of this group share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from crmdapp.cli._values import parse_span, parse_time
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.client import ContractClient
    from crmdapp.chain.typed_data import Domain
    from crmdapp.cli._context import Session

ClientT = TypeVar("ClientT", bound="ContractClient")
T = TypeVar("T")

DeadlineOption = Annotated[
    str | None,
    typer.Option("--deadline", metavar="TIME", help="Last moment: a date or Unix seconds."),
]
ValidForOption = Annotated[
    str, typer.Option("--valid-for", metavar="SPAN", help="Or how long: 15m, 24h, 7d.")
]
NonceOption = Annotated[
    int | None,
    typer.Option(
        "--nonce", min=0, metavar="NUMBER", help="Unused number; counted here if left out."
    ),
]
RegistryOption = Annotated[
    str | None,
    typer.Option(
        "--registry", metavar="ADDRESS", help="The registry; with --chain-id no node is needed."
    ),
]
EpochOption = Annotated[
    int | None,
    typer.Option(
        "--epoch", min=0, metavar="NUMBER", help="Changes of the key so far; asked of the chain."
    ),
]
CidArgument = Annotated[
    str, typer.Argument(metavar="CID", help="Id of the profile, 64 hex digits.")
]
ScopeArgument = Annotated[int, typer.Argument(metavar="SCOPE", min=0, help="Number of the scope.")]
SignedArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="File with what was signed; - is standard input.")
]


def reading(session: Session, kind: type[ClientT]) -> ClientT:
    """Return a client of the contract in the manifest, for commands that only read.

    Raises:
        ContractMissing: The contract is not deployed on the chain.
    """
    return kind.at(session.connection, session.manifest)


def sending(session: Session, kind: type[ClientT]) -> ClientT:
    """Return a client of the contract in the manifest, for commands that send.

    Raises:
        ContractMissing: The contract is not deployed on the chain.
    """
    return kind.at(session.connection, session.manifest, session.sender)


def domain_of(session: Session, contract: str, address: str | None = None) -> Domain:
    """Return what to sign for, asking a node only if address or chain id are not known here.

    Args:
        session: The command's session.
        contract: Name of the contract, in the manifest and for signing.
        address: Its address, if it was given with the command.

    Raises:
        UsageError: The address was given without the chain's id.
        ContractMissing: The contract is not in the manifest.
    """
    from crmdapp.chain.manifest import Manifest
    from crmdapp.chain.typed_data import Domain

    chain_id = session.config.chain_id
    if address is not None:
        if chain_id is None:
            raise UsageError(
                "With the contract's address the chain must be named too.",
                hint="Add --chain-id, such as 1.",
            )
        return Domain(contract, "1", chain_id, session.address(address))
    if chain_id is not None:
        path = session.config.manifest_path(chain_id)
        if path.is_file():
            return Domain(contract, "1", chain_id, Manifest.load(path).address(contract))
    place = session.manifest.address(contract)
    return Domain(contract, "1", session.connection.chain_id, place)


def deadline_of(
    session: Session, deadline: str | None, valid_for: str, address: str | None = None
) -> int:
    """Return a deadline in Unix seconds, counted from the chain's time if a node is there.

    Args:
        session: The command's session.
        deadline: The moment, if it was given.
        valid_for: The span from now on otherwise.
        address: The contract's address, if it was given with the command.

    Raises:
        UsageError: Neither a moment nor a span.
    """
    import time

    if deadline is not None:
        return parse_time(deadline)
    offline = address is not None or session.config.chain_id is not None
    now = int(time.time()) if offline else session.connection.block_timestamp()
    return now + parse_span(valid_for)


def nonce_of(session: Session, domain: Domain, nonce: int | None) -> int:
    """Return the nonce that was given, or one no other intent signed on this machine carries."""
    from crmdapp.loyalty.nonces import NonceBook

    if nonce is not None:
        return nonce
    with NonceBook(session.config.state_dir / "nonces.sqlite3") as book:
        return book.take(domain, session.signer.address)


def word_of(text: str, what: str) -> bytes:
    """Return 32 bytes that were written as 64 hex digits.

    Raises:
        UsageError: They were not; the message calls them ``what``.
    """
    from crmdapp.chain._signed_json import read_word

    return read_word(text, what)


def hex_of(value: bytes) -> str:
    """Return bytes as they are shown, with 0x."""
    return "0x" + value.hex()


def person(session: Session, address: str) -> str:
    """Return an address, with the name of its key if there is one."""
    name = session.name_of(address)
    return f"{address} ({name})" if name else address


def read_file(path: Path, parse: Callable[[str], T]) -> T:
    """Return what a UTF-8 file holds; ``-`` is standard input.

    Raises:
        UsageError: It cannot be read, or is not what is wanted.
    """
    if str(path) == "-":
        return parse(sys.stdin.read())
    try:
        return parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.") from None
