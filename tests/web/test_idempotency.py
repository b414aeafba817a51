"""The same request twice: once done, answered alike; another body under the key is refused."""

import secrets
import threading
import time

import pytest
from sqlalchemy import delete, select, update

from crmdapp.web.state import answers
from tests.web.browser import digest_of
from tests.web.town import served

PROGRAM = {"name": "Bean", "symbol": "BEAN"}
PROGRAMS = "/v1/loyalty/programs"


@pytest.fixture
def key():
    return secrets.token_hex(8)


def ask(client, key, body=PROGRAM, path=PROGRAMS):
    return client.post(path, json=body, headers={"Idempotency-Key": key})


def test_repeated_request_gets_the_same_answer_and_happens_once(api, town, key):
    nonce = town.connection.nonce(town.address("merchant"))
    first, second = (ask(api("merchant"), key) for _ in range(2))
    assert first.status_code == second.status_code == 201, first.text
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert town.connection.nonce(town.address("merchant")) == nonce + 1


def test_another_body_under_the_key_is_refused(api, key):
    ask(api("merchant"), key)
    answer = ask(api("merchant"), key, {**PROGRAM, "name": "Other"})
    assert (answer.status_code, answer.json()["code"]) == (422, "IdempotencyKeyReused")


def test_another_caller_may_use_the_same_key(api, key):
    own = ask(api("merchant"), key)
    other = ask(api("rival"), key, {**PROGRAM, "name": "Rival"})
    assert own.status_code == other.status_code == 201
    assert own.json() != other.json()


def test_request_without_a_key_is_refused(api):
    answer = api("merchant").post(PROGRAMS, json=PROGRAM)
    assert (answer.status_code, answer.json()["code"]) == (400, "IdempotencyKeyMissing")


def test_refused_request_may_be_mended_under_the_same_key(api, key):
    assert ask(api("merchant"), key, {"name": "Bean"}).status_code == 422
    assert ask(api("merchant"), key).status_code == 201


def test_crash_before_the_answer_is_kept_sends_nothing_twice(api, server, town, key):
    first = ask(api("merchant"), key)
    nonce = town.connection.nonce(town.address("merchant"))
    with server.context.state.writing() as session:
        # What a process leaves that is killed after it sent and before it kept the answer.
        session.execute(update(answers).values(answer=None, lease="dead", lease_until=time.time()))
    again = ask(api("merchant"), key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert town.connection.nonce(town.address("merchant")) == nonce


def test_even_a_lost_database_sends_nothing_twice(api, server, town, key):
    first = ask(api("merchant"), key)
    with server.context.state.writing() as session:
        session.execute(delete(answers))
    assert ask(api("merchant"), key).json() == first.json()


def test_request_under_way_is_a_conflict(api, town, server, key):
    town.node.automine(False)
    try:
        outcome = []
        asking = threading.Thread(target=lambda: outcome.append(ask(api("merchant"), key)))
        asking.start()
        deadline = time.monotonic() + 10
        while not kept(server, key) and time.monotonic() < deadline:
            time.sleep(0.02)
        answer = ask(api("merchant"), key)
        assert (answer.status_code, answer.json()["code"]) == (409, "RequestInFlight")
    finally:
        town.node.automine(True)
        time.sleep(0.2)
        town.node.mine()
        asking.join()
    assert outcome[0].status_code == 201


def kept(server, key):
    with server.context.state.reading() as session:
        query = select(answers.c.lease).where(answers.c.lease.is_not(None))
        return session.execute(query).first()


def test_kept_answer_cannot_be_read_from_the_database(api, server, key):
    hook = {"url": "https://93.184.216.34/hooks"}
    made = ask(api("merchant"), key, hook, "/v1/webhooks")
    assert made.status_code == 201, made.text
    with server.context.state.reading() as session:
        rows = [bytes(row.answer) for row in session.execute(select(answers)) if row.answer]
    secret = made.json()["secret"].encode()
    assert rows
    assert not any(secret in row or secret.hex().encode() in row for row in rows)
    again = ask(api("merchant"), key, hook, "/v1/webhooks")
    assert again.json() == made.json()


def test_pending_transaction_is_an_operation_that_ends(town, tmp_path, key):
    with served(town, tmp_path / "impatient", patience=0.3) as server:
        client = server.api("merchant")
        town.node.automine(False)
        try:
            pending = ask(client, key)
            assert pending.status_code == 202, pending.text
            place = pending.headers["location"]
            assert client.get(place).json()["state"] == "pending"
            assert server.api("rival").get(place).status_code == 404
        finally:
            town.node.automine(True)
            town.node.mine()
        done = client.get(place).json()
        assert done["state"] == "done"
        assert done["tx_hash"] == pending.json()["tx_hash"]
        assert ask(client, key).status_code == 201


def test_intent_that_is_pending_is_told_done_later(town, tmp_path):
    with served(town, tmp_path / "impatient", patience=0.3) as server:
        client = server.api("merchant")
        program = town.open_program("merchant")
        from crmdapp.loyalty import LoyaltyClient

        town.client(LoyaltyClient, "merchant").award(program, town.address("customer"), 900)
        wanted = {
            "program": str(program),
            "holder": town.address("customer"),
            "to": town.address("friend"),
            "points": "900",
        }
        typed = client.post("/v1/intents/loyalty.transfer/prepare", json=wanted).json()
        signature = town.signer("customer").sign_digest(digest_of(typed))
        body = {"typedData": typed, "signature": "0x" + signature.hex()}
        town.node.automine(False)
        try:
            pending = client.post("/v1/intents", json=body)
            assert (pending.status_code, pending.json()["state"]) == (202, "pending")
        finally:
            town.node.automine(True)
            town.node.mine()
        done = client.post("/v1/intents", json=body)
        assert (done.status_code, done.json()["state"]) == (200, "done")
        assert done.json()["tx_hash"] == pending.json()["tx_hash"]
