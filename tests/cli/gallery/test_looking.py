"""``crmdapp gallery history``, ``verify``, ``certificate``, ``mirror``: what anybody can see."""

import json

import pytest

from tests.cli.conftest import ADDRESSES
from tests.fixtures.flaky_rpc import Answer, FlakyRpc


@pytest.fixture
def contract(crmdapp):
    path = crmdapp.folder / "deployments" / "31337.json"
    return json.loads(path.read_text())["contracts"]["Artworks"]["address"]


@pytest.fixture
def stranger(crmdapp):
    """Nobody: no key, no manifest, no state; a node's address and what is said of a work."""

    def stranger_():
        crmdapp.env(
            CRMDAPP_PRIVATE_KEY=None,
            CRMDAPP_DEPLOYMENTS=crmdapp.folder / "nowhere",
            CRMDAPP_STATE_DIR=crmdapp.folder / "fresh",
        )

    return stranger_


@pytest.fixture
def liar(node):
    """A node that hides the last event."""

    def hide(request):
        answer = json.loads(request.forward().body)
        answer["result"] = answer["result"][:-1]
        return Answer(json.dumps(answer).encode())

    with FlakyRpc(node.url) as proxy:
        proxy.plan(hide, method="eth_getLogs", times=-1)
        yield proxy


# ----------------------------------------------------------------- history


def test_history_tells_the_story(crmdapp, sold, node):
    told = crmdapp.json("gallery", "history", sold, "--header-from", node.url)
    assert [item["event"] for item in told["events"]] == [
        "ArtworkRegistered",
        "Transfer",
        "Transfer",
        "ArtworkSold",
    ]
    assert (told["owner"], told["independent"]) == (ADDRESSES["friend"], True)
    shown = crmdapp("gallery", "history", sold).out
    assert "for 0.5 ETH" in shown
    assert "compare" in shown


def test_history_refuses_a_node_that_hides_an_event(crmdapp, sold, liar, contract, stranger):
    stranger()
    words = ("gallery", "history", sold, "--contract", contract, "--rpc", liar.url)
    refused = crmdapp.error(*words, code=8)
    assert refused["code"] == "HistoryIncomplete"
    assert refused["fields"]["replayed"] != refused["fields"]["on_chain"]


def test_history_takes_one_source_of_headers(crmdapp, sold, node):
    words = (
        "gallery",
        "history",
        sold,
        "--header-from",
        node.url,
        "--block-hash",
        "0x" + "11" * 32,
    )
    crmdapp.error(*words, code=2)
    crmdapp.error("gallery", "history", sold, "--block-hash", "0x11", code=2)
    crmdapp.error("gallery", "history", sold, "--block-hash", "0x" + "11" * 32, code=5)


# ----------------------------------------------------------------- verify


def test_a_stranger_verifies_a_file_with_a_node_alone(
    crmdapp, sold, contract, stranger, picture, node
):
    stranger()
    words = ("gallery", "verify", picture, "--contract", contract, "--header-from", node.url)
    told = crmdapp.json(*words)
    assert told["verified"] is True
    assert (told["id"], told["owner"]) == (sold, ADDRESSES["friend"])
    assert {item["outcome"] for item in told["checks"]} == {"passed"}
    shown = crmdapp(*words).out
    assert "Verified" in shown
    assert "This does not prove" in shown


def test_verify_ends_with_8_for_an_altered_file(crmdapp, sold, picture):
    picture.write_bytes(picture.read_bytes() + b"\0")
    told = crmdapp.json("gallery", "verify", sold, "--file", picture, code=8)
    assert told["verdict"] == "Not verified: file."
    refused = crmdapp.error("gallery", "verify", picture, code=6)
    assert refused["code"] == "ArtworkUnknown"


def test_verify_ends_with_8_for_a_lying_node(crmdapp, sold, contract, stranger, liar):
    stranger()
    words = ("gallery", "verify", sold, "--contract", contract, "--rpc", liar.url)
    told = crmdapp.json(*words, code=8)
    assert "history" in told["verdict"]


# ----------------------------------------------------------------- certificate


@pytest.mark.parametrize("form", ["html", "json"])
def test_a_stranger_verifies_a_certificate(crmdapp, sold, stranger, picture, form, node):
    out = crmdapp.folder / f"certificate.{form}"
    submission = crmdapp.folder / "submission.json"
    crmdapp.json(
        *("gallery", "certificate", sold, "--submission", submission, "--form", form),
        *("--out", out),
    )
    assert "Harbour" in out.read_text()
    stranger()
    words = ("gallery", "verify", out, "--file", picture, "--header-from", node.url)
    told = crmdapp.json(*words)
    assert told["verified"] is True
    out.write_text(out.read_text().replace(ADDRESSES["friend"], ADDRESSES["rival"]))
    told = crmdapp.json(*words, code=8)
    assert told["verdict"] == "Not verified: certificate."


def test_certificate_shows_a_picture_if_asked(crmdapp, sold, picture):
    shown = crmdapp("gallery", "certificate", sold, "--picture", picture).out
    assert "data:image/jpeg" in shown
    crmdapp.error("gallery", "certificate", sold, "--form", "pdf", code=2)
    crmdapp.error("gallery", "certificate", "0x5", code=6)


def test_verify_names_a_file_that_is_no_certificate(crmdapp, sold):
    path = crmdapp.folder / "other.json"
    path.write_text("{}")
    crmdapp.error("gallery", "verify", path, code=2)


# ----------------------------------------------------------------- purchases


def test_purchases_are_the_buyers(crmdapp, sold):
    told = crmdapp.json("gallery", "purchases", "friend")["purchases"]
    assert [(item["work"], item["buyer"]) for item in told] == [(sold, ADDRESSES["friend"])]
    assert crmdapp.json("gallery", "purchases", "rival")["purchases"] == []
    assert "0.5 ETH" in crmdapp("gallery", "purchases").out  # of the account


# ----------------------------------------------------------------- mirror


def test_a_mirror_holds_everything_and_is_checked_without_a_node(
    crmdapp, sold, contract, stranger, node
):
    pictures = crmdapp.folder
    stranger()
    words = ("gallery", "mirror", "update", "copy", "--from", pictures, "--contract", contract)
    told = crmdapp.json(*words, "--header-from", node.url)
    assert (told["works"], told["fetched"], told["complete"]) == (1, 1, True)
    assert told["without_metadata"] == []
    assert crmdapp.json(*words)["fetched"] == 0
    crmdapp.env(CRMDAPP_RPC="http://127.0.0.1:1")
    checked = crmdapp.json("gallery", "mirror", "verify", "copy")
    assert (checked["events"], checked["complete"]) == (4, True)
    (file,) = (crmdapp.folder / "copy" / "files").iterdir()
    file.write_bytes(b"other")
    assert crmdapp.json("gallery", "mirror", "verify", "copy", code=8)["damaged"] == [sold]
    assert "not what was recorded" in crmdapp("gallery", "mirror", "verify", "copy", code=8).out


def test_a_mirror_without_a_file_ends_with_8(crmdapp, sold):
    told = crmdapp.json("gallery", "mirror", "update", "copy", code=8)
    assert told["missing"] == [sold]
    crmdapp.error("gallery", "mirror", "update", "copy", "--from", "nowhere", code=2)
