"""Records out of files: where each begins and ends, and what becomes of those that are broken."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.customers.importing import reader
from crmdapp.customers.importing.files import inspect, opened
from crmdapp.customers.importing.reader import (
    RECORD_MAX,
    Broken,
    Place,
    Row,
    read_heading,
    read_rows,
    require_closed,
)
from crmdapp.errors import FileRejected

HEAD = "email,family_name\n"


@pytest.fixture
def write(tmp_path):
    def write_(data, encoding="utf-8"):
        path = tmp_path / "list.txt"
        path.write_bytes(data if isinstance(data, bytes) else data.encode(encoding))
        return path

    return write_


def rows_of(path, *, encoding=None, at=None):
    found = inspect(path, encoding)
    with opened(path) as file:
        heading = read_heading(found, file)
        return list(read_rows(found, file, heading, at or heading.body))


def values(rows):
    return [dict(row.values) if isinstance(row, Row) else (row.line, row.reason) for row in rows]


# ----------------------------------------------------------------- CSV


def test_read_rows_gives_each_line_with_its_columns(write):
    rows = rows_of(write(HEAD + "a@example.org,Ng\nb@example.org,Li\n"))
    assert values(rows) == [
        {"email": "a@example.org", "family_name": "Ng"},
        {"email": "b@example.org", "family_name": "Li"},
    ]
    assert [row.line for row in rows] == [2, 3]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_read_rows_tells_delimiter_and_line_end(write, mark, end):
    text = f"email{mark}city{end}a@example.org{mark}Rome{end}{end}"
    assert values(rows_of(write(text))) == [{"email": "a@example.org", "city": "Rome"}]


def test_read_rows_takes_quotes_commas_and_line_ends_in_cells(write):
    text = 'email,street\na@example.org,"12, ""Oak"" Lane\r\nBack yard"\nb@example.org,x\n'
    rows = rows_of(write(text))
    assert values(rows) == [
        {"email": "a@example.org", "street": '12, "Oak" Lane\r\nBack yard'},
        {"email": "b@example.org", "street": "x"},
    ]
    assert [row.line for row in rows] == [2, 4]


def test_read_rows_takes_a_file_without_a_last_line_end(write):
    assert len(rows_of(write(HEAD + "a@example.org,Ng"))) == 1


def test_read_rows_takes_the_first_of_two_columns_of_one_name_that_is_not_blank(write):
    rows = rows_of(write("email,city,city\na@example.org,,Rome\nb@example.org,Oslo,Rome\n"))
    assert [row.values["city"] for row in rows] == ["Rome", "Oslo"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a@example.org", "1 columns instead of 2"),
        ("a@example.org,Ng,Rome", "3 columns instead of 2"),
        ('"a"b,Ng', "its quotes do not match"),
        ('"a@example.org,Ng', "a quote is not closed"),
    ],
)
def test_read_rows_goes_on_behind_a_broken_record(write, line, reason):
    found = values(rows_of(write(f"{HEAD}{line}\nb@example.org,Li\n")))
    assert found == [(2, reason), {"email": "b@example.org", "family_name": "Li"}]


def test_read_rows_loses_no_line_between_two_stray_quotes(write):
    text = HEAD + '"x,1\na@example.org,Ng\nb@example.org,Li\n"y,2\nc@example.org,Wu\n'
    found = values(rows_of(write(text)))
    assert [row["family_name"] for row in found if isinstance(row, dict)] == ["Ng", "Li", "Wu"]
    assert [row[0] for row in found if isinstance(row, tuple)] == [2, 5]


def test_read_rows_refuses_a_line_that_is_too_long_and_goes_on(write):
    text = HEAD + "x" * (3 * RECORD_MAX) + ",y\nb@example.org,Li\n"
    first, second = rows_of(write(text))
    assert (first.line, first.reason) == (2, f"it has more than {RECORD_MAX:,} bytes")
    assert (second.line, second.values["family_name"]) == (3, "Li")


def test_read_rows_gives_up_a_quote_that_is_not_closed_for_a_hundred_lines(write):
    text = HEAD + '"open,1\n' + "a@example.org,Ng\n" * 500
    found = rows_of(write(text))
    assert isinstance(found[0], Broken)
    assert len(found) == 501


def test_read_heading_refuses_lines_that_end_in_cr_alone(write):
    with pytest.raises(FileRejected, match="end in CR alone"):
        rows_of(write("email,city\ra@example.org,Rome\r"))


def test_read_heading_refuses_quotes_that_do_not_match(write):
    with pytest.raises(FileRejected, match="heading's quotes"):
        rows_of(write('"email,city\n'))


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("latin-1", b""),
        ("utf-8", b"\xef\xbb\xbf"),
    ],
)
def test_read_rows_reads_other_encodings_when_told(write, encoding, mark):
    # U+0A05 and U+050A have a byte that alone would be a line end.
    names = ["Müller", "Çelik"] if encoding == "latin-1" else ["Müller", "ਅ\u050a", "\u0a0a"]
    text = HEAD + "".join(f"a@example.org,{name}\n" for name in names)
    rows = rows_of(write(mark + text.encode(encoding)), encoding=encoding)
    assert [row.values["family_name"] for row in rows] == names
    assert [row.line for row in rows] == list(range(2, 2 + len(names)))


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)
AWKWARD = st.lists(st.sampled_from(['"', ",", "\n", "x", " ", ";"]), max_size=6).map("".join)


@given(st.lists(st.tuples(CELLS | AWKWARD, CELLS | AWKWARD), min_size=1, max_size=12))
def test_read_rows_gives_what_a_writer_of_csv_wrote(tmp_path_factory, pairs):
    import csv

    pairs = [pair for pair in pairs if any(cell.strip() for cell in pair)]
    path = tmp_path_factory.mktemp("csv") / "list.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("email", "city"), *pairs])
    found = [(row.values["email"], row.values["city"]) for row in rows_of(path)]
    assert found == pairs


@given(st.data())
def test_read_rows_goes_on_from_any_record(tmp_path_factory, data):
    lines = data.draw(
        st.lists(
            st.sampled_from(
                ["a@example.org,Ng", 'b@example.org,"two\nlines"', "", '"stray,1', "one", "ü,é"]
            ),
            min_size=1,
            max_size=12,
        )
    )
    path = tmp_path_factory.mktemp("csv") / "list.csv"
    path.write_text(HEAD + "\n".join(lines))
    whole = rows_of(path)
    for number, row in enumerate(whole):
        assert rows_of(path, at=row.after) == whole[number + 1 :]


# ----------------------------------------------------------------- JSON


RECORDS = [
    {"email": "a@example.org", "city": 'Rome } ] " {'},
    {"email": "b@example.org", "city": None, "n": 7, "ok": True, "no": False},
]


@pytest.mark.parametrize("indent", [None, 2])
def test_read_rows_reads_an_array(write, indent):
    rows = rows_of(write(json.dumps(RECORDS, indent=indent)))
    assert [row.values["email"] for row in rows] == ["a@example.org", "b@example.org"]
    assert dict(rows[1].values) == {
        "email": "b@example.org",
        "city": "",
        "n": "7",
        "ok": "true",
        "no": "",
    }
    assert [row.line for row in rows] == ([1, 1] if indent is None else [2, 6])


def test_read_rows_reads_lines_of_json(write):
    rows = rows_of(write("".join(json.dumps(record) + "\n\n" for record in RECORDS)))
    assert [row.line for row in rows] == [1, 3]


def test_read_rows_unwraps_what_products_wrap(write):
    record = {
        "properties": {"firstname": "Ann", "email": "a@example.org"},
        "Account": {"Name": "Acme", "attributes": {"type": "Account"}},
        "country_id": [57, "Germany"],
        "vat": False,
        "tags": [],
        "odd": [1, 2, 3],
    }
    (row,) = rows_of(write(json.dumps(record)))
    assert dict(row.values) == {
        "firstname": "Ann",
        "email": "a@example.org",
        "Account.Name": "Acme",
        "Account.attributes": None,
        "country_id": "Germany",
        "vat": "",
        "tags": "",
        "odd": None,
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"email": }', "it is not JSON"),
        ('{"email": "a", "email": "b"}', "a name stands in it twice"),
        ('{"n": NaN}', "NaN and Infinity are not JSON"),
        ('{"n": ' + "9" * 5_000 + "}", "it is not JSON"),
    ],
    ids=["broken", "twice", "nan", "digits"],
)
def test_read_rows_goes_on_behind_a_broken_object(write, line, reason):
    good = '{"email": "b@example.org"}'
    for text in (f"{{}}\n{line}\n{good}\n", f"[{line},\n{good}]"):
        found = values(rows_of(write(text)))
        assert reason in [row[1] for row in found if isinstance(row, tuple)]
        assert found[-1] == {"email": "b@example.org"}


def test_read_rows_refuses_half_a_surrogate_pair(write):
    (row,) = rows_of(write('{"email": "\\ud800"}'))
    assert row.values == {"email": None}


def test_read_rows_names_a_line_that_is_no_object(write):
    assert values(rows_of(write('{"a": 1}\n7\n'))) == [{"a": "1"}, (2, "it is no JSON object")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}', "a comma or the end of the array is missing"),
        ('[{"a": 1},', "an object is missing"),
        ('[{"a": 1},]', "an object is missing"),
        ('[{"a": 1} {"a": 2}]', "a comma or the end of the array is missing"),
        ('[{"a": 1}] []', "something follows the end of the array"),
        ('[{"a": 1}, 7]', "an object is missing"),
        ('[{"a": [1}', "an object is not closed"),
        ('[{"a": "x', "an object is not closed"),
        ("[" + '{"a":' * 40 + "1" + "}" * 40 + "]", "an object is not closed"),
        ('[{"a": "' + "x" * RECORD_MAX + '"}]', "an object is not closed, or has more"),
    ],
)
def test_require_closed_refuses_an_array_that_breaks_off(write, text, message):
    path = write(text)
    found = inspect(path)
    with opened(path) as file, pytest.raises(FileRejected, match=message):
        require_closed(found, file)


def test_require_closed_takes_an_array_in_pieces(write, monkeypatch):
    monkeypatch.setattr(reader, "_BLOCK", 7)
    path = write(json.dumps(RECORDS * 20, indent=1))
    found = inspect(path)
    with opened(path) as file:
        require_closed(found, file)
    assert len(rows_of(path)) == 40


@pytest.mark.parametrize("layout", ["json", "jsonl"])
def test_read_rows_goes_on_from_any_object(write, layout):
    body = [{"email": f"{n}@example.org", "text": "é\n" * n} for n in range(9)]
    lines = "\n".join(json.dumps(item, ensure_ascii=False) for item in body)
    path = write(lines if layout == "jsonl" else json.dumps(body, indent=3, ensure_ascii=False))
    whole = rows_of(path)
    for number, row in enumerate(whole):
        assert rows_of(path, at=row.after) == whole[number + 1 :]


# ----------------------------------------------------------------- memory


def test_read_rows_needs_no_more_memory_for_a_longer_file(tmp_path):
    peaks = []
    for count in (2_000, 20_000):
        path = tmp_path / f"{count}.csv"
        with path.open("w") as file:
            file.write(HEAD)
            file.writelines(f"customer{n}@example.org,Family{n}\n" for n in range(count))
        tracemalloc.start()
        found = inspect(path)
        with opened(path) as file:
            heading = read_heading(found, file)
            assert sum(1 for _ in read_rows(found, file, heading, heading.body)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < max(peaks[0] * 1.5, 5_000_000)


def test_a_record_shows_none_of_its_values_when_it_is_broken(write):
    (row,) = rows_of(write(HEAD + "secret@example.org\n"))
    assert row == Broken(2, "1 columns instead of 2", Place(len(HEAD) + 19, 3))
