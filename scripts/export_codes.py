"""Write the tables of public codes that consents and receipts use, and prove that they are fresh.

From the lists in `scripts/codes` (see its README for their sources):

- `python/crmdapp/customers/_codes_dpv.py`: purposes, categories of data, legal bases, statuses;
- `python/crmdapp/customers/_codes_iso.py`: countries, and the fields of ISO/IEC TS 27560;
- `python/crmdapp/provenance/gs1/_cbv_terms.py`: business steps, dispositions and the like.

The bit of a term is kept in `scripts/codes/bits.csv` and never changes: new terms get the next
free bits, terms that the vocabulary drops keep theirs. The code of a GS1 term stands beside it in
`scripts/codes/cbv-2.0-terms.csv` and never changes either.

    python -m scripts.export_codes            writes
    python -m scripts.export_codes --check    writes nothing; fails if a file is stale
"""

from __future__ import annotations

import argparse
import csv
import io
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "scripts" / "codes"
PACKAGE = ROOT / "python" / "crmdapp" / "customers"
GS1_PACKAGE = ROOT / "python" / "crmdapp" / "provenance" / "gs1"
LOCK = "bits.csv"
LOCK_COLUMNS = ("table", "bit", "term", "label", "iri")

# Table -> its list, how many bits a consent has for it, and the terms that name nothing.
TABLES = {
    "purposes": ("dpv-2.3-purposes.csv", 128, {"Purpose", "Sector"}),
    "categories": ("dpv-2.3-personal-data.csv", 256, {"PersonalData"}),
    "legal_bases": ("dpv-2.3-legal-basis.csv", 128, {"LegalBasis"}),
    "consent_statuses": ("dpv-2.3-consent-status.csv", 128, {"ConsentStatus", "Status"}),
}

# The tables of GS1's Core Business Vocabulary; an event on chain has 8 bits for a code, 0 is none.
CBV = "cbv-2.0-terms.csv"
CBV_COLUMNS = ("table", "code", "term")
CBV_TABLES = (
    "biz_steps",
    "dispositions",
    "transaction_types",
    "party_types",
    "measurement_types",
    "error_reasons",
    "alert_types",
)
CBV_CODES = 255

Row = Mapping[str, str]


class ExportError(Exception):
    """A list cannot be used; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the files; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail on stale files")
    options = parser.parse_args(arguments)
    try:
        files = render()
    except ExportError as error:
        print(error, file=sys.stderr)
        return 1
    stale = [path for path, text in files.items() if _read(path) != text]
    if not options.check:
        for path in stale:
            path.write_text(files[path], encoding="utf-8")
        print(f"{len(files)} files, {len(stale)} changed")
        return 0
    if stale:
        print("not what the lists say (run python -m scripts.export_codes):")
        for path in stale:
            print(f"  {path.relative_to(ROOT)}")
    return 1 if stale else 0


def render() -> dict[Path, str]:
    """Return the text of every generated file, the lock included, by its path.

    Raises:
        ExportError: A list is malformed, or has more terms than there are bits.
    """
    locked = _rows(LOCK, LOCK_COLUMNS)
    lock: list[Row] = []
    tables: dict[str, str] = {}
    for table, (name, bits, left_out) in TABLES.items():
        terms = _terms(name, left_out)
        kept = assign([row for row in locked if row["table"] == table], terms, table, bits)
        tables[table] = _table(kept, terms)
        lock.extend(kept)
    return {
        SOURCES / LOCK: _csv(LOCK_COLUMNS, lock),
        PACKAGE / "_codes_dpv.py": _formatted(_dpv_module(tables)),
        PACKAGE / "_codes_iso.py": _formatted(_iso_module()),
        GS1_PACKAGE / "_cbv_terms.py": _formatted(cbv_module(_rows(CBV, CBV_COLUMNS))),
    }


def assign(locked: Sequence[Row], terms: Mapping[str, Row], table: str, bits: int) -> Sequence[Row]:
    """Return the locked rows, then the terms that are new, each with the next bit.

    Args:
        locked: Rows of the lock for one table, in the order of their bits.
        terms: What the vocabulary has now, by term.
        table: Its name.
        bits: How many there are.

    Raises:
        ExportError: The lock has a gap or a term twice, or the bits do not suffice.
    """
    if [row["bit"] for row in locked] != [str(bit) for bit in range(len(locked))]:
        raise ExportError(f"{LOCK}: the bits of {table} must count up from 0 without gaps.")
    known = {row["term"] for row in locked}
    if len(known) != len(locked):
        raise ExportError(f"{LOCK}: a term of {table} has two bits.")
    new = sorted(terms.keys() - known)
    if len(locked) + len(new) > bits:
        raise ExportError(f"{table}: {len(locked) + len(new)} terms need more than {bits} bits.")
    added = [
        {
            "table": table,
            "bit": str(bit),
            **{name: terms[term][name] for name in ("term", "label", "iri")},
        }
        for bit, term in enumerate(new, start=len(locked))
    ]
    return [*locked, *added]


def _terms(name: str, left_out: Iterable[str]) -> dict[str, Row]:
    rows = _rows(name, ("term", "label", "iri", "broader"))
    found = {
        row["term"]: row
        for row in rows
        if row["term"][:1].isupper() and row["term"] not in left_out
    }
    for row in found.values():
        if not row["label"] or not row["iri"].endswith(f"#{row['term']}"):
            raise ExportError(f"{name}: {row['term']} has no label, or the IRI of another term.")
    # A broader term of another list, or one that was left out, is above this list.
    return {
        term: {**row, "broader": row["broader"] if row["broader"] in found else ""}
        for term, row in found.items()
    }


def _table(rows: Sequence[Row], terms: Mapping[str, Row]) -> str:
    """The call that makes one table: a row's place is its bit."""
    prefixes = {row["iri"].removesuffix(row["term"]) for row in rows}
    if len(prefixes) != 1:
        raise ExportError(f"The IRIs of one table begin differently: {sorted(prefixes)}.")
    retired = tuple(row["term"] for row in rows if row["term"] not in terms)
    lines = (
        repr((row["term"], current["label"], current["broader"]))
        for row in rows
        for current in [terms.get(row["term"], {**row, "broader": ""})]
    )
    return f"table({prefixes.pop()!r}, (\n{_lines(lines)}), retired={retired!r})"


