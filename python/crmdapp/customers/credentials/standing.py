"""Whether a credential still stands: by the chain, or by its issuer's status list.

The chain is the better witness: it knows of m attestors out of n, of attestors dismissed a minute
ago and of subjects who disowned. A status list needs no node, and its issuer can be late or lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import require_address
from crmdapp.customers.credentials.keys import AccountPublicKey, VerifyingKey
from crmdapp.customers.credentials.refusals import CredentialInvalid, CredentialRevoked
from crmdapp.customers.credentials.status_list import read_list, require_not_void

if TYPE_CHECKING:
    from crmdapp.customers.attestations import AttestationClient
    from crmdapp.customers.credentials.dids import Did
    from crmdapp.customers.credentials.resolution import DidResolver
    from crmdapp.customers.credentials.vc import Credential


def on_chain(client: AttestationClient, attestors: Sequence[str]) -> Callable[[Credential], None]:
    """Return a check that asks the registry on chain.

    Args:
        client: The registry.
        attestors: All whom the verifier trusts in the topic; as many of them as the topic asks for
            have to stand by the statement, the credential's issuer among them.

    Raises:
        UsageError: One of them is no address.
    """
    trusted = [require_address(item) for item in attestors]

    def check(credential: Credential) -> None:
        statement, issuer = credential.statement, credential.issuer.address
        if credential.registry.address != client.contract.address:
            raise CredentialInvalid("The credential is attested in another registry.")
        if issuer not in trusted:
            raise CredentialInvalid("The credential's issuer is not trusted here.")
        uid, topic, level = statement.uid, statement.topic, credential.level
        given = client.attestation(uid, issuer)
        if given.topic != topic or given.level < level:
            raise CredentialRevoked("The issuer has not attested this credential.")
        if not client.is_valid(uid, topic, level, trusted):
            raise CredentialRevoked(
                "Not enough attestors stand by the credential.",
                why="One has expired, was revoked, disowned, or attested without standing.",
            )

    return check


def on_list(
    fetch: Callable[[str], str], issuer_keys: Callable[[Did], Sequence[VerifyingKey]], *, now: int
) -> Callable[[Credential], None]:
    """Return a check that looks into the issuer's status list; needs no node.

    Args:
        fetch: Gets what is published at an address. It is called with an address that an issuer
            chose: it must reach public hosts alone, over https, and give up in time.
        issuer_keys: Finds the issuer's keys.
        now: Unix seconds.
    """

    def check(credential: Credential) -> None:
        entry = credential.status
        if entry is None:
            raise CredentialInvalid(
                "The credential names no status list.", hint="Ask the chain instead."
            )
        keys = issuer_keys(credential.issuer)
        if not keys:
            raise CredentialInvalid("The credential's issuer is not trusted here.")
        text, issuer = fetch(entry.url), str(credential.issuer)
        bits = read_list(text, keys, issuer=issuer, url=entry.url, now=now)
        require_not_void(bits, entry)

    return check


def trusted_accounts(attestors: Sequence[str]) -> Callable[[Did], Sequence[VerifyingKey]]:
    """Return what knows these attestors' own keys: of a did:pkh, or a did:ethr never changed.

    Args:
        attestors: Their addresses.

    Raises:
        UsageError: One of them is no address.
    """
    trusted = {require_address(item) for item in attestors}

    def find(issuer: Did) -> Sequence[VerifyingKey]:
        return [AccountPublicKey(issuer.address)] if issuer.address in trusted else []

    return find


def resolved_keys(
    resolver: DidResolver, attestors: Sequence[str]
) -> Callable[[Did], Sequence[VerifyingKey]]:
    """Return what finds trusted attestors' keys in their DID documents.

    Args:
        resolver: Reads the documents from the chain.
        attestors: Their addresses: those that attest on chain.

    Raises:
        UsageError: One of them is no address.
    """
    trusted = {require_address(item) for item in attestors}

    def find(issuer: Did) -> Sequence[VerifyingKey]:
        if issuer.address not in trusted:
            return []
        return resolver.resolve(str(issuer)).assertion_keys()

    return find
