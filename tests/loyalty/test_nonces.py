"""The nonce book: neighbouring numbers, none of them twice."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.chain.typed_data import Domain
from crmdapp.errors import JournalProblem, UsageError
from crmdapp.loyalty import hub_domain, voucher_domain
from crmdapp.loyalty.nonces import NonceBook

HUB = "0x" + "11" * 20
DOMAIN = hub_domain(31337, HUB)
CUSTOMER = LocalSigner(b"\x07" * 32).address
FRIEND = LocalSigner(b"\x08" * 32).address
OTHERS = {
    "signer": (DOMAIN, FRIEND),
    "chain": (hub_domain(1, HUB), CUSTOMER),
    "contract": (voucher_domain(31337, "0x" + "22" * 20), CUSTOMER),
}

TAKE = f"""
import sys
from crmdapp.loyalty import NonceBook, hub_domain
with NonceBook(sys.argv[1]) as book:
    for _ in range(40):
        print(book.take(hub_domain(31337, {HUB!r}), {CUSTOMER!r}))
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "nonces.sqlite3"


def test_take_gives_all_numbers_of_a_word_then_those_of_another(path):
    with NonceBook(path) as book:
        taken = [book.take(DOMAIN, CUSTOMER) for _ in range(600)]
    words = [number >> 8 for number in taken]
    assert [number & 0xFF for number in taken] == [*range(256), *range(256), *range(88)]
    assert [len(set(words[start : start + 256])) for start in (0, 256, 512)] == [1, 1, 1]
    assert len(set(taken)) == 600
    assert all(0 <= number < 2**256 for number in taken)


def test_take_goes_on_where_the_file_was_left(path):
    with NonceBook(path) as book:
        first = book.take(DOMAIN, CUSTOMER)
    with NonceBook(path) as book:
        assert book.take(DOMAIN, CUSTOMER.lower()) == first + 1


@pytest.mark.parametrize("other", OTHERS)
def test_take_counts_apart_what_does_not_collide(path, other):
    with NonceBook(path) as book:
        first = book.take(DOMAIN, CUSTOMER)
        assert book.take(*OTHERS[other]) >> 8 != first >> 8
        assert book.take(DOMAIN, CUSTOMER) == first + 1


def test_two_books_take_from_different_words(tmp_path):
    with NonceBook(tmp_path / "buyer") as buyer, NonceBook(tmp_path / "friend") as friend:
        assert buyer.take(DOMAIN, CUSTOMER) >> 8 != friend.take(DOMAIN, CUSTOMER) >> 8


def test_threads_never_take_the_same_number(path):
    with NonceBook(path) as book, ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: book.take(DOMAIN, CUSTOMER), range(100)))
    assert sorted(taken) == list(range(min(taken), min(taken) + 100))


def test_processes_never_take_the_same_number(path):
    NonceBook(path).close()
    command = [sys.executable, "-c", TAKE, str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    taken = [int(line) for process in running for line in process.communicate()[0].split()]
    assert sorted(taken) == list(range(min(taken), min(taken) + 120))


@pytest.mark.parametrize(
    ("domain", "signer"),
    [(DOMAIN, "0x12"), (Domain("PointsHub", "1", 31337, "0x12"), CUSTOMER)],
    ids=["signer", "contract"],
)
def test_take_refuses_what_is_no_address(path, domain, signer):
    with NonceBook(path) as book, pytest.raises(UsageError):
        book.take(domain, signer)


def test_a_damaged_book_is_named(path):
    path.write_bytes(b"no database, no database, no database" * 50)
    with pytest.raises(JournalProblem, match="nonce book"):
        NonceBook(path)
