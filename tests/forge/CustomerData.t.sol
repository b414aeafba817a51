// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AttestationStatus} from "../../contracts/customers/IAttestationRegistry.sol";
import {
    Consent,
    ConsentStatus,
    ConsentTerms,
    IConsentRegistry
} from "../../contracts/customers/IConsentRegistry.sol";
import {RewardCampaign} from "../../contracts/customers/IDataRewards.sol";
import {CustomerDataHandler} from "./CustomerDataHandler.sol";
import {Unequal, Violated, assertEqual, vm} from "./Vm.sol";

/// @title What holds of consents, attestations and rewards after any sequence of actions
abstract contract CustomerDataProperties {
    CustomerDataHandler internal _handler;
    mapping(uint256 place => ConsentStatus) private _seen;

    function setUp() public virtual {
        // `new` would compile the handler anew into every test.
        _handler =
            CustomerDataHandler(vm.deployCode("CustomerDataHandler.sol:CustomerDataHandler", ""));
    }

    /// @dev What ended never stands again; nothing returns to zero.
    function _checkForward() internal {
        for (uint256 i = 0; i < _handler.TERMS(); ++i) {
            ConsentTerms memory terms = _handler.termsOf(i);
            IConsentRegistry consents = _handler.CONSENTS();
            Consent memory consent =
                consents.consentOf(terms.permission.subject, consents.consentIdOf(terms));
            assertEqual("status", uint256(consent.status), uint256(_handler.consentedOf(i).status));
            bool hasEnded = uint256(_seen[i]) > uint256(ConsentStatus.Granted);
            if (consent.status < _seen[i] || hasEnded && consent.status != _seen[i]) {
                revert Violated(1, "a consent moved back");
            }
            _seen[i] = consent.status;
        }
    }

    function _checkHolding() internal view {
        for (uint256 i = 0; i < _handler.TERMS(); ++i) {
            ConsentTerms memory terms = _handler.termsOf(i);
            bool held = _handler.CONSENTS().check(terms, 2, 4);
            assertEqual("check", held ? 1 : 0, _handler.shouldHold(i) ? 1 : 0);
            bool beyond =
                _handler.CONSENTS().check(terms, 3, 4) || _handler.CONSENTS().check(terms, 2, 6);
            assertEqual("check beyond the terms", beyond ? 1 : 0, 0);
        }
    }

    function _checkAttestations() internal view {
        for (uint256 i = 0; i < _handler.STATEMENTS(); ++i) {
            bool valid = _handler.isValid(i);
            assertEqual("valid", valid ? 1 : 0, _handler.shouldBeValid(i) ? 1 : 0);
            for (uint256 attestor = 0; attestor < _handler.ATTESTORS(); ++attestor) {
                bool revoked = _handler.statusOf(i, attestor) == AttestationStatus.Revoked;
                assertEqual("revoked", revoked ? 1 : 0, _handler.wasRevoked(i, attestor) ? 1 : 0);
            }
        }
    }

    /// @dev No campaign pays more than its budget, and there is coin for all of them.
    function _checkBudgets() internal view {
        uint256 owed = 0;
        for (uint256 i = 0; i < _handler.CAMPAIGNS(); ++i) {
            (uint256 id, uint256 budget, uint256 paid) = _handler.rewardOf(i);
            RewardCampaign memory campaign = _handler.REWARDS().campaignOf(id);
            assertEqual("budget", campaign.budget, budget);
            assertEqual("paid", campaign.paid, paid);
            if (campaign.paid > campaign.budget) revert Violated(5, "paid above the budget");
            owed += campaign.budget - campaign.paid;
        }
        assertEqual("coin", _handler.COIN().balanceOf(address(_handler.REWARDS())), owed);
    }

    function _checkClaims() internal view {
        for (uint256 i = 0; i < _handler.CAMPAIGNS(); ++i) {
            for (uint256 number = 0; number < _handler.CLAIMS(); ++number) {
                bytes32 person = keccak256(abi.encode(i, number));
                if (_handler.timesIndex(i, number) > 1 || _handler.timesPerson(i, person) > 1) {
                    revert Violated(6, "somebody was paid twice");
                }
            }
        }
    }

    function _checkBooks() internal view {
        string memory what = _handler.violation();
        if (bytes(what).length != 0) revert Violated(0, what);
    }
}

