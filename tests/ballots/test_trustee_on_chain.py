"""Trustees before the board: from the first key to the last share, and whatever goes wrong."""

from dataclasses import replace

import pytest

from crmdapp.ballots.audit_report import AuditFailed
from crmdapp.ballots.board import BoardClient
from crmdapp.ballots.ceremony_faults import (
    CeremonyMessageStale,
    CeremonyRecordWrong,
    CeremonySignatureWrong,
)
from crmdapp.ballots.ceremony_record import joint_key, read_ceremony, read_joint_key
from crmdapp.ballots.decryption import read_partial_decryption
from crmdapp.ballots.elgamal import Ciphertext
from crmdapp.ballots.errors import (
    CeremonyStepInvalid,
    DealMissing,
    QuestionNotClosed,
    SharesPostedBefore,
    TrusteeKeyRegisteredBefore,
)
from crmdapp.ballots.evidence_collecting import collect_record, contracts_of
from crmdapp.ballots.faults import CeremonyIncomplete, TurnoutTooLow
from crmdapp.ballots.group import encode_point, multiply_base
from crmdapp.ballots.models import CeremonyStep, Phase
from crmdapp.ballots.trustee import backup_test, next_duty
from crmdapp.ballots.trustee_audit import audited_task, require_audited
from crmdapp.ballots.trustee_decryption import DecryptionTask, decrypt_shares, read_task
from crmdapp.ballots.trustee_duties import Complaints, Finalise, Nothing, RegisterKey, Restart
from crmdapp.ballots.trustee_posting import (
    duty_calls,
    perform,
    perform_shares,
    posting_key,
    require_current,
)
from crmdapp.chain import Journal, Sender
from crmdapp.errors import ContractError, NodeLied, UsageError, VerificationFailed
from tests.ballots.board_room import *  # noqa: F403 - fixtures
from tests.ballots.board_room import spoiled, trustee_key
from tests.ballots.station import *  # noqa: F403 - fixtures
from tests.ballots.station import QUICK, signer_of

WINDOW = "keys_until", "commitments_until", "deals_until", "complaints_until"


def test_the_trustees_make_a_key(council):
    kinds = []
    for window in WINDOW:
        kinds += [duty.kind for duty in council.all_act()]
        council.go_to(window)
    kinds.append(council.act(2).kind)
    assert kinds == [*["key"] * 3, *["commitment"] * 3, *["deal"] * 3, *["nothing"] * 3, "finalise"]
    board = council.station.board()
    joint = read_joint_key(board, council.number)
    assert encode_point(joint.K) == board.key(council.number)
    assert joint.dealers == (1, 2, 3)
    for j in council.held.trustees:
        test = backup_test(trustee_key(j), council.record, j)
        assert test.share == board.verification_key(council.number, j)


def test_what_was_done_is_not_done_twice(council):
    record = council.record
    duty = next_duty(record, trustee_key(1), 1)
    board = council.station.board("trustee 1")
    first = perform(duty, board)
    assert [each.hash for each in perform(duty, board)] == [each.hash for each in first]
    assert isinstance(council.act(1), Nothing)


def test_a_trustee_that_was_killed_goes_on_from_its_key_file(council):
    """Nothing is kept between the steps but the file."""
    council.go_to_deals()
    again = [next_duty(council.record, trustee_key(1), 1) for _ in range(2)]
    assert again[0] == again[1]
    perform(again[0], council.station.board("trustee 1"))
    assert 1 in council.record.current.deals


def test_a_bad_deal_is_complained_of_and_left_out(council):
    council.all_act()
    council.go_to("keys_until")
    bad = council.deal_badly(3, 1)
    council.all_act(1, 2)
    council.go_to("commitments_until")
    council.all_act(1, 2)
    council.station.board("trustee 3").post_deal(council.number, 3, bad)
    council.go_to("deals_until")
    duties = council.all_act(1, 2)
    assert [type(duty) for duty in duties] == [Complaints, Nothing]
    assert council.station.board().ceremony(council.number).deals == (1, 2)
    council.go_to("complaints_until")
    council.act(1)
    assert read_joint_key(council.station.board(), council.number).dealers == (1, 2)
    assert backup_test(trustee_key(3), council.record, 3).share, "it keeps its share"


def test_a_false_complaint_leaves_its_author_out(council):
    council.go_to_deals()
    council.all_act()
    council.go_to("deals_until")
    record = council.record
    liar = replace(
        next_duty_with_wrong_share(record),
        complaints=(honest_complaint(record),),
    )
    perform(liar, council.station.board("trustee 1"))
    assert council.station.board().ceremony(council.number).deals == (2, 3)
    assert isinstance(council.act(2), Nothing)
    council.go_to("complaints_until")
    council.act(2)
    assert joint_key(council.record).dealers == (2, 3)


