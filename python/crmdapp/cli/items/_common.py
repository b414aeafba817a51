"""Arguments, options and steps that several commands of this group share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import format_time, iso_time, parse_time
from crmdapp.cli.customers._common import word_of
from crmdapp.errors import CrmdappError, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.cli._context import Session
    from crmdapp.provenance.item_history import Documents
    from crmdapp.provenance.item_index import ItemIndex
    from crmdapp.provenance.item_models import Item, ItemStep
    from crmdapp.provenance.items import ItemsClient

ItemArgument = Annotated[
    str, typer.Argument(metavar="ITEM", help="Its GS1 Digital Link, or its id.")
]
ItemsArgument = Annotated[
    list[str], typer.Argument(metavar="ITEM...", help="Their GS1 Digital Links, or their ids.")
]
IssuerOption = Annotated[
    str | None,
    typer.Option(
        "--issuer", metavar="ADDRESS", help="Who commissioned it; found on the ledger if left out."
    ),
]
LedgerOption = Annotated[
    str | None,
    typer.Option("--ledger", metavar="ADDRESS", help="The ledger; no manifest is needed then."),
]
IndexOption = Annotated[
    Path | None,
    typer.Option("--index", metavar="FILE", help="Local copy of the ledger's events."),
]
BizStepOption = Annotated[
    str | None,
    typer.Option("--step", metavar="WORD", help="Business step, such as shipping (GS1 CBV)."),
]
DispositionOption = Annotated[
    str | None,
    typer.Option("--disposition", metavar="WORD", help="How it is then, such as in_transit."),
]
TimeOption = Annotated[
    str | None,
    typer.Option("--time", metavar="TIME", help="When it happened; the chain's time by default."),
]
EventOption = Annotated[
    Path | None,
    typer.Option(
        "--event", metavar="FILE", help="EPCIS file with the one event: its hash, time and words."
    ),
]
DocumentsOption = Annotated[
    Path | None,
    typer.Option("--documents", metavar="PATH", help="EPCIS file, or a folder of them."),
]
HandoverArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="Signed hand-over, or its link; - is stdin.")
]

_ID = re.compile(r"0x[0-9a-fA-F]{64}")


def reader(session: Session, ledger: str | None = None) -> ItemsClient:
    """Return the ledger for commands that only read.

    Raises:
        ContractMissing: The ledger is not deployed on the chain, or not at that address.
    """
    from crmdapp.provenance.items import ItemsClient

    if ledger is None:
        return ItemsClient.at(session.connection, session.manifest)
    client = ItemsClient(session.connection, session.address(ledger))
    client.contract.require_code()
    return client


def desk(session: Session) -> ItemsClient:
    """Return the ledger for commands that send.

    Raises:
        ContractMissing: The ledger is not deployed on the chain.
    """
    from crmdapp.provenance.items import ItemsClient

    return ItemsClient.at(session.connection, session.manifest, session.sender)


@contextmanager
def indexed(session: Session, client: ItemsClient, path: Path | None = None) -> Iterator[ItemIndex]:
    """Give the local copy of the ledger's events, up to date.

    Raises:
        UsageError: It is of another ledger or chain.
        JournalProblem: The file is damaged.
    """
    from crmdapp.provenance.item_index import ItemIndex

    ledger = client.contract.address
    name = f"items-{client.connection.chain_id}-{ledger}.sqlite3"
    with ItemIndex(path or session.config.state_dir / name) as index:
        first = max(index.block, 0)
        total = client.connection.block_number() - first
        with session.out.progress("Reading the ledger", total, "blocks") as progress:
            index.update(client, progress=lambda at, _: progress.at(at - first))
        yield index


def item_named(session: Session, client: ItemsClient, text: str, issuer: str | None = None) -> int:
    """Return the item that a text means: an id, a label's link, or a link with its issuer.

    Raises:
        UsageError: Nobody, or several, have an item of that name, or it is a label for another
            ledger.
        Gs1IdentifierInvalid: It is no GS1 Digital Link.
    """
    return items_named(session, client, [text], issuer)[0]


def items_named(
    session: Session, client: ItemsClient, texts: Sequence[str], issuer: str | None = None
) -> tuple[int, ...]:
    """Return the items that texts mean; see :func:`item_named`."""
    from crmdapp.provenance.item_models import item_of

    found: dict[int, int] = {}
    open_: dict[int, str] = {}
    for place, text in enumerate(texts):
        link = text.strip()
        known = _by_itself(client, link)
        if known is not None:
            found[place] = known
        elif issuer is not None:
            found[place] = item_of(session.address(issuer), gs1_link(link))
        else:
            open_[place] = gs1_link(link)
    if open_:
        with indexed(session, client) as index:
            for place, link in open_.items():
                found[place] = _looked_up(session, index, link)
    return tuple(found[place] for place in range(len(texts)))


def _by_itself(client: ItemsClient, text: str) -> int | None:
    from crmdapp.provenance.tags import TagLinkIncomplete, parse_tag_link

    if _ID.fullmatch(text):
        return int(text, 16)
    if not text.lower().startswith("http") or "?" not in text:
        return None
    try:
        label = parse_tag_link(text)
    except TagLinkIncomplete:
        return None
    client.require_domain(label.domain)
    return label.item


def gs1_link(text: str) -> str:
    """Return a link or EPC URI after a check; other texts would name items that nobody finds."""
    from crmdapp.provenance.gs1.digital_link import parse_digital_link
    from crmdapp.provenance.gs1.epc import identifier

    found = identifier(text)
    return (parse_digital_link(text) if found is None else found).identity


def _looked_up(session: Session, index: ItemIndex, link: str) -> int:
    from crmdapp.provenance.gs1.epc import epc_hash
    from crmdapp.provenance.item_models import item_of

    found = index.named(epc_hash(link))
    if not found:
        raise UsageError(
            f"Nobody has registered {link}.",
            hint="Check the link. If it stands on a label, the label is not genuine.",
        )
    if len(found) > 1:
        own = _own_address(session)
        if own and item_of(own, link) in found:
            return item_of(own, link)
        raise UsageError(
            f"{len(found)} issuers have registered {link}.", hint="Name yours: --issuer ADDRESS."
        )
    return found[0]


def _own_address(session: Session) -> str:
    try:
        return session.signer.address
    except CrmdappError:
        return ""


def step_of(
    session: Session,
    *,
    step: str | None,
    disposition: str | None,
    time: str | None,
    event: Path | None,
) -> ItemStep:
    """Return what happened, from the command's options or from an EPCIS file with one event.

    Raises:
        UsageError: The file holds none or several events, or options contradict it.
        EpcisRejected: The file is malformed; each fault names its path.
        CbvTermUnknown: The vocabulary has no such word.
    """
    from crmdapp.provenance.item_models import ItemStep

    if event is None:
        at = session.connection.block_timestamp() if time is None else parse_time(time)
        return ItemStep.of(at, biz_step=step, disposition=disposition)
    if step or disposition or time:
        raise UsageError("--event says all: leave out --step, --disposition and --time.")
    found = one_event(event)
    return ItemStep(found.biz_step, found.disposition, found.event_time, found.event_hash)


def one_event(path: Path) -> Any:
    """Return the one event of an EPCIS file.

    Raises:
        UsageError: It holds none, or several.
        EpcisRejected: It is malformed; each fault names its path.
    """
    from crmdapp.provenance.gs1.capturing import capture

    document = capture(path)
    document.require_valid()
    if len(document.events) != 1:
        raise UsageError(
            f"{path} holds {len(document.events)} events, one is wanted.",
            hint="Take a whole file with: crmdapp items capture FILE",
        )
    return document.events[0]


def event_hash_named(text: str) -> bytes:
    """Return an event hash: 64 hex digits, or an event id ``ni:///sha-256;...``.

    Raises:
        UsageError: It is neither.
    """
    from crmdapp.provenance.gs1.hashing import hash_of_id

    return hash_of_id(text) or word_of(text, "The event's hash")


def documents_in(path: Path | None) -> Documents | None:
    """Return the EPCIS events of a file or folder; ``None`` without one."""
    from crmdapp.provenance.item_history import read_documents

    return None if path is None else read_documents(path)


def send_and_tell(
    session: Session,
    call: Call,
    about: Sequence[tuple[str, str]],
    said: str,
    **data: Any,
) -> Receipt | None:
    """Send a call and tell what it did; ``None`` if it was a dry run."""
    receipt = send(session, call, about)
    if receipt is not None:
        session.out.result({**data, **receipt_data(receipt)}, said, receipt_line(receipt))
    return receipt


def about_step(what: ItemStep) -> list[tuple[str, str]]:
    """Return what happened, for people."""
    from crmdapp.provenance.item_models import NO_WORD, biz_step_text, disposition_text

    pairs = [("Time", format_time(what.event_time))]
    if what.biz_step:
        pairs.insert(0, ("Step", biz_step_text(what.biz_step)))
    if what.disposition:
        pairs.insert(1, ("Disposition", disposition_text(what.disposition)))
    if what.event_hash != NO_WORD:
        pairs.append(("Event", "0x" + what.event_hash.hex()))
    return pairs


def about_items(items: Sequence[int], title: str = "Item") -> list[tuple[str, str]]:
    """Return items for people, at most five by their ids."""
    from crmdapp.provenance.item_models import item_text

    pairs = [(title, item_text(item)) for item in items[:5]]
    return [*pairs, ("", f"and {len(items) - 5:,} more")] if len(items) > 5 else pairs


def item_data(item: int, state: Item) -> dict[str, Any]:
    """Return an item as JSON data."""
    from crmdapp.provenance.item_models import biz_step_text, disposition_text, item_text

    return {
        "item": item_text(item),
        "custodian": state.custodian,
        "step": state.step,
        "biz_step": biz_step_text(state.biz_step),
        "disposition": disposition_text(state.disposition),
        "level": state.level,
        "is_packed": state.is_packed,
        "is_lot": state.is_lot,
        "is_retired": state.is_retired,
        "is_recalled": state.is_recalled,
        "last_time": iso_time(state.last_time),
    }
