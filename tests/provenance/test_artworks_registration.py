"""Works: recorded once, by the word of artist and curators, and flagged by the board alone."""

from dataclasses import replace

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.intents import compact, high_s
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.provenance.artwork_intents import ZERO
from tests.provenance.board import (
    NEAR_DUPLICATE,
    approval_of,
    artwork_hash,
    artwork_intent,
    change_approval_of,
    commitment_of,
    signed_by,
)
from tests.provenance.gallery import *  # noqa: F403 - fixtures
from tests.provenance.gallery import (
    BOND,
    CASE,
    COIN,
    COMMIT,
    ETHER,
    FEE_BPS,
    NOTICE,
    PRICE,
    QUORUM,
    REVEAL,
    ROYALTY_BPS,
)

# tests/mutants looks for what the fixtures deploy:
# project.PointsHubMock, project.TestCoin

PHASH = 0xF0E1D2C3B4A59687


@pytest.fixture
def submit(artworks, domain, artist, approvals, relayer):
    """Registers a work, unless something in it is wrong."""

    def submit_(artwork, *, signature=None, signers=None, given=None, mints=False):
        if signature is None:
            signature = artwork_intent(domain, artwork).sign(artist)
        given = approvals(artwork, signers=signers) if given is None else given
        return artworks.register(artwork, signature, given, mints, sender=relayer)

    return submit_


@pytest.fixture
def dismiss(board, board_domain, curators, relayer):
    """Takes a curator off the board."""

    def dismiss_(curator):
        state = board.state()
        change = ([], [curator.address], state.quorum, bytes(32), state.epoch)
        intent = change_approval_of(board_domain, change)
        board.change(change, signed_by(intent, *curators[:3]), sender=relayer)

    return dismiss_


# The gallery's contract


def test_constructor_makes_the_board(artworks, board, project, curators):
    assert board.ARTWORKS() == artworks.address
    assert board.contract_type.name == project.CuratorBoard.contract_type.name
    assert [board.isCurator(curator) for curator in curators] == [True] * 5
    assert (board.state().quorum, board.BOND()) == (QUORUM, BOND)
    assert (board.COMMIT_PERIOD(), board.REVEAL_PERIOD(), board.NOTICE()) == (
        COMMIT,
        REVEAL,
        NOTICE,
    )


def test_DOMAIN_SEPARATOR_is_that_of_eip_712(artworks, domain, work):
    assert artworks.DOMAIN_SEPARATOR() == artwork_intent(domain, work()).signable().header


def test_artworkHashOf_is_the_struct_hash(artworks, work):
    changed = {
        "fileKeccak": keccak(text="another file"),
        "fileSha256": b"\xff" * 32,
        "cidDigest": b"\xfe" * 32,
        "pHash": 2**64 - 1,
        "metadataHash": bytes(32),
        "artist": "0x" + "fF" * 20,
        "royaltyBps": 2**16 - 1,
        "succession": 255,
        "standardsVersion": 2**32 - 1,
        "deadline": 0,
    }
    variants = [work(), work(**changed)] + [work(**{name: changed[name]}) for name in changed]

    assert [artworks.artworkHashOf(each) for each in variants] == [
        artwork_hash(each) for each in variants
    ]
    assert len({artwork_hash(each) for each in variants}) == len(variants)


def test_idOf_chains_the_records_of_a_file(artworks):
    file = keccak(text="file")
    ids = [int.from_bytes(file)]
    for _ in range(255):
        ids.append(int.from_bytes(keccak(encode(["bytes32", "uint256"], [file, ids[-1]]))))

    assert [artworks.idOf(file, number) for number in (0, 1, 2, 255)] == [
        ids[number] for number in (0, 1, 2, 255)
    ]


# register


def test_register_records_the_work_and_mints_nothing(artworks, submit, work, artist):
    artwork = work()
    receipt = submit(artwork)
    token = artworks.idOf(artwork[0], 0)

    # The decoder leaves addresses within structs in small letters.
    content = [*artwork[:5], artist.address.lower(), *artwork[6:]]
    assert logs(receipt, artworks) == [
        log(
            artworks,
            "ArtworkRegistered",
            id=token,
            artist=artist,
            artworkHash=artwork_hash(artwork),
            artwork=content,
        )
    ]
    assert receipt.return_value == token
    assert tuple(artworks.recordOf(token)) == (artist, PHASH, ROYALTY_BPS, False, False)
    assert tuple(artworks.stateOf(token)) == (ZERO, 0, 0, False, 0)
    assert artworks.balanceOf(artist) == 0