def next_duty_with_wrong_share(record):
    """The complaints of trustee 1, as if it had some."""
    from crmdapp.ballots.ceremony_record import check_round

    key = encode_point(check_round(record).keys[0])
    place = (record.chain_id, record.board, record.election, record.current.number, 1)
    return Complaints(*place, key, ())


def honest_complaint(record):
    """What trustee 1 shows of the true share that trustee 2 gave it."""
    from crmdapp.ballots.ceremony_record import check_round
    from crmdapp.ballots.trustee_duties import DealComplaint

    deal = check_round(record).deals[2]
    return DealComplaint(2, record.current.deals[2].body, trustee_key(1).complaint(deal, 1))


def test_a_silent_trustee_is_done_without(council):
    council.make_key(1, 2)
    assert joint_key(council.record).dealers == (1, 2)
    with pytest.raises(CeremonyIncomplete, match="registered no key"):
        backup_test(trustee_key(3), council.record, 3)


def test_too_few_trustees_begin_again(council):
    council.act(1)
    council.go_to("keys_until")
    assert isinstance(council.act(1), Restart)
    assert council.station.board().ceremony(council.number).round == 1
    council.make_key()
    record = council.record
    assert len(record.rounds) == 2
    assert joint_key(record).dealers == (1, 2, 3)


def test_what_the_record_says_is_what_the_board_waits_for(council):
    board = council.station.board()
    for window in (*WINDOW, None):
        record = council.record
        state = board.ceremony(council.number)
        assert record.step_at(record.at) is state.step
        windows = record.windows_of(record.current)
        assert [getattr(windows, name) for name in WINDOW] == [
            getattr(state, name) for name in WINDOW
        ]
        if window:
            council.all_act()
            council.go_to(window)
    assert state.step is CeremonyStep.FINALISATION


# --------------------------------------------------------------------------- refused


def test_a_message_of_an_earlier_step_is_stale(council):
    duty = next_duty(council.record, trustee_key(1), 1)
    assert isinstance(duty, RegisterKey)
    council.all_act(2, 3)
    council.go_to("keys_until")
    with pytest.raises(
        CeremonyMessageStale, match="waits for commitments in round 0, not for keys"
    ):
        perform(duty, council.station.board("trustee 1"))


def test_a_message_of_an_earlier_round_is_stale(council):
    duty = next_duty(council.record, trustee_key(2), 2)
    council.act(1)
    council.go_to("keys_until")
    council.act(1)
    with pytest.raises(CeremonyMessageStale, match="in round 1, not for keys in round 0"):
        perform(duty, council.station.board("trustee 2"))


def test_another_account_cannot_post_a_message(council):
    duty = next_duty(council.record, trustee_key(1), 1)
    with pytest.raises(UsageError, match="not the account of trustee 1"):
        perform(duty, council.station.board("trustee 2"))


def test_a_message_for_another_board_is_not_posted(council):
    duty = next_duty(council.record, trustee_key(1), 1)
    board = council.station.board("trustee 1")
    for other in (
        replace(duty, chain_id=1),
        replace(duty, board=council.station.elections().contract.address),
    ):
        with pytest.raises(UsageError, match="was made for"):
            require_current(other, board, account=board.sender.address)


def test_finalise_tells_when_it_is_too_early(council):
    council.go_to_deals()
    council.all_act()
    council.go_to("deals_until")
    record = council.record
    place = (record.chain_id, record.board, record.election, 0, 1)
    early = Finalise(*place, {i: each.body for i, each in record.current.deals.items()})
    with pytest.raises(CeremonyMessageStale, match="waits for complaints"):
        perform(early, council.station.board("trustee 1"))
    with pytest.raises(CeremonyStepInvalid):
        council.station.board("trustee 1").finalise(council.number, early.deals)


def test_a_second_complaint_about_a_dealer_is_too_much(council):
    council.all_act()
    council.go_to("keys_until")
    bad = council.deal_badly(3, 1)
    council.all_act(1, 2)
    council.go_to("commitments_until")
    council.all_act(1, 2)
    council.station.board("trustee 3").post_deal(council.number, 3, bad)
    council.go_to("deals_until")
    duty = next_duty(council.record, trustee_key(1), 1)
    perform(duty, council.station.board("trustee 1"))
    again = replace(duty, complaints=next_complaint_again(duty))
    with pytest.raises(DealMissing):
        perform(again, council.station.board("trustee 1"))


