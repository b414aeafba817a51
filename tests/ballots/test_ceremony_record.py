"""The public record of a ceremony: every message is checked again, and the joint key follows."""

import json
from dataclasses import replace

import pytest

from crmdapp.ballots.ceremony_faults import CeremonyRecordWrong, CeremonySignatureWrong
from crmdapp.ballots.ceremony_files import ceremony_from_json, ceremony_to_json
from crmdapp.ballots.ceremony_record import check_round, joint_key, record_of
from crmdapp.ballots.ceremony_rounds import Posted
from crmdapp.ballots.events import (
    CeremonyFinalised,
    CeremonyRestarted,
    DealPosted,
    TrusteeKeyRegistered,
)
from crmdapp.ballots.faults import (
    CeremonyIncomplete,
    ComplaintRefused,
    DealRefused,
    TrusteeKeyRefused,
)
from crmdapp.ballots.group import encode_point, multiply_base
from crmdapp.ballots.models import CeremonyStep, Election, WindowSeconds
from crmdapp.chain.decode import DecodedLog
from crmdapp.errors import NodeLied, UsageError, VerificationFailed
from tests.ballots.board_room import (
    BOARD,
    CHAIN,
    COMMITMENTS,
    COMPLAINTS,
    DEALS,
    KEYS,
    OPENS,
    Table,
    signed_call,
    trustee_key,
)
from tests.ballots.station import address_of


@pytest.fixture(scope="module")
def final():
    """The record of a ceremony of which nothing is to be said."""
    return Table().dealt().finalise().record


def changed(record, **fields):
    """The record with its current round changed."""
    return replace(record, rounds=(*record.rounds[:-1], replace(record.current, **fields)))


def with_body(held, j, body):
    return {**held, j: replace(held[j], body=body)}


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


# --------------------------------------------------------------------------- what holds


def test_joint_key_is_what_the_trustees_hold_together(final):
    joint = joint_key(final)
    assert joint.dealers == (1, 2, 3)
    assert encode_point(joint.K) == final.current.K
    assert check_round(final).unsigned == ()


def test_an_unfinished_ceremony_has_no_key_but_holds():
    table = Table().dealt()
    assert check_round(table.record).joint is None
    with pytest.raises(CeremonyIncomplete, match="not made its key"):
        joint_key(table.record)


def test_an_upheld_complaint_leaves_a_deal_out():
    table = Table().dealt(wrong={3: 1}).complain(1, 3).finalise()
    assert joint_key(table.record).dealers == (1, 2)


def test_a_false_complaint_leaves_its_author_out():
    table = Table().dealt().complain(1, 3, excluded=1).finalise()
    assert joint_key(table.record).dealers == (2, 3)


def test_silent_trustees_have_no_part():
    table = Table(size=4).register(1, 2, 3).commit(1, 2).post(1, 2).finalise()
    joint = joint_key(table.record)
    assert joint.dealers == (1, 2)
    assert sorted(joint.Y) == [1, 2, 3, 4]


def test_only_the_last_round_makes_the_key():
    table = Table().register(1).restart(KEYS + 50).register()
    assert check_round(table.record, 0).keys[1] is None
    assert check_round(table.record).keys[1] is not None


# --------------------------------------------------------------------------- steps by time


@pytest.mark.parametrize(
    ("at", "step"),
    [
        (1, CeremonyStep.KEYS),
        (KEYS, CeremonyStep.KEYS),
        (KEYS + 1, CeremonyStep.COMMITMENTS),
        (COMMITMENTS, CeremonyStep.COMMITMENTS),
        (COMMITMENTS + 1, CeremonyStep.DEALS),
        (DEALS, CeremonyStep.DEALS),
        (DEALS + 1, CeremonyStep.COMPLAINTS),
        (COMPLAINTS, CeremonyStep.COMPLAINTS),
        (COMPLAINTS + 1, CeremonyStep.FINALISATION),
        (OPENS - 1, CeremonyStep.FINALISATION),
        (OPENS, CeremonyStep.FAILED),
    ],
)
def test_step_follows_the_windows(at, step):
    assert Table().dealt().record.step_at(at) is step


