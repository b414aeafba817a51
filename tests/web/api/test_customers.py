"""The customers' API as two companies and a customer use it."""

import json

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.receipts import SignedReceipt
from crmdapp.customers.registry import RegistryClient
from crmdapp.customers.registry_intents import (
    EraseIntent,
    MergeIntent,
    Registration,
    TagLink,
    UnmergeIntent,
)
from crmdapp.customers.registry_signing import sign_registry
from crmdapp.customers.release import Release, SignedRelease, open_release
from crmdapp.customers.statements import AttestationSubject, Statement
from crmdapp.store.keys import OperatorKeys
from crmdapp.web.api.customers.office import KEYS, folder_of
from crmdapp.web.security.api_keys import ApiKeys
from tests.web.customers_story import (
    EMAIL,
    MAIL,
    NOTICE,
    PHONE,
    ask_for_data,
    carla_of,
    draft,
    key_of_request,
)

BASE = "/v1/customers"
DAY = 86_400


@pytest.fixture(scope="module")
def carla(town, server, tmp_path_factory):
    """A customer of the merchant; her e-mail address is in its vault."""
    with carla_of(town, server, tmp_path_factory.mktemp("carla")) as carla:
        yield carla


@pytest.fixture(scope="module")
def merchant(api):
    return Company(api("merchant"))


@pytest.fixture(scope="module")
def rival(api):
    return Company(api("rival"))


class Company:
    """A company that uses the API."""

    def __init__(self, client):
        self.client = client

    def get(self, place, *, code=200, **options):
        return self._told(self.client.get(BASE + place, **options), code)

    def post(self, place, body=None, *, code=None, method="POST", **options):
        headers = {**key_of_request(), **options.pop("headers", {})}
        answer = self.client.request(method, BASE + place, json=body, headers=headers, **options)
        return self._told(answer, code)

    @staticmethod
    def _told(answer, code):
        if code is None:
            assert answer.status_code in (200, 201), answer.text
        else:
            assert answer.status_code == code, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def log(merchant):
    """The merchant's interaction log."""
    return merchant.post("/logs", {"index": 0, "delay": 3_600})


@pytest.fixture(scope="module")
def consented(server, merchant, carla, log):
    """The merchant asked for Carla's e-mail address, and she agreed and wrapped the key."""
    wanted = {"draft": draft(carla.subject), "notice": NOTICE}
    asked = merchant.post("/consents/requests", wanted)
    reading_key = bytes.fromhex(merchant.get("/vault")["reading_key"][2:])
    made = merchant.post(
        "/consents", {"grant": carla.agree(asked["request"]), "request": asked["request"]}
    )
    assert made["granted"]
    merchant.post("/vault/packages", {"package": carla.wrap(asked["request"], reading_key)})
    server.settle()
    return asked


def own_log(server, town, role="merchant"):
    return folder_of(server.context, town.address(role))


# ----------------------------------------------------------------- the vault


def test_vault_seals_what_is_written(merchant, carla):
    shown = merchant.get("/vault")
    assert (shown["profiles"], shown["data"]) == (1, 1)
    (datum,) = merchant.get(f"/profiles/0x{carla.cid.hex()}/data")["data"]
    assert (datum["field"], datum["category"], datum["version"]) == ("email", EMAIL, 1)
    assert MAIL.encode().hex() not in datum["sealed"]
    traced = merchant.get(f"/data/{datum['id']}")
    assert (traced["source"], traced["reference"], traced["custodial"]) == (
        "online_form",
        "form-1",
        False,
    )


def test_vault_names_a_field_it_does_not_take(merchant, carla):
    body = {
        "data": [
            {"field": "email", "category": EMAIL, "value": "x" * 70_000, "source": "online_form"}
        ]
    }
    told = merchant.post(f"/profiles/0x{carla.cid.hex()}/data", body, code=422)
    assert told["code"] == "RequestInvalid"
    assert "xxxx" not in json.dumps(told)


def test_profiles_are_the_company_s_own(server, merchant, rival, carla):
    server.settle()
    page = merchant.get("/profiles")
    assert [item["cid"] for item in page["items"]] == ["0x" + carla.cid.hex()]
    assert page["items"][0]["fields"] == ["email"]
    assert rival.get("/profiles", code=404)["code"] == "NotFound"


