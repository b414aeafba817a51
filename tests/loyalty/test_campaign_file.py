"""Campaigns: the definition, what it means for a customer, and the numbers of its coupons."""

import copy
import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import LocalSigner
from crmdapp.errors import FileRejected, JournalProblem, PermissionDenied, UsageError
from crmdapp.loyalty.campaign_file import CLAIM_DAYS, FILE_MAX, read_campaign
from crmdapp.loyalty.campaign_rules import (
    CampaignBudgetExceeded,
    CampaignClosed,
    CampaignRefusal,
    CustomerExcluded,
    Offer,
    Segment,
)
from crmdapp.loyalty.coupon_issuer import CouponIssuer, holders, members_of, next_number
from crmdapp.loyalty.coupon_journal import CampaignTally, CouponJournal, Limits
from crmdapp.loyalty.errors import PointsOverflow, ProgramUnknown
from crmdapp.loyalty.intents import ORDER_MAX
from crmdapp.loyalty.models import Statement
from crmdapp.loyalty.points import POINTS_MAX
from tests.loyalty.constants import EPOCH_LENGTH
from tests.loyalty.killed_issuer import CAMPAIGN, DOMAIN, GENESIS, request
from tests.loyalty.ledger import *  # noqa: F403 - fixtures

ROOT = Path(__file__).parents[2]
DAY = 86_400
COUPON_KEY = LocalSigner(b"\x07" * 32)
SOMEBODY = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
TYPO = "0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

DEFINITION = {
    "name": "Double points in June",
    "program": 2,
    "segment": {"all": True},
    "offer": {"points": "5"},
    "budget": {"total": "1000", "perCustomer": "50"},
    "window": {"start": "2026-06-01T00:00:00+02:00", "end": "2026-07-01T00:00:00+02:00"},
    "pendingDays": 14,
    "claimDays": 30,
    "reversible": True,
    "termsHash": "0x" + "05" * 32,
}
SPENDING = {"rate": "1.5", "currency": "EUR", "multipliers": {"2": "1.25", "4": "2"}}


@pytest.fixture
def write(tmp_path):
    """Writes a definition with some members changed, as text if it is given so."""

    def write_(text=None, **changes):
        path = tmp_path / "campaign.json"
        body = {**copy.deepcopy(DEFINITION), **changes}
        body = {name: value for name, value in body.items() if value is not ...}
        path.write_text(json.dumps(body, indent=2) if text is None else text)
        return path

    return write_


