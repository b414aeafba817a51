"""``crmdapp customers rewards``: a company pays people for the data that they let it read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, receipt_line, send, send_all
from crmdapp.cli._values import format_time, iso_time, parse_span, parse_time
from crmdapp.cli.customers._common import hex_of, person, reading, sending, word_of
from crmdapp.cli.customers._consent import opened_log
from crmdapp.cli.customers._crm import (
    ConsentOption,
    LogJournalOption,
    LogKeysOption,
    OperatorOption,
    VaultOption,
    merges_of,
    opened_vault,
    terms_in,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.operator import LogOperator
    from crmdapp.customers.reward_claims import (
        Accrued,
        ClaimWithProof,
        RewardCampaign,
    )
    from crmdapp.store.vault import Vault

app = group(
    help="A company pays people for the data that they let it read.",
    examples=(
        "crmdapp customers rewards show 1",
        "crmdapp customers rewards claim claims.jsonl --to friend",
    ),
)

CampaignArgument = Annotated[
    int, typer.Argument(metavar="CAMPAIGN", min=1, help="Number of the campaign.")
]
ClaimsArgument = Annotated[
    Path, typer.Argument(metavar="CLAIMS", help="The file of claims that accrue wrote.")
]

_LOG = "0x" + "f39fd6e51aad88f6f4ce6ab8827279cfffb92266" + "0" * 24
_COIN = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


@app.callback()
def rewards() -> None:
    """A company pays people for the data that they let it read."""


@command(
    app,
    "create",
    cls=SendingCommand,
    examples=(
        f"crmdapp customers rewards create --program 2 --cap 500 --purpose Marketing --log {_LOG}",
        f"crmdapp customers rewards create --coin {_COIN} --cap 5 --purpose Marketing --log {_LOG}",
    ),
)
def create(
    ctx: typer.Context,
    cap: Annotated[
        int, typer.Option("--cap", min=1, metavar="UNITS", help="The most one person gets.")
    ],
    purpose: Annotated[
        list[str], typer.Option("--purpose", metavar="TERM", help="What data is for; repeat.")
    ],
    log: Annotated[
        str, typer.Option("--log", metavar="LOG", help="Id of the interaction log, 64 hex digits.")
    ],
    coin: Annotated[
        str | None, typer.Option("--coin", metavar="ADDRESS", help="Pay this ERC-20.")
    ] = None,
    program: Annotated[
        int | None, typer.Option("--program", min=0, metavar="NUMBER", help="Or these points.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="When claims end.")
    ] = None,
    valid_for: Annotated[
        str, typer.Option("--valid-for", metavar="SPAN", help="Or how long: 30d, 90d.")
    ] = "90d",
) -> None:
    """Set up a campaign; fund it before anybody consents, so that its promise is backed.

    Amounts are base units of the coin, or hundredths of a point.
    """
    from crmdapp.customers.codes import purpose_bits
    from crmdapp.customers.reward_claims import RewardKind
    from crmdapp.customers.rewards import RewardsClient

    session = session_of(ctx)
    if (coin is None) == (program is None):
        raise UsageError("A campaign pays either a coin or points.", hint="--coin or --program")
    kind = RewardKind.COIN if coin is not None else RewardKind.POINTS
    asset: int | str = session.address(coin) if coin is not None else program or 0
    client = sending(session, RewardsClient)
    ends = (
        parse_time(until)
        if until is not None
        else session.connection.block_timestamp() + parse_span(valid_for)
    )
    call = client.prepare.create(
        kind,
        asset,
        cap=cap,
        purposes=purpose_bits(purpose),
        log=word_of(log, "--log"),
        claims_until=ends,
    )
    about = [
        ("Pays", f"{kind.name.lower()} {asset}"),
        ("Cap", f"{cap:,} a person"),
        ("Purposes", ", ".join(purpose)),
        ("Claims until", format_time(ends)),
    ]
    receipt = send(session, call, about)
    if receipt is None:
        return
    found = client.created(receipt)
    session.out.result(
        {**_data(found), **receipt_data(receipt)},
        f"Campaign {found.id}. {receipt_line(receipt)}",
    )


@command(
    app,
    "fund",
    cls=SendingCommand,
    examples=(
        "crmdapp customers rewards fund 1 100000",
        "crmdapp customers rewards fund 1 100000 --yes --json",
    ),
)
def fund(
    ctx: typer.Context,
    campaign: CampaignArgument,
    amount: Annotated[int, typer.Argument(metavar="UNITS", min=1, help="How much to add.")],
) -> None:
    """Add to the budget; a coin needs an allowance for the contract, points need it as issuer."""
    from crmdapp.customers.rewards import RewardsClient

    session = session_of(ctx)
    client = sending(session, RewardsClient)
    calls = [client.prepare.fund(campaign, amount)]
    receipts = send_all(session, calls, [("Campaign", str(campaign)), ("Adds", f"{amount:,}")])
    if receipts is None:
        return
    found = client.campaign(campaign)
    session.out.result(
        {**_data(found), **receipt_data(receipts[0])},
        f"The budget is {found.budget:,}. {receipt_line(receipts[0])}",
    )


@command(
    app,
    "accrue",
    examples=(
        "crmdapp customers rewards accrue 1 --each 100 --consent consents --out claims.jsonl",
        "crmdapp customers rewards accrue 1 --each 100 --consent consents --out c.jsonl --json",
    ),
)
def accrue(
    ctx: typer.Context,
    campaign: CampaignArgument,
    each: Annotated[
        int, typer.Option("--each", min=1, metavar="UNITS", help="What one disclosure earns.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Write what each person needs there.")
    ],
    consent: ConsentOption = None,
    vault: VaultOption = None,
    operator: OperatorOption = None,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
) -> None:
    """Add up the anchored disclosures of a campaign; nothing is sent.

    The account is the one that keeps the log. Publish the file afterwards.
    """
    from crmdapp.chain._files import require_creatable
    from crmdapp.customers.leaves import index_of
    from crmdapp.customers.reward_claims import ClaimSheet
    from crmdapp.customers.rewards import RewardsClient

    session = session_of(ctx)
    require_creatable(out)
    client = reading(session, RewardsClient)
    found = client.campaign(campaign)
    with (
        opened_vault(session, vault, operator) as store,
        opened_log(session, log_journal, log_keys, index_of(found.log)) as log,
    ):
        told = _accrue(session, found, each, store, log, consent)
    sheet = ClaimSheet(told.claims)
    sheet.write(out, client.connection.chain_id, client.contract.address)
    session.out.result(
        {
            "campaign": campaign,
            "file": out,
            "root": sheet.root,
            "claims": len(sheet),
            "total": str(sheet.total),
            "counted": told.counted,
            "left_out": dict(told.left_out),
        },
        f"{len(sheet):,} claims of {sheet.total:,} for {told.counted:,} disclosures, in {out}.",
        Table(
            ("left out because", ">disclosures"), [(k, f"{n:,}") for k, n in told.left_out.items()]
        ),
    )


@command(
    app,
    "publish",
    cls=SendingCommand,
    examples=(
        "crmdapp customers rewards publish claims.jsonl",
        "crmdapp customers rewards publish claims.jsonl --yes --json",
    ),
)
def publish(ctx: typer.Context, claims: ClaimsArgument) -> None:
    """Fix the claims of a campaign, once and for ever."""
    from crmdapp.customers.errors import RewardOverBudget
    from crmdapp.customers.reward_claims import ClaimSheet
    from crmdapp.customers.rewards import RewardsClient

    session = session_of(ctx)
    sheet = ClaimSheet.read(claims)
    client = sending(session, RewardsClient)
    found = client.campaign(sheet.campaign)
    if sheet.total > found.budget:
        raise RewardOverBudget(found.id, sheet.total, found.budget)
    about = [
        ("Campaign", str(found.id)),
        ("Claims", f"{len(sheet):,} of {sheet.total:,} in all, budget {found.budget:,}"),
        ("Root", hex_of(sheet.root)),
    ]
    receipt = send(session, client.prepare.publish(sheet), about)
    if receipt is not None:
        session.out.result(
            {**_data(client.campaign(found.id)), **receipt_data(receipt)},
            f"The claims of campaign {found.id} are fixed. {receipt_line(receipt)}",
        )


@command(
    app,
    "claim",
    cls=SendingCommand,
    examples=(
        "crmdapp customers rewards claim claims.jsonl --to friend",
        "crmdapp customers rewards claim claims.jsonl --to friend --yes --json",
    ),
)
def claim(
    ctx: typer.Context,
    claims: ClaimsArgument,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="TO", help="The payee; needed if the file has several."),
    ] = None,
) -> None:
    """Pay a person's claim to its payee; the account only pays the gas."""
    from crmdapp.customers.rewards import RewardsClient

    session = session_of(ctx)
    client = sending(session, RewardsClient)
    found = _claim_in(session, claims, to)
    state = client.campaign(found.claim.campaign)
    if state.claims_root is not None:
        found.require_in(state.claims_root)
    about = [
        ("Campaign", str(state.id)),
        ("Amount", f"{found.claim.amount:,}"),
        ("To", person(session, found.claim.payee)),
    ]
    receipt = send(session, client.prepare.claim(found), about)
    if receipt is not None:
        session.out.result(
            {
                "campaign": state.id,
                "index": found.claim.index,
                "payee": found.claim.payee,
                "amount": str(found.claim.amount),
                **receipt_data(receipt),
            },
            f"{found.claim.amount:,} to {person(session, found.claim.payee)}."
            f" {receipt_line(receipt)}",
        )


