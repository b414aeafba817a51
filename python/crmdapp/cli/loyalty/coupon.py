"""``crmdapp loyalty coupon``: points promised to one customer by the coupon key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import receipt_data, receipt_line, send, send_all
from crmdapp.cli._values import parse_limit, points_data
from crmdapp.cli.loyalty._common import (
    ProgramArgument,
    amount,
    brand,
    person,
)
from crmdapp.cli.loyalty._coupons import (
    CouponArgument,
    coupon_data,
    coupon_facts,
    coupon_journal,
    moment,
    read_coupon,
    read_coupons,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.campaigns import CouponKey
    from crmdapp.loyalty.client import LoyaltyClient
    from crmdapp.loyalty.coupons import SignedCoupon

app = group(
    name="coupon",
    help="Points promised to one customer: issue, claim, cancel.",
    examples=(
        "crmdapp loyalty coupon issue 2 friend 5 --out coupon.json",
        "crmdapp loyalty coupon claim coupon.json",
    ),
)

_NOBODY = "none"


@app.callback()
def coupon_group() -> None:
    """Points promised to one customer: issue, claim, cancel."""


@command(
    app,
    "key",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty coupon key 2",
        "crmdapp loyalty coupon key 2 till 10000",
    ),
)
def key_(
    ctx: typer.Context,
    program: ProgramArgument,
    signer: Annotated[
        str | None,
        typer.Argument(metavar="[KEY]", help="Address or name of a key, or none; else only shown."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Argument(metavar="[BUDGET]", help="Points its coupons may give in an epoch."),
    ] = None,
) -> None:
    """Say which key signs the program's coupons, and how much they may give in an epoch.

    Coupons of the former key that were not claimed are void. The budget bounds what a key that is
    stolen can give away.
    """
    session = session_of(ctx)
    if signer is None:
        found = session.reader.campaigns.coupon_key(program)
        session.out.result(_key_data(found), _key_facts(session, found))
        return
    is_nobody = signer == _NOBODY
    if is_nobody == (budget is not None):
        raise UsageError(
            "A key needs a budget, and nobody needs none.",
            hint=f"Write: coupon key {program} KEY BUDGET, or: coupon key {program} none",
        )
    address = None if is_nobody else session.address(signer)
    units = parse_limit(budget) if budget is not None else 0
    client = session.loyalty
    about = [
        ("Program", brand(client.program(program))),
        ("Coupon key", _NOBODY if address is None else person(session, address)),
        ("Budget", f"{points_data(units)['points']} per epoch"),
    ]
    call = client.campaigns.prepare.set_coupon_key(program, address, units)
    receipt = send(session, call, about)
    if receipt is not None:
        found = client.campaigns.coupon_key(program)
        session.out.result(
            {**_key_data(found), **receipt_data(receipt)}, _key_facts(session, found)
        )


@command(
    app,
    "claim",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty coupon claim coupon.json",
        "crmdapp loyalty coupon claim - --yes --json",
    ),
)
def claim(ctx: typer.Context, coupon: CouponArgument) -> None:
    """Give a coupon's points to the customer it names; the account only pays the gas.

    Of several coupons, those that were claimed or cancelled before are left out.
    """
    session = session_of(ctx)
    found = read_coupons(coupon)
    client = session.loyalty
    calls = [client.campaigns.prepare.claim_coupon(signed) for signed in found]
    if len(found) > 1 and session.once is None:
        open_ = [not client.campaigns.is_used(s.coupon.program, s.coupon.order_id) for s in found]
        calls = [call for call, is_open in zip(calls, open_, strict=True) if is_open]
        found = [signed for signed, is_open in zip(found, open_, strict=True) if is_open]
    if not found:
        session.out.result({"coupons": []}, "All of them were claimed or cancelled before.")
        return
    receipts = send_all(session, calls, _about(session, client, found))
    if receipts is None:
        return
    rows = [
        {**coupon_data(signed), **receipt_data(receipt)}
        for signed, receipt in zip(found, receipts, strict=True)
    ]
    session.out.result(
        rows[0] if len(rows) == 1 else {"coupons": rows},
        *[
            f"{amount(signed.coupon.points, client.program(signed.coupon.program))} to"
            f" {person(session, signed.coupon.to)}. {receipt_line(receipt)}"
            for signed, receipt in zip(found, receipts, strict=True)
        ],
    )


@command(
    app,
    "cancel",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty coupon cancel 2 17",
        "crmdapp loyalty coupon cancel 2 17 --yes --json",
    ),
)
def cancel(
    ctx: typer.Context,
    program: ProgramArgument,
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=0, help="Number of the coupon.")],
) -> None:
    """Void a coupon that was not claimed yet, as when the goods are returned."""
    session = session_of(ctx)
    client = session.loyalty
    about = [("Program", brand(client.program(program))), ("Coupon", f"number {number}")]
    receipt = send(session, client.campaigns.prepare.cancel_coupon(program, number), about)
    if receipt is None:
        return
    with coupon_journal(session) as journal:
        journal.cancel(client.connection.genesis_hash, client.domain, program, number)
    session.out.result(
        {"program": program, "number": number, **receipt_data(receipt)},
        f"Coupon {number} is void. {receipt_line(receipt)}",
    )


@command(
    app,
    "show",
    examples=(
        "crmdapp loyalty coupon show coupon.json",
        "crmdapp loyalty coupon show coupon.json --json",
    ),
)
def show(ctx: typer.Context, coupon: CouponArgument) -> None:
    """Show what a coupon promises and whether it can be claimed now."""
    session = session_of(ctx)
    signed = read_coupon(coupon)
    client = session.reader
    key = client.campaigns.coupon_key(signed.coupon.program)
    state = _state(client, signed, key)
    facts = coupon_facts(session, signed, client.program(signed.coupon.program))
    session.out.result(
        {**coupon_data(signed), "state": state},
        Facts([*facts, ("State", _states(signed, key)[state])]),
    )


def _about(
    session: Session, client: LoyaltyClient, coupons: list[SignedCoupon]
) -> list[tuple[str, str]]:
    first = coupons[0]
    if len(coupons) == 1:
        return coupon_facts(session, first, client.program(first.coupon.program))
    units = sum(signed.coupon.points for signed in coupons)
    return [("Coupons", f"{len(coupons):,}"), ("Points", str(points_data(units)["points"]))]


def _state(client: LoyaltyClient, signed: SignedCoupon, key: CouponKey) -> str:
    """Return what keeps a coupon from being claimed, in a word; ``"claimable"`` if nothing does."""
    from crmdapp.loyalty.coupons import expires_at

    coupon = signed.coupon
    now = client.connection.block_timestamp()
    expiry = expires_at(client.clock, coupon.issued)
    if signed.domain != client.domain:
        return "foreign"
    if client.campaigns.is_used(coupon.program, coupon.order_id):
        return "used"
    if now > coupon.deadline or (expiry is not None and now >= expiry.timestamp()):
        return "expired"
    signer = key.address
    if signer is None or not (signed.signed_by(signer) or client.connection.code(signer)):
        return "unsigned"
    if now < coupon.valid_after:
        return "pending"
    return "over-budget" if coupon.points > key.left else "claimable"


def _states(signed: SignedCoupon, key: CouponKey) -> dict[str, str]:
    return {
        "claimable": "can be claimed now",
        "expired": "has ended",
        "foreign": f"is for the ledger {signed.domain.verifying_contract}"
        f" on chain {signed.domain.chain_id}",
        "over-budget": f"must wait: coupons may give {points_data(key.left)['points']} more points"
        " in this epoch",
        "pending": f"can be claimed from {moment(signed.coupon.valid_after)} on",
        "unsigned": "is not signed by the program's coupon key",
        "used": "was claimed or cancelled",
    }


def _key_data(found: CouponKey) -> dict[str, object]:
    return {
        "program": found.program,
        "coupon_key": found.address,
        "budget": points_data(found.budget),
        "used": points_data(found.used),
        "left": points_data(found.left),
    }


def _key_facts(session: Session, found: CouponKey) -> Facts:
    return Facts(
        [
            ("Program", str(found.program)),
            ("Coupon key", person(session, found.address) if found.address else _NOBODY),
            ("Budget", f"{points_data(found.budget)['points']} per epoch"),
            ("Left", f"{points_data(found.left)['points']} in this one"),
        ]
    )