# ----------------------------------------------------------------- consent and release


def test_consent_is_shown_in_words(server, merchant, carla, consented):
    found = merchant.get(f"/consents/{consented['consent_id']}")
    assert (found["state"], found["subject"]) == ("active", carla.subject)
    assert (found["purposes"], found["jurisdiction"]) == (["DirectMarketing"], "AT")
    assert EMAIL in found["categories"]
    assert PHONE not in found["categories"]
    assert merchant.get("/consents/status")["active"] == 1
    assert [item["kind"] for item in merchant.get(f"/consents/{found['consent_id']}/history")] == [
        "granted"
    ]
    page = merchant.get("/consents", params={"subject": carla.subject})
    assert [item["consent_id"] for item in page["items"]] == [consented["consent_id"]]


@pytest.mark.parametrize(
    ("purposes", "categories", "holds"),
    [
        (["DirectMarketing"], [EMAIL], True),
        (["DirectMarketing"], [PHONE], False),
        (["Advertising"], [EMAIL], False),
    ],
)
def test_check_asks_the_chain(merchant, consented, purposes, categories, holds):
    body = {"purposes": purposes, "categories": categories}
    assert merchant.post(f"/consents/{consented['consent_id']}/check", body)["holds"] is holds


@pytest.mark.parametrize("form", ["iso", "kantara"])
def test_receipt_is_signed(town, merchant, consented, form):
    from crmdapp.customers.consent_receipts import read_receipt, verify_receipt

    made = merchant.post(f"/consents/{consented['consent_id']}/receipt", params={"form": form})
    receipt = read_receipt(made["document"], made["kind"])
    assert verify_receipt(receipt, town.client(ConsentClient)) == "active"


def test_segment_counts_those_who_agreed(merchant, consented):
    body = {"purpose": "DirectMarketing", "where": ["email known"]}
    found = merchant.post("/segments", body)
    assert (found["count"], found["asked"], found["total"]) == (1, 1, 1)
    body = {"purpose": "DirectMarketing", "where": ["phone known"]}
    assert merchant.post("/segments", body)["left_out"] == {"no consent for this": 1}


def test_release_gives_what_the_consent_covers(server, town, merchant, carla, consented):
    place = f"/vaults/{town.address('merchant')}/releases"
    signed = ask_for_data(town, "merchant", consented["request"], nonce=1)
    given = merchant.post(place, {"request": signed})
    client = town.client(ConsentClient)
    with OperatorKeys(own_log(server, town) / KEYS) as keys:
        (opened,) = open_release(
            Release.from_json(given["release"]),
            SignedRelease.from_json(signed),
            keys.reading_key,
            owner_of=client.owner_of,
            now=town.now(),
        )
    assert opened.value.decode() == MAIL
    (told,) = merchant.get(f"/profiles/0x{carla.cid.hex()}/disclosures")["disclosures"]
    assert (told["recipient"], told["purposes"]) == (
        town.address("merchant"),
        ["DirectMarketing"],
    )
    again = merchant.post(place, {"request": signed}, code=403)
    assert again["code"] == "ReleaseRefused"


def test_release_is_not_for_somebody_else(town, rival, consented):
    place = f"/vaults/{town.address('merchant')}/releases"
    signed = ask_for_data(town, "merchant", consented["request"], nonce=2)
    assert rival.post(place, {"request": signed}, code=404)["code"] == "NotFound"


def test_export_has_everything_sealed(merchant, carla, consented):
    told = merchant.post(f"/profiles/0x{carla.cid.hex()}/export")
    assert told["sealed"] == told["data"] == 1
    assert MAIL not in json.dumps(told)
    assert [item["state"] for item in told["export"]["consents"]] == ["active"]
    assert told["export"]["interactions"]
    answer = merchant.client.get(f"{BASE}/profiles/0x{carla.cid.hex()}/report")
    assert answer.status_code == 200
    assert "<script" not in answer.text


