"""Block headers that prove themselves: a header's hash is recomputed from its fields.

Who knows a block's hash from elsewhere (a second node, a block explorer, a friend) can take the
header from any node.

Source: Ethereum yellow paper, 4.3; EIP-1559, EIP-4895, EIP-4844, EIP-4788, EIP-7685.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain._rlp import encode, number
from crmdapp.chain._signed_json import read_word
from crmdapp.errors import NodeProblem, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection

_BYTES = "bytes"
_NUMBER = "number"
# In the order of the header; those of later forks follow, none before the one before it.
_FIELDS: tuple[tuple[str, str], ...] = (
    ("parentHash", _BYTES),
    ("sha3Uncles", _BYTES),
    ("miner", _BYTES),
    ("stateRoot", _BYTES),
    ("transactionsRoot", _BYTES),
    ("receiptsRoot", _BYTES),
    ("logsBloom", _BYTES),
    ("difficulty", _NUMBER),
    ("number", _NUMBER),
    ("gasLimit", _NUMBER),
    ("gasUsed", _NUMBER),
    ("timestamp", _NUMBER),
    ("extraData", _BYTES),
    ("mixHash", _BYTES),
    ("nonce", _BYTES),
    ("baseFeePerGas", _NUMBER),
    ("withdrawalsRoot", _BYTES),
    ("blobGasUsed", _NUMBER),
    ("excessBlobGas", _NUMBER),
    ("parentBeaconBlockRoot", _BYTES),
    ("requestsHash", _BYTES),
)
_ALWAYS = 15


class HeaderInvalid(VerificationFailed):
    """A block's header does not have the hash that it should."""


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """What a block's header says, its hash recomputed from all of its fields.

    Attributes:
        number: The block's number.
        hash: Its hash, 32 bytes.
        state_root: Root of the chain's state after it.
        timestamp: Unix seconds.
    """

    number: int
    hash: bytes
    state_root: bytes
    timestamp: int


def read_header(block: Mapping[str, Any], wanted: bytes | None = None) -> BlockHeader:
    """Return the header in a block as JSON-RPC gives it.

    Args:
        block: The block.
        wanted: The hash that it must have, from elsewhere; the block's own word by default.

    Raises:
        HeaderInvalid: Its fields do not give that hash, or are malformed.
    """
    try:
        stated = bytes.fromhex(str(block["hash"]).removeprefix("0x"))
        present = [name in block and block[name] is not None for name, _ in _FIELDS]
        # A header without a later fork's fields ends where they would begin.
        count = present.index(False) if False in present else len(_FIELDS)
        items = [_item(block[name], kind) for name, kind in _FIELDS[:count]]
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise HeaderInvalid("The node gave a malformed header.", why=f"{problem}.") from None
    found = keccak(encode(items))
    if (
        found != stated
        or count < _ALWAYS
        or any(present[count:])
        or (wanted is not None and found != wanted)
    ):
        raise HeaderInvalid(
            "The header does not have the block's hash.",
            why=f"Its fields give 0x{found.hex()}, wanted is 0x{(wanted or stated).hex()}.",
            hint="The node altered it, or the chain has headers of another form.",
        )
    names = [name for name, _ in _FIELDS]
    return BlockHeader(
        number=int.from_bytes(items[names.index("number")], "big"),
        hash=found,
        state_root=items[names.index("stateRoot")],
        timestamp=int.from_bytes(items[names.index("timestamp")], "big"),
    )


def header_at(connection: Connection, block: int | str = "latest") -> BlockHeader:
    """Return a node's header of a block, by number or tag.

    Raises:
        HeaderInvalid: Its fields do not give its hash.
        NodeProblem: The node has no such block, or could not be asked.
    """
    found = connection.block(block)
    if found is None:
        raise NodeProblem(f"The node has no block {block}.", hint="It may still sync.")
    header = read_header(found)
    if isinstance(block, int) and header.number != block:
        raise HeaderInvalid(f"The node gave block {header.number:,} for block {block:,}.")
    return header


def header_with(connection: Connection, block_hash: bytes | str) -> BlockHeader:
    """Return the header of the block with a hash, which may come from any node.

    Raises:
        HeaderInvalid: What the node gives has another hash.
        NodeProblem: The node has no such block, or could not be asked.
    """
    wanted = read_word(block_hash, "block hash") if isinstance(block_hash, str) else block_hash
    found = connection.request("eth_getBlockByHash", ["0x" + wanted.hex(), False])
    if not isinstance(found, Mapping):
        raise NodeProblem(f"The node has no block 0x{wanted.hex()}.", hint="It may still sync.")
    return read_header(found, wanted)


def _item(value: Any, kind: str) -> bytes:
    if kind == _NUMBER:
        return number(int(value, 16) if isinstance(value, str) else int(value))
    data = value if isinstance(value, str) else value.hex()
    return bytes.fromhex(data.removeprefix("0x"))
