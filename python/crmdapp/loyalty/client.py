"""The loyalty ledger from Python: programs, awards, transfers, redemptions, reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.client import ContractClient
from crmdapp.errors import VerificationFailed
from crmdapp.loyalty.calls import LoyaltyCalls
from crmdapp.loyalty.errors import (
    ERC6909InsufficientBalance,
    ProgramIssuerOnly,
    ProgramNotConnected,
    ProgramUnknown,
)
from crmdapp.loyalty.events import ProgramCreated
from crmdapp.loyalty.intents import hub_domain
from crmdapp.loyalty.models import EpochClock, Issuer, Liability, Program, ProgramConfig, Statement

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain
    from crmdapp.loyalty.campaigns import CampaignClient
    from crmdapp.loyalty.clearing import ClearingClient
    from crmdapp.loyalty.intents import SignedIntent
    from crmdapp.loyalty.network import NetworkClient
    from crmdapp.loyalty.returns import ReturnsClient


class LoyaltyClient(ContractClient):
    """One PointsHub, seen and used by one account.

    Amounts are whole units of 0.01 point, 1 to 2^47 - 1. Methods that send take an idempotency
    ``key``: with the same key a call is carried out at most once, however often it is repeated,
    and the earlier receipt is returned. They simulate before they send: what the hub would refuse
    is raised as the twin of its error, and nothing is sent. All of them may also raise, besides
    what each names: ``UsageError`` (no account to send with, or a malformed argument),
    ``FundsMissing``, ``KeyProblem``, ``NodeProblem`` and ``ReceiptTimeout`` (still pending, not
    failed). Reading methods may raise ``NodeProblem`` and ``ContractMissing``.

    Source: contracts/loyalty/IPointsHub.sol.

    Args:
        connection: The chain.
        address: Address of the PointsHub.
        sender: The account that sends; ``None`` for reading only.
        since_block: Block of the hub's deployment, where searches for events begin.
    """

    CONTRACT = "PointsHub"

    @property
    def hub(self) -> BoundContract:
        """The contract, for reading what this class does not."""
        return self.contract

    @cached_property
    def prepare(self) -> LoyaltyCalls:
        """The same transactions, checked and encoded but not sent."""
        return LoyaltyCalls(self.contract)

    @cached_property
    def domain(self) -> Domain:
        """What customers' intents are signed for."""
        return hub_domain(self.connection.chain_id, self.hub.address)

    @cached_property
    def clock(self) -> EpochClock:
        """When which epoch begins."""
        return EpochClock(self.hub.read("GENESIS"), self.hub.read("EPOCH_LENGTH"))

    # ----------------------------------------------------------------- parts

    @cached_property
    def network(self) -> NetworkClient:
        """Prices, exchange, and redemption at other merchants."""
        from crmdapp.loyalty.network import NetworkClient

        return NetworkClient(self)

    @cached_property
    def clearing(self) -> ClearingClient:
        """Deposits, limits, and settlement between merchants."""
        from crmdapp.loyalty.clearing import ClearingClient

        return ClearingClient(self)

    @cached_property
    def campaigns(self) -> CampaignClient:
        """Coupons and drops."""
        from crmdapp.loyalty.campaigns import CampaignClient

        return CampaignClient(self)

    @cached_property
    def returns(self) -> ReturnsClient:
        """Reversals of awards and refunds of redemptions."""
        from crmdapp.loyalty.returns import ReturnsClient

        return ReturnsClient(self)

    # ----------------------------------------------------------------- programs

    def create_program(self, config: ProgramConfig, *, key: str | None = None) -> Program:
        """Open a program that the sender owns; nobody may award until :meth:`set_issuer`.

        Returns:
            The program as the hub keeps it.
        """
        receipt = self.send(self.prepare.create_program(config), key=key)
        created = receipt.events_of(ProgramCreated)
        if len(created) != 1:
            raise VerificationFailed(f"{receipt.hash} created {len(created)} programs, not one.")
        return self.program(created[0].program)

    def program(self, program: int) -> Program:
        """Return a program as it stands.

        Raises:
            ProgramUnknown: There is no such program.
        """
        name, symbol, owner, pending, token, validity, cap, tiers = self.hub.read(
            "programOf", program
        )
        return Program(
            id=program,
            name=name,
            symbol=symbol,
            owner=owner,
            pending_owner=_or_none(pending),
            token=_or_none(token),
            validity=validity,
            cap=cap,
            tiers=tuple(tiers),
        )

    def programs(self, *, owner: str | None = None) -> Iterator[Program]:
        """Yield all programs in the order they were created, asking in ranges a node bears.

        Args:
            owner: Only those that this account owns now.
        """
        wanted = None if owner is None else require_address(owner)
        for log in self.events("ProgramCreated"):
            assert isinstance(log.event, ProgramCreated)  # what was asked for
            program = self.program(log.event.program)
            if wanted in (None, program.owner):
                yield program

    def set_issuer(
        self, program: int, issuer: str, budget: int, *, key: str | None = None
    ) -> Receipt:
        """Let ``issuer`` award points and submit customers' redemptions; the sender is the owner.

        Args:
            program: The program.
            issuer: Its address.
            budget: Units per epoch, up to 2^48 - 1, which is no limit; 0 dismisses the issuer.
            key: Idempotency key.

        Raises:
            ProgramOwnerOnly: The sender does not own the program.
            ProgramUnknown: There is no such program.
            IssuerInvalid: The issuer is the zero address.
        """
        return self.send(self.prepare.set_issuer(program, issuer, budget), key=key)

    def configure(
        self,
        program: int,
        *,
        validity: int | None = None,
        cap: int | None = None,
        tiers: Sequence[int] | None = None,
        key: str | None = None,
    ) -> list[Receipt]:
        """Change the rules for points awarded from now on; the sender is the owner.

        Each rule given is a transaction of its own; all arguments are checked before the first.

        Args:
            program: The program.
            validity: Epochs that points live, 1 to 4.
            cap: Most units outstanding, up to 2^47 - 1; 0 for no cap. Takes nothing from anybody.
            tiers: Qualifying units of each tier, rising, at most six; a tier once reached stays.
            key: Idempotency key of all of them together.

        Raises:
            ProgramOwnerOnly: The sender does not own the program.
            ProgramUnknown: There is no such program.
            ValidityOutOfRange: The validity is not 1 to 4.
            CapOutOfRange: The cap is 2^47 or more.
            TiersTooMany: There are more than six tiers.
            TiersNotRising: A tier is not above the one before it.
        """
        calls: dict[str, Call] = {}
        if validity is not None:
            calls["validity"] = self.prepare.set_validity(program, validity)
        if cap is not None:
            calls["cap"] = self.prepare.set_cap(program, cap)
        if tiers is not None:
            calls["tiers"] = self.prepare.set_tiers(program, tiers)
        return [
            self.send(call, key=None if key is None else f"{key}:{rule}")
            for rule, call in calls.items()
        ]

    def offer_ownership(self, program: int, to: str, *, key: str | None = None) -> Receipt:
        """Offer the program to ``to``, who must accept; the zero address takes the offer back.

        Raises:
            ProgramOwnerOnly: The sender does not own the program.
            ProgramUnknown: There is no such program.
        """
        return self.send(self.prepare.offer_ownership(program, to), key=key)

    def accept_ownership(self, program: int, *, key: str | None = None) -> Receipt:
        """Take over a program that was offered to the sender.

        Raises:
            ProgramPendingOwnerOnly: It was not.
        """
        return self.send(self.prepare.accept_ownership(program), key=key)

    # ----------------------------------------------------------------- points

    def award(self, program: int, to: str, points: int, *, key: str | None = None) -> Receipt:
        """Give ``points`` new units to ``to``; the sender is an issuer of the program.

        Raises:
            ProgramIssuerOnly: The sender may not award.
            ProgramUnknown: There is no such program.
            BudgetExceeded: The issuer has fewer units left in this epoch.
            CapExceeded: More would be outstanding than the program's cap.
            PointsOverflow: The amount, or what the customer or program holds, reaches 2^47 units.
            ERC6909InvalidReceiver: ``to`` is the zero address.
        """
        return self.send_for(self.prepare.award(program, to, points), program, key=key)

    def transfer(self, program: int, to: str, points: int, *, key: str | None = None) -> Receipt:
        """Move ``points`` of the sender's units to ``to``, the oldest first.

        Points keep their expiry: a transfer never lengthens their life.

        Raises:
            ERC6909InsufficientBalance: The sender holds less, or they expired.
            ProgramUnknown: There is no such program.
            PointsOverflow: The amount, or what the receiver holds, reaches 2^47 units.
            ERC6909InvalidReceiver: ``to`` is the zero address.
        """
        return self.send_for(self.prepare.transfer(program, to, points), program, key=key)

    def redeem(self, program: int, points: int, *, key: str | None = None) -> Receipt:
        """Spend ``points`` of the sender's units, the oldest first.

        Raises:
            ERC6909InsufficientBalance: The sender holds less, or they expired.
            ProgramUnknown: There is no such program.
            PointsOverflow: The amount is 2^47 units or more.
        """
        return self.send_for(self.prepare.redeem(program, points), program, key=key)

    def submit(
        self, signed: SignedIntent, *, refundable: bool = False, key: str | None = None
    ) -> Receipt:
        """Carry out one customer's signed intent; the sender pays the gas.

        Many redemptions are cheaper through :class:`~crmdapp.loyalty.relayer.Relayer`.

        Args:
            signed: The intent.
            refundable: Whether a redemption may be refunded later, which costs a storage slot.
            key: Idempotency key.

        Raises:
            IntentSignatureInvalid: The holder did not sign it, or not for this hub and chain.
            IntentExpired: Its deadline has passed.
            IntentNonceUsed: Its nonce was used or cancelled.
            OrderUsed: The merchant redeemed the order before.
            ProgramIssuerOnly: The sender may not submit redemptions of the merchant.
            ERC6909InsufficientBalance: The holder has fewer units.
            ProgramNotConnected: A program has published no prices.
            PositionOverLimit: The program would owe the merchant more than it may.
            ExchangeBelowMinimum: The holder wanted to receive more.
            ProgramUnknown: There is no such program.
        """
        call = self.prepare.submit(signed, refundable=refundable)
        return self.send_for(call, signed.intent.program, key=key)

    # ----------------------------------------------------------------- reports

    def balance(self, program: int, account: str) -> int:
        """Return the units that ``account`` can spend now.

        Raises:
            ProgramUnknown: There is no such program.
        """
        units: int = self.hub.read("balanceOf", require_address(account), program)
        if units == 0:
            self.program(program)
        return units

    def statement(self, program: int, account: str) -> Statement:
        """Return what ``account`` holds by age, when it expires, and the tier.

        Raises:
            ProgramUnknown: There is no such program.
        """
        holder = require_address(account)
        by_age, qualifying, tier, epoch = self.hub.read("statementOf", program, holder)
        if qualifying == 0:
            self.program(program)
        return Statement(
            program=program,
            account=holder,
            by_age=tuple(by_age),
            qualifying=qualifying,
            tier=tier,
            epoch=epoch,
            expiries=self.clock.expiries(epoch),
        )

    def liability(self, program: int) -> Liability:
        """Return what the program owes its customers, by age, and when each age expires.

        Raises:
            ProgramUnknown: There is no such program.
        """
        block = self.connection.block_number()
        by_age = self.hub.read("liabilityOf", program, block=block)
        epoch = self.hub.read("currentEpoch", block=block)
        if not any(by_age):
            self.program(program)
        return Liability(program, tuple(by_age), epoch, self.clock.expiries(epoch))

    def issuer(self, program: int, address: str) -> Issuer:
        """Return what an issuer may award, and has awarded in this epoch.

        Raises:
            ProgramUnknown: There is no such program.
        """
        issuer = require_address(address)
        budget, used, counted = self.hub.read("issuerOf", program, issuer)
        if budget == 0:
            self.program(program)
        epoch = self.hub.read("currentEpoch")
        return Issuer(program, issuer, budget, used if counted == epoch else 0, epoch)

    # ----------------------------------------------------------------- sending

    def send_for(self, call: Call, *programs: int, key: str | None = None) -> Receipt:
        """Send a prepared call that is about some programs, see :meth:`send`.

        The hub spares itself a look at programs: in one that does not exist nobody is an issuer,
        nobody has points, and there are no prices. If it refuses for such a reason, this looks.

        Raises:
            ProgramUnknown: One of the programs does not exist.
            ContractError: The hub refuses, as the twin of its error.
        """
        try:
            return self.send(call, key=key)
        except (ProgramIssuerOnly, ERC6909InsufficientBalance, ProgramNotConnected) as refusal:
            try:
                for program in programs:
                    self.program(program)
            except ProgramUnknown as unknown:
                raise unknown from refusal
            raise


def _or_none(address: str) -> str | None:
    return None if address == ZERO_ADDRESS else address
