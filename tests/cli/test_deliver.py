"""Results go to stdout or, whole or not at all, to a new file."""

import io
import json
import os
from contextlib import redirect_stdout
from types import SimpleNamespace

import pytest

from crmdapp.cli._deliver import deliver, json_text
from crmdapp.cli._output import Output
from crmdapp.errors import DiskFull, UsageError


def delivered(text, out, data, *, as_json=False):
    """What deliver prints."""
    output, printed = Output(), io.StringIO()
    output.json = as_json
    with redirect_stdout(printed):
        deliver(SimpleNamespace(out=output), text, out, data)
    return printed.getvalue()


def test_deliver_prints_without_a_file():
    assert delivered(json_text({"a": 1}), None, {"digest": b"x"}) == '{\n  "a": 1\n}\n'


def test_deliver_writes_a_file_and_says_so(tmp_path):
    path = tmp_path / "order.json"
    assert delivered("text\n", path, {}) == f"Written to {path}.\n"
    assert path.read_text() == "text\n"
    told = delivered("text\n", tmp_path / "two.json", {"coupons": 2}, as_json=True)
    assert json.loads(told) == {"file": str(tmp_path / "two.json"), "coupons": 2}


def test_deliver_leaves_no_half_of_a_file(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        delivered("text\n", tmp_path / "order.json", {})
    assert list(tmp_path.iterdir()) == []


def test_deliver_overwrites_nothing(tmp_path):
    path = tmp_path / "order.json"
    path.write_text("mine")
    with pytest.raises(UsageError, match="There is a file"):
        delivered("text\n", path, {})
    assert path.read_text() == "mine"
