"""What an audit finds: in an honest record, and in records that lie where single changes do not."""

import json
import sys
from dataclasses import replace
from multiprocessing import get_context

import pytest

from crmdapp.ballots import audit_proofs
from crmdapp.ballots import events as twins
from crmdapp.ballots.audit import LINKS, audit_election
from crmdapp.ballots.audit_proofs import AuditProcessesLost
from crmdapp.ballots.audit_report import (
    AuditFailed,
    AuditReportRefused,
    SignedAuditReport,
    sign_report,
)
from crmdapp.ballots.group import encode_point, multiply_base
from crmdapp.ballots.record import CastBallot, decode_batch, encode_batch
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.errors import EXIT_VERIFICATION, UsageError
from tests.ballots.records import (
    ELECTION,
    OF_THREE,
    SHARES_UNTIL,
    START,
    UP_TO_TWO,
    YES_NO,
    Draft,
    Teller,
    address_of,
    function_of,
    signer_of,
    story,
)
from tests.ballots.voting import flipped

HONEST = story()


def audited(drafted, **changes):
    return audit_election(drafted.signed(**changes), workers=1)


def broken(drafted, **changes):
    report = audited(drafted, **changes)
    assert report.broken is not None
    return report.broken


@pytest.fixture(scope="module")
def report():
    return audited(HONEST)


# --------------------------------------------------------------------------- an honest election


def test_an_honest_election_holds(report):
    assert report.holds
    report.require_holds()
    assert report.phase == "Tallied"
    assert report.voters == 9
    assert [each.counts for each in report.questions] == [(2, 2, 3), (1, 2, 1)]
    assert [each.ballots for each in report.questions] == [7, 4]
    assert [len(each.groups) for each in report.questions] == [2, 1]
    assert tuple(link.name for link in report.links) == LINKS
    assert {link.name for link in report.links if link.state != "holds"} == {"second"}
    assert report.notes == ()


def test_the_report_is_plain_data_with_a_canonical_form(report):
    data = report.to_json()
    assert json.loads(json.dumps(data)) == data
    assert report.hash == audited(HONEST).hash
    assert canonical_json(data)
    assert data["record"] == "0x" + HONEST.signed().digest.hex()


def test_the_work_is_told_as_it_goes_on():
    told = []
    audit_election(HONEST.signed(), workers=1, progress=lambda *step: told.append(step))
    assert [name for name, _, of in told if not of] == list(LINKS)
    assert ("proofs", 11, 11) in told


def test_an_audit_without_the_definition_says_so():
    found = audited(HONEST, definition=None)
    assert found.holds
    assert "definition" in found.notes[0]
    assert {link.state for link in found.links if link.name == "definition"} == {"unchecked"}


def test_a_definition_at_hand_counts_more_than_the_record_s():
    other = Teller([YES_NO], (5, 4)).definition.canonical
    found = audit_election(HONEST.signed(), definition=other, workers=1)
    assert found.broken.link == "definition"
    not_json = audit_election(HONEST.signed(), definition=b"{", workers=1)
    assert not_json.broken.link == "definition"


def test_settings_that_the_definition_does_not_have_are_named():
    """The hash fits, the settings do not: the organiser created another election."""
    draft = HONEST.drafts[0]
    settings = list(draft.args[0])
    settings[3] += 1
    changed = HONEST.put(
        "create", lambda d: d.arg(0, tuple(settings)).event(settings=tuple(settings))
    )
    assert (broken(changed).link, broken(changed).place) == ("definition", "minimum_turnout")


# --------------------------------------------------------------------------- processes