@pytest.mark.parametrize("at", [KEYS + 1, COMMITMENTS + 1, DEALS + 1, COMPLAINTS + 1])
def test_step_is_short_if_too_few_took_part(at):
    assert Table().register(1).record.step_at(at) is CeremonyStep.SHORT


def test_step_is_short_if_too_few_deals_are_left():
    table = Table(threshold=3).dealt(wrong={3: 1}).complain(1, 3)
    assert table.record.step_at(DEALS + 2) is CeremonyStep.SHORT


def test_step_is_final_for_ever(final):
    assert final.step_at(OPENS + 1) is CeremonyStep.FINAL


def test_another_round_has_windows_of_the_first_ones_lengths():
    record = Table().restart(1_000).record
    windows = record.windows_of(record.current)
    assert (windows.keys_until, windows.commitments_until) == (1_100, 1_200)
    assert (windows.deals_until, windows.complaints_until) == (1_300, 1_400)


# --------------------------------------------------------------------------- what does not hold


def test_a_changed_key_is_refused(final):
    keys = final.current.keys
    with pytest.raises(TrusteeKeyRefused):
        check_round(changed(final, keys=with_body(keys, 2, keys[1].body)))


def test_a_changed_deal_is_refused(final):
    deals = final.current.deals
    for place in (0, 100, 300, 360, len(deals[1].body) - 1):
        body = flipped(deals[1].body, place)
        with pytest.raises(CeremonyRecordWrong, match="not the one it committed to"):
            check_round(changed(final, deals=with_body(deals, 1, body)))


def test_a_deal_with_a_bad_proof_is_refused_even_if_it_was_committed_to():
    table = Table().register()
    bad = flipped(table.deal(1), 96 + 127)
    table.commit(deals={1: bad}).post(deals={1: bad})
    with pytest.raises(DealRefused):
        check_round(table.record)


def test_a_changed_complaint_is_refused():
    table = Table().dealt(wrong={3: 1}).complain(1, 3)
    (complaint,) = table.current.complaints
    for place in (95, 319, 415):
        other = replace(complaint, body=flipped(complaint.body, place))
        with pytest.raises(ComplaintRefused):
            check_round(changed(table.record, complaints=(other,)))


def test_a_wrong_judgement_is_seen():
    table = Table().dealt(wrong={3: 1}).complain(1, 3, excluded=1)
    with pytest.raises(CeremonyRecordWrong, match="the wrong one was excluded: 1"):
        check_round(table.record)


def test_a_complaint_about_an_excluded_dealer_is_seen():
    table = Table().dealt(wrong={3: 1}).complain(1, 3)
    again = (*table.current.complaints, *table.current.complaints)
    with pytest.raises(CeremonyRecordWrong, match="which none could"):
        check_round(changed(table.record, complaints=again))


def test_a_message_that_was_left_out_is_seen(final):
    for name in ("keys", "commitments"):
        held = {j: each for j, each in getattr(final.current, name).items() if j != 2}
        with pytest.raises(CeremonyRecordWrong):
            check_round(changed(final, **{name: held}))
    deals = {j: each for j, each in final.current.deals.items() if j != 2}
    with pytest.raises(CeremonyRecordWrong, match="not the sum"):
        check_round(changed(final, deals=deals))


def test_a_stranger_is_seen(final):
    keys = {**final.current.keys, 4: final.current.keys[1]}
    with pytest.raises(CeremonyRecordWrong, match="4 is no trustee"):
        check_round(changed(final, keys=keys))


def test_another_key_is_seen(final):
    other = encode_point(multiply_base(5))
    with pytest.raises(CeremonyRecordWrong, match="not the sum"):
        joint_key(changed(final, K=other))


def test_other_dealers_are_seen(final):
    with pytest.raises(CeremonyRecordWrong, match="not the sum"):
        joint_key(changed(final, dealers=(1, 2)))


