"""What waits at the server for signatures: nobody fills it, and nobody hides what others signed."""

import pytest

from crmdapp.provenance.artwork_intents import Artwork
from crmdapp.provenance.submission import ArtworkMetadata
from crmdapp.web.errors import NotFound
from crmdapp.web.provenance.shelf import DRAFTS_MAX, KEPT_MAX, Shelf
from crmdapp.web.state import open_state
from tests.fixtures.postgres import postgres  # noqa: F401 - a fixture

ARTIST, STRANGER, TAKER = ("0x" + byte * 20 for byte in ("0a", "0b", "0c"))
FAR = 2**39
WORK = "0x" + "77" * 32
TOLD = ArtworkMetadata("Harbour", "Ann", "", "", "", "", "image/png", 4, "bafy")


@pytest.fixture(params=["sqlite", "postgres"])
def shelf(request, tmp_path):
    if request.param == "sqlite":
        state = open_state(tmp_path / "web.sqlite3")
        yield Shelf(state)
        state.close()
        return
    server = request.getfixturevalue("postgres")
    address = server.new_database()
    state = open_state(address)
    yield Shelf(state)
    state.close()
    server.drop(address)


@pytest.fixture
def offer(shelf):
    """``offer(signer, number)``: an offer for the work that ends in that second after FAR."""

    def keep(signer, number):
        digest = bytes.fromhex(signer[2:]).ljust(30, b"\0") + number.to_bytes(2, "big")
        words = {"by": signer, "number": number}
        shelf.keep(
            "offer", WORK, digest, signer=signer, taker=TAKER, deadline=FAR + number, signed=words
        )

    return keep


def artwork(number, artist=ARTIST):
    word = bytes(31) + b"\1"
    return Artwork(
        file_keccak=word,
        file_sha256=word,
        cid_digest=word,
        p_hash=number,
        metadata_hash=word,
        artist=artist,
        royalty_bps=0,
        succession=0,
        standards_version=1,
        deadline=FAR,
    )


def test_words_of_one_signer_do_not_hide_those_of_another(shelf, offer):
    for number in range(KEPT_MAX + 3):
        offer(STRANGER, number)
    offer(ARTIST, 999)
    for asked in ({"subject": WORK}, {"taker": TAKER}):
        found = shelf.words("offer", now=FAR, **asked)
        assert len(found) == KEPT_MAX
        assert found[1] == {"by": ARTIST, "number": 999}


def test_words_that_are_over_are_not_shown(shelf, offer):
    offer(ARTIST, 1)
    offer(ARTIST, 2)
    assert [item["number"] for item in shelf.words("offer", subject=WORK, now=FAR + 2)] == [2]


def test_drafts_that_nobody_signs_make_room(shelf, monkeypatch):
    other = shelf.draft(artwork(0, STRANGER), TOLD, b"file", "a.png")
    made = []
    for number in range(DRAFTS_MAX + 1):
        monkeypatch.setattr("crmdapp.web.provenance.shelf.time.time", lambda at=number: at)
        made.append(shelf.draft(artwork(number), TOLD, b"file", "a.png"))
    with pytest.raises(NotFound):
        shelf.submission(made[0])
    assert {draft.record_hash for draft in shelf.submissions(ARTIST)} == set(made[1:])
    assert shelf.submission(other).artist == STRANGER