@command(
    app,
    "close",
    cls=SendingCommand,
    examples=(
        "crmdapp customers rewards close 1",
        "crmdapp customers rewards close 1 --yes --json",
    ),
)
def close(ctx: typer.Context, campaign: CampaignArgument) -> None:
    """Take back what was not claimed in time."""
    from crmdapp.customers.rewards import RewardsClient

    session = session_of(ctx)
    client = sending(session, RewardsClient)
    found = client.campaign(campaign)
    about = [("Campaign", str(campaign)), ("Comes back", f"{found.left:,}")]
    receipt = send(session, client.prepare.close(campaign), about)
    if receipt is not None:
        session.out.result(
            {
                **_data(client.campaign(campaign)),
                "returned": str(found.left),
                **receipt_data(receipt),
            },
            f"{found.left:,} came back. {receipt_line(receipt)}",
        )


@command(
    app,
    "show",
    examples=(
        "crmdapp customers rewards show 1",
        "crmdapp customers rewards show 1 --json",
    ),
)
def show(ctx: typer.Context, campaign: CampaignArgument) -> None:
    """Show a campaign: what it pays for, its budget, and whether its claims are fixed."""
    from crmdapp.customers.codes import PURPOSES, names
    from crmdapp.customers.rewards import RewardsClient

    session = session_of(ctx)
    found = reading(session, RewardsClient).campaign(campaign)
    session.out.result(
        _data(found),
        Facts(
            [
                ("Campaign", str(found.id)),
                ("Sponsor", person(session, found.sponsor)),
                ("Pays", _asset(found)),
                ("Purposes", ", ".join(names(found.purposes, PURPOSES))),
                ("Budget", f"{found.budget:,}, of which {found.paid:,} are paid"),
                ("Cap", f"{found.cap:,} a person"),
                ("Claims until", format_time(found.claims_until)),
                ("Claims", hex_of(found.claims_root) if found.claims_root else "not fixed yet"),
                ("Log", hex_of(found.log)),
            ]
        ),
    )


