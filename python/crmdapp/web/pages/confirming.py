"""The page on which a browser's wallet confirms what a form needs."""

from __future__ import annotations

import json
import re
from typing import Any

from fastapi import Request, Response

from crmdapp.chain import artifacts
from crmdapp.chain.calls import Call
from crmdapp.errors import CrmdappError
from crmdapp.web.pages import page
from crmdapp.web.security.sessions import STEP_FIELD
from crmdapp.web.wallets import UnconfirmedError

WAIT_SECONDS = 180
"""How long the page looks for the receipt before it says that there is none yet."""

_WEI_DIGITS = 18
_MILLIONTH = 10**12
_TEXT_MAX = 120
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def confirm_page(request: Request, problem: Exception) -> Response:
    """Answer a form with the page that asks the person's wallet for the next transaction."""
    assert isinstance(problem, UnconfirmedError)  # what the handler is registered for
    call, step = problem.call, problem.step
    unsigned = {
        "from": problem.account,
        "to": call.to,
        "data": "0x" + call.data.hex(),
        "value": hex(call.value),
        "gas": hex(problem.costs.gas),
    }
    return page(
        request,
        "confirm.html",
        unsigned=json.dumps(unsigned),
        step_field=STEP_FIELD,
        step=step.to_text(),
        seal=step.seal,
        number=len(problem.done) + 1,
        done=[(item.hash, item.to_text()) for item in problem.done],
        form=problem.form,
        what=_words(call.function) or "Send ether",
        contract=_words(call.contract),
        to=call.to,
        account=problem.account,
        value=ether(call.value),
        fee=ether(_rounded(problem.costs.cost - call.value)),
        arguments=_arguments(call),
        wait_seconds=WAIT_SECONDS,
    )


def ether(wei: int) -> str:
    """Return an amount in ether, exactly: ``1500000000000000000`` gives ``"1.5"``."""
    whole, rest = divmod(wei, 10**_WEI_DIGITS)
    digits = f"{rest:0{_WEI_DIGITS}d}".rstrip("0")
    return f"{whole:,}.{digits}" if digits else f"{whole:,}"


def _rounded(wei: int) -> int:
    """Return the amount rounded up to a millionth of an ether."""
    return -(-wei // _MILLIONTH) * _MILLIONTH


def _words(name: str) -> str:
    """Return a name of Solidity as words: ``createProgram`` gives ``"Create program"``."""
    parts = [part if part.isupper() else part.lower() for part in _WORDS.findall(name)]
    text = " ".join(parts)
    return text[:1].upper() + text[1:]


def _arguments(call: Call) -> list[tuple[str, str]]:
    names = _names(call) or [""] * len(call.args)
    return [
        (_words(name) or f"Number {place}", _shown(value))
        for place, (name, value) in enumerate(zip(names, call.args, strict=True), start=1)
    ]


def _names(call: Call) -> list[str]:
    """Return the parameters' names; none if the package does not ship the contract."""
    try:
        abi = artifacts.load(call.contract).abi
    except CrmdappError:
        return []
    found = (
        [str(item["name"]) for item in entry["inputs"]]
        for entry in abi
        if entry.get("type") == "function"
        and entry["name"] == call.function
        and len(entry["inputs"]) == len(call.args)
    )
    return next(found, [])


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        text = "0x" + value.hex()
    elif isinstance(value, list | tuple):
        text = ", ".join(_shown(item) for item in value)
    else:
        text = str(value)
    return text if len(text) <= _TEXT_MAX else text[:_TEXT_MAX] + "…"
