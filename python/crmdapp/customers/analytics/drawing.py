"""Drawing a control group, so that chance alone decides who gets an offer.

Each account has a ticket: the HMAC-SHA256 of its 20 bytes under the word of the drawing. The lowest
tickets are the control group. So the same word gives the same groups to whoever wants to check
them, and nobody who does not know the word in advance can choose an account that is drawn.

Source: RFC 2104 (HMAC).
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256

from crmdapp.customers.analytics.groups import MINIMUM, require_group
from crmdapp.errors import UsageError

_WORD = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Drawing:
    """Two groups that chance chose.

    Attributes:
        word: What the tickets were made with, 32 hex digits.
        offered: Accounts that are to get the offer, by address.
        control: Accounts that are not, by address.
    """

    word: str
    offered: tuple[str, ...]
    control: tuple[str, ...]


def new_word() -> str:
    """Return the word of a new drawing: 32 hex digits that nobody could know."""
    return secrets.token_hex(16)


def draw(accounts: Collection[str], share: Fraction, word: str, minimum: int = MINIMUM) -> Drawing:
    """Return the groups that a word gives.

    Args:
        accounts: Customers, each once.
        share: Share of them that is the control group, between 0 and 1; rounded to the next whole
            number of customers.
        word: 32 hex digits, see :func:`new_word`.
        minimum: Fewest customers of each group.

    Raises:
        GroupTooSmall: One of the groups is too small to compare.
        UsageError: The share or the word is none.
    """
    if not 0 < share < 1:
        raise UsageError("The share of the control group must be between 0 and 1, such as 0.2.")
    if not _WORD.fullmatch(word):
        raise UsageError(
            "The word of a drawing is 32 hex digits.",
            hint="Leave it out for a new drawing, or copy that of the one to be repeated.",
        )
    key = bytes.fromhex(word)
    tickets = sorted(
        (hmac.digest(key, bytes.fromhex(account[2:]), sha256), account) for account in accounts
    )
    count = round(len(tickets) * share)
    control = tuple(sorted(account for _, account in tickets[:count]))
    offered = tuple(sorted(account for _, account in tickets[count:]))
    require_group("customers in the control group", len(control), minimum)
    require_group("customers with the offer", len(offered), minimum)
    return Drawing(word, offered, control)
