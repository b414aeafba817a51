"""Who posted the messages of a ceremony: shown by the signatures of the transactions.

The proofs in keys and deals show that somebody knows a secret, not who. On chain the sender's
account says that; to a reader who does not trust the node, the sender's signature does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crmdapp.ballots._signed_input import TransactionInvalid, read_signed
from crmdapp.ballots.ceremony_faults import CeremonySignatureWrong
from crmdapp.ballots.group import POINT_BYTES
from crmdapp.chain._keccak import keccak

if TYPE_CHECKING:
    from crmdapp.ballots.ceremony_rounds import CeremonyRecord, RoundRecord

_REGISTER = "registerKey(uint64,uint8,bytes,bytes)"
_COMMIT = "commitDeal(uint64,uint8,bytes32)"
_POST = "postDeal(uint64,uint8,bytes)"
_COMPLAIN = "complain(uint64,uint8,uint8,bytes,bytes,bytes)"


def unsigned_trustees(record: CeremonyRecord, posted: RoundRecord) -> tuple[int, ...]:
    """Return who is said to have posted what their accounts did not sign to the board, rising.

    Args:
        record: The record; who posts in it is a trustee with a key.
        posted: The round.

    Raises:
        CeremonySignatureWrong: A transaction to the board has another signer, or says something
            else.
    """
    unsigned: set[int] = set()
    for j, transaction, data in _messages(record, posted):
        if not transaction:
            unsigned.add(j)
            continue
        try:
            signed = read_signed(transaction, record.chain_id)
        except TransactionInvalid as problem:
            raise _wrong(j, problem.message) from None
        if signed.to != record.board:
            unsigned.add(j)
        elif signed.sender != record.account(j):
            raise _wrong(j, f"The account {signed.sender} did.")
        elif signed.data != data:
            raise _wrong(j, "What was signed is another message.")
    return tuple(sorted(unsigned))


def _messages(record: CeremonyRecord, posted: RoundRecord) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield of each message its trustee, its transaction, and what that must say."""
    for j, each in posted.keys.items():
        parts = each.body[:POINT_BYTES], each.body[POINT_BYTES:]
        yield j, each.transaction, _call(_REGISTER, record.election, j, *parts)
    for j, each in posted.commitments.items():
        yield j, each.transaction, _call(_COMMIT, record.election, j, each.body)
    for j, each in posted.deals.items():
        yield j, each.transaction, _call(_POST, record.election, j, each.body)
    for one in posted.complaints:
        key = posted.keys[one.trustee].body[:POINT_BYTES]
        parts = key, posted.deals[one.dealer].body
        words = record.election, one.trustee, one.dealer
        yield one.trustee, one.transaction, _call(_COMPLAIN, *words, *parts, one.body)


def _call(signature: str, *values: int | bytes) -> bytes:
    from eth_abi.abi import encode

    types = signature[signature.index("(") + 1 : -1].split(",")
    return keccak(signature.encode())[:4] + encode(types, values)


def _wrong(j: int, why: str) -> CeremonySignatureWrong:
    return CeremonySignatureWrong(
        f"The account of trustee {j} did not sign what it is said to have posted.",
        trustee=j,
        why=why,
        hint="Who gave you the record made it up, or changed it. Ask another node.",
    )
