"""Numbers of works and items in the addresses of pages and routes."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Path

from crmdapp.web.errors import RequestInvalid

_NUMBER = re.compile("0[xX]([0-9a-fA-F]{1,64})|([0-9]{1,78})", re.ASCII)


def word_of(text: str, name: str = "id") -> int:
    """Return a number of 256 bits that stands in an address, 0x hex or decimal.

    Raises:
        RequestInvalid: It is none.
    """
    found = _NUMBER.fullmatch(text)
    number = -1 if found is None else int(found[1], 16) if found[1] else int(found[2])
    if not 0 <= number < 1 << 256:
        raise RequestInvalid(
            f"The {name} is not 0x and up to 64 hex digits, or a decimal number.",
            ((f"path.{name}", "no number of 256 bits"),),
        )
    return number


def _number(
    id_: Annotated[str, Path(alias="id", max_length=80, examples=["0x" + "ab" * 32])],
) -> int:
    return word_of(id_)


NumberDep = Annotated[int, Depends(_number)]
"""A work or an item that the address names: ``{id}``, hex or decimal."""
