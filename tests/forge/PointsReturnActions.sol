// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Redemption} from "../../contracts/loyalty/IPointsReturns.sol";
import {Dice} from "./Dice.sol";
import {LotsModel} from "./LotsModel.sol";
import {PointsCampaignActions} from "./PointsCampaignActions.sol";
import {vm} from "./Vm.sol";

/// @title Random returns of purchases
abstract contract PointsReturnActions is PointsCampaignActions {
    using LotsModel for LotsModel.Lots;

    /// @dev What was reversed or refunded last, and is often tried again.
    uint256 private _reversedAward;
    uint256 private _reversedIndex;
    uint256 private _refunded;

    function setClawback(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        _clawback[program] = uint32(dice.below(4 * EPOCH_LENGTH));
        vm.prank(_owner(program));
        HUB.setClawback(program, _clawback[program]);
        _expect("setClawback", true);
    }

    function reverseAward(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        if (_awards.length == 0 || dice.oneIn(4)) _awardMany(dice);
        if (_awards.length == 0) return;
        if (dice.oneIn(2)) return _reverse(dice, _reversedAward, _reversedIndex);
        uint256 which = _recent(dice, _awards.length);
        _reverse(dice, which, dice.below(_awards[which].records.length / 26));
    }

    function refundRedemption(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        if (_spendings.length == 0 || dice.oneIn(2)) _redeemBySig(dice);
        if (_spendings.length == 0) return;
        if (dice.oneIn(2)) _refunded = _pickSpending(dice);
        Spending storage spending = _spendings[_refunded];
        Redemption memory redemption = spending.redemption;
        (uint256 program, uint256 merchant) = (redemption.program, redemption.merchant);
        if (dice.oneIn(2)) _reverseFor(dice, program, redemption.from);
        uint256 left = spending.points - spending.refunded;
        uint256 points = dice.part(left);
        uint256 value = _valueBack(spending, points);
        bool isTampered = dice.oneIn(16);
        if (isTampered) _tamper(dice, redemption);
        bool allowed = !isTampered && left != 0 && points <= left
            && (program == merchant || _isWithinLimit(merchant, program, value))
            && _fitBack(spending, points);
        _mayGrowByRefund(spending, points, value);
        vm.prank(_till(merchant));
        try HUB.refundRedemption(redemption, uint48(points)) {
            _expect(program == merchant ? "refundRedemption" : "refundRedemption abroad", allowed);
        } catch {
            return _expectRefused("refundRedemption", allowed);
        }
        if (program != merchant) _bookDebt(merchant, program, value);
        _touch(program, redemption.from);
        (LotsModel.Lot[] memory lots, uint256 paid) = _lotsBack(spending, points);
        for (uint256 i = 0; i < lots.length; ++i) {
            _lots[program][redemption.from].add(lots[i].amount, lots[i].end);
        }
        debts[program][redemption.from] -= paid;
        spending.refunded += points;
    }

    function _reverse(Dice memory dice, uint256 which, uint256 index) private {
        Award memory awarded = _awards[which];
        (address holder, uint256 units) = _recordAt(awarded.records, index);
        uint256 left = units - _reversed[which][index];
        uint256 points = dice.oneIn(4) ? left + 1 : dice.part(left);
        bool isTampered = dice.oneIn(16);
        // Another amount than was awarded.
        if (isTampered) awarded.records[index * 26 + 25] ^= bytes1(0x01);
        bool allowed =
            !isTampered && points <= left && time <= awarded.endsAt && awarded.issued + 4 > epoch();
        _consent(awarded.program, holder);
        _mayQualify(awarded.program, holder);
        vm.prank(_till(awarded.program));
        try HUB.reverseAward(
            awarded.program, awarded.batchId, awarded.records, index, uint48(points)
        ) {
            _expect("reverseAward", allowed);
        } catch {
            return _expectRefused("reverseAward", allowed);
        }
        _reversed[which][index] += points;
        (_reversedAward, _reversedIndex) = (which, index);
        _bookReversal(awarded.program, holder, awarded.issued + 4, points);
    }

    /// @dev What the holder got lately, spent or not, so that a refund meets a debt.
    function _reverseFor(Dice memory dice, uint256 program, address holder) private {
        for (uint256 back = 1; back <= _awards.length && back <= 16; ++back) {
            uint256 which = _awards.length - back;
            if (_awards[which].program != program) continue;
            (address first,) = _recordAt(_awards[which].records, 0);
            if (first == holder) return _reverse(dice, which, 0);
        }
    }

    function _bookReversal(uint256 program, address holder, uint256 end, uint256 points) private {
        _touch(program, holder);
        uint256 held = ending(program, holder, end);
        uint256 taken = _smaller(points, held);
        _lots[program][holder].take(taken, end);
        debts[program][holder] += points - taken;
        uint256 counted = qualifying[program][holder];
        qualifying[program][holder] = counted > points ? counted - points : 0;
    }

    /// @dev The lots that `points` more bring back: of the spent ones, the youngest first, after
    /// those refunded before. What expired meanwhile is left out; of the rest, the oldest pay what
    /// the holder owes.
    function _lotsBack(Spending storage spending, uint256 points)
        private
        view
        returns (LotsModel.Lot[] memory lots, uint256 paid)
    {
        uint256 skipped = spending.refunded;
        lots = spending.lots;
        for (uint256 i = lots.length; i != 0; --i) {
            LotsModel.Lot memory lot = lots[i - 1];
            uint256 before = _smaller(lot.amount, skipped);
            skipped -= before;
            uint256 part = _smaller(lot.amount - before, points);
            points -= part;
            lot.amount = lot.end > epoch() ? part : 0;
        }
        uint256 debt = debts[spending.redemption.program][spending.redemption.from];
        for (uint256 i = 0; i < lots.length; ++i) {
            uint256 part = _smaller(lots[i].amount, debt - paid);
            lots[i].amount -= part;
            paid += part;
        }
    }

    function _smaller(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    function _fitBack(Spending storage spending, uint256 points) private view returns (bool) {
        (LotsModel.Lot[] memory lots,) = _lotsBack(spending, points);
        for (uint256 i = 0; i < lots.length; ++i) {
            uint256 sum = _supplyEnding(spending.redemption.program, lots[i].end);
            if (sum + lots[i].amount > MAX) return false;
        }
        return true;
    }

    /// @dev What the merchant posts back: all parts add up to what was posted, each rounded up.
    function _valueBack(Spending storage spending, uint256 points) private view returns (uint256) {
        (uint256 value, uint256 total) = (spending.redemption.value, spending.points);
        if (total == 0) return 0;
        uint256 before = (value * spending.refunded + total - 1) / total;
        return (value * (spending.refunded + points) + total - 1) / total - before;
    }

    /// @dev The merchant, who has its goods back, owes the value; the program gets it for points
    /// that may be dearer now than when they were spent. Spent at home, they are simply owed again.
    function _mayGrowByRefund(Spending storage spending, uint256 points, uint256 value) private {
        (uint256 program, uint256 merchant) =
            (spending.redemption.program, spending.redemption.merchant);
        if (program == merchant) return _mayGrowByPoints(program, points);
        _mayGrow(merchant, 100 * value);
        uint256 offRamp = pricesAt(program).offRamp;
        uint256 dearer = offRamp > spending.offRamp ? offRamp - spending.offRamp : 0;
        _mayGrow(program, points * dearer + 99);
    }

    /// @dev Another vintage, holder, order or value than was stored.
    function _tamper(Dice memory dice, Redemption memory redemption) private pure {
        uint256 mode = dice.below(4);
        if (mode == 0) ++redemption.epoch;
        else if (mode == 1) redemption.from = address(uint160(redemption.from) ^ 1);
        else if (mode == 2) ++redemption.orderId;
        else ++redemption.value;
    }

    /// @dev By preference a recent one of several vintages that has something left.
    function _pickSpending(Dice memory dice) private view returns (uint256) {
        uint256 last = _spendings.length - 1;
        for (uint256 back = 0; back <= last && back < 8; ++back) {
            Spending storage spending = _spendings[last - back];
            bool isMixed = spending.lots.length > 1 && spending.refunded < spending.points;
            if (isMixed && !dice.oneIn(4)) return last - back;
        }
        return _recent(dice, _spendings.length);
    }

    /// @dev Mostly one of the latest.
    function _recent(Dice memory dice, uint256 length) private pure returns (uint256) {
        if (dice.oneIn(4)) return dice.below(length);
        return length - 1 - dice.below(length < 3 ? length : 3);
    }
}
