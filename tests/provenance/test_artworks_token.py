"""The token: what ERC-721 demands, clause by clause, and ERC-165, 2981, 4906, 6093 and 7572.

The internal functions are tried by themselves on `ArtworkTokenMock`.
"""

import pytest
from eth_utils import keccak

from tests.fixtures.intents import address_of
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts, reverts_without_data
from tests.provenance.artwork_intents import ZERO
from tests.provenance.gallery import *  # noqa: F403 - fixtures
from tests.provenance.gallery import ETHER, GWEI, PRICE, ROYALTY_BPS

# tests/mutants looks for what the fixtures deploy:
# project.PointsHubMock, project.TestCoin

LAST_EPOCH = 2**24 - 1
REFUSE, REVERT_BOMB, RETURN_BOMB, REENTER, WRONG_MAGIC = 1, 2, 3, 5, 7  # PayeeMock.Behaviour
SAFE = {
    "plain": "safeTransferFrom(address,address,uint256)",
    "with data": "safeTransferFrom(address,address,uint256,bytes)",
}


@pytest.fixture
def operator(artworks, accounts, collector):
    """May move everything of the collector."""
    artworks.setApprovalForAll(accounts[6], True, sender=collector)
    return accounts[6]


@pytest.fixture
def spender(artworks, accounts, collector, owned):
    """May move the collector's work."""
    artworks.approve(accounts[5], owned, sender=collector)
    return accounts[5]


@pytest.fixture
def bare(project, accounts):
    """The token by itself."""
    return project.ArtworkTokenMock.deploy(sender=accounts[0])


# ERC-165, ERC-721 Metadata


def selector_of(*signatures):
    """An interface's id: its functions' selectors, xored (ERC-165)."""
    number = 0
    for signature in signatures:
        number ^= int.from_bytes(keccak(text=signature)[:4])
    return number.to_bytes(4)


ERC165 = selector_of("supportsInterface(bytes4)")
ERC721 = selector_of(
    "balanceOf(address)",
    "ownerOf(uint256)",
    "approve(address,uint256)",
    "getApproved(uint256)",
    "setApprovalForAll(address,bool)",
    "isApprovedForAll(address,address)",
    "transferFrom(address,address,uint256)",
    *SAFE.values(),
)
ERC721_METADATA = selector_of("name()", "symbol()", "tokenURI(uint256)")
ERC2981 = selector_of("royaltyInfo(uint256,uint256)")


def test_supportsInterface_names_what_there_is(artworks):
    ids = [ERC165, ERC721, ERC721_METADATA, ERC2981, bytes.fromhex("49064906")]
    assert [each.hex() for each in ids] == [
        "01ffc9a7",
        "80ac58cd",
        "5b5e139f",
        "2a55205a",
        "49064906",
    ]
    assert all(artworks.supportsInterface(each) for each in ids)


@pytest.mark.parametrize("id_", ["ffffffff", "00000000", "780e9d63", "d9b67a26", "36372b07"])
def test_supportsInterface_denies_the_rest(artworks, id_):
    """Among them enumeration (ERC-721), multi-token (ERC-1155) and coin (ERC-20)."""
    assert not artworks.supportsInterface(bytes.fromhex(id_))


def test_name_and_symbol(artworks):
    assert (artworks.name(), artworks.symbol()) == ("Artworks", "ART")


def test_tokenURI_and_contractURI_follow_the_gallerys_place(project, artworks, owned, gallery):
    receipt = artworks.setBaseURI("ipfs://place/", sender=gallery)

    assert logs(receipt, artworks) == [
        log(artworks, "ContractURIUpdated"),
        log(artworks, "BatchMetadataUpdate", _fromTokenId=0, _toTokenId=2**256 - 1),
    ]
    assert artworks.tokenURI(owned) == f"ipfs://place/0x{owned:064x}.json"
    assert artworks.contractURI() == "ipfs://place/contract.json"


