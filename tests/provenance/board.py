"""A board of curators on Ape's chain and who deals with it, for the tests of contracts.

Five curators, three of whom have to approve a work. A stand-in for the contract of artworks makes
the board and answers it. A test module takes the fixtures by ``from tests.provenance.board import
*``. What people sign is made by eth-account's own encoder, not by the package's.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_abi import encode
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from tests.fixtures.intents import Domain, Intent, address_of, compact

HOUR, DAY = 3_600, 86_400
COMMIT, REVEAL, NOTICE = 2 * DAY, DAY, 7 * DAY
QUORUM = 3
BOND = 10**16 + 7  # wei; odd, and no multiple of the voters
ANY_TIME = 2**40 - 1
STANDARDS = keccak(text="standards of the community")
NOTHING = bytes(32)
SALT = keccak(text="salt of a vote")
EVIDENCE = keccak(text="evidence")
WORK, EARLIER = 7, 8  # tokens
SUBMISSION, NEAR_DUPLICATE, EARLIER_WORK, FALSE_RECORD, STANDARDS_BROKEN = range(1, 6)  # Ground
OPEN, UPHELD, REJECTED, UNDECIDED = range(1, 5)  # CaseStatus

_STRUCTS = {
    "Artwork": "bytes32 fileKeccak,bytes32 fileSha256,bytes32 cidDigest,uint64 pHash,"
    "bytes32 metadataHash,address artist,uint16 royaltyBps,uint8 succession,"
    "uint32 standardsVersion,uint40 deadline",
    "BoardChange": "address[] admitted,address[] dismissed,uint8 quorum,bytes32 standardsHash,"
    "uint32 epoch",
}


@dataclass(frozen=True)
class BoardIntent(Intent):
    """What a curator signs: a deadline around the struct that `inner` names."""

    inner: str = field(default="", repr=False)

    def signable(self) -> Any:
        """What eth-account hashes; `header` is the domain separator, `body` hashStruct."""
        types = {self.kind: self.types, self.inner: _members(self.inner)}
        names = [[name for name, _ in members] for members in types.values()]
        (outer, given), deadline = self.types, self.values[1]
        message = dict(zip(names[1], self.values[0], strict=True))
        return encode_typed_data(
            {
                "name": self.domain.name,
                "version": self.domain.version,
                "chainId": self.domain.chain_id,
                "verifyingContract": self.domain.contract,
            },
            {
                kind: [{"name": name, "type": type_} for name, type_ in members]
                for kind, members in types.items()
            },
            {outer[0]: message, given[0]: deadline},
        )


def approval_of(domain: Domain, artwork: tuple, deadline: int = ANY_TIME) -> BoardIntent:
    """What a curator signs of a work."""
    types = [("artwork", "Artwork"), ("deadline", "uint40")]
    return BoardIntent(domain, "Approval", types, (artwork, deadline), "Artwork")


def change_approval_of(domain: Domain, change: tuple, deadline: int = ANY_TIME) -> BoardIntent:
    """What a curator signs of a change of the board."""
    types = [("change", "BoardChange"), ("deadline", "uint40")]
    return BoardIntent(domain, "ChangeApproval", types, (change, deadline), "BoardChange")


def artwork_intent(domain: Domain, artwork: tuple) -> Intent:
    """What the artist signs of a work, for whatever domain."""
    return Intent(domain, "Artwork", _members("Artwork"), artwork)


def artwork_hash(artwork: tuple) -> bytes:
    """The struct hash of a work."""
    return bytes(artwork_intent(Domain("Any", "0x" + "11" * 20, 1), artwork).signable().body)


def artwork_fields(artwork: tuple) -> dict[str, Any]:
    """The work by the names of its fields."""
    return dict(zip((name for name, _ in _members("Artwork")), artwork, strict=True))


def ascending(*accounts: Any) -> list[Any]:
    """By address, which is the order that the board asks for."""
    return sorted(accounts, key=lambda account: int(address_of(account), 16))


def signed_by(intent: Intent, *signers: Any, form: Any = bytes) -> list[tuple[str, int, bytes]]:
    """Approvals as the board takes them."""
    return [
        (signer.address, intent.values[1], form(intent.sign(signer)))
        for signer in ascending(*signers)
    ]


def commitment_of(case_id: bytes, curator: Any, is_aye: bool, salt: bytes = SALT) -> bytes:
    """What a curator commits before the vote is shown."""
    types = ["bytes32", "address", "bool", "bytes32"]
    return keccak(encode(types, [case_id, address_of(curator), is_aye, salt]))


def _members(kind: str) -> list[tuple[str, str]]:
    return [
        (name, type_) for type_, name in (member.split() for member in _STRUCTS[kind].split(","))
    ]


# ----------------------------------------------------------------- people


@pytest.fixture
def artist(accounts):
    """Made the works."""
    return accounts[15]


@pytest.fixture
def collector(accounts):
    """Owns the work."""
    return accounts[16]


@pytest.fixture
def challenger(accounts):
    """Says that the work should not have been registered."""
    return accounts[17]


@pytest.fixture
def newcomer(accounts):
    """Is going to be a curator."""
    return accounts[18]


@pytest.fixture
def curators(accounts):
    """Those of the board, by rising address."""
    return ascending(*accounts[10:15])


@pytest.fixture
def curator(curators):
    """One of them."""
    return curators[0]


# ----------------------------------------------------------------- contracts


@pytest.fixture(scope="module")
def found(project, accounts):
    """Makes a contract of artworks with its board; the tests' own unless it is told otherwise."""

    def found_(
        curators=None,
        *,
        quorum=QUORUM,
        standards=STANDARDS,
        bond=BOND,
        periods=(COMMIT, REVEAL, NOTICE),
    ):
        chosen = accounts[10:15] if curators is None else curators
        members = [address_of(each) for each in chosen]
        return project.ArtworksMock.deploy(
            members, quorum, standards, bond, *periods, sender=accounts[0]
        )

    return found_


