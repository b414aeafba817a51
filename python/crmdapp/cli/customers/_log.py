"""What the commands about interaction logs share."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.customers._common import hex_of, read_file, reading, word_of
from crmdapp.errors import FileFault, FileRejected, UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.interaction_log import LogClient
    from crmdapp.customers.log_models import AnchoredBatch
    from crmdapp.customers.log_proof import InteractionProof
    from crmdapp.customers.operator import LogOperator
    from crmdapp.customers.receipts import SignedReceipt

ReceiptArgument = Annotated[
    Path, typer.Argument(metavar="RECEIPT", help="File with a signed receipt; - is stdin.")
]
PublishedOption = Annotated[
    Path | None,
    typer.Option("--published", metavar="FILE", help="The log as its company published it."),
]


def read_receipts(path: Path) -> list[SignedReceipt]:
    """Return the receipts in a file of JSON or JSON lines, or in all ``.json`` files of a folder.

    Raises:
        FileRejected: A line is no receipt; nothing of it is quoted but the field's name.
        UsageError: A file cannot be read, or there is none.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    found = [receipt for file in files for receipt in read_file(file, _receipts_of(file))]
    if not found:
        raise UsageError(f"There is no receipt in {path}.")
    return found


def read_receipt(path: Path) -> SignedReceipt:
    """Return the one receipt in a file.

    Raises:
        UsageError: There is none, or there are several, or it cannot be read.
    """
    found = read_receipts(path)
    if len(found) > 1:
        raise UsageError(f"There are {len(found):,} receipts in {path}, one is wanted.")
    return found[0]


def read_proof_file(path: Path) -> InteractionProof:
    """Return the proof in a file.

    Raises:
        UsageError: It is none, or cannot be read.
    """
    from crmdapp.customers.log_proof import InteractionProof

    return read_file(path, InteractionProof.from_json)


def log_reader(session: Session) -> LogClient:
    """Return the contract for commands that only read."""
    from crmdapp.customers.interaction_log import LogClient

    return reading(session, LogClient)


def require_same_log(session: Session, receipts: Sequence[SignedReceipt]) -> bytes:
    """Return the log of receipts, all of one log on the session's chain and contract.

    Raises:
        UsageError: They are of several logs, or of another chain or contract.
    """
    client = log_reader(session)
    logs = {item.receipt.log for item in receipts}
    if len(logs) != 1:
        raise UsageError(
            f"The receipts are of {len(logs)} logs.", hint="Look at one company's at a time."
        )
    if any(item.domain != client.domain for item in receipts):
        raise UsageError(
            "A receipt is for another chain or contract.",
            hint=f"This command looks at {client.contract.address}"
            f" on chain {client.connection.chain_id}; check --rpc and --deployments.",
        )
    return logs.pop()


def receipt_facts(signed: SignedReceipt) -> list[tuple[str, str]]:
    """Return a receipt for people, without its payload."""
    from crmdapp.customers.leaves import kind_name

    receipt = signed.receipt
    pairs = [
        ("Log", hex_of(receipt.log)),
        ("Operator", signed.signer),
        ("Pseudonym", hex_of(receipt.pseudonym)),
        ("Number", f"{receipt.customer_seq:,} of the customer"),
        ("Leaf", hex_of(receipt.leaf)),
        ("Anchored by", format_time(receipt.anchor_by)),
    ]
    if signed.contents is not None:
        known = signed.contents.interaction
        pairs[3] = ("Number", f"{receipt.customer_seq:,} of the customer, {known.seq:,} of the log")
        pairs.insert(4, ("Kind", kind_name(known.kind)))
        pairs.insert(5, ("Time", format_time(known.time)))
    return pairs


def receipt_summary(signed: SignedReceipt) -> dict[str, Any]:
    """Return a receipt as JSON data, without payload and salts."""
    from crmdapp.customers.leaves import kind_name

    receipt = signed.receipt
    data: dict[str, Any] = {
        "log": receipt.log,
        "pseudonym": receipt.pseudonym,
        "customer_seq": receipt.customer_seq,
        "leaf": receipt.leaf,
        "anchor_by": iso_time(receipt.anchor_by),
    }
    if signed.contents is not None:
        known = signed.contents.interaction
        data |= {"seq": known.seq, "kind": kind_name(known.kind), "time": iso_time(known.time)}
    return data


def batch_data(batch: AnchoredBatch) -> dict[str, Any]:
    """Return a batch as JSON data."""
    return {
        "batch": batch.number,
        "first_seq": batch.first_seq,
        "last_seq": batch.last_seq,
        "interactions": batch.batch.count,
        "leaves_root": batch.batch.leaves_root,
        "heads_root": batch.batch.heads_root,
        "anchored_at": iso_time(batch.batch.anchored_at),
        "head": batch.head,
        "block": batch.block,
        "hash": batch.tx_hash,
    }


def batch_row(batch: AnchoredBatch) -> list[str]:
    """Return a batch as a row for people."""
    return [
        f"{batch.number:,}",
        f"{batch.first_seq:,}-{batch.last_seq:,}",
        f"{batch.batch.count:,}",
        format_time(batch.batch.anchored_at),
        hex_of(batch.batch.leaves_root),
    ]


def customer_of(session: Session, text: str) -> str:
    """Return a customer as the log knows it: an identity's address, or a profile's id.

    Raises:
        UsageError: It is neither, nor the name of a key.
    """
    is_profile = len(text.removeprefix("0x")) == 64
    return "0x" + word_of(text, "The profile").hex() if is_profile else session.address(text)


def require_known(operator: LogOperator, customer: str) -> bytes:
    """Return the pseudonym of a customer that the log knows.

    Raises:
        PseudonymUnknown: It does not.
    """
    from crmdapp.customers.noting import PseudonymUnknown

    found = operator.known_pseudonym(customer)
    if found is None:
        raise PseudonymUnknown(
            "The log knows no such customer.",
            hint="It was erased, or is known by another identity or profile.",
        )
    return found


def read_payload(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; ``-`` is standard input. Nothing of it is ever quoted.

    Raises:
        UsageError: It is none, or cannot be read.
    """
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        data = json.loads(text)
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.") from None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise UsageError(f"{path} holds no JSON object.", hint='Write one, such as {"total": "3"}.')
    return data


BATCH_COLUMNS = (">Batch", "Places", ">Interactions", "Anchored", "Root")


def _receipts_of(file: Path) -> Any:
    from crmdapp.customers.receipts import SignedReceipt

    def parse(text: str) -> list[SignedReceipt]:
        lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
        whole = all(line.lstrip().startswith("{") and line.endswith("}") for _, line in lines)
        entries = lines if len(lines) > 1 and whole else [(1, text)] if lines else []
        found: list[SignedReceipt] = []
        for number, entry in entries:
            try:
                found.append(SignedReceipt.from_json(entry))
            except UsageError as problem:
                fault = FileFault(number, "", problem.message.rstrip("."))
                raise FileRejected(f"{file} holds no signed receipt.", [fault]) from None
        return found

    return parse
