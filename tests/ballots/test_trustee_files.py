"""What a trustee's machine gives away, and takes in, as files."""

import json

import pytest

from crmdapp.ballots.elgamal import Ciphertext
from crmdapp.ballots.faults import PointMalformed
from crmdapp.ballots.group import multiply_base
from crmdapp.ballots.trustee_decryption import DecryptionTask, GroupTask, decrypt_shares
from crmdapp.ballots.trustee_files import (
    message_from_json,
    message_to_json,
    task_from_json,
    task_to_json,
)
from crmdapp.errors import UsageError
from tests.ballots.board_room import COMMITMENTS, COMPLAINTS, DEALS, KEYS, Table, trustee_key
from tests.ballots.station import address_of

SUM = Ciphertext(multiply_base(5), multiply_base(6))
TASK = DecryptionTask(
    address_of("tally"), 2, (GroupTask(0, 0, 9, (SUM,)), GroupTask(1, 0, 9, (SUM, SUM)))
)


@pytest.fixture(scope="module")
def duties():
    """One of each kind."""
    table = Table().dealt(wrong={3: 1})
    by_time = {
        each.kind: each
        for each in (table.at(time).duty(1) for time in (KEYS + 1, COMMITMENTS + 1, DEALS + 1))
    }
    first = Table().at(KEYS)
    others = [
        first.duty(1),
        Table().register().duty(1),
        Table().register().commit().duty(1),
        table.complain(1, 3).at(COMPLAINTS + 1).duty(1),
        Table().register(1).duty(1),
    ]
    shares = decrypt_shares(trustee_key(2), Table().dealt().finalise().record, 2, TASK)
    return {**by_time, **{each.kind: each for each in others}, "shares": shares}


KINDS = ("key", "commitment", "deal", "complaints", "finalise", "restart", "shares")


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_survives_its_file(duties, kind):
    duty = duties[kind]
    data = json.loads(json.dumps(message_to_json(duty)))
    assert (data["format"], data["kind"]) == ("ceremony-message-1", kind)
    assert message_from_json(json.dumps(data)) == duty


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_without_a_member_is_refused(duties, kind):
    data = message_to_json(duties[kind])
    for name in data:
        less = {key: value for key, value in data.items() if key != name}
        with pytest.raises(UsageError):
            message_from_json(less)


def test_nothing_makes_no_message(duties):
    assert duties["nothing"].kind == "nothing"
    with pytest.raises(UsageError, match="nothing to post"):
        message_to_json(duties["nothing"])


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("key", {"format": "ceremony-message-2"}),
        ("key", {"kind": "vote"}),
        ("key", {"chainId": -1}),
        ("key", {"board": "0x1"}),
        ("key", {"index": 16}),
        ("key", {"message": ""}),
        ("key", {"message": "zz"}),
        ("commitment", {"commitment": "0x00"}),
        ("deal", {"deal": "00" * 200_000}),
        ("complaints", {"complaints": []}),
        ("complaints", {"complaints": [{"dealer": 0, "deal": "00", "complaint": "00"}]}),
        ("shares", {"groups": [{"question": 0, "group": 0, "shares": "0x00"}]}),
    ],
    ids=str,
)
def test_a_malformed_message_is_refused(duties, kind, changes):
    with pytest.raises(UsageError):
        message_from_json({**message_to_json(duties[kind]), **changes})


def test_a_message_that_is_no_json_is_refused():
    with pytest.raises(UsageError, match="not JSON"):
        message_from_json(b"\xff{")


def test_a_task_survives_its_file():
    assert task_from_json(json.dumps({"decryption": task_to_json(TASK)})) == TASK


def test_a_record_without_a_task_says_so():
    with pytest.raises(UsageError, match="nothing to decrypt"):
        task_from_json({})


def test_a_sum_that_is_no_point_is_refused():
    data = task_to_json(TASK)
    data["groups"][0]["sums"][0]["alpha"] = "0x" + "00" * 96
    with pytest.raises(PointMalformed):
        task_from_json({"decryption": data})


def test_no_file_holds_a_secret(duties):
    record = Table().dealt().finalise().record
    for j in (1, 2):
        secret = trustee_key(j).secret(record.context(), j).to_bytes(32, "big").hex()
        for duty in duties.values():
            if duty.kind != "nothing":
                assert secret not in json.dumps(message_to_json(duty))