# --------------------------------------------------------------------------- steps


def _accrue(
    session: Session,
    campaign: RewardCampaign,
    each: int,
    vault: Vault,
    log: LogOperator,
    consent: list[Path] | None,
) -> Accrued:
    from crmdapp.chain.addresses import ZERO_ADDRESS
    from crmdapp.customers.consents import ConsentClient
    from crmdapp.customers.interaction_log import LogClient
    from crmdapp.customers.matching import match_key
    from crmdapp.customers.reward_claims import accrue as add_up
    from crmdapp.customers.reward_sources import disclosed_in

    merges = merges_of(vault)
    consents = reading(session, ConsentClient)

    def payee_of(cid: bytes) -> str | None:
        for profile in merges.person(cid):
            for subject in vault.keys.linked(profile, "subject"):
                owner = consents.owner_of(subject)
                if owner != ZERO_ADDRESS:
                    return owner
        return None

    terms = {item.consent_id: item for item in terms_in(consent)}
    return add_up(
        campaign,
        disclosed_in(log, vault.store, terms),
        list(reading(session, LogClient).batches(campaign.log)),
        each=each,
        key=match_key(vault.keys),
        survivor_of=merges.survivor,
        payee_of=payee_of,
    )


def _claim_in(session: Session, claims: Path, to: str | None) -> ClaimWithProof:
    from crmdapp.customers.reward_claims import find_claims

    wanted = None if to is None else session.address(to)
    found = list(find_claims(claims, wanted))
    if len(found) != 1:
        what = "no claim" if not found else "several claims"
        raise UsageError(f"{claims} holds {what}.", hint="Name the payee: --to ADDRESS")
    return found[0]


def _asset(found: RewardCampaign) -> str:
    from crmdapp.customers.rewards import asset_address

    coin = asset_address(found)
    return f"coin {coin}" if coin else f"points of program {found.asset}"


def _data(found: RewardCampaign) -> dict[str, Any]:
    from crmdapp.customers.codes import PURPOSES, names
    from crmdapp.customers.rewards import asset_address

    coin = asset_address(found)
    return {
        "campaign": found.id,
        "sponsor": found.sponsor,
        "kind": found.kind.name.lower(),
        "coin": coin,
        "program": None if coin else found.asset,
        "budget": str(found.budget),
        "paid": str(found.paid),
        "cap": str(found.cap),
        "purposes": list(names(found.purposes, PURPOSES)),
        "log": found.log,
        "claims_until": iso_time(found.claims_until),
        "claims_root": found.claims_root,
    }
