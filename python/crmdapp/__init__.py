"""Customer loyalty, provenance and ballots on any EVM chain, from one Python package.

Names are loaded when first used, so importing the package neither connects to anything nor reads
a file, and costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Keystore as Keystore
    from crmdapp.chain.accounts import LocalSigner as LocalSigner
    from crmdapp.chain.accounts import Signer as Signer
    from crmdapp.chain.accounts import signer_from_environment as signer_from_environment
    from crmdapp.chain.connection import Connection as Connection
    from crmdapp.chain.connection import connect as connect
    from crmdapp.chain.journal import Journal as Journal
    from crmdapp.chain.sender import Sender as Sender
    from crmdapp.config import Config as Config
    from crmdapp.config import load_config as load_config
    from crmdapp.errors import ContractError as ContractError
    from crmdapp.errors import CrmdappError as CrmdappError
    from crmdapp.loyalty.client import LoyaltyClient as LoyaltyClient

__version__ = "0.1.0"

_HOMES = {
    "Config": "crmdapp.config",
    "Connection": "crmdapp.chain.connection",
    "ContractError": "crmdapp.errors",
    "CrmdappError": "crmdapp.errors",
    "Journal": "crmdapp.chain.journal",
    "Keystore": "crmdapp.chain.accounts",
    "LocalSigner": "crmdapp.chain.accounts",
    "LoyaltyClient": "crmdapp.loyalty.client",
    "Sender": "crmdapp.chain.sender",
    "Signer": "crmdapp.chain.accounts",
    "connect": "crmdapp.chain.connection",
    "load_config": "crmdapp.config",
    "signer_from_environment": "crmdapp.chain.accounts",
}

__all__ = [
    "Config",
    "Connection",
    "ContractError",
    "CrmdappError",
    "Journal",
    "Keystore",
    "LocalSigner",
    "LoyaltyClient",
    "Sender",
    "Signer",
    "__version__",
    "connect",
    "load_config",
    "signer_from_environment",
]


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'crmdapp' has no attribute {name!r}") from None
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
