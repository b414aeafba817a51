// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PointsNetworkProperties} from "./PointsNetworkProperties.sol";
import {Unequal} from "./Vm.sol";

/// @title Each property under sequences of its own, which forge shortens if one breaks it
/// forge-config: default.invariant.runs = 5
/// forge-config: default.invariant.depth = 120
/// forge-config: default.invariant.fail-on-revert = true
contract PointsNetworkInvariants is PointsNetworkProperties {
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev Per program and lane, what the holders have is what the program owes.
    /// forge-config: default.fuzz.seed = "0x202601"
    function invariant_01_LanesOfHoldersSumToSupply() external view {
        _checkLanes();
    }

    /// forge-config: default.fuzz.seed = "0x202602"
    function invariant_02_BalancesSumToTotalSupply() external view {
        _checkSupply();
    }

    /// forge-config: default.fuzz.seed = "0x202603"
    function invariant_03_NothingLengthensAPointsLife() external view {
        _checkLives();
    }

    /// forge-config: default.fuzz.seed = "0x202604"
    function invariant_04_ObligationsGrowOnlyByAwards() external view {
        _checkNot(4);
    }

    /// forge-config: default.fuzz.seed = "0x202605"
    function invariant_05_PositionsStayWithinLimitsWithinDeposits() external view {
        _checkLimits();
    }

    /// forge-config: default.fuzz.seed = "0x202606"
    function invariant_06_SettlingLeavesWorth() external view {
        _checkNot(6);
    }

    /// forge-config: default.fuzz.seed = "0x202607"
    function invariant_07_ExchangeCyclesEarnNothing() external view {
        _checkNot(7);
    }

    /// forge-config: default.fuzz.seed = "0x202608"
    function invariant_08_EverythingCountsOnce() external view {
        _checkOnce();
    }

    /// forge-config: default.fuzz.seed = "0x202609"
    function invariant_09_QualifyingChangesOnlyByAwardOrReversal() external view {
        _checkNot(9);
        _checkStanding();
    }

    /// forge-config: default.fuzz.seed = "0x202610"
    function invariant_10_FaceAndHubAgree() external {
        _checkFace();
    }

    /// forge-config: default.fuzz.seed = "0x202611"
    /// forge-config: default.invariant.check-interval = 4
    function invariant_11_RollingOftenEqualsRollingOnce() external {
        _checkRolling();
    }

    /// forge-config: default.fuzz.seed = "0x202612"
    function invariant_12_WordsAreWellFormed() external {
        _checkWords();
    }

    /// forge-config: default.fuzz.seed = "0x202613"
    function invariant_13_OnlyConsentLowersABalance() external view {
        _checkNot(13);
    }

    /// forge-config: default.fuzz.seed = "0x202614"
    function invariant_BooksAgree() external view {
        _checkNot(0);
        _checkBooks();
    }
}

/// @title Long lives of a network
contract PointsNetworkCampaignTest is PointsNetworkProperties {
    uint256 private constant STEPS = 1200;

    error StepFailed(uint256 step, string action, bytes reason);

    function test_EveryActionIsCarriedOutAndRefused() external {
        _live(2026);
    }

    function test_EveryActionIsCarriedOutAndRefused_InAnotherLife() external {
        _live(2027);
    }

    /// @dev Everything is carried out, and refused, at least once: a campaign in which nothing
    /// works would show nothing.
    function _live(uint256 seed) private {
        string[34] memory actions = _actions();
        for (uint256 step = 0; step < STEPS; ++step) {
            uint256 dice = uint256(keccak256(abi.encode(seed, step)));
            string memory action = actions[dice % actions.length];
            (bool done, bytes memory reason) = address(_handler)
                .call(abi.encodeWithSignature(string.concat(action, "(uint256)"), dice));
            if (!done) revert StepFailed(step, action, reason);
            if (step % 32 == 0) _checkAll();
        }
        _checkAll();
        for (uint256 i = 0; i < actions.length; ++i) {
            _requireSome(_handler.successes(actions[i]), actions[i]);
        }
        string[6] memory abroad = _variants();
        for (uint256 i = 0; i < abroad.length; ++i) {
            _requireSome(_handler.successes(abroad[i]), abroad[i]);
        }
        string[23] memory refusable = _refusable();
        for (uint256 i = 0; i < refusable.length; ++i) {
            _requireSome(_handler.refusals(refusable[i]), string.concat(refusable[i], " refused"));
        }
    }

    function _checkAll() private {
        _checkLanes();
        _checkSupply();
        _checkLives();
        _checkLimits();
        _checkOnce();
        _checkStanding();
        _checkFace();
        _checkRolling();
        _checkWords();
        _checkBooks();
        for (uint256 number = 0; number <= 13; ++number) {
            _checkNot(number);
        }
    }

    function _requireSome(uint256 count, string memory what) private pure {
        if (count == 0) revert Unequal(what, 0, 1);
    }

    function _actions() private pure returns (string[34] memory) {
        return [
            "announcePrices",
            "award",
            "awardMany",
            "cancelCoupon",
            "claimCoupon",
            "claimDrop",
            "claimGift",
            "createDrop",
            "deposit",
            "exchange",
            "exchangeBySig",
            "exchangeInCycle",
            "giveGift",
            "pass",
            "redeem",
            "redeemAt",
            "redeemBySig",
            "redeemMany",
            "refundRedemption",
            "reverseAward",
            "rotateCouponKey",
            "setClawback",
            "setLimit",
            "setValidity",
            "settle",
            "settleMany",
            "signCoupon",
            "steal",
            "touchAll",
            "transfer",
            "transferAtEpoch",
            "transferBySig",
            "transferFrom",
            "withdraw"
        ];
    }

    function _variants() private pure returns (string[6] memory) {
        return [
            "claimCoupon reversible",
            "redeemBySig abroad",
            "redeemMany abroad",
            "redeemMany of nothing",
            "refundRedemption abroad",
            "settle nothing"
        ];
    }

    function _refusable() private pure returns (string[23] memory) {
        return [
            "announcePrices",
            "award",
            "awardMany",
            "cancelCoupon",
            "claimCoupon",
            "claimDrop",
            "claimGift",
            "deposit",
            "exchange",
            "exchangeBySig",
            "giveGift",
            "redeem",
            "redeemAt",
            "redeemBySig",
            "refundRedemption",
            "reverseAward",
            "rotateCouponKey",
            "setLimit",
            "settle",
            "steal",
            "transfer",
            "transferBySig",
            "transferAtEpoch"
        ];
    }
}
