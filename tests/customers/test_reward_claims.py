"""Adding up what people earned, and the tree of their claims."""

import json

import pytest
from eth_abi import encode
from eth_utils import keccak as eth_keccak
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain.addresses import ZERO_ADDRESS, checksum
from crmdapp.chain.merkle import MerkleTree
from crmdapp.customers.errors import RewardOverBudget, RewardUnproven
from crmdapp.customers.leaves import Interaction, InteractionKind, log_of
from crmdapp.customers.log_models import AnchoredBatch, Batch
from crmdapp.customers.matching import MatchKey
from crmdapp.customers.reward_claims import (
    ClaimSheet,
    ClaimWithProof,
    Disclosed,
    RewardCampaign,
    RewardClaim,
    RewardKind,
    accrue,
    find_claims,
)
from crmdapp.errors import UsageError

LOG = log_of(checksum("0x" + "11" * 20))
REWARDS = checksum("0x" + "22" * 20)
KEY = MatchKey(b"\x05" * 32)
ANN, BOB, CLEO = (bytes([n]) * 32 for n in (1, 2, 3))
MARKETING, SERVICE = 1, 2


def payee(cid):
    return checksum("0x" + (bytes([cid[0] + 0x40]) * 20).hex())


def campaign(**changes):
    values = {
        "id": 4,
        "sponsor": REWARDS,
        "claims_until": None,
        "kind": RewardKind.COIN,
        "asset": 1,
        "budget": 1_000,
        "paid": 0,
        "cap": 250,
        "purposes": MARKETING,
        "log": LOG,
        "claims_root": None,
        "head": bytes(32),
        **changes,
    }
    return RewardCampaign(**values)


def disclosures(*who, kind=InteractionKind.DISCLOSURE, reward_id=4, purposes=MARKETING, log=LOG):
    """Disclosures of these customers in one batch, and the batch."""
    entries = [
        Interaction(log, n, cid, 1, bytes(32), kind, 1_800_000_000, bytes(32), bytes(32))
        for n, cid in enumerate(who, start=1)
    ]
    tree = MerkleTree([entry.leaf for entry in entries])
    items = [
        Disclosed(entry, tree.proof(n), cid, reward_id, purposes)
        for n, (entry, cid) in enumerate(zip(entries, who, strict=True))
    ]
    batch = Batch(tree.root, bytes(32), len(who), 1_800_000_100)
    return items, [AnchoredBatch(1, 1, bytes(32), bytes(32), batch, 1, "0x")]


def add_up(items, batches, *, state=None, each=100, merged=None, payee_of=payee):
    return accrue(
        state or campaign(),
        items,
        batches,
        each=each,
        key=KEY,
        survivor_of=lambda cid: (merged or {}).get(cid, cid),
        payee_of=payee_of,
    )


def test_accrue_pays_each_person_for_each_disclosure():
    told = add_up(*disclosures(ANN, BOB, ANN))
    assert {claim.payee: claim.amount for claim in told.claims} == {
        payee(ANN): 200,
        payee(BOB): 100,
    }
    assert (told.total, told.counted, told.left_out) == (300, 3, {})


def test_accrue_pays_no_more_than_the_cap():
    assert add_up(*disclosures(ANN, ANN, ANN)).total == 250


def test_accrue_pays_a_merged_person_once():
    told = add_up(*disclosures(ANN, BOB, CLEO), merged={BOB: ANN})
    assert sorted(claim.amount for claim in told.claims) == [100, 200]
    assert {claim.payee for claim in told.claims} == {payee(ANN), payee(CLEO)}


def test_accrue_puts_persons_in_an_order_that_says_nothing():
    told = add_up(*disclosures(ANN, BOB, CLEO))
    persons = [claim.person for claim in told.claims]
    assert persons == sorted(persons)
    assert [claim.index for claim in told.claims] == [0, 1, 2]
    assert not {ANN, BOB, CLEO} & set(persons)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": InteractionKind.PURCHASE}, "no disclosure of this log"),
        ({"log": log_of(REWARDS)}, "no disclosure of this log"),
        ({"reward_id": 5}, "its consent names another campaign or none"),
        ({"purposes": SERVICE}, "for none of the campaign's purposes"),
    ],
    ids=["kind", "log", "campaign", "purpose"],
)
def test_accrue_leaves_out_and_tells(changes, reason):
    told = add_up(*disclosures(ANN, **changes))
    assert (told.claims, told.left_out) == ((), {reason: 1})