def test_same_key_gives_the_same_answer_and_another_body_is_refused(merchant, log, carla):
    headers = {"Idempotency-Key": "order-1"}
    body = {"customer": carla.subject, "kind": "purchase", "payload": {"order": "1"}}
    first = merchant.post("/logs/0/interactions", body, headers=headers)
    assert merchant.post("/logs/0/interactions", body, headers=headers) == first
    other = {**body, "payload": {"order": "2"}}
    told = merchant.post("/logs/0/interactions", other, headers=headers, code=422)
    assert told["code"] in ("IdempotencyKeyReused", "InteractionDiffers")


# ----------------------------------------------------------------- the log


def test_log_notes_anchors_and_proves(server, merchant, log, carla):
    body = {
        "customer": carla.subject,
        "kind": "visit",
        "payload": {"till": 7},
        "reference": "visit-7",
    }
    noted = merchant.post("/logs/0/interactions", body)
    receipt = SignedReceipt.from_json(noted["receipt"])
    assert "0x" + receipt.leaf.hex() == noted["leaf"]
    place = f"/logs/0/interactions/{noted['leaf']}"
    assert merchant.get(place + "/proof") == {"anchored": False, "proof": None}
    assert merchant.post("/logs/0/anchors")["batches"] == 1
    server.settle()
    assert merchant.get(place + "/proof")["anchored"]
    assert merchant.get(place + "/receipt")["leaf"] == noted["leaf"]
    (shown,) = merchant.get("/logs")
    assert (shown["waiting"], shown["overdue"], shown["flags"]) == (0, False, 0)
    (batch,) = merchant.get("/logs/0/batches")["items"]
    assert batch["count"] == shown["interactions"]
    items = merchant.get("/logs/0/interactions", params={"customer": carla.subject})["items"]
    assert items[-1]["payload"] == {"till": 7}
    assert all(item["anchored"] for item in items)
    assert merchant.post("/logs/0/anchors")["batches"] == 0


def test_log_answers_challenges(server, town, merchant, carla):
    merchant.post("/logs", {"index": 1, "delay": 60})
    body = {"customer": carla.subject, "kind": "visit", "payload": {}}
    noted = merchant.post("/logs/1/interactions", body)
    receipt = SignedReceipt.from_json(noted["receipt"])
    town.node.advance_to(receipt.receipt.anchor_by + 1)
    from crmdapp.customers.interaction_log import LogClient

    town.client(LogClient, "outsider").challenge(receipt)
    server.settle()
    (posted,) = merchant.get("/logs/1/challenges", params={"only_open": True})["items"]
    assert posted["state"] == "open"
    answers = merchant.post("/logs/1/answers")["answers"]
    assert answers[posted["receipt_hash"]] is not None
    server.settle()
    (settled,) = merchant.get("/logs/1/challenges")["items"]
    assert settled["state"] == "answered"


# ----------------------------------------------------------------- profiles on chain


@pytest.fixture(scope="module")
def scope(server, town, merchant):
    body = {
        "attestors": [{"address": town.address("merchant"), "level": 3}],
        "recovery_delay": DAY,
        "quorum": 1,
    }
    made = merchant.post("/scopes", body)
    server.settle()
    return made["scope"]


def registered(server, town, merchant, scope, role):
    """The id of a new profile whose key is a role's."""
    intent = Registration(
        scope=scope,
        tag=keccak(role.encode()),
        root=keccak(b"root"),
        controller=town.address(role),
        level=2,
        deadline=town.now() + DAY,
    )
    domain = town.client(RegistryClient).domain
    body = {"signed": sign_registry(intent, town.signer("merchant"), domain).to_json()}
    made = merchant.post("/profiles", body)
    server.settle()
    return made["cid"]


def test_scope_is_the_owner_s(town, merchant, rival, scope):
    shown = merchant.get(f"/scopes/{scope}")
    assert shown["attestors"][0]["attestor"] == town.address("merchant")
    assert rival.get(f"/scopes/{scope}", code=404)["code"] == "NotFound"
    foreign = f"/scopes/{scope}/attestors/{town.address('rival')}"
    assert rival.post(foreign, {"level": 3}, method="PUT", code=404)["code"] == "NotFound"
    made = merchant.post(
        f"/scopes/{scope}/attestors/{town.address('outsider')}", {"level": 1}, method="PUT"
    )
    assert made["block"] > 0


