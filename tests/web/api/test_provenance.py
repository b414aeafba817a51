"""Works and items over HTTP: whole ways through the API, what is refused, what others see."""

import io
import json
from itertools import count

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.devices import Device, sign_assignment
from crmdapp.provenance.history import Replay
from crmdapp.provenance.items import ItemsClient
from crmdapp.provenance.votes import Ballot
from tests.provenance.pictures import painting
from tests.web.browser import digest_of
from tests.web.town import served

GTIN = "https://id.gs1.org/01/09506000134352"
NUMBERS = count()


@pytest.fixture
def send(api):
    """``send("artist", "POST", path, json=...)``: a request with that role's key."""
    clients = {}

    def send_(role, method, path, *, key=None, **options):
        client = clients.setdefault(role, api(role))
        headers = {"Idempotency-Key": key or f"test-{next(NUMBERS)}"}
        return client.request(method, f"/v1/provenance{path}", headers=headers, **options)

    return send_


def ok(answer):
    """The answer's body; it must be a good one."""
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def picture(seed):
    """A painting as the bytes of a PNG file."""
    held = io.BytesIO()
    painting(seed).save(held, "PNG")
    return held.getvalue()


def signed(server, role, typed):
    """What a wallet gives back, by another implementation than the package's."""
    signature = server.town.signer(role).sign_digest(digest_of(typed))
    return {"typedData": typed, "signature": "0x" + signature.hex()}


def hand_in(server, send, seed, title="Harbour"):
    """A submission that its artist signed; its record's hash."""
    told = {"name": title, "artist": "A. Painter", "account": server.town.address("artist")}
    files = {"file": ("harbour.png", picture(seed), "image/png")}
    made = ok(send("artist", "POST", "/submissions/prepare", data=told, files=files))
    ok(send("artist", "POST", "/submissions", json=signed(server, "artist", made["typedData"])))
    return made["record_hash"]


def registered(server, send, seed, title="Harbour"):
    """A registered work's id."""
    record = hand_in(server, send, seed, title)
    typed = ok(send("curator", "POST", f"/submissions/{record}/approvals/prepare"))
    body = signed(server, "curator", typed)
    ok(send("curator", "POST", f"/submissions/{record}/approvals", json=body))
    number = ok(send("artist", "POST", f"/submissions/{record}/register"))["id"]
    server.settle()
    return number


def commissioned(server, send, role, name, **values):
    """A new item's id."""
    body = {"items": [{"link": f"{GTIN}/21/{name}", **values}], "step": {}}
    (item,) = ok(send(role, "POST", "/items", json=body))["items"]
    server.settle()
    return item


def test_work_goes_from_submission_to_its_buyer_and_certificate(server, send, api):
    number = registered(server, send, 1)
    public = api()
    shown = ok(public.get(f"/v1/provenance/artworks/{number}"))
    assert (shown["title"], shown["owner"]) == ("Harbour", None)
    ok(send("artist", "POST", f"/artworks/{number}/price", json={"price": "5"}))
    server.settle()
    listed = ok(public.get("/v1/provenance/artworks", params={"for_sale": True}))
    assert [item["id"] for item in listed["items"]] == [number]
    ok(send("collector", "POST", f"/artworks/{number}/purchase", json={"price": "5"}))
    server.settle()
    shown = ok(public.get(f"/v1/provenance/artworks/{number}"))
    assert (shown["owner"], shown["sales"]) == (server.town.address("collector"), 1)
    story = ok(public.get(f"/v1/provenance/artworks/{number}/history"))
    kinds = [event["kind"] for event in story["items"]]
    assert kinds[0] == "ArtworkRegistered"
    assert kinds[-1] == "ArtworkSold"
    certificate = ok(public.get(f"/v1/provenance/artworks/{number}/certificate"))
    assert certificate["name"] == "Harbour"
    verdict = ok(public.get(f"/v1/provenance/artworks/{number}/verdict"))
    assert verdict["verified"] is True
    sales = ok(public.get(f"/v1/provenance/accounts/{server.town.address('collector')}/sales"))
    assert sales["items"][0]["work"] == number


