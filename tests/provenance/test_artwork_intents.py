"""What artists, sellers, buyers and curators sign."""

import json

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.chain.signed import long_form
from crmdapp.errors import UsageError
from crmdapp.provenance.artwork_intents import (
    Artwork,
    SignedArtwork,
    SignedListing,
    SignedOffer,
    artworks_domain,
    id_of,
    sign_artwork,
    sign_listing,
    sign_offer,
)
from crmdapp.provenance.board_intents import (
    Approval,
    BoardChange,
    SignedApproval,
    SignedChangeApproval,
    board_domain,
    compact,
    in_order,
    require_same_artwork,
    sign_approval,
    sign_change_approval,
)
from crmdapp.provenance.errors import (
    ArtworkFileInvalid,
    ArtworkRoyaltyTooHigh,
    CuratorInvalid,
    CuratorListInvalid,
    CuratorsUnordered,
    CurrencyEther,
    ListingStale,
)
from crmdapp.provenance.models import EPOCH_MAX

KEYS = {LocalSigner(keccak(bytes([n]))).address: keccak(bytes([n])) for n in (1, 2, 3)}
ARTIST, CURATOR, OTHER = map(LocalSigner, KEYS.values())
DOMAIN = artworks_domain(31337, "0x" + "aa" * 20)
BOARD = board_domain(31337, "0x" + "bb" * 20)
FILE = keccak(b"file")
LATER = 2_000_000_000


def artwork(**changes):
    values = {
        "file_keccak": FILE,
        "file_sha256": keccak(b"sha"),
        "cid_digest": keccak(b"cid"),
        "p_hash": 7,
        "metadata_hash": keccak(b"told"),
        "artist": ARTIST.address,
        "royalty_bps": 1_000,
        "succession": 0,
        "standards_version": 1,
        "deadline": LATER,
    }
    return Artwork(**{**values, **changes})


# ----------------------------------------------------------------- EIP-712


@pytest.mark.parametrize(
    "signed",
    [
        sign_artwork(ARTIST, DOMAIN, artwork()),
        sign_listing(ARTIST, DOMAIN, 5, 10, 1, epoch=3, deadline=LATER),
        sign_offer(ARTIST, DOMAIN, 5, 10, 1, nonce=9, deadline=LATER),
        sign_approval(CURATOR, BOARD, artwork(), deadline=LATER),
        sign_change_approval(
            CURATOR, BOARD, BoardChange((OTHER.address,), (), 2, bytes(32), 0), deadline=LATER
        ),
    ],
    ids=lambda item: type(item).__name__,
)
def test_a_wallet_signs_the_same_digest(signed):
    message = encode_typed_data(full_message=signed.content.to_json(signed.domain))
    theirs = Account.sign_message(message, KEYS[signed.signer])
    assert (theirs.message_hash, theirs.signature) == (signed.digest, long_form(signed.signature))


@pytest.mark.parametrize(
    ("signed", "kind"),
    [
        (sign_artwork(ARTIST, DOMAIN, artwork()), SignedArtwork),
        (sign_listing(ARTIST, DOMAIN, 5, 10, 1, epoch=3, deadline=LATER), SignedListing),
        (sign_offer(ARTIST, DOMAIN, 5, 10, 1, nonce=9, deadline=LATER), SignedOffer),
        (sign_approval(CURATOR, BOARD, artwork(), deadline=LATER), SignedApproval),
        (
            sign_change_approval(
                CURATOR,
                BOARD,
                BoardChange((OTHER.address,), (ARTIST.address,), 2, FILE, 4),
                deadline=LATER,
            ),
            SignedChangeApproval,
        ),
    ],
    ids=["artwork", "listing", "offer", "approval", "change"],
)
def test_json_keeps_all_of_it(signed, kind):
    text = json.dumps(signed.to_json())
    assert kind.from_json(text) == signed
    for name in json.loads(text)["typedData"]["message"]:
        broken = json.loads(text)
        del broken["typedData"]["message"][name]
        with pytest.raises(UsageError, match=name):
            kind.from_json(broken)


def test_an_altered_artwork_is_not_signed():
    signed = sign_artwork(ARTIST, DOMAIN, artwork())
    altered = SignedArtwork(artwork(royalty_bps=2_000), DOMAIN, signed.signature)
    with pytest.raises(IntentSignatureInvalid):
        altered.require_signed_by_key()
    elsewhere = artworks_domain(1, DOMAIN.verifying_contract)
    with pytest.raises(IntentSignatureInvalid):
        SignedArtwork(artwork(), elsewhere, signed.signature).require_signed_by_key()


