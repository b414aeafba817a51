"""How the story is printed: headings, sentences, tables and bars, on any width of terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

NARROW = 72  # columns; below, sentences are not indented and bars are short


class Story:
    """Prints one run of the demo.

    Args:
        console: Where to; standard output by default. NO_COLOR and the width are respected.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._indent = "  " if self.console.width >= NARROW else ""

    def chapter(self, title: str) -> None:
        """Print the title of a chapter."""
        self.console.print()
        self.console.rule(f"[bold]{escape(title)}", align="left")

    def scene(self, title: str) -> None:
        """Print the title of a scene."""
        self.console.print(f"\n[bold cyan]{escape(title)}")

    def say(self, *sentences: str) -> None:
        """Print a paragraph, wrapped."""
        self.console.print(Padding(escape(" ".join(sentences)), (0, 0, 0, len(self._indent))))

    def refusal(self, attempt: str, error: Exception) -> None:
        """Print what was tried and the error by which it was refused."""
        self.say(f"{attempt}: refused, {error}")

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        words: int = 1,
        spare: Sequence[str] = (),
    ) -> None:
        """Print a table.

        Args:
            title: What it shows.
            columns: Headings.
            rows: Cells, as many in each row as there are headings.
            words: How many columns from the left hold words; the rest hold numbers.
            spare: Columns that are left out on a narrow terminal.
        """
        shown = [
            number
            for number, name in enumerate(columns)
            if self.console.width >= NARROW or name not in spare
        ]
        table = Table(box=box.SIMPLE_HEAD)
        for number in shown:
            justify: JustifyMethod = "left" if number < words else "right"
            table.add_column(escape(columns[number]), justify=justify, overflow="fold")
        for row in rows:
            table.add_row(*(escape(row[number]) for number in shown))
        self.console.print(f"\n[italic]{self._indent}{escape(title)}")
        self.console.print(table)

    def bars(self, title: str, rows: Sequence[tuple[str, int, str]]) -> None:
        """Print a bar chart.

        Args:
            title: What it shows.
            rows: Label, share of the whole in tenths of a percent, and figure of each bar.
        """
        self.console.print(f"\n[italic]{self._indent}{escape(title)}")
        label_width = max(len(label) for label, _, _ in rows)
        figure_width = max(len(figure) for _, _, figure in rows)
        room = max(6, self.console.width - label_width - figure_width - len(self._indent) - 12)
        mark = "#" if self.console.options.ascii_only else "█"
        for label, share, figure in rows:
            bar = mark * ((share * room + 999) // 1_000)
            self.console.print(
                f"{self._indent}{escape(label):{label_width}} [cyan]{bar:{room}}[/] "
                f"{figure:>{figure_width}} {share // 10:>3}.{share % 10} %",
                no_wrap=True,
            )

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Show that something takes a while; only on a terminal."""
        with self.console.status(escape(what)):
            yield