def next_complaint_again(duty):
    (one,) = duty.complaints
    return (replace(one, complaint=one.complaint[:-1] + bytes([one.complaint[-1] ^ 1])),)


# --------------------------------------------------------------------------- a node that lies


def test_a_node_that_names_another_key_lies(council, monkeypatch):
    council.make_key()
    board = council.station.board()
    other = encode_point(multiply_base(7))
    monkeypatch.setattr(type(board), "key", lambda self, election: other)
    with pytest.raises(NodeLied, match="not the one that its trustees made"):
        read_joint_key(board, council.number)


def test_a_node_that_shows_the_ceremony_of_another_election_lies(council):
    council.make_key()
    real = council.record
    other = type(council)(council.station, council.station.hold_election("keys"))
    other.make_key()
    fake = other.record
    with pytest.raises(VerificationFailed):
        joint_key(replace(real, rounds=fake.rounds))


def test_a_node_that_hides_the_transactions_is_not_believed(council, monkeypatch):
    council.make_key()
    board = council.station.board()
    request = board.connection.request

    def without(method, params=()):
        return None if method == "eth_getTransactionByHash" else request(method, params)

    monkeypatch.setattr(board.connection, "request", without)
    with pytest.raises(CeremonySignatureWrong):
        read_joint_key(board, council.number)
    assert read_joint_key(board, council.number, unsigned=True).dealers == (1, 2, 3)


# --------------------------------------------------------------------------- decryption


@pytest.fixture
def closed(station):
    """A council whose election has closed, with two questions and five ballots in each."""
    from tests.ballots.board_room import Council
    from tests.ballots.station import UP_TO_TWO, YES_NO

    held = station.hold_election("keys", questions=[YES_NO, UP_TO_TWO], voters=(5,))
    council = Council(station, held)
    council.make_key()
    held.__dict__["joint"] = joint_key(council.record)
    held.to_frozen()
    held.to_open()
    held.vote([[[0, 1, 1, 1, 0]], [[(0,), (0, 1), (), (2,), (1, 2)]]])
    held.to_closed()
    return council


def test_any_two_trustees_decrypt(closed):
    tally = closed.station.tally("bystander")
    for j in (1, 3):
        task = read_task(tally, closed.number, index=j)
        duty = decrypt_shares(trustee_key(j), closed.record, j, task)
        assert [(each.question, each.group) for each in duty.groups] == [(0, 0), (1, 0)]
        assert [len(each.shares) for each in duty.groups] == [320, 960]
        perform_shares(duty, closed.station.tally(f"trustee {j}"))
    assert tally.tally_group(closed.number, 0, 0) == (2, 3)
    assert tally.tally_group(closed.number, 1, 0) == (2, 2, 2)
    assert tally.phase(closed.number) is Phase.TALLIED


def test_shares_hold_for_the_trustees_key(closed):
    tally = closed.station.tally()
    duty = decrypt_shares(trustee_key(2), closed.record, 2, read_task(tally, closed.number))
    joint = joint_key(closed.record)
    (each,) = tally.sums(closed.number, 0, 0)
    read_partial_decryption(each.context, 2, joint.Y[2], each.accumulator, duty.groups[0].shares)


def test_what_was_posted_is_not_asked_again(closed):
    tally = closed.station.tally("trustee 1")
    duty = decrypt_shares(trustee_key(1), closed.record, 1, read_task(tally, closed.number))
    first = perform_shares(duty, tally)
    assert [each.hash for each in perform_shares(duty, tally)] == [each.hash for each in first]
    assert read_task(tally, closed.number, index=1).groups == ()
    assert len(read_task(tally, closed.number, index=2).groups) == 2
    other = decrypt_shares(trustee_key(1), closed.record, 1, read_task(tally, closed.number))
    with pytest.raises(SharesPostedBefore):
        perform_shares(other, tally)


def test_too_few_ballots_are_not_decrypted(closed):
    task = read_task(closed.station.tally(), closed.number)
    small = DecryptionTask(task.tally, 2, (replace(task.groups[0], ballots=1),))
    with pytest.raises(TurnoutTooLow):
        decrypt_shares(trustee_key(1), closed.record, 1, small)


def test_nothing_is_decrypted_before_the_close(council):
    council.make_key()
    with pytest.raises(QuestionNotClosed):
        read_task(council.station.tally(), council.number)


