"""What a company notes, what it has to be told, and why noting can be refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crmdapp.customers.leaves import NO_WORD
from crmdapp.customers.receipts import SignedReceipt
from crmdapp.errors import UsageError


class LogUnopened(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """The operator has no such log on chain."""


class PseudonymUnknown(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """No customer of the log has this pseudonym."""


class CustomerErased(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """The customer was erased: nothing more can be noted under this pseudonym."""


class InteractionDiffers(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """Another interaction was noted under the same key before."""


@dataclass(frozen=True, slots=True)
class NewInteraction:
    """What happened, to be noted.

    Attributes:
        pseudonym: The customer's, from :meth:`LogOperator.pseudonym`.
        kind: What it was.
        payload: Details, as JSON data; hashed with a salt, sealed in the journal.
        consent_id: The consent it rests on, 32 bytes; zeros for none.
        key: The caller's name for it, such as an order number: noted once under it, however often.
        notify: Whether the company is to be told, see :meth:`LogOperator.notices`.
    """

    pseudonym: bytes
    kind: int
    payload: Mapping[str, Any] = field(repr=False)
    consent_id: bytes = NO_WORD
    key: str | None = field(default=None, repr=False)
    notify: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the company has to be told.

    Attributes:
        number: Its number, for :meth:`LogOperator.told`.
        receipt: The interaction's receipt, with its contents.
    """

    number: int
    receipt: SignedReceipt


Hook = Callable[[Notice], None]
"""Tells the company of something; it has been told when this returns without an exception."""
