"""Generated Python twins: names, fields, docstrings and what decoding needs."""

import dataclasses
import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

from crmdapp.chain.decode import Event
from crmdapp.errors import ContractError
from scripts import _twins

ROOT = Path(__file__).resolve().parents[2]
(LAUNCHER,) = (ROOT / "scripts" / "solc").glob("solc-v*")

SHOP = """
pragma solidity ^0.8.0;
interface IShop {
    struct Line { uint256 itemId; address[] owners; }
    /// @notice Somebody bought something
    /// with a second line.
    /// @param from who paid
    /// @param lineItems what was bought,
    /// one entry per item
    event ItemsBought(address indexed from, string indexed shopName, Line[] lineItems);
    /// @dev Too little was paid.
    /// @custom:security internal
    error ShopPaymentShort(uint256 amountDue, bytes32 code);
    error ShopClosed();
    event Transfer(uint256 id);
    function buy() external;
}
interface IGate { event Transfer(uint256 indexed id); }
abstract contract Gate is IGate {}
abstract contract Shop is IShop {}
"""
MOCK = "pragma solidity ^0.8.0; contract BadMock { error MockOnly(); }"


@pytest.fixture(scope="module")
def modules():
    """The twin modules of a small project, as text by path."""
    wanted = {"": ["ast"], "*": ["abi", "evm.bytecode.object"]}
    request = {
        "language": "Solidity",
        "sources": {
            "contracts/shop/Shop.sol": {"content": SHOP},
            "contracts/common/Door.sol": {
                "content": "pragma solidity ^0.8.0; library Door { error DoorShut(bool locked); }"
            },
            "contracts/mocks/BadMock.sol": {"content": MOCK},
        },
        "settings": {"outputSelection": {"*": wanted}},
    }
    done = subprocess.run(
        [LAUNCHER, "--standard-json"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    return _twins.render_twins(json.loads(done.stdout))


@pytest.fixture(scope="module")
def shop(modules):
    """The classes of the shop's two modules."""
    found = {}
    for kind in ("events", "errors"):
        name = f"twins_of_shop_{kind}"
        module = types.ModuleType(name)
        sys.modules[name] = module
        exec(modules[f"shop/{kind}.py"], vars(module))  # what an import would do with the file
        found |= {each: vars(module)[each] for each in module.__all__}
        del sys.modules[name]
    return types.SimpleNamespace(**found)


def test_modules_follow_the_folders_of_the_contracts(modules):
    assert sorted(modules) == ["chain/errors.py", "shop/errors.py", "shop/events.py"]


def test_mocks_have_no_twins(modules):
    assert not any("MockOnly" in text for text in modules.values())


def test_an_event_becomes_a_frozen_dataclass_with_snake_case_fields(shop):
    twin = shop.ItemsBought
    assert issubclass(twin, Event)
    assert [each.name for each in dataclasses.fields(twin)] == ["from_", "shop_name", "line_items"]
    assert twin.signature == "ItemsBought(address,string,(uint256,address[])[])"
    assert twin.types == ("address", "string", "(uint256,address[])[]")
    assert twin.indexed == (True, True, False)
    assert twin.fields == ("from", "shopName", "lineItems")
    event = twin("0x01", b"hash", ())
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.from_ = "0x02"


def test_types_say_what_decoding_gives(shop):
    kinds = {each.name: each.type for each in dataclasses.fields(shop.ItemsBought)}
    assert kinds == {
        "from_": "str",
        "shop_name": "bytes",  # an indexed string is only a hash
        "line_items": "tuple[tuple[int, tuple[str, ...]], ...]",
    }


def test_natspec_becomes_the_docstring(shop):
    text = " ".join(shop.ItemsBought.__doc__.split())
    assert text.startswith("Somebody bought something with a second line.")
    assert "from_: who paid" in text
    assert "line_items: what was bought, one entry per item" in text
    assert shop.ShopPaymentShort.__doc__.strip() == "Too little was paid."
    assert "ShopClosed()" in shop.ShopClosed.__doc__


def test_an_error_becomes_an_exception_whose_reserved_fields_get_an_underscore(shop):
    twin = shop.ShopPaymentShort
    assert issubclass(twin, ContractError)
    error = twin(5, b"\1" * 32)
    assert (error.amount_due, error.code_) == (5, b"\1" * 32)
    assert error.code == "ShopPaymentShort"
    assert twin.selector.hex() == selector("ShopPaymentShort(uint256,bytes32)")


def test_one_name_in_two_forms_is_told_apart_by_the_contract(shop):
    assert shop.ShopTransfer.indexed == (False,)
    assert shop.GateTransfer.indexed == (True,)
    assert shop.ShopTransfer.topic == shop.GateTransfer.topic


def selector(signature):
    from eth_utils.crypto import keccak

    return keccak(text=signature)[:4].hex()
