"""Joining: a shop goes from nothing to a working program of the network.

The steps are transactions of their own, each sent at most once under the key of the whole. Killed
or refused anywhere, the same plan with the same key goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import require_address
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.loyalty.clearing import Deposit
from crmdapp.loyalty.coin import require_units, to_decimal
from crmdapp.loyalty.errors import DepositCommitted
from crmdapp.loyalty.events import ProgramCreated
from crmdapp.loyalty.models import Program, ProgramConfig, require_budget
from crmdapp.loyalty.network_models import Position, Prices, require_prices
from crmdapp.loyalty.points import UNLIMITED

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.loyalty.client import LoyaltyClient

NEW = 0
"""Number of a program that is not there yet, in calls that are only shown; no program has it."""


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """What a shop decides when it joins.

    Attributes:
        config: The program's name, validity, cap and tiers.
        on_ramp: Price at which other programs' customers buy in, in 10^-6 of the coin per point.
        off_ramp: What the program pays for a point that leaves it, 1 to ``on_ramp``.
        issuer: The till that awards points and submits redemptions; ``None`` for nobody yet.
        budget: Units that it may award in an epoch, up to 2^48 - 1, which is no limit.
        deposit: Base units of the coin to pay in; 0 for nothing.
        limits: Program and the most to owe it, in 10^-6 of the coin: where the shop's points may
            be spent, each program once. Together not above the deposit.

    Raises:
        PricesInvalid: Not 0 < ``off_ramp`` <= ``on_ramp``.
        UsageError: Another number is out of its range, or a program is named twice.
    """

    config: ProgramConfig
    on_ramp: int
    off_ramp: int
    issuer: str | None = None
    budget: int = UNLIMITED
    deposit: int = 0
    limits: tuple[tuple[int, int], ...] = field(default=())

    def __post_init__(self) -> None:
        require_prices(self.on_ramp, self.off_ramp)
        require_budget(self.budget)
        require_units("The deposit", self.deposit, (1 << 256) - 1, least=0)
        if self.issuer is not None:
            object.__setattr__(self, "issuer", require_address(self.issuer))
        named = [program for program, _ in self.limits]
        for program in named:
            if named.count(program) > 1:
                raise UsageError(f"Program {program} is given two limits.")


@dataclass(frozen=True, slots=True)
class JoinStep:
    """One transaction of a plan.

    Attributes:
        name: ``"program"``, ``"prices"``, ``"issuer"``, ``"deposit"`` (with its approval before
            it) or ``"limit"``.
        number: Its place in the plan, from 1.
        total: Steps in all.
        other: The program that a limit is for; ``None`` for other steps.
        was_sent: Whether it was sent by an earlier run.
        receipt: Its receipt; ``None`` while it is still to be done.
    """

    name: str
    number: int
    total: int
    other: int | None = None
    was_sent: bool = False
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """A program that works.

    Attributes:
        program: The program as the hub keeps it.
        prices: The prices that hold.
        deposit: What it has in the clearing house.
        positions: What it may owe the programs of the plan.
        receipts: One of each step, in order.
    """

    program: Program
    prices: Prices
    deposit: Deposit
    positions: tuple[Position, ...]
    receipts: tuple[Receipt, ...]


Progress = Callable[[JoinStep], None]
"""Called before each step, and again with its receipt when it is done."""


def join(
    client: LoyaltyClient, plan: JoinPlan, *, key: str, progress: Progress | None = None
) -> Joined:
    """Open a program, publish its first prices, appoint its till, pay in and set its limits.

    All that can be known before is checked before the first transaction.

    Args:
        client: With the sender that is to own the program.
        plan: What to do.
        key: Idempotency key of the whole: with it, each step is sent at most once, however often
            this is run. A step that was not sent yet may be changed between two runs.
        progress: Called before and after each step.

    Returns:
        The program as it stands.

    Raises:
        ERC20InsufficientBalance: The sender has less coin than it is to pay in.
        DepositCommitted: The limits exceed the deposit.
        ProgramUnknown: A limit is for a program that does not exist.
        UsageError: A step was sent under this key with other figures.
        FundsMissing: The sender cannot pay for the gas; run it again.
        ReceiptTimeout: A step is still pending; run it again.
        NodeProblem: The node could not be asked; run it again.
    """
    return Joining(client, plan, key).run(progress)


class Joining:
    """One plan, under one key.

    Args:
        client: With the sender that is to own the program.
        plan: What to do.
        key: Idempotency key of the whole.
    """

    def __init__(self, client: LoyaltyClient, plan: JoinPlan, key: str) -> None:
        self._client = client
        self._clearing = client.clearing
        self._plan = plan
        self._key = key

    def steps(self) -> list[JoinStep]:
        """Return the steps in order, and whether an earlier run has sent each; asks no node."""
        plan = self._plan
        names: list[tuple[str, int | None]] = [("program", None), ("prices", None)]
        if plan.issuer is not None:
            names.append(("issuer", None))
        if plan.deposit:
            names.append(("deposit", None))
        names += [("limit", other) for other, _ in plan.limits]
        return [
            JoinStep(name, number, len(names), other, self._was_sent(name, other))
            for number, (name, other) in enumerate(names, 1)
        ]

    def calls(self, program: int = NEW) -> Iterator[tuple[JoinStep, Call]]:
        """Yield each step with its call, for showing; without its number a program is new."""
        for step in self.steps():
            yield step, self._call(step, program)

    def check(self) -> None:
        """Check all that can be known before the first transaction.

        Raises:
            ERC20InsufficientBalance: The sender has less coin than it is to pay in.
            DepositCommitted: The limits exceed the deposit.
            ProgramUnknown: A limit is for a program that does not exist.
            UsageError: A figure is out of its range, or the program was opened with others.
        """
        plan = self._plan
        for step, call in self.calls():
            if step.name == "program":
                self._require_same(step, call)
            if step.other is not None:
                self._client.program(step.other)
        free = plan.deposit // self._clearing.coin.scale
        for _, limit in plan.limits:
            if limit > free:
                raise _uncovered(limit, free)
            free -= limit
        if plan.deposit and not self._was_sent("deposit"):
            self._clearing.require_balance(plan.deposit)

    def run(self, progress: Progress | None = None) -> Joined:
        """Carry out what an earlier run has not; see :func:`join`."""
        self.check()
        program, receipts = NEW, []
        for step in self.steps():
            if progress is not None:
                progress(step)
            receipt = self._carry_out(step, program)
            receipts.append(receipt)
            if step.name == "program":
                program = _created(receipt)
            if progress is not None:
                done = JoinStep(
                    step.name, step.number, step.total, step.other, step.was_sent, receipt
                )
                progress(done)
        network = self._client.network
        return Joined(
            program=self._client.program(program),
            prices=network.prices(program),
            deposit=self._clearing.deposit_of(program),
            positions=tuple(network.position(program, other) for other, _ in self._plan.limits),
            receipts=tuple(receipts),
        )

    # ----------------------------------------------------------------- inside

    def _carry_out(self, step: JoinStep, program: int) -> Receipt:
        key, call = self._name(step.name, step.other), self._call(step, program)
        self._require_same(step, call)
        if step.name == "deposit":
            return self._clearing.deposit(program, self._plan.deposit, key=key)
        sender = self._client.sender
        return sender.wait(sender.send(call, key=key, again_if_reverted=True))

    def _require_same(self, step: JoinStep, call: Call) -> None:
        """Check that a step which was sent before did what it is to do now."""
        if not step.was_sent:
            return
        sender = self._client.sender
        try:
            sender.journal.require_same(sender.status(self._name(step.name, step.other)).id, call)
        except UsageError:
            raise UsageError(
                f"The step {step.name!r} was carried out before, with other figures.",
                why=f"All steps of {self._key!r} belong together, and none is done twice.",
                hint="Give the figures of the first time and change them afterwards, each by its"
                " own command; or choose another name for a program of its own (--once).",
            ) from None

    def _call(self, step: JoinStep, program: int) -> Call:
        plan, client = self._plan, self._client
        if step.name == "program":
            return client.prepare.create_program(plan.config)
        if step.name == "prices":
            return client.network.prepare.announce_prices(program, plan.on_ramp, plan.off_ramp)
        if step.name == "issuer":
            assert plan.issuer is not None  # else there is no such step
            return client.prepare.set_issuer(program, plan.issuer, plan.budget)
        if step.name == "deposit":
            return self._clearing.prepare.deposit(program, plan.deposit)
        assert step.other is not None  # a limit is for another program
        limit = dict(plan.limits)[step.other]
        return self._clearing.prepare.set_limit(program, step.other, limit)

    def _name(self, step: str, other: int | None = None) -> str:
        return f"{self._key}:{step}" if other is None else f"{self._key}:{step}:{other}"

    def _was_sent(self, step: str, other: int | None = None) -> bool:
        return self._client.was_sent(self._name(step, other))


def _created(receipt: Receipt) -> int:
    created = receipt.events_of(ProgramCreated)
    if len(created) != 1:
        raise VerificationFailed(f"{receipt.hash} created {len(created)} programs, not one.")
    return created[0].program


def _uncovered(limit: int, free: int) -> DepositCommitted:
    """Return the clearing house's refusal of a limit, in words for a program without a number."""
    refusal = DepositCommitted(NEW, limit, free)
    refusal.message = (
        f"A limit of {to_decimal(limit)} needs as much of the deposit; {to_decimal(free)} is left."
    )
    refusal.hint = "Pay in more, or lower the limits."
    return refusal
