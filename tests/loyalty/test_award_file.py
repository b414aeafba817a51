"""Award files: checked whole, awarded once, whatever happens in between."""

import hashlib
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdapp.chain.addresses import checksum
from crmdapp.errors import FileChanged, FileRejected, GasCapExceeded, UsageError
from crmdapp.loyalty import award_plan
from crmdapp.loyalty.award_file import (
    BatchMismatch,
    BatchMissing,
    award_file,
    validate,
)
from crmdapp.loyalty.award_plan import RECORDS_PER_CHUNK
from crmdapp.loyalty.errors import (
    BudgetExceeded,
    CapExceeded,
    PointsOverflow,
    ProgramIssuerOnly,
    ProgramUnknown,
)
from crmdapp.loyalty.events import BatchAwarded
from crmdapp.loyalty.packing import batch_id, pack_records, records_digest
from crmdapp.loyalty.points import POINTS_MAX, to_points
from tests.chain.killed_sender import POINTS
from tests.loyalty.constants import UNLIMITED
from tests.loyalty.killed_award import SMALL_CHUNK
from tests.loyalty.ledger import *  # noqa: F403 - fixtures

ROOT = Path(__file__).parents[2]
GOOD = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
TYPO = "0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def account(number):
    """The address of a customer."""
    return checksum(f"0x{0xC0FFEE0000 + number:040x}")


@pytest.fixture
def write(tmp_path):
    """Writes a file of lines, with the header unless bytes are given."""

    def write_(*lines, name="purchases.csv"):
        path = tmp_path / name
        if lines and isinstance(lines[0], bytes):
            path.write_bytes(b"".join(lines))
        else:
            path.write_text("\n".join(["address,points", *lines, ""]))
        return path

    return write_


@pytest.fixture
def small_chunks(monkeypatch):
    """Few lines in a batch, so that a small file has several."""
    monkeypatch.setattr(award_plan, "RECORDS_PER_CHUNK", SMALL_CHUNK)


@pytest.fixture
def purchases(write, small_chunks):
    """A file of 70 awards to 35 customers in four batches, and what each customer gets."""
    rows = [(account(n % 35), 100 + n) for n in range(70)]
    due = {}
    for to, units in rows:
        due[to] = due.get(to, 0) + units
    return write(*(f"{to},{to_points(units)}" for to, units in rows)), due


def faults_of(path, **settings):
    with pytest.raises(FileRejected) as refusal:
        validate(path, **settings)
    return [(fault.line, fault.field, fault.reason) for fault in refusal.value.faults]


# ----------------------------------------------------------------- checking a file


def test_validate_counts_and_hashes(write):
    path = write(f"{GOOD},12.5", f"{GOOD.lower()},0.01", f"0x{GOOD[2:].upper()},3")
    plan = validate(path)
    assert (plan.rows, plan.units, len(plan.chunks)) == (3, 1250 + 1 + 300, 1)
    assert plan.sha256 == hashlib.sha256(path.read_bytes()).digest()
    assert plan.chunks[0].digest == records_digest(
        pack_records([(GOOD, n) for n in (1250, 1, 300)])
    )
    assert plan.batch_id(plan.chunks[0]) == batch_id(plan.sha256, 0)


@pytest.mark.parametrize(
    "content",
    [
        f"address,points\n{GOOD},5\n",
        f"\ufeffaddress,points\n{GOOD},5\n",
        f"address,points\r\n{GOOD},5\r\n",
        f"address,points\n{GOOD},5",
        f"address,points\n\n  \n{GOOD},5\n\n",
        f'"address","points"\n"{GOOD}","5"\n',
        f"address, points\n {GOOD} , 5 \n",
    ],
    ids=["plain", "byte order mark", "CRLF", "no last end", "blank lines", "quotes", "spaces"],
)
def test_validate_accepts_what_spreadsheets_write(write, content):
    plan = validate(write(content.encode()))
    assert (plan.rows, plan.units) == (1, 500)


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        ("0x12,5", "address", "'0x12' is not an address"),
        (",5", "address", "'' is not an address"),
        (f"{TYPO},5", "address", "wrong checksum"),
        (f"{GOOD[2:]},5", "address", "is not an address"),
        ("0x" + "00" * 20 + ",5", "address", "the zero address"),
        (f"{GOOD},", "points", "it is empty"),
        (f"{GOOD},-5", "points", "it is negative"),
        (f"{GOOD},0", "points", "more than 0"),
        (f"{GOOD},0.001", "points", "more than two digits"),
        (f"{GOOD},five", "points", "'five' is not an amount"),
        (f"{GOOD},1e3", "points", "only digits"),
        (f"{GOOD},1407374883553.28", "points", "is more than 1,407,374,883,553.27 points"),
        (f"{GOOD},{'9' * 400}", "points", "is more than"),
        (f"{GOOD}", "", "1 columns instead of 2"),
        (f"{GOOD},12,50", "", "amounts take a point"),
        (f"{GOOD},5,a,b", "", "4 columns"),
        (f'"{GOOD},5', "", "quotes do not match"),
        ("x" * 2_000, "", "more than 1,000 bytes"),
    ],
    ids=[
        "short-address",
        "no-address",
        "checksum",
        "no-0x",
        "zero-address",
        "no-points",
        "negative",
        "zero-points",
        "fraction",
        "word",
        "exponent",
        "too-many",
        "far-too-many",
        "one-column",
        "comma",
        "four-columns",
        "quotes",
        "long-line",
    ],
)
def test_validate_names_line_field_and_reason(write, line, field, words):
    (fault,) = faults_of(write(f"{GOOD},1", line, f"{GOOD},2"))
    assert fault[:2] == (3, field)
    assert words in fault[2]


