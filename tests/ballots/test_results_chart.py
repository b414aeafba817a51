"""Charts of results: what they show, to eyes and to screen readers, and what they refuse."""

import io
from xml.etree import ElementTree

import pytest
from PIL import Image

from crmdapp.ballots import results_chart
from crmdapp.ballots.results_chart import (
    ChartedQuestion,
    ChartLibraryMissing,
    description,
    results_png,
    results_svg,
)
from crmdapp.errors import UsageError

SVG = "{http://www.w3.org/2000/svg}"
HOURS = ChartedQuestion("Longer hours?", ("Yes", "No", "Blank"), (412, 188, 12), 612, 1_000)
WHO = ChartedQuestion("Who?", ("Ada", "Grace"), (500, 300), 612, 1_000)
NO_SHARES = ChartedQuestion("Roof?", ("Yes", "No"), (), 3, 1_000, "too few trustees decrypted")


def drawn(*results, title="Town library", **values):
    return ElementTree.fromstring(results_svg(title, results, **values))


def words(svg):
    return [text.text or text[0].tail for text in svg.iter(SVG + "text")]


def bars(svg, fill="#2b6cb0"):
    return [int(bar.get("width")) for bar in svg.iter(SVG + "rect") if bar.get("fill") == fill]


def test_results_svg_shows_counts_shares_and_turnout():
    found = words(drawn(HOURS, WHO, note="Read at block 12"))
    assert found[0] == "Town library"
    assert "612 of 1,000 voters (61.2 %)" in found
    assert found[3:5] == ["Yes", "412 (67.3 %)"]
    assert "300 (49.0 %)" in found
    assert found[-1] == "Read at block 12"


def test_results_svg_draws_bars_in_proportion():
    svg = drawn(HOURS)
    yes, no, blank = bars(svg)
    (room,) = set(bars(svg, "#e4e9f0"))
    assert (yes, no, blank) == (room * 412 // 612, room * 188 // 612, room * 12 // 612)


def test_results_svg_shows_one_vote_among_many():
    one = ChartedQuestion("Q", ("Yes", "No"), (999_999, 1), 1_000_000, 1_000_000)
    none = ChartedQuestion("Q", ("Yes", "No"), (1_000_000, 0), 1_000_000, 1_000_000)
    assert bars(drawn(one))[1] == 1
    assert bars(drawn(none))[1] == 0


def test_results_svg_says_all_it_shows_to_screen_readers():
    svg = drawn(HOURS, NO_SHARES)
    assert svg.get("role") == "img"
    named = {part.get("id"): part.text for part in svg if part.get("id")}
    assert [named[name] for name in svg.get("aria-labelledby").split()] == [
        "Town library",
        (
            "Longer hours?: 612 of 1,000 voters (61.2 %). Yes 412 (67.3 %); No 188 (30.7 %);"
            " Blank 12 (2.0 %). Roof?: 3 of 1,000 voters (0.3 %). No result: too few trustees"
            " decrypted."
        ),
    ]


def test_results_svg_shows_a_question_without_result():
    svg = drawn(NO_SHARES)
    assert "No result: too few trustees decrypted." in words(svg)
    assert bars(svg) == []


def test_results_svg_of_no_ballots_is_empty_bars():
    nobody = ChartedQuestion("Q", ("Yes", "No"), (0, 0), 0, 0)
    assert bars(drawn(nobody)) == [0, 0]
    assert "0 of 0 voters (0.0 %)" in words(drawn(nobody))


@pytest.mark.parametrize("text", ['<script x="1">', "a & b", "\x00\x1b[31m", "\ud800", "x" * 500])
def test_results_svg_is_well_formed_whatever_the_words(text):
    result = ChartedQuestion(text, (text, "other"), (1, 1), 2, 2)
    svg = drawn(result, title=text, note=text)
    assert list(svg.iter("script")) == list(svg.iter(SVG + "script")) == []
    assert max(map(len, words(svg))) <= 111


def test_results_svg_gives_a_cut_label_in_full():
    long = "Extension of the reading room towards the garden"
    svg = drawn(ChartedQuestion("Q", (long, "No"), (1, 1), 2, 2))
    (label,) = [text for text in svg.iter(SVG + "text") if text.get("text-anchor") and len(text)][
        :1
    ]
    assert label[0].text == f"{long}: 1 (50.0 %)"
    assert label[0].tail == long[:29] + "…"


def test_results_png_is_a_picture_of_the_same_layout():
    svg, png = drawn(HOURS, WHO), results_png("Town library", [HOURS, WHO])
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        assert picture.size == (2 * int(svg.get("width")), 2 * int(svg.get("height")))
        colours = {colour for _, colour in picture.getcolors(1 << 20)}
        assert {(0x2B, 0x6C, 0xB0), (255, 255, 255)} <= colours
        assert picture.text["Title"] == "Town library"
        assert picture.text["Description"] == description([HOURS, WHO])


def test_results_png_is_refused_without_pillow(monkeypatch):
    monkeypatch.setattr(results_chart, "find_spec", lambda name: None)
    with pytest.raises(ChartLibraryMissing) as caught:
        results_png("Town library", [HOURS])
    assert "SVG" in caught.value.hint


def test_charts_are_refused_without_a_question():
    with pytest.raises(UsageError):
        results_svg("Town library", [])
    with pytest.raises(UsageError):
        results_png("Town library", [])


@pytest.mark.parametrize(
    ("counts", "ballots", "voters", "ground"),
    [
        ((1,), 2, 2, ""),
        ((1, 1, 1), 3, 3, ""),
        ((3, 0), 2, 2, ""),
        ((-1, 0), 2, 2, ""),
        ((1, 1), 3, 2, ""),
        ((1, 1), 2, 2, "no shares"),
    ],
)
def test_charted_question_is_refused_if_it_contradicts_itself(counts, ballots, voters, ground):
    with pytest.raises(UsageError):
        ChartedQuestion("Q", ("Yes", "No"), counts, ballots, voters, ground)