# ----------------------------------------------------------------- checks


def test_id_of_follows_the_successions():
    first = int.from_bytes(FILE, "big")
    assert id_of(FILE) == artwork().id == first
    second = int.from_bytes(keccak(FILE + FILE), "big")
    assert id_of(FILE, 1) == artwork(succession=1).id == second
    assert id_of(FILE, 2) == int.from_bytes(keccak(FILE + second.to_bytes(32, "big")), "big")
    with pytest.raises(UsageError):
        id_of(b"short")


@pytest.mark.parametrize("name", ["file_keccak", "file_sha256", "cid_digest"])
def test_sign_artwork_refuses_a_file_without_hash(name):
    with pytest.raises(ArtworkFileInvalid):
        sign_artwork(ARTIST, DOMAIN, artwork(**{name: bytes(32)}))


def test_sign_artwork_refuses_a_royalty_over_a_quarter():
    sign_artwork(ARTIST, DOMAIN, artwork(royalty_bps=2_500))
    with pytest.raises(ArtworkRoyaltyTooHigh) as refused:
        sign_artwork(ARTIST, DOMAIN, artwork(royalty_bps=2_501))
    assert refused.value.royalty_bps == 2_501


def test_sign_artwork_is_the_artists_alone():
    with pytest.raises(UsageError, match="artist"):
        sign_artwork(OTHER, DOMAIN, artwork())


@pytest.mark.parametrize(
    "change", [{"p_hash": 1 << 64}, {"succession": 256}, {"standards_version": 0}, {"deadline": -1}]
)
def test_sign_artwork_refuses_numbers_out_of_range(change):
    with pytest.raises(UsageError):
        sign_artwork(ARTIST, DOMAIN, artwork(**change))


def test_sign_listing_refuses_the_last_epoch_and_no_price():
    with pytest.raises(ListingStale):
        sign_listing(ARTIST, DOMAIN, 5, 10, 0, epoch=EPOCH_MAX, deadline=LATER)
    with pytest.raises(UsageError):
        sign_listing(ARTIST, DOMAIN, 5, 0, 0, epoch=1, deadline=LATER)


def test_sign_listing_is_for_anyone_unless_said():
    signed = sign_listing(ARTIST, DOMAIN, 5, 10, 0, epoch=1, deadline=LATER)
    assert signed.listing.only_buyer == ZERO_ADDRESS


def test_sign_offer_refuses_ether():
    with pytest.raises(CurrencyEther):
        sign_offer(ARTIST, DOMAIN, 5, 10, 0, nonce=1, deadline=LATER)


# ----------------------------------------------------------------- curators


def test_approvals_are_compact_and_still_the_curators():
    signed = sign_approval(CURATOR, BOARD, artwork(), deadline=LATER)
    assert len(signed.signature) == 64
    assert signed.signed_by_key()
    assert signed.values == (CURATOR.address, LATER, signed.signature)


@given(st.binary(min_size=32, max_size=32))
def test_compact_keeps_the_parity(digest):
    signature = CURATOR.sign_digest(digest)
    assert long_form(compact(signature)) == signature
    assert compact(b"smart account") == b"smart account"


def test_sign_approval_refuses_the_artist():
    with pytest.raises(CuratorInvalid):
        sign_approval(ARTIST, BOARD, artwork(), deadline=LATER)


def test_approvals_are_of_the_very_same_record():
    mine = sign_approval(CURATOR, BOARD, artwork(), deadline=LATER)
    require_same_artwork(artwork(), [mine])
    with pytest.raises(UsageError, match="another record"):
        require_same_artwork(artwork(p_hash=8), [mine])
    own = SignedApproval(Approval(artwork(), LATER), BOARD, ARTIST.address, mine.signature)
    with pytest.raises(CuratorInvalid):
        require_same_artwork(artwork(), [own])


def test_in_order_sorts_by_address_and_refuses_one_twice():
    given_ = [sign_approval(who, BOARD, artwork(), deadline=LATER) for who in (CURATOR, OTHER)]
    for items in (given_, given_[::-1]):
        found = [int(address, 16) for address, *_ in in_order(items)]
        assert found == sorted(found)
    with pytest.raises(CuratorsUnordered):
        in_order([given_[0], given_[0]])


def test_sign_change_refuses_who_stands_there_twice():
    change = BoardChange((OTHER.address,), (OTHER.address,), 1, bytes(32), 0)
    with pytest.raises(CuratorListInvalid):
        sign_change_approval(CURATOR, BOARD, change, deadline=LATER)