def test_register_mints_at_once_if_it_is_told_to(artworks, submit, work, artist):
    receipt = submit(work(), mints=True)
    token = artworks.idOf(work()[0], 0)

    assert [event.name for event in logs(receipt, artworks)] == ["ArtworkRegistered", "Transfer"]
    assert logs(receipt, artworks)[1] == log(
        artworks, "Transfer", from_=ZERO, to=artist, tokenId=token
    )
    assert artworks.ownerOf(token) == artist
    assert tuple(artworks.stateOf(token)) == (artist, 0, 0, False, 0)
    assert artworks.balanceOf(artist) == 1


def test_register_takes_both_forms_of_a_signature(artworks, submit, work, domain, artist):
    first, second = work("first"), work("second")
    submit(first, signature=artwork_intent(domain, first).sign(artist))
    submit(second, signature=compact(artwork_intent(domain, second).sign(artist)))

    assert artworks.recordOf(artworks.idOf(second[0], 0)).artist == artist


def test_register_reverts_if_the_file_is_recorded(
    project, artworks, submit, work, domain, artist, thief
):
    first, second = work(), work(by=thief, pHash=1)
    submit(first)
    token = artworks.idOf(first[0], 0)

    # A signature works once, in whichever form.
    for signature in (
        artwork_intent(domain, first).sign(artist),
        compact(artwork_intent(domain, first).sign(artist)),
    ):
        with reverts(project.Artworks.ArtworkRegisteredBefore, id=token):
            submit(first, signature=signature)
    with reverts(project.Artworks.ArtworkRegisteredBefore, id=token):
        submit(second, signature=artwork_intent(domain, second).sign(thief))
    assert artworks.recordOf(token).artist == artist


def test_register_reverts_after_a_burn(project, artworks, submit, work, owned, collector):
    artworks.burn(owned, sender=collector)

    with reverts(project.Artworks.ArtworkRegisteredBefore, id=owned):
        submit(work())


