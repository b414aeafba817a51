"""Taking an election's record from a chain.

Whatever can be recomputed of what the node says is: the hashes of block headers and transactions,
and who signed them. That all events are there nobody can tell from one node: several nodes have to
agree on the last block, and auditors compare the record's digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from crmdapp.ballots._signed_input import TransactionInvalid, signed_form
from crmdapp.ballots.events import QuestionPrepared, RollChunkFrozen
from crmdapp.ballots.evidence import (
    EVENTS,
    BallotContracts,
    ElectionRecord,
    RecordedEvent,
    RecordedTransaction,
)
from crmdapp.errors import NodeLied, NodeUnreachable

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.manifest import Manifest
    from crmdapp.provenance.headers import BlockHeader

Progress = Callable[[int, int], None]
"""Called with how many are done, and of how many."""


def contracts_of(manifest: Manifest) -> tuple[BallotContracts, int]:
    """Return where the contracts of elections are, and the block since when they are there.

    Raises:
        ContractMissing: The manifest does not name one of them.
    """
    found = {name: manifest[name] for name in EVENTS}
    addresses = {name: each.address for name, each in found.items()}
    return BallotContracts.named(addresses), min(each.block for each in found.values())


def collect_record(
    connection: Connection,
    contracts: BallotContracts,
    election: int,
    *,
    since_block: int = 0,
    definition: bytes | None = None,
    progress: Progress | None = None,
) -> ElectionRecord:
    """Return an election's record up to the latest block.

    Args:
        connection: The chain.
        contracts: Where the contracts are.
        election: Number of the election.
        since_block: A block before the election was created, where the search begins.
        definition: The definition in its canonical form, if it is at hand.
        progress: Called after each transaction with those read and all.

    Raises:
        NodeLied: A node contradicts itself, another node, or a hash that can be recomputed.
        HeaderInvalid: A block's header does not have the block's hash.
        NodeProblem: The node could not be asked.
    """
    from crmdapp.provenance.headers import header_at

    head = header_at(connection, connection.block_number())
    _require_agreement(connection, head)
    found_logs = _logs(connection, contracts, election, since_block, head.number)
    logs = sorted(found_logs, key=lambda log: (log.block, log.log_index))
    wanted = len({log.tx_hash for log in logs})
    found: list[RecordedTransaction] = []
    for block, of_block in groupby(logs, key=lambda log: log.block):
        header = header_at(connection, block)
        for tx_hash, caused in groupby(of_block, key=lambda log: log.tx_hash):
            raw = _signed(connection, tx_hash, header)
            events = _named(contracts, caused)
            found.append(
                RecordedTransaction(
                    connection.chain_id, block, header.hash, header.timestamp, raw, events
                )
            )
            if progress is not None:
                progress(len(found), wanted)
    return ElectionRecord(
        chain_id=connection.chain_id,
        contracts=contracts,
        election=election,
        block=head.number,
        block_hash=head.hash,
        time=head.timestamp,
        definition=definition,
        transactions=tuple(found),
        codes={place: connection.code(place) for place in _data_contracts(logs)},
    )


def _logs(
    connection: Connection, contracts: BallotContracts, election: int, first: int, last: int
) -> Iterator[DecodedLog]:
    topics = ["0x" + kind.topic.hex() for kinds in EVENTS.values() for kind in kinds]
    number = "0x" + election.to_bytes(32, "big").hex()
    addresses = list(contracts.by_name().values())
    yield from connection.logs(addresses, [topics, number], first, last)


def _named(contracts: BallotContracts, logs: Iterator[DecodedLog]) -> tuple[RecordedEvent, ...]:
    names = {address: name for name, address in contracts.by_name().items()}
    found: list[RecordedEvent] = []
    for log in logs:
        name = names.get(log.address, "")
        if type(log.event) not in EVENTS.get(name, ()):
            raise NodeLied(
                f"The node gives a log that nobody asked for: {type(log.event).__name__} of"
                f" {log.address}.",
                hint="Ask another node.",
            )
        found.append(RecordedEvent(name, log.log_index, log.event))
    return tuple(found)


def _signed(connection: Connection, tx_hash: str, header: BlockHeader) -> bytes:
    from crmdapp.chain._keccak import keccak

    found = connection.request("eth_getTransactionByHash", [tx_hash])
    if not isinstance(found, dict):
        raise NodeUnreachable(
            f"The node does not have the transaction {tx_hash}.",
            hint="Ask a node that keeps all transactions.",
        )
    try:
        raw = signed_form(found)
    except TransactionInvalid as problem:
        raise NodeLied(f"The transaction {tx_hash} is malformed.", why=problem.why) from None
    block = str(found.get("blockHash")).lower()
    for is_true, why in (
        ("0x" + keccak(raw).hex() == tx_hash, "Its fields have another hash."),
        (block == "0x" + header.hash.hex(), f"It is in the block {block}, its events are not."),
    ):
        if not is_true:
            raise NodeLied(
                f"The transaction {tx_hash} is another one than the node says.",
                why=why,
                hint="Ask another node.",
            )
    return raw


def _require_agreement(connection: Connection, head: BlockHeader) -> None:
    """Check that all nodes of the connection have the same last block.

    Raises:
        NodeLied: They do not.
    """
    answers: list[Any] = connection.ask_each("eth_getBlockByNumber", [hex(head.number), False])
    hashes = {str(each["hash"]).lower() for each in answers if isinstance(each, dict)}
    if hashes - {"0x" + head.hash.hex()}:
        raise NodeLied(
            f"The nodes do not agree on block {head.number:,}.",
            why=f"They say {', '.join(sorted(hashes))}.",
            hint="Wait for the chain to settle, or find out which of them to trust.",
        )


def _data_contracts(logs: list[DecodedLog]) -> list[str]:
    found: list[str] = []
    for log in logs:
        event = log.event
        if isinstance(event, RollChunkFrozen):
            found.append(event.kept)
        elif isinstance(event, QuestionPrepared):
            found.append(event.form)
    return found
