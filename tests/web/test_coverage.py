"""Whatever a client can send can be done over HTTP, or there is a reason why not."""

import inspect
import pkgutil
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import crmdapp.web
from crmdapp.chain.client import ContractClient

_WALLET = "is the customer's own, sent from their own wallet; the company never acts for them"
_TRUSTEE = "is a trustee's, whose keys never leave their own machine"
_WATCHDOG = "accuses the company that the server works for: who holds the receipt sends it alone"
_BULK = "is for files of thousands, which the command line carries out with a journal"

EXEMPT = {
    "VoucherClient.refund": "pays the card's buyer, who sends it from their own wallet",
    "LogClient.answer": "needs the proof from the company's log, which the command line makes",
    "LogClient.challenge": _WATCHDOG,
    "LogClient.flag": _WATCHDOG,
    "LogClient.prove_fork": _WATCHDOG,
    "AttestationClient.disown": _WALLET,
    "AttestationClient.disown_by_sig": "publishes whom a statement is about: the subject chooses",
    "BadgeClient.burn": "ends a badge for ever: its holder's wallet does it",
    "BadgeClient.follow": _WALLET,
    "BadgeClient.mint": _WALLET,
    "ConsentClient.withdraw_many": "each withdrawal is signed and relayed by itself",
    "DidClient.bind": _WALLET,
    "DidClient.change_owner": _WALLET,
    "DidClient.set_attribute": _WALLET,
    "DidClient.set_delegate": _WALLET,
    "DidClient.submit": _WALLET,
    "RegistryClient.link_many": _BULK,
    "RegistryClient.register_self": _WALLET,
    "ItemsClient.commission_many": _BULK,
    "BoardClient.commit_deal": _TRUSTEE,
    "BoardClient.complain": _TRUSTEE,
    "BoardClient.finalise": _TRUSTEE,
    "BoardClient.post_deal": _TRUSTEE,
    "BoardClient.register_key": _TRUSTEE,
    "BoardClient.restart": _TRUSTEE,
    "BoxClient.cast_batch": "is the relay's, which gathers ballots from a folder",
    "TallyClient.post_shares": _TRUSTEE,
    "TallyClient.tally_group": "takes the shares that the trustees posted one by one",
}
"""Methods that send, without a route, and why."""


@cache
def sending():
    """The names of all methods of clients that take an idempotency key."""
    for domain in ("loyalty", "customers", "provenance", "ballots"):
        package = import_module(f"crmdapp.{domain}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    found = {}
    for kind in clients(ContractClient):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            is_own = not name.startswith("_") and not hasattr(ContractClient, name)
            if is_own and "key" in inspect.signature(method).parameters:
                found.setdefault(f"{kind.__name__}.{name}", kind)
    return found


def clients(kind):
    for child in kind.__subclasses__():
        if child.__module__.startswith("crmdapp."):
            yield child
            yield from clients(child)


@cache
def sources():
    folder = Path(crmdapp.web.__file__).parent
    return [path.read_text() for path in folder.rglob("*.py")]


def is_used(method):
    kind, _, name = method.partition(".")
    return any(kind in text and re.search(rf"\.{name}(_call)?\b", text) for text in sources())


@pytest.mark.parametrize("method", sorted(sending()))
def test_method_that_sends_has_a_route_or_a_reason(method):
    assert is_used(method) or method in EXEMPT, (
        f"{method} needs a route, an intent or a reason in EXEMPT"
    )


def test_no_reason_is_given_for_what_has_a_route_or_is_gone():
    assert sorted(set(EXEMPT) - set(sending())) == []
    assert [method for method in EXEMPT if is_used(method)] == []


def test_models_have_names_of_their_own():
    """FastAPI gives two models of one name the names of their modules."""
    from scripts.export_api import document

    schemas = document()["components"]["schemas"]
    assert [name for name in schemas if "crmdapp" in name] == []
