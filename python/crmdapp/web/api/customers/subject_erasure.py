"""Erasure: what a company destroys when a person asks to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdapp.customers.noting import LogUnopened
from crmdapp.web.api.customers.office import JOURNAL, Office, company_signer, opened_log

if TYPE_CHECKING:
    from crmdapp.store.epochs import SignedErasure
    from crmdapp.store.receipts import VaultReceipt
    from crmdapp.web.context import Context


def erase_customer(
    context: Context, office: Office, cid: bytes, request: SignedErasure | None = None
) -> VaultReceipt:
    """Destroy keys, wraps, salts, links, data, payloads and terms of a customer for ever.

    Args:
        context: The server's.
        office: The company's.
        cid: The customer's profile.
        request: The customer's signed wish; ``None`` if the customer asked otherwise.

    Raises:
        ErasureInvalid: The request is not the customer's.
        ProfileUnknown: The vault has no such profile.
        StoreProblem: Something could not be written; called again, it goes on.
    """
    if request is not None:
        office.vault.require_request(cid, request)
    subjects = office.subjects_of(cid)
    # The vault last: it knows whose the rest is, so what is stopped here can go on when repeated.
    _erase_log(context, office, [*subjects, "0x" + cid.hex()])
    office.book.forget(subjects)
    office.book.scrub()
    return office.vault.erase(cid, request)


def _erase_log(context: Context, office: Office, names: list[str]) -> None:
    signer = company_signer(context, office.merchant)
    if signer is None or not (office.folder / JOURNAL).is_file():
        return
    try:
        with opened_log(context, signer) as log:
            for name in names:
                pseudonym = log.known_pseudonym(name)
                if pseudonym is not None:
                    log.erase(pseudonym)
    except LogUnopened:
        return
