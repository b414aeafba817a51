// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Dice} from "./Dice.sol";
import {PointsReturnActions} from "./PointsReturnActions.sol";
import {vm} from "./Vm.sol";

/// @title Random deposits, limits and settlements
abstract contract ClearingActions is PointsReturnActions {
    /// @dev In a coin that sometimes keeps a fee.
    function deposit(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        (uint256 program, address giver) = (_program(dice), _actor(dice));
        uint256 amount = dice.oneIn(8) ? dice.below(2) : dice.magnitude(10);
        uint256 fee = dice.oneIn(4) ? 1 + dice.below(200) : 0;
        _deposit(program, giver, amount, fee);
    }

    function withdraw(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        uint256 free = deposits[program] - committed(program);
        uint256 value = dice.part(free);
        _mayGrow(program, 100 * value);
        COIN.setFee(dice.oneIn(4) ? 100 : 0);
        // A fee that the payer bears besides would be paid by the other programs.
        uint256 onTop = dice.oneIn(8) ? 100 : 0;
        COIN.setFeeOnTop(onTop);
        bool allowed = value <= free && value * onTop / 10_000 == 0;
        vm.prank(_owner(program));
        try CLEARING.withdraw(program, value, _owner(program)) {
            _expect("withdraw", allowed);
            deposits[program] -= value;
        } catch {
            _expectRefused("withdraw", allowed);
        }
        COIN.setFeeOnTop(0);
    }

    function setLimit(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        (uint256 debtor, uint256 creditor) = (_program(dice), _program(dice));
        uint256 others = committed(debtor) - limits[debtor][creditor];
        uint256 limit = dice.part(deposits[debtor] - others);
        int256 owes = owed[debtor][creditor];
        bool allowed =
            debtor != creditor && others + limit <= deposits[debtor] && int256(limit) >= owes;
        vm.prank(_owner(debtor));
        try CLEARING.setLimit(debtor, creditor, uint72(limit)) {
            _expect("setLimit", allowed);
            limits[debtor][creditor] = limit;
        } catch {
            _expectRefused("setLimit", allowed);
        }
    }

    /// @dev By the owner of either, or by a stranger.
    function settle(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        (uint256 debtor, uint256 creditor) = (_program(dice), _program(dice));
        uint256 mode = dice.below(4);
        address caller = mode == 0 ? _owner(debtor) : mode == 1 ? _owner(creditor) : _actor(dice);
        int256 owes = owed[debtor][creditor];
        bool allowed = mode < 2 || time >= _settledAt[debtor][creditor] + WINDOW
            || 2 * owes >= int256(limits[debtor][creditor]);
        _isSettling = true;
        vm.prank(caller);
        try CLEARING.settle(debtor, creditor) returns (uint256 paid) {
            _expect(paid == 0 ? "settle nothing" : "settle", allowed);
            _agree("paid", paid, _bookSettlement(debtor, creditor));
        } catch {
            _expectRefused("settle", allowed);
        }
    }

    function settleMany(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        uint256[] memory others = new uint256[](PROGRAMS);
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            others[i] = programs[i];
        }
        _isSettling = true;
        vm.prank(_owner(program));
        CLEARING.settleMany(program, others);
        _expect("settleMany", true);
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            _bookSettlement(program, programs[i]);
            _bookSettlement(programs[i], program);
        }
    }

    function _deposit(uint256 program, address giver, uint256 amount, uint256 fee) internal {
        uint256 value = amount - amount * fee / 10_000;
        COIN.setFee(0);
        COIN.mint(giver, amount);
        COIN.setFee(fee);
        vm.prank(giver);
        COIN.approve(address(CLEARING), amount);
        vm.prank(giver);
        try CLEARING.deposit(program, amount) returns (uint256 credited) {
            _expect("deposit", value != 0);
            _agree("deposit", credited, value);
            deposits[program] += value;
        } catch {
            _expectRefused("deposit", value != 0);
        }
    }

    function _bookSettlement(uint256 debtor, uint256 creditor) private returns (uint256 paid) {
        if (owed[debtor][creditor] <= 0) return 0;
        paid = uint256(owed[debtor][creditor]);
        (owed[debtor][creditor], owed[creditor][debtor]) = (int256(0), int256(0));
        limits[debtor][creditor] -= paid;
        deposits[debtor] -= paid;
        deposits[creditor] += paid;
        _settledAt[debtor][creditor] = time;
    }
}
