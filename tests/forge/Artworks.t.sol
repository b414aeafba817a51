// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ArtworkRecord, ArtworkState, Auction} from "../../contracts/provenance/IArtworks.sol";
import {ArtworksBooks, IToken} from "./ArtworksBooks.sol";
import {ArtworksHandler} from "./ArtworksHandler.sol";
import {Unequal, Violated, assertEqual, vm} from "./Vm.sol";

/// @title What holds of a gallery after any sequence of actions
abstract contract ArtworksProperties {
    ArtworksHandler internal _handler;
    /// @dev As they were seen last, by the life that they belong to.
    mapping(ArtworksHandler life => mapping(uint256 id => ArtworkRecord)) private _records;
    mapping(ArtworksHandler life => mapping(uint256 id => ArtworkState)) private _states;

    function setUp() public virtual {
        // `new` would compile the handler anew into every test.
        _handler = ArtworksHandler(vm.deployCode("ArtworksHandler.sol:ArtworksHandler", ""));
    }

    /// @dev Tokens, their owners, and the sum of balances.
    function _checkTokens() internal view {
        uint256[] memory counts = new uint256[](_handler.ACTORS());
        for (uint256 file = 0; file < _handler.FILES(); ++file) {
            for (uint256 succession = 0; succession < _handler.SUCCESSIONS(); ++succession) {
                ArtworksBooks.Work memory work = _handler.workOf(file, succession);
                ArtworkState memory state =
                    _handler.ARTWORKS().stateOf(_handler.idOf(file, succession));
                address owner = work.isMinted ? _handler.actor(work.owner) : address(0);
                if (state.owner != owner) revert Violated(1, "the owner is another");
                if (work.isMinted) ++counts[work.owner];
                assertEqual("price", state.price, work.price);
                assertEqual("currency", state.currency, work.currency);
                assertEqual("auctioned", state.isAuctioned ? 1 : 0, work.isAuctioned ? 1 : 0);
                assertEqual("epoch", state.epoch, work.epoch);
                _checkAuction(file, succession, work);
            }
        }
        IToken token = IToken(address(_handler.ARTWORKS()));
        for (uint256 i = 0; i < counts.length; ++i) {
            assertEqual("balance", token.balanceOf(_handler.actor(i)), counts[i]);
        }
    }

    /// @dev A new owner means no price and a later epoch; epochs never go back.
    function _checkEpochs() internal {
        for (uint256 file = 0; file < _handler.FILES(); ++file) {
            for (uint256 succession = 0; succession < _handler.SUCCESSIONS(); ++succession) {
                uint256 id = _handler.idOf(file, succession);
                ArtworkState memory state = _handler.ARTWORKS().stateOf(id);
                ArtworkState memory before = _states[_handler][id];
                if (state.epoch < before.epoch) revert Violated(2, "an epoch went back");
                bool hasMoved = before.owner != address(0) && state.owner != before.owner;
                if (hasMoved && state.epoch == before.epoch) {
                    revert Violated(2, "a token moved within an epoch");
                }
                bool isPriced = state.price != before.price || state.currency != before.currency;
                if (isPriced && state.epoch == before.epoch) {
                    revert Violated(2, "a price changed within an epoch");
                }
                _states[_handler][id] = state;
            }
        }
    }

    /// @dev Records appear as they were admitted, and only get flags.
    function _checkRecords() internal {
        for (uint256 file = 0; file < _handler.FILES(); ++file) {
            uint256 holding = 0;
            for (uint256 succession = 0; succession < _handler.SUCCESSIONS(); ++succession) {
                ArtworksBooks.Work memory work = _handler.workOf(file, succession);
                uint256 id = _handler.idOf(file, succession);
                ArtworkRecord memory record = _handler.ARTWORKS().recordOf(id);
                address artist = work.exists ? _handler.actor(work.artist) : address(0);
                if (record.artist != artist) revert Violated(3, "the artist is another");
                assertEqual("pHash", record.pHash, work.pHash);
                assertEqual("royalty", record.royaltyBps, work.royaltyBps);
                assertEqual("revoked", record.isRevoked ? 1 : 0, work.isRevoked ? 1 : 0);
                assertEqual("burned", record.isBurned ? 1 : 0, work.isBurned ? 1 : 0);
                ArtworkRecord memory before = _records[_handler][id];
                bool isChanged = before.artist != address(0)
                    && (before.artist != record.artist
                        || before.pHash != record.pHash
                        || before.royaltyBps != record.royaltyBps
                        || before.isRevoked
                        && !record.isRevoked
                        || before.isBurned
                        && !record.isBurned);
                if (isChanged) revert Violated(3, "a record changed");
                _records[_handler][id] = record;
                if (work.exists && !record.isRevoked) ++holding;
            }
            if (holding > 1) revert Violated(4, "two unrevoked records share a file");
        }
    }

    /// @dev Nothing is made or lost: every account has, or may withdraw, what the books say; the
    /// contract has the rest, and more than it owes.
    function _checkMoney() internal view {
        for (uint256 token = 0; token < _handler.TOKENS(); ++token) {
            uint256 owed = 0;
            for (uint256 i = 0; i < _handler.ACTORS(); ++i) {
                assertEqual("wealth", _handler.wealthOf(token, i), _handler.held(token, i));
                owed += _handler.ARTWORKS().creditOf(_handler.actor(i), uint8(token));
            }
            owed += _bidsIn(token);
            uint256 liability = _handler.ARTWORKS().liabilityOf(uint8(token));
            assertEqual("liability", liability, owed);
            if (_handler.holdingOf(token) < liability) revert Violated(5, "it owes too much");
            uint256 rest = _handler.holdingOf(token) - liability;
            assertEqual("fees", rest, _handler.surplus(token));
        }
    }

    function _checkPoints() internal view {
        for (uint256 i = 0; i < _handler.ACTORS(); ++i) {
            uint256 points = _handler.HUB().pointsOf(7, _handler.actor(i));
            assertEqual("points", points, _handler.points(i));
        }
    }

    function _checkHistory() internal view {
        if (_handler.ARTWORKS().historyHead() != _handler.head()) {
            revert Violated(6, "the events replay to another head");
        }
        assertEqual("sales", _handler.salesSeen(), _handler.sales());
    }

    function _checkBooks() internal view {
        string memory what = _handler.violation();
        if (bytes(what).length != 0) revert Violated(0, what);
    }

    function _checkAuction(uint256 file, uint256 succession, ArtworksBooks.Work memory work)
        private
        view
    {
        Auction memory auction = _handler.ARTWORKS().auctionOf(_handler.idOf(file, succession));
        bool hasBid = work.isAuctioned && work.bid != 0;
        address bidder = hasBid ? _handler.actor(work.bidder) : address(0);
        if (auction.bidder != bidder) revert Violated(1, "the bidder is another");
        assertEqual("bid", auction.bid, work.bid);
        assertEqual("end", auction.endsAt, work.endsAt);
    }

    function _bidsIn(uint256 token) private view returns (uint256 amount) {
        for (uint256 file = 0; file < _handler.FILES(); ++file) {
            for (uint256 succession = 0; succession < _handler.SUCCESSIONS(); ++succession) {
                ArtworksBooks.Work memory work = _handler.workOf(file, succession);
                if (_handler.tokenOf(work.currency) != token) continue;
                amount += _handler.amountOf(work.currency, work.bid);
            }
        }
    }
}