def test_several_processes_find_the_same(monkeypatch, report):
    monkeypatch.setattr(audit_proofs, "PIECE", 2)
    monkeypatch.setattr(audit_proofs, "_POOL_FROM", 2)
    told = []
    found = audit_election(HONEST.signed(), workers=2, progress=lambda *step: told.append(step))
    assert found == report
    batch = HONEST.drafts[HONEST.of("cast direct")].args[3]
    spoiled = HONEST.put("cast direct", lambda d: d.arg(3, flipped(batch, len(batch) - 1)))
    found = audit_election(spoiled.signed(), workers=2)
    assert found.broken.link == "proofs"
    assert found.broken == broken(spoiled)
    assert address_of("voter 0.2") in found.broken.reason


def test_processes_that_are_lost_are_no_broken_link(monkeypatch):
    monkeypatch.setattr(audit_proofs, "_POOL_FROM", 1)
    monkeypatch.setattr(audit_proofs, "get_context", Context)
    with pytest.raises(AuditProcessesLost) as found:
        audit_election(HONEST.signed(), workers=2)
    assert "workers=1" in found.value.hint


class Context:
    """Starts processes that end at once."""

    def __init__(self, name):
        self._context = get_context(name)

    def __getattr__(self, name):
        return getattr(self._context, name)

    def Process(self, **words):
        return self._context.Process(**{**words, "target": sys.exit, "args": (1,)})


def test_one_bad_ballot_of_many_is_named():
    """Signed by its voter, who has proved something else."""
    teller = Teller([YES_NO], (6,))
    teller.create()
    teller.plain_ceremony()
    teller.register(at=4_600)
    teller.freeze(at=6_600)
    teller.prepare(at=6_700)
    honest = teller.ballot

    def spoiled(question, precinct, index, chosen):
        found, tracker = honest(question, precinct, index, chosen)
        if index == 4:
            # Another voter's ballot under one's own name.
            other, _ = honest(question, precinct, 0, chosen)
            found, tracker = replaced(teller, index, other.body)
        return found, tracker

    teller.ballot = spoiled
    teller.cast("cast a", 0, 0, {0: (1,), 2: (1,)}, at=16_100)
    teller.cast("cast b", 0, 0, {1: (1,), 3: (0,), 4: (1,), 5: (1,)}, at=16_200)
    found = broken(teller.told())
    assert found.link == "proofs"
    assert found.reason.startswith(f"Ballot 2, of {address_of('voter 0.4')}")
    assert "BallotsCast" in found.place


def replaced(teller, index, body):
    """A body that a voter signs as it is."""
    from crmdapp.ballots.ballot_intents import BallotIntent
    from crmdapp.ballots.transcripts import tracker as tracker_of
    from crmdapp.chain.signed import compact
    from crmdapp.chain.typed_data import Domain
    from tests.ballots.records import CHAIN, CLOSES, CONTRACTS

    tracker = tracker_of(teller.ballot_context(0), teller.roll[0][index], body)
    intent = BallotIntent(ELECTION, 0, 0, index, tracker, CLOSES)
    domain = Domain("BallotBox", "1", CHAIN, CONTRACTS.box)
    signature = compact(intent.sign(signer_of(teller.voter(0, index)), domain))
    return CastBallot(index, CLOSES, signature, body), tracker


# --------------------------------------------------------------------------- who and how


def test_a_trustee_s_message_from_another_account_is_refused():
    for what in ("key 1.1", "commitment 1.2", "deal 1.1", "complaint 1.3"):
        found = broken(HONEST.put(what, lambda d: replace(d, role="outsider")))
        assert (found.link, "sent it" in found.reason) == ("ceremony", True)
    found = broken(HONEST.put("create", lambda d: replace(d, role="outsider")))
    assert found.link == "settings"


def test_a_message_through_a_contract_is_noted():
    found = audited(
        HONEST.put("key 1.1", lambda d: replace(d, role="relayer", via=address_of("wallet")))
    )
    assert found.holds
    assert address_of("wallet") in found.notes[0]


