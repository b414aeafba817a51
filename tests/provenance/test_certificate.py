"""Certificates, and whether a stranger can check them."""

import json
from dataclasses import replace

import pytest

from crmdapp.chain import connect
from crmdapp.errors import UsageError
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.certificate import (
    Certificate,
    certificate_html,
    certificate_of,
    read_certificate,
)
from crmdapp.provenance.errors import ArtworkUnknown
from crmdapp.provenance.fingerprints import fingerprint
from crmdapp.provenance.perceptual import ImageUnreadable
from crmdapp.provenance.registration import registration_of
from crmdapp.provenance.verification import Outcome, verify_work
from tests.fixtures.flaky_rpc import Answer, FlakyRpc
from tests.fixtures.qr import scan
from tests.provenance.gallery_hall import *  # noqa: F403 - fixtures

TITLE = "Harbour </script><script>alert(1)</script> & <b>fog</b>"


@pytest.fixture
def submission(hall):
    return hall.submission(hall.image())


@pytest.fixture
def sold(hall, submission):
    """The submission's work, sold to the collector."""
    id_ = hall.client("outsider").register(submission.signed, hall.approvals(submission))
    hall.sell(id_)
    return id_


@pytest.fixture
def certificate(hall, sold, submission):
    history = hall.reader.history(sold)
    shown = registration_of(hall.reader, history.registered)
    place = hall.reader.contract.address
    return certificate_of(history, hall.connection.chain_id, place, shown, submission.metadata)


@pytest.fixture
def stranger(hall):
    """Somebody with a node and what a certificate says, nothing else."""

    def stranger_(certificate):
        return ArtworksClient(hall.connection, certificate.contract)

    return stranger_


def outcomes(verdict):
    return {check.name: check.outcome for check in verdict.checks}


def failed(verdict):
    return [check.name for check in verdict.checks if check.outcome is Outcome.FAILED]


# ----------------------------------------------------------------- certificates


def test_certificate_carries_what_a_stranger_needs(hall, certificate, submission, sold):
    assert certificate.signed == submission.signed
    assert len(certificate.approvals) == 3
    assert all(item.signed_by_key() for item in certificate.approvals)
    assert certificate.owner == hall.address("collector")
    assert [item["event"] for item in certificate.history] == [
        "ArtworkRegistered",
        "Transfer",
        "Transfer",
        "ArtworkSold",
    ]
    assert certificate.head == hall.reader.contract.read("historyHead")
    place = hall.reader.contract.address.lower()
    assert certificate.asset == f"eip155:31337/erc721:{place}/{sold}"


def test_json_ld_is_a_visual_artwork_and_reads_back(certificate, submission, tmp_path):
    body = certificate.to_json()
    assert (body["@type"], body["name"]) == ("VisualArtwork", "Harbour")
    assert body["creator"]["identifier"] == submission.artwork.artist
    assert body["associatedMedia"]["sha256"] == submission.artwork.file_sha256.hex()
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(body))
    assert read_certificate(path) == certificate


def test_html_stands_alone_and_carries_the_same(hall, certificate, tmp_path):
    rows = {row.index: row for row in hall.reader.currencies()}
    page = certificate_html(certificate, rows, picture=hall.folder / "work.png")
    path = tmp_path / "certificate.html"
    path.write_text(page)
    assert read_certificate(path) == certificate
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert 'src="http' not in page
    assert "data:image/jpeg;base64," in page
    assert "0.000000005 ETH" in page
    assert "<svg" in page


def test_html_runs_nothing_of_a_title(hall, certificate, submission, tmp_path):
    told = replace(submission.metadata, name=TITLE)
    page = certificate_html(replace(certificate, metadata=told), {})
    assert "<script>alert" not in page
    assert page.count("</script>") == 1
    path = tmp_path / "certificate.html"
    path.write_text(page)
    assert read_certificate(path).metadata.name == TITLE


def test_html_without_a_picture_needs_no_pillow(hall, certificate, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "PIL", None)
    assert "<img" not in certificate_html(certificate, {})


def test_html_refuses_a_picture_that_is_none(certificate, tmp_path):
    path = tmp_path / "no.png"
    path.write_bytes(b"no picture")
    with pytest.raises(ImageUnreadable):
        certificate_html(certificate, {}, picture=path)


