"""What the documents tell people to type works, in the order in which they tell it."""

import re

import pytest

from tests.e2e.documents import ROOT, SECONDS, blocks_of, make_targets_of, run

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WITH_COMMANDS = [
    path
    for path in DOCUMENTS
    if any(block.language in ("sh", "python") for block in blocks_of(path))
]
LINES_MAX = 150

_LINK = re.compile(r"\]\(([^)#]+?)(?:#[^)]*)?\)")


@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.parametrize("path", WITH_COMMANDS, ids=lambda path: path.name)
def test_commands_work_in_their_order(path, tmp_path):
    done = run(path, tmp_path)

    assert done.returncode == 0, done.stderr[-3000:]


def test_readme_shows_commands_python_and_both_first_steps():
    readme = DOCUMENTS[0]

    assert readme in WITH_COMMANDS
    assert {"sh", "python"} <= {block.language for block in blocks_of(readme)}
    assert {"demo", "test"} <= make_targets_of(readme)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_exist(path):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    assert make_targets_of(path) <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(path):
    links = [link for link in _LINK.findall(path.read_text()) if "://" not in link]

    assert [link for link in links if not (path.parent / link).exists()] == []


def test_readme_is_short():
    assert len(DOCUMENTS[0].read_text().splitlines()) <= LINES_MAX


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_files_named_in_documents_exist(path):
    named = set(
        re.findall(r"`((?:contracts|python|scripts|tests|docs)/[\w./-]+)`", path.read_text())
    )

    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_tests_named_in_documents_exist(path):
    sources = "".join(file.read_text() for file in (ROOT / "tests").rglob("*.py"))
    defined = set(re.findall(r"^    def (test_\w+)|^def (test_\w+)", sources, re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", path.read_text()))

    assert sorted(named - {name for pair in defined for name in pair}) == []