@pytest.fixture(scope="module")
def artworks(found):
    """What the board takes for the contract of artworks."""
    return found()


@pytest.fixture(scope="module")
def board(project, artworks):
    return project.CuratorBoard.at(artworks.BOARD())


@pytest.fixture
def domain(chain, board):
    return Domain("CuratorBoard", board.address, chain.chain_id)


# ----------------------------------------------------------------- works


@pytest.fixture
def work(artist):
    """A work of the artist as the contracts take it, unless the test says otherwise."""

    def work_(**changes):
        values = {
            "fileKeccak": keccak(text="file"),
            "fileSha256": keccak(text="sha256 of the file"),
            "cidDigest": keccak(text="cid of the file"),
            "pHash": 0xF0E1D2C3B4A59687,
            "metadataHash": keccak(text="metadata"),
            "artist": artist.address,
            "royaltyBps": 500,
            "succession": 0,
            "standardsVersion": 1,
            "deadline": ANY_TIME,
        }
        assert changes.keys() <= values.keys()
        return tuple((values | changes).values())

    return work_


@pytest.fixture
def change_of(board):
    """A change of the board; what is not said stays."""

    def change_of_(*, admitted=(), dismissed=(), quorum=None, standards=NOTHING, epoch=None):
        state = board.state()
        lists = ([address_of(each) for each in group] for group in (admitted, dismissed))
        return (
            *lists,
            state.quorum if quorum is None else quorum,
            standards,
            state.epoch if epoch is None else epoch,
        )

    return change_of_


@pytest.fixture
def change(board, domain, change_of, curators, relayer):
    """Carries out a change that three of the first curators signed."""

    def change_(*, signers=None, **what):
        intent = change_approval_of(domain, change_of(**what))
        approvals = signed_by(intent, *(signers or curators[:3]), form=compact)
        return board.change(intent.values[0], approvals, sender=relayer)

    return change_
