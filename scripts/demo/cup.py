"""Coffee in the shop and after it: labels, a recall, the papers, and pictures of its way."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.provenance.gs1.digital_link import DigitalLink
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_history import (
    Documents,
    event_hash_of,
    event_time_of,
    journey,
    read_history,
)
from crmdapp.provenance.item_models import NO_WORD
from crmdapp.provenance.item_signing import sign_tag_claim
from crmdapp.provenance.item_verification import ItemVerdict, verify_label
from crmdapp.provenance.tags import parse_tag_link, read_tag_key, tag_link
from crmdapp.provenance.trace_svg import ItemLabel, Stop, journey_svg, origin_svg
from crmdapp.provenance.tracing import origin, recall_set
from scripts.demo.harvest import (
    DAY,
    GREEN,
    HOUR,
    PLACES,
    RETAIL,
    SACK,
    SACKS,
    Goods,
    Trade,
    product,
)


def play(trade: Trade, goods: Goods) -> None:
    """Tell what becomes of the bags and check it."""
    _tell_shop(trade, goods)
    _tell_recall(trade, goods)
    _tell_papers(trade, goods)
    _tell_pictures(trade, goods)


# --------------------------------------------------------------------------- the shop


def _tell_shop(trade: Trade, goods: Goods) -> None:
    stage, shop = trade.stage, trade.client("shop")
    stage.story.scene("A customer opens a bag; its label turns up elsewhere")
    link, bag = next(iter(goods.bags[0].items()))
    code = _code(trade, link)
    trade.update_index()
    before = _scan(trade, code)
    step = trade.step(
        "shop",
        "ObjectEvent",
        biz_step="retail_selling",
        disposition="retail_sold",
        action="OBSERVE",
        epcList=[link.identity],
    )
    shop.observe([bag], step)
    customer = trade.signer("customer").address
    under_the_seal = LocalSigner(read_tag_key(goods.opened))
    claim = sign_tag_claim(
        under_the_seal, trade.reader.domain, bag, customer, deadline=trade.now + HOUR
    )
    shop.claim_tag(claim)
    trade.pass_time(DAY)
    trade.update_index()
    clone, made_up = _scan(trade, code), _scan(trade, _code(trade, product(RETAIL, serial="X-1")))
    stage.story.table(
        "What a phone says to the code on a bag",
        ("bag", "answer"),
        [
            ("in the shop, sealed", _answer(before)),
            ("on a market, same code", _answer(clone)),
            ("on a market, new number", _answer(made_up)),
        ],
        words=2,
    )
    told = {problem.code for problem in clone.problems}
    opened_at = datetime.fromtimestamp(clone.claimed_at, UTC)
    stage.story.say(
        "The code can be copied, the key under the seal was used once:",
        f"{stage.clock.label(opened_at)} says the ledger, by the customer of the shop in Graz.",
        "Whoever holds a sealed bag with this code, elsewhere, holds a copy.",
    )
    stage.check("The genuine bag is told genuine", before.holds, _answer(before))
    stage.check(
        "The cloned code is caught: claimed before, by whom and when",
        {"claimed_before", "gone"} <= told
        and clone.holder == customer
        and clone.custodian == shop.sender.address,
        f"{', '.join(sorted(told))}; seal broken by {customer[:8]}..., last seen in the shop",
    )
    stage.check(
        "A made-up code is caught",
        [problem.code for problem in made_up.problems] == ["unknown"],
        "unknown",
    )
    stage.refused("Somebody breaks the seal a second time", lambda: shop.claim_tag(claim))


def _code(trade: Trade, link: DigitalLink) -> str:
    """Return the text of the QR code on a bag."""
    reader = trade.reader
    issuer = trade.signer("roaster").address
    return tag_link(link, reader.connection.chain_id, reader.contract.address, issuer).uri()


def _scan(trade: Trade, code: str) -> ItemVerdict:
    return verify_label(trade.reader, trade.index, parse_tag_link(code))


def _answer(verdict: ItemVerdict) -> str:
    return "genuine" if verdict.holds else ", ".join(each.code for each in verdict.problems)


# --------------------------------------------------------------------------- recall and papers


def _tell_recall(trade: Trade, goods: Goods) -> None:
    stage = trade.stage
    stage.story.scene("The farm calls the lot back")
    reason = keccak(b"Lot A7 was stored beside fuel.\n")
    trade.client("farm").recall([epc_hash(product(GREEN, lot="A7").identity)], reason)
    trade.update_index()
    started = time.perf_counter()
    concerned = recall_set(trade.index.links(), goods.lot)
    seconds = time.perf_counter() - started
    bags = list(goods.bags[0].values())
    expected = {goods.lot, goods.roasted[0], *goods.sacks, *bags}
    kinds = Counter(trade.names[item].split()[0] for item in concerned)
    stage.story.say(
        f"{len(concerned)} items are concerned, found in {seconds * 1_000:.0f} ms in a local copy",
        f"of {sum(1 for _ in trade.index.logs()):,} events: {kinds['bag']} bags by their numbers,",
        "and none of the neighbour's coffee that travelled and was roasted beside it.",
    )
    stage.check(
        "The recall names every bag made of the lot, and no other",
        set(concerned) == expected,
        f"{len(concerned)} items: {', '.join(f'{n} {kind}' for kind, n in kinds.items())}",
    )
    unsold, other = list(goods.bags[0])[1], next(iter(goods.bags[1]))
    warned, spared = _scan(trade, _code(trade, unsold)), _scan(trade, _code(trade, other))
    stage.check(
        "A phone warns of an unsold bag of it, and not of the others",
        [each.code for each in warned.problems] == ["made_of_recalled"] and spared.holds,
        f"{_answer(warned)}; {_answer(spared)}",
    )


def _tell_papers(trade: Trade, goods: Goods) -> None:
    stage = trade.stage
    stage.story.scene("The papers are held against the ledger")
    folder = stage.folder / "epcis"
    count = trade.write_papers(folder)
    documents = trade.read_papers(folder.glob("*.jsonld"))
    anchored = {event_hash_of(log) for log in trade.index.logs()} - {NO_WORD}
    found = {event.event_hash for event in documents.events}
    stage.check(
        "The hashes of all EPCIS documents are those on chain",
        found == anchored and len(documents.events) == count,
        f"{count} events of {len(trade.papers)} companies, {len(anchored)} hashes",
    )
    looked_at = [goods.lot, goods.pallet, goods.sacks[0], *list(goods.bags[0].values())[:2]]
    histories = [_history(trade, item, documents) for item in looked_at]
    stage.check(
        "Documents and ledger say the same, event by event",
        all(each.documents_hold and not each.missing for each in histories),
        f"{sum(len(each.entries) for each in histories)} events of {len(histories)} items",
    )
    path = folder / "farm.jsonld"
    forged = stage.folder / "forged.jsonld"
    amount = f'"quantity":{SACKS * SACK}'
    forged.write_text(path.read_text().replace(amount, f'"quantity":{SACKS * SACK + 90}'))
    papers = [forged, *(other for other in folder.glob("*.jsonld") if other != path)]
    history = _history(trade, goods.lot, trade.read_papers(papers))
    stage.story.say(
        f"{count} events in files that any partner's software reads. Somebody makes 990 kg of",
        "the farm's 900: the file's own hash no longer is the one on the ledger.",
    )
    stage.check(
        "An altered document is found",
        len(history.altered) == 2 and not history.documents_hold,
        f"{len(history.altered)} altered events",
    )


def _history(trade: Trade, item: int, documents: Documents) -> Any:
    return read_history(
        trade.reader, item, source=trade.index, block=trade.index.block, documents=documents
    )


def _tell_pictures(trade: Trade, goods: Goods) -> None:
    stage = trade.stage
    stage.story.scene("Where a bag comes from, as a picture")
    bag = next(iter(goods.bags[0].values()))
    trace = origin(trade.index.links(), bag)
    called_back = set(trade.index.recalled(trace.items))
    tree = origin_svg(
        trace,
        lambda item: ItemLabel(trade.names[item], hex(item)[:10], item in called_back),
        title="Origin of a bag of coffee",
    )
    documents = trade.read_papers((stage.folder / "epcis").glob("*.jsonld"))
    stops = [*_stops(trade, goods.sacks[0], documents), *_stops(trade, bag, documents)]
    pictures = {"origin.svg": tree, "journey.svg": journey_svg(stops, title="The way of a bag")}
    for name, text in pictures.items():
        (stage.folder / name).write_text(text, encoding="utf-8")
    roots = [
        ElementTree.fromstring((stage.folder / name).read_bytes())  # noqa: S314 - our own
        for name in pictures
    ]
    svg = "{http://www.w3.org/2000/svg}"
    boxes = sum(1 for each in roots[0].iter(f"{svg}rect"))
    places = {stop.place.label for stop in stops if stop.place is not None}
    stage.story.say(
        f"{len(trace.items)} items and {len(trace.edges)} links lead from the bag to the farm;",
        f"the map has {len(stops)} stations: {', '.join(sorted(places))}.",
    )
    stage.check(
        "The origin leads to the lot that was called back, and the picture shows all of it",
        trace.leaves() == (goods.lot,) and len(trace.items) == boxes == SACKS + 3,
        f"{boxes} boxes, {sum(len(text) for text in pictures.values()):,} bytes of SVG",
    )
    stage.check(
        "The map shows all places",
        places == {place.label for place in PLACES.values()},
        f"{len(places)} places",
    )


def _stops(trade: Trade, item: int, documents: Documents) -> list[Stop]:
    """Return the stations of an item, with the places that the documents name."""
    people = {trade.signer(role).address: role for role in PLACES}
    custodian, stops = "", []
    for _, log in journey(trade.index, item):
        event: Any = log.event
        for name in ("issuer", "to"):
            custodian = people.get(getattr(event, name, ""), custodian)
        document = documents.of_hash(event_hash_of(log))
        read_point = None if document is None else document.event.data["readPoint"]["id"]
        place = next((each for each in PLACES.values() if each.id == read_point), None)
        moment = event_time_of(log)
        stops.append(
            Stop(custodian, type(event).__name__, "" if moment is None else str(moment), place)
        )
    return stops
