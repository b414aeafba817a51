"""Where a campaign's disclosures are found: in the log's journal, beside what the vault noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import select

from crmdapp.customers.leaves import InteractionKind
from crmdapp.customers.reward_claims import Disclosed
from crmdapp.store.schema import DisclosureRow, ProfileRow

if TYPE_CHECKING:
    from crmdapp.customers.operator import LogOperator
    from crmdapp.customers.terms import ConsentTerms
    from crmdapp.store.database import Store

__all__ = ["disclosed_in"]


def disclosed_in(
    operator: LogOperator, store: Store, terms: Mapping[bytes, ConsentTerms]
) -> Iterator[Disclosed]:
    """Yield the disclosures of a log whose customer and consent are known here.

    Args:
        operator: The log.
        store: The store, which knows whose entry is whose.
        terms: The consents the company holds, by id.
    """
    whose = _whose(store, operator.log)
    for receipt in operator.receipts():
        contents = receipt.contents
        if contents is None or contents.interaction.kind != InteractionKind.DISCLOSURE:
            continue
        entry = contents.interaction
        cid, consent = whose.get(entry.seq), terms.get(entry.consent_id)
        if cid is None or consent is None:
            continue
        proof = operator.proof(entry.leaf)
        yield Disclosed(
            interaction=entry,
            proof=() if proof is None else tuple(proof.proof),
            cid=cid,
            reward_id=consent.permission.reward_id,
            purposes=consent.permission.purposes,
        )


def _whose(store: Store, log: bytes) -> dict[int, bytes]:
    with store.reading() as session:
        query = (
            select(DisclosureRow.seq, ProfileRow.cid)
            .join(ProfileRow, ProfileRow.id == DisclosureRow.profile_id)
            .where(DisclosureRow.log_id == log, DisclosureRow.seq.is_not(None))
        )
        return {int(row.seq or 0): row.cid for row in session.execute(query)}
