"""The check that keeps registry addresses, machine paths and private keys out of the project."""

import pytest

from scripts import check_tree


def test_the_tree_holds_nothing_forbidden():
    assert check_tree.main() == 0


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("index = https://" + "pypi" + ".org/simple", "the address of a package registry"),
        ("registry=https://registry." + "npmjs.org/", "the address of a package registry"),
        ("path: /ro" + "ot/.cache/tool", "a path of one machine"),
        ("see /ho" + "me/somebody/notes", "a path of one machine"),
        ("-----BEGIN EC " + "PRIVATE KEY-----", "a private key"),
    ],
)
def test_each_kind_is_found(line, what, tmp_path, monkeypatch, capsys):
    (tmp_path / "notes.txt").write_text(f"first line\n{line}\n")
    monkeypatch.setattr(check_tree, "ROOT", tmp_path)
    monkeypatch.setattr(check_tree, "_files", lambda: iter([tmp_path / "notes.txt"]))
    assert check_tree.main() == 1
    assert f"notes.txt:2: {what}" in capsys.readouterr().out


def test_relative_paths_and_routes_pass(tmp_path, monkeypatch):
    (tmp_path / "page.md").write_text("see tests/root/a and docs/work/b\n")
    monkeypatch.setattr(check_tree, "ROOT", tmp_path)
    monkeypatch.setattr(check_tree, "_files", lambda: iter([tmp_path / "page.md"]))
    assert check_tree.main() == 0