def test_shares_for_another_tally_are_not_posted(closed):
    tally = closed.station.tally("trustee 1")
    duty = decrypt_shares(trustee_key(1), closed.record, 1, read_task(tally, closed.number))
    with pytest.raises(UsageError, match="was made for"):
        perform_shares(replace(duty, tally=closed.station.board().contract.address), tally)


def test_a_share_for_a_changed_record_is_not_made(closed):
    record = closed.record
    body = spoiled(record.current.deals[2].body, record.threshold, 1)
    deals = {**record.current.deals, 2: replace(record.current.deals[2], body=body)}
    changed = replace(record, rounds=(replace(record.current, deals=deals),))
    with pytest.raises(CeremonyRecordWrong):
        decrypt_shares(trustee_key(1), changed, 1, read_task(closed.station.tally(), closed.number))


def test_read_record_knows_no_such_election(council):
    from crmdapp.ballots.errors import ElectionUnknown

    with pytest.raises(ElectionUnknown):
        read_ceremony(council.station.board(), 999)


# --------------------------------------------------------------------------- audited sums


def evidence_of(council):
    contracts, since = contracts_of(council.station.manifest)
    connection = council.station.connection
    return collect_record(connection, contracts, council.number, since_block=since)


def test_an_audit_comes_to_the_sums_that_are_decrypted(closed):
    evidence = evidence_of(closed)
    task = read_task(closed.station.tally(), closed.number)
    audited = audited_task(evidence, workers=1)
    require_audited(task, audited, closed.record, evidence)
    duty = decrypt_shares(trustee_key(1), closed.record, 1, audited)
    perform_shares(duty, closed.station.tally("bystander"))


def test_a_sum_of_one_ballot_is_not_decrypted(closed):
    """A node that names a voter's ballot as the sum would have it opened."""
    evidence = evidence_of(closed)
    audited = audited_task(evidence, workers=1)
    task = read_task(closed.station.tally(), closed.number)
    ballot = Ciphertext.decode(closed.held.sealed(0, 0, 0, 1).body[:192])
    single = replace(task.groups[0], sums=(ballot,))
    for bad in (single, replace(task.groups[0], ballots=6), replace(task.groups[0], group=1)):
        lie = replace(task, groups=(bad,))
        with pytest.raises(AuditFailed) as problem:
            require_audited(lie, audited, closed.record, evidence)
        assert problem.value.link == "sums"
    other = replace(closed.record, election=closed.number + 1)
    with pytest.raises(AuditFailed, match="another election"):
        require_audited(task, audited, other, evidence)


def test_a_record_without_some_ballots_is_not_decrypted(closed):
    evidence = evidence_of(closed)
    kept = [
        each
        for each in evidence.transactions
        if not any(type(one.event).__name__ == "BallotsCast" for one in each.events)
    ]
    with pytest.raises(AuditFailed) as problem:
        audited_task(replace(evidence, transactions=tuple(kept)), workers=1)
    assert problem.value.link == "closing"


# --------------------------------------------------------------------------- killed, or corrupt


def test_a_process_killed_between_sending_and_mining_posts_once(council, tmp_path):
    station, duty = council.station, next_duty(council.record, trustee_key(1), 1)
    board = station.board("trustee 1")
    (call,) = duty_calls(duty, board)
    station.node.automine(False)
    sent = board.sender.send(call, key=posting_key(duty, call))  # and nobody waits for it
    assert next_duty(council.record, trustee_key(1), 1) == duty, "nothing of it is on the chain yet"
    station.node.automine(True)
    station.node.mine()
    with Journal(station.folder / "journal.sqlite3") as journal:
        again = Sender(station.connection, signer_of("trustee 1"), journal, policy=QUICK)
        restarted = BoardClient.at(station.connection, station.manifest, again)
        with pytest.raises(TrusteeKeyRegisteredBefore):
            restarted.register_key(council.number, 1, duty.message)
        assert [each.hash for each in perform(duty, restarted)] == [sent.hash]
    assert isinstance(next_duty(council.record, trustee_key(1), 1), Nothing)


@pytest.mark.parametrize("place", [95, 319])
def test_corrupt_shares_are_refused_and_nothing_is_lost(closed, place):
    tally = closed.station.tally("bystander")
    duty = decrypt_shares(trustee_key(1), closed.record, 1, read_task(tally, closed.number))
    first = duty.groups[0]
    bad = first.shares[:place] + bytes([first.shares[place] ^ 1]) + first.shares[place + 1 :]
    with pytest.raises(ContractError):
        perform_shares(replace(duty, groups=(replace(first, shares=bad),)), tally)
    assert len(perform_shares(duty, tally)) == 2
