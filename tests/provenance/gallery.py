"""A gallery on Ape's chain and who deals with it, for the tests of contracts.

Five curators, three of whom have to approve a work; a fee of 2.5 %; ether, and a coin of six
decimals priced in cents. A test module takes the fixtures by ``from tests.provenance.gallery import
*``. What people sign is made by eth-account's own encoder, not by the package's.
"""

from typing import Any

import pytest
from ape.api import ReceiptAPI
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.intents import Domain, address_of, compact
from tests.fixtures.logs import Log, logs
from tests.provenance.artwork_intents import ANY_TIME, listing_of, offer_of
from tests.provenance.board import approval_of, artwork_intent, ascending, signed_by

HOUR, DAY = 3_600, 86_400
COMMIT, REVEAL, NOTICE = 2 * DAY, DAY, 7 * DAY
QUORUM = 3
BOND = 10**16
FEE_BPS, ROYALTY_BPS = 250, 700
STANDARDS = keccak(text="standards of the community")
CASE = keccak(text="a case")
ETHER, COIN = range(2)  # currencies
GWEI, CENT = 10**9, 10**4  # base units of a price unit
PRICE = 1_234_567  # price units, which no share divides
PROGRAM = 7


# ----------------------------------------------------------------- people


@pytest.fixture
def gallery(accounts):
    """Keeps the table of currencies, gets the fee."""
    return accounts[8]


@pytest.fixture
def artist(accounts):
    """Made the works."""
    return accounts[15]


@pytest.fixture
def collector(accounts):
    """Buys works first, and sells them again."""
    return accounts[16]


@pytest.fixture
def buyer(accounts):
    """Buys works of the collector."""
    return accounts[17]


@pytest.fixture
def bidder(accounts):
    """Bids against the buyer."""
    return accounts[18]


@pytest.fixture
def thief(accounts):
    """Wants what is others'."""
    return accounts[19]


@pytest.fixture
def curators(accounts):
    """Those of the board, by rising address."""
    return ascending(*accounts[10:15])


# ----------------------------------------------------------------- contracts


@pytest.fixture(scope="module")
def hub(project, accounts):
    """The ledger of points, which behaves well until it is told otherwise."""
    return project.PointsHubMock.deploy(sender=accounts[0])


@pytest.fixture(scope="module")
def coin(project, accounts):
    return project.TestCoin.deploy(sender=accounts[0])


@pytest.fixture(scope="module")
def found(project, accounts):
    """Founds a gallery with its curators."""

    def found_(*, hub, fee=FEE_BPS, gallery=None, curators=None, quorum=QUORUM):
        members = [address_of(each) for each in curators or accounts[10:15]]
        return project.Artworks.deploy(
            gallery or accounts[8],
            fee,
            hub,
            members,
            quorum,
            STANDARDS,
            BOND,
            COMMIT,
            REVEAL,
            NOTICE,
            sender=accounts[0],
        )

    return found_


@pytest.fixture(scope="module")
def artworks(found, hub, coin, accounts):
    """The gallery's contract, with the coin as its second currency."""
    artworks = found(hub=hub)
    artworks.addCurrency(coin, 4, 0, sender=accounts[8])
    return artworks


@pytest.fixture(scope="module")
def board(project, artworks):
    """Made by the contract of artworks."""
    return project.CuratorBoard.at(artworks.BOARD())


@pytest.fixture
def domain(artworks, chain):
    return Domain("Artworks", artworks.address, chain.chain_id)


@pytest.fixture
def board_domain(board, chain):
    return Domain("CuratorBoard", board.address, chain.chain_id)


@pytest.fixture
def payee(project, accounts):
    """Makes an account with code, which behaves as told."""

    def payee_(behaviour=0):
        payee = project.PayeeMock.deploy(sender=accounts[0])
        payee.setBehaviour(behaviour, sender=accounts[0])
        return payee

    return payee_


# ----------------------------------------------------------------- works


