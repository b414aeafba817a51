// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ProgramConfig, RedeemIntent} from "../../contracts/loyalty/IPointsHub.sol";
import {Redemption} from "../../contracts/loyalty/IPointsReturns.sol";
import {IPointsToken} from "../../contracts/loyalty/IPointsToken.sol";
import {ClearingActions} from "./ClearingActions.sol";
import {Dice} from "./Dice.sol";
import {redeemHash} from "./Intents.sol";
import {vm} from "./Vm.sol";

/// @title Random users of a network of three programs
/// @notice Every action is tried on the contracts, should succeed exactly if the books allow it,
/// and is then booked; every action takes one random number and makes all its choices from it.
contract PointsNetworkHandler is ClearingActions {
    constructor() {
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            programs[i] = _open(i);
        }
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            _equip(programs[i]);
        }
    }

    /// @dev Time goes on: minutes, hours, or epochs.
    function pass(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 mode = dice.below(32);
        if (mode == 0) time += 30 * EPOCH_LENGTH;
        else if (mode < 12) time += dice.below(2 * EPOCH_LENGTH);
        else time += dice.below(2 * WINDOW);
        vm.warp(time);
        ++successes["pass"];
    }

    function setValidity(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        _validity[program] = 1 + dice.below(4);
        vm.prank(_owner(program));
        HUB.setValidity(program, uint8(_validity[program]));
        _expect("setValidity", true);
    }

    /// @dev Nobody does what only another may.
    function steal(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        uint256 other = programs[dice.below(2)];
        if (other == program) other = programs[2];
        address holder = _actor(dice);
        address[4] memory thieves =
            [_owner(program), _till(other), HUB.tokenOf(programs[1]), holders[HOLDERS - 1]];
        address thief = thieves[dice.below(4)];
        address target = address(HUB);
        bytes memory call;
        uint256 mode = dice.below(12);
        if (mode == 0) {
            call = abi.encodeCall(HUB.transferFrom, (holder, thief, program, 1));
        } else if (mode == 1) {
            if (thief == HUB.tokenOf(program)) thief = holder;
            call = abi.encodeCall(HUB.tokenTransfer, (program, holder, thief, 0));
        } else if (mode == 2) {
            (target, call) = _stealAtFace(holder, thief);
        } else if (mode == 3) {
            call = abi.encodeCall(HUB.setLimit, (program, other, 1));
        } else if (mode == 4) {
            call = abi.encodeCall(HUB.clearPosition, (program, other));
        } else if (mode == 5) {
            thief = _till(other);
            call = abi.encodeCall(CLEARING.withdraw, (program, 0, thief));
            target = address(CLEARING);
        } else if (mode == 6) {
            thief = _owner(other);
            call = abi.encodeCall(CLEARING.setLimit, (program, other, 0));
            target = address(CLEARING);
        } else if (mode == 7) {
            call = abi.encodeCall(HUB.announcePrices, (program, 1, 1));
            thief = _till(program);
        } else if (mode == 8) {
            thief = _owner(program);
            call = abi.encodeCall(HUB.cancelCoupon, (program, uint48(dice.next())));
        } else if (mode == 9) {
            call = _redeemElsewhere(dice, program, other);
            thief = _till(other);
        } else if (mode == 10 && _awards.length != 0) {
            Award memory awarded = _awards[_awards.length - 1];
            thief = _owner(awarded.program);
            call = abi.encodeCall(
                HUB.reverseAward, (awarded.program, awarded.batchId, awarded.records, 0, 0)
            );
        } else if (_spendings.length != 0) {
            Redemption memory redemption = _spendings[_spendings.length - 1].redemption;
            thief = _owner(redemption.merchant);
            call = abi.encodeCall(HUB.refundRedemption, (redemption, 0));
        }
        vm.prank(thief);
        (bool done,) = target.call(call);
        _expectRefused("steal", false);
        if (done) _violate(13, "somebody did what only another may");
        ++successes["steal"];
    }

    function _stealAtFace(address holder, address thief)
        private
        view
        returns (address target, bytes memory call)
    {
        target = HUB.tokenOf(programs[1]);
        call = abi.encodeCall(IPointsToken(target).emitTransfer, (holder, thief, 1));
    }

    /// @dev A customer's signature for one merchant, in another merchant's hands.
    function _redeemElsewhere(Dice memory dice, uint256 program, uint256 other)
        private
        view
        returns (bytes memory)
    {
        uint256 signer = dice.below(ACTORS);
        RedeemIntent memory intent = RedeemIntent({
            program: program,
            merchant: program,
            termsHash: 0,
            from: holders[signer],
            points: 0,
            orderId: uint48(1e6 + _step),
            deadline: uint40(time)
        });
        (bytes memory signature,) = _sign(dice, _holderKey(signer), redeemHash(intent));
        // Either the merchant is named as signed, or the thief's own is put in its place.
        if (dice.oneIn(2)) intent.merchant = other;
        return abi.encodeCall(HUB.redeemBySig, (intent, false, signature));
    }

    /// @dev Validities 4, 3, 2; the second has a face, the third a cap.
    function _open(uint256 index) private returns (uint256 program) {
        uint40[] memory tiers = new uint40[](2);
        (tiers[0], tiers[1]) = (1000, 2 ** 40 - 1);
        address owner = address(uint160(0xbea900 + (2 * (index + 1) | index & 1)));
        ProgramConfig memory config = ProgramConfig({
            name: "Bean",
            symbol: "BEAN",
            validity: uint8(4 - index),
            cap: index == 2 ? 200_000 : 0,
            hasToken: index == 1,
            tiers: tiers
        });
        vm.prank(owner);
        program = HUB.createProgram(config);
        (_validity[program], _cap[program]) = (config.validity, config.cap);
    }

    /// @dev Prices, an issuer, deposits, limits, a coupon key, and points to begin with.
    function _equip(uint256 program) private {
        _bookPrices(program, 100 + program, 100 - program);
        vm.prank(_owner(program));
        HUB.announcePrices(program, uint48(100 + program), uint48(100 - program));
        vm.prank(_owner(program));
        HUB.setIssuer(program, _till(program), type(uint48).max);
        (_couponKey[program], _couponBudget[program]) = (3001, 10_000_000);
        address key = vm.addr(3001);
        vm.prank(_owner(program));
        HUB.setCouponKey(program, key, 10_000_000);
        _clawback[program] = uint32(EPOCH_LENGTH);
        vm.prank(_owner(program));
        HUB.setClawback(program, uint32(EPOCH_LENGTH));
        vm.recordLogs();
        _deposit(program, holders[0], 2e9, 0);
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            if (programs[i] == program) continue;
            limits[program][programs[i]] = 5e8;
            vm.prank(_owner(program));
            CLEARING.setLimit(program, programs[i], 5e8);
        }
        for (uint256 h = 0; h < ACTORS; ++h) {
            vm.prank(_till(program));
            HUB.award(program, uint48(10_000 + h), holders[h]);
            _bookAward(program, holders[h], 10_000 + h, epoch() + _validity[program]);
        }
        _expect("opened", true);
    }
}