def test_profiles_are_registered_linked_merged_and_ended(server, town, merchant, rival, scope):
    first = registered(server, town, merchant, scope, "customer")
    second = registered(server, town, merchant, scope, "friend")
    domain = town.client(RegistryClient).domain

    def signed(role, intent):
        return sign_registry(intent, town.signer(role), domain).to_json()

    cids = bytes.fromhex(first[2:]), bytes.fromhex(second[2:])
    link = TagLink(keccak(b"second tag"), cids[0], 0, town.now() + DAY)
    merchant.post(f"/profiles/{first}/links", {"signed": signed("merchant", link)})
    merge = MergeIntent(cids[1], cids[0], 0, 0, 1, town.now() + DAY)
    body = {"signed": [signed("merchant", merge)]}
    assert rival.post("/merges", body, code=404)["code"] == "NotFound"
    merchant.post("/merges", body)
    server.settle()
    shown = merchant.get(f"/profiles/{second}")
    assert (shown["status"], shown["merged_into"]) == ("merged", first)
    undo = UnmergeIntent(cids[1], 2, town.now() + DAY)
    merchant.post("/unmerges", {"signed": [signed("friend", undo)]})
    end = EraseIntent(cids[1], keccak(b"receipt"), 0, town.now() + DAY)
    merchant.post(f"/profiles/{second}/tombstone", {"signed": signed("friend", end)})
    server.settle()
    shown = merchant.get(f"/profiles/{second}")
    assert (shown["status"], shown["controller"]) == ("erased", None)
    history = merchant.get(f"/profiles/{second}/history")["items"]
    assert [item["kind"] for item in history] == ["erased", "unmerged", "merged", "registered"]
    assert rival.get(f"/profiles/{second}/history", code=404)["code"] == "NotFound"
    again = Registration(
        scope, keccak(b"customer"), keccak(b"root"), town.address("customer"), 2, town.now() + DAY
    )
    told = merchant.post("/profiles", {"signed": signed("merchant", again)}, code=422)
    assert told["code"] == "CustomerKnown"
    assert told["fields"]["cid"] == first


def test_batch_registers_once(town, merchant, scope):
    records = [
        {
            "tag": "0x" + keccak(bytes([n])).hex(),
            "root": "0x" + keccak(b"root").hex(),
            "controller": town.address("merchant"),
            "level": 1,
        }
        for n in range(3)
    ]
    made = merchant.post("/profiles/batch", {"scope": scope, "records": records})
    assert (made["registered"], made["known"]) == (3, 0)
    again = merchant.post("/profiles/batch", {"scope": scope, "records": records})
    assert (again["registered"], again["known"]) == (0, 3)


# ----------------------------------------------------------------- attestations, rewards


def test_attestations_are_given_checked_and_taken_back(server, town, merchant, rival):
    topic = merchant.post("/topics", {"quorum": 1, "schema_hash": "0x" + "55" * 32})["topic"]
    me = town.address("merchant")
    server.settle()
    foreign = f"/topics/{topic}/attestors/{me}"
    assert rival.post(foreign, {"level": 2}, method="PUT", code=404)["code"] == "NotFound"
    merchant.post(foreign, {"level": 2}, method="PUT")
    subject = AttestationSubject(town.address("customer"), b"\x07" * 32)
    uid = "0x" + Statement(topic, subject, keccak(b"claims")).uid.hex()
    merchant.post("/attestations", {"topic": topic, "level": 2, "uids": [uid]})
    wanted = {"topic": topic, "level": 2, "attestors": [me]}
    assert merchant.post(f"/attestations/{uid}/check", wanted)["valid"]
    server.settle()
    (shown,) = merchant.get("/attestations")["items"]
    assert (shown["uid"], shown["stands"]) == (uid, True)
    assert rival.get("/attestations")["items"] == []
    merchant.post("/attestations/revocations", {"uids": [uid]})
    assert not merchant.post(f"/attestations/{uid}/check", wanted)["valid"]


def test_rewards_are_the_sponsor_s(server, town, merchant, rival, log):
    program = town.open_program("merchant")
    body = {
        "kind": "points",
        "asset": str(program),
        "cap": "500",
        "purposes": ["DirectMarketing"],
        "claims_until": town.now() + DAY,
    }
    campaign = merchant.post("/rewards", body)["campaign"]
    merchant.post(f"/rewards/{campaign}/funds", {"amount": "1000"})
    server.settle()
    (shown,) = merchant.get("/rewards")["items"]
    assert (shown["budget"], shown["kind"]) == ("1000", "points")
    assert rival.get("/rewards")["items"] == []
    told = rival.post(f"/rewards/{campaign}/funds", {"amount": "1"}, code=404)
    assert told["code"] == "NotFound"


