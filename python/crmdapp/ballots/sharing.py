"""Sharing a secret scalar so that any t of n can use it and t - 1 know nothing.

The secret is f(0) of a random polynomial of degree t - 1; the holder of index j from 1 gets f(j).
Whoever has the commitments C_k = a_k G can check a share without the polynomial.

Source: Shamir, "How to share a secret", CACM 22 (1979); Feldman, "A practical scheme for
non-interactive verifiable secret sharing", FOCS 1987.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crmdapp.ballots.group import ORDER, Point, msm


def evaluate(coefficients: Sequence[int], j: int) -> int:
    """Return f(j) modulo r.

    Args:
        coefficients: a_0 to a_(t-1), the secret first.
        j: Where, any integer.
    """
    value = 0
    for a in reversed(coefficients):
        value = (value * j + a) % ORDER
    return value


def evaluate_commitments(commitments: Sequence[Point], j: int) -> Point:
    """Return f(j) G, the sum of j^k C_k.

    Args:
        commitments: C_0 to C_(t-1).
        j: Where, any integer.
    """
    return msm(commitments, [pow(j, k, ORDER) for k in range(len(commitments))])


def lagrange(indices: Iterable[int]) -> dict[int, int]:
    """Return for each index j the weight lambda_j with f(0) = sum of lambda_j f(j) modulo r.

    Args:
        indices: Of the shares at hand.

    Raises:
        ValueError: There are none, one comes twice, or one is not from 1 to r - 1.
    """
    held = list(indices)
    if not held or len(set(held)) != len(held) or any(not 0 < j < ORDER for j in held):
        raise ValueError("indices are distinct, from 1, and at least one")
    found: dict[int, int] = {}
    for j in held:
        above, below = 1, 1
        for other in held:
            if other != j:
                above = above * other % ORDER
                below = below * (other - j) % ORDER
        found[j] = above * pow(below, -1, ORDER) % ORDER
    return found


def interpolate(shares: Mapping[int, int]) -> int:
    """Return f(0) modulo r from the shares by index.

    Raises:
        ValueError: There are none, or an index is not from 1 to r - 1.
    """
    return sum(weight * shares[j] for j, weight in lagrange(shares).items()) % ORDER
