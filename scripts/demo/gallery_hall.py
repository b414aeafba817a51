"""The gallery of the provenance chapter: who is there, what hangs there, and what each can do.

Everything goes through the package's public client. The pictures are drawn here, the same on every
machine, so that the story needs no file from elsewhere.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from crmdapp import LocalSigner, LoyaltyClient
from crmdapp.chain import BoundContract
from crmdapp.chain._keccak import keccak
from crmdapp.chain.transactions import Receipt
from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.log_journal import LogJournal
from crmdapp.customers.log_keys import LogKeys
from crmdapp.customers.operator import LogOperator
from crmdapp.loyalty.models import ProgramConfig
from crmdapp.provenance.artwork_intents import SignedListing, sign_listing
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.board_intents import SignedApproval, sign_approval
from crmdapp.provenance.curators import BoardClient
from crmdapp.provenance.fingerprints import fingerprint
from crmdapp.provenance.models import Currency
from crmdapp.provenance.review import registered_works, require_reviewed
from crmdapp.provenance.submission import Submission, metadata_of, read_submission, submit_work
from scripts.demo.stage import CURATORS, GALLERY, Stage

HOUR, DAY = 3_600, 86_400
CLERK_GAS, TRADER_GAS, VOTER_GAS = 30_000_000, 3_000_000, 1_000_000
ROYALTY = 1_000  # hundredths of a percent
COIN_EXPONENT = 4  # prices in coin are in whole cents
COIN_RATE = 10_000  # points' units for 1,000,000 cents: a point for each 100 coins
ETHER_RATE = 10  # points' units for 1,000,000 gwei: a point for each 0.01 ether
NOTICE = b"We note what you bought, to show you and nobody else.\n"
SIZE = (360, 240)


@dataclass(frozen=True, slots=True)
class Work:
    """A picture that the gallery shows.

    Attributes:
        id: Its token.
        path: Its file.
    """

    id: int
    path: Path


class Hall:
    """The gallery and the people who come there.

    Attributes:
        stage: Where it is.
        folder: The files that the gallery shows.
        artist: Paints, signs, and has no ether.
        collector: Buys and sells.
        works: The contract as the gallery's clerk uses it, who submits what others signed.
        board: The curators' contract, likewise.
        reader: The contract as anybody sees it.
        shop: The loyalty ledger, as the gallery uses it.
        program: The gallery's loyalty program.
        operator: Keeps the gallery's log of what customers did.
        coin: Row of the test coin in the currency table.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.folder = stage.folder / "gallery"
        self.folder.mkdir()
        self.artist: LocalSigner = stage.signer("artist")
        self.collector: LocalSigner = stage.signer("collector")
        sender = stage.sender(GALLERY, CLERK_GAS)
        place = (stage.connection, stage.manifest)
        self.works = ArtworksClient.at(*place, sender)
        self.board = BoardClient.at(*place, sender)
        self.reader = ArtworksClient.at(*place)
        self.shop = LoyaltyClient.at(*place, sender)
        self.program = self._open_program()
        self.operator = self._open_log()
        self.coin = self._allow_coin()

    # ----------------------------------------------------------------- the gallery

    def _open_program(self) -> int:
        program = self.shop.create_program(ProgramConfig("Lantern Gallery", "LAMP", validity=4))
        self.shop.set_issuer(program.id, self.works.contract.address, (1 << 48) - 1)
        self.works.send(self.works.prepare.set_points_program(program.id))
        self.works.send(self.works.prepare.set_currency(0, True, ETHER_RATE))
        return program.id

    def _open_log(self) -> LogOperator:
        client = LogClient.at(self.stage.connection, self.stage.manifest, self.works.sender)
        client.open(0, HOUR, keccak(NOTICE))
        return LogOperator(
            client,
            self.stage.open(LogJournal(self.stage.folder / "gallery-log.sqlite3")),
            self.stage.open(LogKeys(self.stage.folder / "gallery-pseudonyms.sqlite3")),
            signer=self.stage.signer(GALLERY),
            clock=lambda: self.now,
        )

    def _allow_coin(self) -> Currency:
        address = self.stage.manifest.address("TestCoin")
        self.works.send(self.works.prepare.add_currency(address, COIN_EXPONENT, COIN_RATE))
        return self.works.currencies()[-1]

    # ----------------------------------------------------------------- people

    @property
    def now(self) -> int:
        """Time of the chain, Unix seconds."""
        return self.stage.connection.block_timestamp()

    def trader(self, role: str) -> ArtworksClient:
        """Return the gallery as somebody uses it who pays for it."""
        sender = self.stage.sender(role, TRADER_GAS)
        return ArtworksClient.at(self.stage.connection, self.stage.manifest, sender)

    def juror(self, role: str) -> BoardClient:
        """Return the board as somebody uses it who pays for it."""
        sender = self.stage.sender(role, VOTER_GAS)
        return BoardClient.at(self.stage.connection, self.stage.manifest, sender)

    def untouched(self, *roles: str) -> bool:
        """Return whether roles never sent a transaction and never had ether."""
        chain = self.stage.connection
        addresses = [self.stage.signer(role).address for role in roles]
        return not any(chain.nonce(each) or chain.balance(each) for each in addresses)

    @property
    def coins(self) -> BoundContract:
        """The test coin."""
        return self.stage.connection.contract("TestCoin", self.stage.manifest.address("TestCoin"))

    def mint_coins(self, role: str, amount: int) -> None:
        """Let somebody take coins, as only a test coin allows."""
        sender = self.stage.sender(role, TRADER_GAS)
        sender.wait(sender.send(self.coins.call("mint", sender.address, amount)))

    def coins_of(self, address: str) -> int:
        """Return the coins of somebody, base units."""
        found: int = self.coins.read("balanceOf", address)
        return found

    # ----------------------------------------------------------------- works

    def submit(self, path: Path, name: str, role: str) -> Submission:
        """Fingerprint a file and sign it as its artist; write the submission beside the picture."""
        found = fingerprint(path)
        submission = submit_work(
            self.stage.signer(role),
            self.reader.domain,
            found,
            metadata_of(found, name, role.title(), year="2025", medium="drawn by a program"),
            royalty_bps=ROYALTY,
            standards_version=1,
            deadline=self.now + DAY,
        )
        path.with_suffix(".json").write_text(json.dumps(submission.to_json()), encoding="utf-8")
        return submission

    def approve(self, role: str, path: Path, despite: Collection[int] = ()) -> SignedApproval:
        """Review a file as a curator, from its own bytes, and sign.

        Raises:
            NearDuplicateFound: A registered work looks like it.
            SubmissionMismatch: The submission says something else than the file.
        """
        submission = read_submission(path.with_suffix(".json"))
        works = registered_works(self.reader, self.reader.head())
        require_reviewed(submission, fingerprint(path), works, despite=despite)
        return sign_approval(
            self.stage.signer(role),
            self.board.domain,
            submission.artwork,
            deadline=self.now + DAY,
        )

    def register(
        self, submission: Submission, approvals: Sequence[SignedApproval]
    ) -> tuple[int, Receipt]:
        """Put a work on the chain; returns its id too."""
        call = self.works.prepare.register(submission.signed, approvals)
        receipt = self.works.send(call)
        return self.works.id_in(receipt), receipt

    def hang(self, path: Path, name: str, role: str, despite: Collection[int] = ()) -> int:
        """Submit, approve and register a work; returns its id."""
        submission = self.submit(path, name, role)
        approvals = [self.approve(curator, path, despite) for curator in CURATORS]
        return self.register(submission, approvals)[0]

    def listing(self, role: str, id_: int, price: int, currency: int = 0) -> SignedListing:
        """Sign that a role sells a work; costs no gas."""
        return sign_listing(
            self.stage.signer(role),
            self.reader.domain,
            id_,
            price,
            currency,
            epoch=self.reader.state(id_).epoch,
            deadline=self.now + DAY,
        )

    def points(self, address: str) -> int:
        """Return somebody's points of the gallery's program, in units of 0.01."""
        return self.shop.balance(self.program, address)


def draw(seed: str) -> Image.Image:
    """Return a picture: discs and bars on a sky, the same for the same seed."""
    dice = random.Random(seed)
    top, foot = (tuple(dice.randrange(256) for _ in range(3)) for _ in range(2))
    picture = ImageOps.colorize(Image.linear_gradient("L").resize(SIZE), top, foot)
    canvas = ImageDraw.Draw(picture)
    width, height = SIZE
    for _ in range(9):
        left, up = dice.randrange(width), dice.randrange(height)
        across, down = dice.randrange(20, 140), dice.randrange(20, 110)
        box = (left, up, left + across, up + down)
        colour = tuple(dice.randrange(256) for _ in range(3))
        shape = canvas.ellipse if dice.random() < 0.6 else canvas.rectangle
        shape(box, fill=colour)
    return picture


def mirrored(picture: Image.Image) -> Image.Image:
    """Return a picture as in a mirror."""
    return ImageOps.mirror(picture)


def touched_up(picture: Image.Image) -> Image.Image:
    """Return a picture a little brighter and a little cropped."""
    width, height = picture.size
    brighter = picture.point(lambda value: min(255, value + 9))
    return brighter.crop((2, 2, width - 2, height - 2)).resize((width * 2, height * 2))