@pytest.fixture
def work(artist):
    """A work of the artist as the contracts take it, unless the test says otherwise."""

    def work_(file="file", *, by=artist, **changes):
        values = {
            "fileKeccak": keccak(text=file),
            "fileSha256": keccak(text=f"sha256 of {file}"),
            "cidDigest": keccak(text=f"cid of {file}"),
            "pHash": 0xF0E1D2C3B4A59687,
            "metadataHash": keccak(text=f"metadata of {file}"),
            "artist": address_of(by),
            "royaltyBps": ROYALTY_BPS,
            "succession": 0,
            "standardsVersion": 1,
            "deadline": ANY_TIME,
        }
        assert changes.keys() <= values.keys()
        return tuple((values | changes).values())

    return work_


@pytest.fixture
def approvals(board_domain, curators):
    """Approvals of a work by a quorum, unless the test says otherwise."""

    def approvals_(artwork, *, signers=None, at=board_domain, deadline=ANY_TIME, form=compact):
        intent = approval_of(at, artwork, deadline)
        return signed_by(intent, *(signers or curators[:QUORUM]), form=form)

    return approvals_


@pytest.fixture
def register(artworks, domain, approvals, artist, relayer):
    """Registers a work that the artist signed; returns its id."""

    def register_(artwork, *, mints=False, signer=artist):
        # An artist with code takes any word as its own.
        signature = compact(artwork_intent(domain, artwork).sign(signer)) if signer else b""
        artworks.register(artwork, signature, approvals(artwork), mints, sender=relayer)
        return artworks.idOf(artwork[0], artwork[7])

    return register_


@pytest.fixture
def registered(register, work):
    """A work that nobody has bought yet."""
    return register(work("new file"))


@pytest.fixture
def owned(artworks, register, work, artist, collector):
    """A work that the artist gave to the collector."""
    token = register(work(), mints=True)
    artworks.transferFrom(artist, collector, token, sender=artist)
    return token


@pytest.fixture
def listed(artworks, owned, collector):
    """A work that the collector asks ether for."""
    artworks.list(owned, PRICE, ETHER, sender=collector)
    return owned


@pytest.fixture
def board_account(board, accounts, chain):
    """The board as a sender, for what it does after a case."""
    chain.provider.set_balance(board.address, 10**18)
    return accounts[board.address]


@pytest.fixture
def revoke(artworks, board_account):
    """Flags a record, as the board does when a case was lost."""
    return lambda token: artworks.revoke(token, CASE, sender=board_account)


# ----------------------------------------------------------------- the market


@pytest.fixture
def fund(coin, artworks):
    """Gives an account so many cents of the coin, which the market may draw."""

    def fund_(account, cents=PRICE):
        coin.mint(account, cents * CENT, sender=account)
        coin.approve(artworks, 2**256 - 1, sender=account)

    return fund_


@pytest.fixture
def listing(domain, artworks, collector):
    """The collector's signed listing in the work's epoch, unless the test says otherwise."""

    def listing_(token, price=PRICE, *, at=domain, by=collector, epoch=None, **changes):
        now = artworks.stateOf(token).epoch if epoch is None else epoch
        return listing_of(at, token, by, price, epoch=now, **changes)

    return listing_


@pytest.fixture
def offer(domain, buyer):
    """The buyer's offer in the coin, unless the test says otherwise."""

    def offer_(token, price=PRICE, *, at=domain, by=buyer, **changes):
        return offer_of(at, token, by, price, **changes)

    return offer_


@pytest.fixture
def saturate(artworks, chain):
    """Sets a work's epoch, as if it had been moved and priced that often."""

    def saturate_(token, epoch=2**24 - 1):
        slot = int.from_bytes(keccak(encode(["uint256", "uint256"], [token, 1])))
        word = int.from_bytes(chain.provider.web3.eth.get_storage_at(artworks.address, slot))
        assert word & 0xFFFFFF == artworks.stateOf(token).epoch
        changed = word >> 24 << 24 | epoch
        chain.provider.set_storage(artworks.address, slot, changed.to_bytes(32))
        assert artworks.stateOf(token).epoch == epoch

    return saturate_


def shares(amount: int, *, royalty: int = ROYALTY_BPS, fee: int = FEE_BPS) -> tuple[int, int, int]:
    """What seller, artist and gallery get of an amount in a resale, in base units."""
    kept, given = amount * fee // 10_000, amount * royalty // 10_000
    return amount - kept - given, given, kept


def of_kind(receipt: ReceiptAPI, name: str, *contracts: Any) -> list[Log]:
    """The receipt's events of that name."""
    return [event for event in logs(receipt, *contracts) if event.name == name]
