"""Which epochs a category has, now and later, and who may read each of them.

An epoch ends with the first consent it was wrapped for. The ends of consents are known when they
are given, so the epochs are planned up to the last of them, and each consent gets the keys of the
epochs in its own time beforehand: when one consent expires, the others go on without the customer's
device. The last epoch of a plan is wrapped for nobody; it never ends, so that a company can always
write. With n consents of different ends that makes n + 1 epochs and n(n + 1)/2 wraps a category.

A withdrawal was not planned: every epoch to come that the withdrawn consent had a key of is planned
anew under a fresh key. Numbers of epochs only grow, and a number never gets a second key.
"""

from __future__ import annotations

from collections.abc import Iterator

from crmdapp.store._device_body import Grant, HeldKey, HeldProfile
from crmdapp.store.sealing import new_key

FOR_EVER = 0
"""End of an epoch that has none."""


def plan(profile: HeldProfile, now: int) -> None:
    """Plan the epochs of every category from ``now`` on, keeping keys where their readers allow."""
    for category in bits(profile.categories):
        _plan_category(profile, category, now)


def readers(
    profile: HeldProfile, now: int, *, again: bool = False
) -> Iterator[tuple[HeldKey, Grant]]:
    """Yield each key with each consent that may read its epoch and has no wrap of it yet.

    An epoch that is over is for every consent of its category: what was written then may still be
    the newest value.

    Args:
        profile: The keys and consents.
        now: Unix seconds.
        again: Those that have a wrap, too.
    """
    for grant in profile.grants.values():
        if grant.expiry <= now:
            continue
        made = (grant.expiry, grant.grantee_key)
        for key in profile.keys:
            reads = _is_over(key, now) or _reads(grant, key.closes_at)
            missing = again or key.holders.get(grant.consent_id) != made
            if reads and missing and grant.covers(key.category):
                yield key, grant


def in_force(profile: HeldProfile, now: int) -> list[HeldKey]:
    """Return the keys of the present epochs and of those to come, in order."""
    found = [key for key in profile.keys if not _is_over(key, now)]
    return sorted(found, key=lambda key: (key.category, key.epoch))


def bits(mask: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _plan_category(profile: HeldProfile, category: int, now: int) -> None:
    grants = [
        item for item in profile.grants.values() if item.expiry > now and item.covers(category)
    ]
    ends = [*sorted({item.expiry for item in grants}), FOR_EVER]
    held = [key for key in in_force(profile, now) if key.category == category]
    kept = 0
    for end in ends:
        audience = {item.consent_id for item in grants if _reads(item, end)}
        if kept < len(held) and held[kept].holders.keys() <= audience:
            held[kept].closes_at = end
            kept += 1
        else:
            # The vault writes to the lowest number that is open: no kept key after a fresh one.
            for key in held[kept:]:
                key.planned = False
            kept = len(held)
            profile.keys.append(_fresh(profile, category, end))
    for key in held[kept:]:
        key.planned = False


def _fresh(profile: HeldProfile, category: int, end: int) -> HeldKey:
    last = max((key.epoch for key in profile.keys if key.category == category), default=0)
    return HeldKey(category, last + 1, new_key(), end)


def _reads(grant: Grant, end: int) -> bool:
    """Return whether the consent outlives an epoch that ends then."""
    return end != FOR_EVER and grant.expiry >= end


def _is_over(key: HeldKey, now: int) -> bool:
    return not key.planned or (key.closes_at != FOR_EVER and key.closes_at <= now)
