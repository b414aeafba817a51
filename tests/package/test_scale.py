"""The page about scale says what the bench measured, and its sums are right."""

import copy
import json

import pytest

from scripts import export_scale


@pytest.fixture(scope="module")
def results():
    return json.loads(export_scale.RESULTS.read_text(encoding="utf-8"))


def test_page_is_what_the_figures_make(results):
    assert export_scale.PAGE.read_text(encoding="utf-8") == export_scale.page(results), (
        "run python -m scripts.export_scale"
    )


def test_page_follows_every_figure_that_it_shows(results):
    page = export_scale.page(results)
    for area, operation in export_scale.SHOWN:
        changed = copy.deepcopy(results)
        for row in changed["rows"]:
            if (row["area"], row["operation"]) == (area, operation):
                row["ours"] = row["ours"] * 3 + 1
        assert export_scale.page(changed) != page, operation


def test_page_multiplies(results):
    # 24,000,000 awards at a thousandth of the batch of 1,000, on a chain of 5,000,000 gas a second.
    found = export_scale.Figures(results)
    gas = 24_000_000 * found("loyalty", "award 1,000, existing balances") / 1_000

    page = export_scale.page(results)

    (line,) = (line for line in page.splitlines() if line.startswith("| earn, in files"))
    assert f"{gas / 1_000_000:,.0f} million" in line
    assert f"{gas / 5_000_000 / 3_600:.1f} hours" in line


def test_page_shows_every_row_of_index_and_api(results):
    page = export_scale.page(results)

    rows = [row for row in results["rows"] if row["area"] in ("index", "api")]
    assert rows
    assert [row["operation"] for row in rows if row["operation"] not in page] == []


def test_figures_refuse_a_row_that_is_gone(results):
    gone = {"rows": [row for row in results["rows"] if row["area"] != "ballots"]}

    with pytest.raises(KeyError):
        export_scale.page(gone)


def test_main_checks_without_writing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(export_scale, "PAGE", tmp_path / "scale.md")

    assert export_scale.main(["--check"]) == 1
    assert "not up to date" in capsys.readouterr().err
    assert export_scale.main([]) == 0
    assert export_scale.main(["--check"]) == 0
