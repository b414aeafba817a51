"""The file of a record: whole, exact, and read again as it was written."""

import gzip
import io
import json
from dataclasses import replace

import pytest

from crmdapp.ballots.evidence import RecordMalformed
from crmdapp.ballots.evidence_reading import load_record, read_record
from crmdapp.chain._keccak import keccak
from crmdapp.errors import EXIT_VERIFICATION, UsageError
from tests.ballots.records import story
from tests.ballots.voting import flipped


@pytest.fixture(scope="module")
def record():
    return story().signed()


@pytest.fixture(scope="module")
def written(record):
    return b"".join(record.to_lines())


def read(data):
    return read_record(io.BytesIO(data))


def resealed(lines):
    """Lines of a file with the digest that they have."""
    body = b"".join(lines)
    return body + json.dumps({"digest": "0x" + keccak(body).hex()}).encode() + b"\n"


def refused(lines):
    with pytest.raises(RecordMalformed) as found:
        read(resealed(lines))
    return found.value


@pytest.mark.parametrize("name", ["record.jsonl", "record.jsonl.gz"])
def test_a_record_is_read_as_it_was_written(record, tmp_path, name):
    record.save(tmp_path / name)
    again = load_record(tmp_path / name)
    assert again == record
    assert again.digest == record.digest
    with pytest.raises(UsageError):
        record.save(tmp_path / name)


def test_equal_records_are_equal_files(record, written, tmp_path):
    for name in ("one.gz", "other.gz"):
        record.save(tmp_path / name)
    one, other = ((tmp_path / name).read_bytes() for name in ("one.gz", "other.gz"))
    assert one == other
    assert gzip.decompress(one) == written


def test_the_digest_is_that_of_all_lines_before_it(record, written):
    body, _, last = written.rstrip(b"\n").rpartition(b"\n")
    assert json.loads(last) == {"digest": "0x" + keccak(body + b"\n").hex()}
    assert record.digest == keccak(body + b"\n")


def test_every_flipped_byte_is_found(written):
    for at in range(0, len(written), 97):
        with pytest.raises(RecordMalformed) as found:
            read(flipped(written, at))
        assert found.value.exit_code == EXIT_VERIFICATION


def test_every_cut_is_found(written):
    lines = written.splitlines(keepends=True)
    for count in range(len(lines)):
        with pytest.raises(RecordMalformed):
            read(b"".join(lines[:count]))
        with pytest.raises(RecordMalformed):
            read(b"".join(lines[:count] + lines[count + 1 :]))
    with pytest.raises(RecordMalformed):
        read(written[:-1])
    with pytest.raises(RecordMalformed):
        read(written + b"\n")


def test_damaged_packing_is_found(record, tmp_path):
    record.save(tmp_path / "record.gz")
    data = (tmp_path / "record.gz").read_bytes()
    for number, broken in enumerate((data[:-9], data[:40] + b"\0\0\0\0" + data[44:])):
        place = tmp_path / f"{number}.gz"
        place.write_bytes(broken)
        with pytest.raises(RecordMalformed):
            load_record(place)


def test_a_file_that_is_not_there_cannot_be_read(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_record(tmp_path / "nothing")


def test_changing_the_record_changes_its_name(record):
    others = [
        replace(record, time=record.time - 1),
        replace(record, block=record.block + 1),
        replace(record, block_hash=bytes(32)),
        replace(record, definition=None),
        replace(record, codes={}),
        replace(record, transactions=record.transactions[:-1]),
        replace(record, election=record.election + 1),
        replace(record, chain_id=1),
    ]
    assert len({each.digest for each in (record, *others)}) == len(others) + 1


def changed(line, path, value):
    """A line with a member changed; of an array, the number of the item."""
    data = json.loads(line)
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(data).encode() + b"\n"


@pytest.mark.parametrize(
    ("number", "path", "value", "why"),
    [
        (0, ("format",), "election-record-2", "format"),
        (0, ("chainId",), None, "chainId"),
        (0, ("chainId",), -1, "chainId"),
        (0, ("contracts", "Tally"), "0x12", "Tally"),
        (0, ("contracts", "Other"), "0x12", "unknown member"),
        (0, ("more",), 1, "unknown member"),
        (0, ("definition",), 7, "definition"),
        (1, ("raw",), "0xzz", "raw"),
        (1, ("time",), 1 << 60, "time"),
        (1, ("blockHash",), "0x12", "blockHash"),
        (1, ("more",), 1, "unknown member"),
        (1, ("events", 0), 7, "no JSON object"),
        (1, ("events", 0, "event"), "PollCreated", "no event"),
        (1, ("events", 0, "contract"), "Tally", "no event"),
        (1, ("events", 0, "more"), 1, "unknown member"),
        (1, ("events", 0, "values"), [], "3 values"),
        (1, ("events", 0, "values", 0), 1 << 64, "whole number"),
        (1, ("events", 0, "values", 1), "0x12", "address"),
        (1, ("events", 0, "values", 2), [], "struct"),
        (1, ("events", 0, "values", 2), 7, "array"),
        (1, ("events", 0, "values", 2, 0), "0x12", "32 bytes"),
        (-2, ("address",), "0x12", "address"),
        (-2, ("more",), 1, "unknown member"),
    ],
)
def test_what_is_no_record_is_named_by_its_line(written, number, path, value, why):
    lines = written.splitlines(keepends=True)
    place = number % len(lines)
    lines[place] = changed(lines[place], path, value)
    problem = refused(lines[:-1])
    assert problem.line == place + 1
    assert why in problem.message


def test_every_member_and_value_left_out_is_found(written):
    lines = written.splitlines(keepends=True)[:-1]
    known = set()
    for number, line in enumerate(lines):
        data = json.loads(line)
        names = tuple(each["event"] for each in data.get("events", ())) or tuple(data)
        if names in known:
            continue
        known.add(names)
        paths = [(name,) for name in data]
        for n, event in enumerate(data.get("events", ())):
            paths += [("events", n, name) for name in event]
            paths += [("events", n, "values", m) for m in range(len(event["values"]))]
        for path in paths:
            cut = changed(line, path, None)
            problem = refused([*lines[:number], cut, *lines[number + 1 :]])
            assert problem.line == number + 1, path
    assert len(known) > 15


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b"7\n", b"[" * 100_000 + b"\n"])
def test_lines_that_are_no_json_objects_are_refused(written, line):
    lines = written.splitlines(keepends=True)
    assert refused([lines[0], line, *lines[1:-1]]).line == 2


def test_a_skipped_word_beyond_exact_numbers_is_a_string():
    drafted = story().put("cast b", lambda draft: draft.event(skipped=1 << 254))
    record = drafted.signed()
    lines = b"".join(record.to_lines())
    assert str(1 << 254).encode() in lines
    assert read(lines) == record


def test_a_record_has_one_form(written):
    lines = written.splitlines(keepends=True)[:-1]
    data = json.loads(lines[1])
    spaced = json.dumps(data).encode() + b"\n"
    turned = json.dumps(dict(reversed(data.items())), separators=(",", ":")).encode() + b"\n"
    twice = lines[1].replace(b'{"block"', b'{"time":7,"block"', 1)
    for other in (spaced, turned, twice):
        assert "one form" in refused([lines[0], other, *lines[2:]]).message
    assert "one form" in refused([*lines[:-2], lines[-1], lines[-2]]).message
