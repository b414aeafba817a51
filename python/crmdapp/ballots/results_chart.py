"""Bar charts of an election's result, as SVG and as PNG.

One layout, drawn twice: as SVG by hand, without a drawing library, and as PNG by Pillow (the extra
``art``), which is loaded when the first PNG is. The pictures load nothing and run nothing, and say
in title and description all that they show, for those who cannot see them; a PNG carries both as
text of its own.

Source: SVG 1.1 (shapes, text); SVG 2, section 5.8 (title, desc); WAI-ARIA 1.2 (role ``img``); PNG,
third edition, section 11.3.3 (textual information).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec

from crmdapp.errors import UsageError

PNG_SCALE = 2
"""Pixels of a PNG for each unit of the layout, so that text is sharp on fine screens."""

_WIDTH, _MARGIN, _ROW, _BAR = 760, 24, 30, 18
_LABEL_WIDTH, _FIGURE_WIDTH = 210, 130
_LABEL_MOST, _HEADING_MOST, _TITLE_MOST, _NOTE_MOST = 30, 84, 62, 110
_DESCRIPTION_MOST = 8_000
_UNPRINTABLE = re.compile("[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INK, _SOFT, _FILL, _TRACK = "#222222", "#595959", "#2b6cb0", "#e4e9f0"
_PAPER = "#ffffff"


class ChartLibraryMissing(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """The library that draws pictures of pixels is not installed."""


@dataclass(frozen=True, slots=True)
class ChartedQuestion:
    """The result of one question, with its words.

    Attributes:
        title: What was asked.
        options: What could be chosen.
        counts: Votes of each option; empty if there is no result.
        ballots: Ballots that were cast.
        voters: Voters on the roll.
        ground: Why there is no result; empty if there is one.

    Raises:
        UsageError: A count is missing, or is more than the ballots; or more voted than could.
    """

    title: str
    options: tuple[str, ...]
    counts: tuple[int, ...]
    ballots: int
    voters: int
    ground: str = ""

    def __post_init__(self) -> None:
        counted = () if self.ground else self.options
        if len(self.counts) != len(counted):
            raise UsageError(
                f"{self.title!r} has {len(counted)} options to count, got {len(self.counts)}."
            )
        if not all(0 <= count <= self.ballots <= self.voters for count in self.counts):
            raise UsageError(
                f"{self.title!r} has a count beyond its {self.ballots:,} ballots, or more ballots"
                f" than the {self.voters:,} voters."
            )

    @property
    def turnout(self) -> str:
        """How many voted, for people."""
        share = _percent(self.ballots, self.voters)
        return f"{self.ballots:,} of {self.voters:,} voters ({share})"


def results_svg(title: str, results: Sequence[ChartedQuestion], *, note: str = "") -> str:
    """Return the chart as an SVG document.

    Args:
        title: The election's.
        results: Of its questions, in their order; at least one.
        note: A line below, such as where the result was read.

    Raises:
        UsageError: There is no question.
    """
    height, shapes = _layout(title, results, note)
    body = "\n".join(_svg_shapes(shapes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="t d">\n'
        f'<title id="t">{escape(_plain(title, 200))}</title>\n'
        f'<desc id="d">{escape(description(results))}</desc>\n'
        f"<style>text{{font-family:sans-serif}}</style>\n{body}\n</svg>\n"
    )


def results_png(title: str, results: Sequence[ChartedQuestion], *, note: str = "") -> bytes:
    """Return the chart as a PNG, drawn in Pillow's own font, which has no glyphs but Latin ones.

    Args:
        title: The election's.
        results: Of its questions, in their order; at least one.
        note: A line below.

    Raises:
        ChartLibraryMissing: Pillow is not installed.
        UsageError: There is no question.
    """
    if find_spec("PIL") is None:
        raise ChartLibraryMissing(
            "Pillow, which draws the chart as PNG, is not installed.",
            hint="Install it, pip install 'crmdapp[art]', or take SVG.",
        )
    from PIL import Image, ImageDraw, ImageFont
    from PIL.PngImagePlugin import PngInfo

    height, shapes = _layout(title, results, note)
    picture = Image.new("RGB", (_WIDTH * PNG_SCALE, height * PNG_SCALE), _PAPER)
    draw = ImageDraw.Draw(picture)
    for shape in shapes:
        x, y = shape.x * PNG_SCALE, shape.y * PNG_SCALE
        if isinstance(shape, _Bar):
            right, low = x + shape.width * PNG_SCALE, y + shape.height * PNG_SCALE
            if shape.width:
                draw.rectangle((x, y, right - 1, low - 1), fill=shape.fill)
        else:
            font = ImageFont.load_default(shape.size * PNG_SCALE)
            anchor = "rs" if shape.ends else "ls"
            draw.text((x, y), shape.text, fill=shape.fill, font=font, anchor=anchor)
    words = PngInfo()
    words.add_itxt("Title", _plain(title, 200))
    words.add_itxt("Description", description(results))
    data = io.BytesIO()
    picture.save(data, "PNG", optimize=True, pnginfo=words)
    return data.getvalue()


def description(results: Sequence[ChartedQuestion]) -> str:
    """Return the results in words: all that a chart shows."""
    parts = []
    for result in results:
        head = f"{result.title}: {result.turnout}."
        if result.ground:
            parts.append(f"{head} No result: {result.ground}.")
            continue
        pairs = zip(result.options, result.counts, strict=True)
        said = "; ".join(f"{option} {_figure(count, result.ballots)}" for option, count in pairs)
        parts.append(f"{head} {said}.")
    return _plain(" ".join(parts), _DESCRIPTION_MOST)


# --------------------------------------------------------------------------- layout


@dataclass(frozen=True, slots=True)
class _Bar:
    """A filled rectangle."""

    x: int
    y: int
    width: int
    height: int
    fill: str


@dataclass(frozen=True, slots=True)
class _Text:
    """A line of text on its base line; ``ends`` at x instead of beginning there.

    ``said`` is all of it, where what is drawn was cut off.
    """

    x: int
    y: int
    text: str
    size: int
    fill: str = _INK
    ends: bool = False
    said: str = ""


def _layout(
    title: str, results: Sequence[ChartedQuestion], note: str
) -> tuple[int, list[_Bar | _Text]]:
    """Return the height and what is drawn."""
    if not results:
        raise UsageError("A chart shows at least one question.")
    y = _MARGIN + 20
    shapes: list[_Bar | _Text] = [_text(_MARGIN, y, title, 20, most=_TITLE_MOST)]
    for result in results:
        y += 44
        shapes.append(_text(_MARGIN, y, result.title, 15, most=_HEADING_MOST))
        shapes.append(_text(_MARGIN, y + 20, result.turnout, 12, fill=_SOFT))
        y += 32
        if result.ground:
            shapes.append(_text(_MARGIN, y + 14, f"No result: {result.ground}.", 13))
            y += _ROW
            continue
        for option, count in zip(result.options, result.counts, strict=True):
            shapes += _option(y, option, count, result.ballots)
            y += _ROW
    if note:
        y += 24
        shapes.append(_text(_MARGIN, y, note, 11, fill=_SOFT, most=_NOTE_MOST))
    paper = _Bar(0, 0, _WIDTH, y + _MARGIN, _PAPER)
    return y + _MARGIN, [paper, *shapes]


def _option(y: int, option: str, count: int, ballots: int) -> Iterator[_Bar | _Text]:
    left = _MARGIN + _LABEL_WIDTH
    room = _WIDTH - left - _FIGURE_WIDTH - _MARGIN
    width = room * count // ballots if ballots else 0
    said = f"{option}: {_figure(count, ballots)}"
    yield _text(left - 10, y + 14, option, 13, most=_LABEL_MOST, ends=True, said=said)
    yield _Bar(left, y, room, _BAR, _TRACK)
    # One vote among thousands is still seen.
    yield _Bar(left, y, max(width, 1 if count else 0), _BAR, _FILL)
    yield _text(_WIDTH - _MARGIN, y + 14, _figure(count, ballots), 13, ends=True)


def _text(
    x: int,
    y: int,
    text: str,
    size: int,
    *,
    fill: str = _INK,
    ends: bool = False,
    most: int = 200,
    said: str = "",
) -> _Text:
    return _Text(x, y, _plain(text, most), size, fill, ends, _plain(said or text, 1_000))


def _svg_shapes(shapes: Sequence[_Bar | _Text]) -> Iterator[str]:
    for shape in shapes:
        if isinstance(shape, _Bar):
            yield (
                f'<rect x="{shape.x}" y="{shape.y}" width="{shape.width}" '
                f'height="{shape.height}" fill="{shape.fill}"/>'
            )
            continue
        anchor = ' text-anchor="end"' if shape.ends else ""
        whole = f"<title>{escape(shape.said)}</title>" if shape.said != shape.text else ""
        yield (
            f'<text x="{shape.x}" y="{shape.y}" font-size="{shape.size}" '
            f'fill="{shape.fill}"{anchor}>{whole}{escape(shape.text)}</text>'
        )


def _figure(count: int, ballots: int) -> str:
    return f"{count:,} ({_percent(count, ballots)})"


def _percent(part: int, whole: int) -> str:
    """A share with one digit, rounded half up in whole numbers, so that all machines agree."""
    tenths = (2_000 * part + whole) // (2 * whole) if whole else 0
    return f"{tenths // 10}.{tenths % 10} %"


def _plain(text: str, most: int) -> str:
    """Text as it may be drawn and stand in XML: printable, on one line, not too long."""
    plain = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return plain if len(plain) <= most else plain[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
