"""The registrars' list of citizens, as a file, and the files of what they signed.

A line names one citizen: official id, the address of the fresh voting key, the number of the
precinct, and perhaps the attestation that vouches for them. The list stays with the registrars.
What comes of it, one signed registration to a line, holds nullifiers and can be published.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from io import StringIO

from crmdapp.ballots.faults import RegistrationMixed
from crmdapp.ballots.registration import (
    SignedRegistration,
    join_signatures,
    normalised,
)
from crmdapp.chain._signed_json import read_word
from crmdapp.chain.addresses import ZERO_ADDRESS, parse_address
from crmdapp.errors import CrmdappError, FileFault, FileRejected, UsageError

COLUMNS = ("official_id", "voter", "precinct")
ATTESTATION = "attestation"


@dataclass(frozen=True, slots=True)
class Citizen:
    """Somebody to register.

    Attributes:
        official_id: As the registry of citizens has it. Secret.
        voter: Address of the fresh key.
        precinct: From 0.
        attestation: Uid of the statement about them, 32 bytes; empty for none.
        line: Where the citizen stands in the file.
    """

    official_id: str = field(repr=False)
    voter: str
    precinct: int
    attestation: bytes
    line: int


def read_citizens(text: str, name: str, *, precincts: int) -> tuple[Citizen, ...]:
    """Return the citizens of a list in CSV, with a line of names.

    Args:
        text: The list.
        name: What to call it.
        precincts: How many the election has.

    Raises:
        FileRejected: It has faults; ``faults`` names line and column of each, never an id.
    """
    lines = csv.DictReader(StringIO(text), strict=True)
    heading = list(lines.fieldnames or ())
    if heading not in ([*COLUMNS], [*COLUMNS, ATTESTATION]):
        reason = f"the first line must be {','.join(COLUMNS)}, perhaps with {ATTESTATION}"
        raise FileRejected(f"{name} is no list of citizens.", [FileFault(1, "", reason)])
    found: list[Citizen] = []
    faults: list[FileFault] = []
    try:
        for row in lines:
            _take(row, lines.line_num, precincts, found, faults)
    except csv.Error as problem:
        faults.append(FileFault(lines.line_num, "", f"it is no CSV: {problem}"))
    faults += _doubled(found)
    faults.sort(key=lambda fault: fault.line)
    if faults or not found:
        raise FileRejected(
            f"{name} has {len(faults)} faults." if faults else f"{name} names nobody.",
            faults,
            hint="Mend the lines named; nobody was registered.",
        )
    return tuple(found)


def _take(
    row: dict[str, str | None],
    line: int,
    precincts: int,
    found: list[Citizen],
    faults: list[FileFault],
) -> None:
    def cell(column: str, parse: Callable[[str], object]) -> object:
        try:
            return parse((row.get(column) or "").strip())
        except (CrmdappError, ValueError) as problem:
            faults.append(FileFault(line, column, str(problem).rstrip(".")))
            return None

    if None in row or None in row.values():
        faults.append(FileFault(line, "", "it has more or fewer values than the first line"))
        return
    before = len(faults)
    official_id = cell("official_id", _official_id)
    voter = cell("voter", _voter)
    precinct = cell("precinct", lambda text: _precinct(text, precincts))
    attestation = cell(ATTESTATION, _attestation) if ATTESTATION in row else b""
    if len(faults) == before:
        assert isinstance(official_id, str)
        assert isinstance(voter, str)
        assert isinstance(precinct, int)
        assert isinstance(attestation, bytes)
        found.append(Citizen(official_id, voter, precinct, attestation, line))


def _official_id(text: str) -> str:
    normalised(text)
    return text


def _voter(text: str) -> str:
    # What stands in the wrong column may be an id: no value of this file is ever quoted.
    try:
        address = parse_address(text)
    except ValueError:
        raise ValueError("it must be an address with its EIP-55 checksum") from None
    if address == ZERO_ADDRESS:
        raise ValueError("the zero address is no key")
    return address


def _precinct(text: str, precincts: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) >= precincts:
        raise ValueError(f"it must be a whole number from 0 to {precincts - 1}")
    return int(text)


def _attestation(text: str) -> bytes:
    try:
        return read_word(text, ATTESTATION)
    except UsageError:
        raise ValueError("it must be 64 hex digits") from None


def _doubled(citizens: Sequence[Citizen]) -> list[FileFault]:
    faults: list[FileFault] = []
    ids: dict[str, int] = {}
    voters: dict[str, int] = {}
    for each in citizens:
        first = ids.setdefault(normalised(each.official_id), each.line)
        if first != each.line:
            faults.append(FileFault(each.line, "official_id", f"it stands in line {first} too"))
        first = voters.setdefault(each.voter, each.line)
        if first != each.line:
            faults.append(FileFault(each.line, "voter", f"it stands in line {first} too"))
    return faults


def registrations_text(registrations: Iterable[SignedRegistration]) -> str:
    """Return signed registrations as a file holds them, one to a line."""
    return "".join(
        json.dumps(each.to_json(), separators=(",", ":")) + "\n" for each in registrations
    )


def read_registrations(text: str, name: str) -> list[SignedRegistration]:
    """Return the signed registrations of a file.

    Raises:
        FileRejected: It has faults; ``faults`` names line and reason of each.
    """
    found: list[SignedRegistration] = []
    faults: list[FileFault] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(SignedRegistration.from_json(line))
        except CrmdappError as problem:
            faults.append(FileFault(number, "", problem.message.rstrip(".")))
    if faults or not found:
        raise FileRejected(
            f"{name} has {len(faults)} faults." if faults else f"{name} holds no registration.",
            faults,
        )
    return found


def join_registrations(parts: Iterable[SignedRegistration]) -> list[SignedRegistration]:
    """Return registrations with the signatures of all files, in the order of the first file.

    Raises:
        RegistrationMixed: Two files say different things about one citizen.
        UsageError: There is none, or they are for different elections or rolls.
        IntentSignatureInvalid: A signature is nobody's.
    """
    grouped: dict[tuple[int, bytes], list[SignedRegistration]] = {}
    for each in parts:
        grouped.setdefault((each.intent.election, each.intent.nullifier), []).append(each)
    if len({election for election, _ in grouped}) > 1:
        raise UsageError("The files are for different elections.", hint="Give one at a time.")
    if not grouped:
        raise UsageError("There is no registration to join.")
    found: list[SignedRegistration] = []
    for (_, nullifier), same in grouped.items():
        try:
            found.append(join_signatures(same))
        except RegistrationMixed as problem:
            problem.message = f"The files differ about nullifier 0x{nullifier.hex()}."
            raise
    return found
