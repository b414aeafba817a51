"""The registry's transactions, checked and encoded but not sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.customers.models import Approval, Guardians, require_cid
from crmdapp.customers.registry_intents import (
    EraseIntent,
    GuardiansIntent,
    MergeIntent,
    RecoveryIntent,
    Registration,
    RegistrationBatch,
    RegistryIntent,
    RootIntent,
    RotateIntent,
    TagLink,
    TagLinkBatch,
    UnmergeIntent,
    VetoIntent,
)
from crmdapp.customers.registry_signing import SignedRegistryIntent, approvals_of
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.typed_data import Domain

DAY = 86_400
RECOVERY_DELAY_MIN = DAY
RECOVERY_DELAY_MAX = 365 * DAY
"""Bounds of a scope's delay, seconds."""

LEVEL_MAX = 255

# Who signed for an attestor comes after the struct.
_BY_ATTESTOR: Mapping[type, str] = {Registration: "register", TagLink: "linkTag"}
_BY_ATTESTOR_PACKED: Mapping[type, str] = {
    RegistrationBatch: "registerMany",
    TagLinkBatch: "linkMany",
}
_BY_CONTROLLER: Mapping[type, str] = {
    VetoIntent: "vetoRecoveryBySig",
    GuardiansIntent: "setGuardiansBySig",
    RootIntent: "setRootBySig",
    EraseIntent: "eraseBySig",
}