@pytest.mark.parametrize(
    "fields",
    [{"election": 8}, {"chain_id": 1}, {"board": address_of("another board")}, {"threshold": 1}],
    ids=lambda fields: next(iter(fields)),
)
def test_a_record_of_another_place_does_not_hold(final, fields):
    with pytest.raises(VerificationFailed):
        joint_key(replace(final, **fields))


# --------------------------------------------------------------------------- who signed it


def forged(table, sign):
    """A key message of trustee 2, by a transaction that `sign` makes of its calldata."""
    from crmdapp.ballots.ceremony_signatures import _REGISTER, _call

    message = trustee_key(2).key_message(table.record.context(), 2, address_of("trustee 2"))
    data = _call(_REGISTER, 7, 2, message[:96], message[96:])
    posted = Posted(message, sign(data))
    return table.change(keys={**table.current.keys, 2: posted}).record


def test_a_key_that_another_account_posted_is_refused():
    record = forged(Table(), lambda data: signed_call("attacker", data))
    with pytest.raises(CeremonySignatureWrong) as problem:
        check_round(record)
    assert problem.value.trustee == 2
    assert address_of("attacker") in problem.value.why


@pytest.mark.parametrize("kind", ["keys", "commitments", "deals", "complaints"])
def test_every_message_needs_its_own_signature(kind):
    """That of another message, or of the same by another trustee, will not do."""
    table = Table().dealt(wrong={3: 1, 2: 1}).complain(1, 3).complain(1, 2)
    held = getattr(table.current, kind)
    one, other = (held[0], held[1]) if kind == "complaints" else (held[1], held[2])
    swapped = replace(one, transaction=other.transaction)
    changed_ = (swapped, held[1]) if kind == "complaints" else {**held, 1: swapped}
    with pytest.raises(CeremonySignatureWrong) as problem:
        check_round(table.change(**{kind: changed_}).record)
    assert problem.value.trustee == 1


def test_a_transaction_that_says_something_else_is_refused():
    record = forged(Table(), lambda data: signed_call("trustee 2", flipped(data, len(data) - 40)))
    with pytest.raises(CeremonySignatureWrong):
        check_round(record)


@pytest.mark.parametrize("sign", [lambda data: b"\x02", lambda data: data[:50]])
def test_bytes_that_are_no_transaction_are_refused(sign):
    with pytest.raises(CeremonySignatureWrong):
        check_round(forged(Table(), sign))


def test_a_transaction_of_another_chain_is_refused():
    record = forged(Table(), lambda data: signed_call("trustee 2", data, chain_id=1))
    with pytest.raises(CeremonySignatureWrong):
        check_round(record)


@pytest.mark.parametrize(
    "sign",
    [
        lambda data: b"",
        lambda data: signed_call("trustee 2", data, to=address_of("wallet")),
    ],
    ids=["nothing", "a wallet"],
)
def test_what_only_the_node_vouches_for_is_told(sign):
    checked = check_round(forged(Table().register(1), sign))
    assert checked.unsigned == (2,)
    with pytest.raises(CeremonySignatureWrong, match="trustee 2"):
        checked.require_signed()


def test_joint_key_takes_unsigned_messages_only_if_it_is_told_so(final):
    bare = {j: replace(each, transaction=b"") for j, each in final.current.deals.items()}
    record = changed(final, deals=bare)
    with pytest.raises(CeremonySignatureWrong):
        joint_key(record)
    assert encode_point(joint_key(record, unsigned=True).K) == final.current.K


def test_a_ceremony_that_a_node_made_up_is_not_the_trustees():
    """Keys, deals and proofs hold, for the node made them with secrets of its own."""
    table = Table().dealt().finalise()
    current = table.current
    table.change(
        **{
            name: {j: Posted(each.body) for j, each in getattr(current, name).items()}
            for name in ("keys", "commitments", "deals")
        }
    )
    with pytest.raises(CeremonySignatureWrong):
        joint_key(table.record)


# --------------------------------------------------------------------------- events


