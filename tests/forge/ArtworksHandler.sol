// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PayeeMock} from "../../contracts/mocks/PayeeMock.sol";
import {PointsHubMock} from "../../contracts/mocks/PointsHubMock.sol";
import {Artwork, Listing, Offer} from "../../contracts/provenance/IArtworks.sol";
import {BoardChange, CuratorApproval} from "../../contracts/provenance/ICuratorBoard.sol";
import {ArtworksBooks, IToken} from "./ArtworksBooks.sol";
import {Dice} from "./Dice.sol";
import {Vm, vm} from "./Vm.sol";

/// @title Random artists, collectors, bidders, curators and thieves in a gallery
/// @notice Every action should succeed exactly if the books allow it, and is then booked; it takes
/// one random number and makes all its choices from it. Signed words are kept and tried again.
contract ArtworksHandler is ArtworksBooks {
    bytes32 private constant REGISTERED = keccak256(
        "ArtworkRegistered(uint256,address,bytes32,(bytes32,bytes32,bytes32,uint64,bytes32,address,uint16,uint8,uint32,uint40))"
    );
    bytes32 private constant MOVED = keccak256("Transfer(address,address,uint256)");
    bytes32 private constant SOLD =
        keccak256("ArtworkSold(uint256,address,address,uint64,uint8,bytes32)");
    bytes32 private constant APPROVAL_TYPEHASH = keccak256(
        "Approval(Artwork artwork,uint40 deadline)Artwork(bytes32 fileKeccak,bytes32 fileSha256,bytes32 cidDigest,uint64 pHash,bytes32 metadataHash,address artist,uint16 royaltyBps,uint8 succession,uint32 standardsVersion,uint40 deadline)"
    );
    bytes32 private constant REVOKED = keccak256("ArtworkRevoked(uint256,bytes32)");

    /// @dev Approvals of a work, and whether they should be enough.
    struct Admission {
        bytes32 artworkHash;
        address artist;
        CuratorApproval[] approvals;
        bool isAdmitted;
    }

    uint32 private _boardEpoch;

    // Registration

    function register(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 file, uint256 succession) = (dice.below(FILES), 0);
        while (succession < SUCCESSIONS - 1 && _works[file][succession].isRevoked) ++succession;
        if (dice.oneIn(6)) succession = dice.below(SUCCESSIONS);
        uint256 artist = dice.below(ACTORS);
        Artwork memory artwork = _artwork(dice, file, succession, artist);
        bytes32 artworkHash = ARTWORKS.artworkHashOf(artwork);
        uint256 signer = dice.oneIn(16) ? dice.below(4) : artist;
        Admission memory admission;
        (admission.artworkHash, admission.artist) = (artworkHash, actor(artist));
        _approve(dice, admission);
        bool mints = dice.oneIn(2);

        Work storage work = _works[file][succession];
        bool isSigned = artist == ACTORS - 1 || signer == artist;
        bool allowed = _isFree(file, succession) && isSigned && admission.isAdmitted
            && artwork.deadline >= time && artwork.royaltyBps <= 2500;
        bytes memory signature = _sign(1 + signer % 4, DOMAIN, artworkHash);
        bytes memory call =
            abi.encodeCall(ARTWORKS.register, (artwork, signature, admission.approvals, mints));
        if (_expect("register", call, address(this), 0, allowed)) {
            work.exists = true;
            (work.artist, work.pHash, work.royaltyBps) = (artist, artwork.pHash, artwork.royaltyBps);
            (work.bidder, work.owner, work.isMinted) = (NOBODY, artist, mints);
        }
    }

    function mint(uint256 seed) external {
        (Work storage work, uint256 id) = _work(Dice(seed));
        bool allowed = !work.isMinted && _sellerOf(work) != NOBODY;
        if (_expect("mint", abi.encodeCall(ARTWORKS.mint, (id)), address(this), 0, allowed)) {
            (work.owner, work.isMinted) = (work.artist, true);
        }
    }

    function burn(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Work storage work, uint256 id) = _work(dice);
        // Seldom, for a burned work does nothing any more.
        if (!dice.oneIn(6)) return;
        uint256 caller = _actorFor(dice, work.isMinted ? work.owner : NOBODY);
        bool allowed = work.isMinted && caller == work.owner && !work.isAuctioned;
        if (_expect("burn", abi.encodeCall(ARTWORKS.burn, (id)), actor(caller), 0, allowed)) {
            _bookMove(work, NOBODY);
            (work.isBurned, work.isMinted) = (true, false);
        }
    }

    function revoke(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Work storage work, uint256 id) = _work(dice);
        if (!dice.oneIn(4)) return;
        address caller = dice.oneIn(4) ? actor(dice.below(ACTORS)) : address(BOARD);
        bool allowed = work.exists && !work.isRevoked && caller == address(BOARD);
        bytes memory call = abi.encodeCall(ARTWORKS.revoke, (id, bytes32(seed)));
        if (_expect("revoke", call, caller, 0, allowed)) {
            if (work.isAuctioned) {
                if (work.bidder != NOBODY) {
                    held[tokenOf(work.currency)][work.bidder] += amountOf(work.currency, work.bid);
                }
                _bookAuctionEnd(work);
            }
            _bookPrice(work, 0, 0);
            work.isRevoked = true;
        }
    }

    /// @notice The last curator leaves the board, or is back.
    function changeBoard(uint256 seed) external {
        Dice memory dice = Dice(seed);
        address[] memory last = new address[](1);
        last[0] = vm.addr(_curatorKeys[CURATORS - 1]);
        address[] memory none = new address[](0);
        BoardChange memory change = BoardChange(
            _isLastCurator ? none : last,
            _isLastCurator ? last : none,
            uint8(QUORUM),
            0,
            _boardEpoch - (dice.oneIn(3) && _boardEpoch > 0 ? 1 : 0)
        );
        bytes32 changeHash = keccak256(
            abi.encode(
                keccak256(
                    "BoardChange(address[] admitted,address[] dismissed,uint8 quorum,bytes32 standardsHash,uint32 epoch)"
                ),
                keccak256(abi.encodePacked(change.admitted)),
                keccak256(abi.encodePacked(change.dismissed)),
                change.quorum,
                change.standardsHash,
                change.epoch
            )
        );
        bytes32 typehash = keccak256(
            "ChangeApproval(BoardChange change,uint40 deadline)BoardChange(address[] admitted,address[] dismissed,uint8 quorum,bytes32 standardsHash,uint32 epoch)"
        );
        CuratorApproval[] memory approvals = new CuratorApproval[](3);
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 structHash = keccak256(abi.encode(typehash, changeHash, time));
            approvals[i] = CuratorApproval(
                vm.addr(_curatorKeys[i]),
                uint40(time),
                _sign(_curatorKeys[i], BOARD_DOMAIN, structHash)
            );
        }
        bool allowed = change.epoch == _boardEpoch;
        (bool done,) = address(BOARD).call(abi.encodeCall(BOARD.change, (change, approvals)));
        _judge("changeBoard", done, allowed);
        if (done) {
            ++_boardEpoch;
            _isLastCurator = !_isLastCurator;
        }
    }

    // Owners

    function transfer(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Work storage work, uint256 id) = _work(dice);
        uint256 caller = _actorFor(dice, work.isMinted ? work.owner : NOBODY);
        uint256 from = dice.oneIn(8) || !work.isMinted ? dice.below(ACTORS) : work.owner;
        uint256 to = dice.below(ACTORS);
        bool allowed =
            work.isMinted && !work.isAuctioned && caller == work.owner && from == work.owner;
        bytes memory call = abi.encodeCall(IToken.transferFrom, (actor(from), actor(to), id));
        if (_expect("transfer", call, actor(caller), 0, allowed)) _bookMove(work, to);
    }

    function list(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Work storage work, uint256 id) = _work(dice);
        uint256 caller = _actorFor(dice, _sellerOf(work));
        uint64 price = dice.oneIn(5) ? 0 : uint64(dice.magnitude(12));
        uint8 row = uint8(dice.below(ROWS + (dice.oneIn(9) ? 1 : 0)));
        bool allowed =
            caller == _sellerOf(work) && !work.isAuctioned && (price == 0 || _isOpen(row));
        bytes memory call = abi.encodeCall(ARTWORKS.list, (id, price, row));
        if (_expect("list", call, actor(caller), 0, allowed)) {
            if (price != 0 && !work.isMinted) (work.owner, work.isMinted) = (work.artist, true);
            _bookPrice(work, price, price == 0 ? 0 : row);
        }
    }

    function buy(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Work storage work, uint256 id) = _work(dice);
        uint256 buyer = dice.below(ACTORS);
        uint64 price = dice.oneIn(6) ? uint64(dice.magnitude(12)) : work.price;
        uint8 row = dice.oneIn(6) ? uint8(dice.below(ROWS)) : work.currency;
        uint256 value = row == 0 ? amountOf(0, price) : 0;
        if (dice.oneIn(8)) ++value;
        bool allowed = work.isMinted && !work.isAuctioned && work.price != 0 && price == work.price
            && row == work.currency && _isOpen(row) && buyer != work.owner
            && value == (row == 0 ? amountOf(0, price) : 0);
        bytes memory call = abi.encodeCall(ARTWORKS.buy, (id, price, row));
        if (_expect("buy", call, actor(buyer), value, allowed)) {
            _bookSale(work, buyer, price, row);
        }
    }

    // Signed words

    function signListing(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Work storage work, uint256 id) = _work(dice);
        uint256 seller = _actorFor(dice, _sellerOf(work));
        uint256 onlyBuyer = dice.oneIn(4) ? dice.below(ACTORS) : NOBODY;
        Listing memory listing = Listing({
            id: id,
            epoch: work.epoch + (dice.oneIn(8) ? 1 : 0),
            seller: actor(seller),
            price: dice.oneIn(16) ? 0 : uint64(dice.magnitude(12)),
            currency: uint8(dice.below(ROWS)),
            onlyBuyer: onlyBuyer == NOBODY ? address(0) : actor(onlyBuyer),
            deadline: uint40(time + dice.below(20 days))
        });
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Listing(uint256 id,uint24 epoch,address seller,uint64 price,uint8 currency,address onlyBuyer,uint40 deadline)"
                ),
                listing
            )
        );
        uint256 signer = dice.oneIn(8) ? dice.below(4) : seller % 4;
        bool isForged = seller != ACTORS - 1 && signer != seller;
        bytes memory signature = _sign(1 + signer, DOMAIN, structHash);
        _listings.push(SignedListing(listing, signature, isForged, seller, onlyBuyer));
        ++successes["signListing"];
    }

    /// @notice Takes up one of the latest listings, maybe again.
    function buySigned(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (_listings.length == 0) return;
        uint256 place = _listings.length - 1 - dice.below(_min(4, _listings.length));
        SignedListing memory signed = _listings[place];
        Listing memory listing = signed.listing;
        Work storage work = _workOf(listing.id);
        uint256 buyer = _actorFor(dice, signed.onlyBuyer);
        uint256 value = listing.currency == 0 ? amountOf(0, listing.price) : 0;
        if (dice.oneIn(8)) ++value;
        bool allowed = !signed.isForged && signed.seller == _sellerOf(work)
            && listing.epoch == work.epoch && listing.deadline >= time
            && (signed.onlyBuyer == NOBODY || signed.onlyBuyer == buyer) && !work.isAuctioned
            && listing.price != 0 && _isOpen(listing.currency) && buyer != signed.seller
            && value == (listing.currency == 0 ? amountOf(0, listing.price) : 0);
        bytes memory call = abi.encodeCall(ARTWORKS.buySigned, (listing, signed.signature));
        if (_expect("buySigned", call, actor(buyer), value, allowed)) {
            _bookSale(work, buyer, listing.price, listing.currency);
        }
    }

    function signOffer(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (, uint256 id) = _work(dice);
        uint256 buyer = dice.below(ACTORS);
        Offer memory offer = Offer({
            id: id,
            buyer: actor(buyer),
            price: dice.oneIn(16) ? 0 : uint64(dice.magnitude(12)),
            currency: uint8(dice.oneIn(16) ? 0 : 1 + dice.below(ROWS - 1)),
            nonce: dice.below(40),
            deadline: uint40(time + dice.below(20 days))
        });
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Offer(uint256 id,address buyer,uint64 price,uint8 currency,uint256 nonce,uint40 deadline)"
                ),
                offer
            )
        );
        uint256 signer = dice.oneIn(8) ? dice.below(4) : buyer % 4;
        bool isForged = buyer != ACTORS - 1 && signer != buyer;
        _offers.push(SignedOffer(offer, _sign(1 + signer, DOMAIN, structHash), isForged, buyer));
        ++successes["signOffer"];
    }

    function accept(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (_offers.length == 0) return;
        uint256 place = _offers.length - 1 - dice.below(_min(4, _offers.length));
        SignedOffer memory signed = _offers[place];
        Offer memory offer = signed.offer;
        Work storage work = _workOf(offer.id);
        uint256 seller = _actorFor(dice, _sellerOf(work));
        bool allowed = !signed.isForged && seller == _sellerOf(work) && !work.isRevoked
            && !work.isAuctioned && offer.currency != 0 && offer.price != 0
            && _isOpen(offer.currency) && offer.deadline >= time
            && !_isUsed[signed.buyer][offer.nonce] && signed.buyer != seller;
        bytes memory call = abi.encodeCall(ARTWORKS.accept, (offer, signed.signature));
        if (_expect("accept", call, actor(seller), 0, allowed)) {
            _isUsed[signed.buyer][offer.nonce] = true;
            _bookSale(work, signed.buyer, offer.price, offer.currency);
        }
    }

    function cancelNonce(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 caller, uint256 nonce) = (dice.below(ACTORS), dice.below(40));
        bytes memory call = abi.encodeCall(ARTWORKS.cancelNonce, (nonce));
        if (_expect("cancelNonce", call, actor(caller), 0, !_isUsed[caller][nonce])) {
            _isUsed[caller][nonce] = true;
        }
    }

    // Auctions

    function openAuction(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Work storage work, uint256 id) = _work(dice);
        uint256 caller = _actorFor(dice, _sellerOf(work));
        uint64 reserve = dice.oneIn(9) ? 0 : uint64(dice.magnitude(9));
        uint8 row = uint8(dice.below(ROWS));
        uint32 duration = uint32(dice.oneIn(9) ? 899 : 900 + dice.below(5 days));
        bool allowed = caller == _sellerOf(work) && !work.isAuctioned && reserve != 0
            && _isOpen(row) && duration >= 900;
        bytes memory call = abi.encodeCall(ARTWORKS.openAuction, (id, reserve, row, duration));
        if (_expect("openAuction", call, actor(caller), 0, allowed)) {
            if (!work.isMinted) (work.owner, work.isMinted) = (work.artist, true);
            _bookPrice(work, reserve, row);
            (work.isAuctioned, work.endsAt) = (true, time + duration);
            (work.bidder, work.bid) = (NOBODY, 0);
        }
    }

    function bid(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Work storage work, uint256 id) = _work(dice);
        uint256 bidder = dice.below(ACTORS);
        uint256 least =
            work.bidder == NOBODY ? work.price : work.bid + (work.bid * 500 + 9999) / 10_000;
        uint64 amount =
            uint64(dice.oneIn(4) ? least - _min(least, 1) : least + dice.below(1 + least / 9));
        uint256 value = work.currency == 0 ? amountOf(0, amount) : 0;
        if (dice.oneIn(9)) ++value;
        bool allowed = work.isAuctioned && time < work.endsAt && amount >= least
            && value == (work.currency == 0 ? amountOf(0, amount) : 0);
        bytes memory call = abi.encodeCall(ARTWORKS.bid, (id, amount));
        if (_expect("bid", call, actor(bidder), value, allowed)) {
            uint256 token = tokenOf(work.currency);
            if (work.bidder != NOBODY) {
                held[token][work.bidder] += amountOf(work.currency, work.bid);
            }
            held[token][bidder] -= amountOf(work.currency, amount);
            (work.bidder, work.bid) = (bidder, amount);
            if (work.endsAt < time + 900) work.endsAt = time + 900;
        }
    }

    function cancelAuction(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Work storage work, uint256 id) = _work(dice);
        uint256 caller = _actorFor(dice, work.isMinted ? work.owner : NOBODY);
        bool allowed = work.isAuctioned && caller == work.owner && work.bidder == NOBODY;
        bytes memory call = abi.encodeCall(ARTWORKS.cancelAuction, (id));
        if (_expect("cancelAuction", call, actor(caller), 0, allowed)) _bookAuctionEnd(work);
    }

    function settle(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Work storage work, uint256 id) = _work(dice);
        bool allowed = work.isAuctioned && time >= work.endsAt;
        bytes memory call = abi.encodeCall(ARTWORKS.settle, (id));
        if (_expect("settle", call, actor(dice.below(ACTORS)), 0, allowed)) {
            (uint256 bidder, uint64 amount, uint8 row) = (work.bidder, work.bid, work.currency);
            _bookAuctionEnd(work);
            if (bidder == NOBODY) return;
            // What it bid has left it before.
            held[tokenOf(row)][bidder] += amountOf(row, amount);
            _bookSale(work, bidder, amount, row);
        }
    }

    // Money

    /// @notice Whoever has a credit can have it, at a place of its choice.
    function withdraw(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint256 caller, uint8 row) = (dice.below(ACTORS), uint8(dice.below(ROWS)));
        uint256 credit = ARTWORKS.creditOf(actor(caller), row);
        bytes memory call = abi.encodeCall(ARTWORKS.withdraw, (row, address(0xdead)));
        if (_expect("withdraw", call, actor(caller), 0, credit != 0)) {
            held[tokenOf(row)][caller] -= credit;
        }
    }

    function sweep(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint8 row = uint8(dice.below(ROWS));
        address caller = dice.oneIn(3) ? actor(dice.below(ACTORS)) : address(this);
        bytes memory call = abi.encodeCall(ARTWORKS.sweep, (row, address(0xfee)));
        if (_expect("sweep", call, caller, 0, caller == address(this))) {
            surplus[tokenOf(row)] = 0;
        }
    }

    /// @notice Ether that nobody asked for.
    function force(uint256 seed) external {
        uint256 amount = Dice(seed).below(1e18);
        vm.deal(address(ARTWORKS), address(ARTWORKS).balance + amount);
        surplus[0] += amount;
        ++successes["force"];
    }

    /// @notice A currency is disabled or enabled.
    function setCurrency(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (uint8 row, bool isEnabled) = (uint8(dice.below(ROWS)), !dice.oneIn(4));
        address caller = dice.oneIn(4) ? actor(dice.below(ACTORS)) : address(this);
        uint48 rate = row == 0 ? 0 : uint48(RATE);
        bytes memory call = abi.encodeCall(ARTWORKS.setCurrency, (row, isEnabled, rate));
        if (_expect("setCurrency", call, caller, 0, caller == address(this))) {
            _isEnabled[row] = isEnabled;
        }
    }

    /// @notice Wallet, coin and ledger change their minds.
    function upset(uint256 seed) external {
        Dice memory dice = Dice(seed);
        PAYEE.setBehaviour(PayeeMock.Behaviour(dice.below(5)));
        SHY.refuse(actor(dice.below(ACTORS)), dice.oneIn(2));
        _hubRefuses = dice.oneIn(3);
        PointsHubMock.Behaviour wanted = _hubRefuses
            ? PointsHubMock.Behaviour(dice.oneIn(2) ? 1 : 4)
            : PointsHubMock.Behaviour.Book;
        HUB.setBehaviour(wanted);
        ++successes["upset"];
    }

    function pass(uint256 seed) external {
        Dice memory dice = Dice(seed);
        time += dice.below(dice.oneIn(3) ? 3 days : 1 hours);
        vm.warp(time);
        ++successes["pass"];
    }

    function _expect(
        string memory action,
        bytes memory call,
        address caller,
        uint256 value,
        bool allowed
    ) private returns (bool done) {
        vm.recordLogs();
        vm.prank(caller);
        (done,) = address(ARTWORKS).call{value: value}(call);
        _judge(action, done, allowed);
        if (done) _replay();
    }

    function _judge(string memory action, bool done, bool allowed) private {
        ++(done ? successes : refusals)[action];
        if (done != allowed && bytes(violation).length == 0) {
            violation = string.concat(action, done ? " was carried out" : " was refused");
        }
    }

    /// @dev Takes the head of the history on by the events, and counts the sales among them.
    function _replay() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes32 lastMove;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(ARTWORKS)) continue;
            bytes32[] memory topics = logs[i].topics;
            if (topics[0] == MOVED) {
                head = _linked(topics[0], topics[3], topics[1], topics[2], 0);
                lastMove = keccak256(abi.encode(topics[3], topics[1], topics[2]));
            } else if (topics[0] == REGISTERED) {
                head = _linked(topics[0], topics[1], topics[2], 0, topics[3]);
            } else if (topics[0] == REVOKED) {
                head = _linked(topics[0], topics[1], 0, 0, topics[2]);
            } else if (topics[0] == SOLD) {
                head = _linked(topics[0], topics[1], topics[2], topics[3], keccak256(logs[i].data));
                // Each sale has moved its work right before.
                if (lastMove == keccak256(abi.encode(topics[1], topics[2], topics[3]))) {
                    ++salesSeen;
                }
            }
        }
    }

    function _linked(bytes32 topic, bytes32 id, bytes32 a, bytes32 b, bytes32 detail)
        private
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(head, topic, id, a, b, detail, time));
    }

    function _artwork(Dice memory dice, uint256 file, uint256 succession, uint256 artist)
        private
        view
        returns (Artwork memory artwork)
    {
        artwork.fileKeccak = keccakOf(file);
        artwork.pHash = uint64(dice.next());
        artwork.artist = actor(artist);
        artwork.royaltyBps = uint16(dice.below(2600));
        artwork.succession = uint8(succession);
        artwork.standardsVersion = 1;
        artwork.deadline = uint40(dice.oneIn(16) ? time - 1 : time);
    }

    /// @dev Mostly enough approvals; now and then too few, twice one, of no curator, too late.
    function _approve(Dice memory dice, Admission memory admission) private view {
        uint256 count = dice.oneIn(8) ? dice.below(3) : QUORUM + dice.below(2);
        admission.approvals = new CuratorApproval[](count);
        admission.isAdmitted = count >= QUORUM;
        uint256 place = dice.below(CURATORS - 3);
        for (uint256 i = 0; i < count; ++i) {
            _approveAs(dice, admission, i, place);
            if (i + 1 == count) break;
            if (dice.oneIn(16)) admission.isAdmitted = false; // the same once more
            else ++place;
        }
    }

    function _approveAs(Dice memory dice, Admission memory admission, uint256 i, uint256 place)
        private
        view
    {
        CuratorApproval memory approval = admission.approvals[i];
        uint256 key = _curatorKeys[place];
        uint256 signer = dice.oneIn(32) ? 99 : key;
        approval.curator = vm.addr(key);
        approval.deadline = uint40(dice.oneIn(32) ? time - 1 : time);
        bytes32 structHash =
            keccak256(abi.encode(APPROVAL_TYPEHASH, admission.artworkHash, approval.deadline));
        approval.signature = _sign(signer, BOARD_DOMAIN, structHash);
        bool isValid = signer == key && approval.deadline >= time && _isCurator(place)
            && approval.curator != admission.artist;
        if (!isValid) admission.isAdmitted = false;
    }

    function _isFree(uint256 file, uint256 succession) private view returns (bool) {
        bool isNext = succession == 0 || _works[file][succession - 1].isRevoked;
        return isNext && !_works[file][succession].exists;
    }

    function _workOf(uint256 id) private view returns (Work storage) {
        for (uint256 file = 0; file < FILES; ++file) {
            for (uint256 succession = 0; succession < SUCCESSIONS; ++succession) {
                if (idOf(file, succession) == id) return _works[file][succession];
            }
        }
        revert();
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