/// @title Each property under sequences of its own, which forge shortens if one breaks it
/// forge-config: default.invariant.runs = 8
/// forge-config: default.invariant.depth = 150
/// forge-config: default.invariant.fail-on-revert = true
contract CustomerDataInvariants is CustomerDataProperties {
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// forge-config: default.fuzz.seed = "0x202711"
    function invariant_1_ConsentsOnlyMoveForward() external {
        _checkForward();
    }

    /// forge-config: default.fuzz.seed = "0x202712"
    function invariant_2_CheckImpliesUnexpiredAndCovered() external view {
        _checkHolding();
    }

    /// forge-config: default.fuzz.seed = "0x202713"
    function invariant_3_OnlyTheCurrentOwnerDecides() external view {
        _checkBooks();
    }

    /// forge-config: default.fuzz.seed = "0x202714"
    function invariant_4_WhatWasRevokedIsNeverValidAgain() external view {
        _checkAttestations();
    }

    /// forge-config: default.fuzz.seed = "0x202715"
    function invariant_5_RewardsStayWithinBudgetsWithinCoin() external view {
        _checkBudgets();
    }

    /// forge-config: default.fuzz.seed = "0x202716"
    function invariant_6_NobodyIsPaidTwice() external view {
        _checkClaims();
    }
}

/// @title Long lives of the customers' data
contract CustomerDataCampaignTest is CustomerDataProperties {
    uint256 private constant LIVES = 4;
    uint256 private constant STEPS = 400;

    error StepFailed(uint256 step, string action, bytes reason);

    mapping(string action => uint256 count) private _done;
    mapping(string action => uint256 count) private _refused;

    /// @dev Everything is carried out, and refused, at least once: a campaign in which nothing
    /// works would show nothing. Ends are for ever, so there are several lives.
    function test_EveryActionIsCarriedOutAndRefused() external {
        string[16] memory actions = _actions();
        uint256 valid = 0;
        for (uint256 life = 0; life < LIVES; ++life) {
            CustomerDataProperties.setUp();
            for (uint256 step = 0; step < STEPS; ++step) {
                uint256 dice = uint256(keccak256(abi.encode(life, step)));
                string memory action = actions[dice % actions.length];
                (bool done, bytes memory reason) = address(_handler)
                    .call(abi.encodeWithSignature(string.concat(action, "(uint256)"), dice));
                if (!done) revert StepFailed(step, action, reason);
                if (step % 10 != 0) continue;
                _checkHolding();
                _checkAttestations();
                _checkBudgets();
                _checkClaims();
                _checkBooks();
                for (uint256 i = 0; i < _handler.STATEMENTS(); ++i) {
                    if (_handler.isValid(i)) ++valid;
                }
            }
            for (uint256 i = 0; i < actions.length; ++i) {
                _done[actions[i]] += _handler.successes(actions[i]);
                _refused[actions[i]] += _handler.refusals(actions[i]);
            }
        }
        if (valid == 0) revert Unequal("valid statements", 0, 1);
        for (uint256 i = 0; i < actions.length; ++i) {
            if (_done[actions[i]] == 0) revert Unequal(actions[i], 0, 1);
            bool isTime = keccak256(bytes(actions[i])) == keccak256("pass");
            if (!isTime && _refused[actions[i]] == 0) {
                revert Unequal(string.concat(actions[i], " refused"), 0, 1);
            }
        }
    }

    function _actions() private pure returns (string[16] memory) {
        return [
            "admit",
            "attest",
            "changeOwner",
            "claim",
            "close",
            "disown",
            "dismiss",
            "fund",
            "grant",
            "grantBySig",
            "pass",
            "publish",
            "renew",
            "revoke",
            "takeBack",
            "withdraw"
        ];
    }
}