def test_views_of_a_token_revert_if_there_is_none(project, artworks, registered, outsider):
    for token in (registered, 5):
        for view in (artworks.ownerOf, artworks.getApproved, artworks.tokenURI):
            with reverts(project.Artworks.ERC721NonexistentToken, tokenId=token):
                view.transact(token, sender=outsider)


def test_balanceOf_reverts_for_nobody(project, artworks, outsider):
    with reverts(project.Artworks.ERC721InvalidOwner, owner=ZERO):
        artworks.balanceOf.transact(ZERO, sender=outsider)


# Transfers


def moves(artworks, sender, from_, to, token):
    """The three ways, which all do the same to an account without code."""
    return [
        lambda: artworks.transferFrom(from_, to, token, sender=sender),
        lambda: artworks.safeTransferFrom(from_, to, token, sender=sender),
        lambda: artworks.safeTransferFrom(from_, to, token, b"data", sender=sender),
    ]


@pytest.mark.parametrize("way", range(3))
@pytest.mark.parametrize("role", ["collector", "operator", "spender"])
def test_transfers_are_the_owners_operators_and_spenders(
    artworks, owned, collector, buyer, request, role, way
):
    caller = request.getfixturevalue(role)
    epoch = artworks.stateOf(owned).epoch
    receipt = moves(artworks, caller, collector, buyer, owned)[way]()

    assert logs(receipt, artworks) == [
        log(artworks, "Transfer", from_=collector, to=buyer, tokenId=owned)
    ]
    assert artworks.ownerOf(owned) == buyer
    assert (artworks.balanceOf(collector), artworks.balanceOf(buyer)) == (0, 1)
    assert artworks.getApproved(owned) == ZERO
    assert tuple(artworks.stateOf(owned)) == (buyer, 0, 0, False, epoch + 1)


@pytest.mark.parametrize("way", range(3))
def test_transfers_revert_for_others(project, artworks, owned, collector, thief, artist, way):
    for caller in (thief, artist):
        with reverts(
            project.Artworks.ERC721InsufficientApproval, operator=caller.address, tokenId=owned
        ):
            moves(artworks, caller, collector, thief, owned)[way]()


@pytest.mark.parametrize("way", range(3))
def test_transfers_revert_from_who_is_not_the_owner(
    project, artworks, owned, collector, buyer, artist, way
):
    with reverts(
        project.Artworks.ERC721IncorrectOwner,
        sender=artist.address,
        tokenId=owned,
        owner=collector.address,
    ):
        moves(artworks, collector, artist, buyer, owned)[way]()


@pytest.mark.parametrize("way", range(3))
def test_transfers_revert_to_nobody(project, artworks, owned, collector, way):
    with reverts(project.Artworks.ERC721InvalidReceiver, receiver=ZERO):
        moves(artworks, collector, collector, ZERO, owned)[way]()


@pytest.mark.parametrize("way", range(3))
def test_transfers_revert_without_a_token(project, artworks, registered, artist, buyer, way):
    with reverts(project.Artworks.ERC721NonexistentToken, tokenId=registered):
        moves(artworks, artist, artist, buyer, registered)[way]()


def test_transferFrom_to_oneself_takes_the_price_off(artworks, listed, collector):
    epoch = artworks.stateOf(listed).epoch
    artworks.transferFrom(collector, collector, listed, sender=collector)

    assert tuple(artworks.stateOf(listed)) == (collector, 0, 0, False, epoch + 1)
    assert artworks.balanceOf(collector) == 1


def test_safeTransferFrom_asks_a_contract(artworks, owned, collector, payee):
    receiver = payee()
    artworks.safeTransferFrom(collector, receiver, owned, b"\x01\x02", sender=collector)

    assert artworks.ownerOf(owned) == receiver
    assert receiver.received() == b"\x01\x02"


