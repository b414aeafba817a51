"""Reads the patches of this folder and applies them without regard to line numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_HEADER = re.compile(r"Defence: (?P<defence>.+)\nTest: (?P<test>\S.*)\n+(?=--- )")
_FILE = re.compile(r"^--- a/(?P<old>\S+)\n\+\+\+ b/(?P<new>\S+)\n", re.MULTILINE)
_HUNK = re.compile(r"^@@.*\n", re.MULTILINE)


class PatchStale(Exception):  # noqa: N818 -- named as the package names its errors
    """A patch does not fit the sources any more."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """A passage of a file and what becomes of it."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defence, the patch that removes it, and the test that must then fail."""

    name: str
    defence: str
    test: str
    hunks: tuple[Hunk, ...]

    def changed(self, folder: Path) -> dict[Path, str]:
        """Returns what the files below `folder` would hold.

        Raises:
            PatchStale: A passage is not there, or is there more than once.
        """
        changed: dict[Path, str] = {}
        for hunk in self.hunks:
            path = folder / hunk.path
            text = changed.get(path) or (path.read_text() if path.exists() else "")
            if (times := text.count(hunk.before)) != 1:
                raise PatchStale(f"{hunk.path} has this passage {times} times:\n{hunk.before}")
            changed[path] = text.replace(hunk.before, hunk.after)
        return changed

    def apply(self, folder: Path) -> dict[Path, str]:
        """Changes the files below `folder`; returns their former contents.

        Raises:
            PatchStale: A passage is not there, or is there more than once. No file was changed.
        """
        changed = self.changed(folder)
        originals = {path: path.read_text() for path in changed}
        for path, text in changed.items():
            path.write_text(text)
        return originals


def load(folder: Path, words: Sequence[str] = ()) -> list[Mutant]:
    """All patches of a folder whose name contains one of `words`, or all of them.

    Raises:
        ValueError: A file is not a patch with the two header lines.
    """
    paths = {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(folder.rglob("*.patch"))
    }
    return [
        _parse(name, path)
        for name, path in paths.items()
        if not words or any(word in name for word in words)
    ]


def _parse(name: str, path: Path) -> Mutant:
    text = path.read_text()
    header = _HEADER.match(text)
    if header is None:
        raise ValueError(f"{path}: begin with the lines 'Defence: ...' and 'Test: ...'")
    _, *files = _FILE.split(text[header.end() :])
    hunks = [
        Hunk(new, _side(body, "-"), _side(body, "+"))
        for new, diff in zip(files[1::3], files[2::3], strict=True)
        for body in _HUNK.split(diff)[1:]
    ]
    if not hunks:
        raise ValueError(f"{path}: there is no hunk (@@ ...) in it")
    return Mutant(name, header["defence"], header["test"], tuple(hunks))


def _side(body: str, sign: str) -> str:
    """The lines of a hunk as they are before (sign "-") or after (sign "+")."""
    lines = body.splitlines(keepends=True)
    return "".join(line[1:] or "\n" for line in lines if line[0] in (" ", sign, "\n"))
