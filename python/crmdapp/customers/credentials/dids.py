"""Decentralised identifiers of Ethereum accounts, read and written.

Two methods name an account: ``did:pkh`` an account as it is, ``did:ethr`` an identity whose keys
a registry (ERC-1056) may have changed since. With the chain's id in it, an identifier means one
account on one chain; without, ``did:ethr`` means the main network.

Source: did:ethr, https://github.com/decentralized-identity/ethr-did-resolver (method
specification); did:pkh, https://github.com/w3c-ccg/did-pkh; CAIP-10.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crmdapp.chain._keccak import keccak
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import checksum, require_address
from crmdapp.errors import UsageError

ETHR = "ethr"
PKH = "pkh"

CHAIN_ID_MAX = (1 << 64) - 1

_NETWORKS = {"mainnet": 1, "sepolia": 11_155_111}
_PKH = re.compile(r"did:pkh:eip155:(0|[1-9][0-9]{0,19}):(0x[0-9a-fA-F]{40})", re.ASCII)
_ETHR = re.compile(
    r"did:ethr:(?:(0x[0-9a-fA-F]{1,16}|[a-z]{1,32}):)?(0x[0-9a-fA-F]{40}|0x0[23][0-9a-fA-F]{64})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Did:
    """An identifier taken apart.

    Attributes:
        method: :data:`ETHR` or :data:`PKH`.
        chain_id: The chain.
        address: The account or identity.
        public_key: Its first key, 33 bytes, if the identifier names it (``did:ethr`` only).
    """

    method: str
    chain_id: int
    address: str
    public_key: bytes | None = None

    @classmethod
    def parse(cls, text: str) -> Did:
        """Return the identifier that a text is, without path, query or fragment.

        Raises:
            UsageError: It is none of the two methods, of a network that is not known by name, or
                written in mixed case with a wrong checksum.
        """
        if match := _PKH.fullmatch(text):
            return cls(PKH, _chain_id(int(match[1])), require_address(match[2]))
        if match := _ETHR.fullmatch(text):
            chain_id = _chain_id(_network(match[1]))
            if len(match[2]) == 42:
                return cls(ETHR, chain_id, require_address(match[2]))
            key = bytes.fromhex(match[2][2:])
            return cls(ETHR, chain_id, _address_of(key), key)
        raise UsageError(
            "This is no identifier of an Ethereum account.",
            hint="Write did:ethr:0x<chain id in hex>:0x... or did:pkh:eip155:<chain id>:0x...",
        )

    @classmethod
    def ethr(cls, address: str, chain_id: int) -> Did:
        """Return the identifier of an identity whose keys may change.

        Raises:
            UsageError: The address or the chain's id is malformed.
        """
        return cls(ETHR, _chain_id(chain_id), require_address(address))

    @classmethod
    def pkh(cls, address: str, chain_id: int) -> Did:
        """Return the identifier of an account as it is.

        Raises:
            UsageError: The address or the chain's id is malformed.
        """
        return cls(PKH, _chain_id(chain_id), require_address(address))

    def __str__(self) -> str:
        """Return the identifier in the one form that this package writes."""
        if self.method == PKH:
            return f"did:pkh:eip155:{self.chain_id}:{self.address}"
        name = self.address if self.public_key is None else "0x" + self.public_key.hex()
        return f"did:ethr:0x{self.chain_id:x}:{name}"

    @property
    def account_id(self) -> str:
        """The account's name by CAIP-10, such as ``eip155:1:0x...``."""
        return f"eip155:{self.chain_id}:{self.address}"


def _network(name: str | None) -> int:
    if name is None:
        return 1
    if name.startswith("0x"):
        return int(name, 16)
    if name not in _NETWORKS:
        raise UsageError(
            "The identifier names a network that is not known here.",
            hint="Write its chain id instead, in hex: did:ethr:0x...:0x...",
        )
    return _NETWORKS[name]


def _chain_id(chain_id: int) -> int:
    return require_whole("chain_id", chain_id, CHAIN_ID_MAX, least=1)


def _address_of(key: bytes) -> str:
    from coincurve import PublicKey

    try:
        point = PublicKey(key).format(compressed=False)
    except ValueError:
        raise UsageError("The identifier names no public key of secp256k1.") from None
    return checksum("0x" + keccak(point[1:])[12:].hex())
