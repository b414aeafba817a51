"""What a work's record says of its file, for every kind of file that people bring."""

import os
import subprocess
import sys
from hashlib import sha256

import pytest
from eth_utils import keccak

from crmdapp.chain import _keccak
from crmdapp.errors import FileChanged, FileRejected, UsageError
from crmdapp.provenance import perceptual
from crmdapp.provenance.cid import BLOCK, parse_cid
from crmdapp.provenance.fingerprints import (
    FileEmpty,
    FileHashes,
    MediaTypeMismatch,
    fingerprint,
    hash_file,
)
from crmdapp.provenance.perceptual import (
    ImageTooLarge,
    ImageTruncated,
    ImageUnreadable,
    PillowMissing,
)
from tests.fixtures.privileges import unprivileged
from tests.provenance.pictures import SIZE, animated, encoded, painting

MIB = 1 << 20
OTHER_FILES = {
    "song.mp3": (b"ID3\x04\0\0\0\0\0\0" + bytes(500), "audio/mpeg"),
    "bare.mp3": (b"\xff\xfb\x90\x64" + bytes(500), "audio/mpeg"),
    "song.flac": (b"fLaC" + bytes(500), "audio/flac"),
    "song.ogg": (b"OggS" + bytes(500), "audio/ogg"),
    "song.wav": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(500), "audio/wav"),
    "song.m4a": (b"\0\0\0\x18ftypM4A \0\0\0\0isommp42" + bytes(500), "audio/mp4"),
    "tune.mid": (b"MThd\0\0\0\6" + bytes(20), "audio/midi"),
    "film.mp4": (b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + bytes(500), "video/mp4"),
    "film.mov": (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(500), "video/quicktime"),
    "film.webm": (b"\x1aE\xdf\xa3" + bytes(500), "video/webm"),
    "film.avi": (b"RIFF\x24\0\0\0AVI LIST" + bytes(500), "video/x-msvideo"),
    "shape.glb": (b"glTF\2\0\0\0" + bytes(100), "model/gltf-binary"),
    "shape.obj": (b"v 0 0 0\nv 0 1 0\n", "text/plain"),
    "poem.txt": ("Über allen Gipfeln ist Ruh\n" * 300).encode(),
    "page.html": (b"\n<!DOCTYPE html><p>A page that draws", "text/html"),
    "poem.pdf": (b"%PDF-1.7\n" + bytes(20), "application/pdf"),
    "print.3mf": (b"PK\x03\x04" + bytes(20), "application/zip"),
    "drawing.svg": (b"<?xml version='1.0'?>\n<svg xmlns='x'></svg>", "image/svg+xml"),
    "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "image/heic"),
    "layers.psd": (b"8BPS\0\1" + bytes(99), "image/vnd.adobe.photoshop"),
    "new.jxl": (b"\xff\x0a" + bytes(99), "image/jxl"),
    "data.bin": (b"\x81\x00\x03 nothing known", "application/octet-stream"),
    "odd.mp3": (b"\0\0\0\0 padded before the sound", "application/octet-stream"),
    "latin.txt": ("\xe9t\xe9".encode("latin-1"), "application/octet-stream"),
}
OTHER_FILES["poem.txt"] = (OTHER_FILES["poem.txt"], "text/plain")


