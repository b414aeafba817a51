"""Data on standard output, talk on standard error, and never a question without a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

from crmdapp.errors import ContractError, CrmdappError, FileRejected, jsonable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

MOST_FAULTS = 20
"""Faults of a rejected file that are shown to people; JSON has them all."""

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for people.

    Attributes:
        columns: Headings; one that begins with ``>`` marks a column of figures, aligned right.
        rows: Cells as text.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def lines(self) -> Iterator[str]:
        """Yield the heading and the rows, aligned by spaces."""
        names = [name.removeprefix(">") for name in self.columns]
        right = [name.startswith(">") for name in self.columns]
        table = [names, *[list(row) for row in self.rows]]
        widths = [max(len(row[n]) for row in table) for n in range(len(names))]
        for row in table:
            cells = (
                cell.rjust(width) if numeric else cell.ljust(width)
                for cell, width, numeric in zip(row, widths, right, strict=True)
            )
            yield "  ".join(cells).rstrip()


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values for people, one pair to a line."""

    pairs: Sequence[tuple[str, str]]

    def lines(self) -> Iterator[str]:
        """Yield the pairs, values aligned."""
        width = max((len(name) for name, _ in self.pairs), default=0)
        for name, value in self.pairs:
            yield f"{name.ljust(width)}  {value}".rstrip()


class Output:
    """Where a command's data and talk go.

    Attributes:
        json: Print data as one JSON document.
        quiet: Leave out talk that nobody needs to act on.
        verbose: Add details.
    """

    def __init__(self) -> None:
        self.json = False
        self.quiet = False
        self.verbose = False

    # ----------------------------------------------------------------- data

    def result(self, data: Any, *shown: Table | Facts | str) -> None:
        """Print a command's result: ``data`` as JSON, or ``shown`` for people."""
        if self.json:
            print(json.dumps(jsonable(data), indent=2, ensure_ascii=False))
            return
        for part in shown:
            if isinstance(part, str):
                print(part)
                continue
            if isinstance(part, Table) and not part.rows:
                continue
            for number, line in enumerate(part.lines()):
                heading = number == 0 and isinstance(part, Table)
                print(self.styled(line, "bold", sys.stdout) if heading else line)

    # ----------------------------------------------------------------- talk

    def say(self, text: str = "") -> None:
        """Say something on standard error, unless quiet."""
        if not self.quiet:
            self._talk(text)

    def always(self, text: str) -> None:
        """Say something on standard error that nobody must miss."""
        self._talk(text)

    def show(self, facts: Facts, *, to_decide: bool = False) -> None:
        """Say names and values on standard error, unless quiet.

        Args:
            facts: What to say.
            to_decide: Somebody will be asked about it: say it in any case.
        """
        if self.quiet and not to_decide:
            return
        for line in facts.lines():
            self._talk(f"  {line}")

    def detail(self, text: str) -> None:
        """Say something on standard error if verbose."""
        if self.verbose:
            self._talk(self.styled(text, "dim", sys.stderr))

    def warn(self, text: str) -> None:
        """Warn on standard error."""
        self._talk(f"{self.styled('Warning:', 'yellow', sys.stderr)} {text}")

    def error(self, problem: CrmdappError) -> None:
        """Print what happened, why and what to do; as JSON on standard output if asked for."""
        if self.json:
            print(json.dumps({"error": error_data(problem)}, indent=2, ensure_ascii=False))
            return
        name = f" ({problem.code})" if isinstance(problem, ContractError) else ""
        self._talk(f"{self.styled('Error:', 'red', sys.stderr)} {problem}{name}")
        if isinstance(problem, FileRejected):
            for fault in problem.faults[:MOST_FAULTS]:
                self._talk(f"  {fault}")
            if len(problem.faults) > MOST_FAULTS:
                self._talk(f"  and {len(problem.faults) - MOST_FAULTS:,} more (--json lists all)")
        if problem.why:
            self._talk(f"Why: {problem.why}")
        if problem.hint:
            self._talk(f"What to do: {problem.hint}")

    def styled(self, text: str, style: str, stream: IO[str]) -> str:
        """Return ``text`` in a style if ``stream`` shows styles and NO_COLOR does not forbid it."""
        if not _has_color(stream):
            return text
        return f"\033[{_STYLES[style]}m{text}\033[0m"

    @property
    def has_terminal(self) -> bool:
        """Whether someone can be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def ask(self, question: str) -> bool:
        """Ask a yes-or-no question on standard error; nothing typed means no."""
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    @contextmanager
    def progress(self, title: str, total: int, unit: str) -> Iterator[Progress]:
        """Show how far a long piece of work is, with its rate and the time left.

        Args:
            title: What is being done.
            total: How many units there are.
            unit: Their name, plural.
        """
        if self.quiet or total <= 0:
            yield _Silent()
        elif sys.stderr.isatty():
            with _bar() as bar:
                yield _Bar(bar, bar.add_task(title, total=total, unit=unit))
        else:
            yield _Lines(self, title, total, unit)

    def _talk(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class Progress(Protocol):
    """Something that shows progress."""

    def at(self, done: int) -> None:
        """Say that ``done`` units are done in all."""


class _Silent:
    def at(self, done: int) -> None:
        """Show nothing."""


class _Lines:
    """A line at the start of each tenth at most, for logs."""

    def __init__(self, out: Output, title: str, total: int, unit: str) -> None:
        import time

        self._out, self._title, self._total, self._unit = out, title, total, unit
        self._clock = time.monotonic
        self._start, self._first, self._tenth = self._clock(), -1, 0

    def at(self, done: int) -> None:
        """Write a line when another tenth is done."""
        if self._first < 0:
            self._first, self._start = done, self._clock()
        tenth = done * 10 // self._total
        if tenth <= self._tenth:
            return
        self._tenth = tenth
        rate = (done - self._first) / max(self._clock() - self._start, 1e-9)
        left = (self._total - done) / rate if rate else 0.0
        self._out.say(
            f"{self._title}: {done:,} of {self._total:,} {self._unit},"
            f" {rate:,.0f}/s, {left:.0f} s left"
        )


class _Bar:
    def __init__(self, bar: RichProgress, task: Any) -> None:
        self._bar, self._task = bar, task

    def at(self, done: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done)


def _bar() -> RichProgress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    class Rate(TextColumn):
        """Units per second."""

        def __init__(self) -> None:
            super().__init__("")

        def render(self, task: Any) -> Any:
            """Return the rate as text."""
            from rich.text import Text

            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.0f} {task.fields['unit']}/s" if speed else "")

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def error_data(problem: CrmdappError) -> Mapping[str, Any]:
    """Return a problem as JSON data; ``fields`` are the figures that belong to it."""
    data = problem.to_dict()
    data["fields"] = data.pop("details")
    return data


def _has_color(stream: IO[str]) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
