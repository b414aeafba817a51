"""What follows when a customer takes a consent back: keys that it came with are destroyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdapp.chain.addresses import checksum
from crmdapp.web.api.customers.office import merchants_of, opened, opened_book

if TYPE_CHECKING:
    from crmdapp.web.context import Context


def end_consent(context: Context, subject: str, consent_id: bytes) -> None:
    """Destroy the wraps of a consent in the vault of every company here that holds it.

    Args:
        context: The server's.
        subject: The customer's identity.
        consent_id: The consent, which has ended on chain.

    Raises:
        StoreProblem: A vault cannot be written; called again, it goes on.
    """
    key = (checksum(subject), consent_id)
    for merchant in merchants_of(context):
        with opened_book(context, merchant) as book:
            booked = book.get(consent_id)
        if booked is not None and booked.key == key:
            with opened(context, merchant) as office:
                office.vault.withdraw(consent_id)