# ----------------------------------------------------------------- intents


def test_withdrawal_intent_ends_a_consent_and_its_keys(
    server, town, api, merchant, carla, tmp_path
):
    wanted = {"draft": draft(carla.subject, service="Offers"), "notice": NOTICE}
    asked = merchant.post("/consents/requests", wanted)
    typed = api().post("/v1/intents/customers.grant/prepare", json={"request": asked["request"]})
    assert typed.status_code == 200, typed.text
    from tests.web.browser import digest_of

    def relayed(typed):
        signature = "0x" + carla.signer.sign_digest(digest_of(typed)).hex()
        body = {"typedData": typed, "signature": signature}
        answer = merchant.client.post("/v1/intents", json=body)
        assert answer.status_code == 200, answer.text

    relayed(typed.json())
    server.settle()
    assert merchant.get(f"/consents/{asked['consent_id']}")["state"] == "active"
    body = {"subject": carla.subject, "consent_id": asked["consent_id"]}
    typed = api().post("/v1/intents/customers.withdraw/prepare", json=body).json()
    relayed(typed)
    server.settle()
    assert merchant.get(f"/consents/{asked['consent_id']}")["state"] == "withdrawn"
    signed = ask_for_data(town, "merchant", asked["request"], nonce=77)
    place = f"/vaults/{town.address('merchant')}/releases"
    assert merchant.post(place, {"request": signed}, code=403)["code"] == "ReleaseRefused"


def test_signing_is_for_the_company_s_own_account(server, town, merchant):
    keys = ApiKeys(server.context.state)
    scopes = ("customers:read", "customers:write")
    _, text = keys.new(town.address("merchant"), scopes, label="till", account="rival")
    headers = {"Authorization": f"Bearer {text}"}
    body = {"index": 5, "delay": 3_600}
    told = merchant.post("/logs", body, headers=headers, code=403)
    assert (told["code"], told["fields"]["account"]) == ("AccountForeign", town.address("rival"))


def test_withdrawal_of_another_consent_is_refused(merchant, carla, consented):
    wanted = {"draft": draft(carla.subject, service="More"), "notice": NOTICE}
    other = merchant.post("/consents/requests", wanted)
    merchant.post("/consents", {"grant": carla.agree(other["request"])})
    place = f"/consents/{other['consent_id']}/withdrawal"
    body = {"signed": carla.withdraw(consented["request"])}
    told = merchant.post(place, body, code=422)
    assert "another consent" in told["detail"]


# ----------------------------------------------------------------- the end


def test_withdrawal_refuses_the_next_release(server, town, merchant, carla, consented):
    place = f"/consents/{consented['consent_id']}"
    ended = merchant.post(place + "/withdrawal", {"signed": carla.withdraw(consented["request"])})
    assert ended["block"] > 0
    server.settle()
    assert merchant.get(place)["state"] == "withdrawn"
    signed = ask_for_data(town, "merchant", consented["request"], nonce=3)
    release = f"/vaults/{town.address('merchant')}/releases"
    assert merchant.post(release, {"request": signed}, code=403)["code"] == "ReleaseRefused"


def test_erasure_leaves_nothing(server, town, merchant, rival, carla):
    place = f"/profiles/0x{carla.cid.hex()}"
    assert rival.post(place + "/erasure", {}, code=404)["code"] == "NotFound"
    request = carla.device.request_erasure(carla.cid, deadline=town.now() + DAY)
    made = merchant.post(place + "/erasure", {"request": request.to_json()})
    assert made["receipt_hash"]
    assert merchant.get("/vault")["data"] == 0
    assert merchant.get("/consents")["items"] == []
    assert merchant.get(place, code=404)["code"] == "NotFound"
    folder = own_log(server, town)
    for file in folder.iterdir():
        assert MAIL.encode() not in file.read_bytes()
        assert carla.subject.encode() not in file.read_bytes(), file.name