def test_register_holds_until_the_deadline(project, artworks, submit, work, clock):
    deadline = clock.now + 100
    early, late = work("early", deadline=deadline), work("late", deadline=deadline)
    clock.set_next(deadline)
    submit(early)

    clock.set_next(deadline + 1)
    with reverts(project.Artworks.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        submit(late)
    assert artworks.recordOf(artworks.idOf(late[0], 0)).artist == ZERO


def test_register_reverts_without_a_file(project, submit, work):
    with reverts(project.Artworks.ArtworkFileInvalid):
        submit(work(fileKeccak=bytes(32)))


def test_register_takes_a_quarter_as_royalty_and_no_more(project, artworks, submit, work):
    submit(work(royaltyBps=2_500))
    assert artworks.recordOf(artworks.idOf(work()[0], 0)).royaltyBps == 2_500

    with reverts(project.Artworks.ArtworkRoyaltyTooHigh, royaltyBps=2_501):
        submit(work("another", royaltyBps=2_501))


def forgeries(domain, artwork, artist, thief, other):
    """Signatures that are not the artist's over the work, by what is wrong with them."""
    intent = artwork_intent(domain, artwork)
    good = intent.sign(artist)
    changed = artwork_intent(domain, (*artwork[:6], artwork[6] + 1, *artwork[7:]))
    places = [
        replace(domain, chain_id=domain.chain_id + 1),
        replace(domain, contract=other.address),
        replace(domain, name="CuratorBoard"),
        replace(domain, version="2"),
    ]
    return [
        intent.sign(thief),
        changed.sign(artist),
        high_s(good),
        good[:64] + bytes([55 - good[64]]),
        good[:32],
        bytes(65),
        b"",
        *(artwork_intent(place, artwork).sign(artist) for place in places),
    ]


def test_register_reverts_if_the_signature_is_not_the_artists(
    project, artworks, submit, work, domain, artist, thief, board
):
    artwork = work()
    digest = artwork_intent(domain, artwork).digest()

    for signature in forgeries(domain, artwork, artist, thief, board):
        with reverts(project.Artworks.IntentSignatureInvalid, signer=artist, digest=digest):
            submit(artwork, signature=signature)
    nobody = work(by=ZERO)
    digest = artwork_intent(domain, nobody).digest()
    with reverts(project.Artworks.IntentSignatureInvalid, signer=ZERO, digest=digest):
        submit(nobody, signature=bytes(65))


def test_register_takes_a_smart_accounts_word(
    project, artworks, submit, work, accounts, artist, domain
):
    wallet = project.WalletMock.deploy(artist, sender=accounts[0])
    artwork = work(by=wallet)
    submit(artwork, signature=artwork_intent(domain, artwork).sign(artist))

    assert artworks.recordOf(artworks.idOf(artwork[0], 0)).artist == wallet


def test_register_reverts_if_anything_of_the_record_differs_from_what_was_approved(
    project, artworks, submit, work, approvals, board_domain
):
    approved = work()
    given = approvals(approved)
    for changes in ({"pHash": 1}, {"royaltyBps": 1}, {"metadataHash": CASE}, {"deadline": 2**39}):
        changed = work(**changes)
        intent = approval_of(board_domain, changed)
        with reverts(
            project.CuratorBoard.IntentSignatureInvalid,
            signer=given[0][0],
            digest=intent.digest(),
        ):
            submit(changed, given=given)


def test_register_reverts_if_curators_signed_for_another_board_or_chain(
    project, artworks, submit, work, approvals, board_domain
):
    for place in (
        replace(board_domain, chain_id=1),
        replace(board_domain, contract=artworks.address),
        replace(board_domain, name="Artworks"),
        replace(board_domain, version="2"),
    ):
        given = approvals(work(), at=place)
        with reverts(
            project.CuratorBoard.IntentSignatureInvalid,
            signer=given[0][0],
            digest=approval_of(board_domain, work()).digest(),
        ):
            submit(work(), given=given)


def test_register_reverts_without_a_quorum(project, submit, work, curators):
    for signers in (curators[:2], curators[:1]):
        with reverts(project.CuratorBoard.ApprovalsMissing, given=len(signers), wanted=QUORUM):
            submit(work(), signers=signers)
    with reverts(project.CuratorBoard.ApprovalsMissing, given=0, wanted=QUORUM):
        submit(work(), given=[])


def test_register_reverts_if_a_curator_approves_twice(project, submit, work, approvals, curators):
    one, two = curators[:2]
    both = approvals(work(), signers=[one], form=bytes) + approvals(work(), signers=[one])
    given = both + approvals(work(), signers=[two])

    with reverts(project.CuratorBoard.CuratorsUnordered, previous=one.address, curator=one.address):
        submit(work(), given=given)


def test_register_reverts_if_an_approver_is_no_curator(project, submit, work, curators, outsider):
    signers = [*curators[:2], outsider]
    with reverts(project.CuratorBoard.CuratorInvalid, curator=outsider.address):
        submit(work(), signers=signers)


def test_register_reverts_if_an_approver_was_dismissed(
    project, artworks, submit, work, curators, dismiss, approvals
):
    given = approvals(work())
    dismiss(curators[1])

    with reverts(project.CuratorBoard.CuratorInvalid, curator=curators[1].address):
        submit(work(), given=given)
    submit(work(), signers=[curators[0], *curators[2:4]])
    assert artworks.recordOf(artworks.idOf(work()[0], 0)).artist != ZERO


def test_register_reverts_if_the_artist_approves(project, submit, work, domain, curators):
    artist = curators[0]
    artwork = work(by=artist)
    signature = artwork_intent(domain, artwork).sign(artist)

    with reverts(project.CuratorBoard.CuratorInvalid, curator=artist.address):
        submit(artwork, signature=signature)
    submit(artwork, signature=signature, signers=curators[1:4])


def test_register_reverts_if_an_approval_is_too_old(project, submit, work, approvals, clock):
    deadline = clock.now + 100
    given = approvals(work(), deadline=deadline)
    clock.set_next(deadline + 1)

    with reverts(project.CuratorBoard.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        submit(work(), given=given)


def test_register_reverts_for_unknown_standards(project, submit, work):
    for version in (0, 2):
        with reverts(project.CuratorBoard.StandardsOutdated, given=version, version=1):
            submit(work(standardsVersion=version))


def test_register_of_a_copied_transaction_files_the_same_record(
    artworks, work, domain, approvals, artist, thief
):
    artwork = work()
    signature = artwork_intent(domain, artwork).sign(artist)
    artworks.register(artwork, signature, approvals(artwork), False, sender=thief)

    token = artworks.idOf(artwork[0], 0)
    assert artworks.recordOf(token).artist == artist
    assert artworks.balanceOf(thief) == 0


def test_register_takes_what_a_vote_admitted(
    project, artworks, board, work, domain, artist, curators, clock, relayer
):
    artwork = work()
    case = board.submit(artwork, value=BOND, sender=artist).return_value
    for curator in curators[:3]:
        board.commitVote(case, commitment_of(case, curator, True), sender=curator)
    opened = board.caseOf(case).openedAt
    clock.set(opened + COMMIT)
    for curator in curators[:3]:
        board.revealVote(case, True, keccak(text="salt of a vote"), sender=curator)
    signature = artwork_intent(domain, artwork).sign(artist)
    with reverts(project.CuratorBoard.ApprovalsMissing, given=0, wanted=QUORUM):
        artworks.register(artwork, signature, [], False, sender=relayer)

    clock.set(opened + COMMIT + REVEAL)
    board.conclude(case, sender=relayer)
    artworks.register(artwork, signature, [], False, sender=relayer)
    assert artworks.recordOf(artworks.idOf(artwork[0], 0)).artist == artist


# mint


def test_mint_gives_the_artist_the_token(artworks, registered, artist, outsider):
    receipt = artworks.mint(registered, sender=outsider)

    assert logs(receipt, artworks) == [
        log(artworks, "Transfer", from_=ZERO, to=artist, tokenId=registered)
    ]
    assert artworks.ownerOf(registered) == artist
    assert artworks.stateOf(registered).epoch == 0


def test_mint_reverts_for_a_work_that_has_its_token(project, artworks, owned, outsider):
    with reverts(project.Artworks.ArtworkMintedBefore, id=owned):
        artworks.mint(owned, sender=outsider)


def test_mint_reverts_for_an_unknown_work(project, artworks, outsider):
    with reverts(project.Artworks.ArtworkUnknown, id=5):
        artworks.mint(5, sender=outsider)


def test_mint_reverts_after_a_burn(project, artworks, owned, collector, artist):
    artworks.burn(owned, sender=collector)

    with reverts(project.Artworks.ArtworkMintedBefore, id=owned):
        artworks.mint(owned, sender=artist)


def test_mint_reverts_for_a_revoked_record(project, artworks, registered, revoke, artist):
    revoke(registered)

    with reverts(project.Artworks.ArtworkRevokedBefore, id=registered):
        artworks.mint(registered, sender=artist)


# burn


def test_burn_destroys_the_token_and_keeps_the_record(artworks, listed, collector, artist):
    epoch = artworks.stateOf(listed).epoch
    receipt = artworks.burn(listed, sender=collector)

    assert logs(receipt, artworks) == [
        log(artworks, "Transfer", from_=collector, to=ZERO, tokenId=listed)
    ]
    assert tuple(artworks.recordOf(listed)) == (artist, PHASH, ROYALTY_BPS, False, True)
    assert tuple(artworks.stateOf(listed)) == (ZERO, 0, 0, False, epoch + 1)
    assert artworks.balanceOf(collector) == 0


def test_burn_reverts_unless_the_owner_calls(project, artworks, owned, artist, collector, thief):
    artworks.setApprovalForAll(thief, True, sender=collector)
    for caller in (artist, thief):
        with reverts(project.Artworks.ArtworkSellerOnly, id=owned, caller=caller.address):
            artworks.burn(owned, sender=caller)


def test_burn_reverts_without_a_token(project, artworks, registered, artist):
    with reverts(project.Artworks.ERC721NonexistentToken, tokenId=registered):
        artworks.burn(registered, sender=artist)


def test_nothing_brings_a_burned_token_back(
    project, artworks, registered, domain, artist, buyer, listing, offer, fund
):
    """A listing that was signed before the burn, an offer and a price of the artist included."""
    artworks.mint(registered, sender=artist)
    signed = listing(registered, by=artist)
    artworks.burn(registered, sender=artist)
    current = listing(registered, by=artist)
    fund(buyer)
    wanted = offer(registered)

    for each in (signed, current):
        with reverts(project.Artworks.ArtworkMintedBefore, id=registered):
            artworks.buySigned(each.values, each.sign(artist), value=1, sender=buyer)
    with reverts(project.Artworks.ArtworkMintedBefore, id=registered):
        artworks.accept(wanted.values, wanted.sign(buyer), sender=artist)
    with reverts(project.Artworks.ArtworkMintedBefore, id=registered):
        artworks.list(registered, PRICE, ETHER, sender=artist)
    with reverts(project.Artworks.ArtworkMintedBefore, id=registered):
        artworks.openAuction(registered, 1, COIN, 900, sender=artist)
    with reverts(project.Artworks.ArtworkNotForSale, id=registered):
        artworks.buy(registered, PRICE, ETHER, sender=buyer)


# revoke, and succession


def test_revoke_flags_the_record_and_takes_the_price_off(artworks, listed, revoke, collector):
    epoch = artworks.stateOf(listed).epoch
    receipt = revoke(listed)

    assert logs(receipt, artworks) == [
        log(artworks, "ArtworkRevoked", id=listed, caseId=CASE),
        log(artworks, "MetadataUpdate", _tokenId=listed),
    ]
    assert artworks.recordOf(listed).isRevoked
    assert tuple(artworks.stateOf(listed)) == (collector, 0, 0, False, epoch + 1)
    assert artworks.ownerOf(listed) == collector


def test_revoke_reverts_unless_the_board_calls(
    project, artworks, owned, gallery, artist, collector, curators
):
    for caller in (gallery, artist, collector, curators[0]):
        with reverts(project.Artworks.ArtworkBoardOnly, caller=caller.address):
            artworks.revoke(owned, CASE, sender=caller)


def test_revoke_reverts_the_second_time(project, artworks, owned, revoke):
    revoke(owned)

    with reverts(project.Artworks.ArtworkRevokedBefore, id=owned):
        revoke(owned)


def test_revoke_reverts_for_an_unknown_work(project, revoke):
    with reverts(project.Artworks.ArtworkUnknown, id=5):
        revoke(5)


def test_a_case_that_is_lost_revokes_the_record(
    artworks, board, register, work, thief, artist, curators, clock, relayer
):
    """The whole way: near-duplicate cited on chain, curators vote, record flagged."""
    earlier = register(work())
    copy = register(work("copy", by=thief, pHash=PHASH ^ 0b111), signer=thief)
    case = board.challenge(
        copy, NEAR_DUPLICATE, earlier, bytes(32), value=BOND, sender=artist
    ).return_value
    for curator in curators[:3]:
        board.commitVote(case, commitment_of(case, curator, True), sender=curator)
    opened = board.caseOf(case).openedAt
    clock.set(opened + COMMIT)
    for curator in curators[:3]:
        board.revealVote(case, True, keccak(text="salt of a vote"), sender=curator)
    clock.set(opened + COMMIT + REVEAL)
    receipt = board.conclude(case, sender=relayer)

    assert log(artworks, "ArtworkRevoked", id=copy, caseId=case) in logs(receipt, artworks, board)
    assert artworks.recordOf(copy).isRevoked
    assert not artworks.recordOf(earlier).isRevoked


def test_a_revoked_record_frees_its_file_for_its_artist(
    project, artworks, register, work, submit, revoke, thief, artist, domain
):
    """A thief who was first loses the record, and cannot take it again by any old signature."""
    stolen, own = work(by=thief), work(succession=1)
    first = register(stolen, signer=thief)
    with reverts(project.Artworks.ArtworkNotRevoked, id=first):
        submit(own)
    revoke(first)

    with reverts(project.Artworks.ArtworkRegisteredBefore, id=first):
        submit(stolen, signature=artwork_intent(domain, stolen).sign(thief))
    second = register(own)
    assert second != first
    assert artworks.recordOf(second).artist == artist
    assert artworks.recordOf(first).isRevoked
    with reverts(project.Artworks.ArtworkRegisteredBefore, id=second):
        submit(own)


def test_a_successor_needs_the_next_number(project, artworks, register, work, submit, revoke):
    first = register(work())
    revoke(first)
    second = artworks.idOf(work()[0], 1)

    with reverts(project.Artworks.ArtworkNotRevoked, id=second):
        submit(work(succession=2))
    with reverts(project.Artworks.ArtworkRegisteredBefore, id=first):
        submit(work(succession=0))
    with reverts(project.Artworks.ArtworkNotRevoked, id=artworks.idOf(work("another")[0], 0)):
        submit(work("another", succession=1))
    assert register(work(succession=1)) == second
    with reverts(project.Artworks.ArtworkNotRevoked, id=second):
        submit(work(succession=2))
    revoke(second)
    assert register(work(succession=2)) == artworks.idOf(work()[0], 2)


def test_a_burned_token_that_is_revoked_frees_its_file_too(
    artworks, register, work, owned, revoke, collector
):
    artworks.burn(owned, sender=collector)
    revoke(owned)
    record = artworks.recordOf(owned)

    assert (record.isRevoked, record.isBurned) == (True, True)
    assert register(work(succession=1)) == artworks.idOf(work()[0], 1)


def test_the_fee_is_fixed(artworks):
    assert artworks.FEE_BPS() == FEE_BPS
