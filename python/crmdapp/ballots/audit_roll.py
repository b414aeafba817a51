"""The links of an audit that are about the voters: their registration, and the frozen roll."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from crmdapp.ballots.audit_case import Case, Seen
from crmdapp.ballots.events import RollChunkFrozen, VoterRegistered
from crmdapp.ballots.record import CHUNK_VOTERS, roll_chunks
from crmdapp.ballots.registration import RegistrationIntent
from crmdapp.ballots.transcripts import WORD_BYTES
from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import ZERO_ADDRESS, checksum
from crmdapp.chain.signed import long_form
from crmdapp.chain.typed_data import Domain, recover
from crmdapp.errors import VerificationFailed

_SELECTOR = keccak(b"register(uint64,(uint16,bytes32,address,uint40)[],bytes[])")[:4]
_COMPACT = 64
_WORD = WORD_BYTES
_ENTRY = 4 * _WORD
_PLACES = (0, 2 * _WORD, 3 * _WORD)
"""Where precinct, voter and deadline are in an entry; the nullifier is the word between."""

_ADDRESS = (1 << 160) - 1
_ENTRIES_MAX = 100_000
"""Most entries that are looked for in one input: twenty times what a transaction can hold."""

_Place: TypeAlias = tuple[int, bytes, str]
"""Precinct, nullifier, voter."""

_Offer: TypeAlias = tuple[int, bytes]
"""Deadline, signatures."""


def check_roll(case: Case) -> int:
    """Check every registration: its time, its signatures, its place.

    Returns:
        How many voters there are.

    Raises:
        LinkBroken: One came late, twice, out of place, or without the quorum's signatures.
    """
    settings = case.known
    case.rolls = [[] for _ in range(settings.precincts)]
    nullifiers: set[bytes] = set()
    signatures = _Signatures(case)
    for seen in case.of(VoterRegistered):
        event = seen.event
        seen.require(seen.time <= settings.window("registrationUntil"), "It came too late.")
        is_standing = case.cancelled is None or seen.position < case.cancelled.position
        seen.require(is_standing, "The election was called off.")
        seen.require(event.precinct < settings.precincts, f"There is no precinct {event.precinct}.")
        voters = case.rolls[event.precinct]
        seen.require(event.index == len(voters), f"Voter {len(voters)} of the precinct comes next.")
        seen.require(event.index < case.voters_limit, "The precinct is full.")
        seen.require(event.nullifier not in nullifiers, "The nullifier stands there twice.")
        seen.require(event.voter != ZERO_ADDRESS, "The voter is nobody.")
        signatures.require(seen)
        nullifiers.add(event.nullifier)
        voters.append(event.voter)
    return len(nullifiers)


def check_freeze(case: Case) -> int:
    """Check that the frozen roll holds the voters who were registered, in their order.

    Returns:
        How many chunks there are.

    Raises:
        LinkBroken: A chunk holds something else, came early, or stands there twice.
    """
    chunks = {
        (precinct, number): data
        for precinct, voters in enumerate(case.rolls)
        for number, data in enumerate(roll_chunks(voters))
    }
    for seen in case.of(RollChunkFrozen):
        event = seen.event
        until = case.known.window("registrationUntil")
        seen.require(seen.time > until, "Registration had not ended.")
        place = (event.precinct, event.chunk)
        seen.require(place in chunks, "No voters are left for it.")
        seen.require(place not in case.frozen, "It stands there twice.")
        code = case.record.codes.get(event.kept)
        if code is None:
            raise seen.broken(f"The code of {event.kept} is missing in the record.")
        if code != b"\0" + chunks[place]:
            first = event.chunk * CHUNK_VOTERS
            raise seen.broken(
                f"{event.kept} does not hold the voters of precinct {event.precinct} from {first}."
            )
        case.frozen[place] = seen
    return len(case.frozen)


def require_frozen(case: Case, position: int, seen: Seen) -> None:
    """Check that the whole roll was frozen before a position.

    Raises:
        LinkBroken: A chunk was not.
    """
    for precinct, voters in enumerate(case.rolls):
        for number in range(len(roll_chunks(voters))):
            frozen = case.frozen.get((precinct, number))
            if frozen is None or frozen.position > position:
                raise seen.broken(f"Chunk {number} of precinct {precinct} was not frozen.")


class _Signatures:
    """The registrars' signatures that stand in the inputs of transactions."""

    def __init__(self, case: Case) -> None:
        self._settings = case.known
        self._election = case.record.election
        self._domain = Domain("VoterRoll", "1", case.record.chain_id, case.contracts.roll)
        self._hash = b""
        self._found: dict[_Place, list[_Offer]] = {}

    def require(self, seen: Seen) -> None:
        """Check that a quorum of registrars signed a registration in time.

        Raises:
            LinkBroken: They did not, or their signatures do not stand in the transaction.
        """
        signed = seen.transaction.signed
        if signed.hash != self._hash:
            self._hash, self._found = signed.hash, defaultdict(list)
            for entry in islice(self._entries(signed.data), _ENTRIES_MAX):
                self._found[entry[0]].append(entry[1])
        event = seen.event
        offered = self._found.get((event.precinct, event.nullifier, event.voter), [])
        if not offered:
            raise seen.broken("Its signatures do not stand in the transaction's input.")
        reasons = [self._fault(seen, deadline, signatures) for deadline, signatures in offered]
        if "" not in reasons:
            raise seen.broken(reasons[0])

    def _entries(self, data: bytes) -> Iterator[tuple[_Place, _Offer]]:
        """Yield what is registered in an input, also if a contract passes the call on."""
        start = _SELECTOR + self._election.to_bytes(WORD_BYTES, "big")
        at = data.find(start)
        while at >= 0:
            yield from self._entries_of(_Words(data[at + len(_SELECTOR) :]), len(data) // _ENTRY)
            at = data.find(start, at + 1)

    def _entries_of(self, call: _Words, most: int) -> Iterator[tuple[_Place, _Offer]]:
        entries, signatures = call.number(_WORD), call.number(2 * _WORD)
        longest = _COMPACT * self._settings.registrar_quorum + 1
        for n in range(min(call.number(entries), call.number(signatures), most)):
            entry = entries + _WORD + _ENTRY * n
            precinct, voter, deadline = (call.number(entry + place) for place in _PLACES)
            nullifier = call.bytes(entry + _WORD, WORD_BYTES)
            place = signatures + _WORD + call.number(signatures + _WORD * (n + 1))
            signature = call.bytes(place + _WORD, min(call.number(place), longest))
            address = checksum(f"0x{voter & _ADDRESS:040x}")
            yield (precinct, nullifier, address), (deadline, signature)

    def _fault(self, seen: Seen, deadline: int, signatures: bytes) -> str:
        settings, event = self._settings, seen.event
        if seen.time > deadline:
            return f"It was signed until {deadline} only."
        if len(signatures) != _COMPACT * settings.registrar_quorum:
            return f"It has {len(signatures)} bytes of signatures."
        digest = RegistrationIntent(
            self._election, event.precinct, event.nullifier, event.voter, deadline
        ).digest(self._domain)
        last = -1
        for at in range(0, len(signatures), _COMPACT):
            try:
                signer = recover(digest, long_form(signatures[at : at + _COMPACT]))
            except VerificationFailed as problem:
                return f"A registrar's signature is malformed: {problem.message}"
            place = settings.registrars.index(signer) if signer in settings.registrars else -1
            if place <= last:
                return f"{signer}, who signed, is no registrar, or none behind the one before."
            last = place
        return ""


class _Words:
    """Words and bytes of an ABI-encoded call; beyond its end there are zeros.

    Read one by one, for what others put into an input may be made to unfold into gigabytes.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data

    def number(self, at: int) -> int:
        """Return the word at a place."""
        return int.from_bytes(self.bytes(at, WORD_BYTES), "big")

    def bytes(self, at: int, size: int) -> bytes:
        """Return bytes from a place on."""
        return self._data[at : at + size].ljust(size, b"\0")