def test_safeTransferFrom_reverts_if_the_contract_does_not_want_it(
    project, artworks, owned, collector, payee, board
):
    for receiver in (payee(WRONG_MAGIC), board):
        with reverts(project.Artworks.ERC721InvalidReceiver, receiver=receiver.address):
            artworks.safeTransferFrom(collector, receiver, owned, sender=collector)
    with reverts(project.PayeeMock.PayeeRefused):
        artworks.safeTransferFrom(collector, payee(REFUSE), owned, sender=collector)
    assert artworks.ownerOf(owned) == collector


def test_transferFrom_asks_nobody(artworks, owned, collector, payee):
    receiver = payee(REFUSE)
    artworks.transferFrom(collector, receiver, owned, sender=collector)

    assert artworks.ownerOf(owned) == receiver


def test_a_receiver_that_passes_the_token_on_at_once_leaves_it_there(
    artworks, owned, collector, buyer, payee, accounts
):
    receiver = payee()
    data = artworks.transferFrom.encode_input(receiver, buyer, owned)
    receiver.callOnPayment(artworks, data, sender=accounts[0])
    artworks.safeTransferFrom(collector, receiver, owned, sender=collector)

    assert receiver.succeeded()
    assert artworks.ownerOf(owned) == buyer
    assert [artworks.balanceOf(each) for each in (collector, receiver, buyer)] == [0, 0, 1]


def test_a_token_in_the_contract_itself_stays_there(project, artworks, owned, collector, thief):
    """Nobody can act for the contract: like a token sent to any address without a key."""
    artworks.transferFrom(collector, artworks, owned, sender=collector)

    assert artworks.ownerOf(owned) == artworks
    with reverts(
        project.Artworks.ERC721InsufficientApproval, operator=thief.address, tokenId=owned
    ):
        artworks.transferFrom(artworks, thief, owned, sender=thief)
    with reverts(project.Artworks.ArtworkSellerOnly, id=owned, caller=thief.address):
        artworks.list(owned, PRICE, ETHER, sender=thief)


def test_a_token_that_owns_itself_by_an_account_is_stuck_and_hurts_nobody(
    project, artworks, owned, collector, payee, accounts, thief
):
    """An account whose key is the token's owner (ERC-6551), given to itself: nobody has the key."""
    account = payee()  # its owner would now be itself
    artworks.transferFrom(collector, account, owned, sender=collector)

    assert (artworks.ownerOf(owned), artworks.balanceOf(account)) == (account, 1)
    with reverts(
        project.Artworks.ERC721InsufficientApproval, operator=thief.address, tokenId=owned
    ):
        artworks.transferFrom(account, thief, owned, sender=thief)


# Approvals


def test_approve_lets_one_account_move_one_token(artworks, owned, collector, outsider):
    receipt = artworks.approve(outsider, owned, sender=collector)

    assert logs(receipt, artworks) == [
        log(artworks, "Approval", owner=collector, approved=outsider, tokenId=owned)
    ]
    assert artworks.getApproved(owned) == outsider


def test_approve_replaces_and_takes_back(artworks, owned, collector, spender, buyer):
    artworks.approve(buyer, owned, sender=collector)
    assert artworks.getApproved(owned) == buyer

    receipt = artworks.approve(ZERO, owned, sender=collector)
    assert artworks.getApproved(owned) == ZERO
    assert logs(receipt, artworks) == [
        log(artworks, "Approval", owner=collector, approved=ZERO, tokenId=owned)
    ]


def test_approve_is_the_owners_and_the_operators(
    project, artworks, owned, operator, spender, artist, thief
):
    artworks.approve(thief, owned, sender=operator)
    for caller in (spender, artist, thief):
        with reverts(project.Artworks.ERC721InvalidApprover, approver=caller.address):
            artworks.approve(caller, owned, sender=caller)


def test_approve_reverts_without_a_token(project, artworks, registered, artist):
    with reverts(project.Artworks.ERC721NonexistentToken, tokenId=registered):
        artworks.approve(artist, registered, sender=artist)


