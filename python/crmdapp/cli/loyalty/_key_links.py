"""Links with a key in them: read without showing them, kept for the giver, written to files.

A link is never a word that must stand on the command line, where other users of the machine and
the shell's history see it: a file that holds it, or standard input, will always do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from crmdapp.cli._output import Output
from crmdapp.cli._sending import was_sent
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session

ThingT = TypeVar("ThingT")

PicturesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write the link there, as QR code (.png, .svg) or text, not to stdout; repeatable.",
    ),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Page that the link opens, over https."),
]

_LINK_BYTES = 8_192
_PICTURES = (".png", ".svg")
_SHORTEST = 60


class KeptLinks:
    """The links that this machine made, one file each, which only their owner can read.

    Args:
        folder: Where they are; made with mode 0700 when the first is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return the file of the link called ``name``, an address or id in hex."""
        return self._folder / f"{name.lower()}.link"

    def keep(self, name: str, link: str) -> Path:
        """Write a link down, durably, unless it is there already."""
        from crmdapp.chain.qr import write_link

        path = self.path(name)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            write_link(path, link)
        return path

    def drop(self, name: str) -> None:
        """Forget a link; nothing happens if there is none."""
        self.path(name).unlink(missing_ok=True)

    def find(self, name: str) -> str | None:
        """Return the link called ``name``, if it is kept."""
        hexadecimal = name[:2] in ("0x", "0X") and name.isalnum()
        path = self.path(name)
        return path.read_text().strip() if hexadecimal and path.is_file() else None

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self._folder.glob("0x*.link")):
            yield path.read_text().strip()

    @contextmanager
    def during(self, session: Session, name: str, link: str) -> Iterator[None]:
        """Keep a link before something is sent to it; forget it again if nothing was.

        Whatever interrupts the block, a link whose transaction may be on its way stays.
        """
        new = not self.path(name).exists()
        self.keep(name, link)
        try:
            yield
        finally:
            if new and not was_sent(session, session.once):
                self.drop(name)


def read_link(text: str, kept: KeptLinks, parse: Callable[[str], ThingT]) -> ThingT:
    """Return what a link carries that is given as such, by a file, on stdin, or by name if kept.

    Args:
        text: The link, a file that holds it, ``-`` for standard input, or the address or id of one
            that is kept.
        kept: The links that this machine made.
        parse: Reads a link.

    Raises:
        UsageError: It is none of these; the message does not repeat a link.
    """
    if text == "-":
        return parse(_from_stdin())
    if "#" in text:
        return parse(text)
    found = kept.find(text)
    if found is not None:
        return parse(found)
    path = Path(text)
    if path.suffix.lower() in _PICTURES:
        raise UsageError(
            f"{text} is a picture, which is not read here.",
            hint="Scan it with a phone and give the link that it shows.",
        )
    if len(text) < _SHORTEST or "/" in text or path.is_file():
        return parse(_from_file(path))
    return parse(text)


def write_link_files(link: str, paths: Sequence[Path]) -> list[str]:
    """Write a link to files of mode 0600 and return their names."""
    from crmdapp.chain.qr import write_link

    for path in paths:
        write_link(path, link)
    return [str(path) for path in paths]


def _from_stdin() -> str:
    if Output().has_terminal:
        from getpass import getpass

        return getpass("Link: ")
    return sys.stdin.read(_LINK_BYTES)


def _from_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_LINK_BYTES)
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.") from None
    except (FileNotFoundError, IsADirectoryError):
        raise UsageError(
            f"{str(path)!r} is neither a link nor a file that holds one.",
            hint="Give the whole link in quotes, a file, or - and the link on standard input.",
        ) from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.") from None
