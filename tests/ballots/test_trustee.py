"""A trustee's duties: a function of the public record and of its key file, on any machine."""

import pytest

from crmdapp.ballots.ceremony import Liar, judge, open_share
from crmdapp.ballots.ceremony_faults import (
    CeremonyMessageStale,
    CeremonySignatureWrong,
    DealCommitmentForeign,
)
from crmdapp.ballots.ceremony_record import check_round
from crmdapp.ballots.ceremony_rounds import Posted
from crmdapp.ballots.deal import deal_commitment
from crmdapp.ballots.faults import (
    CeremonyIncomplete,
    DealShareWrong,
    TrusteeKeyForeign,
)
from crmdapp.ballots.group import encode_point, multiply_base
from crmdapp.ballots.trustee import backup_test, next_duty, secret_of
from crmdapp.ballots.trustee_duties import (
    CommitDeal,
    Complaints,
    Finalise,
    Nothing,
    PostDeal,
    RegisterKey,
    Restart,
)
from crmdapp.errors import UsageError, VerificationFailed
from tests.ballots.board_room import (
    COMMITMENTS,
    COMPLAINTS,
    DEALS,
    KEYS,
    OPENS,
    Table,
    spoiled,
    trustee_key,
)

# --------------------------------------------------------------------------- what is next


def test_first_comes_the_key():
    table = Table().at(1)
    duty = table.duty(1)
    assert isinstance(duty, RegisterKey)
    assert (duty.election, duty.round, duty.index, duty.kind) == (7, 0, 1, "key")
    assert duty == table.duty(1), "every copy of the key file says the same"


def test_then_a_commitment_to_the_deal():
    table = Table().register()
    duty = table.duty(2)
    assert isinstance(duty, CommitDeal)
    assert duty.commitment == deal_commitment(table.record.context(), 2, table.deal(2))


def test_then_the_deal():
    table = Table().register().commit()
    duty = table.duty(3)
    assert isinstance(duty, PostDeal)
    assert duty.deal == table.deal(3)


def test_then_complaints_of_wrong_shares_alone():
    table = Table().dealt(wrong={2: 1, 3: 1})
    duty = table.duty(1)
    assert isinstance(duty, Complaints)
    assert [each.dealer for each in duty.complaints] == [2, 3]
    checked = check_round(table.record)
    for each in duty.complaints:
        assert judge(checked.deals[each.dealer], 1, checked.keys[0], each.complaint) is Liar.DEALER
    assert isinstance(table.duty(2), Nothing)


def test_a_dealer_is_complained_of_once():
    table = Table().dealt(wrong={2: 1, 3: 1}).complain(1, 2)
    assert [each.dealer for each in table.duty(1).complaints] == [3]


def test_then_the_key_of_the_deals_that_are_left():
    table = Table().dealt(wrong={3: 1}).complain(1, 3).at(COMPLAINTS + 1)
    duty = table.duty(2)
    assert isinstance(duty, Finalise)
    assert duty.deals == {1: table.deal(1), 2: table.deal(2)}


def test_a_short_ceremony_begins_again():
    assert isinstance(Table().register(1).duty(1), Restart)


def test_a_new_round_has_a_new_key():
    table = Table().at(1)
    first = table.duty(1)
    again = table.register(1).restart(KEYS + 1).duty(1)
    assert (again.kind, again.round) == ("key", 1)
    assert again.message != first.message


@pytest.mark.parametrize(
    ("table", "reason", "until"),
    [
        (lambda: Table().register().at(KEYS), "key is registered", KEYS + 1),
        (lambda: Table().register().commit().at(COMMITMENTS), "commitment", COMMITMENTS + 1),
        (lambda: Table().dealt().at(DEALS), "deal is posted", DEALS + 1),
        (lambda: Table().dealt(), "All shares are right", COMPLAINTS + 1),
        (lambda: Table().dealt().finalise(), "The key is made", 0),
        (lambda: Table().dealt().at(OPENS), "should have opened", 0),
        (lambda: Table().register(2, 3), "registered no key in time", 0),
        (lambda: Table().register().commit(2, 3), "committed to no deal", 0),
        (lambda: Table().register(2, 3).commit(2, 3).post(2, 3), "registered no key", 0),
    ],
    ids=["key", "commitment", "deal", "shares", "final", "failed", "late", "late deal", "no key"],
)
def test_there_may_be_nothing_to_do(table, reason, until):
    duty = table().duty(1)
    assert isinstance(duty, Nothing)
    assert reason in duty.reason
    assert duty.until == until


def test_a_silent_trustee_does_not_stop_the_others():
    table = Table().register(1, 2).commit(1, 2).post(1, 2).at(COMPLAINTS + 1)
    assert sorted(table.duty(3).deals) == [1, 2]


def test_who_missed_the_deal_still_looks_at_its_shares():
    table = Table().register()
    deals = {2: spoiled(table.deal(2), 2, 1)}
    table.commit(2, 3, deals=deals).post(2, 3, deals=deals)
    assert [each.dealer for each in table.duty(1).complaints] == [2]


# --------------------------------------------------------------------------- what is refused


