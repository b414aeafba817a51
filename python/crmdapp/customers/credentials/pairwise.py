"""Pairwise identities: one address for each company, which nobody can tell to be one person's.

The customer's device derives the keys (:meth:`crmdapp.store.device.DeviceKeys.identity`): the first
key's address is the identity, and stays it when the key changes. Here is how such an identity is
named. Two companies that compare their customers find no name in common; only the customer, or who
binds an identity to a profile in public, can show that two belong together.

What would link them all the same: paying for their transactions from one account (let a relayer
pay), one ``cnf`` key for two of them, and the same rare claims.
"""

from __future__ import annotations

from crmdapp.customers.credentials.dids import Did


def identity_did(address: str, chain_id: int) -> str:
    """Return the identifier of a pairwise identity: ``did:ethr``, for its key may change.

    Raises:
        UsageError: The address or the chain's id is malformed.
    """
    return str(Did.ethr(address, chain_id))


def controller_of(did: str) -> str:
    """Return the name of the key that acts for an identity now, for ``cnf``.

    It names no key for good: after a change of key the new one presents the credentials, and a
    stolen one no longer does.
    """
    return f"{did}#controller"