def test_registrations_through_a_contract_are_read_if_they_stand_in_the_input():
    def passed_on(draft):
        return replace(draft, via=address_of("multicall"), prefix=bytes(68))

    assert audited(HONEST.put("register 0", passed_on)).holds
    hidden = HONEST.put(
        "register 0", lambda d: replace(passed_on(d), function="freeze", args=(7, 0, 0, b""))
    )
    found = broken(hidden)
    assert (found.link, "do not stand" in found.reason) == ("roll", True)


def test_registrations_are_found_behind_what_somebody_made_up():
    """Calls that overlap, point anywhere, or promise more than there is."""
    start = function_of("VoterRoll", "register").selector + ELECTION.to_bytes(32, "big")
    words = [bytes(32), b"\xff" * 32, (64).to_bytes(32, "big"), (1 << 40).to_bytes(32, "big")]
    noise = b"".join(start + one + other for one in words for other in words) * 20
    passed_on = HONEST.put(
        "register 0", lambda d: replace(d, via=address_of("multicall"), prefix=noise)
    )
    assert audited(passed_on).holds


def test_ballots_that_came_through_a_contract_are_refused():
    found = broken(HONEST.put("cast a", lambda d: replace(d, via=address_of("multicall"))))
    assert (found.link, "do not stand" in found.reason) == ("ballots", True)


def test_a_direct_ballot_is_its_voter_s_alone():
    found = broken(HONEST.put("cast direct", lambda d: replace(d, role="relayer")))
    assert found.link == "ballots"


def test_registrars_have_to_be_a_quorum_in_order():
    def signatures(change):
        draft = HONEST.drafts[HONEST.of("register 0")]
        first, *others = draft.args[2]
        return HONEST.put("register 0", lambda d: d.arg(2, (change(first), *others)))

    for change in (
        lambda s: s[64:] + s[:64],
        lambda s: s[:64],
        lambda s: s[:64] * 2,
        lambda s: s + s[:64],
        lambda s: s[:64] + bytes(64),
    ):
        assert broken(signatures(change)).link == "roll"


def test_a_citizen_is_registered_once():
    draft = HONEST.drafts[HONEST.of("register 0")]
    first = draft.events[0]
    found = broken(HONEST.put("register 0", lambda d: d.event(1, nullifier=first.nullifier)))
    assert (found.link, "nullifier" in found.reason) == ("roll", True)


# --------------------------------------------------------------------------- ceremony and tally


def test_a_false_judgement_is_found():
    """The complaint was right; the board is said to have excluded who complained."""
    found = broken(HONEST.put("complaint 1.3", lambda d: d.event(excluded=1)))
    assert (found.link, "but 3 lied" in found.reason) == ("ceremony", True)


def test_another_key_is_found():
    foreign = encode_point(multiply_base(42))
    found = broken(HONEST.put("finalise", lambda d: d.event(key=foreign)))
    assert found.link == "key"


def test_counts_that_the_sums_do_not_hold_are_found():
    """The same numbers in another order, in event and input."""
    for what, link in (("tally 0.0", "counts"), ("tally 0.1", "counts"), ("tally 1.0", "counts")):
        draft = HONEST.drafts[HONEST.of(what)]
        counts = draft.args[-1]
        turned = (*counts[1:], counts[0])
        changed = HONEST.put(what, lambda d, c=turned: d.arg(5, c).event(counts=c))
        assert broken(changed).link == link


def test_counts_beyond_the_ballots_are_found():
    for what in ("tally 0.0", "tally 1.0"):
        changed = HONEST.put(what, lambda d: d.arg(5, (9, 9, 9)).event(counts=(9, 9, 9)))
        assert broken(changed).link == "counts"
        short = HONEST.put(what, lambda d: d.arg(5, (2, 2)).event(counts=(2, 2)))
        assert broken(short).link == "counts"


def test_trustees_who_did_not_decrypt_do_not_count():
    for bits in (0b1010, 0b1, 0b111, 0b10001, 0):
        changed = HONEST.put("tally 1.0", lambda d, b=bits: d.event(trustees=b))
        assert broken(changed).link == "counts"


