"""``crmdapp loyalty campaign``: coupons by a definition in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption
from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_points, format_time, iso_time, points_data
from crmdapp.cli.loyalty._common import amount, brand, person
from crmdapp.cli.loyalty._coupons import (
    coupon_data,
    coupon_journal,
    moment,
    require_places,
    write_coupons,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.loyalty.campaign_rules import Campaign
    from crmdapp.loyalty.client import LoyaltyClient
    from crmdapp.loyalty.coupon_journal import CampaignTally, CouponJournal
    from crmdapp.loyalty.models import Program

app = group(
    name="campaign",
    help="Coupons by a definition in a file: who, how much, when, within which budget.",
    examples=(
        "crmdapp loyalty campaign check june.json",
        "crmdapp loyalty campaign issue june.json friend --reference receipt-17 --spent 12.34",
    ),
)

DefinitionArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="The campaign's definition in JSON.")
]

_SHOWN = 20


@app.callback()
def campaign_group() -> None:
    """Coupons by a definition in a file: who, how much, when, within which budget."""


@command(
    app,
    "check",
    examples=(
        "crmdapp loyalty campaign check june.json",
        "crmdapp loyalty campaign check june.json --count --json",
    ),
)
def check(
    ctx: typer.Context,
    file: DefinitionArgument,
    count: Annotated[
        bool, typer.Option("--count", help="Count the customers it is for, by the chain's events.")
    ] = False,
) -> None:
    """Check a definition, by itself and against the program on the chain, and explain it."""
    from crmdapp.loyalty.campaign_file import read_campaign

    session = session_of(ctx)
    campaign = read_campaign(file)
    client = session.reader
    program = client.program(campaign.program)
    warnings = _warnings(client, campaign, program)
    members = None
    if count:
        from crmdapp.loyalty.coupon_issuer import members_of

        members = sum(1 for _ in members_of(client, campaign))
    session.out.result(
        {**_data(campaign), "members": members, "warnings": warnings},
        Facts(
            [
                *_facts(campaign, program),
                *([("Customers", f"{members:,}")] if members is not None else []),
            ]
        ),
    )
    for warning in warnings:
        session.out.warn(warning)


@command(
    app,
    "issue",
    examples=(
        "crmdapp loyalty campaign issue june.json friend --reference receipt-17 --spent 12.34",
        "crmdapp loyalty campaign issue june.json --all --out coupons.jsonl",
    ),
)
def issue(
    ctx: typer.Context,
    file: DefinitionArgument,
    customer: Annotated[
        str | None,
        typer.Argument(metavar="[CUSTOMER]", help="Address or name of a key."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option("--reference", metavar="TEXT", help="What it is for; the same, once."),
    ] = None,
    spent: Annotated[
        str | None, typer.Option("--spent", metavar="MONEY", help="What was spent: 12.34.")
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="One coupon for each customer of the segment.")
    ] = False,
    out: NewFileOption = None,
    page: Annotated[
        str | None,
        typer.Option("--base-url", metavar="URL", help="Print a link to this page instead."),
    ] = None,
) -> None:
    """Sign a customer's coupon, or all customers', by the rules; nothing is sent.

    The account is the program's coupon key. Each coupon is written down under its number before it
    is signed: run again, the same purchase gets the same coupon.
    """
    from crmdapp.loyalty.campaign_file import read_campaign
    from crmdapp.loyalty.coupon_issuer import CouponIssuer

    session = session_of(ctx)
    campaign = read_campaign(file)
    _require_one(customer, reference, everybody)
    require_places(out, page)
    client = session.reader
    program = client.program(campaign.program)
    with coupon_journal(session) as journal:
        desk = CouponIssuer(client, campaign, session.signer, journal)
        desk.require_key()
        session.signer.unlock()
        if customer is None or reference is None:
            found = list(desk.issue_to_all())
        else:
            receiver = session.address(customer)
            found = [desk.issue(receiver, reference=reference, spent=spent)]
        tally = _tally(client, journal, campaign)
    units = sum(signed.coupon.points for signed in found)
    left = campaign.budget - tally.units
    session.out.say(
        f"{len(found):,} coupons of {amount(units, program)} in all;"
        f" {amount(left, program)} of the budget are left."
    )
    if not found:
        raise UsageError("The campaign has no customers yet.", why="Nobody is in its segment.")
    if page is not None:
        links = [signed.to_link(page) for signed in found]
        session.out.result({"links": links, **points_data(units)}, *links)
        return
    data = coupon_data(found[0]) if len(found) == 1 else points_data(units)
    write_coupons(session, found, out, data)


@command(
    app,
    "show",
    examples=(
        "crmdapp loyalty campaign show june.json",
        "crmdapp loyalty campaign show june.json --json",
    ),
)
def show(ctx: typer.Context, file: DefinitionArgument) -> None:
    """Show how far a campaign is: coupons issued from here, claimed, and the budget left."""
    from crmdapp.loyalty.campaign_file import read_campaign

    session = session_of(ctx)
    campaign = read_campaign(file)
    client = session.reader
    program = client.program(campaign.program)
    with coupon_journal(session) as journal:
        tally = _tally(client, journal, campaign)
        issued = journal.coupons(*_place(client, campaign))
    used = set(client.campaigns.used_orders(campaign.program)) if issued else set()
    claimed = [coupon for _, coupon in issued if coupon.order_id in used]
    left = campaign.budget - tally.units
    session.out.result(
        {
            **_data(campaign),
            "coupons": tally.coupons,
            "customers": tally.customers,
            "issued": points_data(tally.units),
            "claimed": len(claimed),
            "left": points_data(left),
            "numbers": [
                {
                    "number": coupon.order_id,
                    "reference": reference,
                    "to": coupon.to,
                    **points_data(coupon.points),
                    "claimed": coupon.order_id in used,
                }
                for reference, coupon in issued
            ],
        },
        Facts(
            [
                *_facts(campaign, program),
                ("Coupons", f"{tally.coupons:,} for {tally.customers:,} customers"),
                ("Issued", amount(tally.units, program)),
                ("Claimed", f"{len(claimed):,} coupons"),
                ("Left", amount(left, program)),
            ]
        ),
        Table(
            (">number", "reference", "to", ">points", "claimed"),
            [
                (
                    str(coupon.order_id),
                    reference,
                    person(session, coupon.to),
                    format_points(coupon.points),
                    "yes" if coupon.order_id in used else "no",
                )
                for reference, coupon in issued[-_SHOWN:]
            ],
        ),
    )


def _require_one(customer: str | None, reference: str | None, everybody: bool) -> None:
    if everybody == (customer is not None):
        raise UsageError(
            "For whom?", hint="Name a customer, or write --all for everybody of the segment."
        )
    if customer is not None and reference is None:
        raise UsageError(
            "What is the coupon for?",
            hint="Say it by --reference, such as the number of the receipt: it counts once.",
        )


def _place(client: LoyaltyClient, campaign: Campaign) -> tuple[bytes, Any, int, bytes]:
    return client.connection.genesis_hash, client.domain, campaign.program, campaign.hash


def _tally(client: LoyaltyClient, journal: CouponJournal, campaign: Campaign) -> CampaignTally:
    return journal.tally(*_place(client, campaign))


def _warnings(client: LoyaltyClient, campaign: Campaign, program: Program) -> list[str]:
    """Return what the definition promises and the program cannot keep."""
    from crmdapp.loyalty.coupons import expires_at

    found = []
    key = client.campaigns.coupon_key(program.id)
    if key.address is None:
        found.append("The program has no coupon key: nobody can issue its coupons.")
    elif key.budget < campaign.budget:
        found.append(
            f"The coupon key may give {format_points(key.budget)} points in an epoch, less than the"
            f" campaign's {format_points(campaign.budget)}: claims may have to wait for the next."
        )
    if campaign.reversible and not client.returns.clawback(program.id):
        found.append("Its coupons are reversible, but the program's claw-back window is 0.")
    now = client.connection.block_timestamp()
    if now >= campaign.end.timestamp():
        found.append(f"It ended {format_time(campaign.end)}.")
    expiry = expires_at(client.clock, client.campaigns.issued(program.id))
    first, last = campaign.claimable(now)
    if expiry is not None and first >= expiry.timestamp():
        found.append(f"Points given now expire {format_time(expiry)}, while they are pending.")
    elif expiry is not None and last >= expiry.timestamp():
        found.append(
            f"Points given now expire {format_time(expiry)}: coupons end then, not {moment(last)}."
        )
    return found


def _facts(campaign: Campaign, program: Program) -> list[tuple[str, str]]:
    offer = campaign.offer
    each = "no limit" if campaign.per_customer is None else amount(campaign.per_customer, program)
    pairs = [
        ("Campaign", campaign.name),
        ("Hash", "0x" + campaign.hash.hex()),
        ("Program", brand(program)),
        ("For", _segment(campaign, program)),
    ]
    if offer.points is not None:
        pairs.append(("Offer", amount(offer.points, program)))
    else:
        pairs.append(("Offer", f"{_decimal(offer.rate)} points per 1.00 {offer.currency}"))
        pairs += [
            ("", f"from tier {tier} on times {_decimal(multiplier)}")
            for tier, multiplier in offer.multipliers
        ]
    return [
        *pairs,
        ("Budget", amount(campaign.budget, program)),
        ("Per customer", each),
        ("From", format_time(campaign.start)),
        ("Until", format_time(campaign.end)),
        ("Pending", f"{campaign.pending_days:,} days, then claimable for {campaign.claim_days:,}"),
        ("Reversible", "yes" if campaign.reversible else "no"),
        ("Terms", "0x" + campaign.terms_hash.hex() if any(campaign.terms_hash) else "none"),
    ]


def _segment(campaign: Campaign, program: Program) -> str:
    segment = campaign.segment
    return {
        "all": "everybody who ever received points",
        "tier": f"tier {segment.least} and above",
        "balance": f"who holds {amount(segment.least, program)} or more",
        "qualifying": f"who ever earned {amount(segment.least, program)} or more",
        "addresses": f"the {len(segment.addresses):,} customers of its list",
    }[segment.kind]


def _decimal(value: Any) -> str:
    whole, rest = divmod(int(value * 1_000_000), 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def _data(campaign: Campaign) -> dict[str, Any]:
    offer, segment = campaign.offer, campaign.segment
    return {
        "name": campaign.name,
        "hash": campaign.hash,
        "program": campaign.program,
        "segment": {
            "kind": segment.kind,
            "least": segment.least,
            "addresses": len(segment.addresses),
            "sha256": segment.sha256 or None,
        },
        "offer": {
            "points": None if offer.points is None else points_data(offer.points),
            "rate": None if offer.points is not None else _decimal(offer.rate),
            "currency": offer.currency or None,
            "multipliers": {str(tier): _decimal(value) for tier, value in offer.multipliers},
        },
        "budget": points_data(campaign.budget),
        "per_customer": None
        if campaign.per_customer is None
        else points_data(campaign.per_customer),
        "start": iso_time(campaign.start),
        "end": iso_time(campaign.end),
        "pending_days": campaign.pending_days,
        "claim_days": campaign.claim_days,
        "reversible": campaign.reversible,
        "terms_hash": campaign.terms_hash,
    }
