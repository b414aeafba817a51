"""A buyer's permission of a coin by signature, so that a purchase is one transaction.

Source: ERC-2612, ERC-5267.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.chain.calls import BoundContract
from crmdapp.chain.signed import unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import ContractError, ContractMissing, TransactionReverted, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.connection import Connection

_VERSIONS = ("1", "2")
_WORD_MAX = (1 << 256) - 1


class PermitUnsupported(UsageError):  # noqa: N818 - named for the problem, as all are
    """A coin takes no permission by signature (ERC-2612), or by none that is known here."""


@dataclass(frozen=True, slots=True)
class Permit(TypedData):
    """Permission of the owner that the spender takes coins.

    Attributes:
        owner: Whose coins, who signs.
        spender: Who may take them.
        value: Base units.
        nonce: The coin's count of the owner's permissions.
        deadline: Last second, Unix time.
    """

    TYPE: ClassVar[str] = (
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    )

    owner: str
    spender: str
    value: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class CoinPermit:
    """A signed permission of a coin, twin of the Solidity struct.

    Attributes:
        value: Base units.
        deadline: Last second, Unix time.
        v: 27 or 28.
        r: 32 bytes.
        s: 32 bytes.
    """

    value: int
    deadline: int
    v: int
    r: bytes
    s: bytes

    @property
    def values(self) -> tuple[int, int, int, bytes, bytes]:
        """The fields as the contract takes them."""
        return self.value, self.deadline, self.v, self.r, self.s


def sign_permit(
    connection: Connection,
    signer: Signer,
    coin: str,
    spender: str,
    value: int,
    *,
    deadline: int | datetime,
) -> CoinPermit:
    """Sign that ``spender`` may take coins of the signer's, and no more.

    Args:
        connection: The chain, which is asked for the coin's domain and count.
        signer: Whose coins.
        coin: The ERC-20.
        spender: Who may take them.
        value: Base units.
        deadline: Last moment: Unix seconds or an aware datetime.

    Raises:
        PermitUnsupported: The coin takes no such permission.
        KeyProblem: The signer cannot sign.
    """
    contract = _coin(connection, coin)
    domain, nonce = permit_domain(connection, contract), _nonce(contract, signer.address)
    until = require_whole("deadline", unix_seconds(deadline), _WORD_MAX)
    amount = require_whole("value", value, _WORD_MAX)
    permit = Permit(signer.address, require_address(spender), amount, nonce, until)
    signature = permit.sign(signer, domain)
    return CoinPermit(amount, until, signature[64], signature[:32], signature[32:64])


def permit_domain(connection: Connection, contract: BoundContract) -> Domain:
    """Return what permissions of a coin are signed for; the coin itself confirms it.

    Raises:
        PermitUnsupported: It does not.
    """
    try:
        separator = contract.read("DOMAIN_SEPARATOR")
        name = contract.read("name")
    except (ContractError, ContractMissing, TransactionReverted):
        raise _unsupported(contract.address) from None
    for version in _VERSIONS:
        domain = Domain(name, version, connection.chain_id, contract.address)
        if domain.separator() == separator:
            return domain
    raise _unsupported(contract.address)


def _nonce(contract: BoundContract, owner: str) -> int:
    try:
        count: int = contract.read("nonces", owner)
    except (ContractError, ContractMissing, TransactionReverted):
        raise _unsupported(contract.address) from None
    return count


def _coin(connection: Connection, address: str) -> BoundContract:
    from crmdapp.chain import artifacts

    return BoundContract(
        connection, "Coin", require_address(address), artifacts.load("TestCoin").abi
    )


def _unsupported(coin: str) -> PermitUnsupported:
    return PermitUnsupported(
        f"The coin {coin} takes no permission by signature.",
        why="It has no permit of ERC-2612, or one of an unknown domain.",
        hint="Let the contract take the amount first (approve), then buy.",
    )