def test_the_qr_code_names_the_work_or_leads_to_a_page(certificate):
    assert scan(svg_of(certificate_html(certificate, {}))) == certificate.asset
    link = "https://gallery.example/1"
    assert scan(svg_of(certificate_html(certificate, {}, link=link))) == link


def svg_of(page):
    return page[page.index("<svg") : page.index("</svg>") + 6].encode()


def test_certificate_of_refuses_other_metadata_and_no_work(hall, sold, submission):
    history = hall.reader.history(sold)
    other = replace(submission.metadata, name="Other")
    with pytest.raises(UsageError, match="not those of the work"):
        certificate_of(history, 1, hall.reader.contract.address, None, other)
    with pytest.raises(ArtworkUnknown):
        certificate_of(hall.reader.history(5), 1, hall.reader.contract.address, None)


def test_read_certificate_names_what_is_wrong(certificate, tmp_path):
    path = tmp_path / "certificate.json"
    for text in ("", "{}", "[1]", '{"provenance": {"format": "x"}}', "<html></html>"):
        path.write_text(text)
        with pytest.raises(UsageError):
            read_certificate(path)
    body = certificate.to_json()
    for name in body["provenance"]:
        broken = json.loads(json.dumps(body))
        del broken["provenance"][name]
        if name in ("artwork", "metadata", "owner"):
            Certificate.from_json(broken)  # may be unknown
            continue
        with pytest.raises(UsageError, match=name):
            Certificate.from_json(broken)


# ----------------------------------------------------------------- verdicts


def test_verify_work_answers_every_question(hall, sold, certificate, stranger, submission):
    client = stranger(certificate)
    looked = fingerprint(hall.folder / "work.png")
    with connect(hall.node.url) as other:
        verdict = verify_work(
            client,
            sold,
            client.head(header_from=other),
            file=looked,
            variants=looked.variants,
            certificate=certificate,
        )
    assert verdict.holds
    assert outcomes(verdict) == {
        "contract": Outcome.PASSED,
        "history": Outcome.PASSED,
        "record": Outcome.PASSED,
        "revocation": Outcome.PASSED,
        "file": Outcome.PASSED,
        "artist": Outcome.PASSED,
        "curators": Outcome.PASSED,
        "owner": Outcome.PASSED,
        "certificate": Outcome.PASSED,
        "gallery": Outcome.NOTED,
        "likeness": Outcome.PASSED,
    }
    assert verdict.owner == hall.address("collector")
    assert len(verdict.limits) == 3
    assert verdict.to_json()["verified"] is True


def test_verify_work_says_that_one_node_proves_less(hall, sold):
    verdict = verify_work(hall.reader, sold, hall.reader.head())
    assert verdict.holds
    assert any("compare it with another" in item for item in verdict.limits)


def test_verify_work_fails_on_another_file(hall, sold):
    path = hall.folder / "work.png"
    path.write_bytes(path.read_bytes() + b"\0")
    from crmdapp.provenance.fingerprints import hash_file

    verdict = verify_work(hall.reader, sold, hall.reader.head(), file=hash_file(path))
    assert failed(verdict) == ["file"]
    assert verdict.line == "Not verified: file."


def test_verify_work_fails_on_a_revoked_record(hall, sold):
    hall.revoke(sold)
    verdict = verify_work(hall.reader, sold, hall.reader.head())
    assert failed(verdict) == ["revocation"]


def test_verify_work_fails_on_a_work_that_there_is_not(hall, sold):
    assert failed(verify_work(hall.reader, 5, hall.reader.head())) == ["record"]


def test_verify_work_notes_a_challenge_and_what_is_like_it(hall, sold):
    from PIL import Image

    from crmdapp.provenance.models import Ground

    copy = hall.folder / "copy.jpg"
    Image.open(hall.folder / "work.png").save(copy, quality=85)
    second = hall.submission(copy, "outsider")
    id_ = hall.client("outsider").register(second.signed, hall.approvals(second))
    hall.board("artist").challenge(id_, Ground.NEAR_DUPLICATE, earlier_id=sold)
    verdict = verify_work(hall.reader, id_, hall.reader.head())
    told = {check.name: check.detail for check in verdict.checks}
    assert verdict.holds
    assert "earlier" in told["likeness"]
    assert "near duplicate" in told["challenges"]


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("the work", {"id": 5}),
        ("its owner", {"owner": "0x" + "00" * 19 + "01"}),
        ("a revocation", {"is_revoked": True}),
        ("its history", {"history": ()}),
    ],
)
def test_verify_work_names_what_a_certificate_gets_wrong(hall, sold, certificate, what, change):
    forged = replace(certificate, **change)
    verdict = verify_work(hall.reader, sold, hall.reader.head(), certificate=forged)
    assert failed(verdict) == ["certificate"]
    assert what in next(item.detail for item in verdict.checks if item.name == "certificate")


