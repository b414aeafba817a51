"""The plan: which contracts there are to deploy, in which order, with which arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crmdapp.chain.addresses import parse_address
from crmdapp.chain.manifest import Created, Manifest
from crmdapp.errors import UsageError

LOCAL_CHAIN_IDS = frozenset({1337, 31337})
"""Ids of chains of one's own, where the settlement coin may be worth nothing."""

HALF_YEAR = 15_778_800
"""Default length of an epoch in seconds: half a Julian year (365.25 days)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The address of another entry of the plan, as a constructor argument."""

    name: str

    def __str__(self) -> str:
        return f"the {self.name}"


@dataclass(frozen=True, slots=True)
class Planned:
    """One contract to deploy.

    Attributes:
        name: Its name in the manifest.
        args: Constructor arguments: values, or references to earlier entries.
        contract: Name of the artifact; the entry's name by default.
        created: Which earlier entry creates it; ``None`` if it is deployed itself.
    """

    name: str
    args: tuple[Any, ...] = ()
    contract: str = ""
    created: Created | None = None


@dataclass(frozen=True, slots=True)
class GallerySettings:
    """How a gallery begins; its fee and its board's periods hold for ever.

    Attributes:
        owner: Gets the fee and keeps the table of currencies.
        curators: The first curators, 1 to 64; the owner by default.
        quorum: Curators who have to approve a work.
        fee_bps: Hundredths of a percent of every sale, 0 to 1,000.
        standards_hash: keccak256 of the text of what curators look for, 32 bytes.
        bond: Wei that opening a case costs until it is concluded.
        commit_period: Seconds, at least an hour.
        reveal_period: Seconds, at least an hour.
        notice: Seconds for which standards are accepted after new ones came, at least an hour.
    """

    owner: str
    curators: tuple[str, ...] = ()
    quorum: int = 1
    fee_bps: int = 0
    standards_hash: bytes = bytes(32)
    bond: int = 5 * 10**16
    commit_period: int = 3 * 86_400
    reveal_period: int = 3 * 86_400
    notice: int = 30 * 86_400

    @property
    def board(self) -> tuple[Any, ...]:
        """The constructor arguments of the gallery's board."""
        curators = [parse_address(curator) for curator in self.curators or (self.owner,)]
        return (
            curators,
            self.quorum,
            self.standards_hash,
            self.bond,
            self.commit_period,
            self.reveal_period,
            self.notice,
        )


_OF_THE_BOARD = 3  # the arguments of a gallery from here on are its board's

_CUSTOMERS = (
    Planned("CustomerRegistry"),
    Planned("DidRegistry", (Reference("CustomerRegistry"),), created=Created("CustomerRegistry")),
    Planned("AttestationRegistry", (Reference("DidRegistry"),)),
    Planned("ConsentRegistry", (Reference("DidRegistry"),)),
    Planned("InteractionLog"),
    Planned("IdentityBadge", (Reference("AttestationRegistry"),)),
    Planned("DataRewards", (Reference("PointsHub"), Reference("InteractionLog"))),
)

_BALLOTS = (
    Planned("Elections"),
    Planned("TrusteeBoard", (Reference("Elections"),)),
    Planned("VoterRoll", (Reference("Elections"),)),
    Planned(
        "BallotBox", (Reference("Elections"), Reference("TrusteeBoard"), Reference("VoterRoll"))
    ),
    Planned("Tally", (Reference("BallotBox"),)),
    Planned("OpenBallots"),
)


def plan(
    genesis: int | None = None,
    epoch_length: int | None = None,
    *,
    coin: str | None = None,
    test_coin: bool = False,
    gallery: GallerySettings | None = None,
    manifest: Manifest | None = None,
    now: int = 0,
) -> tuple[Planned, ...]:
    """Return everything to deploy, in order.

    Args:
        genesis: Unix time at which the first epoch begins; by default what the manifest has, else
            ``now``.
        epoch_length: Seconds per epoch, at least 60; by default what the manifest has, else half a
            year.
        coin: Address of the stablecoin that programs settle in, an ERC-20 of 6 to 8 decimals; by
            default what the manifest has.
        test_coin: Whether a coin worth nothing, which anyone can mint, is deployed if there is no
            other: for a chain of one's own.
        gallery: How the gallery begins if none is deployed; without it none is planned.
        manifest: What is deployed, or was begun, on the chain.
        now: The chain's time, Unix seconds.

    Raises:
        UsageError: No coin is named, or what is named is no address.
    """
    earlier = manifest.get("PointsHub") if manifest is not None else None
    begun = earlier.args if earlier is not None and len(earlier.args) == 3 else (now, HALF_YEAR)
    first, settled_in = _coin(coin, test_coin, manifest)
    hub = (
        begun[0] if genesis is None else genesis,
        begun[1] if epoch_length is None else epoch_length,
        settled_in,
    )
    return (
        *first,
        Planned("PointsHub", hub),
        Planned("ProgramTerms", (Reference("PointsHub"),)),
        Planned("GiftVoucher", (settled_in,)),
        *_CUSTOMERS,
        *_gallery(gallery, manifest),
        Planned("ItemLedger"),
        *_BALLOTS,
    )


def _gallery(settings: GallerySettings | None, manifest: Manifest | None) -> tuple[Planned, ...]:
    """Return the gallery and its board: the ones that were begun, else as the settings say."""
    artworks = manifest.get("Artworks") if manifest is not None else None
    if artworks is not None and len(artworks.args) > _OF_THE_BOARD:
        owner, fee = artworks.args[:2]
        of_board = artworks.args[_OF_THE_BOARD:]
        standards_hash = bytes.fromhex(of_board[2].removeprefix("0x"))  # as JSON data keeps it
        of_board = (*of_board[:2], standards_hash, *of_board[3:])
    elif settings is not None:
        owner, fee, of_board = parse_address(settings.owner), settings.fee_bps, settings.board
    else:
        return ()
    return (
        Planned("Artworks", (owner, fee, Reference("PointsHub"), *of_board)),
        Planned("CuratorBoard", of_board, created=Created("Artworks")),
    )


def _coin(
    coin: str | None, test_coin: bool, manifest: Manifest | None
) -> tuple[tuple[Planned, ...], str | Reference]:
    """Return what to deploy for the settlement coin, and how the others name it."""
    if coin is not None:
        try:
            return (), parse_address(coin)
        except ValueError as problem:
            raise UsageError(f"The settlement coin: {problem}.") from None
    entry = manifest.get("PointsHub") if manifest is not None else None
    known = entry.args[2] if entry is not None and len(entry.args) == 3 else None
    test = manifest.get("TestCoin") if manifest is not None else None
    if known is not None and (test is None or test.address != known):
        return (), known
    if test is None and not test_coin:
        raise UsageError(
            "No settlement coin is named.",
            why="Only a local chain gets a test coin, which is worth nothing.",
            hint="Name the stablecoin that merchants settle in: --coin 0x...",
        )
    return (Planned("TestCoin"),), Reference("TestCoin")
