"""The first links of an audit: the record's form, the definition, the settings."""

from __future__ import annotations

from itertools import pairwise

from crmdapp.ballots.audit_case import Case, Encoding, LinkBroken, Seen, Settings, reason_of
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.decoding import BITS_MAX
from crmdapp.ballots.definition import (
    GUARDS_MAX,
    PRECINCTS_MAX,
    QUESTIONS_MAX,
    VOTERS_MAX,
    Definition,
    read_definition,
)
from crmdapp.ballots.events import ElectionCancelled, ElectionCreated
from crmdapp.ballots.evidence import EVENTS
from crmdapp.ballots.vector import Vector
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.errors import CrmdappError, UsageError

_CHOICE, _VECTOR = 1, 2
_CANCEL = "cancel(uint64,bytes32)"


def check_record(case: Case) -> int:
    """Bring the events into one row, and check that they can have happened in it.

    Every transaction is signed, stands there once, and every event is of this election; blocks,
    times and log indices rise.

    Returns:
        How many events there are.

    Raises:
        LinkBroken: Something cannot be.
    """
    row: list[Seen] = []
    known: set[bytes] = set()
    for number, transaction in enumerate(case.record.transactions, start=1):
        place = f"transaction {number} (block {transaction.block})"
        try:
            tx_hash = transaction.signed.hash
        except CrmdappError as problem:
            raise LinkBroken(reason_of(problem), place) from None
        if tx_hash in known:
            raise LinkBroken("It stands there twice.", place)
        known.add(tx_hash)
        if not transaction.events:
            raise LinkBroken("It caused no event.", place)
        for each in transaction.events:
            row.append(Seen(each.event, each.contract, len(row), each.log_index, transaction))
    for one, other in pairwise(row):
        _require_order(one, other)
    for seen in row:
        is_theirs = type(seen.event) in EVENTS.get(seen.contract, ())
        seen.require(is_theirs, f"{seen.contract} has no such event.")
        seen.require(seen.event.election == case.record.election, "It is of another election.")
        seen.require(
            seen.transaction.block <= case.record.block and seen.time <= case.record.time,
            "It stands behind the last block of the record.",
        )
    case.row = tuple(row)
    return len(row)


def _require_order(one: Seen, other: Seen) -> None:
    before, after = one.transaction, other.transaction
    if before.block == after.block:
        is_one_block = (before.block_hash, before.time) == (after.block_hash, after.time)
        other.require(is_one_block, "Its block has two hashes or times.")
        other.require(one.log_index < other.log_index, "It stands behind a later event.")
        return
    is_later = before.block < after.block and before.time <= after.time
    other.require(is_later and before.block_hash != after.block_hash, "Its block is not later.")


def check_settings(case: Case) -> int:
    """Check what the election is, as its creation said.

    Returns:
        How many settings there are.

    Raises:
        LinkBroken: It was not created once, first; or a setting is not valid.
    """
    created = list(case.of(ElectionCreated))
    if not created:
        raise LinkBroken("The election's creation is missing.")
    first = created[0]
    first.require(first.position == 0, "Something stands before the creation.")
    if len(created) > 1:
        raise created[1].broken("The election is created twice.")
    case.settings = settings = _read(first)
    case.require_sender(first, settings.organiser, case.contracts.elections)
    function = f"create({first.event.types[-1]})"
    case.require_input(first, case.contracts.elections, function, first.event.settings)
    _check_windows(first, settings)
    _check_people(first, settings)
    case.voters_limit = _voters_limit(first, settings)
    for seen in case.of(ElectionCancelled):
        seen.require(case.cancelled is None, "It is called off twice.")
        case.require_sender(seen, settings.organiser, case.contracts.elections)
        number, reason = case.record.election, seen.event.reason_hash
        case.require_input(seen, case.contracts.elections, _CANCEL, number, reason)
        seen.require(seen.time < settings.window("opensAt"), "It is called off too late.")
        case.cancelled = seen
    return 9


def check_definition(case: Case, definition: bytes | None) -> int:
    """Check the definition against its hash and the settings.

    Args:
        case: The case.
        definition: In its canonical form; ``None`` if nobody has it.

    Returns:
        1, or 0 if there is none.

    Raises:
        LinkBroken: It is another one, or the settings are not what it says.
    """
    settings = case.known
    if definition is None:
        case.note("The definition was not at hand: the words of the questions were not checked.")
        return 0
    try:
        found = read_definition(definition)
    except CrmdappError as problem:
        raise LinkBroken(reason_of(problem), "definition") from None
    if found.hash != settings.definition_hash:
        raise LinkBroken(
            f"Its hash is 0x{found.hash.hex()}, the election's 0x{settings.definition_hash.hex()}.",
            "definition",
        )
    for name, stated, defined in _compared(settings, found):
        if stated != defined:
            raise LinkBroken(f"The election has {stated}, the definition {defined}.", name)
    return 1


