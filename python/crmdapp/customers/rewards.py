"""Data rewards from Python: a company pays people for the data that they let it read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, checksum, require_address
from crmdapp.chain.client import ContractClient
from crmdapp.chain.signed import DEADLINE_MAX, unix_seconds
from crmdapp.customers.codes import PURPOSES, names
from crmdapp.customers.errors import (
    RewardBudgetInvalid,
    RewardCampaignUnknown,
    RewardOverBudget,
    RewardSettingInvalid,
)
from crmdapp.customers.events import RewardCampaignCreated
from crmdapp.customers.reward_claims import (
    AMOUNT_MAX,
    ClaimSheet,
    ClaimWithProof,
    RewardCampaign,
    RewardKind,
)
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.transactions import Receipt

__all__ = ["RewardsCalls", "RewardsClient"]

POINTS_CAP_MAX = (1 << 48) - 1
_WORD_MAX = (1 << 256) - 1


class RewardsCalls:
    """Calls of one DataRewards, checked and encoded but not sent.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: BoundContract) -> None:
        self._contract = contract

    def create(
        self,
        kind: RewardKind,
        asset: int | str,
        *,
        cap: int,
        purposes: int,
        log: bytes,
        claims_until: int | datetime,
    ) -> Call:
        """Create a campaign of the sender.

        Args:
            kind: Coin or points.
            asset: Address of the coin, or number of the sender's program of points.
            cap: The most that one person gets, 1 or more.
            purposes: Purposes as bits, at least one; codes of DPV.
            log: The interaction log whose disclosures count, 32 bytes.
            claims_until: When claims end, exclusive.

        Raises:
            CodeUnknown: A purpose is not in the vocabulary.
            RewardSettingInvalid: A setting that the contract refuses in any state.
            UsageError: An argument is malformed.
        """
        most = POINTS_CAP_MAX if kind is RewardKind.POINTS else AMOUNT_MAX
        if not 1 <= cap <= most:
            raise RewardSettingInvalid(b"cap".ljust(32, b"\0"), max(cap, 0))
        if not names(purposes, PURPOSES):
            raise RewardSettingInvalid(b"purposes".ljust(32, b"\0"), purposes)
        if len(log) != 32:
            raise UsageError("A log's id has 32 bytes.")
        until = require_whole(
            "The end of claims", unix_seconds(claims_until, "The end of claims"), DEADLINE_MAX
        )
        return self._contract.call("create", kind, _asset(kind, asset), cap, purposes, log, until)

    def fund(self, campaign: int, amount: int) -> Call:
        """Add to the budget: coins that the contract may take, or a promise of fresh points.

        Raises:
            RewardBudgetInvalid: The amount is not 1 to 2^128 - 1.
        """
        if not 1 <= amount <= AMOUNT_MAX:
            raise RewardBudgetInvalid(campaign, max(amount, 0))
        return self._contract.call("fund", _campaign(campaign), amount)

    def publish(self, sheet: ClaimSheet) -> Call:
        """Fix the claims of the sender's campaign, once."""
        return self._contract.call("publish", _campaign(sheet.campaign), sheet.root)

    def claim(self, found: ClaimWithProof) -> Call:
        """Pay a claim to its payee; anybody may send it.

        Raises:
            UsageError: It is of another contract.
        """
        if found.rewards != self._contract.address:
            raise UsageError(
                f"The claim is for the contract {found.rewards}.",
                hint=f"This one is {self._contract.address}; name the right deployment.",
            )
        return self._contract.call("claim", found.claim.values, found.proof)

    def close(self, campaign: int) -> Call:
        """Take back what was not claimed in time."""
        return self._contract.call("close", _campaign(campaign))