def test_accrue_leaves_out_what_is_not_anchored():
    items, batches = disclosures(ANN, BOB)
    assert add_up(items, []).left_out == {"not anchored": 2}
    forged, _ = disclosures(ANN, CLEO)
    assert add_up(forged, batches).left_out == {"not anchored": 2}


def test_accrue_counts_an_entry_once():
    items, batches = disclosures(ANN)
    told = add_up(items * 3, batches)
    assert (told.total, told.left_out) == (100, {"counted before": 2})


def test_accrue_leaves_out_who_cannot_be_paid():
    told = add_up(*disclosures(ANN, BOB), payee_of=lambda cid: payee(cid) if cid == ANN else None)
    assert (told.total, told.left_out) == (100, {"nobody to pay": 1})


def test_accrue_refuses_more_than_the_budget():
    assert add_up(*disclosures(ANN, BOB), state=campaign(budget=200)).total == 200
    with pytest.raises(RewardOverBudget) as refused:
        add_up(*disclosures(ANN, BOB), state=campaign(budget=199))
    assert refused.value == RewardOverBudget(4, 200, 199)


@pytest.mark.parametrize("each", [0, -1, 1 << 128])
def test_accrue_refuses_what_is_no_amount(each):
    with pytest.raises(UsageError, match="What a disclosure earns"):
        add_up(*disclosures(ANN), each=each)


# ----------------------------------------------------------------- leaves and trees


@given(
    st.integers(0, 2**256 - 1),
    st.integers(0, 2**256 - 1),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=20, max_size=20).filter(any),
    st.integers(1, 2**128 - 1),
)
def test_leaf_encodes_as_the_abi_does(number, index, person, raw, amount):
    claim = RewardClaim(number, index, person, checksum("0x" + raw.hex()), amount)
    kinds = ["uint256", "uint256", "bytes32", "address", "uint128"]
    assert claim.leaf == eth_keccak(eth_keccak(encode(kinds, claim.values)))


@pytest.mark.parametrize(
    "changes", [{"amount": 0}, {"amount": 1 << 128}, {"person": b"x"}, {"payee": ZERO_ADDRESS}]
)
def test_reward_claim_refuses_what_the_contract_would(changes):
    values = {"campaign": 1, "index": 0, "person": ANN, "payee": payee(ANN), "amount": 1}
    with pytest.raises(UsageError):
        RewardClaim(**{**values, **changes})


@pytest.fixture
def sheet():
    return ClaimSheet(add_up(*disclosures(ANN, BOB, CLEO)).claims)


def test_sheet_proves_each_claim_and_no_other(sheet):
    proofs = list(sheet.proofs(31337, REWARDS))
    for item in proofs:
        item.require_in(sheet.root)
        with pytest.raises(RewardUnproven) as refused:
            item.require_in(bytes(32))
        assert refused.value == RewardUnproven(4, item.claim.index)
    assert (len(sheet), sheet.total, sheet.campaign) == (3, 300, 4)


def test_sheet_refuses_what_could_not_be_paid(sheet):
    one, two, three = sheet.claims
    for claims, message in (
        ((), "nothing to publish"),
        ((one, three), "do not count up"),
        ((one, RewardClaim(4, 1, one.person, two.payee, 5)), "has two claims"),
        ((one, RewardClaim(5, 1, two.person, two.payee, 5)), "several campaigns"),
    ):
        with pytest.raises(UsageError, match=message):
            ClaimSheet(claims)


def test_sheet_is_written_and_read_again(sheet, tmp_path):
    path = tmp_path / "claims.jsonl"
    sheet.write(path, 31337, REWARDS)
    assert ClaimSheet.read(path).root == sheet.root
    (mine,) = find_claims(path, payee(BOB).lower())
    assert mine.claim.payee == payee(BOB)
    assert ClaimWithProof.from_json(json.dumps(mine.to_json())) == mine
    with pytest.raises(UsageError, match="There is a file"):
        sheet.write(path, 31337, REWARDS)


def test_find_claims_names_the_line_that_is_none(tmp_path):
    path = tmp_path / "claims.jsonl"
    path.write_text("\n{}\n")
    with pytest.raises(UsageError, match="Line 2 of"):
        list(find_claims(path))
