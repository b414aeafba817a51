"""New files: whole or not at all, and a word on what is in the way."""

import os
import stat

import pytest

from crmdapp.chain import _files
from crmdapp.chain._files import OWN, SHARED, create
from crmdapp.errors import DiskFull, PermissionDenied, UsageError


def failing(monkeypatch, name, problem):
    """Lets a call of the system fail."""

    def fail(*_, **__):
        raise problem

    monkeypatch.setattr(os, name, fail)


@pytest.mark.parametrize(("mode", "kept"), [(OWN, 0o600), (SHARED, 0o640)])
def test_create_writes_the_file_with_its_mode(tmp_path, mode, kept):
    path = tmp_path / "order.json"
    before = os.umask(0o027)
    try:
        create(path, b"one", mode=mode)
    finally:
        os.umask(before)
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == kept
    assert list(tmp_path.iterdir()) == [path]


def test_create_overwrites_nothing(tmp_path):
    path = tmp_path / "order.json"
    path.write_text("mine")
    (tmp_path / "hanging").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "folder").mkdir()
    for taken in (path, tmp_path / "hanging", tmp_path / "folder"):
        with pytest.raises(UsageError, match="There is a file"):
            create(taken, b"new")
    assert path.read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_create_overwrites_nothing_that_appears_meanwhile(tmp_path, monkeypatch):
    path = tmp_path / "order.json"
    path.write_text("mine")
    monkeypatch.setattr(_files, "require_creatable", lambda path: None)
    with pytest.raises(UsageError, match="There is a file"):
        create(path, b"new")
    assert path.read_text() == "mine"
    with pytest.raises(UsageError, match="There is no folder"):
        create(tmp_path / "none" / "order.json", b"new")


def test_create_leaves_nothing_behind_if_the_disk_is_full(tmp_path, monkeypatch):
    failing(monkeypatch, "fsync", OSError(28, "No space left on device"))
    with pytest.raises(DiskFull):
        create(tmp_path / "order.json", b"new")
    assert list(tmp_path.iterdir()) == []


def test_create_says_what_is_in_its_way(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="There is no folder"):
        create(tmp_path / "none" / "order.json", b"new")
    failing(monkeypatch, "open", PermissionError(13, "Permission denied"))
    with pytest.raises(PermissionDenied, match="cannot be written"):
        create(tmp_path / "order.json", b"new")