def test_verify_work_names_a_forged_signature_or_title(hall, sold, certificate, submission):
    other = replace(submission.signed, signature=certificate.approvals[0].signature)
    told = replace(submission.metadata, name="Other")
    for forged in (replace(certificate, signed=other), replace(certificate, metadata=told)):
        verdict = verify_work(hall.reader, sold, hall.reader.head(), certificate=forged)
        assert failed(verdict) == ["certificate"]


def test_a_certificate_stays_true_after_a_sale(hall, sold, certificate):
    hall.sell(sold, 9, seller="collector", buyer="buyer")
    verdict = verify_work(hall.reader, sold, hall.reader.head(), certificate=certificate)
    assert verdict.holds
    told = next(item.detail for item in verdict.checks if item.name == "certificate")
    assert hall.address("buyer") in told


# ----------------------------------------------------------------- lying nodes


@pytest.fixture
def liar(hall):
    with FlakyRpc(hall.node.url) as proxy:
        yield proxy


@pytest.fixture
def victim(hall, liar):
    with connect(liar.url) as connection:
        yield ArtworksClient(connection, hall.manifest.address("Artworks"))


def answering(change):
    def fault(request):
        answer = json.loads(request.forward().body)
        answer["result"] = change(answer["result"])
        return Answer(json.dumps(answer).encode())

    return fault


def test_verify_work_fails_if_the_node_hides_a_sale(hall, sold, victim, liar):
    liar.plan(answering(lambda logs: logs[:-1]), method="eth_getLogs", times=-1)
    assert failed(verify_work(victim, sold, victim.head())) == ["history"]


def test_verify_work_fails_if_the_node_shows_another_registration(hall, sold, victim, liar):
    """Another work's transaction: its signatures are not of this record."""
    other = hall.register(2)
    link = hall.reader.history(other).registered
    real = hall.connection.request("eth_getTransactionByHash", [link.tx_hash])
    liar.plan(answering(lambda _: real), method="eth_getTransactionByHash", times=-1)
    assert failed(verify_work(victim, sold, victim.head())) == ["artist", "curators"]


def test_verify_work_does_not_know_what_the_node_does_not_show(hall, sold, victim, liar):
    liar.plan(answering(lambda _: None), method="eth_getTransactionByHash", times=-1)
    verdict = verify_work(victim, sold, victim.head())
    assert verdict.holds
    assert outcomes(verdict)["artist"] is Outcome.UNKNOWN


def test_verify_work_fails_on_a_contract_that_is_no_gallery(hall, sold):
    other = ArtworksClient(hall.connection, hall.reader.board)
    verdict = verify_work(other, sold, other.head())
    assert "contract" in failed(verdict)


def test_registration_of_is_none_for_a_call_of_another_contract(hall, sold):
    history = hall.reader.history(sold)
    sale = history.links[-1]
    assert registration_of(hall.reader, replace(history.registered, tx_hash=sale.tx_hash)) is None


def test_verify_work_fails_if_the_node_makes_curators_up(hall, sold, submission, victim, liar):
    """Real signatures of the very record, but by keys that were never curators'."""
    from crmdapp.provenance.board_intents import sign_approval

    domain = hall.board("outsider").domain
    made_up = [
        sign_approval(hall.signer(role), domain, submission.artwork, deadline=hall.later())
        for role in ("buyer", "outsider")
    ]
    call = hall.reader.prepare.register(submission.signed, made_up)
    faked = "0x" + call.data.hex()
    liar.plan(
        answering(lambda found: {**found, "input": faked}),
        method="eth_getTransactionByHash",
        times=-1,
    )
    verdict = verify_work(victim, sold, victim.head())
    assert failed(verdict) == ["curators"]
