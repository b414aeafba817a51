"""What each problem's code means: gathered from the error classes and the contracts' errors.

Nothing here is listed by hand. A class is found by being a :class:`~crmdapp.errors.CrmdappError`;
its docstring says what it means, :mod:`crmdapp.wording` what can be done about it.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from inspect import getdoc

import crmdapp
from crmdapp.errors import ContractError, CrmdappError
from crmdapp.web.problems import status_of_class, title_of
from crmdapp.wording import general_words

_ELSEWHERE = ("crmdapp.cli", "crmdapp.sample")
"""Modules whose problems never reach the server."""

_SECTION = re.compile(r"^(Args|Attributes):\n((?:    .*\n?|\n)*)", re.MULTILINE)
_ENTRY = re.compile(r"^    (\w+): (.*(?:\n     +.*)*)", re.MULTILINE)
_HIDDEN = ("message", "why", "hint", "status", "exit_code")

_ADVICE: Mapping[int, str] = {
    400: "Compare the request with /openapi.json and send it again.",
    401: "Sign in, or send a valid API key.",
    403: "Act with an account or an API key that may do this.",
    404: "Check the number or address that was asked for, and whose it is.",
    405: "Use one of the methods that the header Allow names.",
    409: "Look at what is there now, then decide whether the request is still needed.",
    413: "Send less at once.",
    415: "Send application/json, or what /openapi.json says of this address.",
    421: "Use the address that the server printed when it was started.",
    422: "Change what the problem's fields name, then send the request again.",
    429: "Wait as long as Retry-After says, then send the same request again.",
    500: "Tell whoever runs the server the request id.",
    503: "Wait as long as Retry-After says, then send the same request again.",
}
"""What to do by HTTP status, where nothing more exact is known."""


@dataclass(frozen=True, slots=True)
class Field:
    """A figure that a problem bears.

    Attributes:
        name: Its name in the document's ``fields``.
        type: Solidity type; empty for what is no contract's problem.
        meaning: What it is; empty if its name says it.
    """

    name: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """One kind of problem.

    Attributes:
        title: What it is, in one line.
        status: HTTP status of the answer.
        explanation: What happened; names in braces stand for the problem's fields.
        advice: What can be done.
        signature: The contract's error; empty if no contract raises it.
        fields: Figures that come with it.
    """

    title: str
    status: int
    explanation: str
    advice: str
    signature: str
    fields: tuple[Field, ...]


@cache
def catalogue() -> Mapping[str, tuple[Meaning, ...]]:
    """Return what each code means; two kinds of problem may share a code."""
    for module in pkgutil.walk_packages(crmdapp.__path__, "crmdapp."):
        if not module.name.startswith(_ELSEWHERE) and not module.name.endswith("__main__"):
            with suppress(ImportError):  # an optional package is not installed: it raises nothing
                import_module(module.name)
    found: dict[str, dict[Meaning, None]] = {}
    for kind in sorted(set(_kinds(CrmdappError)), key=lambda kind: (kind.__name__, _place(kind))):
        found.setdefault(kind.__name__, {})[_meaning(kind)] = None
    return {code: tuple(meanings) for code, meanings in found.items()}


def _kinds(kind: type[CrmdappError]) -> Iterator[type[CrmdappError]]:
    if kind.__module__.startswith("crmdapp.") and not kind.__module__.startswith(_ELSEWHERE):
        yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)


def _place(kind: type[CrmdappError]) -> tuple[bool, str]:
    """What is wrong with a request comes before what else bears its name."""
    return not kind.__module__.startswith("crmdapp.web"), kind.__module__


def _meaning(kind: type[CrmdappError]) -> Meaning:
    status, title = status_of_class(kind), title_of(kind)
    said, advice = general_words(kind.__name__) if issubclass(kind, ContractError) else ("", "")
    return Meaning(
        title=title,
        status=status,
        explanation=said or _told(kind) or f"{title}.",
        advice=advice or _ADVICE[status],
        signature=kind.signature if issubclass(kind, ContractError) else "",
        fields=tuple(_fields(kind)),
    )


def _told(kind: type[CrmdappError]) -> str:
    text = " ".join((getdoc(kind) or "").partition("\n\n")[0].split()).replace("``", "")
    # A contract's source may say no more than the signature, which is a field of its own.
    return "" if text.startswith(f"{kind.__name__}(") else text


def _fields(kind: type[CrmdappError]) -> Iterator[Field]:
    if issubclass(kind, ContractError):
        for place, (name, type_) in enumerate(zip(kind.fields, kind.types, strict=True)):
            yield Field(name or str(place), type_, "")
        return
    seen = set(_HIDDEN)
    for section in _SECTION.finditer(getdoc(kind) or ""):
        for name, words in _ENTRY.findall(section[2]):
            if name not in seen:
                seen.add(name)
                yield Field(name, "", " ".join(words.split()).replace("``", ""))
