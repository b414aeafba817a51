"""Signing in with a smart account (ERC-1271): its contract says whose signature is good."""

from dataclasses import dataclass

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import checksum
from crmdapp.chain.calls import Call
from tests.web.test_sign_in import Visitor, answered, code
from tests.web.town import Town

BEHAVIOURS = ("Judge", "AcceptAll", "Refuse", "Revert", "BurnGas", "ReturnBomb", "ReturnNothing")
BEHAVIOURS += ("ReturnFourBytes", "ReturnTrue", "RevertWithMagic")
SET_BEHAVIOUR = keccak(b"setBehaviour(uint8)")[:4]


@dataclass
class SmartAccount:
    """A contract with an address of its own, for which a key signs."""

    town: Town
    address: str
    role: str

    def sign_digest(self, digest):
        return self.town.signer(self.role).sign_digest(digest)

    def behave(self, name):
        word = BEHAVIOURS.index(name).to_bytes(32, "big")
        sender = self.town.sender("outsider")
        sender.wait(sender.send(Call(self.address, SET_BEHAVIOUR + word)))


@pytest.fixture(scope="module")
def account(project, server, town):
    """The customer's smart account."""
    code = str(project.WalletMock.contract_type.deployment_bytecode.bytecode)
    owner = bytes.fromhex(town.address("customer")[2:]).rjust(32, b"\0")
    sender = town.sender("outsider")
    made = sender.wait(sender.send(Call(None, bytes.fromhex(code.removeprefix("0x")) + owner)))
    return SmartAccount(town, checksum(made.contract_address), "customer")


@pytest.fixture
def visitor(server):
    with Visitor(server) as visitor:
        yield visitor


def test_smart_account_signs_in_by_its_owners_signature(visitor, account):
    account.behave("Judge")
    assert visitor.ask("/sign-in/wallet", answered(visitor, account)).status_code == 200
    assert visitor.account == account.address


def test_smart_account_that_accepts_another_kind_of_signature_signs_in(visitor, account):
    account.behave("AcceptAll")
    given = answered(visitor, account, signature="0x" + "5a" * 333)
    assert visitor.ask("/sign-in/wallet", given).status_code == 200
    assert visitor.account == account.address


def test_smart_account_signs_in_once_by_a_signature(visitor, account):
    account.behave("AcceptAll")
    given = answered(visitor, account)
    assert visitor.ask("/sign-in/wallet", given).status_code == 200
    assert code(visitor.ask("/sign-in/wallet", given)) == (401, "SignInRefused")


def test_smart_account_that_is_not_the_signers_is_refused(visitor, account, town):
    account.behave("Judge")
    stranger = SmartAccount(town, account.address, "rival")
    assert code(visitor.ask("/sign-in/wallet", answered(visitor, stranger))) == (
        401,
        "SignInRefused",
    )
    assert visitor.account is None


def test_smart_account_that_says_more_than_yes_signs_in(visitor, account):
    """The first word counts, as it does on chain."""
    account.behave("ReturnBomb")
    assert visitor.ask("/sign-in/wallet", answered(visitor, account)).status_code == 200


@pytest.mark.parametrize("name", [name for name in BEHAVIOURS[2:] if name != "ReturnBomb"])
def test_smart_account_that_does_not_say_yes_is_refused(visitor, account, name):
    account.behave(name)
    assert code(visitor.ask("/sign-in/wallet", answered(visitor, account))) == (
        401,
        "SignInRefused",
    )
    assert visitor.account is None


def test_smart_account_is_asked_within_bounded_gas(visitor, account, server, monkeypatch):
    account.behave("BurnGas")
    connection, asked = server.context.connection, []
    ask = connection.eth_call

    def watched(call, **options):
        asked.append(options["gas"])
        return ask(call, **options)

    monkeypatch.setattr(connection, "eth_call", watched)
    visitor.ask("/sign-in/wallet", answered(visitor, account))
    assert len(asked) == 1
    assert asked[0] < 1_000_000