class RewardsClient(ContractClient):
    """One DataRewards, seen and used by one account.

    Methods that send take an idempotency ``key``, simulate before they send, and raise the twins
    of the contract's errors.

    Source: contracts/customers/IDataRewards.sol.
    """

    CONTRACT = "DataRewards"

    @cached_property
    def prepare(self) -> RewardsCalls:
        """The same transactions, checked and encoded but not sent."""
        return RewardsCalls(self.contract)

    # ----------------------------------------------------------------- the sponsor

    def create(
        self,
        kind: RewardKind,
        asset: int | str,
        *,
        cap: int,
        purposes: int,
        log: bytes,
        claims_until: int | datetime,
        key: str | None = None,
    ) -> RewardCampaign:
        """Create a campaign of the sender; see :meth:`RewardsCalls.create`.

        Raises:
            RewardSettingInvalid: A setting is out of its range, the log is not open, the program
                is not the sender's or the coin is no contract.
        """
        call = self.prepare.create(
            kind, asset, cap=cap, purposes=purposes, log=log, claims_until=claims_until
        )
        return self.created(self.send(call, key=key))

    def fund(self, campaign: int, amount: int, *, key: str | None = None) -> Receipt:
        """Add to the budget until the claims are published.

        For a coin, approve the contract first. For points, let the contract be an issuer of the
        program.

        Raises:
            RewardSponsorOnly: The sender does not own the campaign.
            RewardClaimsPublishedBefore: The claims are fixed.
            RewardBudgetInvalid: Nothing arrived, or the budget would pass 2^128 - 1.
        """
        return self.send(self.prepare.fund(campaign, amount), key=key)

    def publish(self, sheet: ClaimSheet, *, key: str | None = None) -> Receipt:
        """Fix the claims, once; they must be within budget and cap.

        Raises:
            RewardOverBudget: They are more than the budget; nothing was sent.
            RewardSponsorOnly: The sender does not own the campaign.
            RewardClaimsPublishedBefore: The claims are fixed already.
        """
        found = self.campaign(sheet.campaign)
        if sheet.total > found.budget:
            raise RewardOverBudget(found.id, sheet.total, found.budget)
        return self.send(self.prepare.publish(sheet), key=key)

    def close(self, campaign: int, *, key: str | None = None) -> Receipt:
        """Take back what was not claimed in time.

        Raises:
            RewardSponsorOnly: The sender does not own the campaign.
            RewardClaimsOpen: Claims have not ended yet.
            RewardBudgetInvalid: Nothing is left.
        """
        return self.send(self.prepare.close(campaign), key=key)

    # ----------------------------------------------------------------- everybody

    def claim(self, found: ClaimWithProof, *, key: str | None = None) -> Receipt:
        """Pay a claim to its payee, once per index and person; the sender only pays the gas.

        Raises:
            RewardUnproven: It is not among the claims that were published.
            RewardClaimsUnpublished: The claims are not fixed yet.
            RewardClaimsOver: Claims have ended.
            RewardClaimedBefore: It was paid, or the person was.
            RewardOverCap: It is more than one person gets.
            RewardOverBudget: It is more than is left.
        """
        return self.send(self.prepare.claim(found), key=key)

    def created(self, receipt: Receipt) -> RewardCampaign:
        """Return the campaign that a receipt tells of.

        Raises:
            VerificationFailed: It tells of none, or of several.
        """
        found = receipt.events_of(RewardCampaignCreated)
        if len(found) != 1:
            raise VerificationFailed(f"{receipt.hash} created {len(found)} campaigns, not one.")
        return self.campaign(found[0].campaign)

    def campaign(self, campaign: int) -> RewardCampaign:
        """Return a campaign as it stands.

        Raises:
            RewardCampaignUnknown: There is no such campaign.
        """
        state = self.contract.read("campaignOf", _campaign(campaign))
        if state.sponsor == ZERO_ADDRESS:
            raise RewardCampaignUnknown(campaign)
        return RewardCampaign(
            id=campaign,
            sponsor=state.sponsor,
            claims_until=datetime.fromtimestamp(state.claimsUntil, UTC),
            kind=RewardKind(state.kind),
            asset=state.asset,
            budget=state.budget,
            paid=state.paid,
            cap=state.cap,
            purposes=state.purposes,
            log=state.log,
            claims_root=state.claimsRoot if any(state.claimsRoot) else None,
            head=state.headAtPublication,
        )

    def campaigns(self, sponsor: str | None = None) -> Iterator[RewardCampaign]:
        """Yield the campaigns, those of one sponsor if it is named."""
        wanted: dict[str, Any] = {} if sponsor is None else {"sponsor": require_address(sponsor)}
        for log in self.events("RewardCampaignCreated", **wanted):
            assert isinstance(log.event, RewardCampaignCreated)
            yield self.campaign(log.event.campaign)

    def is_claimed(self, found: ClaimWithProof) -> bool:
        """Return whether a claim, or another one of its person, was paid."""
        campaign, claim = found.claim.campaign, found.claim
        return bool(
            self.contract.read("isClaimed", campaign, claim.index)
            or self.contract.read("isPaid", campaign, claim.person)
        )


def asset_address(campaign: RewardCampaign) -> str | None:
    """Return the address of a campaign's coin; ``None`` if it pays points."""
    if campaign.kind is not RewardKind.COIN:
        return None
    return checksum(f"0x{campaign.asset:040x}")


def _campaign(campaign: int) -> int:
    return require_whole("The campaign", campaign, _WORD_MAX)


def _asset(kind: RewardKind, asset: int | str) -> int:
    if kind is RewardKind.COIN:
        return int(require_address(str(asset)), 16)
    if kind is not RewardKind.POINTS or isinstance(asset, str):
        raise UsageError(
            "A campaign pays a coin, named by its address, or points, by their program's number."
        )
    return require_whole("The program", asset, _WORD_MAX)
