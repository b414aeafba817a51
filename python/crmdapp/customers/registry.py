"""The customer registry from Python: scopes, profiles, keys, recovery."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.client import ContractClient
from crmdapp.chain.decode import Event
from crmdapp.customers.events import CustomerRegistered, ScopeCreated
from crmdapp.customers.models import (
    Attestor,
    Customer,
    CustomerStatus,
    Guardians,
    Merge,
    Recovery,
    Scope,
    id_of,
    moment,
    require_cid,
)
from crmdapp.customers.registry_calls import RegistryCalls
from crmdapp.customers.registry_signing import registry_domain
from crmdapp.errors import VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain
    from crmdapp.customers.registering import BatchReport
    from crmdapp.customers.registry_signing import (
        RegistrationRecord,
        SignedRegistryIntent,
        TagLinkRecord,
    )

EventT = TypeVar("EventT", bound=Event)

_NO_WORD = bytes(32)
_OF_CID = (
    "CustomerRegistered",
    "ProfileRootSet",
    "ControllerRotated",
    "GuardiansAnnounced",
    "RecoveryProposed",
    "RecoveryVetoed",
    "CustomerErased",
    "TagLinked",
)
_OF_MERGES = ("CustomersMerged", "CustomersUnmerged")


class RegistryClient(ContractClient):
    """One CustomerRegistry, seen and used by one account.

    Methods that send take an idempotency ``key``: with the same key a call is carried out at most
    once, however often it is repeated, and the earlier receipt is returned. They simulate before
    they send: what the registry would refuse is raised as the twin of its error, and nothing is
    sent. All of them may also raise, besides what each names: ``UsageError`` (no account to send
    with, or a malformed argument), ``FundsMissing``, ``KeyProblem``, ``NodeProblem`` and
    ``ReceiptTimeout`` (still pending, not failed). Reading methods may raise ``NodeProblem`` and
    ``ContractMissing``.

    Source: contracts/customers/ICustomerRegistry.sol.
    """

    CONTRACT = "CustomerRegistry"

    @cached_property
    def prepare(self) -> RegistryCalls:
        """The same transactions, checked and encoded but not sent."""
        return RegistryCalls(self.contract, self.domain)

    @cached_property
    def domain(self) -> Domain:
        """What attestors', customers' and guardians' intents are signed for."""
        return registry_domain(self.connection.chain_id, self.contract.address)

    @cached_property
    def did_registry(self) -> str:
        """Address of the registry of decentralised identifiers that came with this one."""
        address: str = self.contract.read("DID_REGISTRY")
        return address

    # ----------------------------------------------------------------- scopes

    def create_scope(
        self,
        attestors: Mapping[str, int],
        *,
        recovery_delay: int,
        quorum: int = 0,
        self_registration: bool = False,
        key: str | None = None,
    ) -> Scope:
        """Open a scope that the sender owns, with its first attestors, who count at once.

        Args:
            attestors: Address -> highest level that the attestor may give, 1 to 255.
            recovery_delay: Seconds that a recovery, a change of guardians and a new attestor
                wait, 1 day to 365 days.
            quorum: Attestors who together merge profiles and recover keys, up to their number;
                0: they can do neither.
            self_registration: Whether anyone may register at level 0 without an attestor.
            key: Idempotency key.

        Raises:
            AttestorInvalid: An attestor is the zero address.
            UsageError: A level, the quorum or the delay is out of its range.
        """
        call = self.prepare.create_scope(
            attestors,
            recovery_delay=recovery_delay,
            quorum=quorum,
            self_registration=self_registration,
        )
        return self.scope(only(self.send(call, key=key), ScopeCreated).scope)

    def set_attestor(
        self, scope: int, attestor: str, level: int, *, key: str | None = None
    ) -> Receipt:
        """Admit an attestor or raise its level after the scope's delay; lower it at once.

        Args:
            scope: The scope; the sender owns it.
            attestor: Its address.
            level: The highest level that it may give, 1 to 255; 0 removes it.
            key: Idempotency key.

        Raises:
            ScopeOwnerOnly: The sender does not own the scope.
            ScopeUnknown: There is no such scope.
            AttestorInvalid: The attestor is the zero address.
        """
        return self.send(self.prepare.set_attestor(scope, attestor, level), key=key)

    def scope(self, scope: int) -> Scope:
        """Return a scope as it stands.

        Raises:
            ScopeUnknown: There is no such scope.
        """
        from crmdapp.customers.errors import ScopeUnknown

        owner, created_at, delay, quorum, open_ = self.contract.read("scopeOf", scope)
        if owner == ZERO_ADDRESS:
            raise ScopeUnknown(scope)
        return Scope(scope, owner, moment(created_at), delay, quorum, open_)

    def attestor(self, scope: int, address: str) -> Attestor:
        """Return what an account may attest in a scope; level 0 if nothing."""
        account = require_address(address)
        level, active_at = self.contract.read("attestorOf", scope, account)
        return Attestor(scope, account, level, moment(active_at))

    # ----------------------------------------------------------------- profiles

    def submit(self, signed: SignedRegistryIntent, *, key: str | None = None) -> Receipt:
        """Carry out what one attestor or controller signed; the sender pays the gas.

        That is a registration or a batch of them, a tag link or a batch of them, a veto, other
        guardians, another root, an erasure.

        Raises:
            UsageError: It was signed for another registry or chain, or needs several signatures.
            IntentSignatureInvalid: Who is said to have signed did not.
            IntentExpired: Its deadline has passed.
            IntentNonceUsed: Its nonce was used or cancelled.
            EpochStale: The profile's key has changed since.
            AttestorInvalid: The signer may not attest that, or not yet.
            CustomerKnown: There is such a profile or link already.
            CustomerNotActive: There is no such profile, or it was merged or erased.
        """
        return self.send(self.prepare.submit(signed), key=key)

    def register(self, signed: SignedRegistryIntent, *, key: str | None = None) -> Customer:
        """Register one person with an attestor's signature, see :meth:`submit`.

        Returns:
            The profile as the registry keeps it.

        Raises:
            ContractError: The registry refuses, as the twin of its error.
        """
        return self.customer(only(self.submit(signed, key=key), CustomerRegistered).cid)

    def register_self(
        self, scope: int, salt: bytes, root: bytes, *, key: str | None = None
    ) -> Customer:
        """Register the sender at level 0, without an attestor, where the scope allows it.

        Args:
            scope: The scope.
            salt: 32 random bytes; keep them: they and the address give the profile's tag.
            root: Commitment to the profile, 32 bytes.
            key: Idempotency key.

        Raises:
            SelfRegistrationClosed: The scope does not allow it.
            CustomerKnown: There is such a profile already.
        """
        receipt = self.send(self.prepare.register_self(scope, salt, root), key=key)
        return self.customer(only(receipt, CustomerRegistered).cid)

    def register_many(
        self,
        attestor: Signer,
        scope: int,
        records: Iterable[RegistrationRecord],
        *,
        deadline: int,
        key: str,
    ) -> BatchReport:
        """Register many people; see :func:`crmdapp.customers.registering.register_many`."""
        from crmdapp.customers.registering import register_many

        return register_many(self, attestor, scope, records, deadline=deadline, key=key)

    def link_many(
        self,
        attestor: Signer,
        scope: int,
        records: Iterable[TagLinkRecord],
        *,
        deadline: int,
        key: str,
    ) -> BatchReport:
        """Link many further tags; see :func:`crmdapp.customers.registering.link_many`."""
        from crmdapp.customers.registering import link_many

        return link_many(self, attestor, scope, records, deadline=deadline, key=key)

    def merge(self, signed: Sequence[SignedRegistryIntent], *, key: str | None = None) -> Receipt:
        """Let lookups of one profile lead to another.

        Args:
            signed: The same :class:`MergeIntent`, signed by both controllers or by a quorum.
            key: Idempotency key.

        Raises:
            MergeInvalid: The profiles are one, of two scopes, or others lead to the first.
            ApprovalsInsufficient: Too few attestors have signed.
            ApprovalSignerInvalid: Somebody signed who is no attestor.
            ScopeWithoutQuorum: Attestors can not merge in this scope.
            EpochStale: A profile's key has changed since.
            CustomerNotActive: One of them does not exist, or was merged or erased.
        """
        return self.send(self.prepare.merge(signed), key=key)

    def unmerge(self, signed: Sequence[SignedRegistryIntent], *, key: str | None = None) -> Receipt:
        """Undo a merge.

        Args:
            signed: The same :class:`UnmergeIntent`, signed by either controller or by a quorum.
            key: Idempotency key.

        Raises:
            MergeWindowClosed: It is too late.
            CustomerNotActive: The profile is not merged.
            ApprovalsInsufficient: Too few attestors have signed.
            ApprovalSignerInvalid: Somebody signed who is no attestor.
        """
        return self.send(self.prepare.unmerge(signed), key=key)

    def rotate(self, signed: Sequence[SignedRegistryIntent], *, key: str | None = None) -> Receipt:
        """Replace a profile's key; a pending recovery stays.

        Args:
            signed: The same :class:`RotateIntent`, signed by the new key and by the old one; the
                latter may be missing if the sender is the old key.
            key: Idempotency key.

        Raises:
            ControllerOnly: The old key has not signed and is not the sender.
            IntentSignatureInvalid: One of the keys did not sign.
            EpochStale: The key has changed since.
            EpochsExhausted: It changed so often that it can only be recovered or erased.
            CustomerNotActive: There is no such profile, or it was erased.
        """
        return self.send(self.prepare.rotate(signed), key=key)

    def propose_recovery(
        self,
        signed: Sequence[SignedRegistryIntent],
        guardians: Guardians | None = None,
        *,
        key: str | None = None,
    ) -> Receipt:
        """Announce a new key for a profile whose key is lost or stolen.

        Args:
            signed: The same :class:`RecoveryIntent`, signed by the new key and by guardians or
                attestors.
            guardians: Who the guardians are, if they signed; ``None`` for attestors.
            key: Idempotency key.

        Raises:
            GuardiansInvalid: These are not the guardians of the profile.
            ApprovalsInsufficient: Too few have signed.
            ApprovalSignerInvalid: Somebody signed who is no attestor.
            ScopeWithoutQuorum: Attestors can not recover keys in this scope.
            EpochStale: The key has changed since.
            CustomerNotActive: There is no such profile, or it was erased.
        """
        return self.send(self.prepare.propose_recovery(signed, guardians), key=key)

    def recover(self, cid: bytes, *, by_guardians: bool, key: str | None = None) -> Receipt:
        """Put the announced key in its place after the delay; anyone may.

        Raises:
            RecoveryMissing: None was announced, or it was stopped.
            RecoveryEarly: The delay is not over.
        """
        return self.send(self.prepare.recover(cid, by_guardians=by_guardians), key=key)

    # ----------------------------------------------------------------- reading

    def id_of(self, scope: int, tag: bytes) -> bytes:
        """Return the id of a tag; asks no node."""
        return id_of(self.connection.chain_id, self.contract.address, scope, tag)

    def resolve(self, id_: bytes) -> bytes | None:
        """Return the profile that an id leads to, through a link and a merge; ``None`` if none."""
        cid: bytes = self.contract.read("resolve", require_cid(id_))
        return None if cid == _NO_WORD else cid

    def customer(self, cid: bytes) -> Customer:
        """Return a profile as it stands, without following a merge.

        Its status is ``NONE`` if there is no such id, ``LINKED`` if it is that of a further tag.
        """
        controller, registered_at, scope, epoch, level, status = self.contract.read(
            "customerOf", require_cid(cid)
        )
        return Customer(
            cid=cid,
            controller=None if controller == ZERO_ADDRESS else controller,
            registered_at=moment(registered_at) if registered_at else None,
            scope=scope,
            epoch=epoch,
            level=level,
            status=CustomerStatus(status),
        )

    def merge_of(self, cid: bytes) -> Merge | None:
        """Return where a profile leads; ``None`` if it was not merged."""
        into, closes_at = self.contract.read("mergeOf", require_cid(cid))
        return None if into == _NO_WORD else Merge(into, moment(closes_at))

    def guardians_hash(self, cid: bytes) -> bytes | None:
        """Return the hash of the guardians who count now; ``None`` if there are none."""
        found: bytes = self.contract.read("guardiansHashOf", require_cid(cid))
        return None if found == _NO_WORD else found

    def recoveries(self, cid: bytes) -> tuple[Recovery, ...]:
        """Return the changes of key that wait: at most one by guardians and one by attestors."""
        found = []
        for by_guardians in (True, False):
            new, ready_at = self.contract.read("recoveryOf", require_cid(cid), by_guardians)
            if new != ZERO_ADDRESS:
                found.append(Recovery(new, moment(ready_at), by_guardians))
        return tuple(found)

    def history(self, cid: bytes) -> Iterator[DecodedLog]:
        """Yield everything that happened to a profile, from its registration on, in order."""
        found: list[DecodedLog] = []
        for name in _OF_CID:
            found += self.events(name, cid=require_cid(cid))
        for name in _OF_MERGES:
            for side in ("from", "into"):
                wanted: dict[str, Any] = {side: cid}  # "from" is a word of Python
                found += self.events(name, **wanted)
        yield from sorted(found, key=lambda log: (log.block, log.log_index))


def only(receipt: Receipt, kind: type[EventT]) -> EventT:
    """Return the one event of that kind in a receipt.

    Raises:
        VerificationFailed: There is none, or there are several.
    """
    found = receipt.events_of(kind)
    if len(found) != 1:
        raise VerificationFailed(f"{receipt.hash} has {len(found)} {kind.__name__}, not one.")
    return found[0]
