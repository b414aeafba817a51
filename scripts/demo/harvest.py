"""The coffee of the provenance chapter: who handles it, what it is called, and its papers.

Each step on the ledger has an EPCIS document; the companies keep the documents, the ledger their
hashes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crmdapp import LocalSigner
from crmdapp.chain import Call
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.provenance.devices import Device
from crmdapp.provenance.gs1 import EpcisEvent, build_digital_link, capture, check_digit, export
from crmdapp.provenance.gs1.capturing import CapturedEvent
from crmdapp.provenance.gs1.digital_link import DigitalLink
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.gs1.hashing import event_hash, event_id
from crmdapp.provenance.handover_links import handover_link, read_handover
from crmdapp.provenance.item_history import Documents
from crmdapp.provenance.item_index import ItemIndex
from crmdapp.provenance.item_intents import SignedHandover
from crmdapp.provenance.item_models import Commission, ItemStep, item_of
from crmdapp.provenance.item_signing import sign_handover
from crmdapp.provenance.items import ItemsClient
from crmdapp.provenance.places import Place
from scripts.demo.stage import Stage

HOUR, DAY = 3_600, 86_400
PREFIX = "9506000"  # GS1's for examples
PLACES = {
    "farm": Place("geo:2.4448,-76.6147", "Popayan", 2.4448, -76.6147),
    "carrier": Place("geo:53.5413,9.9841", "Hamburg", 53.5413, 9.9841),
    "roaster": Place("geo:48.2082,16.3738", "Vienna", 48.2082, 16.3738),
    "shop": Place("geo:47.0707,15.4395", "Graz", 47.0707, 15.4395),
}
GREEN, ROASTED, RETAIL = 101, 202, 303  # numbers of products
SACKS, SACK = 15, 60  # of the lot that this is about; kg
NEIGHBOUR = 60  # kg of another lot on the same pallet
YIELD = 840  # g of roasted coffee that a kg of green coffee gives
BAG = 250  # g
BAGS, OTHER_BAGS = 96, 24
THOUSAND = 1_000
GAS = {"farm": 10_000_000, "roaster": 40_000_000, "shop": 15_000_000, "platform": 5_000_000}
"""What those need who have ether; the others sign, and the platform submits."""


@dataclass
class Goods:
    """What there is of coffee.

    Attributes:
        lot: The lot that is called back in the end.
        neighbour: The other lot.
        sacks: What the lot was filled into.
        pallet: What all of it travels on.
        roasted: What was made of each lot.
        bags: Retail bags by the lot that they are of: name -> item.
        opened: File of the key under the seal of the bag that is opened.
    """

    lot: int = 0
    neighbour: int = 0
    sacks: list[int] = field(default_factory=list)
    pallet: int = 0
    roasted: list[int] = field(default_factory=list)
    bags: list[dict[DigitalLink, int]] = field(default_factory=list)
    opened: Path = Path()


class Trade:
    """Everybody who handles the coffee, and what they write down.

    Attributes:
        stage: Where it is.
        reader: The ledger as anybody sees it.
        index: Somebody's copy of the ledger's events.
        papers: EPCIS events by company.
        names: What people call an item.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        place = (stage.connection, stage.manifest)
        self.reader = ItemsClient.at(*place)
        self._clients = {
            role: ItemsClient.at(*place, stage.sender(role, gas)) for role, gas in GAS.items()
        }
        self.index = stage.open(ItemIndex(stage.folder / "items.sqlite3"))
        self.papers: dict[str, list[EpcisEvent]] = {}
        self.names: dict[int, str] = {}

    @property
    def now(self) -> int:
        """Time of the chain, Unix seconds."""
        return self.stage.connection.block_timestamp()

    def signer(self, role: str) -> LocalSigner:
        """Return the key of a role."""
        return self.stage.signer(role)

    def client(self, role: str) -> ItemsClient:
        """Return the ledger as a company uses it that pays for it."""
        return self._clients[role]

    def item(self, role: str, link: DigitalLink, name: str = "") -> int:
        """Return the id of an item that a role issues, and remember what people call it."""
        item = item_of(self.signer(role).address, epc_hash(link.identity))
        if name:
            self.names[item] = name
        return item

    def pass_time(self, seconds: int) -> None:
        """Let time pass, on a chain whose time is simulated."""
        if not self.stage.clock.is_live:
            self.stage.clock.reach(datetime.fromtimestamp(self.now + seconds, UTC))

    # ----------------------------------------------------------------- papers

    def step(
        self,
        role: str,
        kind: str,
        *,
        biz_step: str,
        disposition: str | None = None,
        **fields: Any,
    ) -> ItemStep:
        """Write an EPCIS event of a company, and return what of it goes on the ledger."""
        now = self.now
        data: dict[str, Any] = {
            "type": kind,
            "eventTime": _iso(now),
            "eventTimeZoneOffset": "+00:00",
            **fields,
            "bizStep": biz_step,
            "readPoint": {"id": PLACES[role].id},
        }
        if disposition:
            data["disposition"] = disposition
        event = EpcisEvent(data)
        self.papers.setdefault(role, []).append(EpcisEvent({**data, "eventID": event_id(event)}))
        return ItemStep.of(
            now, biz_step=biz_step, disposition=disposition, event_hash=event_hash(event)
        )

    def write_papers(self, folder: Path) -> int:
        """Write one document for each company; return how many events they hold."""
        folder.mkdir()
        moment = datetime.fromtimestamp(self.now, UTC)
        return sum(
            export(events, folder / f"{role}.jsonld", now=moment)
            for role, events in self.papers.items()
        )

    def read_papers(self, paths: Iterable[Path]) -> Documents:
        """Return the events of documents, each of them valid."""
        # By the chain's time: the story may play in the future.
        moment = datetime.fromtimestamp(self.now, UTC)
        found: list[CapturedEvent] = []
        for path in sorted(paths):
            document = capture(path, now=moment)
            document.require_valid()
            found += document.events
        return Documents(tuple(found))

    # ----------------------------------------------------------------- custody

    def hand_over(self, item: int, name: str, giver: str, taker: str) -> SignedHandover:
        """Hand an item over: the giver signs, the taker scans and signs, the platform submits."""
        step = self.step(
            giver,
            "ObjectEvent",
            biz_step="shipping",
            disposition="in_transit",
            action="OBSERVE",
            epcList=[name],
        )
        offered = sign_handover(
            self.signer(giver),
            self.reader.domain,
            self.reader.steps([item]),
            self.signer(taker).address,
            event_time=step.event_time,
            deadline=self.now + DAY,
            event_hash=step.event_hash,
        )
        signed = read_handover(handover_link(offered)).accept(self.signer(taker))
        self.client("platform").relay(signed)
        return signed

    def update_index(self) -> int:
        """Bring the copy of the ledger up to date; return the block that it stands at."""
        return self.index.update(self.reader)