def _dpv_module(tables: Mapping[str, str]) -> str:
    intro = (
        '"""Terms of the W3C Data Privacy Vocabulary 2.3: name, label and broader term, by bit.\n\n'
        "Generated by scripts.export_codes; do not edit.\n\n"
        'Source: https://w3id.org/dpv, https://w3id.org/dpv/pd.\n"""\n\n'
        "from crmdapp.customers._code import table\n"
    )
    return "\n".join([intro, *(f"{name.upper()} = {text}\n" for name, text in tables.items())])


def _iso_module() -> str:
    countries = _rows("iso-3166-1.csv", ("code", "name"))
    fields = _rows("iso-27560-fields.csv", ("section", "field", "required", "dpv"))
    receipt = [
        f"ReceiptField{(row['section'], row['field'], row['required'] == 'yes', row['dpv'])!r}"
        for row in fields
    ]
    named = "".join(f"    {row['code']!r}: {row['name']!r},\n" for row in countries)
    return (
        '"""Countries by ISO 3166-1 alpha-2 code, and the fields of ISO/IEC TS 27560:2023.\n\n'
        "Generated by scripts.export_codes; do not edit.\n\n"
        "Source: the IANA time zone database; https://w3id.org/dpv/guides/consent-27560.\n"
        '"""\n\n'
        "from crmdapp.customers._code import ReceiptField\n\n"
        f"JURISDICTIONS = {{\n{named}}}\n\n"
        f"RECEIPT_FIELDS = (\n{_lines(receipt)})\n"
    )


def cbv_module(rows: Sequence[Row]) -> str:
    """Return the tables of GS1 terms as a Python module.

    Args:
        rows: Table, code and term of each, the codes of a table counting up from 1.

    Raises:
        ExportError: A table is unknown, misses, has a gap or a term twice, or outgrows its byte.
    """
    tables = {table: [row for row in rows if row["table"] == table] for table in CBV_TABLES}
    if sum(map(len, tables.values())) != len(rows) or not all(tables.values()):
        raise ExportError(f"{CBV}: its tables must be {', '.join(CBV_TABLES)}.")
    for table, found in tables.items():
        if [row["code"] for row in found] != [str(n) for n in range(1, len(found) + 1)]:
            raise ExportError(f"{CBV}: the codes of {table} must count up from 1 without gaps.")
        if len({row["term"] for row in found}) != len(found):
            raise ExportError(f"{CBV}: a term of {table} has two codes.")
        if len(found) > CBV_CODES:
            raise ExportError(f"{CBV}: {table} has more than {CBV_CODES} terms.")
    intro = (
        '"""Terms of the GS1 Core Business Vocabulary 2.0; a term\'s code is its place from 1.\n\n'
        "Generated by scripts.export_codes; do not edit.\n\n"
        'Source: GS1 CBV 2.0, https://ref.gs1.org/cbv/.\n"""\n'
    )
    texts = (
        f"{table.upper()} = (\n{_lines(repr(row['term']) for row in found)})\n"
        for table, found in tables.items()
    )
    return "\n".join([intro, *texts])


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"    {row},\n" for row in rows)


def _rows(name: str, columns: Sequence[str]) -> list[Row]:
    path = SOURCES / name
    if name == LOCK and not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        rows: list[Row] = list(reader)
    if tuple(reader.fieldnames or ()) != tuple(columns) or any(None in row for row in rows):
        raise ExportError(f"{name}: its columns must be {', '.join(columns)}.")
    return rows


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _formatted(text: str) -> str:
    """The text as `ruff format` leaves it, so that linters accept generated files as they are."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "generated.py", "-"]
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, cwd=ROOT, check=False
    )
    if done.returncode:
        raise ExportError(f"ruff cannot format a generated module: {done.stderr.strip()}")
    return done.stdout


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
