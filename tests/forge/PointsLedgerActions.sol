// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TransferIntent} from "../../contracts/loyalty/IPointsHub.sol";
import {IPointsToken} from "../../contracts/loyalty/IPointsToken.sol";
import {Dice} from "./Dice.sol";
import {transferHash} from "./Intents.sol";
import {LotsModel} from "./LotsModel.sol";
import {PointsNetworkWatch} from "./PointsNetworkWatch.sol";
import {vm} from "./Vm.sol";

/// @title Random awards, transfers and gifts
abstract contract PointsLedgerActions is PointsNetworkWatch {
    using LotsModel for LotsModel.Lots;

    uint256 private constant RECORDS_MAX = 4;

    function award(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        (uint256 program, address holder) = (_program(dice), _actor(dice));
        uint256 points = _amount(dice);
        uint256 end = epoch() + _validity[program];
        uint256 credited = _credited(program, holder, points);
        bool allowed = points <= MAX && _hasRoom(program, end, credited);
        _mayQualify(program, holder);
        _mayGrowByPoints(program, points);
        vm.prank(_till(program));
        try HUB.award(program, uint48(points), holder) {
            _expect("award", allowed);
            _bookAward(program, holder, points, end);
        } catch {
            _expectRefused("award", allowed);
        }
    }

    function awardMany(uint256 seed) external watched {
        _awardMany(Dice(seed));
    }

    function transfer(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        _transfer(dice, program, _actor(dice), _actor(dice), "transfer");
    }

    /// @dev To the address of a throw-away key.
    function giveGift(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        address gift = holders[ACTORS + dice.below(HOLDERS - ACTORS)];
        _transfer(dice, program, _actor(dice), gift, "giveGift");
    }

    /// @dev By the throw-away key's signature: to the friend, or back to the giver.
    function claimGift(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        _transferBySig(dice, ACTORS + dice.below(HOLDERS - ACTORS), "claimGift");
    }

    function transferBySig(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        _transferBySig(dice, dice.below(ACTORS), "transferBySig");
    }

    function transferAtEpoch(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        (address sender, address receiver) = (_actor(dice), _actor(dice));
        uint256 issued = epoch() - 4 + dice.below(6);
        uint256 held = ending(program, sender, issued + 4);
        bool isLive = issued <= epoch() && issued + 4 > epoch();
        uint256 points = dice.part(isLive ? held : 10);
        bool allowed = isLive && points <= held;
        _consent(program, sender);
        vm.prank(sender);
        try HUB.transferAtEpoch(issued, receiver, program, points) {
            _expect("transferAtEpoch", allowed);
        } catch {
            return _expectRefused("transferAtEpoch", allowed);
        }
        _touch(program, sender);
        _touch(program, receiver);
        _lots[program][sender].take(points, issued + 4);
        _lots[program][receiver].add(points, issued + 4);
    }

    function transferFrom(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        (address sender, address spender) = (_actor(dice), _actor(dice));
        uint256 held = alive(program, sender);
        uint256 points = dice.part(held);
        uint256 approved = dice.part(points);
        vm.prank(sender);
        HUB.approve(spender, program, approved);
        if (approved != 0) _consent(program, sender);
        bool allowed = points <= held && (points <= approved || sender == spender);
        if (sender == spender) _consent(program, sender);
        vm.prank(spender);
        try HUB.transferFrom(sender, spender, program, points) {
            _expect("transferFrom", allowed);
            _bookMove(program, sender, spender, points);
        } catch {
            _expectRefused("transferFrom", allowed);
        }
        vm.prank(sender);
        HUB.approve(spender, program, 0);
    }

    /// @dev Writes every account, so that whatever expired is on record.
    function touchAll(uint256) external watched {
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            for (uint256 h = 0; h < HOLDERS; ++h) {
                vm.prank(holders[h]);
                HUB.redeem(programs[i], 0);
                _touch(programs[i], holders[h]);
            }
        }
        _expect("touchAll", true);
    }

    function _awardMany(Dice memory dice) internal {
        uint256 program = _program(dice);
        bytes32 batchId = bytes32(_number(dice));
        uint256 end = epoch() + _validity[program];
        uint256 count = 1 + dice.below(RECORDS_MAX);
        (bytes memory records, uint256 credited) = _records(dice, program, count);
        bool allowed =
            _timesOf("batch", program, uint256(batchId)) == 0 && _hasRoom(program, end, credited);
        vm.prank(_till(program));
        try HUB.awardMany(program, batchId, records) {
            _expect("awardMany", allowed);
        } catch {
            return _expectRefused("awardMany", allowed);
        }
        for (uint256 i = 0; i < count; ++i) {
            (address holder, uint256 points) = _recordAt(records, i);
            _bookAward(program, holder, points, end);
        }
        _bookBatch(program, batchId, records, end - 4);
    }

    function _bookBatch(uint256 program, bytes32 batchId, bytes memory records, uint256 issued)
        internal
    {
        _count("batch", program, uint256(batchId));
        _awards.push(Award(program, batchId, records, issued, time + _clawback[program]));
    }

    function _recordAt(bytes memory records, uint256 index)
        internal
        pure
        returns (address holder, uint48 points)
    {
        uint256 word;
        assembly ("memory-safe") {
            word := mload(add(add(records, 32), mul(index, 26)))
        }
        return (address(uint160(word >> 96)), uint48(word >> 48));
    }

    /// @dev Records of a batch, and how much of them reaches somebody after debts.
    function _records(Dice memory dice, uint256 program, uint256 count)
        private
        returns (bytes memory records, uint256 credited)
    {
        uint256[ACTORS] memory awarded;
        for (uint256 i = 0; i < count; ++i) {
            uint256 index = dice.below(ACTORS);
            uint256 points = _amount(dice) / 8;
            awarded[index] += points;
            records = abi.encodePacked(records, holders[index], uint48(points));
            _mayQualify(program, holders[index]);
            _mayGrowByPoints(program, points);
        }
        for (uint256 i = 0; i < ACTORS; ++i) {
            credited += _credited(program, holders[i], awarded[i]);
        }
    }

    function _transfer(
        Dice memory dice,
        uint256 program,
        address sender,
        address receiver,
        string memory action
    ) private {
        uint256 held = alive(program, sender);
        uint256 points = dice.part(held);
        address token = HUB.tokenOf(program);
        _consent(program, sender);
        bool moved;
        vm.prank(sender);
        if (token != address(0) && dice.oneIn(2)) {
            try IPointsToken(token).transfer(receiver, points) {
                moved = true;
            } catch {}
        } else {
            try HUB.transfer(receiver, program, points) {
                moved = true;
            } catch {}
        }
        if (!moved) return _expectRefused(action, points <= held);
        _expect(action, points <= held);
        _bookMove(program, sender, receiver, points);
    }

    function _transferBySig(Dice memory dice, uint256 from, string memory action) private {
        uint256 program = _program(dice);
        TransferIntent memory intent = TransferIntent({
            program: program,
            from: holders[from],
            to: _actor(dice),
            points: uint48(dice.part(alive(program, holders[from]))),
            nonce: _number(dice),
            deadline: _deadline(dice)
        });
        (bytes memory signature, bool allowed) = _sign(dice, _holderKey(from), transferHash(intent));
        allowed = allowed && intent.points <= alive(program, intent.from) && intent.deadline >= time
            && _timesOf("nonce", uint160(intent.from), intent.nonce) == 0;
        if (allowed) _consent(program, intent.from);
        vm.prank(_actor(dice));
        try HUB.transferBySig(intent, signature) {
            _expect(action, allowed);
        } catch {
            return _expectRefused(action, allowed);
        }
        _count("nonce", uint160(intent.from), intent.nonce);
        _bookMove(program, intent.from, intent.to, intent.points);
    }
}
