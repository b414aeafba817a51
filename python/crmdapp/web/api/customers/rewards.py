"""Data rewards: a company pays people for the data that they let it read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from crmdapp.chain.addresses import ZERO_ADDRESS, checksum
from crmdapp.customers.codes import purpose_bits
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.leaves import index_of, log_of
from crmdapp.customers.matching import match_key
from crmdapp.customers.reward_claims import (
    ClaimSheet,
    ClaimWithProof,
    RewardCampaign,
    RewardKind,
    accrue,
)
from crmdapp.customers.reward_sources import disclosed_in
from crmdapp.customers.rewards import RewardsClient
from crmdapp.errors import UsageError
from crmdapp.store._intake import SUBJECT
from crmdapp.store.index.customers import queries_logs
from crmdapp.web.api import (
    Caller,
    ContextDep,
    CursorDep,
    NotFound,
    Page,
    Sent,
    Work,
    requires,
    sending,
)
from crmdapp.web.api.customers._reading import as_of, is_final
from crmdapp.web.api.customers.models import SignedStatementIn
from crmdapp.web.api.customers.models_vault import AmountIn, PublishIn, RewardIn, RewardOut
from crmdapp.web.api.customers.office import Office, opened, opened_log, signer_of

router = APIRouter()

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Work, sending("customers:write")]

_KINDS = {kind.name.lower(): kind for kind in (RewardKind.COIN, RewardKind.POINTS)}


@router.get("/rewards")
def list_rewards(context: ContextDep, caller: Reader, cursor: CursorDep) -> Page[RewardOut]:
    """List the company's reward campaigns, newest first."""
    before = None if cursor.after is None else int(cursor.after[0])
    with as_of(context) as (session, position):
        rows = queries_logs.rewards_of(session, caller.merchant, before=before, limit=cursor.limit)
    items = [
        RewardOut(
            campaign=row.campaign,
            sponsor=row.sponsor,
            kind=RewardKind(row.kind).name.lower(),
            asset=_asset(row.kind, row.asset),
            budget=row.budget,
            paid=row.paid,
            claims=row.claims,
            published=row.claims_root is not None,
            created_at=row.created_at,
        )
        for row in rows
    ]
    return Page[RewardOut](
        **cursor.page(
            items,
            rows,
            lambda row: (row.campaign,),
            as_of_block=position.block,
            finalized=is_final(position),
        )
    )


@router.post("/rewards", status_code=201)
def create_reward(wanted: RewardIn, work: Writer) -> RewardOut:
    """Make a campaign that pays for disclosures in the company's log."""
    signer, kind = signer_of(work), _KINDS[wanted.kind]
    made = work.client(RewardsClient).create(
        kind,
        wanted.asset if kind is RewardKind.COIN else _program(wanted.asset),
        cap=wanted.cap,
        purposes=purpose_bits(wanted.purposes),
        log=log_of(signer.address, wanted.log_index),
        claims_until=wanted.claims_until,
        key=work.key,
    )
    return RewardOut(
        campaign=made.id,
        sponsor=made.sponsor,
        kind=wanted.kind,
        asset=_asset(int(kind), made.asset),
        budget=made.budget,
        paid=made.paid,
        claims=0,
        published=made.claims_root is not None,
        created_at=work.context.connection.block_timestamp(),
    )


@router.post("/rewards/{campaign}/funds")
def fund_reward(campaign: int, wanted: AmountIn, work: Writer) -> Sent:
    """Add to a campaign's budget."""
    client, _ = _own(work, campaign)
    receipt = client.fund(campaign, wanted.amount, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/rewards/{campaign}/claims")
def publish_claims(campaign: int, wanted: PublishIn, work: Writer) -> dict[str, object]:
    """Add up the anchored disclosures, fix one claim a person for ever, and give their proofs."""
    client, state = _own(work, campaign)
    context, signer = work.context, signer_of(work)
    with (
        opened(context, work.caller.merchant) as office,
        opened_log(context, signer, index_of(state.log)) as log,
    ):
        terms = {item.terms.consent_id: item.terms for item in office.book.everything()}
        found = accrue(
            state,
            disclosed_in(log, office.vault.store, terms),
            list(context.reader(LogClient).batches(state.log)),
            each=wanted.each,
            key=match_key(office.vault.keys),
            survivor_of=office.merges.survivor,
            payee_of=lambda cid: _payee(office, context.reader(ConsentClient), cid),
        )
    sheet = ClaimSheet(list(found.claims))
    receipt = client.publish(sheet, key=work.key)
    proofs = sheet.proofs(context.connection.chain_id, client.contract.address)
    return {
        "tx_hash": receipt.hash,
        "block": receipt.block,
        "counted": found.counted,
        "left_out": dict(found.left_out),
        "claims": [item.to_json() for item in proofs],
    }


@router.post("/rewards/{campaign}/payouts")
def pay_claim(campaign: int, wanted: SignedStatementIn, work: Writer) -> Sent:
    """Pay one claim to its payee; ``signed`` is the claim with its proof."""
    client, state = _own(work, campaign)
    found = ClaimWithProof.from_json(wanted.signed)
    if found.claim.campaign != state.id:
        raise UsageError("The claim is of another campaign.")
    receipt = client.claim(found, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/rewards/{campaign}/closure")
def close_reward(campaign: int, work: Writer) -> Sent:
    """Take back what was not claimed in time."""
    client, _ = _own(work, campaign)
    receipt = client.close(campaign, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


def _own(work: Work, campaign: int) -> tuple[RewardsClient, RewardCampaign]:
    from crmdapp.customers.errors import RewardCampaignUnknown

    signer_of(work)
    client = work.client(RewardsClient)
    try:
        state = client.campaign(campaign)
    except RewardCampaignUnknown:
        raise NotFound("There is no such campaign of this company.") from None
    if checksum(state.sponsor) != checksum(work.caller.merchant):
        raise NotFound("There is no such campaign of this company.")
    return client, state


def _payee(office: Office, client: ConsentClient, cid: bytes) -> str | None:
    for profile in office.merges.person(cid):
        for subject in office.vault.keys.linked(profile, SUBJECT):
            owner = client.owner_of(subject)
            if owner != ZERO_ADDRESS:
                return owner
    return None


def _program(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise UsageError("A campaign of points names its program by number.")
    return int(text)


def _asset(kind: int, asset: int) -> str:
    return checksum(f"0x{asset:040x}") if kind == RewardKind.COIN else str(asset)