def test_a_record_of_an_earlier_window_is_stale():
    table = Table().register().at(KEYS)
    with pytest.raises(CeremonyMessageStale, match="window of keys"):
        table.duty(1, now=KEYS + 1)
    assert isinstance(table.duty(1, now=KEYS - 50), Nothing), "a slow clock does no harm"


def test_the_file_of_another_trustee_is_refused():
    table = Table().register()
    with pytest.raises(TrusteeKeyForeign):
        next_duty(table.record, trustee_key(2), 1)


def test_a_new_key_file_does_not_replace_the_registered_key():
    table = Table().dealt()
    with pytest.raises(TrusteeKeyForeign):
        next_duty(table.record, trustee_key(1, "new"), 1)


def test_a_commitment_to_another_deal_is_seen():
    table = Table().register()
    other = trustee_key(1, "new").deal(
        table.record.context(), 1, table.record.trustees[0], 2, check_round(table.record).keys
    )
    table.commit(deals={1: other})
    with pytest.raises(DealCommitmentForeign) as problem:
        table.duty(1)
    assert problem.value.dealer == 1


def test_there_is_no_such_trustee():
    for index in (0, 4):
        with pytest.raises(UsageError, match="has no trustee"):
            next_duty(Table().record, trustee_key(1), index)


def test_no_share_is_shown_because_a_node_changed_a_deal():
    """A complaint about a true share would give it to everybody."""
    table = Table().dealt()
    bad = spoiled(table.deal(2), 2, 1)
    deals = {**table.current.deals, 2: Posted(bad, table.current.deals[2].transaction)}
    commitment = deal_commitment(table.record.context(), 2, bad)
    held = table.current.commitments
    commitments = {**held, 2: Posted(commitment, held[2].transaction)}
    table.change(deals=deals, commitments=commitments)
    with pytest.raises(CeremonySignatureWrong):
        table.duty(1)
    bare = {2: Posted(bad)}
    table.change(deals={**deals, **bare}, commitments={**commitments, 2: Posted(commitment)})
    with pytest.raises(CeremonySignatureWrong):
        table.duty(1)
    assert isinstance(table.duty(1, unsigned=True), Complaints), "if it is told to trust the node"


# --------------------------------------------------------------------------- backups


def test_a_backup_shows_the_key():
    table = Table().register().at(KEYS)
    test = backup_test(trustee_key(2), table.record, 2)
    assert test.key == encode_point(check_round(table.record).keys[1])
    assert (test.deal, test.wrong_deals, test.share) == (None, (), b"")


def test_a_backup_shows_deal_and_share():
    table = Table().dealt().finalise()
    checked = check_round(table.record)
    test = backup_test(trustee_key(2), table.record, 2)
    assert test.deal is True
    assert test.share == encode_point(checked.joint.Y[2])
    assert encode_point(multiply_base(secret_of(trustee_key(2), checked, 2))) == test.share


def test_a_backup_names_who_dealt_badly():
    assert backup_test(trustee_key(1), Table().dealt(wrong={3: 1}).record, 1).wrong_deals == (3,)


def test_a_backup_of_something_else_is_refused():
    for table in (Table().register(), Table().dealt(), Table().dealt().finalise()):
        for key, index in ((trustee_key(1), 2), (trustee_key(2, "new"), 2)):
            with pytest.raises(TrusteeKeyForeign):
                backup_test(key, table.record, index)


def test_a_backup_cannot_be_compared_with_nothing():
    with pytest.raises(CeremonyIncomplete, match="registered no key"):
        backup_test(trustee_key(1), Table().register(2, 3).record, 1)


def test_a_backup_shows_that_a_share_is_lost():
    table = Table().dealt(wrong={3: 1}).finalise()
    with pytest.raises(DealShareWrong):
        backup_test(trustee_key(1), table.record, 1)
    assert backup_test(trustee_key(2), table.record, 2).share


def test_an_excluded_dealer_keeps_its_share():
    table = Table().dealt(wrong={3: 1}).complain(1, 3).finalise()
    test = backup_test(trustee_key(3), table.record, 3)
    assert test.deal is False
    assert test.share == encode_point(check_round(table.record).joint.Y[3])


def test_secret_wants_a_final_key_and_a_part_in_it():
    with pytest.raises(CeremonyIncomplete, match="no joint key"):
        secret_of(trustee_key(1), check_round(Table().dealt().record), 1)
    table = Table().register(1, 2).commit(1, 2).post(1, 2).finalise()
    with pytest.raises(CeremonyIncomplete, match="registered no key in time"):
        secret_of(trustee_key(3), check_round(table.record), 3)


def test_no_duty_shows_a_secret():
    table = Table().dealt(wrong={2: 1})
    checked = check_round(table.record)
    secrets = [trustee_key(1).secret(checked.ceremony, 1)]
    secrets.append(open_share(checked.deals[3], 1, secrets[0]))
    for time in (KEYS, KEYS + 1, COMMITMENTS + 1, DEALS + 1):
        shown = repr(table.at(time).duty(1))
        for secret in secrets:
            assert str(secret) not in shown
            assert secret.to_bytes(32, "big").hex() not in shown
            assert repr(secret.to_bytes(32, "big"))[2:-1] not in shown


def test_problems_are_verification_failures():
    assert issubclass(DealCommitmentForeign, VerificationFailed)
    assert DealCommitmentForeign.exit_code == 8