def test_verdict_is_replayed_once_a_block_and_never_of_a_block_that_is_gone(
    server, send, api, monkeypatch
):
    number = registered(server, send, 31, "Twice")
    town, public = server.town, api()
    replays = []
    walk = Replay.__iter__
    monkeypatch.setattr(Replay, "__iter__", lambda self: replays.append(1) or walk(self))

    def owners():
        server.settle()
        place = f"/v1/provenance/artworks/{number}"
        verdict = ok(public.get(f"{place}/verdict"))
        certificate = ok(public.get(f"{place}/certificate"))
        assert verdict["verified"] is True
        return verdict["owner"], certificate["provenance"]["owner"]

    assert owners() == owners() == (None, None)
    assert len(replays) == 2  # one for the verdict, one for the certificate
    mark = town.node.snapshot()
    town.client(ArtworksClient, "artist").mint(int(number, 16))
    assert owners() == (town.address("artist"),) * 2
    assert len(replays) == 4
    town.node.revert(mark)
    town.forget_journal()
    town.node.mine()  # another block at the same height
    assert owners() == (None, None)


def test_purchase_at_another_price_is_refused_with_the_prices(server, send):
    number = registered(server, send, 2)
    ok(send("artist", "POST", f"/artworks/{number}/price", json={"price": "7"}))
    answer = send("collector", "POST", f"/artworks/{number}/purchase", json={"price": "6"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "PriceChanged"
    assert answer.json()["fields"]["price"] == "7"


def test_submission_is_hidden_from_all_but_its_artist_and_curators(server, send):
    record = hand_in(server, send, 3)
    path = f"/submissions/{record}"
    assert ok(send("artist", "GET", path))["is_signed"] is True
    assert ok(send("curator", "GET", path))["title"] == "Harbour"
    missing = send("rival", "GET", "/submissions/0x" + "77" * 32)
    for role in ("rival", "merchant"):
        for answer in (send(role, "GET", path), send(role, "GET", f"{path}/file")):
            assert answer.status_code == missing.status_code == 404
            assert answer.json()["detail"] == missing.json()["detail"]
    assert ok(send("rival", "GET", "/submissions")) == []


def test_approval_of_somebody_else_does_not_count(server, send):
    record = hand_in(server, send, 4)
    typed = ok(send("curator", "POST", f"/submissions/{record}/approvals/prepare"))
    forged = signed(server, "rival", typed)
    answer = send("curator", "POST", f"/submissions/{record}/approvals", json=forged)
    assert answer.json()["code"] == "IntentSignatureInvalid"
    own = {**signed(server, "artist", typed), "signer": server.town.address("artist")}
    answer = send("artist", "POST", f"/submissions/{record}/approvals", json=own)
    assert answer.status_code == 403
    assert answer.json()["code"] == "CuratorOnly"
    answer = send("artist", "POST", f"/submissions/{record}/register")
    assert answer.json()["code"] in ("ApprovalsMissing", "StandardsOutdated")


def test_signed_price_waits_for_a_buyer_and_dies_with_the_next(server, send, api):
    number = registered(server, send, 5)
    public = api()
    wanted = {"work": number, "seller": server.town.address("artist"), "price": "9"}
    typed = ok(public.post("/v1/intents/provenance.listing/prepare", json=wanted))
    body = signed(server, "artist", typed)
    assert ok(api("merchant").post("/v1/intents", json=body))["state"] == "done"
    (kept,) = ok(public.get(f"/v1/provenance/artworks/{number}/listings"))
    assert kept["signature"] == body["signature"]
    digest = "0x" + digest_of(typed).hex()
    path = f"/artworks/{number}/listings/accept"
    ok(send("collector", "POST", path, json={"digest": digest}))
    server.settle()
    assert ok(public.get(f"/v1/provenance/artworks/{number}/listings")) == []
    answer = send("friend", "POST", path, json={"digest": digest})
    assert answer.json()["code"] == "ListingStale"


def test_record_is_challenged_and_votes_are_committed(server, send, api):
    number = registered(server, send, 6)
    wanted = {"work": number, "ground": "false_record", "evidence_hash": "0x" + "11" * 32}
    case_id = ok(send("rival", "POST", "/cases", json=wanted))["case_id"]
    ok(send("artist", "POST", f"/cases/{case_id}/defence"))
    vote = {"is_aye": True, "salt": "0x" + "22" * 32}
    ok(send("curator", "POST", f"/cases/{case_id}/votes", json=vote))
    server.settle()
    shown = ok(api().get(f"/v1/provenance/cases/{case_id}"))
    assert (shown["status"], shown["ground"]) == ("open", "false_record")
    assert shown["defender"] == server.town.address("artist")
    assert shown["votes"][0]["is_aye"] is None
    assert vote["salt"] not in json.dumps(shown)
    ballot = Ballot(bytes.fromhex(case_id[2:]), server.town.address("curator"), True, b"\x22" * 32)
    assert ballot.commitment
    early = send("curator", "POST", f"/cases/{case_id}/votes/reveal", json=vote)
    assert early.json()["code"] == "CaseStepClosed"
    open_ = ok(api().get("/v1/provenance/cases", params={"status": "open"}))
    assert case_id in [item["case_id"] for item in open_["items"]]


def test_goods_go_from_farm_to_recall(server, send, api):
    lot = commissioned(server, send, "merchant", "LOT", quantity="60.5", unit="KGM")
    box = commissioned(server, send, "merchant", "BOX", level=1)
    body = {"items": [lot], "step": {"biz_step": "packing"}}
    ok(send("merchant", "POST", f"/items/{box}/pack", json=body))
    server.settle()
    wanted = {"items": [box], "to": server.town.address("carrier")}
    typed = ok(send("merchant", "POST", "/handovers/prepare", json=wanted))
    ok(send("merchant", "POST", "/handovers", json=signed(server, "merchant", typed)))
    assert ok(send("rival", "GET", "/handovers")) == []
    (waiting,) = ok(send("carrier", "GET", "/handovers"))
    foreign = send("rival", "POST", f"/handovers/{waiting['digest']}/receipt")
    unknown = send("rival", "POST", f"/handovers/0x{'00' * 32}/receipt")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json()["detail"] == unknown.json()["detail"]
    ok(send("carrier", "POST", f"/handovers/{waiting['digest']}/receipt"))
    server.settle()
    public = api()
    shown = ok(public.get(f"/v1/provenance/items/{lot}"))
    assert (shown["custodian"], shown["parents"]) == (server.town.address("carrier"), [box])
    assert shown["quantity"] == "60.5"
    held = ok(send("carrier", "GET", "/items"))["items"]
    assert [item["item"] for item in held] == [box]
    kinds = [event["kind"] for event in ok(public.get(f"/v1/provenance/items/{lot}/journey"))]
    assert kinds == ["ItemCommissioned", "ItemPacked", "CustodyHandedOver"]
    ok(send("carrier", "POST", f"/items/{box}/unpack", json={"items": [lot]}))
    made = ok(
        send(
            "carrier",
            "POST",
            "/items/transformations",
            json={
                "inputs": [{"item": lot, "quantity": "10"}],
                "outputs": [{"link": f"{GTIN}/21/BAG"}],
            },
        )
    )["items"]
    reason = {"links": [f"{GTIN}/21/LOT"], "reason": "Stones were found."}
    assert send("rival", "POST", "/items/recalls", json=reason).json()["code"] == "ItemUnknown"
    ok(send("merchant", "POST", "/items/recalls", json=reason))
    server.settle()
    concerned = ok(public.get(f"/v1/provenance/items/{lot}/concerned"))["items"]
    assert set(concerned) == {lot, *made}
    assert lot in ok(public.get(f"/v1/provenance/items/{made[0]}/origin"))["recalled"]
    verdict = ok(public.get(f"/v1/provenance/items/{made[0]}/verdict"))
    assert [problem["code"] for problem in verdict["problems"]] == ["made_of_recalled"]
    named = ok(public.get("/v1/provenance/items/named", params={"link": f"{GTIN}/21/BAG"}))
    assert [item["item"] for item in named] == made


def test_item_of_another_cannot_be_moved(server, send):
    item = commissioned(server, send, "merchant", "MINE")
    answer = send("rival", "POST", "/items/observations", json={"items": [item]})
    assert answer.status_code == 403
    assert answer.json()["code"] == "ItemCustodianOnly"
    wanted = {"items": [item], "to": server.town.address("rival")}
    answer = send("rival", "POST", "/handovers/prepare", json=wanted)
    assert answer.json()["code"] == "ItemCustodianOnly"


def test_device_is_assigned_by_its_own_word(server, send):
    item = commissioned(server, send, "merchant", "COLD")
    ledger = server.context.reader(ItemsClient)
    word = sign_assignment(
        Device.new(), ledger.domain, int(item, 16), server.town.address("merchant"), window=0
    )
    ok(send("merchant", "POST", "/items/devices", json={"signed": word.to_json()}))


def document_of(*names):
    """An EPCIS document in which items of those serial numbers are commissioned."""
    events = [
        {
            "type": "ObjectEvent",
            "eventTime": "2026-01-05T07:00:00Z",
            "eventTimeZoneOffset": "+00:00",
            "epcList": [f"{GTIN}/21/{name}"],
            "action": "ADD",
            "bizStep": "commissioning",
            "disposition": "active",
        }
        for name in names
    ]
    return {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-05T08:00:00Z",
        "epcisBody": {"eventList": events},
    }


def test_epcis_document_is_captured_once_and_kept_for_its_partner(server, send):
    document = document_of("EPCIS1")
    (event,) = document["epcisBody"]["eventList"]
    planned = ok(send("merchant", "POST", "/epcis/capture?dry_run=true", json=document))
    assert [step["function"] for step in planned["steps"]] == ["commission"]
    done = ok(send("merchant", "POST", "/epcis/capture", json=document))
    assert done["steps"][0]["tx_hash"]
    server.settle()
    again = ok(send("merchant", "POST", "/epcis/capture", json=document))
    assert (again["steps"], again["recorded"]) == ([], 1)
    kept = ok(send("merchant", "GET", "/epcis/events"))
    results = kept["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert results[0]["epcList"] == event["epcList"]
    others = ok(send("rival", "GET", "/epcis/events"))
    assert others["epcisBody"]["queryResults"]["resultsBody"]["eventList"] == []
    event["eventTime"] = "yesterday"
    answer = send("merchant", "POST", "/epcis/capture", json=document)
    assert answer.status_code == 422
    assert answer.json()["code"] == "EpcisRejected"


def test_epcis_document_that_was_half_captured_is_finished_under_its_key(town, tmp_path):
    with served(town, tmp_path / "impatient", patience=0.3) as impatient:
        client = impatient.api("merchant")

        def capture():
            place, key = "/v1/provenance/epcis/capture", {"Idempotency-Key": "half-captured"}
            return client.post(place, json=document_of("HALF1", "HALF2"), headers=key)

        town.node.automine(False)
        try:
            assert capture().status_code == 202
        finally:
            town.node.automine(True)
            town.node.mine()
        impatient.settle()
        assert len(ok(capture())["steps"]) == 1
        impatient.settle()
        for name in ("HALF1", "HALF2"):
            params = {"link": f"{GTIN}/21/{name}"}
            assert len(ok(client.get("/v1/provenance/items/named", params=params))) == 1


@pytest.mark.parametrize("path", ["/artworks/77", "/items/0x77", "/cases/0x" + "77" * 32])
def test_unknown_thing_is_missing(api, path):
    assert api().get(f"/v1/provenance{path}").status_code == 404


@pytest.mark.parametrize("bad", ["' OR 1=1 --", "0x", "-1", "1_0", "9" * 78, "<script>"])
def test_malformed_id_is_named(api, bad):
    answer = api().get(f"/v1/provenance/items/{bad}")
    assert answer.status_code in (404, 422)
    assert bad not in answer.text or bad in ("0x", "-1")


def test_fingerprint_finds_the_record_of_a_file(server, send, api):
    number = registered(server, send, 8)
    files = {"file": ("copy.png", picture(8), "image/png")}
    found = ok(api().post("/v1/provenance/fingerprints", files=files))
    assert found["records"] == [number]
    assert found["keccak"] == "0x" + keccak(picture(8)).hex()
    empty = api().post("/v1/provenance/fingerprints", files={"file": ("a.png", b"", "image/png")})
    assert empty.json()["code"] == "FileEmpty"


# ----------------------------------------------------------------- what is signed, and by whom


def prepared(server, send, seed, role="artist"):
    """What the artist of a work is to sign."""
    told = {"name": "Quay", "artist": "A. Painter", "account": server.town.address(role)}
    files = {"file": ("quay.png", picture(seed), "image/png")}
    return ok(send(role, "POST", "/submissions/prepare", data=told, files=files))


def test_submission_that_somebody_else_signed_is_refused(server, send):
    made = prepared(server, send, 11)
    forged = signed(server, "rival", made["typedData"])
    answer = send("artist", "POST", "/submissions", json=forged)
    assert answer.json()["code"] == "IntentSignatureInvalid"
    assert ok(send("artist", "GET", f"/submissions/{made['record_hash']}"))["is_signed"] is False


def test_submission_that_was_signed_for_another_gallery_is_refused(server, send):
    typed = prepared(server, send, 12)["typedData"]
    typed["domain"]["verifyingContract"] = server.town.address("rival")
    answer = send("artist", "POST", "/submissions", json=signed(server, "artist", typed))
    assert answer.json()["code"] == "UsageError"
    assert "another gallery" in answer.json()["detail"]


def test_submission_without_its_artists_signature_is_hidden_from_curators(server, send):
    record = prepared(server, send, 13)["record_hash"]
    assert send("curator", "GET", f"/submissions/{record}").status_code == 404
    assert ok(send("artist", "GET", f"/submissions/{record}"))["is_signed"] is False


def test_approval_of_another_work_is_refused(server, send):
    first, second = hand_in(server, send, 14, "First"), hand_in(server, send, 15, "Second")
    typed = ok(send("curator", "POST", f"/submissions/{first}/approvals/prepare"))
    body = signed(server, "curator", typed)
    answer = send("curator", "POST", f"/submissions/{second}/approvals", json=body)
    assert "another work" in answer.json()["detail"]
    assert ok(send("curator", "GET", f"/submissions/{second}"))["approved_by"] == []


def test_approval_of_ones_own_work_is_refused(server, send):
    made = prepared(server, send, 16, "curator")
    ok(send("curator", "POST", "/submissions", json=signed(server, "curator", made["typedData"])))
    path = f"/submissions/{made['record_hash']}/approvals"
    body = signed(server, "curator", ok(send("curator", "POST", f"{path}/prepare")))
    assert send("curator", "POST", path, json=body).json()["code"] == "CuratorOnly"


def test_approval_of_no_curator_is_refused_as_an_intent(server, send, api):
    record = hand_in(server, send, 17)
    typed = ok(send("curator", "POST", f"/submissions/{record}/approvals/prepare"))
    answer = api("rival").post("/v1/intents", json=signed(server, "rival", typed))
    assert answer.json()["code"] == "CuratorOnly"
    assert ok(send("curator", "GET", f"/submissions/{record}"))["approved_by"] == []


def test_file_of_a_submission_is_never_shown_as_a_page(server, send):
    record = hand_in(server, send, 18)
    headers = send("curator", "GET", f"/submissions/{record}/file").headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"] == "attachment"
    assert headers["content-security-policy"] == "sandbox"


def test_listing_of_somebody_elses_hand_is_refused(server, send, api):
    number = registered(server, send, 19)
    wanted = {"work": number, "seller": server.town.address("artist"), "price": "9"}
    typed = ok(api().post("/v1/intents/provenance.listing/prepare", json=wanted))
    answer = api("merchant").post("/v1/intents", json=signed(server, "rival", typed))
    assert 400 <= answer.status_code < 500, answer.text
    assert ok(api().get(f"/v1/provenance/artworks/{number}/listings")) == []


def test_offer_is_shown_to_the_owner_and_to_who_made_it(server, send, api):
    number = registered(server, send, 20)
    wanted = {"work": number, "buyer": server.town.address("friend"), "price": "9", "currency": 1}
    typed = ok(api().post("/v1/intents/provenance.offer/prepare", json=wanted))
    body = signed(server, "friend", typed)
    ok(api("merchant").post("/v1/intents", json=body))
    seen = {
        role: len(ok(send(role, "GET", f"/artworks/{number}/offers")))
        for role in ("artist", "friend", "rival")
    }
    assert seen == {"artist": 1, "friend": 1, "rival": 0}


def test_hand_over_that_somebody_else_signed_is_refused(server, send):
    item = commissioned(server, send, "merchant", "FORGED")
    wanted = {"items": [item], "to": server.town.address("rival")}
    typed = ok(send("merchant", "POST", "/handovers/prepare", json=wanted))
    answer = send("rival", "POST", "/handovers", json=signed(server, "rival", typed))
    assert answer.json()["code"] == "IntentSignatureInvalid"
    assert ok(send("rival", "GET", "/handovers")) == []


def test_hand_over_waits_only_while_its_items_stand_still(server, send):
    item = commissioned(server, send, "merchant", "MOVING")
    wanted = {"items": [item], "to": server.town.address("friend")}
    typed = ok(send("merchant", "POST", "/handovers/prepare", json=wanted))
    ok(send("merchant", "POST", "/handovers", json=signed(server, "merchant", typed)))
    assert len(ok(send("friend", "GET", "/handovers"))) == 1
    ok(send("merchant", "POST", "/items/observations", json={"items": [item], "step": {}}))
    server.settle()
    assert ok(send("friend", "GET", "/handovers")) == []