/// @title Each property under sequences of its own, which forge shortens if one breaks it
/// forge-config: default.invariant.runs = 8
/// forge-config: default.invariant.depth = 150
/// forge-config: default.invariant.fail-on-revert = true
contract ArtworksInvariants is ArtworksProperties {
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// forge-config: default.fuzz.seed = "0x202721"
    function invariant_1_BalancesAddUpToTheLiveTokens() external view {
        _checkTokens();
    }

    /// forge-config: default.fuzz.seed = "0x202722"
    function invariant_2_NoTokenMovesOrIsPricedWithinAnEpoch() external {
        _checkEpochs();
    }

    /// forge-config: default.fuzz.seed = "0x202723"
    function invariant_3_RecordsNeverChangeNorShareAFile() external {
        _checkRecords();
    }

    /// forge-config: default.fuzz.seed = "0x202724"
    function invariant_4_MoneyIsNeitherMadeNorLost() external view {
        _checkMoney();
    }

    /// forge-config: default.fuzz.seed = "0x202725"
    function invariant_5_TheHistoryIsWhatTheEventsSay() external view {
        _checkHistory();
    }

    /// forge-config: default.fuzz.seed = "0x202726"
    function invariant_6_WhatIsSignedHoldsOnceAndNothingElseHappens() external view {
        _checkBooks();
        _checkPoints();
    }
}

/// @title Long lives of a gallery
contract ArtworksCampaignTest is ArtworksProperties {
    uint256 private constant LIVES = 5;
    uint256 private constant STEPS = 700;
    uint256 private constant ACTIONS = 23;

    error StepFailed(uint256 step, string action, bytes reason);

    mapping(string action => uint256 count) private _done;
    mapping(string action => uint256 count) private _refused;

    /// @dev Everything is carried out, and refused, at least once: a campaign in which nothing
    /// works would show nothing.
    function test_EveryActionIsCarriedOutAndRefused() external {
        string[ACTIONS] memory actions = _actions();
        for (uint256 life = 0; life < LIVES; ++life) {
            ArtworksProperties.setUp();
            for (uint256 step = 0; step < STEPS; ++step) {
                uint256 dice = uint256(keccak256(abi.encode(life, step)));
                string memory action = actions[dice % actions.length];
                (bool done, bytes memory reason) = address(_handler)
                    .call(abi.encodeWithSignature(string.concat(action, "(uint256)"), dice));
                if (!done) revert StepFailed(step, action, reason);
                // A call, because memory is never freed within one.
                if (step % 10 == 0) this.checkEverything();
            }
            for (uint256 i = 0; i < actions.length; ++i) {
                _done[actions[i]] += _handler.successes(actions[i]);
                _refused[actions[i]] += _handler.refusals(actions[i]);
            }
        }
        for (uint256 i = 0; i < actions.length; ++i) {
            if (_done[actions[i]] == 0) revert Unequal(actions[i], 0, 1);
            if (_isRefusable(actions[i]) && _refused[actions[i]] == 0) {
                revert Unequal(string.concat(actions[i], " refused"), 0, 1);
            }
        }
    }

    function checkEverything() external {
        _checkTokens();
        _checkRecords();
        _checkMoney();
        _checkPoints();
        _checkHistory();
        _checkBooks();
    }

    function _isRefusable(string memory action) private pure returns (bool) {
        string[5] memory always = ["pass", "force", "upset", "signListing", "signOffer"];
        for (uint256 i = 0; i < always.length; ++i) {
            if (keccak256(bytes(action)) == keccak256(bytes(always[i]))) return false;
        }
        return true;
    }

    function _actions() private pure returns (string[ACTIONS] memory) {
        return [
            "accept",
            "bid",
            "burn",
            "buy",
            "buySigned",
            "cancelAuction",
            "cancelNonce",
            "changeBoard",
            "force",
            "list",
            "mint",
            "openAuction",
            "pass",
            "register",
            "revoke",
            "setCurrency",
            "settle",
            "signListing",
            "signOffer",
            "sweep",
            "transfer",
            "upset",
            "withdraw"
        ];
    }
}