def test_groups_below_the_turnout_are_found():
    found = broken(HONEST.put("close 1", lambda d: d.event(group_ends=0b11)))
    assert found.link == "closing"


# --------------------------------------------------------------------------- other ends


def up_to(what, time):
    """The honest story up to a transaction, as it is at a time."""
    return replace(HONEST, drafts=HONEST.drafts[: HONEST.of(what) + 1], time=time)


@pytest.mark.parametrize(
    ("what", "at", "phase"),
    [
        ("create", 0, "KeyCeremony"),
        ("finalise", 6_500, "Registration"),
        ("freeze 0.0", 6_600, "Registration"),
        ("freeze 1.0", 6_600, "Frozen"),
        ("freeze 1.0", 16_000, "Cancelled"),
        ("prepare 1", 16_000, "Open"),
        ("cast e", 17_000, "Closed"),
        ("close 1", 17_500, "Closed"),
        ("close 1", 18_001, "Void"),
        ("cast e", 18_001, "Void"),
        ("tally 0.1", 18_001, "Tallied"),
        ("tally 0.0", 18_000, "Closed"),
        ("shares 1.0.3", 19_000, "Closed"),
        ("shares 1.0.2", 18_001, "Tallied"),
    ],
)
def test_an_election_that_is_not_over_is_audited_as_far_as_it_is(what, at, phase):
    found = audited(up_to(what, START + at))
    assert found.holds
    assert found.phase == phase


def with_events(drafted, *drafts, time=SHARES_UNTIL + 1_000):
    return replace(drafted, drafts=(*drafted.drafts, *drafts), time=time)


def voided(question, ground, time):
    event = twins.QuestionVoided(ELECTION, question, ground)
    call = ("Tally", "voidQuestion", (ELECTION, question))
    return Draft(f"void {question}", "bystander", *call, (event,), time)


def test_a_question_is_void_for_want_of_shares_only_when_it_is():
    late = SHARES_UNTIL + 1
    begun = up_to("shares 0.1.1", SHARES_UNTIL)
    assert audited(with_events(begun, voided(0, 2, late))).questions[0].phase == "Void"
    for one in (
        with_events(begun, voided(0, 2, SHARES_UNTIL)),
        with_events(begun, voided(0, 3, late)),
        with_events(begun, voided(0, 2, late), voided(0, 2, late)),
        with_events(HONEST, voided(0, 2, late)),
        with_events(up_to("shares 1.0.3", SHARES_UNTIL), voided(1, 2, late)),
        with_events(up_to("cast e", SHARES_UNTIL), voided(0, 2, late)),
    ):
        assert broken(one).link == "result"
    after = with_events(
        begun, voided(0, 2, late), replace(HONEST.drafts[HONEST.of("tally 0.1")], time=late + 1)
    )
    assert broken(after).link == "shares"


def test_a_question_is_void_for_want_of_turnout_only_when_it_is():
    teller = Teller([OF_THREE, UP_TO_TWO], (3, 3))
    teller.create()
    teller.plain_ceremony()
    teller.register(at=4_600)
    teller.freeze(at=6_600)
    teller.prepare(at=6_700)
    teller.cast("cast a", 0, 0, {0: (1,), 1: (1,)}, at=16_100)
    told = teller.told()
    closed = START + 17_000
    assert audited(with_events(told, voided(0, 1, closed))).phase == "Void"
    assert broken(with_events(told, voided(0, 1, closed - 1))).link == "closing"
    assert broken(with_events(told, voided(2, 1, closed))).link == "closing"
    event = twins.QuestionClosed(ELECTION, 0, 0b10, 2)
    closing = Draft("close", "bystander", "Tally", "close", (ELECTION, 0), (event,), closed)
    assert broken(with_events(told, closing)).link == "closing"
    enough = HONEST.put("close 0", lambda d: replace(voided(0, 1, d.time), what="close 0"))
    assert broken(enough).link == "closing"


