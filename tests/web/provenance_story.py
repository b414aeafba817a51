"""A gallery with works and a yard with goods, told through the clients, for the tests of pages."""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image, ImageDraw

from crmdapp.provenance import (
    ArtworksClient,
    BoardClient,
    fingerprint,
    metadata_of,
    sign_approval,
    submit_work,
)
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
