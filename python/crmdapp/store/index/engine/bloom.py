"""Logs blooms: what a block's header vouches for about its logs.

A header's bloom has three bits set for the address and for each topic of every log in the block.
If it lacks one of a log's bits, the block does not hold the log; if it has bits that no log given
sets, a log is missing.

Source: Ethereum yellow paper, 4.3.1.
"""

from __future__ import annotations

from functools import lru_cache

from crmdapp.chain._keccak import keccak

BITS = 2048


@lru_cache(maxsize=131_072)
def bits_of(item: str) -> int:
    """Return the three bits that an address or a topic sets.

    Args:
        item: 0x hex in lower case.
    """
    digest = keccak(bytes.fromhex(item[2:]))
    return (
        1 << ((digest[0] << 8 | digest[1]) & 2047)
        | 1 << ((digest[2] << 8 | digest[3]) & 2047)
        | 1 << ((digest[4] << 8 | digest[5]) & 2047)
    )


def holds(bloom: int, bits: int) -> bool:
    """Return whether the bloom has all of the bits."""
    return bloom & bits == bits
