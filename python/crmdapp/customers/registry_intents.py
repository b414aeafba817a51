"""What attestors, customers and guardians sign for the customer registry.

The classes are the twins of the registry's EIP-712 structs;
:func:`crmdapp.customers.registry_signing.sign_registry` signs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crmdapp.chain.typed_data import TypedData


@dataclass(frozen=True, slots=True)
class Registration(TypedData):
    """That an attestor verified the identifier behind a tag; used up by the profile.

    Attributes:
        scope: Where the person is registered, below 2^24.
        tag: Keyed hash of the identifier, 32 bytes.
        root: Commitment to the profile, 32 bytes.
        controller: The key that will speak for the person.
        level: How well the person was verified, 0 to 255, by the scope's own scale.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "Registration(uint24 scope,bytes32 tag,bytes32 root,address controller,uint8 level,"
        "uint40 deadline)"
    )

    scope: int
    tag: bytes
    root: bytes
    controller: str
    level: int
    deadline: int


@dataclass(frozen=True, slots=True)
class RegistrationBatch(TypedData):
    """Many registrations under one signature of an attestor.

    Attributes:
        scope: Where the persons are registered, below 2^24.
        records: 85 bytes each: tag (32), root (32), controller (20), level (1); see
            :func:`~crmdapp.customers.registry_signing.pack_registrations`.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = "RegistrationBatch(uint24 scope,bytes records,uint40 deadline)"

    scope: int
    records: bytes
    deadline: int


@dataclass(frozen=True, slots=True)
class TagLink(TypedData):
    """That an attestor verified one more identifier of the same person.

    Attributes:
        tag: Keyed hash of the further identifier, 32 bytes.
        cid: The person's profile, 32 bytes.
        epoch: The profile's epoch when it was signed, below 2^16.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = "TagLink(bytes32 tag,bytes32 cid,uint16 epoch,uint40 deadline)"

    tag: bytes
    cid: bytes
    epoch: int
    deadline: int


@dataclass(frozen=True, slots=True)
class TagLinkBatch(TypedData):
    """Many further tags under one signature of an attestor, as when a pepper is replaced.

    Attributes:
        scope: Where the profiles are, below 2^24.
        records: 64 bytes each: tag, cid; see
            :func:`~crmdapp.customers.registry_signing.pack_links`.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = "TagLinkBatch(uint24 scope,bytes records,uint40 deadline)"

    scope: int
    records: bytes
    deadline: int


@dataclass(frozen=True, slots=True)
class MergeIntent(TypedData):
    """That two profiles are of one person; by both controllers, or by a quorum of attestors.

    Attributes:
        from_: The profile that will lead to the other, 32 bytes.
        into: The other, 32 bytes.
        from_epoch: Epoch of the first when it was signed, below 2^16.
        into_epoch: Epoch of the other, below 2^16.
        nonce: Any number that none of the signers has used, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "MergeIntent(bytes32 from,bytes32 into,uint16 fromEpoch,uint16 intoEpoch,uint256 nonce,"
        "uint40 deadline)"
    )

    from_: bytes
    into: bytes
    from_epoch: int
    into_epoch: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class UnmergeIntent(TypedData):
    """That two profiles are not of one person; by either controller, or by a quorum.

    Attributes:
        from_: The profile that was merged into another, 32 bytes.
        nonce: Any number that none of the signers has used, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = "UnmergeIntent(bytes32 from,uint256 nonce,uint40 deadline)"

    from_: bytes
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class RotateIntent(TypedData):
    """A new key for a profile; by the old one and, as proof of possession, by the new.

    Attributes:
        cid: The profile, 32 bytes.
        new_controller: Address of the new key.
        epoch: The profile's epoch when it was signed, below 2^16.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "RotateIntent(bytes32 cid,address newController,uint16 epoch,uint40 deadline)"
    )

    cid: bytes
    new_controller: str
    epoch: int
    deadline: int


@dataclass(frozen=True, slots=True)
class RecoveryIntent(TypedData):
    """A new key because the old one is lost or stolen.

    Signed by guardians or by a quorum of attestors, and by the new key.

    Attributes:
        cid: The profile, 32 bytes.
        new_controller: Address of the new key.
        by_guardians: Whether guardians sign it, or attestors: one word does not serve for both.
        epoch: The profile's epoch when it was signed, below 2^16.
        nonce: Any number that none of the signers has used, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "RecoveryIntent(bytes32 cid,address newController,bool byGuardians,uint16 epoch,"
        "uint256 nonce,uint40 deadline)"
    )

    cid: bytes
    new_controller: str
    by_guardians: bool
    epoch: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class VetoIntent(TypedData):
    """The controller's stop of a recovery by guardians.

    Attributes:
        cid: The profile, 32 bytes.
        new_controller: The key that was proposed.
        epoch: The profile's epoch when it was signed, below 2^16.
        nonce: Any number the controller has not used, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "VetoIntent(bytes32 cid,address newController,uint16 epoch,uint256 nonce,uint40 deadline)"
    )

    cid: bytes
    new_controller: str
    epoch: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class GuardiansIntent(TypedData):
    """Other guardians, who count after the scope's delay.

    Attributes:
        cid: The profile, 32 bytes.
        guardians_hash: :attr:`crmdapp.customers.models.Guardians.hash`; zeros for none.
        epoch: The profile's epoch when it was signed, below 2^16.
        nonce: Any number the controller has not used, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "GuardiansIntent(bytes32 cid,bytes32 guardiansHash,uint16 epoch,uint256 nonce,"
        "uint40 deadline)"
    )

    cid: bytes
    guardians_hash: bytes
    epoch: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class RootIntent(TypedData):
    """A new commitment to the profile.

    Attributes:
        cid: The profile, 32 bytes.
        root: The commitment, 32 bytes.
        epoch: The profile's epoch when it was signed, below 2^16.
        nonce: Any number the controller has not used, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "RootIntent(bytes32 cid,bytes32 root,uint16 epoch,uint256 nonce,uint40 deadline)"
    )

    cid: bytes
    root: bytes
    epoch: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class EraseIntent(TypedData):
    """The end of a profile.

    Attributes:
        cid: The profile, 32 bytes.
        receipt_hash: Commitment to the signed receipt of the erasure off chain, 32 bytes.
        epoch: The profile's epoch when it was signed, below 2^16.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "EraseIntent(bytes32 cid,bytes32 receiptHash,uint16 epoch,uint40 deadline)"
    )

    cid: bytes
    receipt_hash: bytes
    epoch: int
    deadline: int


RegistryIntent = (
    Registration
    | RegistrationBatch
    | TagLink
    | TagLinkBatch
    | MergeIntent
    | UnmergeIntent
    | RotateIntent
    | RecoveryIntent
    | VetoIntent
    | GuardiansIntent
    | RootIntent
    | EraseIntent
)

KINDS: dict[str, type[RegistryIntent]] = {
    kind.__name__: kind
    for kind in (
        Registration,
        RegistrationBatch,
        TagLink,
        TagLinkBatch,
        MergeIntent,
        UnmergeIntent,
        RotateIntent,
        RecoveryIntent,
        VetoIntent,
        GuardiansIntent,
        RootIntent,
        EraseIntent,
    )
}
"""The intents by the names of their structs."""
