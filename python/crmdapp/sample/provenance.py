"""The sample's gallery and its coffee: pictures with their history, sacks from farm to shop."""

from __future__ import annotations

import importlib.util
import random
from typing import TYPE_CHECKING

from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.board_intents import sign_approval
from crmdapp.provenance.curators import BoardClient
from crmdapp.provenance.fingerprints import fingerprint
from crmdapp.provenance.gs1 import build_digital_link, check_digit
from crmdapp.provenance.gs1.digital_link import DigitalLink
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_models import Commission, ItemStep, item_of
from crmdapp.provenance.item_signing import sign_handover
from crmdapp.provenance.items import ItemsClient
from crmdapp.provenance.submission import metadata_of, submit_work
from crmdapp.sample.stage import DAY, Stage

if TYPE_CHECKING:
    from pathlib import Path

    from crmdapp.chain.accounts import Signer

PICTURES = ("Harbour at six", "Tide tables", "Night bus")
ROYALTY = 1_000  # hundredths of a percent
SACKS = 4

_YEAR = 365 * DAY
_PREFIX, _COFFEE = "9506000", 101  # GS1's prefix for examples


def obstacle(stage: Stage, curator: Signer) -> str:
    """Return why there can be no pictures here; empty if there can."""
    if importlib.util.find_spec("PIL") is None:
        return "The pictures are left out: they need the extra crmdapp[art]."
    board = stage.client(BoardClient)
    if board.state().quorum > 1 or not board.is_curator(curator.address):
        return "The pictures are left out: the gallery has other curators."
    return ""


def hang(stage: Stage, curator: Signer) -> None:
    """Let the artist sign pictures and the curator approve them; one is sold."""
    works = stage.client(ArtworksClient, "artist")
    board = stage.client(BoardClient)
    folder = stage.folder / "pictures"
    folder.mkdir(exist_ok=True)
    ids = []
    for name in PICTURES:
        path = folder / f"{name.lower().replace(' ', '-')}.png"
        _draw(path, name)
        found = fingerprint(path)
        submission = submit_work(
            stage.signer("artist"),
            works.domain,
            found,
            metadata_of(found, name, "Sample Artist", year="2026", medium="drawn by a program"),
            royalty_bps=ROYALTY,
            standards_version=1,
            deadline=stage.ends_at + _YEAR,
        )
        approval = sign_approval(
            curator,
            board.domain,
            submission.artwork,
            deadline=stage.ends_at + _YEAR,
        )
        ids.append(works.register(submission.signed, [approval], key=f"sample/work/{name}"))
    _sell(stage, ids[0])
    works.list(ids[1], works.currency(0).price("0.25"), key="sample/listing/1")


def ship(stage: Stage) -> None:
    """Let a farm fill sacks, and hand them to a roaster by both signatures."""
    farm, roaster = (stage.client(ItemsClient, role) for role in ("farm", "roaster"))
    sacks = [_sack(number) for number in range(1, SACKS + 1)]
    stage.reach(0.97)
    step = ItemStep.of(stage.moment(0.97), biz_step="commissioning", disposition="active")
    farm.commission([_kilos(sack) for sack in sacks], step, key="sample/harvest")
    items = [item_of(stage.signer("farm").address, epc_hash(sack.identity)) for sack in sacks]
    stage.reach(0.98)
    offered = sign_handover(
        stage.signer("farm"),
        farm.domain,
        dict.fromkeys(items, 1),
        stage.signer("roaster").address,
        event_time=stage.moment(0.98),
        deadline=stage.ends_at + _YEAR,
    )
    roaster.receive(offered, key="sample/handover")
    stage.reach(0.99)
    step = ItemStep.of(stage.moment(0.99), biz_step="receiving", disposition="in_progress")
    roaster.observe(items, step, key="sample/receiving")


def _sell(stage: Stage, work: int) -> None:
    """Sell a picture to the collector, who offers it again."""
    artist, collector = (stage.client(ArtworksClient, role) for role in ("artist", "collector"))
    price = artist.currency(0).price("0.5")
    artist.list(work, price, key="sample/listing/0")
    collector.buy(work, price, key="sample/purchase/0")
    collector.list(work, artist.currency(0).price("0.8"), key="sample/resale/0")


def _draw(path: Path, name: str) -> None:
    """Write a picture: discs on a sky, the same for the same name."""
    from PIL import Image, ImageDraw

    if path.exists():
        return
    dice = random.Random(name)
    picture = Image.new("RGB", (360, 240), _colour(dice))
    canvas = ImageDraw.Draw(picture)
    for _ in range(12):
        left, up = dice.randrange(360), dice.randrange(240)
        size = dice.randrange(20, 140)
        canvas.ellipse((left, up, left + size, up + size), fill=_colour(dice))
    picture.save(path)


def _colour(dice: random.Random) -> tuple[int, int, int]:
    return (dice.randrange(256), dice.randrange(256), dice.randrange(256))


def _sack(number: int) -> DigitalLink:
    body = f"0{_PREFIX}{_COFFEE:05d}"
    return build_digital_link("01", body + check_digit(body), [("10", f"A7-{number}")])


def _kilos(sack: DigitalLink) -> Commission:
    return Commission(epc_hash(sack.identity), quantity=60_000, unit="KGM")