def cancelled(time, role="organiser", reason=b"\7" * 32):
    event = twins.ElectionCancelled(ELECTION, reason)
    args = (ELECTION, b"\7" * 32)
    return Draft("cancel", role, "Elections", "cancel", args, (event,), time)


def test_an_election_is_called_off_by_its_organiser_before_it_opens():
    begun = up_to("prepare 1", START + 16_000)
    opens = START + 16_000
    found = audited(with_events(begun, cancelled(opens - 1)))
    assert (found.broken, found.phase) == (None, "Cancelled")
    for one in (
        with_events(begun, cancelled(opens)),
        with_events(begun, cancelled(opens - 1, role="outsider")),
        with_events(begun, cancelled(opens - 1, reason=b"\1" * 32)),
        with_events(begun, cancelled(opens - 2), cancelled(opens - 1)),
    ):
        assert broken(one).link == "settings"


@pytest.mark.parametrize(
    ("before", "link"),
    [
        ("key 1.1", "ceremony"),
        ("register 1", "roll"),
        ("prepare 0", "forms"),
        ("cast a", "ballots"),
        ("close 0", "closing"),
    ],
)
def test_nothing_goes_on_after_an_election_was_called_off(before, link):
    at = HONEST.of(before)
    drafts = list(HONEST.drafts)
    time = min(drafts[at].time, START + 15_999)
    drafts[at:at] = [cancelled(time)]
    if before == "close 0":
        drafts = [each for each in drafts if not each.what.startswith("cast")]
    moved = sorted(drafts, key=lambda draft: draft.time)
    assert broken(replace(HONEST, drafts=tuple(moved))).link == link


# --------------------------------------------------------------------------- second opinion


def test_the_second_implementation_agrees_on_a_sample():
    told = []
    found = audit_election(
        HONEST.signed(),
        workers=1,
        second_implementation=2,
        progress=lambda *step: told.append(step),
    )
    assert found.holds
    assert (found.second.ballots, found.second.proofs) == (2, 2)
    assert found.to_json()["secondImplementation"] == {"ballots": 2, "proofs": 2}
    assert told[-1] == ("second", 4, 4)


def test_the_second_implementation_looks_at_ballots_keys_and_shares(monkeypatch):
    from crmdapp.ballots import second

    seen = []
    for name in ("verify_ballot", "verify_equality", "verify_knowledge"):
        monkeypatch.setattr(second, name, lambda *args, n=name: seen.append(n))
    found = audit_election(HONEST.signed(), workers=1, second_implementation=1_000)
    assert found.second == type(found.second)(ballots=11, proofs=9)
    assert {name: seen.count(name) for name in seen} == {
        "verify_ballot": 11,
        "verify_equality": 10,
        "verify_knowledge": 3,
    }


def test_a_dissent_of_the_second_implementation_breaks_its_link(monkeypatch):
    from crmdapp.ballots import second

    def dissent(*args):
        raise second.SecondOpinion("The second implementation refuses it: no.")

    monkeypatch.setattr(second, "verify_ballot", dissent)
    found = audit_election(HONEST.signed(), workers=1, second_implementation=1)
    assert found.broken.link == "second"
    assert found.questions == ()


def test_without_the_library_an_audit_that_needs_it_does_not_begin(monkeypatch):
    from crmdapp.ballots import audit

    def missing():
        raise UsageError("The second implementation needs py_ecc, which is not installed.")

    monkeypatch.setattr(audit, "require_second", missing)
    with pytest.raises(UsageError):
        audit_election(HONEST.signed(), second_implementation=1)


# --------------------------------------------------------------------------- the report, signed