def _compared(settings: Settings, found: Definition) -> list[tuple[str, object, object]]:
    return [
        ("windows", settings.windows, found.windows.seconds),
        ("precincts", settings.precincts, len(found.precincts)),
        ("minimum_turnout", settings.minimum_turnout, found.minimum_turnout),
        ("threshold", settings.threshold, found.threshold),
        ("registrar_quorum", settings.registrar_quorum, found.registrar_quorum),
        ("questions", settings.questions, tuple(each.encoding for each in found.questions)),
        ("trustees", settings.trustees, tuple(each.address for each in found.trustees)),
        ("registrars", settings.registrars, tuple(each.address for each in found.registrars)),
    ]


def _read(seen: Seen) -> Settings:
    (hash_, windows, precincts, turnout, threshold, quorum, asked, trustees, registrars) = (
        seen.event.settings
    )
    seen.require(any(hash_), "It has no definition.")
    seen.require(1 <= precincts <= PRECINCTS_MAX, f"{precincts} precincts cannot be.")
    seen.require(1 <= len(asked) <= QUESTIONS_MAX, f"{len(asked)} questions cannot be.")
    return Settings(
        organiser=seen.event.organiser,
        definition_hash=hash_,
        windows=tuple(windows),
        precincts=precincts,
        minimum_turnout=turnout,
        threshold=threshold,
        registrar_quorum=quorum,
        questions=tuple(_encoding(seen, number, each) for number, each in enumerate(asked)),
        trustees=trustees,
        registrars=registrars,
    )


def _encoding(seen: Seen, number: int, asked: tuple[int, ...]) -> Encoding:
    kind, options, least, most, bits = asked
    what = f"Question {number} cannot be:"
    try:
        if kind == _CHOICE:
            seen.require((least, most) == (1, 1), f"{what} a choice is of one option.")
            seen.require(1 <= bits <= BITS_MAX, f"{what} a count has {bits} bits.")
            return Choice(options, bits)
        seen.require(kind == _VECTOR and bits == 0, f"{what} kind {kind}, {bits} bits.")
        return Vector(options, least, most)
    except UsageError as problem:
        raise seen.broken(f"{what} {reason_of(problem)}") from None


def _check_windows(seen: Seen, settings: Settings) -> None:
    ceremony, later = settings.windows[:4], settings.windows[4:]
    rising = (
        *pairwise((seen.time, *ceremony)),
        *pairwise((seen.time, *later)),
        (ceremony[-1], settings.window("opensAt")),
    )
    for one, other in rising:
        seen.require(one < other, f"A window ends at {other}, not after {one}.")


def _check_people(seen: Seen, settings: Settings) -> None:
    for what, people, quorum in (
        ("trustees", settings.trustees, settings.threshold),
        ("registrars", settings.registrars, settings.registrar_quorum),
    ):
        seen.require(1 <= len(people) <= GUARDS_MAX, f"{len(people)} {what} cannot be.")
        seen.require(len(set(people)) == len(people), f"Of the {what} one stands there twice.")
        seen.require(ZERO_ADDRESS not in people, f"Of the {what} one is nobody.")
        seen.require(1 <= quorum <= len(people), f"{quorum} of {len(people)} {what} cannot be.")
    ordered = sorted(settings.registrars, key=lambda address: int(address, 16))
    seen.require(list(settings.registrars) == ordered, "The registrars do not rise.")


def _voters_limit(seen: Seen, settings: Settings) -> int:
    """Return the most voters of a precinct: no count of merged precincts outgrows its bits."""
    seen.require(settings.minimum_turnout >= 1, "No turnout is too small.")
    merged = 0 if settings.precincts == 1 else 2 * (settings.minimum_turnout - 1)
    limit = VOTERS_MAX
    for number, asked in enumerate(settings.questions):
        if isinstance(asked, Choice):
            most = (1 << asked.bits) - 1
            seen.require(most > merged, f"A count of question {number} could outgrow its bits.")
            limit = min(limit, most - merged)
    return limit
