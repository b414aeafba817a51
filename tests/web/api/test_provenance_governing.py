"""The board and the gallery over HTTP: open votes, changes that curators sign, settings."""

from itertools import count

import pytest

from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.curators import BoardClient
from tests.web.api.test_provenance import hand_in, ok, registered, signed

NUMBERS = count()


@pytest.fixture
def send(api):
    """``send("artist", "POST", path, json=...)``: a request with that role's key."""

    def send_(role, method, path, **options):
        headers = {"Idempotency-Key": f"governing-{next(NUMBERS)}"}
        return api(role).request(method, f"/v1/provenance{path}", headers=headers, **options)

    return send_


def change(server, send, signer="curator", **wanted):
    """A change of the board that somebody signed."""
    typed = ok(send("rival", "POST", "/board/changes/prepare", json={"quorum": 1, **wanted}))
    return {**signed(server, signer, typed), "signer": server.town.address("curator")}


def test_artist_puts_a_work_to_the_vote_of_all_curators(server, send, api):
    record = hand_in(server, send, 81)
    opened = send("artist", "POST", f"/submissions/{record}/case")
    assert opened.status_code == 201, opened.text
    server.settle()
    shown = ok(api().get(f"/v1/provenance/cases/{opened.json()['case_id']}"))
    assert (shown["ground"], shown["status"]) == ("submission", "open")
    again = send("artist", "POST", f"/submissions/{record}/case")
    assert again.json()["code"] == "CaseOpenedBefore"


@pytest.mark.parametrize("role", ["rival", "curator"])
def test_nobody_else_puts_a_work_to_the_vote(server, send, role):
    record = hand_in(server, send, 82)
    answer = send(role, "POST", f"/submissions/{record}/case")
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


def test_curators_change_their_board(server, send, api):
    friend = server.town.address("friend")
    body = change(server, send, admitted=[friend])
    ok(send("outsider", "POST", "/board/changes", json={"approvals": [body]}))
    assert friend in server.town.client(BoardClient).curators()
    stale = send("outsider", "POST", "/board/changes", json={"approvals": [body]})
    assert stale.json()["code"] == "BoardChangeStale"
    back = change(server, send, dismissed=[friend])
    few = send("outsider", "POST", "/board/changes", json={"approvals": [back]})
    assert few.json()["code"] == "ApprovalsMissing"  # one of two is not more than half
    typed = {"typedData": back["typedData"]}
    other = {**signed(server, "friend", typed["typedData"]), "signer": friend}
    ok(send("outsider", "POST", "/board/changes", json={"approvals": [back, other]}))
    server.settle()
    assert friend not in ok(api().get("/v1/provenance/board"))["curators"]


def test_board_is_not_changed_by_another_signature(server, send):
    before = server.town.client(BoardClient).state()
    forged = change(server, send, signer="rival", admitted=[server.town.address("rival")])
    answer = send("rival", "POST", "/board/changes", json={"approvals": [forged]})
    assert answer.json()["code"] == "IntentSignatureInvalid"
    nobodys = {name: value for name, value in forged.items() if name != "signer"}
    answer = send("rival", "POST", "/board/changes", json={"approvals": [nobodys]})
    assert (answer.status_code, answer.json()["code"]) == (422, "UsageError")
    assert server.town.client(BoardClient).state() == before


def test_gallery_sets_its_currencies_and_points(server, send, api):
    coin = server.town.manifest.address("TestCoin")
    ok(send("curator", "POST", "/gallery/currencies", json={"token": coin, "exponent": 0}))
    known = server.town.client(ArtworksClient).currencies()
    (index,) = [item.index for item in known if item.token == coin]
    off = {"is_enabled": False}
    ok(send("curator", "POST", f"/gallery/currencies/{index}", json=off))
    server.settle()
    (row,) = [item for item in ok(api().get("/v1/provenance/currencies")) if item["token"] == coin]
    assert row["is_enabled"] is False
    ok(send("curator", "POST", "/gallery/points-program", json={"program": "0"}))
    uri = {"base": "https://gallery.example/works/"}
    ok(send("curator", "POST", "/gallery/base-uri", json=uri))
    ok(send("curator", "POST", "/gallery/fees/0/withdrawal"))


def test_gallery_is_handed_over(server, send):
    collector = server.town.address("collector")
    ok(send("curator", "POST", "/gallery/offer", json={"to": collector}))
    refused = send("rival", "POST", "/gallery/acceptance")
    assert refused.status_code in (403, 422)
    ok(send("collector", "POST", "/gallery/acceptance"))
    ok(send("collector", "POST", "/gallery/offer", json={"to": server.town.address("curator")}))
    ok(send("curator", "POST", "/gallery/acceptance"))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/gallery/currencies/0", {"is_enabled": False}),
        ("/gallery/points-program", {"program": "1"}),
        ("/gallery/base-uri", {"base": "https://evil.example/"}),
        ("/gallery/fees/0/withdrawal", None),
        ("/gallery/offer", {"to": "0x" + "11" * 20}),
    ],
)
def test_settings_are_the_gallerys_alone(send, path, body):
    answer = send("rival", "POST", path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "GalleryOnly")


def test_artist_gets_the_token_before_the_first_sale(server, send, api):
    number = registered(server, send, 83)
    ok(send("artist", "POST", f"/artworks/{number}/token"))
    server.settle()
    shown = ok(api().get(f"/v1/provenance/artworks/{number}"))
    assert shown["owner"] == server.town.address("artist")
    again = send("artist", "POST", f"/artworks/{number}/token")
    assert again.json()["code"] == "ArtworkMintedBefore"
