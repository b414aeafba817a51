"""The first look at a file: its hash, its encoding, and that it is text at all."""

import hashlib
import os

import pytest

from crmdapp.customers.importing import files
from crmdapp.customers.importing.files import EncodingWrong, inspect, opened
from crmdapp.errors import FileChanged, FileRejected, UsageError

TEXT = "email,family_name\nann@example.org,Müller\n"


@pytest.fixture
def write(tmp_path):
    def write_(data, name="list.csv"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write_


def refusal(path, encoding=None):
    with pytest.raises(FileRejected) as refused:
        inspect(path, encoding)
    return refused.value


def test_inspect_tells_hash_size_and_layout(write):
    found = inspect(write(TEXT))
    assert found.sha256 == hashlib.sha256(TEXT.encode()).digest()
    assert (found.size, found.encoding, found.layout) == (len(TEXT.encode()), "utf-8", "csv")


@pytest.mark.parametrize(
    ("text", "layout"), [(TEXT, "csv"), ("\n [{}]", "json"), ('{"email": ""}\n', "jsonl")]
)
def test_inspect_tells_the_layout_by_the_first_character(write, text, layout):
    assert inspect(write(text)).layout == layout


def test_inspect_takes_utf_8_with_a_mark(write):
    assert inspect(write(b"\xef\xbb\xbf" + TEXT.encode())).start == 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_inspect_names_utf_16_and_takes_it_when_told(write, encoding):
    mark = {"utf-16": b"", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}[encoding]
    path = write(mark + TEXT.encode(encoding))
    found = refusal(path)
    assert isinstance(found, EncodingWrong)
    assert "it is UTF-16" in found.message
    assert "--encoding utf-16" in found.hint
    assert inspect(path, "utf-16").start == 2


def test_inspect_names_utf_16_without_a_mark(write):
    path = write(TEXT.encode("utf-16-le"))
    assert "it is UTF-16 without a mark" in refusal(path).message
    assert inspect(path, "utf-16-le").start == 0


def test_inspect_names_nul_characters(write):
    found = refusal(write("email\nann\0@example.org\n"))
    assert [(fault.line, "NUL" in fault.reason) for fault in found.faults] == [(2, True)]


def test_inspect_names_utf_32(write):
    assert "UTF-32" in refusal(write(TEXT.encode("utf-32"))).message


@pytest.mark.parametrize("encoding", ["latin-1", "windows-1252", "iso-8859-15"])
def test_inspect_names_single_byte_encodings_and_takes_them_when_told(write, encoding):
    path = write(TEXT.encode(encoding))
    found = refusal(path)
    assert isinstance(found, EncodingWrong)
    assert "byte 0xfc is not UTF-8: it looks like Latin-1 or Windows-1252" in found.message
    assert found.faults[0].line == 2
    assert inspect(path, encoding).layout == "csv"


def test_inspect_finds_a_wrong_byte_behind_the_first_block(write, monkeypatch):
    monkeypatch.setattr(files, "_BLOCK", 64)
    text = b"email\n" + b"ann@example.org\n" * 50
    assert refusal(write(text + b"\xff\n")).faults[0].line == 52


def test_inspect_takes_a_character_that_two_blocks_share(write, monkeypatch):
    monkeypatch.setattr(files, "_BLOCK", 2)
    assert inspect(write("email\näöü€😀\n")).encoding == "utf-8"


def test_inspect_finds_a_character_cut_off_at_the_end(write):
    assert isinstance(refusal(write(b"email\nann\xc3")), EncodingWrong)


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_inspect_refuses_an_empty_file(write, data):
    assert "is empty" in refusal(write(data)).message


@pytest.mark.parametrize(
    ("data", "what"), [(b"PK\x03\x04...", "Excel"), (b"\x1f\x8b\x08...", "gzip")]
)
def test_inspect_refuses_packed_files(write, data, what):
    assert what in refusal(write(data)).message


def test_inspect_refuses_json_in_another_encoding(write):
    assert "JSON is UTF-8" in refusal(write('[{"a": "ü"}]'.encode("latin-1")), "latin-1").message


def test_inspect_refuses_encodings_that_are_not_known(write):
    with pytest.raises(UsageError, match="no encoding 'ebcdic'"):
        inspect(write(TEXT), "ebcdic")


def test_inspect_refuses_what_cannot_be_read(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        inspect(tmp_path / "missing.csv")
    with pytest.raises(UsageError, match="is a folder"):
        inspect(tmp_path)


def test_inspect_quotes_nothing_of_the_file(write):
    found = refusal(write("email\nann-secret@example.org,\xfc".encode("latin-1")))
    assert "secret" not in str(found.to_dict())


@pytest.mark.parametrize("grow", [True, False])
def test_require_unchanged_refuses_a_file_that_changed(write, grow):
    path = write(TEXT)
    found = inspect(path)
    with opened(path) as file:
        found.require_unchanged(file)
        if grow:
            path.write_text(TEXT + "x")
        else:
            os.utime(path, ns=(1, 1))
        with pytest.raises(FileChanged, match="changed while it was imported"):
            found.require_unchanged(file)