def test_a_broken_link_is_an_error_with_its_name():
    batch = HONEST.drafts[HONEST.of("cast a")].args[3]
    found = audited(HONEST.put("cast a", lambda d: d.arg(3, flipped(batch, 200))))
    with pytest.raises(AuditFailed) as problem:
        found.require_holds()
    assert problem.value.exit_code == EXIT_VERIFICATION
    assert problem.value.link == "ballots"
    assert "BallotsCast" in problem.value.place
    assert problem.value.reason in problem.value.why
    data = found.to_json()
    assert (data["holds"], data["phase"], data["questions"]) == (False, "Unknown", [])
    assert data["broken"]["link"] == "ballots"
    states = [link["state"] for link in data["links"]]
    assert states == ["holds"] * 8 + ["broken"] + ["unchecked"] * 8


def test_a_signed_report_is_read_and_checked(report):
    signed = sign_report(report, signer_of("auditor"))
    again = SignedAuditReport.from_json(json.dumps(signed.to_json()))
    assert again == signed
    again.require_valid()
    assert again.signer == address_of("auditor")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("report", "holds"), False),
        (("report", "time"), 7),
        (("report", "questions", 0, "counts", 0), 100),
        (("report", "format"), "audit-report-2"),
        (("report", "contracts", "Tally"), "0x" + "99" * 20),
        (("typedData", "message", "election"), 8),
        (("typedData", "message", "record"), "0x" + "00" * 32),
        (("typedData", "message", "report"), "0x" + "00" * 32),
        (("typedData", "message", "holds"), False),
        (("typedData", "domain", "chainId"), 1),
        (("typedData", "domain", "name"), "Other"),
    ],
)
def test_a_signed_report_that_was_changed_is_refused(report, path, value):
    data = json.loads(json.dumps(sign_report(report, signer_of("auditor")).to_json()))
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(AuditReportRefused):
        SignedAuditReport.from_json(data).require_valid()


def test_a_report_that_another_signed_is_refused(report):
    data = sign_report(report, signer_of("auditor")).to_json()
    with pytest.raises(IntentSignatureInvalid):
        SignedAuditReport.from_json({**data, "signer": address_of("other")}).require_valid()
    with pytest.raises(UsageError):
        SignedAuditReport.from_json({**data, "report": 7})


# --------------------------------------------------------------------------- batches


def test_a_batch_out_of_order_is_refused():
    draft = HONEST.drafts[HONEST.of("cast c")]
    question = Teller([OF_THREE, UP_TO_TWO], (5, 4)).encodings[0]
    batch = decode_batch(question, draft.args[3])
    turned = b"".join(ballot.encode() for ballot in reversed(batch))
    assert broken(HONEST.put("cast c", lambda d: d.arg(3, turned))).link == "ballots"
    unknown = encode_batch([*batch[:-1], replace(batch[-1], index=4)])
    found = broken(HONEST.put("cast c", lambda d: d.arg(3, unknown)))
    assert (found.link, "no voter 4" in found.reason) == ("ballots", True)
    late = encode_batch([replace(each, deadline=START) for each in batch])
    assert broken(HONEST.put("cast c", lambda d: d.arg(3, late))).link == "ballots"


def test_all_ballots_that_cancel_each_other_out_are_refused():
    """Two voters who know each other's randomness make a sum that cannot be decrypted."""
    from crmdapp.ballots.group import ORDER
    from crmdapp.ballots.nonces import Nonces

    teller = Teller([YES_NO], (4,))
    teller.create()
    teller.plain_ceremony()
    teller.register(at=4_600)
    teller.freeze(at=6_600)
    teller.prepare(at=6_700)
    drawn = {}

    class Mirrored(Nonces):
        def draw(self, name, statement):
            found = super().draw(name, statement)
            if name == "choice r":
                found = ORDER - drawn["r"] if "r" in drawn else found
                drawn.setdefault("r", found)
            return found

    teller.nonces = Mirrored(bytes(32))
    teller.cast("cast a", 0, 0, {0: (0,), 1: (0,)}, at=16_100)
    found = broken(teller.told())
    assert (found.link, "add up to nothing" in found.reason) == ("sums", True)
