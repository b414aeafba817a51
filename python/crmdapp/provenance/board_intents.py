"""What curators sign for the board: approvals of works, and changes of the board.

Source: contracts/provenance/ICuratorBoard.sol; EIP-712, ERC-2098 (compact signatures).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import JsonFields, SignedJson, read_struct
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.chain.signed import DEADLINE_MAX, SignedWithSigner, compact, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import UsageError
from crmdapp.provenance.artwork_intents import ARTWORK_TYPE, Artwork, require_artwork
from crmdapp.provenance.models import CURATORS_MAX

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

BOARD_CHANGE_TYPE = (
    "BoardChange(address[] admitted,address[] dismissed,uint8 quorum,bytes32 standardsHash,"
    "uint32 epoch)"
)

_EPOCH_MAX = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Approval(TypedData):
    """A curator's word that a work meets the community's standards.

    Attributes:
        artwork: The very record that the artist signed.
        deadline: Last second it counts, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = f"Approval(Artwork artwork,uint40 deadline){ARTWORK_TYPE}"

    artwork: Artwork
    deadline: int


@dataclass(frozen=True, slots=True)
class BoardChange(TypedData):
    """A change of the board.

    Attributes:
        admitted: New curators.
        dismissed: Who is no longer one.
        quorum: Curators who have to approve a work from now on.
        standards_hash: keccak256 of the new standards; zeros: they stay.
        epoch: The board's, which the change ends, so that it happens once.
    """

    TYPE: ClassVar[str] = BOARD_CHANGE_TYPE

    admitted: tuple[str, ...]
    dismissed: tuple[str, ...]
    quorum: int
    standards_hash: bytes
    epoch: int