class RegistryCalls:
    """Makes the calls of one CustomerRegistry.

    Args:
        registry: The contract.
        domain: What its intents are signed for.
    """

    def __init__(self, registry: BoundContract, domain: Domain) -> None:
        self._registry = registry
        self._domain = domain

    # ----------------------------------------------------------------- scopes

    def create_scope(
        self,
        attestors: Mapping[str, int],
        *,
        recovery_delay: int,
        quorum: int = 0,
        self_registration: bool = False,
    ) -> Call:
        """Open a scope of the sender; see :meth:`RegistryClient.create_scope`.

        Raises:
            UsageError: A level, the quorum or the delay is out of its range.
        """
        require_whole(
            "recovery_delay", recovery_delay, RECOVERY_DELAY_MAX, least=RECOVERY_DELAY_MIN
        )
        require_whole("quorum", quorum, min(len(attestors), LEVEL_MAX))
        accounts = [require_address(account) for account in attestors]
        levels = [require_whole("level", x, LEVEL_MAX, least=1) for x in attestors.values()]
        return self._registry.call(
            "createScope", recovery_delay, quorum, self_registration, accounts, levels
        )

    def offer_scope(self, scope: int, to: str) -> Call:
        """Offer the scope to ``to``; the zero address takes the offer back."""
        return self._registry.call("offerScope", scope, require_address(to))

    def accept_scope(self, scope: int) -> Call:
        """Take over a scope that was offered to the sender."""
        return self._registry.call("acceptScope", scope)

    def set_attestor(self, scope: int, attestor: str, level: int) -> Call:
        """Admit an attestor, change its level, or with level 0 remove it.

        Raises:
            UsageError: The level is not from 0 to 255, or ``attestor`` is no address.
        """
        require_whole("level", level, LEVEL_MAX)
        return self._registry.call("setAttestor", scope, require_address(attestor), level)

    # ----------------------------------------------------------------- one signature

    def submit(self, signed: SignedRegistryIntent) -> Call:
        """Carry out what one attestor or controller signed.

        Raises:
            UsageError: It was signed for another registry or chain, or needs more signatures.
        """
        self._require_here(signed)
        kind, intent = type(signed.intent), signed.intent
        if kind in _BY_ATTESTOR:
            return self._registry.call(
                _BY_ATTESTOR[kind], intent.values, signed.signer, signed.signature
            )
        if kind in _BY_ATTESTOR_PACKED:
            return self._registry.call(
                _BY_ATTESTOR_PACKED[kind], *intent.values, signed.signer, signed.signature
            )
        if kind in _BY_CONTROLLER:
            return self._registry.call(_BY_CONTROLLER[kind], intent.values, signed.signature)
        raise UsageError(
            f"A {kind.__name__} needs the signatures of several.",
            hint="Give all of them: merge, unmerge, rotate or recover propose.",
        )

    def register_self(self, scope: int, salt: bytes, root: bytes) -> Call:
        """Register the sender at level 0, where the scope allows it.

        Args:
            scope: The scope.
            salt: 32 random bytes.
            root: Commitment to the profile, 32 bytes.
        """
        return self._registry.call("registerSelf", scope, salt, root)

    # ----------------------------------------------------------------- several signatures

    def merge(self, signed: Sequence[SignedRegistryIntent]) -> Call:
        """Let one profile lead to another.

        Raises:
            UsageError: Nobody signed, they signed different things, or not a merge here.
        """
        approvals = approvals_of(self._all(signed, MergeIntent))
        return self._registry.call("merge", signed[0].intent.values, _values(approvals))

    def unmerge(self, signed: Sequence[SignedRegistryIntent]) -> Call:
        """Undo a merge.

        Raises:
            UsageError: Nobody signed, they signed different things, or not an unmerge here.
        """
        approvals = approvals_of(self._all(signed, UnmergeIntent))
        return self._registry.call("unmerge", signed[0].intent.values, _values(approvals))

    def rotate(self, signed: Sequence[SignedRegistryIntent]) -> Call:
        """Replace a profile's key.

        Args:
            signed: The signature of the new key and that of the old one, in any order; the
                latter may be missing if the sender is the old key.

        Raises:
            UsageError: The new key has not signed, or they signed different things.
        """
        possession, others = self._possession(signed, RotateIntent)
        if len(others) > 1:
            raise UsageError("A rotation is signed by the old key and the new one, nobody else.")
        consent = others[0].signature if others else b""
        return self._registry.call(
            "rotate", possession.intent.values, consent, possession.signature
        )

    def propose_recovery(
        self, signed: Sequence[SignedRegistryIntent], guardians: Guardians | None = None
    ) -> Call:
        """Announce a new key for a profile whose key is lost or stolen.

        Args:
            signed: The signature of the new key, and those of guardians or attestors.
            guardians: Who they are, if guardians signed; ``None`` for attestors.

        Raises:
            UsageError: The new key has not signed, nobody else has, too few guardians or somebody
                else did, or they signed different things, or for the other kind of recovery.
        """
        possession, others = self._possession(signed, RecoveryIntent)
        approvals = approvals_of(others)
        _require_kind(possession.intent, guardians)
        intent = possession.intent.values
        if guardians is None:
            return self._registry.call(
                "proposeRecoveryByAttestors", intent, _values(approvals), possession.signature
            )
        strangers = [item.signer for item in approvals if item.signer not in guardians.accounts]
        if strangers:
            raise UsageError(f"{strangers[0]} is none of the guardians.")
        if len(approvals) < guardians.threshold:
            raise UsageError(
                f"{len(approvals)} guardians have signed, {guardians.threshold} are needed."
            )
        return self._registry.call(
            "proposeRecoveryByGuardians",
            intent,
            guardians.values,
            _values(approvals),
            possession.signature,
        )

    # ----------------------------------------------------------------- by the controller itself

    def set_guardians(self, cid: bytes, guardians_hash: bytes) -> Call:
        """Name the guardians of the sender's profile by their hash; zeros for none."""
        return self._registry.call("setGuardians", require_cid(cid), guardians_hash)

    def set_root(self, cid: bytes, root: bytes) -> Call:
        """Report a new commitment to the sender's profile."""
        return self._registry.call("setRoot", require_cid(cid), root)

    def veto_recovery(self, cid: bytes) -> Call:
        """Stop the recovery by guardians that is pending for the sender's profile."""
        return self._registry.call("vetoRecovery", require_cid(cid))

    def erase(self, cid: bytes, receipt_hash: bytes) -> Call:
        """End the sender's profile for ever."""
        return self._registry.call("erase", require_cid(cid), receipt_hash)

    def recover(self, cid: bytes, *, by_guardians: bool) -> Call:
        """Put the announced key in its place; anyone may."""
        return self._registry.call("recover", require_cid(cid), by_guardians)

    # ----------------------------------------------------------------- inside

    def _require_here(self, signed: SignedRegistryIntent) -> None:
        if signed.domain != self._domain:
            raise UsageError(
                "It was signed for another registry or chain.",
                why=f"For {signed.domain.verifying_contract} on chain {signed.domain.chain_id},"
                f" not {self._domain.verifying_contract} on chain {self._domain.chain_id}.",
                hint="Use the node it was signed for, or have it signed anew.",
            )

    def _all(
        self, signed: Sequence[SignedRegistryIntent], kind: type
    ) -> Sequence[SignedRegistryIntent]:
        for item in signed:
            self._require_here(item)
            if not isinstance(item.intent, kind):
                raise UsageError(
                    f"{item.signer} signed a {type(item.intent).__name__}, no {kind.__name__}."
                )
        return signed

    def _possession(
        self, signed: Sequence[SignedRegistryIntent], kind: type[RotateIntent | RecoveryIntent]
    ) -> tuple[SignedRegistryIntent, list[SignedRegistryIntent]]:
        """Return the signature of the new key, and the others."""
        approvals_of(self._all(signed, kind))
        intent = signed[0].intent
        assert isinstance(intent, RotateIntent | RecoveryIntent)  # what was just checked
        new = int(intent.new_controller, 16)
        mine = [item for item in signed if int(item.signer, 16) == new]
        if not mine:
            raise UsageError(
                f"The new key {intent.new_controller} has not signed.",
                why="Its signature proves that somebody has it.",
                hint="Let it sign the same file: crmdapp customers countersign FILE",
            )
        return mine[0], [item for item in signed if int(item.signer, 16) != new]


def _require_kind(intent: RegistryIntent, guardians: Guardians | None) -> None:
    """Check that what was signed is for guardians if they are named, else for attestors."""
    assert isinstance(intent, RecoveryIntent)  # what the caller looked for
    if intent.by_guardians is not (guardians is not None):
        meant = "guardians" if intent.by_guardians else "attestors"
        raise UsageError(
            f"What was signed is a recovery by {meant}.",
            hint="Name the guardians for a recovery by guardians, and only then.",
        )


def _values(approvals: Sequence[Approval]) -> list[tuple[str, bytes]]:
    return [approval.values for approval in approvals]
