"""Trackers for people: 64 digits in groups, or 24 words that are easier to read out and compare.

The words are those of BIP-39, eleven bits each, the last one with a checksum, so that a word that
was misheard is noticed. They are public, and no key of anything.

Source: BIP-39, "Mnemonic code for generating deterministic keys".
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from crmdapp.errors import UsageError

TRACKER_BYTES = 32
WORDS = 24
_BITS = 11


def tracker_words(tracker: bytes) -> tuple[str, ...]:
    """Return the 24 words of a tracker of 32 bytes."""
    number = int.from_bytes(tracker + sha256(tracker).digest()[:1], "big")
    words = _words()
    shifts = range(_BITS * (WORDS - 1), -1, -_BITS)
    return tuple(words[number >> shift & (1 << _BITS) - 1] for shift in shifts)


def tracker_groups(tracker: bytes) -> str:
    """Return a tracker as sixteen groups of four digits."""
    digits = tracker.hex()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def read_tracker(text: str) -> bytes:
    """Return a tracker from its digits, in groups or not, or from its words.

    Raises:
        UsageError: It is neither; or a word is wrong.
    """
    parts = text.lower().split()
    if len(parts) == WORDS and all(part.isalpha() for part in parts):
        return _from_words(parts)
    try:
        tracker = bytes.fromhex("".join(parts).removeprefix("0x"))
    except ValueError:
        tracker = b""
    if len(tracker) != TRACKER_BYTES:
        raise UsageError(
            "A tracker is 64 hex digits, or 24 words.",
            hint="Compare it with what you wrote down.",
        )
    return tracker


def _from_words(parts: list[str]) -> bytes:
    places = {word: place for place, word in enumerate(_words())}
    number = 0
    for position, part in enumerate(parts, start=1):
        if part not in places:
            raise UsageError(
                f"Word {position} is none that trackers have.",
                hint="Compare it with what you wrote down.",
            )
        number = number << _BITS | places[part]
    data = number.to_bytes(TRACKER_BYTES + 1, "big")
    tracker, check = data[:TRACKER_BYTES], data[TRACKER_BYTES:]
    if sha256(tracker).digest()[:1] != check:
        raise UsageError(
            "These words are no tracker: one of them is wrong, or two changed places.",
            hint="Compare them with what you wrote down.",
        )
    return tracker


@cache
def _words() -> tuple[str, ...]:
    from eth_account.hdaccount.mnemonic import Mnemonic
    from eth_account.types import Language

    return tuple(Mnemonic(Language.ENGLISH).wordlist)
