"""Submissions, and what curators check of them."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from crmdapp.chain._keccak import keccak
from crmdapp.errors import UsageError
from crmdapp.provenance.fingerprints import fingerprint
from crmdapp.provenance.history import HistoryIncomplete
from crmdapp.provenance.review import (
    NearDuplicateFound,
    RegisteredWork,
    near_works,
    registered_works,
    require_reviewed,
)
from crmdapp.provenance.submission import (
    ArtworkMetadata,
    Submission,
    SubmissionMismatch,
    metadata_of,
    read_submission,
)
from tests.provenance.gallery_hall import *  # noqa: F403 - fixtures
from tests.provenance.pictures import painting


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    painting(5, (256, 192)).save(path)
    return path


@pytest.fixture
def found(picture):
    return fingerprint(picture)


@pytest.fixture
def metadata(found):
    return metadata_of(found, "Harbour", "A. Painter", year="2026", medium="oil on canvas")


# ----------------------------------------------------------------- metadata


def test_metadata_are_what_wallets_read(metadata, found):
    told = metadata.to_json()
    assert told == {
        "name": "Harbour",
        "artist": "A. Painter",
        "year": "2026",
        "medium": "oil on canvas",
        "mediaType": "image/png",
        "cid": found.cid,
        "fileSize": found.size,
        "image": f"ipfs://{found.cid}",
    }
    assert ArtworkMetadata.from_json(json.dumps(told)) == metadata


def test_the_hash_does_not_depend_on_the_order_of_members(metadata):
    told = metadata.to_json()
    turned = dict(reversed(told.items()))
    assert ArtworkMetadata.from_json(turned).hash == metadata.hash
    assert metadata.canonical().startswith(b'{"artist":"A. Painter"')


def test_sound_is_no_image(found, metadata):
    told = replace(metadata, media_type="audio/mpeg").to_json()
    assert "image" not in told
    assert told["animation_url"] == f"ipfs://{found.cid}"


@pytest.mark.parametrize(
    "change",
    [{"name": " "}, {"artist": ""}, {"description": "x" * 10_001}, {"medium": "é" * 10_001}],
)
def test_metadata_of_refuses_what_is_missing_or_too_long(found, change):
    values = {"name": "A", "artist": "B", **change}
    with pytest.raises(UsageError):
        metadata_of(found, values.pop("name"), values.pop("artist"), **values)


def test_metadata_refuse_members_that_nobody_hashes(metadata):
    with pytest.raises(UsageError, match="unknown member"):
        ArtworkMetadata.from_json({**metadata.to_json(), "extra": "x"})


# ----------------------------------------------------------------- submissions


def test_a_submission_is_read_as_it_was_written(hall, tmp_path):
    made = hall.submission(hall.image())
    path = tmp_path / "submission.json"
    path.write_text(json.dumps(made.to_json()))
    assert read_submission(path) == made
    assert made.signed.signed_by_key()
    with pytest.raises(UsageError):
        read_submission(tmp_path / "missing.json")
    with pytest.raises(UsageError, match="no submission"):
        Submission.from_json({**made.to_json(), "format": "other"})


def test_metadata_that_were_not_signed_are_refused(hall):
    body = hall.submission(hall.image()).to_json()
    body["metadata"]["name"] = "Another title"
    with pytest.raises(SubmissionMismatch) as refused:
        Submission.from_json(body)
    assert refused.value.field == "metadataHash"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("fileKeccak", {"keccak": keccak(b"x")}),
        ("fileSha256", {"sha256": keccak(b"x")}),
        ("cidDigest", {"cid_digest": keccak(b"x")}),
        ("pHash", {"phash": 5}),
        ("mediaType", {"media_type": "image/gif"}),
        ("fileSize", {"size": 1}),
        ("cid", {"cid": "other"}),
    ],
)
def test_require_of_names_what_is_not_the_files(hall, name, change):
    path = hall.image()
    made, real = hall.submission(path), fingerprint(path)
    made.require_of(real)
    with pytest.raises(SubmissionMismatch) as refused:
        made.require_of(replace(real, **change))
    assert refused.value.field == name
    assert refused.value.stated != refused.value.found
    assert refused.value.exit_code == 8


# ----------------------------------------------------------------- likeness


def resaved(picture, path, **options):
    Image.open(picture).convert("RGB").save(path, **options)
    return path


def test_require_reviewed_cites_a_copy_in_another_format(hall):
    original = hall.image("a.png", 5)
    first = hall.submission(original)
    id_ = hall.client("outsider").register(first.signed, hall.approvals(first))
    works = registered_works(hall.reader, hall.reader.head())
    copy = resaved(original, hall.folder / "copy.jpg", quality=80)
    made, looked = hall.submission(copy, "outsider"), fingerprint(copy)
    with pytest.raises(NearDuplicateFound) as refused:
        require_reviewed(made, looked, works)
    assert refused.value.ids == (hex(id_),)
    assert refused.value.distances[0] <= 8
    like = require_reviewed(made, looked, works, despite=[id_])
    assert [item.work.id for item in like] == [id_]


def test_near_works_finds_a_mirrored_and_a_turned_copy(hall):
    id_ = hall.register(5)
    works = registered_works(hall.reader, hall.reader.head())
    with Image.open(hall.folder / "work-5.png") as picture:
        for name, turned in (("m.png", Image.FLIP_LEFT_RIGHT), ("r.png", Image.ROTATE_90)):
            path = hall.folder / name
            picture.transpose(turned).save(path)
            found = near_works(works, fingerprint(path).variants)
            assert [item.work.id for item in found if item.is_near] == [id_]


def test_require_reviewed_lets_what_is_new_pass(hall, work):
    path = hall.image("new.png", 9)
    works = registered_works(hall.reader, hall.reader.head())
    require_reviewed(hall.submission(path), fingerprint(path), works)


def test_registered_works_leaves_out_what_was_revoked(hall, work):
    other = hall.register(2)
    hall.revoke(work)
    works = registered_works(hall.reader, hall.reader.head())
    assert [item.id for item in works] == [other]


def test_registered_works_refuses_a_node_that_hides_one(hall, work, monkeypatch):
    head = hall.reader.head()
    client = hall.reader
    monkeypatch.setattr(client, "events", lambda *names, **more: iter(()))
    with pytest.raises(HistoryIncomplete):
        registered_works(client, head)


def test_a_file_is_not_like_itself():
    mine = RegisteredWork(1, b"\1" * 32, 7, "0x", 0, 1)
    other = RegisteredWork(2, b"\2" * 32, 7, "0x", 0, 2)
    found = near_works([mine, other], (7,), beside=mine.file_keccak)
    assert [item.work.id for item in found] == [2]