@pytest.fixture
def work(tmp_path):
    """Writes a work's file and returns its path."""

    def write(data, name="work.png"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def sparse(tmp_path):
    """A file of 500 MB that begins as given and goes on with zeros, which take no space on disk."""

    def write(data, name):
        path = tmp_path / name
        path.write_bytes(data)
        os.truncate(path, 500 * MIB)
        return path

    return write


def run(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# ----------------------------------------------------------------------------- hashes


def test_hash_file_gives_the_hashes_of_the_bytes(work):
    data = encoded(painting(), "PNG")
    found = hash_file(work(data))
    digest = sha256(data).digest()
    assert found == FileHashes(
        size=len(data),
        keccak=keccak(data),
        sha256=digest,
        cid=found.cid,
        cid_digest=digest,
        media_type="image/png",
    )
    assert parse_cid(found.cid).digest == digest


@pytest.mark.parametrize("size", [1, BLOCK, BLOCK + 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])
def test_hash_file_takes_files_of_any_size(work, size):
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    found = hash_file(work(data, "work"))
    assert (found.size, found.keccak, found.sha256) == (size, keccak(data), sha256(data).digest())
    assert parse_cid(found.cid).digest == found.cid_digest
    assert (found.cid_digest == found.sha256) == (size <= BLOCK)


def test_keccak_is_the_same_without_the_native_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "sha3", None)
    hasher = _keccak.new_keccak()
    hasher.update(b"one ")
    hasher.update(b"work")
    assert hasher.digest() == keccak(b"one work")


def test_hash_file_tells_how_far_it_is(work):
    told = []
    hash_file(work(bytes(2 * MIB + 1), "work"), progress=lambda *now: told.append(now))
    total = 2 * MIB + 1
    assert told == [(MIB, total), (2 * MIB, total), (total, total)]


def test_hash_file_does_not_judge_names(work):
    assert hash_file(work(b"plain words", "work.png")).media_type == "text/plain"


def test_hashing_needs_no_pillow(work):
    path = work(encoded(painting(), "PNG"))
    code = """
import sys
sys.modules["PIL"] = None
from pathlib import Path
from crmdapp.provenance.fingerprints import fingerprint, hash_file
print(hash_file(Path(sys.argv[1])).sha256.hex(), fingerprint(Path(sys.argv[2])).phash)
"""
    assert run(code, path, work(b"words", "poem.txt")).split() == [
        sha256(path.read_bytes()).hexdigest(),
        "0",
    ]


def test_importing_loads_neither_pillow_nor_web3():
    code = (
        "import sys, crmdapp.provenance.fingerprints, crmdapp.provenance.near;"
        "print({'PIL', 'web3', 'eth_account'} & set(sys.modules))"
    )
    assert run(code) == "set()\n"


# ----------------------------------------------------------------------------- pictures


def test_fingerprint_of_a_picture(work):
    path = work(encoded(painting(), "PNG"))
    found, hashes = fingerprint(path), hash_file(path)
    assert (found.size, found.keccak, found.cid) == (hashes.size, hashes.keccak, hashes.cid)
    assert (found.width, found.height, found.frames) == (*SIZE, 1)
    assert found.phash == found.variants[0] == 0xAAAF954A6AB59922
    assert len(found.variants) == 8


def test_reencoding_changes_the_hashes_and_not_the_looks(work):
    one = fingerprint(work(encoded(painting(), "PNG"), "one.png"))
    other = fingerprint(work(encoded(painting(), "PNG", compress_level=1), "other.png"))
    assert one.variants == other.variants
    assert one.keccak != other.keccak
    assert one.cid != other.cid


def test_fingerprint_counts_the_frames_of_an_animation(work):
    assert fingerprint(work(animated("GIF"), "work.gif")).frames == 3


def test_fingerprint_reads_cmyk(work):
    found = fingerprint(work(encoded(painting().convert("CMYK"), "JPEG"), "print.jpg"))
    assert (found.media_type, found.width) == ("image/jpeg", SIZE[0])
    assert found.phash


def test_fingerprint_names_the_extra_that_is_missing(work, monkeypatch):
    path = work(encoded(painting(), "PNG"))
    monkeypatch.setattr(perceptual, "find_spec", lambda name: None)
    with pytest.raises(PillowMissing) as refused:
        fingerprint(path)
    assert "crmdapp[art]" in refused.value.hint
    assert isinstance(refused.value, UsageError)


# ----------------------------------------------------------------------------- other files


@pytest.mark.parametrize("name", OTHER_FILES)
def test_files_that_are_no_pictures_have_no_looks(work, name):
    data, media_type = OTHER_FILES[name]
    found = fingerprint(work(data, name))
    assert found.media_type == media_type
    assert found.keccak == keccak(data)
    assert (found.phash, found.variants) == (0, ())
    assert (found.width, found.height, found.frames) == (0, 0, 0)


def test_a_long_text_that_is_cut_within_a_character_is_text(work):
    assert fingerprint(work(b"a" * 4095 + "é".encode() * 9, "poem.txt")).media_type == "text/plain"


@pytest.mark.parametrize(
    ("name", "claimed", "found"),
    [
        ("work.png", "image/png", "image/jpeg"),
        ("work.JPG", "image/jpeg", "image/png"),
        ("song.mp3", "audio/mpeg", "image/gif"),
        ("work.jpeg", "image/jpeg", "text/html"),
        ("work.webp", "image/webp", "audio/wav"),
    ],
)
def test_a_name_that_says_something_else_is_refused(work, name, claimed, found):
    begins = {
        "image/jpeg": encoded(painting(), "JPEG"),
        "image/png": encoded(painting(), "PNG"),
        "image/gif": encoded(painting(), "GIF"),
        "text/html": b"<html>Not found</html>",
        "audio/wav": OTHER_FILES["song.wav"][0],
    }
    with pytest.raises(MediaTypeMismatch) as refused:
        fingerprint(work(begins[found], name))
    assert (refused.value.claimed, refused.value.found) == (claimed, found)
    assert isinstance(refused.value, FileRejected)


@pytest.mark.parametrize("name", ["work", "work.dat", "work.jpeg", "work.JFIF", "png"])
def test_a_name_that_says_nothing_else_is_taken(work, name):
    assert fingerprint(work(encoded(painting(), "JPEG"), name)).media_type == "image/jpeg"


# ----------------------------------------------------------------------------- bad files


def test_a_file_that_is_called_a_picture_and_is_none_is_unreadable(work):
    with pytest.raises(ImageUnreadable, match="begins like none"):
        fingerprint(work(b"\0\1\2\3" * 50, "work.png"))


@pytest.mark.parametrize("hashing", [fingerprint, hash_file])
def test_an_empty_file_is_refused(work, hashing):
    with pytest.raises(FileEmpty, match=r"work\.png is empty"):
        hashing(work(b""))


def test_a_truncated_file_is_refused(work):
    with pytest.raises(ImageTruncated, match="cut off"):
        fingerprint(work(encoded(painting(), "JPEG")[:-900], "work.jpg"))


def test_a_damaged_file_is_refused(work):
    data = bytearray(encoded(painting(), "PNG"))
    data[200:230] = bytes(30)
    with pytest.raises(ImageUnreadable, match="cannot be decoded"):
        fingerprint(work(bytes(data)))


def test_a_damaged_file_is_named_without_its_folder_and_bytes(work, tmp_path):
    with pytest.raises(ImageUnreadable) as refused:
        fingerprint(work(b"\xff\xd8\xff\xe0\0\x10quokka" + bytes(90), "work.jpg"))
    told = str(refused.value.to_dict())
    assert str(tmp_path) not in told
    assert "quokka" not in told
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("hashing", [fingerprint, hash_file])
def test_a_file_that_is_not_there_is_refused(tmp_path, hashing):
    with pytest.raises(UsageError, match=r"gone\.png cannot be read: No such file") as refused:
        hashing(tmp_path / "gone.png")
    assert str(tmp_path) not in str(refused.value.to_dict())


@pytest.mark.parametrize("hashing", [fingerprint, hash_file])
def test_a_folder_is_refused(tmp_path, hashing):
    with pytest.raises(UsageError, match="is not a file"):
        hashing(tmp_path)


@pytest.mark.timeout(10)
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is not a file"):
        hash_file(tmp_path / "pipe")


def test_a_file_that_may_not_be_read_is_refused(work):
    path = work(b"words", "poem.txt")
    path.chmod(0)
    with unprivileged(), pytest.raises(UsageError, match="Permission denied"):
        hash_file(path)


@pytest.mark.parametrize("change", ["longer", "other"])
def test_a_file_that_is_written_to_meanwhile_is_refused(work, change):
    path = work(bytes(3 * MIB), "work")

    def write(done, total):
        if done == MIB:
            with path.open("r+b") as file:
                file.seek(0, os.SEEK_END if change == "longer" else os.SEEK_SET)
                file.write(b"other")
            os.utime(path, ns=(1, 1))

    with pytest.raises(FileChanged, match="written to"):
        hash_file(path, progress=write)


# ----------------------------------------------------------------------------- large files

# Not ru_maxrss: that begins with what the process which started this one had.
_MEASURED = """
import sys
from pathlib import Path
from crmdapp.errors import CrmdappError
from crmdapp.provenance.fingerprints import fingerprint
try:
    found = fingerprint(Path(sys.argv[1]))
    print(found.size, found.width, found.cid, end=" ")
except CrmdappError as problem:
    print(problem.code, end=" ")
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")


@only_linux
def test_a_picture_of_500_MB_is_hashed_in_little_memory(sparse):
    path = sparse(encoded(painting(), "JPEG"), "work.jpg")
    size, width, cid, peak = run(_MEASURED, path).split()
    assert (int(size), int(width)) == (500 * MIB, SIZE[0])
    assert cid.startswith("bafybei")
    assert int(peak) < 150


@only_linux
def test_500_MB_of_pixels_are_refused_in_little_memory(sparse):
    """A bitmap that has all its 500 MB of pixels, more than are decoded."""
    small = bytearray(encoded(painting(), "BMP"))
    small[18:26] = (20_000).to_bytes(4, "little") + (20_000).to_bytes(4, "little")
    small[28:30] = (8).to_bytes(2, "little")
    code, peak = run(_MEASURED, sparse(bytes(small), "work.bmp")).split()
    assert code == ImageTooLarge.__name__
    assert int(peak) < 150
