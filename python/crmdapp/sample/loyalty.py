"""The sample's shops: a coffee shop with customers, and a bookshop that takes its points."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from crmdapp.chain._files import replace
from crmdapp.loyalty.award_file import award_file
from crmdapp.loyalty.client import LoyaltyClient
from crmdapp.loyalty.errors import OrderUsed
from crmdapp.loyalty.intent_journal import IntentJournal
from crmdapp.loyalty.intents import sign_redeem
from crmdapp.loyalty.models import Program, ProgramConfig
from crmdapp.loyalty.points import UNLIMITED, to_points
from crmdapp.loyalty.relayer import Relayer
from crmdapp.sample.people import Member, members
from crmdapp.sample.stage import DAY, Stage

ROUNDS = 28
"""Rounds of purchases; a fortnight each on a chain that began early enough."""

SPENT = 15_00  # units that an order costs
PRICES = {"shop": (4_0000, 3_0000), "nook": (5_0000, 4_0000)}
"""What others pay for one point, and what the program pays; ten thousandths of the coin."""

_PROGRAMS = {
    "shop": ProgramConfig("Kettle & Crumb", "CRUMB", validity=2, tiers=(50_00, 150_00, 300_00)),
    "nook": ProgramConfig("Book Nook", "NOOK", validity=4),
}


def open_programs(stage: Stage) -> None:
    """Open both programs; their owners award and submit by themselves."""
    for role, config in _PROGRAMS.items():
        client = stage.client(LoyaltyClient, role)
        program = client.create_program(config, key=f"sample/{role}/program")
        client.set_issuer(program.id, program.owner, UNLIMITED, key=f"sample/{role}/issuer")
        client.network.announce_prices(program.id, *PRICES[role], key=f"sample/{role}/prices")


def live(stage: Stage) -> None:
    """Let the customers buy and spend, round by round."""
    client = stage.client(LoyaltyClient, "shop")
    program, people = program_of(stage, "shop"), members()
    with IntentJournal(stage.folder / "intents.sqlite3") as journal:
        relayer = Relayer(client, journal)
        for number in range(ROUNDS):
            here = [each for each in people if each.comes(number, ROUNDS)]

            def tell(_: Stage, number: int = number, here: Sequence[Member] = here) -> None:
                stage.reach(number / ROUNDS)
                _award(stage, client, program, here, number)
                _spend(stage, client, program, here, number, relayer)

            stage.once(f"round {number}", tell)


def give(stage: Stage) -> None:
    """Let the customer of the story earn at both shops, and get a gift from a friend."""
    customer = stage.signer("customer")
    shop, nook = (stage.client(LoyaltyClient, role) for role in ("shop", "nook"))
    shop.award(program_of(stage, "shop").id, customer.address, 82_50, key="sample/customer/shop")
    nook.award(program_of(stage, "nook").id, customer.address, 31_00, key="sample/customer/nook")
    friend = stage.client(LoyaltyClient, "customer")
    to = account_of(stage, members()[0])
    friend.transfer(program_of(stage, "shop").id, to, 5_00, key="sample/customer/gift")


def program_of(stage: Stage, role: str) -> Program:
    """Return the program of a shop."""
    client = stage.client(LoyaltyClient)
    return next(client.programs(owner=stage.signer(role).address))


def account_of(stage: Stage, member: Member) -> str:
    """Return the address with which a customer collects points."""
    return stage.signer("member", member.number).address


def _award(
    stage: Stage, client: LoyaltyClient, program: Program, here: Sequence[Member], number: int
) -> None:
    lines = ["address,points"]
    for each in here:
        units = 4_00 + (each.number * 37 + number * 101) % 9_00
        lines.append(f"{account_of(stage, each)},{to_points(units)}")
    path = stage.folder / f"purchases-{number:02}.csv"
    replace(path, ("\n".join(lines) + "\n").encode())
    award_file(client, path, program.id)


def _spend(
    stage: Stage,
    client: LoyaltyClient,
    program: Program,
    here: Sequence[Member],
    number: int,
    relayer: Relayer,
) -> None:
    """Let some of those who come sign for something on the house."""
    for each in here:
        if not each.spends or (each.number + number) % 3:
            continue
        order = 1_000 * (number + 1) + each.number
        if client.balance(program.id, account_of(stage, each)) < SPENT:
            continue
        signed = sign_redeem(
            stage.signer("member", each.number),
            client.domain,
            program=program.id,
            points=SPENT,
            order_id=order,
            deadline=stage.now + DAY,
        )
        with suppress(OrderUsed):  # an earlier run was stopped after this
            relayer.accept(signed)
    relayer.flush()
