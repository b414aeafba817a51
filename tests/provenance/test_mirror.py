"""A mirror of the gallery: complete, verified, resumable."""

import functools
import http.server
import json
import threading

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.errors import UsageError
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.fingerprints import hash_file
from crmdapp.provenance.history import HistoryIncomplete, RecordForged
from crmdapp.provenance.mirror import Mirror, MirrorForeign, verify_mirror
from crmdapp.provenance.mirror_models import MirrorState
from crmdapp.provenance.mirror_sources import (
    FolderSource,
    SourceRefused,
    Wanted,
    WebSource,
    source_of,
)
from tests.provenance.gallery_hall import *  # noqa: F403 - fixtures


@pytest.fixture
def pictures(hall):
    """A folder with the files of three works and their submissions."""
    folder = hall.folder / "pictures"
    folder.mkdir()
    for seed in (1, 2, 3):
        path = hall.image(f"pictures/work-{seed}.png", seed)
        made = hall.submission(path)
        (folder / f"work-{seed}.json").write_text(json.dumps(made.to_json()))
        hall.client("outsider").register(made.signed, hall.approvals(made))
    return folder


@pytest.fixture
def copy(hall):
    return hall.folder / "copy"


@pytest.fixture
def update(hall, copy):
    def update_(*sources, **settings):
        client = hall.reader
        return Mirror(copy).update(client, sources, client.head(), **settings)

    return update_


