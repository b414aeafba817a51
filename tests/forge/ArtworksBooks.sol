// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {PayeeMock} from "../../contracts/mocks/PayeeMock.sol";
import {PointsHubMock} from "../../contracts/mocks/PointsHubMock.sol";
import {ShyCoinMock} from "../../contracts/mocks/ShyCoinMock.sol";
import {IArtworks, Listing, Offer} from "../../contracts/provenance/IArtworks.sol";
import {ICuratorBoard} from "../../contracts/provenance/ICuratorBoard.sol";
import {Dice} from "./Dice.sol";
import {vm} from "./Vm.sol";

/// @dev The token's own functions, which {IArtworks} does not name.
interface IToken {
    function balanceOf(address owner) external view returns (uint256);
    function transferFrom(address from, address to, uint256 id) external;
    function approve(address to, uint256 id) external;
    function getApproved(uint256 id) external view returns (address);
}

/// @title What should be so of a gallery: works, money, signatures, as plain books
/// @notice Actors 0 to 3 have keys; actor 4 is an account with code that may refuse ether and takes
/// every signature for its own. Actor 0 is a curator too.
abstract contract ArtworksBooks {
    uint256 public constant ACTORS = 5;
    uint256 public constant FILES = 4;
    uint256 public constant SUCCESSIONS = 3;
    uint256 public constant ROWS = 4;
    uint256 public constant TOKENS = 3;
    uint256 internal constant CURATORS = 5;
    uint256 internal constant FEE_BPS = 250;
    uint256 internal constant QUORUM = 2;
    uint256 internal constant WEALTH = 1e60;
    uint256 internal constant RATE = 500_000;
    uint256 internal constant PROGRAM = 7;

    /// @dev All that is known of a record and its token.
    struct Work {
        bool exists;
        bool isRevoked;
        bool isBurned;
        uint256 artist;
        uint64 pHash;
        uint16 royaltyBps;
        uint256 owner;
        bool isMinted;
        uint64 price;
        uint8 currency;
        bool isAuctioned;
        uint24 epoch;
        uint256 bidder;
        uint64 bid;
        uint256 endsAt;
    }

    /// @dev Nobody: no bidder, nobody in particular.
    uint256 internal constant NOBODY = type(uint256).max;

    struct SignedListing {
        Listing listing;
        bytes signature;
        bool isForged;
        uint256 seller;
        uint256 onlyBuyer;
    }

    struct SignedOffer {
        Offer offer;
        bytes signature;
        bool isForged;
        uint256 buyer;
    }

    IArtworks public immutable ARTWORKS;
    ICuratorBoard public immutable BOARD;
    IERC20 public immutable COIN;
    ShyCoinMock public immutable SHY;
    PointsHubMock public immutable HUB;
    PayeeMock public immutable PAYEE;

    uint256 public time = 1_800_000_000;
    mapping(string action => uint256 count) public successes;
    mapping(string action => uint256 count) public refusals;
    /// @notice The first disagreement between contract and books.
    string public violation;
    /// @notice Head of the history that the events replay to.
    bytes32 public head;
    /// @notice Tokens that were sold, and sales by the events; transfers by sale.
    uint256 public sales;
    uint256 public salesSeen;

    mapping(uint256 file => mapping(uint256 succession => Work)) internal _works;
    /// @notice What an actor should have, paid and credited, of a token (0: ether).
    mapping(uint256 token => mapping(uint256 actor => uint256 amount)) public held;
    /// @notice What the contract should have beyond what it owes.
    mapping(uint256 token => uint256 amount) public surplus;
    mapping(uint256 actor => uint256 points) public points;
    mapping(uint256 actor => mapping(uint256 nonce => bool used)) internal _isUsed;
    bool[ROWS] internal _isEnabled = [true, true, true, true];
    bool internal _hubRefuses;
    /// @notice The last curator is on the board or not.
    bool internal _isLastCurator = true;
    SignedListing[] internal _listings;
    SignedOffer[] internal _offers;
    address[ACTORS] internal _actors;
    uint256[CURATORS] internal _curatorKeys;
    bytes32 internal immutable DOMAIN;
    bytes32 internal immutable BOARD_DOMAIN;

    constructor() {
        vm.warp(time);
        COIN = IERC20(vm.deployCode("TestCoin.sol:TestCoin", ""));
        SHY = ShyCoinMock(vm.deployCode("ShyCoinMock.sol:ShyCoinMock", ""));
        HUB = PointsHubMock(vm.deployCode("PointsHubMock.sol:PointsHubMock", ""));
        PAYEE = PayeeMock(payable(vm.deployCode("PayeeMock.sol:PayeeMock", "")));
        for (uint256 i = 0; i < ACTORS - 1; ++i) {
            _actors[i] = vm.addr(1 + i);
        }
        _actors[ACTORS - 1] = address(PAYEE);
        _sortCurators();
        address[] memory curators = new address[](CURATORS);
        for (uint256 i = 0; i < CURATORS; ++i) {
            curators[i] = vm.addr(_curatorKeys[i]);
        }
        bytes memory arguments = abi.encode(
            address(this), FEE_BPS, HUB, curators, QUORUM, 1, 1, 1 hours, 1 hours, 1 hours
        );
        ARTWORKS = IArtworks(vm.deployCode("Artworks.sol:Artworks", arguments));
        BOARD = ARTWORKS.BOARD();
        (DOMAIN, BOARD_DOMAIN) = (ARTWORKS.DOMAIN_SEPARATOR(), BOARD.DOMAIN_SEPARATOR());
        ARTWORKS.addCurrency(address(COIN), 4, uint48(RATE));
        ARTWORKS.addCurrency(address(SHY), 0, uint48(RATE));
        ARTWORKS.addCurrency(address(SHY), 3, uint48(RATE));
        ARTWORKS.setPointsProgram(PROGRAM);
        _fund();
    }

    function actor(uint256 number) public view returns (address) {
        return _actors[number];
    }

    function workOf(uint256 file, uint256 succession) external view returns (Work memory) {
        return _works[file][succession];
    }

    function keccakOf(uint256 file) public pure returns (bytes32) {
        return keccak256(abi.encode("file", file));
    }

    function idOf(uint256 file, uint256 succession) public view returns (uint256) {
        return ARTWORKS.idOf(keccakOf(file), uint8(succession));
    }

    /// @notice What the token of a row is: 0 ether, 1 the coin, 2 the shy coin.
    function tokenOf(uint256 row) public pure returns (uint256) {
        return row < 3 ? row : 2;
    }

    function amountOf(uint256 row, uint64 price) public pure returns (uint256) {
        uint256[ROWS] memory units = [uint256(1e9), 1e4, 1, 1e3];
        return price * units[row];
    }

    /// @notice What an actor has of a token, with what it may withdraw.
    function wealthOf(uint256 token, uint256 number) external view returns (uint256 amount) {
        address account = _actors[number];
        amount = ARTWORKS.creditOf(account, uint8(token));
        if (token == 0) return amount + account.balance;
        return amount + (token == 1 ? COIN.balanceOf(account) : SHY.balanceOf(account));
    }

    function holdingOf(uint256 token) public view returns (uint256) {
        if (token == 0) return address(ARTWORKS).balance;
        return token == 1 ? COIN.balanceOf(address(ARTWORKS)) : SHY.balanceOf(address(ARTWORKS));
    }

    /// @dev Money of a sale, whoever it is that could not be paid.
    function _bookSale(Work storage work, uint256 buyer, uint64 price, uint8 row) internal {
        uint256 token = tokenOf(row);
        uint256 amount = amountOf(row, price);
        uint256 seller = work.isMinted ? work.owner : work.artist;
        uint256 royalty = seller == work.artist ? 0 : amount * work.royaltyBps / 10_000;
        uint256 fee = amount * FEE_BPS / 10_000;

        held[token][buyer] -= amount;
        held[token][work.artist] += royalty;
        held[token][seller] += amount - royalty - fee;
        surplus[token] += fee;
        uint256 earned = row == 0 ? 0 : price * RATE / 1_000_000;
        if (!_hubRefuses && earned <= type(uint48).max) points[buyer] += earned;
        ++sales;
        _bookMove(work, buyer);
    }

    function _bookMove(Work storage work, uint256 to) internal {
        (work.owner, work.isMinted) = (to, true);
        _bookPrice(work, 0, 0);
    }

    function _bookPrice(Work storage work, uint64 price, uint8 row) internal {
        (work.price, work.currency) = (price, row);
        ++work.epoch;
    }

    function _bookAuctionEnd(Work storage work) internal {
        (work.isAuctioned, work.bidder, work.bid, work.endsAt) = (false, NOBODY, 0, 0);
        _bookPrice(work, 0, 0);
    }

    /// @dev The account that may sell a work, or nobody.
    function _sellerOf(Work storage work) internal view returns (uint256) {
        if (work.isMinted) return work.owner;
        bool isSellable = work.exists && !work.isRevoked && !work.isBurned;
        return isSellable ? work.artist : NOBODY;
    }

    function _isOpen(uint256 row) internal view returns (bool) {
        return row < ROWS && _isEnabled[row];
    }

    function _sign(uint256 key, bytes32 domain, bytes32 structHash)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", domain, structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _isCurator(uint256 place) internal view returns (bool) {
        return place < CURATORS - 1 || _isLastCurator;
    }

    /// @dev Mostly the actor that counts; any for nobody.
    function _actorFor(Dice memory dice, uint256 wanted) internal view returns (uint256) {
        uint256 any = dice.below(ACTORS);
        return wanted == NOBODY || dice.oneIn(4) ? any : wanted;
    }

    function _work(Dice memory dice) internal view returns (Work storage work, uint256 id) {
        (uint256 file, uint256 succession) = (dice.below(FILES), 0);
        while (succession < SUCCESSIONS - 1 && _works[file][succession].isRevoked) {
            if (dice.oneIn(3)) break;
            ++succession;
        }
        return (_works[file][succession], idOf(file, succession));
    }

    function _sortCurators() private {
        // Actor 0 among them.
        _curatorKeys = [uint256(1), 11, 12, 13, 14];
        for (uint256 i = 1; i < CURATORS; ++i) {
            for (
                uint256 j = i;
                j > 0 && vm.addr(_curatorKeys[j - 1]) > vm.addr(_curatorKeys[j]);
                --j
            ) {
                (_curatorKeys[j - 1], _curatorKeys[j]) = (_curatorKeys[j], _curatorKeys[j - 1]);
            }
        }
    }

    function _fund() private {
        for (uint256 i = 0; i < ACTORS; ++i) {
            address account = _actors[i];
            vm.deal(account, WEALTH);
            (bool minted,) = address(COIN)
                .call(abi.encodeWithSignature("mint(address,uint256)", account, WEALTH));
            require(minted);
            SHY.mint(account, WEALTH);
            vm.prank(account);
            COIN.approve(address(ARTWORKS), type(uint256).max);
            vm.prank(account);
            SHY.approve(address(ARTWORKS), type(uint256).max);
            for (uint256 token = 0; token < TOKENS; ++token) {
                held[token][i] = WEALTH;
            }
        }
    }
}
