"""``crmdapp loyalty``: programs, points and customers' signed permissions."""

from crmdapp.cli.loyalty import (
    acceptances,
    campaign,
    clearing,
    coupon,
    coupon_issue,
    drop,
    files,
    gift,
    guild,
    intents,
    join,
    network,
    payments,
    points,
    prices,
    program,
    refund,
    reports,
    submit,
    terms,
    voucher,
)
from crmdapp.cli.loyalty._app import app

app.add_typer(program.app, name="program")
app.add_typer(prices.app, name="prices")
app.add_typer(campaign.app, name="campaign")
app.add_typer(coupon.app, name="coupon")
app.add_typer(drop.app, name="drop")
app.add_typer(gift.app, name="gift")
voucher.app.add_typer(guild.app, name="guild")
app.add_typer(terms.app, name="terms")
app.add_typer(voucher.app, name="voucher")

__all__ = [
    "acceptances",
    "app",
    "campaign",
    "clearing",
    "coupon",
    "coupon_issue",
    "drop",
    "files",
    "gift",
    "guild",
    "intents",
    "join",
    "network",
    "payments",
    "points",
    "prices",
    "program",
    "refund",
    "reports",
    "submit",
    "terms",
    "voucher",
]