def test_validate_names_bytes_that_are_not_utf8(write):
    path = write(b"address,points\n", b"\xe9,5\n")
    assert faults_of(path) == [(2, "", "byte 0xe9 is not UTF-8; save the file as CSV UTF-8")]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"", "no lines"),
        (b"points,address\n", "swap the columns"),
        (b"address;points\n", "separate the columns by commas"),
        (f"{GOOD},5\n".encode(), "put 'address,points' on the first line"),
        (b"address,points,name\n", "the header must be"),
        ("address,points\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_validate_names_a_wrong_header_alone(write, header, words):
    body = f"{TYPO},5\n".encode() if header else b""
    (fault,) = faults_of(write(header, body))
    assert words in fault[2]


def test_validate_refuses_a_file_without_awards(write):
    assert faults_of(write()) == [(0, "", "it has no lines after the header")]


def test_validate_tells_all_faults_up_to_a_limit(write):
    path = write(*(f"0x{n:02x},5" for n in range(150)))
    faults = faults_of(path)
    assert [line for line, _, _ in faults] == list(range(2, 102))
    assert len(faults_of(path, faults_max=7)) == 7


def test_validate_refuses_more_than_a_program_can_hold(write):
    most = to_points(POINTS_MAX)
    assert validate(write(f"{GOOD},{most}")).units == POINTS_MAX
    (fault,) = faults_of(write(f"{GOOD},{most}", f"{GOOD},0.01"))
    assert fault[:2] == (0, "points")


def test_validate_refuses_what_cannot_be_read(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        validate(tmp_path / "missing.csv")
    with pytest.raises(UsageError, match="folder"):
        validate(tmp_path)


@given(
    st.lists(
        st.tuples(
            st.binary(min_size=20, max_size=20).filter(any),
            st.integers(1, 2**40),
            st.sampled_from([str.lower, checksum]),
            st.sampled_from(["", "\r"]),
        ),
        min_size=1,
        max_size=50,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_chunks_hold_the_lines_in_order(write, rows):
    path = write(
        b"address,points\n",
        *(
            f"{form('0x' + raw.hex())},{to_points(units)}{end}\n".encode()
            for raw, units, form, end in rows
        ),
    )
    records = [(checksum("0x" + raw.hex()), units) for raw, units, _, _ in rows]
    plan = validate(path)
    assert [chunk.digest for chunk in plan.chunks] == [records_digest(pack_records(records))]
    assert plan.units == sum(units for _, units in records)


def test_chunks_depend_on_the_file_alone(purchases):
    path, _ = purchases
    plan = validate(path)
    assert [chunk.rows for chunk in plan.chunks] == [20, 20, 20, 10]
    assert [chunk.line for chunk in plan.chunks] == [2, 22, 42, 62]
    assert validate(path) == plan


def test_memory_does_not_grow_with_the_file(write):
    line = f"{GOOD.lower()},1"
    path = write(*[line] * 30_000)
    tracemalloc.start()
    validate(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 1_300_000
    assert peak < 400_000


# ----------------------------------------------------------------- awarding


def balances(client, program, due):
    return {to: client.balance(program, to) for to in due}


def batches_of(client, program):
    return [log.event for log in client.events("BatchAwarded", program=program)]


def test_award_file_awards_every_line(issuer, program, purchases):
    path, due = purchases
    calls = []
    report = award_file(issuer, path, program, progress=lambda *step: calls.append(step))
    assert balances(issuer, program, due) == due
    assert issuer.liability(program).total == sum(due.values()) == report.units
    assert (report.rows, report.rows_before, report.rows_awarded) == (70, 0, 70)
    assert report.chunks == 4
    assert report.fee > 0
    plan = validate(path)
    assert batches_of(issuer, program) == [
        BatchAwarded(program, plan.batch_id(chunk), chunk.rows, chunk.units)
        for chunk in plan.chunks
    ]
    assert [done for done, *_ in calls] == [0, 20, 40, 60, 70]
    assert {total for _, total, *_ in calls} == {70}
    assert calls[0][2:] == (0.0, None)
    assert calls[-1][3] == 0


def test_award_file_awards_nothing_the_second_time(ledger, merchant, issuer, program, purchases):
    path, due = purchases
    award_file(issuer, path, program)
    copy = path.rename(path.with_name("renamed.csv"))
    nonce = ledger.connection.nonce(ledger.address("issuer"))
    report = award_file(issuer, copy, program)
    assert (report.rows_before, report.rows_awarded, report.gas) == (70, 0, 0)
    assert ledger.connection.nonce(ledger.address("issuer")) == nonce
    merchant.set_issuer(program, ledger.address("merchant"), UNLIMITED)
    assert award_file(merchant, copy, program).rows_awarded == 0
    assert balances(issuer, program, due) == due


def test_award_file_awards_again_in_another_program(ledger, issuer, program, purchases):
    path, due = purchases
    award_file(issuer, path, program)
    other = ledger.open_program().id
    assert award_file(issuer, path, other).rows_awarded == 70
    assert balances(issuer, other, due) == due


def test_award_file_leaves_out_what_another_issuer_awards_meanwhile(
    ledger, merchant, issuer, program, purchases
):
    path, due = purchases
    merchant.set_issuer(program, ledger.address("merchant"), UNLIMITED)

    def meddle(done, *_):
        if done == 20:
            award_file(merchant, path, program)

    report = award_file(issuer, path, program, progress=meddle, window=1)
    assert balances(issuer, program, due) == due
    assert report.rows_before + report.rows_awarded == 70
    assert report.rows_awarded == 20
    assert len(batches_of(issuer, program)) == 4


def test_award_file_sends_nothing_if_a_line_is_wrong(ledger, issuer, program, write):
    nonce = ledger.connection.nonce(ledger.address("issuer"))
    with pytest.raises(FileRejected):
        award_file(issuer, write(f"{GOOD},5", f"{TYPO},5"), program)
    assert ledger.connection.nonce(ledger.address("issuer")) == nonce


@pytest.fixture
def nothing_sent(ledger):
    """Fails the test if the issuer sent anything in it."""
    nonce = ledger.connection.nonce(ledger.address("issuer"))
    yield
    assert ledger.connection.nonce(ledger.address("issuer")) == nonce


def test_award_file_refuses_if_program_unknown(issuer, purchases, nothing_sent):
    with pytest.raises(ProgramUnknown):
        award_file(issuer, purchases[0], 998)


def test_award_file_refuses_if_not_issuer(ledger, outsider, program, purchases):
    with pytest.raises(ProgramIssuerOnly) as refusal:
        award_file(outsider, purchases[0], program)
    assert refusal.value.values == (program, ledger.address("outsider"))


def test_award_file_refuses_a_total_beyond_the_budget(ledger, merchant, issuer, program, purchases):
    path, due = purchases
    till, total = ledger.address("issuer"), sum(due.values())
    merchant.set_issuer(program, till, total - 1)
    with pytest.raises(BudgetExceeded) as refusal:
        award_file(issuer, path, program)
    assert refusal.value.values == (program, till, total, total - 1)
    assert batches_of(issuer, program) == []
    merchant.set_issuer(program, till, total)
    assert award_file(issuer, path, program).rows_awarded == 70


def test_award_file_refuses_a_total_beyond_the_cap(merchant, issuer, program, purchases):
    path, due = purchases
    total = sum(due.values())
    issuer.award(program, account(999), 5)
    merchant.configure(program, cap=total + 4)
    with pytest.raises(CapExceeded) as refusal:
        award_file(issuer, path, program)
    assert refusal.value.values == (program, total + 5, total + 4)
    assert batches_of(issuer, program) == []


def test_award_file_refuses_a_total_beyond_the_lane(issuer, program, purchases):
    path, due = purchases
    total = sum(due.values())
    issuer.award(program, account(999), POINTS_MAX - total + 1)
    with pytest.raises(PointsOverflow) as refusal:
        award_file(issuer, path, program)
    assert refusal.value.points == POINTS_MAX + 1
    assert batches_of(issuer, program) == []


def test_award_file_refuses_if_the_chain_holds_other_records(issuer, program, purchases):
    path, _ = purchases
    plan = validate(path)
    forged = issuer.prepare.award_many(
        program, plan.batch_id(plan.chunks[1]), pack_records([(account(5), 1)])
    )
    issuer.send(forged)
    with pytest.raises(BatchMismatch):
        award_file(issuer, path, program)
    assert len(batches_of(issuer, program)) == 1


def test_award_file_stops_if_the_file_changed(issuer, program, purchases):
    path, _ = purchases
    plan = validate(path)
    good = path.read_bytes()
    path.write_bytes(good.replace(b",1.50\n", b",9.50\n"))
    with pytest.raises(FileChanged) as refusal:
        award_file(issuer, plan, program, window=1)
    assert plan.sha256.hex() in refusal.value.hint
    (fault,) = refusal.value.faults
    assert fault.line == 42
    assert len(batches_of(issuer, program)) == 2
    path.write_bytes(good)
    assert award_file(issuer, path, program).rows_awarded == 30


def test_award_file_tells_if_a_batch_is_missing_at_the_end(ledger, issuer, program, purchases):
    def undo(done, *_):
        if done == 70:
            ledger.node.reorg(1)
            ledger.node.mine()

    with pytest.raises(BatchMissing):
        award_file(issuer, purchases[0], program, progress=undo, window=1)


def test_award_file_never_exceeds_the_gas_cap(ledger, issuer, write, monkeypatch):
    program = ledger.open_program(has_token=True, tiers=(1, 2, 3, 4, 5, 6), cap=POINTS_MAX)
    path = write(*(f"{account(n)},123456.78" for n in range(RECORDS_PER_CHUNK)))
    report = award_file(issuer, path, program.id)
    assert report.chunks == 1
    assert report.gas < 16_000_000
    monkeypatch.setattr(award_plan, "RECORDS_PER_CHUNK", 2 * RECORDS_PER_CHUNK)
    longer = write(*(f"{account(n)},1" for n in range(2 * RECORDS_PER_CHUNK)), name="longer.csv")
    with pytest.raises(GasCapExceeded):
        award_file(issuer, longer, program.id)


def test_award_file_estimates_if_its_gas_figures_are_too_low(
    issuer, program, purchases, monkeypatch
):
    monkeypatch.setattr(sys.modules["crmdapp.loyalty.award_file"], "_GAS_PER_AWARD", 10_000)
    path, due = purchases
    assert award_file(issuer, path, program).rows_awarded == 70
    assert balances(issuer, program, due) == due


# ----------------------------------------------------------------- kill -9


@pytest.fixture
def start(ledger, program, purchases, tmp_path):
    """Starts the awarding process; what still runs at the end is killed."""
    started = []

    def start_(*words):
        command = [sys.executable, "-m", "tests.loyalty.killed_award", ledger.node.url, ledger.hub]
        files = [str(tmp_path / "killed.sqlite3"), str(purchases[0]), str(program)]
        process = subprocess.Popen([*command, *files, *words], cwd=ROOT)
        started.append(process)
        return process

    yield start_
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("point", POINTS)
def test_award_file_goes_on_after_kill(ledger, issuer, program, purchases, start, point):
    _, due = purchases
    before = ledger.connection.nonce(ledger.address("issuer"))
    assert start(point).wait(timeout=120) == -signal.SIGKILL
    assert start().wait(timeout=120) == 0
    assert balances(issuer, program, due) == due
    assert len(batches_of(issuer, program)) == 4
    assert ledger.connection.nonce(ledger.address("issuer")) == before + 4


def test_award_file_goes_on_after_kill_without_its_journal(
    issuer, program, purchases, start, tmp_path
):
    path, due = purchases
    assert start("sent").wait(timeout=120) == -signal.SIGKILL
    for file in tmp_path.glob("killed.sqlite3*"):
        file.unlink()
    award_file(issuer, path, program)
    assert balances(issuer, program, due) == due
    assert len(batches_of(issuer, program)) == 4
