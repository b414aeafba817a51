"""``crmdapp customers credential``: issued, shown, checked."""

import json

import pytest

from crmdapp.customers.credentials.sd_jwt import SdJwt
from tests.cli.conftest import ADDRESSES

KIND = "urn:example:customer"
SHOP = "https://shop.example"
URL = "https://issuer.example/status/1"
NONCE = "4pCdXo1lQ2b"


@pytest.fixture
def topic(crmdapp):
    """A topic of the shop, in which the rival may attest up to level 3."""
    schema = crmdapp.folder / "schema.json"
    schema.write_text("{}")
    number = crmdapp.send("customers", "attest", "topic", 1, schema)["topic"]
    crmdapp.send("customers", "attest", "admit", number, "rival", 3)
    return number


@pytest.fixture
def issue(crmdapp, topic):
    """The rival issues a credential of the customer's and attests it; returns its file."""

    def issue_(*options, name="c.txt", attest=True, **claims):
        crmdapp.act_as("rival")
        path, out = crmdapp.folder / "claims.json", crmdapp.folder / name
        path.write_text(json.dumps(claims or {"given_name": "Ada", "birthdate": "2000-02-29"}))
        made = crmdapp.json(
            *("customers", "credential", "issue", path, "customer", topic, 2),
            *("--kind", KIND, "--out", out, *options),
        )
        if attest:
            crmdapp.send("customers", "attest", "issue", topic, 2, made["uid"])
        return out

    return issue_


def present(crmdapp, credential, *names, who="customer"):
    crmdapp.act_as(who)
    out = crmdapp.folder / f"p{len(list(crmdapp.folder.glob('p*.txt')))}.txt"
    shown = [word for name in names for word in ("--show", name)]
    asked = ("--audience", SHOP, "--nonce", NONCE)
    crmdapp("customers", "credential", "present", credential, *shown, *asked, "--out", out)
    return out


def asked(*attestors, **changes):
    settings = {"audience": SHOP, "nonce": NONCE, "kind": KIND, **changes}
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return [*words, *(word for who in attestors or ("rival",) for word in ("--attestor", who))]


def test_a_customer_shows_one_claim_and_the_shop_learns_that_one(crmdapp, issue):
    presentation = present(crmdapp, issue("--derive"), "age_over_18")
    crmdapp.env(CRMDAPP_PRIVATE_KEY=None)
    found = crmdapp.json("customers", "credential", "verify", presentation, *asked())
    assert found["claims"] == {"age_over_18": True}
    assert found["subject"] == ADDRESSES["customer"]
    assert "Ada" not in presentation.read_text()
    shown = crmdapp("customers", "credential", "verify", presentation, *asked()).out
    assert "age_over_18" in shown


def test_issuing_and_showing_need_only_a_key(offline):
    offline.act_as("rival")
    claims, out = offline.folder / "claims.json", offline.folder / "c.txt"
    claims.write_text('{"country": "FR", "member": true}')
    made = offline.json(
        *("customers", "credential", "issue", claims, ADDRESSES["customer"], 1, 2),
        *("--kind", KIND, "--out", out, "--derive", "--visible", "member"),
        *("--chain-id", 31337, "--registry", "0x" + "11" * 20),
    )
    assert len(made["uid"]) == 66
    offline.act_as("customer")
    shown = offline.json("customers", "credential", "show", out)
    assert shown["claims"] == {"country": "FR", "country_in_eu": True}
    text = offline(
        *("customers", "credential", "present", out, "--show", "country_in_eu"),
        *("--audience", SHOP, "--nonce", NONCE),
    ).out
    assert len(SdJwt.parse(text).disclosures) == 1


def test_show_lists_what_can_be_shown(crmdapp, issue):
    shown = crmdapp.json("customers", "credential", "show", issue())
    assert shown["claims"] == {"given_name": "Ada", "birthdate": "2000-02-29"}
    assert (shown["subject"], shown["kind"]) == (ADDRESSES["customer"], KIND)


def test_present_refuses_a_claim_that_there_is_not(crmdapp, issue):
    refused = crmdapp.error(
        *("customers", "credential", "present", issue(), "--show", "age_over_21"),
        *("--audience", SHOP, "--nonce", NONCE),
        code=2,
    )
    assert "age_over_21" in refused["message"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"nonce": "old"}, "KeyBindingInvalid"),
        ({"audience": "https://other.example"}, "KeyBindingInvalid"),
        ({"kind": "urn:other"}, "CredentialInvalid"),
        ({"level": 3}, "CredentialInvalid"),
    ],
    ids=str,
)
def test_verify_ends_with_8_for_another_occasion(crmdapp, issue, changes, code):
    presentation = present(crmdapp, issue())
    words = ("customers", "credential", "verify", presentation, *asked(**changes))
    assert crmdapp.error(*words, code=8)["code"] == code


def test_verify_ends_with_8_for_what_proves_nothing(crmdapp, issue):
    credential = issue()
    verify = ("customers", "credential", "verify")
    stolen = present(crmdapp, credential, who="friend")
    error = crmdapp.error(*verify, stolen, *asked(), code=8)
    assert error["code"] == "CredentialSignatureInvalid"
    good = present(crmdapp, credential)
    assert crmdapp.error(*verify, good, *asked("friend"), code=8)["code"] == "CredentialInvalid"
    never = present(crmdapp, issue(name="never.txt", attest=False))
    assert crmdapp.error(*verify, never, *asked(), code=8)["code"] == "CredentialRevoked"
    noise = crmdapp.folder / "noise.txt"
    noise.write_text("Ada Lovelace~")
    error = crmdapp.error(*verify, noise, *asked(), code=8)
    assert error["code"] == "CredentialMalformed"
    assert "Ada" not in str(error)