SETTINGS = Election(
    number=7,
    organiser=address_of("organiser"),
    definition_hash=bytes(32),
    windows=WindowSeconds(KEYS, COMMITMENTS, DEALS, COMPLAINTS, 500, OPENS, 5_000, 6_000),
    precincts=1,
    minimum_turnout=1,
    threshold=2,
    registrar_quorum=1,
    questions=(),
    trustees=tuple(address_of(f"trustee {j}") for j in (1, 2, 3)),
    registrars=(),
)


def record_with(*events):
    logs = [DecodedLog(event, BOARD, 1, "0x00", place) for place, event in enumerate(events)]
    return record_of(SETTINGS, logs, {}, chain_id=CHAIN, board=BOARD, at=1)


def test_events_make_rounds():
    record = record_with(
        TrusteeKeyRegistered(7, 0, 1, bytes(96), bytes(128)),
        CeremonyRestarted(7, 1, 900),
        TrusteeKeyRegistered(7, 1, 2, bytes(96), bytes(128)),
        CeremonyFinalised(7, 1, 0b101, b"k" * 96),
    )
    assert [sorted(each.keys) for each in record.rounds] == [[1], [2]]
    assert (record.current.dealers, record.current.complaints_until) == ((1, 3), 900)


@pytest.mark.parametrize(
    "events",
    [
        [TrusteeKeyRegistered(7, 1, 1, b"", b"")],
        [CeremonyRestarted(7, 2, 900)],
        [DealPosted(7, 0, 1, b""), DealPosted(7, 0, 1, b"")],
        [CeremonyFinalised(7, 0, 7, b"k"), DealPosted(7, 0, 1, b"")],
    ],
    ids=["early round", "skipped round", "twice", "after the end"],
)
def test_events_that_no_board_emits_are_the_nodes_lie(events):
    with pytest.raises(NodeLied):
        record_with(*events)


# --------------------------------------------------------------------------- files


def test_a_record_survives_its_file():
    table = Table().register(1).restart(KEYS + 50).dealt(wrong={3: 1}).complain(1, 3).finalise()
    again = ceremony_from_json(json.dumps(ceremony_to_json(table.record)))
    assert again == table.record
    assert check_round(again) == check_round(table.record)
    assert joint_key(again).dealers == (1, 2)


def broken(record, *path, value):
    data = json.loads(json.dumps(ceremony_to_json(record)))
    place = data
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "ceremony-record-2"),
        (("board",), "nobody"),
        (("trustees",), []),
        (("trustees", 0), 5),
        (("threshold",), 0),
        (("threshold",), 4),
        (("windows", "dealsUntil"), -1),
        (("rounds",), []),
        (("rounds", 0), "one"),
        (("rounds", 0, "round"), 1),
        (("rounds", 0, "keys", 0, "index"), 2),
        (("rounds", 0, "keys", 0, "index"), 0),
        (("rounds", 0, "keys", 0, "body"), "0x"),
        (("rounds", 0, "deals", 0, "body"), "deal"),
        (("rounds", 0, "deals", 0, "body"), "00" * 5_000),
        (("rounds", 0, "deals", 0, "transaction"), "00" * 200_000),
        (("rounds", 0, "final", "key"), "0x00"),
        (("rounds", 0, "final", "dealers"), [99]),
        (("rounds", 0, "complaints"), {}),
    ],
    ids=str,
)
def test_a_malformed_file_is_refused(final, path, value):
    with pytest.raises(UsageError):
        ceremony_from_json(broken(final, *path, value=value))


def test_a_file_that_is_no_json_is_refused():
    with pytest.raises(UsageError, match="not JSON"):
        ceremony_from_json("{")


def test_index_and_account_belong_together(final):
    assert [final.index_of(final.account(j).lower()) for j in (1, 2, 3)] == [1, 2, 3]
    with pytest.raises(UsageError, match="no trustee"):
        final.index_of(address_of("outsider"))
    for j in (0, 4):
        with pytest.raises(UsageError, match="no trustee"):
            final.account(j)
