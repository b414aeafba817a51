"""``crmdapp loyalty coupon issue``: a coupon signed by the account, with or without a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption
from crmdapp.cli._frame import command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._values import parse_points, parse_span, parse_time, points_data
from crmdapp.cli.loyalty._common import PointsArgument, ProgramArgument, ReceiverArgument
from crmdapp.cli.loyalty._coupons import (
    coupon_data,
    coupon_facts,
    coupon_journal,
    moment,
    require_places,
    word_of,
    write_coupons,
)
from crmdapp.cli.loyalty.coupon import app
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.client import LoyaltyClient
    from crmdapp.loyalty.coupons import Coupon, SignedCoupon


@command(
    app,
    "issue",
    examples=(
        "crmdapp loyalty coupon issue 2 friend 5 --out coupon.json",
        "crmdapp loyalty coupon issue 2 friend 5 --reference receipt-17 --pending 14d --reversible",
    ),
)
def issue(
    ctx: typer.Context,
    program: ProgramArgument,
    to: ReceiverArgument,
    points: PointsArgument,
    reference: Annotated[
        str | None,
        typer.Option("--reference", metavar="TEXT", help="What it is for; the same, once."),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option("--number", min=0, metavar="NUMBER", help="Its number; the next if left out."),
    ] = None,
    pending: Annotated[
        str | None,
        typer.Option("--pending", metavar="SPAN", help="How long it cannot be claimed yet: 14d."),
    ] = None,
    deadline: Annotated[
        str | None,
        typer.Option("--deadline", metavar="TIME", help="Last moment: a date or Unix seconds."),
    ] = None,
    valid_for: Annotated[
        str, typer.Option("--valid-for", metavar="SPAN", help="Or how long from then on.")
    ] = "90d",
    reversible: Annotated[
        bool, typer.Option("--reversible", help="Let it be reversed if the goods are returned.")
    ] = False,
    campaign: Annotated[
        str | None, typer.Option("--campaign", metavar="HASH", help="Campaign it belongs to.")
    ] = None,
    terms: Annotated[
        str | None, typer.Option("--terms", metavar="HASH", help="Legal terms it is given under.")
    ] = None,
    issued: Annotated[
        int | None,
        typer.Option("--issued", min=1, metavar="EPOCH", help="Epoch of its points; this one."),
    ] = None,
    hub: Annotated[
        str | None,
        typer.Option(
            "--hub", metavar="ADDRESS", help="With --chain-id, --number, --issued: without a node."
        ),
    ] = None,
    out: NewFileOption = None,
    page: Annotated[
        str | None,
        typer.Option("--base-url", metavar="URL", help="Print a link to this page instead."),
    ] = None,
) -> None:
    """Sign a coupon with the account, which is the program's coupon key; nothing is sent.

    It is written down under its number first, so no number is given twice.
    """
    from crmdapp.loyalty.coupons import Coupon, require_coupon

    session = session_of(ctx)
    units, receiver = parse_points(points), session.address(to)
    wait = 0 if pending is None else parse_span(pending)
    now = _now(session, hub)
    first = now + wait if wait else 0
    last = parse_time(deadline) if deadline is not None else now + wait + parse_span(valid_for)
    coupon = Coupon(
        program=program,
        to=receiver,
        points=units,
        order_id=number or 0,
        issued=issued or 0,
        reversible=reversible,
        valid_after=first,
        deadline=last,
        campaign=word_of(campaign, "--campaign"),
        terms_hash=word_of(terms, "--terms"),
    )
    require_coupon(coupon)
    require_places(out, page)
    if hub is None:
        signed = _issue_here(session, coupon, reference, number)
    else:
        if number is None or issued is None:
            raise UsageError("With --hub, the coupon's --number and --issued must be given too.")
        signed = _issue_offline(session, coupon, hub)
    if page is not None:
        link = signed.to_link(page)
        session.out.result({**coupon_data(signed), "link": link}, link)
        return
    write_coupons(session, [signed], out, coupon_data(signed))


def _issue_here(
    session: Session, coupon: Coupon, reference: str | None, number: int | None
) -> SignedCoupon:
    """Complete a coupon from the chain, write it down, and sign it."""
    import secrets
    from dataclasses import replace

    from crmdapp.loyalty.coupon_issuer import next_number
    from crmdapp.loyalty.coupon_journal import CouponRequest
    from crmdapp.loyalty.coupons import SignedCoupon, expires_at

    client = session.reader
    issued = coupon.issued or client.campaigns.issued(coupon.program)
    expiry = expires_at(client.clock, issued)
    last = coupon.deadline
    if expiry is not None and last >= int(expiry.timestamp()):
        last = int(expiry.timestamp()) - 1
        session.out.say(f"The points expire {moment(last + 1)}: the coupon ends before.")
    if last < coupon.valid_after:
        raise UsageError(
            "The points expire before the coupon could be claimed.", hint="Choose less --pending."
        )
    _warn_of_key(session, client, coupon.program)
    ready = replace(coupon, issued=issued, deadline=last)
    named = reference or (f"number {number}" if number is not None else secrets.token_hex(16))
    genesis = client.connection.genesis_hash
    with coupon_journal(session) as journal:
        first = 1
        if not journal.has_numbers(genesis, client.domain, coupon.program):
            first = next_number(client, coupon.program)
        (written,) = journal.issue(
            genesis, client.domain, [CouponRequest(named, ready)], first=first, number=number
        )
    if written.points != coupon.points:
        given = points_data(written.points)["points"]
        raise UsageError(
            f"Coupon {written.order_id} was issued for {named!r} before, for {given} points.",
            hint="Use another reference for another purchase.",
        )
    _show(session, SignedCoupon(written, client.domain, b""), client)
    return SignedCoupon(written, client.domain, written.sign(session.signer, client.domain))


def _issue_offline(session: Session, coupon: Coupon, hub: str) -> SignedCoupon:
    from crmdapp.loyalty.coupons import SignedCoupon
    from crmdapp.loyalty.intents import hub_domain

    chain_id = session.config.chain_id
    if chain_id is None:
        raise UsageError(
            "With --hub the chain must be named too.", hint="Add --chain-id, such as 1."
        )
    domain = hub_domain(chain_id, session.address(hub))
    _show(session, SignedCoupon(coupon, domain, b""), None)
    return SignedCoupon(coupon, domain, coupon.sign(session.signer, domain))


def _show(session: Session, unsigned: SignedCoupon, client: LoyaltyClient | None) -> None:
    program = None if client is None else client.program(unsigned.coupon.program)
    session.out.say("You promise this once:")
    session.out.show(
        Facts(
            [
                ("Coupon key", session.signer.address),
                *coupon_facts(session, unsigned, program),
                ("Chain", str(unsigned.domain.chain_id)),
                ("Ledger", unsigned.domain.verifying_contract),
            ]
        )
    )


def _warn_of_key(session: Session, client: LoyaltyClient, program: int) -> None:
    key = client.campaigns.coupon_key(program).address
    if key != session.signer.address:
        session.out.warn(
            f"{session.signer.address} is not the coupon key of program {program}"
            f" ({key or 'it has none'}): the coupon cannot be claimed as it is."
        )


def _now(session: Session, hub: str | None) -> int:
    import time

    return int(time.time()) if hub is not None else session.connection.block_timestamp()