def product(reference: int, lot: str = "", serial: str = "") -> DigitalLink:
    """Return the name of a kind of product, of a lot or of one piece of it.

    Args:
        reference: The company's number for the product.
        lot: Of the lot.
        serial: Of the piece.
    """
    body = f"0{PREFIX}{reference:05d}"
    qualifiers = [("10", lot)] if lot else [("21", serial)] if serial else []
    return build_digital_link("01", body + check_digit(body), qualifiers)


def shipping_unit(number: int) -> DigitalLink:
    """Return the name of a pallet or carton."""
    body = f"0{PREFIX}{number:09d}"
    return build_digital_link("00", body + check_digit(body))


def mass(link: DigitalLink, quantity: int, unit: str) -> dict[str, Any]:
    """Return a quantity of a lot as EPCIS writes it."""
    return {"epcClass": link.identity, "quantity": quantity, "uom": unit}


def understands_devices(stage: Stage, device: Device) -> bool:
    """Return whether the chain can check signatures of devices (EIP-7951)."""
    digest = bytes(range(32))
    signature, key = device.sign_digest(digest), device.key
    data = digest + signature.r + signature.s + key.x + key.y
    precompile = "0x" + f"{0x100:040x}"
    return any(stage.connection.call(Call(precompile, data)))


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def lot_of(
    link: DigitalLink, quantity: int, unit: str, certifier: str = ZERO_ADDRESS
) -> Commission:
    """Return a new lot.

    Args:
        link: Its name.
        quantity: Thousandths of the unit.
        unit: Code of UN/ECE Recommendation 20.
        certifier: Who may sign yield factors for it.
    """
    return Commission(epc_hash(link.identity), quantity=quantity, unit=unit, certifier=certifier)