@pytest.fixture
def people(tmp_path):
    """Writes a list of addresses."""

    def write_(*lines, header="address", name="members.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *lines, ""]))
        return path

    return write_


def faults_of(path):
    with pytest.raises(FileRejected) as refusal:
        read_campaign(path)
    return [(fault.line, fault.field, fault.reason) for fault in refusal.value.faults]


# ----------------------------------------------------------------- reading


def test_read_campaign_takes_every_member(write):
    campaign = read_campaign(write())
    assert (campaign.name, campaign.program) == ("Double points in June", 2)
    assert campaign.segment == Segment("all")
    assert campaign.offer == Offer(500)
    assert (campaign.budget, campaign.per_customer) == (100_000, 5_000)
    assert campaign.start == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert campaign.end == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert (campaign.pending_days, campaign.claim_days, campaign.reversible) == (14, 30, True)
    assert campaign.terms_hash == b"\x05" * 32


def test_read_campaign_fills_what_may_be_left_out(write):
    left_out = dict.fromkeys(("pendingDays", "claimDays", "reversible", "termsHash"), ...)
    campaign = read_campaign(write(**left_out, budget={"total": "5"}))
    assert (campaign.pending_days, campaign.claim_days) == (0, CLAIM_DAYS)
    assert (campaign.reversible, campaign.terms_hash) == (False, bytes(32))
    assert campaign.per_customer is None


@pytest.mark.parametrize(
    ("segment", "found"),
    [
        ({"tier": 3}, Segment("tier", 3)),
        ({"balance": "12.50"}, Segment("balance", 1_250)),
        ({"qualifying": "0.01"}, Segment("qualifying", 1)),
    ],
)
def test_read_campaign_takes_every_segment(write, segment, found):
    assert read_campaign(write(segment=segment)).segment == found


def test_read_campaign_takes_a_list_of_addresses_beside_it(write, people):
    people(SOMEBODY.lower(), "", f'"0x{1:040x}"', SOMEBODY)
    segment = read_campaign(write(segment={"addresses": "members.csv"})).segment
    assert segment.addresses == (SOMEBODY, f"0x{1:040x}")


def test_read_campaign_takes_an_offer_by_spending(write):
    offer = read_campaign(write(offer=SPENDING)).offer
    assert offer == Offer(None, Fraction(3, 2), "EUR", ((2, Fraction(5, 4)), (4, Fraction(2))))


# ----------------------------------------------------------------- the hash


def test_the_hash_is_that_of_the_canonical_json(write):
    plain = dict.fromkeys(("pendingDays", "claimDays", "reversible", "termsHash"), ...)
    path = write(**plain, name="Zwölf € für Ärzte", budget={"total": "5"}, offer={"points": "5"})
    canonical = (
        '{"budget":{"total":"5"},"name":"Zwölf € für Ärzte","offer":{"points":"5"},"program":2,'
        '"segment":{"all":true},"window":{"end":"2026-07-01T00:00:00+02:00",'
        '"start":"2026-06-01T00:00:00+02:00"}}'
    )
    assert read_campaign(path).hash == keccak(canonical.encode())


def test_the_hash_does_not_depend_on_the_layout(write):
    first = read_campaign(write()).hash
    body = json.dumps(dict(reversed(DEFINITION.items())), ensure_ascii=True)
    assert read_campaign(write(body)).hash == first
    assert read_campaign(write(name="Other")).hash != first


def test_the_hash_commits_to_the_list_of_addresses(write, people):
    people(SOMEBODY)
    path = write(segment={"addresses": "members.csv"})
    first = read_campaign(path).hash
    assert read_campaign(path).hash == first
    people(f"0x{1:040x}")
    assert read_campaign(path).hash != first


# ----------------------------------------------------------------- malformed files


@pytest.mark.parametrize(
    ("changes", "line", "field", "words"),
    [
        ({"name": ...}, 1, "name", "missing"),
        ({"name": ""}, 2, "name", "1 to 100 characters"),
        ({"name": "x" * 101}, 2, "name", "1 to 100 characters"),
        ({"name": "\x1b[31m"}, 2, "name", "cannot be shown"),
        ({"name": None}, 2, "name", "null"),
        ({"program": "2"}, 3, "program", "whole number"),
        ({"program": -1}, 3, "program", "whole number"),
        ({"program": 1.5}, 3, "program", "whole number"),
        ({"program": True}, 3, "program", "whole number"),
        ({"segment": ...}, 1, "segment", "missing"),
        ({"segment": {}}, 4, "segment", "needs one of"),
        ({"segment": "all"}, 4, "segment", "must be an object"),
        ({"segment": {"all": True, "tier": 1}}, 4, "segment", "needs one of"),
        ({"segment": {"all": False}}, 5, "segment.all", "can only be true"),
        ({"segment": {"tier": 0}}, 5, "segment.tier", "from 1 to 6"),
        ({"segment": {"tier": 7}}, 5, "segment.tier", "from 1 to 6"),
        ({"segment": {"balance": 5}}, 5, "segment.balance", "text"),
        ({"segment": {"qualifying": "-5"}}, 5, "segment.qualifying", "negative"),
        ({"segment": {"city": "Rome"}}, 5, "segment.city", "not known"),
        ({"segment": {"addresses": "none.csv"}}, 5, "segment.addresses", "cannot be read"),
        ({"segment": {"addresses": 5}}, 5, "segment.addresses", "name of a file"),
        ({"offer": {}}, 7, "offer", "points, or rate and currency"),
        ({"offer": {"rate": "1"}}, 7, "offer", "points, or rate and currency"),
        ({"offer": {"points": "5", "rate": "1"}}, 9, "offer.rate", "fixed points have none"),
        ({"offer": {"points": "0"}}, 8, "offer.points", "more than 0"),
        ({"offer": {"points": "1.234"}}, 8, "offer.points", "two digits"),
        ({"offer": {"points": "99999999999999"}}, 8, "offer.points", "is more than"),
        ({"offer": {"points": "50.01"}}, 8, "offer.points", "more than the budget"),
        ({"offer": {**SPENDING, "rate": "0"}}, 8, "offer.rate", "above 0"),
        ({"offer": {**SPENDING, "rate": 1.5}}, 8, "offer.rate", "as text"),
        ({"offer": {**SPENDING, "rate": "1e3"}}, 8, "offer.rate", "above 0"),
        ({"offer": {**SPENDING, "currency": "euro"}}, 9, "offer.currency", "three capital"),
        (
            {"offer": {**SPENDING, "multipliers": {"7": "2"}}},
            11,
            "offer.multipliers.7",
            "not known",
        ),
        (
            {"offer": {**SPENDING, "multipliers": {"1": "x"}}},
            11,
            "offer.multipliers.1",
            "above 0",
        ),
        ({"offer": {**SPENDING, "multipliers": []}}, 10, "offer.multipliers", "must be an object"),
        ({"budget": {}}, 10, "budget.total", "missing"),
        ({"budget": {"total": "x"}}, 11, "budget.total", "not an amount"),
        ({"budget": {"total": "10", "perCustomer": "11"}}, 12, "budget.perCustomer", "the total"),
        ({"window": {"start": "2026-06-01T00:00:00Z"}}, 14, "window.end", "missing"),
        (
            {"window": {"start": "2026-06-01T00:00:00", "end": "2026-07-01T00:00:00Z"}},
            15,
            "window.start",
            "no time zone",
        ),
        (
            {"window": {"start": "2026-06-01T00:00:00Z", "end": "soon"}},
            16,
            "window.end",
            "no moment",
        ),
        (
            {"window": {"start": "2026-06-01T00:00:00Z", "end": 5}},
            16,
            "window.end",
            "moment as text",
        ),
        (
            {"window": {"start": "2026-06-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"}},
            16,
            "window.end",
            "not after the start",
        ),
        ({"pendingDays": -1}, 18, "pendingDays", "from 0"),
        ({"pendingDays": "14"}, 18, "pendingDays", "from 0"),
        ({"claimDays": 0}, 19, "claimDays", "from 1"),
        ({"reversible": "yes"}, 20, "reversible", "true or false"),
        ({"termsHash": "0x12"}, 21, "termsHash", "64 hex digits"),
        ({"termsHash": 5}, 21, "termsHash", "64 hex digits"),
        ({"remark": "x"}, 22, "remark", "not known"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_fault_is_named_by_line_and_member(write, changes, line, field, words):
    found = faults_of(write(**changes))
    assert [(at, name) for at, name, _ in found] == [(line, field)]
    assert words in found[0][2]


def test_all_faults_are_named_at_once(write):
    found = faults_of(write(name="", program="x", offer={"points": "0"}, budget={"total": "0"}))
    assert [name for _, name, _ in found] == ["name", "program", "offer.points", "budget.total"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "missing"),
        ("{", 1, "missing"),
        ('{\n  "name": "x",\n}', 3, "missing"),
        ('{\n"name": "x",\n"name": "y"}', 3, "twice"),
        ('{"program": NaN}', 1, "not JSON"),
        ("[]", 1, "must be an object"),
        ("5", 1, "must be an object"),
        ("[" * 100_000, 1, "nested"),
        ('{"program": 12345678901234567890}', 1, "beyond"),
        ('{"name": "\\ud800"}', 1, "surrogate"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_json_is_named_by_line(write, text, line, words):
    ((at, _, reason),) = faults_of(write(text))
    assert at == line
    assert words in reason


def test_bytes_that_are_no_text_are_named_by_line(write):
    path = write()
    path.write_bytes(b'{\n"name": "\xff"}')
    ((line, _, reason),) = faults_of(path)
    assert line == 2
    assert "UTF-8" in reason


def test_a_file_that_is_too_large_is_refused(write):
    ((_, _, reason),) = faults_of(write(" " * (FILE_MAX + 1)))
    assert "1,000,000" in reason


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.json"):
        read_campaign(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("lines", "header", "line", "words"),
    [
        ([SOMEBODY, TYPO], "address", 3, "checksum"),
        ([SOMEBODY, "nobody"], "address", 3, "not an address"),
        (["0x" + "00" * 20], "address", 2, "zero address"),
        ([SOMEBODY], "addresses", 1, "header"),
        ([], "address", 0, "no lines"),
        (["\udcff"], "address", 2, "not an address"),
    ],
    ids=["checksum", "word", "zero", "header", "empty", "bytes"],
)
def test_a_fault_of_the_list_is_named_by_line(write, tmp_path, lines, header, line, words):
    text = "\n".join([header, *lines, ""])
    (tmp_path / "members.csv").write_bytes(text.encode(errors="surrogateescape"))
    found = faults_of(write(segment={"addresses": "members.csv"}))
    assert [at for at, _, _ in found] == [line]
    assert words in found[0][2]


# ----------------------------------------------------------------- rules


def statement(**values):
    held = {"by_age": (0, 0, 0, 0), "qualifying": 0, "tier": 0, "epoch": 4, "expiries": ()}
    return Statement(**{"program": 2, "account": SOMEBODY, **held, **values})


@pytest.mark.parametrize(
    ("segment", "values", "admitted"),
    [
        (Segment("all"), {}, True),
        (Segment("tier", 2), {"tier": 1}, False),
        (Segment("tier", 2), {"tier": 2}, True),
        (Segment("tier", 2), {"tier": 3}, True),
        (Segment("balance", 10), {"by_age": (5, 0, 0, 4)}, False),
        (Segment("balance", 10), {"by_age": (5, 0, 0, 5)}, True),
        (Segment("qualifying", 10), {"qualifying": 9}, False),
        (Segment("qualifying", 10), {"qualifying": 10}, True),
        (Segment("addresses", addresses=(SOMEBODY,)), {}, True),
        (Segment("addresses", addresses=("0x" + "11" * 20,)), {}, False),
    ],
)
def test_a_segment_admits_who_reaches_it(segment, values, admitted):
    assert segment.admits(statement(**values)) is admitted


@pytest.mark.parametrize(
    ("spent", "tier", "units"),
    [
        ("10", 0, 1_500),
        ("10", 1, 1_500),
        ("10", 2, 1_875),
        ("10", 3, 1_875),
        ("10", 4, 3_000),
        ("10", 6, 3_000),
        ("0.01", 0, 1),
        ("0.999", 0, 149),
        ("12.34", 2, 2_313),
    ],
)
def test_points_for_a_purchase_follow_the_tier_and_are_rounded_down(write, spent, tier, units):
    assert read_campaign(write(offer=SPENDING)).offer.points_for(spent, tier) == units


@given(st.decimals(0, 10**6, places=2), st.decimals("0.01", 100, places=4), st.integers(0, 6))
def test_points_never_exceed_the_exact_product(spent, rate, tier):
    offer = Offer(None, Fraction(rate), "EUR", ((2, Fraction("1.25")),))
    exact = Fraction(spent) * Fraction(rate) * offer.multiplier(tier) * 100
    if exact < 1:
        with pytest.raises(UsageError, match="less than"):
            offer.points_for(f"{spent:f}", tier)
    else:
        assert 0 <= exact - offer.points_for(f"{spent:f}", tier) < 1


@pytest.mark.parametrize("spent", ["", "-1", "1,5", "1e3", "ten", "1.1234567", "1 0", "٣"])
def test_points_for_refuses_what_is_no_money(spent):
    with pytest.raises(UsageError, match="no amount of money"):
        Offer(None, Fraction(1), "EUR").points_for(spent)


def test_points_for_refuses_more_than_the_ledger_holds():
    with pytest.raises(PointsOverflow):
        Offer(None, Fraction(10_000), "EUR").points_for("999999999999")


def test_points_for_asks_for_what_the_offer_depends_on():
    assert Offer(500).points_for(None, 3) == 500
    with pytest.raises(UsageError, match="fixed"):
        Offer(500).points_for("10")
    with pytest.raises(UsageError, match="How much EUR"):
        Offer(None, Fraction(1), "EUR").points_for(None)


def test_the_window_includes_its_start_and_not_its_end(write):
    campaign = read_campaign(write())
    start, end = int(campaign.start.timestamp()), int(campaign.end.timestamp())
    assert [campaign.is_open(at) for at in (start - 1, start, end - 1, end)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert campaign.claimable(start) == (start + 14 * DAY, start + 44 * DAY)


# ----------------------------------------------------------------- the journal


@pytest.fixture
def journal(tmp_path):
    with CouponJournal(tmp_path / "coupons.sqlite3") as journal:
        yield journal


def issue(journal, *references, domain=DOMAIN, genesis=GENESIS, **settings):
    requests = [request(reference) for reference in references]
    return journal.issue(genesis, domain, requests, **settings)


def numbers(coupons):
    return [coupon.order_id for coupon in coupons]


def test_numbers_follow_each_other_and_references_keep_theirs(journal):
    assert numbers(issue(journal, 1, 2, 3)) == [1, 2, 3]
    assert numbers(issue(journal, 2, 9)) == [2, 4]
    assert issue(journal, 9) == issue(journal, 9)
    assert numbers(issue(journal)) == []


def test_numbers_begin_where_they_are_told(journal):
    assert numbers(issue(journal, 1, first=500)) == [500]
    assert numbers(issue(journal, 2, first=1)) == [501]


def test_each_chain_and_hub_has_its_numbers(journal):
    assert numbers(issue(journal, 1)) == [1]
    assert numbers(issue(journal, 1, domain=replace(DOMAIN, chain_id=1))) == [1]
    assert numbers(issue(journal, 1, genesis=b"\x08" * 32)) == [1]
    assert journal.has_numbers(GENESIS, DOMAIN, 2)
    assert not journal.has_numbers(GENESIS, DOMAIN, 4)


def test_a_number_of_the_merchants_own_is_taken_once(journal):
    assert numbers(issue(journal, 1, number=77)) == [77]
    assert numbers(issue(journal, 1, number=78)) == [77]
    with pytest.raises(UsageError, match="Number 77"):
        issue(journal, 2, number=77)
    assert numbers(issue(journal, 2)) == [78]


def test_numbers_end_at_48_bits(journal):
    issue(journal, 1, number=ORDER_MAX)
    with pytest.raises(UsageError, match="no numbers left"):
        issue(journal, 2)


def test_a_budget_is_kept_and_nothing_beyond_it_written(journal):
    limits = Limits(total=35)
    assert numbers(issue(journal, 1, 2, limits=limits)) == [1, 2]
    with pytest.raises(CampaignBudgetExceeded) as refusal:
        issue(journal, 3, 4, limits=limits)
    assert (refusal.value.points, refusal.value.left, refusal.value.customer) == (10, 5, "")
    assert isinstance(refusal.value, CampaignRefusal)
    assert numbers(issue(journal, 3, limits=limits)) == [3]
    assert journal.tally(GENESIS, DOMAIN, 2, CAMPAIGN) == CampaignTally(3, 30, 3)


def test_a_customers_share_is_kept(journal):
    same = [replace(request(1), reference=str(n)) for n in range(3)]
    limits = Limits(per_customer=25)
    journal.issue(GENESIS, DOMAIN, same[:2], limits=limits)
    with pytest.raises(CampaignBudgetExceeded) as refusal:
        journal.issue(GENESIS, DOMAIN, same[2:], limits=limits)
    who = same[0].coupon.to
    assert (refusal.value.points, refusal.value.left, refusal.value.customer) == (10, 5, who)
    assert journal.given(GENESIS, DOMAIN, 2, CAMPAIGN, who) == 20


def test_a_cancelled_coupon_frees_the_budget_but_not_its_number(journal):
    limits = Limits(total=10)
    issue(journal, 1, limits=limits)
    assert journal.cancel(GENESIS, DOMAIN, 2, 1)
    assert not journal.cancel(GENESIS, DOMAIN, 2, 99)
    assert numbers(issue(journal, 2, limits=limits)) == [2]
    with pytest.raises(UsageError, match="cancelled"):
        issue(journal, 1)


def test_a_reference_is_one_customers(journal):
    issue(journal, 1)
    other = replace(request(1), coupon=request(2).coupon)
    with pytest.raises(UsageError, match="Coupon 1 was issued for '1' to"):
        journal.issue(GENESIS, DOMAIN, [other])


def test_a_damaged_journal_is_named(tmp_path):
    path = tmp_path / "coupons.sqlite3"
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(JournalProblem, match="coupon journal"):
        CouponJournal(path)


@pytest.mark.parametrize("point", ["writing", "written", "signed"])
def test_no_number_is_given_twice_if_the_process_is_killed(tmp_path, point):
    journal, out = tmp_path / "coupons.sqlite3", tmp_path / "given.txt"
    program = [sys.executable, "-m", "tests.loyalty.killed_issuer", journal]
    killed = subprocess.run([*program, "1", "9", out, point], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    subprocess.run([*program, "1", "9", out], cwd=ROOT, check=True)
    given_out = [tuple(map(int, line.split(","))) for line in out.read_text().splitlines()]
    assert len(given_out) == 10  # two before it was killed, eight after
    assert dict(given_out) == {reference: reference for reference in range(1, 9)}


def test_two_processes_never_give_the_same_number(tmp_path):
    journal, outs = tmp_path / "coupons.sqlite3", [tmp_path / "a.txt", tmp_path / "b.txt"]
    program = [sys.executable, "-m", "tests.loyalty.killed_issuer", journal]
    ranges = (("1", "30"), ("101", "130"))
    processes = [
        subprocess.Popen([*program, *span, out], cwd=ROOT)
        for span, out in zip(ranges, outs, strict=True)
    ]
    assert [process.wait() for process in processes] == [0, 0]
    lines = [line for out in outs for line in out.read_text().splitlines()]
    found = [int(line.split(",")[1]) for line in lines]
    assert sorted(found) == list(range(1, 59))


# ----------------------------------------------------------------- issuing


@pytest.fixture
def keyed(merchant, program):
    """The program, with a coupon key."""
    merchant.campaigns.set_coupon_key(program, COUPON_KEY.address, 10_000_000)
    return program


@pytest.fixture
def issuer_of(ledger, issuer, keyed, write, journal):
    """Makes an issuer of a campaign that is open for 100 days from now."""

    def make(signer=COUPON_KEY, **changes):
        start = datetime.fromtimestamp(ledger.node.now, UTC)
        end = datetime.fromtimestamp(ledger.node.now + 100 * DAY, UTC)
        window = {"start": start.isoformat(), "end": end.isoformat()}
        path = write(**{"program": keyed, "window": window, **changes})
        return CouponIssuer(issuer, read_campaign(path), signer, journal)

    return make


def test_an_issued_coupon_is_claimed_when_it_is_no_longer_pending(
    ledger, issuer_of, outsider, keyed
):
    desk = issuer_of()
    signed = desk.issue(ledger.address("customer"), reference="receipt 17")
    coupon = signed.coupon
    assert (coupon.points, coupon.order_id, coupon.issued, coupon.reversible) == (500, 1, 4, True)
    assert (coupon.campaign, coupon.terms_hash) == (desk.campaign.hash, b"\x05" * 32)
    assert coupon.valid_after == ledger.node.now + 14 * DAY
    assert coupon.deadline == coupon.valid_after + 30 * DAY
    ledger.node.advance_to(coupon.valid_after)
    outsider.campaigns.claim_coupon(signed)
    assert outsider.balance(keyed, ledger.address("customer")) == 500


def test_a_reference_gets_the_same_coupon_even_after_the_end(ledger, issuer_of):
    desk, customer = issuer_of(), ledger.address("customer")
    signed = desk.issue(customer, reference="17")
    ledger.node.advance(101 * DAY)
    assert desk.issue(customer, reference="17") == signed
    with pytest.raises(UsageError, match="was issued for '17'"):
        desk.issue(ledger.address("friend"), reference="17")


def test_issue_gives_points_by_spending_and_tier(ledger, merchant, issuer, issuer_of, keyed):
    merchant.configure(keyed, tiers=(100, 200))
    customer = ledger.address("customer")
    desk = issuer_of(offer=SPENDING)
    assert desk.issue(customer, reference="1", spent="10").coupon.points == 1_500
    issuer.award(keyed, customer, 200)
    assert desk.issue(customer, reference="2", spent="10").coupon.points == 1_875
    with pytest.raises(UsageError, match="How much EUR"):
        desk.issue(customer, reference="3")


def test_issue_refuses_outside_the_window(ledger, issuer_of):
    now = ledger.node.now
    window = {
        "start": datetime.fromtimestamp(now + 100, UTC).isoformat(),
        "end": datetime.fromtimestamp(now + 200, UTC).isoformat(),
    }
    desk, customer = issuer_of(window=window), ledger.address("customer")
    with pytest.raises(CampaignClosed, match="begins"):
        desk.issue(customer, reference="1")
    ledger.node.advance_to(now + 100)
    desk.issue(customer, reference="1")
    ledger.node.advance_to(now + 200)
    with pytest.raises(CampaignClosed, match="ended") as refusal:
        desk.issue(customer, reference="2")
    assert refusal.value.now.timestamp() == now + 200


@pytest.mark.parametrize(
    ("segment", "why"),
    [
        ({"tier": 1}, "takes tier 1, the customer has tier 0"),
        ({"balance": "1.01"}, "takes 1.01 points, the customer has 1.00"),
        ({"qualifying": "1.01"}, "takes 1.01 qualifying points, the customer has 1.00"),
        ({"addresses": "members.csv"}, "not on its list"),
    ],
)
def test_issue_refuses_who_does_not_belong_to_the_segment(
    ledger, issuer, issuer_of, people, keyed, segment, why
):
    people(SOMEBODY.lower().replace("f", "e"))
    customer = ledger.address("customer")
    issuer.award(keyed, customer, 100)
    with pytest.raises(CustomerExcluded) as refusal:
        issuer_of(segment=segment).issue(customer, reference="1")
    assert why in refusal.value.why
    assert refusal.value.customer == customer


def test_issue_refuses_beyond_the_budget(ledger, issuer_of):
    desk = issuer_of(budget={"total": "12", "perCustomer": "6"})
    desk.issue(ledger.address("customer"), reference="1")
    with pytest.raises(CampaignBudgetExceeded) as refusal:
        desk.issue(ledger.address("customer"), reference="2")
    assert (refusal.value.left, refusal.value.customer) == (100, ledger.address("customer"))
    desk.issue(ledger.address("friend"), reference="3")
    with pytest.raises(CampaignBudgetExceeded) as refusal:
        desk.issue(ledger.address("outsider"), reference="4")
    assert (refusal.value.points, refusal.value.left, refusal.value.customer) == (500, 200, "")


def test_issue_refuses_another_key(ledger, issuer_of, merchant, keyed):
    desk = issuer_of(signer=LocalSigner(b"\x08" * 32))
    with pytest.raises(PermissionDenied, match="is not the coupon key") as refusal:
        desk.issue(ledger.address("customer"), reference="1")
    assert refusal.value.why == f"It is {COUPON_KEY.address}."
    merchant.campaigns.set_coupon_key(keyed, None, 0)
    with pytest.raises(PermissionDenied) as refusal:
        desk.issue(ledger.address("customer"), reference="1")
    assert refusal.value.why == "The program has none."


def test_issue_refuses_if_program_unknown(ledger, issuer_of):
    with pytest.raises(ProgramUnknown):
        issuer_of(program=98).issue(ledger.address("customer"), reference="1")


def test_a_coupon_ends_before_its_points_expire(ledger, issuer_of):
    desk = issuer_of(pendingDays=700, claimDays=90)
    coupon = desk.issue(ledger.address("customer"), reference="1").coupon
    assert coupon.deadline == ledger.genesis + 4 * EPOCH_LENGTH - 1
    late = issuer_of(pendingDays=740)
    with pytest.raises(UsageError, match="before the coupon could be claimed"):
        late.issue(ledger.address("customer"), reference="2")


def test_numbers_go_on_after_those_the_chain_has_seen(ledger, issuer, issuer_of, keyed):
    assert next_number(issuer, keyed) == 1
    issuer.campaigns.cancel_coupon(keyed, 41)
    assert next_number(issuer, keyed) == 42
    assert issuer_of().issue(ledger.address("customer"), reference="1").coupon.order_id == 42


def test_issue_to_all_gives_every_member_one_coupon(ledger, issuer, issuer_of, keyed):
    for role, units in (("customer", 100), ("friend", 300), ("customer", 5)):
        issuer.award(keyed, ledger.address(role), units)
    seen = []
    desk = issuer_of()
    first = list(desk.issue_to_all(progress=lambda *done: seen.append(done)))
    members = [ledger.address("customer"), ledger.address("friend")]
    assert list(holders(issuer, keyed)) == members
    assert [(item.coupon.to, item.coupon.order_id) for item in first] == list(
        zip(members, (1, 2), strict=True)
    )
    assert seen == [(2, 2)]
    issuer.award(keyed, ledger.address("outsider"), 1)
    again = list(desk.issue_to_all())
    assert again[:2] == first
    assert [item.coupon.order_id for item in again] == [1, 2, 3]


def test_issue_to_all_takes_who_the_segment_admits(ledger, issuer, issuer_of, people, keyed):
    for role, units in (("customer", 100), ("friend", 300)):
        issuer.award(keyed, ledger.address(role), units)
    rich = issuer_of(segment={"balance": "3"}, name="rich")
    assert list(members_of(issuer, rich.campaign)) == [ledger.address("friend")]
    people(SOMEBODY)
    listed = issuer_of(segment={"addresses": "members.csv"}, name="listed")
    assert [item.coupon.to for item in listed.issue_to_all()] == [SOMEBODY]


def test_issue_to_all_refuses_as_a_whole_beyond_the_budget(ledger, issuer, issuer_of, keyed):
    for role in ("customer", "friend"):
        issuer.award(keyed, ledger.address(role), 1)
    desk = issuer_of(budget={"total": "9.99"})
    with pytest.raises(CampaignBudgetExceeded) as refusal:
        list(desk.issue_to_all())
    assert (refusal.value.points, refusal.value.left) == (1_000, 999)
    assert desk.issue(ledger.address("friend"), reference="1").coupon.order_id == 1


def test_issue_to_all_refuses_an_offer_by_spending(issuer_of):
    with pytest.raises(UsageError, match="How much EUR"):
        list(issuer_of(offer=SPENDING).issue_to_all())


def test_amounts_at_the_edge_of_the_ledger_are_taken(write):
    most = f"{POINTS_MAX // 100}.{POINTS_MAX % 100}"
    campaign = read_campaign(write(offer={"points": most}, budget={"total": most}))
    assert campaign.offer.points == POINTS_MAX