def test_an_approval_dies_with_a_transfer_even_there_and_back(
    project, artworks, owned, collector, buyer, spender
):
    artworks.transferFrom(collector, buyer, owned, sender=collector)
    artworks.transferFrom(buyer, collector, owned, sender=buyer)

    assert artworks.getApproved(owned) == ZERO
    with reverts(
        project.Artworks.ERC721InsufficientApproval, operator=spender.address, tokenId=owned
    ):
        artworks.transferFrom(collector, spender, owned, sender=spender)


def test_an_approval_dies_with_a_new_price(project, artworks, owned, collector, spender):
    artworks.list(owned, PRICE, ETHER, sender=collector)

    assert artworks.getApproved(owned) == ZERO
    with reverts(
        project.Artworks.ERC721InsufficientApproval, operator=spender.address, tokenId=owned
    ):
        artworks.transferFrom(collector, spender, owned, sender=spender)


def test_there_is_no_approval_in_the_last_epoch(
    project, artworks, owned, collector, buyer, outsider, saturate
):
    saturate(owned, LAST_EPOCH - 1)
    artworks.approve(outsider, owned, sender=collector)
    assert artworks.getApproved(owned) == outsider

    saturate(owned, LAST_EPOCH)
    artworks.approve(outsider, owned, sender=collector)
    assert artworks.getApproved(owned) == ZERO
    with reverts(
        project.Artworks.ERC721InsufficientApproval, operator=outsider.address, tokenId=owned
    ):
        artworks.transferFrom(collector, outsider, owned, sender=outsider)
    artworks.transferFrom(collector, buyer, owned, sender=collector)
    assert tuple(artworks.stateOf(owned)) == (buyer, 0, 0, False, LAST_EPOCH)


def test_setApprovalForAll_gives_and_takes_back(artworks, owned, collector, outsider, buyer):
    for wanted in (True, False):
        receipt = artworks.setApprovalForAll(outsider, wanted, sender=collector)
        assert logs(receipt, artworks) == [
            log(artworks, "ApprovalForAll", owner=collector, operator=outsider, approved=wanted)
        ]
        assert artworks.isApprovedForAll(collector, outsider) is wanted
    assert not artworks.isApprovedForAll(outsider, collector)


def test_setApprovalForAll_reverts_for_nobody(project, artworks, collector):
    with reverts(project.Artworks.ERC721InvalidOperator, operator=ZERO):
        artworks.setApprovalForAll(ZERO, True, sender=collector)


def test_an_operator_survives_transfers_but_moves_only_the_owners(
    project, artworks, owned, collector, buyer, operator
):
    artworks.transferFrom(collector, buyer, owned, sender=operator)
    with reverts(
        project.Artworks.ERC721InsufficientApproval, operator=operator.address, tokenId=owned
    ):
        artworks.transferFrom(buyer, collector, owned, sender=operator)
    assert artworks.isApprovedForAll(collector, operator)


def test_neither_operator_nor_spender_sells(
    project, artworks, owned, operator, spender, buyer, offer, fund
):
    """What they may do is move the token; a price is the owner's to name."""
    fund(buyer)
    wanted = offer(owned)
    for caller in (operator, spender):
        calls = (
            lambda caller=caller: artworks.list(owned, 1, ETHER, sender=caller),
            lambda caller=caller: artworks.openAuction(owned, 1, ETHER, 900, sender=caller),
            lambda caller=caller: artworks.accept(wanted.values, wanted.sign(buyer), sender=caller),
        )
        for call in calls:
            with reverts(project.Artworks.ArtworkSellerOnly, id=owned, caller=caller.address):
                call()


# ERC-2981


@pytest.mark.parametrize("amount", [0, 1, 14, 15, 9_999, 10_000, 2**128])
def test_royaltyInfo_is_rounded_down(artworks, registered, artist, amount):
    assert list(artworks.royaltyInfo(registered, amount)) == [
        artist.address,
        amount * ROYALTY_BPS // 10_000,
    ]


