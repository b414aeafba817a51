"""A gallery with works and a yard with goods, told through the clients, for the tests of pages."""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image, ImageDraw

from crmdapp.provenance import (
    ArtworksClient,
    BoardClient,
    Commission,
    ItemsClient,
    ItemStep,
    fingerprint,
    metadata_of,
    sign_approval,
    sign_handover,
    submit_work,
)
from crmdapp.provenance.gs1 import build_digital_link, check_digit
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.web.provenance.shelf import Shelf

DAY = 86_400
YEAR = 365 * DAY


def draw(path: Path, seed: object) -> Path:
    """A picture that is like no other one, the same for the same seed."""
    dice = random.Random(str(seed))
    picture = Image.new("RGB", (240, 160), _colour(dice))
    canvas = ImageDraw.Draw(picture)
    for _ in range(14):
        left, up, size = dice.randrange(240), dice.randrange(160), dice.randrange(20, 110)
        canvas.ellipse((left, up, left + size, up + size), fill=_colour(dice))
    picture.save(path)
    return path


def submission_of(town, path: Path, title: str, *, artist: str = "Ada Artist", role="artist"):
    """A work that the role's key signed."""
    found = fingerprint(path)
    return submit_work(
        town.signer(role),
        town.client(ArtworksClient).domain,
        found,
        metadata_of(found, title, artist, year="2026", medium="oil on canvas"),
        royalty_bps=750,
        standards_version=1,
        deadline=town.now() + YEAR,
    )


def hang(town, server, path: Path, title: str, *, price: str = "", artist: str = "Ada Artist"):
    """A registered work, its metadata with the server; for sale if it has a price."""
    submission = submission_of(town, path, title, artist=artist)
    domain = town.client(BoardClient).domain
    until = town.now() + YEAR
    approval = sign_approval(town.signer("curator"), domain, submission.artwork, deadline=until)
    works = town.client(ArtworksClient, "artist")
    id_ = works.register(submission.signed, [approval])
    shelf = Shelf(server.context.state)
    shelf.draft(submission.artwork, submission.metadata, path.read_bytes(), path.name)
    shelf.sign(submission.signed)
    if price:
        works.list(id_, works.currency(0).price(price))
    return id_


def _colour(dice: random.Random) -> tuple[int, int, int]:
    return (dice.randrange(256), dice.randrange(256), dice.randrange(256))


# ----------------------------------------------------------------- goods


def box_of_coffee(town):
    """The artist (as a farm) fills two bags, packs them in a box, and hands it to the carrier.

    Returns:
        The ids of the bags and of the box, and the link on the first bag's label.
    """
    farm, carrier = town.client(ItemsClient, "artist"), town.client(ItemsClient, "carrier")
    gtin = "0950600000101" + check_digit("0950600000101")
    bags = [build_digital_link("01", gtin, [("21", f"bag{n}/&<")]) for n in (1, 2)]
    sscc = "09506000000000001"
    box = build_digital_link("00", sscc + check_digit(sscc))
    step = ItemStep.of(town.now(), biz_step="commissioning", disposition="active")
    new = [Commission(epc_hash(bag.identity)) for bag in bags]
    first, second, parent = farm.commission([*new, Commission(epc_hash(box.identity), 1)], step)
    farm.pack(parent, [first, second], ItemStep.of(town.now(), biz_step="packing"))
    give(town, "artist", "carrier", parent)
    carrier.observe([parent], ItemStep.of(town.now(), biz_step="receiving"))
    return first, second, parent, bags[0]


def give(town, giver, taker, *items):
    """Both parties sign, and the items change hands."""
    client = town.client(ItemsClient, taker)
    signed = sign_handover(
        town.signer(giver),
        client.domain,
        client.steps(items),
        town.address(taker),
        event_time=town.now(),
        deadline=town.now() + DAY,
    )
    client.receive(signed)