@dataclass(frozen=True, slots=True)
class ChangeApproval(TypedData):
    """A curator's word for a change of the board.

    Attributes:
        change: The change.
        deadline: Last second it counts, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = f"ChangeApproval(BoardChange change,uint40 deadline){BOARD_CHANGE_TYPE}"

    change: BoardChange
    deadline: int


@dataclass(frozen=True, slots=True)
class SignedApproval(SignedWithSigner):
    """An approval that a curator signed.

    Attributes:
        approval: What was signed.
        domain: The board and chain it is meant for.
        signer: The curator.
        signature: The curator's, 64 bytes.
    """

    approval: Approval
    domain: Domain
    signer: str
    signature: bytes

    @property
    def content(self) -> Approval:
        """What was signed: the approval."""
        return self.approval

    @property
    def values(self) -> tuple[str, int, bytes]:
        """Curator, deadline and signature, as the contract takes them."""
        return self.signer, self.approval.deadline, self.signature

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedApproval:
        """Return the approval that :meth:`to_json` gave, or a wallet's typed data signed.

        Raises:
            UsageError: It is no signed approval; the message names the field.
        """
        fields = SignedJson(data, "signed approval", "Approval")
        artwork = read_struct(Artwork, fields.message.inner("artwork"))
        approval = Approval(artwork, fields.message.whole("deadline", DEADLINE_MAX))
        return cls(approval, fields.domain(), fields.outer.address("signer"), fields.signature())


@dataclass(frozen=True, slots=True)
class SignedChangeApproval(SignedWithSigner):
    """A change of the board that a curator signed.

    Attributes:
        approval: What was signed.
        domain: The board and chain it is meant for.
        signer: The curator.
        signature: The curator's, 64 bytes.
    """

    approval: ChangeApproval
    domain: Domain
    signer: str
    signature: bytes

    @property
    def content(self) -> ChangeApproval:
        """What was signed: the approval."""
        return self.approval

    @property
    def values(self) -> tuple[str, int, bytes]:
        """Curator, deadline and signature, as the contract takes them."""
        return self.signer, self.approval.deadline, self.signature

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedChangeApproval:
        """Return the approval that :meth:`to_json` gave, or a wallet's typed data signed.

        Raises:
            UsageError: It is no such approval; the message names the field.
        """
        fields = SignedJson(data, "signed change", "ChangeApproval")
        change = read_board_change(fields.message.inner("change"))
        approval = ChangeApproval(change, fields.message.whole("deadline", DEADLINE_MAX))
        return cls(approval, fields.domain(), fields.outer.address("signer"), fields.signature())


def board_domain(chain_id: int, board: str) -> Domain:
    """Return what curators sign for."""
    return Domain("CuratorBoard", "1", chain_id, require_address(board))


def sign_approval(
    signer: Signer, domain: Domain, artwork: Artwork, *, deadline: int | datetime
) -> SignedApproval:
    """Sign that a work meets the standards; the signer has recomputed its hashes before.

    Args:
        signer: A curator.
        domain: From :func:`board_domain`.
        artwork: The record as the artist signed it.
        deadline: Last moment: Unix seconds below 2^40 or an aware datetime.

    Raises:
        UsageError: A value is out of its range.
        CuratorInvalid: The signer is the artist.
        KeyProblem: The signer cannot sign.
    """
    from crmdapp.provenance.errors import CuratorInvalid

    require_artwork(artwork)
    if artwork.artist == signer.address:
        raise CuratorInvalid(signer.address)
    until = require_whole("deadline", unix_seconds(deadline), DEADLINE_MAX)
    approval = Approval(artwork, until)
    signature = compact(approval.sign(signer, domain))
    return SignedApproval(approval, domain, signer.address, signature)


def sign_change_approval(
    signer: Signer, domain: Domain, change: BoardChange, *, deadline: int | datetime
) -> SignedChangeApproval:
    """Sign a change of the board.

    Args:
        signer: A curator.
        domain: From :func:`board_domain`.
        change: The change.
        deadline: Last moment: Unix seconds below 2^40 or an aware datetime.

    Raises:
        UsageError: A value is out of its range.
        CuratorListInvalid: An account stands there twice.
        KeyProblem: The signer cannot sign.
    """
    require_board_change(change)
    until = require_whole("deadline", unix_seconds(deadline), DEADLINE_MAX)
    approval = ChangeApproval(change, until)
    signature = compact(approval.sign(signer, domain))
    return SignedChangeApproval(approval, domain, signer.address, signature)


def read_board_change(fields: JsonFields) -> BoardChange:
    """Return a change of the board as JSON has it.

    Raises:
        UsageError: A field is missing or malformed; the message names it.
    """
    return BoardChange(
        admitted=_addresses(fields, "admitted"),
        dismissed=_addresses(fields, "dismissed"),
        quorum=fields.whole("quorum", CURATORS_MAX),
        standards_hash=fields.word("standardsHash"),
        epoch=fields.whole("epoch", _EPOCH_MAX),
    )


def require_board_change(change: BoardChange) -> BoardChange:
    """Return a change that the board could accept.

    Raises:
        CuratorListInvalid: An account stands there twice.
        UsageError: A number is out of its range.
    """
    from crmdapp.provenance.errors import CuratorListInvalid

    named = [require_address(account) for account in (*change.admitted, *change.dismissed)]
    for account in named:
        if named.count(account) > 1:
            raise CuratorListInvalid(account)
    require_whole("quorum", change.quorum, CURATORS_MAX, least=1)
    require_whole("epoch", change.epoch, _EPOCH_MAX)
    if len(change.standards_hash) != 32:
        raise UsageError("standards_hash must have 32 bytes.")
    return change


def in_order(
    approvals: Iterable[SignedApproval] | Iterable[SignedChangeApproval],
) -> list[tuple[str, int, bytes]]:
    """Return approvals as the contract takes them: by rising address, each curator once.

    Raises:
        CuratorsUnordered: A curator stands there twice.
    """
    from crmdapp.provenance.errors import CuratorsUnordered

    found = sorted((item.values for item in approvals), key=lambda item: int(item[0], 16))
    for (before, *_), (after, *_) in pairwise(found):
        if before == after:
            raise CuratorsUnordered(before, after)
    return found


def require_same_artwork(artwork: Artwork, approvals: Sequence[SignedApproval]) -> None:
    """Check that every approval is of this very record, and none by its artist.

    Raises:
        UsageError: One is of another record.
        CuratorInvalid: One is by the artist.
    """
    from crmdapp.provenance.errors import CuratorInvalid

    for item in approvals:
        if item.approval.artwork != artwork:
            raise UsageError(
                f"{item.signer} approved another record.",
                hint="Collect approvals of this very submission.",
            )
        if item.signer == artwork.artist:
            raise CuratorInvalid(item.signer)


def _addresses(fields: JsonFields, name: str) -> tuple[str, ...]:
    return tuple(require_address(str(item)) for item in fields.items(name))