class Web:
    """A web server of a folder, which counts what is asked for."""

    def __init__(self, folder):
        self.asked = []
        web = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                web.asked.append(self.path)
                super().do_GET()

            def log_message(self, *_):
                pass

        handler = functools.partial(Handler, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def gateway(hall, pictures):
    """Serves the works under their CIDs, as an IPFS gateway does."""
    folder = hall.folder / "served"
    folder.mkdir()
    for path in pictures.glob("*.png"):
        (folder / hash_file(path).cid).write_bytes(path.read_bytes())
    with Web(folder) as web:
        web.folder = folder
        yield web


# ----------------------------------------------------------------- filling


def test_update_copies_everything(hall, pictures, copy, update):
    hall.sell(hash_id(pictures / "work-1.png"))
    steps = []
    report = update(FolderSource(pictures), progress=lambda *at: steps.append(at))
    assert (report.works, report.fetched, report.kept, report.events) == (3, 3, 0, 6)
    assert report.is_complete
    assert report.without_metadata == []
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert report.head == hall.reader.contract.read("historyHead")
    for path in pictures.glob("*.png"):
        assert (copy / "files" / hash_file(path).cid).read_bytes() == path.read_bytes()
    assert len(list((copy / "metadata").iterdir())) == 3
    assert len((copy / "history.jsonl").read_text().splitlines()) == 6
    again = verify_mirror(copy)
    assert (again.works, again.kept, again.events) == (3, 3, 6)
    assert again.is_complete


def hash_id(path):
    return int.from_bytes(hash_file(path).keccak, "big")


def test_update_fetches_from_a_gateway_and_never_twice(gateway, update):
    source = WebSource(gateway.url)
    assert update(source).fetched == 3
    asked = [path for path in gateway.asked if "metadata" not in path]
    assert len(asked) == 3
    report = update(source)
    assert (report.fetched, report.kept) == (0, 3)
    assert [path for path in gateway.asked if "metadata" not in path] == asked


def test_update_goes_on_with_what_happened_since(hall, pictures, copy, update):
    update(FolderSource(pictures))
    before = (copy / "history.jsonl").read_bytes()
    hall.sell(hash_id(pictures / "work-2.png"))
    report = update(FolderSource(pictures))
    assert (report.events, report.kept) == (6, 3)
    assert (copy / "history.jsonl").read_bytes().startswith(before)
    assert verify_mirror(copy).is_complete


def test_update_goes_on_after_it_was_killed(hall, pictures, copy, update):
    update(FolderSource(pictures))
    state = MirrorState.load(copy)
    with (copy / "history.jsonl").open("ab") as file:
        file.write(b'{"half": "a li')  # written, but never finished
    (copy / "files" / ".1234.part").write_bytes(b"half")
    hall.sell(hash_id(pictures / "work-2.png"))
    report = update(FolderSource(pictures))
    assert report.events == state.events + 3
    assert verify_mirror(copy).events == report.events


def test_update_reads_anew_after_a_reorganisation(hall, pictures, copy, update):
    update(FolderSource(pictures))
    lost = hall.register(9)
    update(FolderSource(pictures))
    assert (copy / "works" / f"{lost:064x}.json").exists()
    hall.node.rollback(1)
    made = hall.submission(hall.image("new.png", 8))
    hall.client("buyer").register(made.signed, hall.approvals(made))
    report = update(FolderSource(pictures))
    assert report.works == 4
    assert not (copy / "works" / f"{lost:064x}.json").exists()
    assert verify_mirror(copy).events == 4


def test_update_keeps_nothing_that_a_node_made_up(hall, pictures, copy, update, monkeypatch):
    update(FolderSource(pictures))
    hall.register(9, mints=True)  # of its two events the node shows one
    real = ArtworksClient.events
    monkeypatch.setattr(ArtworksClient, "events", lambda *a, **k: list(real(*a, **k))[:-1])
    state = MirrorState.load(copy)
    with pytest.raises(HistoryIncomplete):
        update(FolderSource(pictures))
    assert MirrorState.load(copy) == state
    assert verify_mirror(copy).events == state.events
    assert len(list((copy / "works").iterdir())) == 3


def test_update_refuses_the_folder_of_another_gallery(hall, pictures, copy, update):
    update(FolderSource(pictures))
    path = copy / "gallery.json"
    body = json.loads(path.read_text())
    path.write_text(json.dumps({**body, "chainId": 1}))
    with pytest.raises(MirrorForeign):
        update(FolderSource(pictures))


# ----------------------------------------------------------------- wrong files


def test_update_rejects_a_wrong_file_and_asks_the_next_source(gateway, pictures, copy, update):
    cid = hash_file(pictures / "work-1.png").cid
    (gateway.folder / cid).write_bytes(b"another file")
    report = update(WebSource(gateway.url), FolderSource(pictures))
    assert report.is_complete
    (rejected,) = report.rejected
    assert rejected.id == hash_id(pictures / "work-1.png")
    assert rejected.source.startswith("http://127.0.0.1")
    assert (copy / "files" / cid).read_bytes() == (pictures / "work-1.png").read_bytes()
    assert not list((copy / "files").glob("*.part"))


def test_update_reports_what_nobody_has(gateway, pictures, update):
    cid = hash_file(pictures / "work-1.png").cid
    (gateway.folder / cid).unlink()
    (gateway.folder / hash_file(pictures / "work-2.png").cid).write_bytes(b"")
    report = update(WebSource(gateway.url))
    assert sorted(report.missing) == sorted(
        hash_id(pictures / name) for name in ("work-1.png", "work-2.png")
    )
    assert not report.is_complete
    assert len(report.without_metadata) == 3


def test_update_stops_a_file_that_is_too_large(gateway, pictures, copy, update):
    report = update(WebSource(gateway.url), most=10)
    assert len(report.missing) == 3
    assert list((copy / "files").iterdir()) == []


def test_a_source_that_is_down_is_passed_over(pictures, update):
    report = update(WebSource("http://127.0.0.1:1/ipfs"), FolderSource(pictures))
    assert report.is_complete


def test_a_web_source_takes_places_in_its_address(gateway, pictures, tmp_path):
    path = pictures / "work-1.png"
    found = hash_file(path)
    wanted = Wanted(1, found.cid, found.keccak, found.sha256, found.cid_digest, keccak(b"told"))
    to = tmp_path / "got"
    WebSource(f"{gateway.url}/{{cid}}?x=1").fetch(wanted, to, 10**6)
    assert wanted.is_file(to)
    with pytest.raises(SourceRefused, match="404"):
        WebSource(f"{gateway.url}/{{sha256}}").fetch(wanted, tmp_path / "no", 10**6)


def test_a_web_source_serves_metadata_beside_the_files(gateway, hall, pictures, update):
    made = hall.submission(pictures / "work-1.png")
    folder = gateway.folder / "metadata"
    folder.mkdir()
    name = made.metadata.hash.hex()
    (folder / f"{name}.json").write_bytes(made.metadata.canonical())
    others = update(WebSource(gateway.url)).without_metadata
    assert len(others) == 2
    (folder / f"{name}.json").write_bytes(b"{}")
    wanted = Wanted(1, "", b"", b"", b"", made.metadata.hash)
    assert WebSource(gateway.url).metadata(wanted) is None


def test_a_source_shows_no_key_in_its_name():
    assert "secret" not in WebSource("https://user:secret@gateway.example/ipfs").name


@pytest.mark.parametrize("text", ["ftp://x", "missing-folder", "file:///etc"])
def test_source_of_refuses_what_is_neither(text):
    with pytest.raises(UsageError):
        source_of(text)
    with pytest.raises(UsageError):
        WebSource(text)


def test_a_folder_source_follows_no_links(hall, pictures, tmp_path, update):
    folder = tmp_path / "linked"
    folder.mkdir()
    (folder / "work-1.png").symlink_to(pictures / "work-1.png")
    assert len(update(FolderSource(folder)).missing) == 3


# ----------------------------------------------------------------- checking


@pytest.fixture
def full(pictures, copy, update):
    update(FolderSource(pictures))
    return copy


def test_verify_finds_a_file_that_was_altered_or_lost(full, pictures):
    one, two = (full / "files" / hash_file(pictures / f"work-{n}.png").cid for n in (1, 2))
    one.write_bytes(one.read_bytes() + b"\0")
    two.unlink()
    report = verify_mirror(full)
    assert report.damaged == [hash_id(pictures / "work-1.png")]
    assert report.missing == [hash_id(pictures / "work-2.png")]


def test_verify_finds_metadata_that_were_altered(full):
    path = next((full / "metadata").iterdir())
    path.write_bytes(path.read_bytes().replace(b"Harbour", b"harbour"))
    assert len(verify_mirror(full).damaged) == 1


@pytest.mark.parametrize("change", [lambda lines: lines[1:], lambda lines: lines[::-1]])
def test_verify_finds_a_history_that_was_altered(full, change):
    path = full / "history.jsonl"
    path.write_text("".join(line + "\n" for line in change(path.read_text().splitlines())))
    with pytest.raises((HistoryIncomplete, UsageError)):
        verify_mirror(full)


def test_verify_finds_a_record_that_was_altered(full):
    path = full / "history.jsonl"
    text = path.read_text()
    sha = json.loads(text.splitlines()[0])["artwork"]["fileSha256"]
    path.write_text(text.replace(sha, "0x" + "00" * 32))
    with pytest.raises(RecordForged):
        verify_mirror(full)


def test_verify_refuses_a_folder_that_is_no_mirror(tmp_path):
    with pytest.raises(UsageError, match="no mirror"):
        verify_mirror(tmp_path)
    (tmp_path / "gallery.json").write_text('{"format": "x"}')
    with pytest.raises(UsageError, match="no mirror"):
        verify_mirror(tmp_path)