def test_royaltyInfo_of_an_unknown_work_is_nothing(artworks):
    assert list(artworks.royaltyInfo(5, 10_000)) == [ZERO, 0]


def test_the_record_never_changes(artworks, listed, buyer, collector, artist, revoke):
    """Whatever happens to the token: sale, transfer, revocation, burn."""
    before = list(artworks.recordOf(listed))[:3]
    artworks.buy(listed, PRICE, ETHER, value=PRICE * GWEI, sender=buyer)
    artworks.transferFrom(buyer, collector, listed, sender=buyer)
    revoke(listed)
    artworks.burn(listed, sender=collector)

    assert list(artworks.recordOf(listed))[:3] == before


# Internal functions


def test_mint_by_its_internal_name(project, bare, collector):
    receipt = getattr(bare, "$_mint")(collector, 5, sender=collector)

    assert logs(receipt, bare) == [log(bare, "Transfer", from_=ZERO, to=collector, tokenId=5)]
    assert (bare.ownerOf(5), bare.balanceOf(collector)) == (collector, 1)
    with reverts(project.ArtworkTokenMock.ERC721InvalidSender, sender=ZERO):
        getattr(bare, "$_mint")(collector, 5, sender=collector)
    with reverts(project.ArtworkTokenMock.ERC721InvalidReceiver, receiver=ZERO):
        getattr(bare, "$_mint")(ZERO, 6, sender=collector)


def test_safeMint_by_its_internal_name(project, bare, payee, collector):
    receiver, wrong = payee(), payee(WRONG_MAGIC)
    getattr(bare, "$_safeMint")(receiver, 5, sender=collector)

    assert bare.ownerOf(5) == receiver
    with reverts(project.ArtworkTokenMock.ERC721InvalidReceiver, receiver=wrong.address):
        getattr(bare, "$_safeMint")(wrong, 6, sender=collector)


def test_burn_by_its_internal_name(project, bare, collector):
    getattr(bare, "$_mint")(collector, 5, sender=collector)
    receipt = getattr(bare, "$_burn")(5, sender=collector)

    assert logs(receipt, bare) == [log(bare, "Transfer", from_=collector, to=ZERO, tokenId=5)]
    assert bare.balanceOf(collector) == 0
    with reverts(project.ArtworkTokenMock.ERC721NonexistentToken, tokenId=5):
        getattr(bare, "$_burn")(5, sender=collector)


def test_transfer_by_its_internal_name(project, bare, collector, buyer):
    getattr(bare, "$_mint")(collector, 5, sender=collector)
    getattr(bare, "$_transfer")(collector, buyer, 5, sender=collector)

    assert bare.ownerOf(5) == buyer
    with reverts(project.ArtworkTokenMock.ERC721NonexistentToken, tokenId=6):
        getattr(bare, "$_transfer")(collector, buyer, 6, sender=collector)
    with reverts(
        project.ArtworkTokenMock.ERC721IncorrectOwner,
        sender=collector.address,
        tokenId=5,
        owner=buyer.address,
    ):
        getattr(bare, "$_transfer")(collector, buyer, 5, sender=collector)


def test_update_by_its_internal_name(bare, collector, buyer):
    for from_, to in ((ZERO, collector), (collector, buyer), (buyer, ZERO)):
        receipt = getattr(bare, "$_update")(to, 5, sender=collector)
        assert receipt.return_value == address_of(from_)
    assert [bare.balanceOf(each) for each in (collector, buyer)] == [0, 0]


def test_setApprovalForAll_by_its_internal_name(bare, collector, buyer):
    getattr(bare, "$_setApprovalForAll")(collector, buyer, True, sender=buyer)
    assert bare.isApprovedForAll(collector, buyer)


def test_arguments_that_are_no_addresses_are_refused(artworks, collector, owned):
    call = artworks.transferFrom.encode_input(collector, collector, owned)
    dirty = bytes(call[:4]) + b"\x01" + bytes(call[5:])
    with reverts_without_data():
        collector.transfer(artworks, 0, data=dirty)
