"""``crmdapp customers attest``: topics, attestors, statements."""

import json
import stat

import pytest

from tests.cli.conftest import ADDRESSES

UID, OTHER = "0x" + "ab" * 32, "0x" + "cd" * 32


@pytest.fixture
def schema(crmdapp):
    path = crmdapp.folder / "schema.json"
    path.write_text('{"claims": ["age_over_18"]}')
    return path


@pytest.fixture
def topic(crmdapp, schema):
    """A topic of the shop, in which the rival may attest up to level 3."""
    number = crmdapp.send("customers", "attest", "topic", 1, schema)["topic"]
    crmdapp.send("customers", "attest", "admit", number, "rival", 3)
    return number


def attested(crmdapp, topic, *uids, level=2):
    crmdapp.act_as("rival")
    return crmdapp.send("customers", "attest", "issue", topic, level, *uids)


def test_topic_opens_one(crmdapp, schema):
    made = crmdapp.send("customers", "attest", "topic", 2, schema)
    shown = crmdapp.json("customers", "attest", "show", made["topic"], "rival")
    assert (shown["owner"], shown["quorum"]) == (ADDRESSES["shop"], 2)
    assert shown["schema_hash"] == made["schema_hash"]
    assert shown["attestors"] == [
        {"attestor": ADDRESSES["rival"], "level": 0, "from": None, "until": None}
    ]


def test_show_names_a_topic_that_there_is_not(crmdapp):
    assert crmdapp.error("customers", "attest", "show", 9, code=6)["code"] == "TopicUnknown"


def test_issue_vouches_for_statements(crmdapp, topic):
    done = attested(crmdapp, topic, UID, OTHER)
    assert len(done["transactions"]) == 1
    checked = crmdapp.json("customers", "attest", "check", topic, UID, "rival", "--level", 2)
    assert checked["valid"]
    assert checked["attestors"][0]["status"] == "issued"


def test_issue_goes_on_with_what_is_missing(crmdapp, topic):
    attested(crmdapp, topic, UID)
    assert len(attested(crmdapp, topic, UID, OTHER)["transactions"]) == 1
    assert attested(crmdapp, topic, UID, OTHER)["transactions"] == []


def test_issue_is_the_attestors_alone(crmdapp, topic):
    crmdapp.act_as("friend")
    refused = crmdapp.refuse_to_send("customers", "attest", "issue", topic, 1, UID, code=6)
    assert refused["code"] == "AttestorNotStanding"


def test_check_ends_with_8_if_a_statement_does_not_stand(crmdapp, topic):
    attested(crmdapp, topic, UID)
    args = ("customers", "attest", "check", topic)
    for words in ((OTHER, "rival"), (UID, "friend"), (UID, "rival", "--level", 3)):
        refused = crmdapp.error(*args, *words, code=8)
        assert refused["code"] == "CredentialRevoked"
    crmdapp.send("customers", "attest", "revoke", UID)
    assert "revoked" in crmdapp.error(*args, UID, "rival", code=8)["why"]


def test_dismiss_voids_what_was_attested_since(crmdapp, topic, node):
    before = node.now
    node.advance(100)
    attested(crmdapp, topic, UID)
    crmdapp.act_as("shop")
    crmdapp.send("customers", "attest", "dismiss", topic, "rival", "--until", before + 50)
    crmdapp.error("customers", "attest", "check", topic, UID, "rival", code=8)
    shown = crmdapp.json("customers", "attest", "show", topic, "rival")["attestors"][0]
    assert shown["until"] is not None
    assert "no end" not in crmdapp("customers", "attest", "show", topic, "rival").out


def test_a_signed_word_is_submitted_by_anybody(crmdapp, topic):
    crmdapp.act_as("rival")
    word = crmdapp.folder / "word.json"
    crmdapp("customers", "attest", "issue-sign", topic, 2, UID, "--out", word)
    crmdapp.act_as("friend")
    done = crmdapp.send("customers", "attest", "submit", word)
    assert (done["kind"], done["signer"]) == ("AttestationIntent", ADDRESSES["rival"])
    crmdapp.act_as("rival")
    back = crmdapp.folder / "back.json"
    crmdapp("customers", "attest", "revoke-sign", UID, "--out", back)
    crmdapp.act_as("friend")
    assert crmdapp.send("customers", "attest", "submit", back)["kind"] == "RevocationIntent"
    crmdapp.error("customers", "attest", "check", topic, UID, "rival", code=8)


def test_signing_needs_only_the_key(offline):
    offline.act_as("rival")
    registry = ("--chain-id", 31337, "--registry", "0x" + "11" * 20)
    signed = json.loads(offline("customers", "attest", "issue-sign", 1, 2, UID, *registry).out)
    assert signed["attestor"] == ADDRESSES["rival"]
    offline("customers", "attest", "revoke-sign", UID, *registry)


def test_submit_refuses_what_nobody_signed(crmdapp, topic):
    path = crmdapp.folder / "word.json"
    path.write_text("{}")
    crmdapp.refuse_to_send("customers", "attest", "submit", path, code=2)


def test_disown_rejects_what_a_credential_says(crmdapp, topic):
    crmdapp.act_as("rival")
    claims, credential = crmdapp.folder / "claims.json", crmdapp.folder / "c.txt"
    claims.write_text('{"given_name": "Ada"}')
    made = crmdapp.json(
        *("customers", "credential", "issue", claims, "customer", topic, 2),
        *("--kind", "urn:example:customer", "--out", credential),
    )
    assert stat.S_IMODE(credential.stat().st_mode) == 0o600
    attested(crmdapp, topic, made["uid"])
    check = ("customers", "attest", "check", topic, made["uid"], "rival")
    assert crmdapp.json(*check)["valid"]
    crmdapp.act_as("friend")
    refused = crmdapp.refuse_to_send("customers", "attest", "disown", credential, code=6)
    assert refused["code"] == "SubjectOwnerOnly"
    crmdapp.act_as("customer")
    signed = crmdapp.folder / "disown.json"
    crmdapp("customers", "attest", "disown-sign", credential, "--out", signed)
    assert "Ada" not in signed.read_text()
    crmdapp.act_as("friend")
    assert crmdapp.send("customers", "attest", "submit", signed)["uid"] == made["uid"]
    assert "disowned" in crmdapp.error(*check, code=8)["why"]