def test_a_status_list_takes_the_place_of_a_node(crmdapp, issue, topic):
    first = issue("--status-list", URL, name="first.txt")
    second = issue("--status-list", URL, name="second.txt")
    uid = crmdapp.json("customers", "credential", "show", second)["uid"]
    crmdapp.act_as("rival")
    crmdapp.send("customers", "attest", "revoke", uid)
    published = crmdapp.folder / "list.jwt"
    crmdapp("customers", "credential", "status-list", URL, "--out", published)
    registry = json.loads((crmdapp.folder / "deployments" / "31337.json").read_text())
    assert "AttestationRegistry" in str(registry)
    good, bad = present(crmdapp, first), present(crmdapp, second)
    crmdapp.env(CRMDAPP_PRIVATE_KEY=None, CRMDAPP_RPC="http://127.0.0.1:1")
    words = ("--status-list", published, "--chain-id", 31337)
    verify = ("customers", "credential", "verify")
    assert crmdapp.json(*verify, good, *asked(), *words)["valid"]
    assert crmdapp.error(*verify, bad, *asked(), *words, code=8)["code"] == "CredentialRevoked"


def test_status_list_knows_its_lists_alone(crmdapp, issue):
    issue()
    words = ("customers", "credential", "status-list", URL, "--out", crmdapp.folder / "list.jwt")
    assert "no status list" in crmdapp.error(*words, code=2)["message"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"a": 1, "a": 2}', '{"_sd": 1}'],
    ids=["empty", "list", "cut", "twice", "_sd"],
)
def test_issue_refuses_claims_that_are_none(crmdapp, topic, text):
    crmdapp.act_as("rival")
    claims = crmdapp.folder / "claims.json"
    claims.write_text(text)
    crmdapp.error(
        *("customers", "credential", "issue", claims, "customer", topic, 2),
        *("--kind", KIND, "--out", crmdapp.folder / "c.txt"),
        code=2,
    )
    assert not (crmdapp.folder / "c.txt").exists()


def test_issue_repeats_nothing_of_the_claims(crmdapp, topic):
    crmdapp.act_as("rival")
    claims = crmdapp.folder / "claims.json"
    claims.write_text('{"birthdate": "31.12.1999", "given_name": "Ada"}')
    refused = crmdapp(
        *("customers", "credential", "issue", claims, "customer", topic, 2, "--derive"),
        *("--kind", KIND, "--out", crmdapp.folder / "c.txt"),
        code=2,
    )
    assert "1999" not in refused.err
    assert "Ada" not in refused.err


def test_issue_refuses_to_derive_from_nothing(crmdapp, topic):
    crmdapp.act_as("rival")
    claims = crmdapp.folder / "claims.json"
    claims.write_text('{"given_name": "Ada"}')
    crmdapp.error(
        *("customers", "credential", "issue", claims, "customer", topic, 2, "--derive"),
        *("--kind", KIND, "--out", crmdapp.folder / "c.txt"),
        code=2,
    )


def test_the_devices_key_presents_what_its_identity_was_issued(crmdapp, topic, monkeypatch):
    from crmdapp.store.device import DeviceKeys

    password = crmdapp.folder / "password.txt"
    password.write_text("correct horse\n")
    device = crmdapp.folder / "device.key"
    keys = DeviceKeys.create(device, "correct horse")
    subject = keys.subject(31337, ADDRESSES["shop"])
    keys.close()
    crmdapp.act_as("rival")
    claims, out = crmdapp.folder / "claims.json", crmdapp.folder / "c.txt"
    claims.write_text('{"member": true}')
    made = crmdapp.json(
        *("customers", "credential", "issue", claims, subject, topic, 2),
        *("--kind", KIND, "--out", out),
    )
    crmdapp.send("customers", "attest", "issue", topic, 2, made["uid"])
    shown = crmdapp.folder / "p.txt"
    crmdapp.env(CRMDAPP_PRIVATE_KEY=None)
    crmdapp(
        *("customers", "credential", "present", out, "--show", "member", "--out", shown),
        *("--audience", SHOP, "--nonce", NONCE),
        *("--device", device, "--company", ADDRESSES["shop"], "--password-file", password),
    )
    found = crmdapp.json("customers", "credential", "verify", shown, *asked())
    assert (found["subject"], found["claims"]) == (subject, {"member": True})


def test_resolve_prints_the_document_of_an_identity(crmdapp):
    address = ADDRESSES["customer"]
    did = f"did:ethr:0x7a69:{address}"
    for name in ("customer", address, did):
        found = crmdapp.json("customers", "did", "resolve", name)
        assert found["didDocument"]["id"] == did
    pkh = crmdapp.json("customers", "did", "resolve", f"did:pkh:eip155:31337:{address}")
    assert pkh["didDocument"]["authentication"] == [
        f"did:pkh:eip155:31337:{address}#blockchainAccountId"
    ]
    crmdapp.error("customers", "did", "resolve", "did:web:example.com", code=2)
