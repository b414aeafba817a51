"""Answers kept for a block: found again, never beside their block, bounded, made once."""

import threading

import pytest

from crmdapp.errors import VerificationFailed
from crmdapp.web.remembering import Remembered

ONE, OTHER = b"\1" * 32, b"\2" * 32


@pytest.fixture
def kept():
    return Remembered(limit=3)


@pytest.fixture
def made():
    """What was made; ``made.of(answer)`` makes it of the block ``ONE``, ``of(answer, hash)``."""

    class Made(list):
        def of(self, answer, block_hash=ONE):
            def make():
                self.append(answer)
                return block_hash, answer

            return make

    return Made()


def test_get_makes_an_answer_once(kept, made):
    assert kept.get("a", ONE, made.of(1)) == 1
    assert kept.get("a", ONE, made.of(2)) == 1
    assert made == [1]


def test_get_makes_another_answer_for_another_question_or_block(kept, made):
    kept.get("a", ONE, made.of(1))
    assert kept.get("b", ONE, made.of(2)) == 2
    assert kept.get("a", OTHER, made.of(3, OTHER)) == 3
    assert kept.get("a", ONE, made.of(4)) == 1


def test_get_keeps_no_answer_of_another_block_than_was_asked_for(kept, made):
    assert kept.get("a", ONE, made.of(1, OTHER)) == 1
    assert kept.get("a", ONE, made.of(2)) == 2
    assert made == [1, 2]


def test_get_forgets_what_was_used_longest_ago(kept, made):
    for name in "abc":
        kept.get(name, ONE, made.of(name))
    kept.get("a", ONE, made.of("again"))
    kept.get("d", ONE, made.of("d"))
    assert len(kept) == 3
    assert kept.get("a", ONE, made.of("again")) == "a"
    assert kept.get("b", ONE, made.of("again")) == "again"


def test_get_keeps_no_failure(kept, made):
    def fail():
        raise VerificationFailed("No.")

    with pytest.raises(VerificationFailed):
        kept.get("a", ONE, fail)
    assert len(kept) == 0
    assert kept.get("a", ONE, made.of(1)) == 1


def test_get_makes_an_answer_once_for_many_threads(kept):
    begun, go, calls, answers = threading.Event(), threading.Event(), [], []

    def make():
        calls.append(1)
        begun.set()
        assert go.wait(10)
        return ONE, object()

    threads = [
        threading.Thread(target=lambda: answers.append(kept.get("a", ONE, make))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    go.set()
    for thread in threads:
        thread.join(10)
    assert (len(calls), len(answers), len(set(map(id, answers)))) == (1, 8, 1)
