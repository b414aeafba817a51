"""``crmdapp gallery submit``, ``approve``, ``register``: from a file to a record."""

import json

import pytest
from PIL import Image

from crmdapp.provenance.fingerprints import fingerprint
from tests.cli.conftest import ADDRESSES
from tests.provenance.pictures import painting


def test_fingerprint_shows_all_hashes(offline):
    path = offline.folder / "work.png"
    painting(5).save(path)
    found = fingerprint(path)
    told = offline.json("gallery", "fingerprint", path)
    assert told["keccak"] == "0x" + found.keccak.hex()
    assert told["cid"] == found.cid
    assert told["phash"] == f"{found.phash:#018x}"
    assert "no picture" not in offline("gallery", "fingerprint", path).out


def test_fingerprint_names_a_file_that_is_broken(offline):
    path = offline.folder / "work.png"
    path.write_bytes(b"")
    assert offline.error("gallery", "fingerprint", path, code=2)["code"] == "FileEmpty"
    path.write_bytes(b"\0no picture")
    assert offline.error("gallery", "fingerprint", path, code=2)["code"] == "ImageUnreadable"


def test_submit_signs_without_a_node(offline):
    path, out = offline.folder / "work.png", offline.folder / "s.json"
    painting(5).save(path)
    offline.act_as("customer")
    told = offline.json(
        *("gallery", "submit", path, "--title", "T", "--artist", "A", "--standards", 1),
        *("--chain-id", 31337, "--contract", "0x" + "11" * 20, "--out", out),
    )
    body = json.loads(out.read_text())
    assert body["metadata"]["name"] == "T"
    assert body["artwork"]["typedData"]["message"]["artist"] == ADDRESSES["customer"]
    assert told["id"] == "0x" + fingerprint(path).keccak.hex().lstrip("0")


@pytest.mark.parametrize("royalty", ["26", "-1", "x", "0.001"])
def test_submit_refuses_a_royalty_out_of_range(crmdapp, picture, royalty):
    crmdapp.error(
        *("gallery", "submit", picture, "--title", "T", "--artist", "A", "--royalty", royalty),
        code=2,
    )


def test_register_records_what_artist_and_curator_signed(crmdapp, submitted, approved):
    submission = submitted()
    approval = approved(submission)
    crmdapp.act_as("rival")  # anyone may send it
    done = crmdapp.send("gallery", "register", submission, approval, "--mint")
    assert done["artist"] == ADDRESSES["customer"]
    shown = crmdapp.json("gallery", "show", done["id"])
    assert (shown["owner"], shown["royalty_bps"]) == (ADDRESSES["customer"], 1_000)
    assert crmdapp.json("gallery", "show", crmdapp.folder / "work.png")["id"] == done["id"]


def test_register_shows_and_sends_nothing_in_a_dry_run(crmdapp, submitted, approved):
    submission = submitted()
    approval = approved(submission)
    told = crmdapp.json("gallery", "register", submission, approval, "--dry-run")
    assert told["transactions"][0]["function"] == "Artworks.register"
    crmdapp.error("gallery", "show", crmdapp.folder / "work.png", code=6)


def test_register_refuses_a_submission_without_approval(crmdapp, submitted):
    refused = crmdapp.refuse_to_send("gallery", "register", submitted(), code=6)
    assert refused["code"] == "ApprovalsMissing"
    assert "curators approved" in refused["message"]


def test_register_refuses_a_curator_twice(crmdapp, submitted, approved):
    submission = submitted()
    approval = approved(submission)
    refused = crmdapp.refuse_to_send("gallery", "register", submission, approval, approval, code=6)
    assert refused["code"] == "CuratorsUnordered"


def test_register_refuses_what_is_wrongly_signed(crmdapp, submitted, approved):
    submission = submitted()
    approval = approved(submission)
    body = json.loads(submission.read_text())
    body["artwork"]["typedData"]["message"]["royaltyBps"] = 2_000
    submission.write_text(json.dumps(body))
    refused = crmdapp.refuse_to_send("gallery", "register", submission, approval, code=6)
    assert refused["code"] == "IntentSignatureInvalid"
    for text in ("", "{}", "[]", '{"format": "crmdapp-submission/1"}'):
        submission.write_text(text)
        crmdapp.refuse_to_send("gallery", "register", submission, approval, code=2)


# ----------------------------------------------------------------- approving


def test_approve_is_for_curators(crmdapp, submitted, picture):
    submission = submitted()
    crmdapp.act_as("friend")
    refused = crmdapp.error("gallery", "approve", submission, picture, code=6)
    assert refused["code"] == "CuratorOnly"


def test_approve_names_the_hash_that_differs(crmdapp, submitted, picture):
    submission = submitted()
    crmdapp.act_as("shop")
    other = crmdapp.folder / "other.png"
    painting(6, (256, 192)).save(other)
    refused = crmdapp.error("gallery", "approve", submission, other, code=8)
    assert (refused["code"], refused["fields"]["field"]) == ("SubmissionMismatch", "fileKeccak")
    assert not (crmdapp.folder / "approval.json").exists()


def test_approve_refuses_what_the_artist_did_not_sign(crmdapp, submitted, picture):
    submission = submitted()
    body = json.loads(submission.read_text())
    body["artwork"]["signature"] = "0x" + "11" * 65
    submission.write_text(json.dumps(body))
    crmdapp.act_as("shop")
    refused = crmdapp.error("gallery", "approve", submission, picture, code=6)
    assert refused["code"] == "IntentSignatureInvalid"


def test_approve_cites_what_is_like_it_and_goes_on_despite_it(crmdapp, work, submitted, approved):
    copy = crmdapp.folder / "copy.jpg"
    Image.open(crmdapp.folder / "work.png").save(copy, quality=85)
    submission = submitted(copy, "copy.json", "rival")
    crmdapp.act_as("shop")
    refused = crmdapp.error("gallery", "approve", submission, copy, code=8)
    assert refused["code"] == "NearDuplicateFound"
    assert refused["fields"]["ids"] == [work]
    approval = approved(submission, copy, "copy-approval.json", "--despite", work)
    done = crmdapp.send("gallery", "register", submission, approval)
    near = crmdapp.json("gallery", "near", copy)["near"]
    assert [item["id"] for item in near] == [work]
    assert near[0]["near"] is True
    assert done["id"] != work


def test_mint_gives_the_artist_the_token(crmdapp, work):
    crmdapp.send("gallery", "mint", work)
    assert crmdapp.json("gallery", "show", work)["owner"] == ADDRESSES["customer"]
    again = crmdapp.refuse_to_send("gallery", "mint", work, code=6)
    assert again["code"] == "ArtworkMintedBefore"
    assert work in again["message"]


def test_show_names_what_is_no_work(crmdapp):
    assert crmdapp.error("gallery", "show", "0x5", code=6)["code"] == "ArtworkUnknown"
    crmdapp.error("gallery", "show", "missing.png", code=2)
    crmdapp.error("gallery", "show", "9" * 78, code=2)
