// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Coupon} from "../../contracts/loyalty/IPointsCampaigns.sol";
import {Dice} from "./Dice.sol";
import {couponHash} from "./Intents.sol";
import {PointsNetworkActions} from "./PointsNetworkActions.sol";
import {vm} from "./Vm.sol";

/// @title Random coupons and drops
abstract contract PointsCampaignActions is PointsNetworkActions {
    uint256 private constant BUDGET_MAX = 2 ** 34 - 1;
    uint256 private constant LEAVES = 4;

    /// @dev One of three keys, or none: keys come back.
    function rotateCouponKey(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        uint256 key = dice.oneIn(8) ? 0 : 3001 + dice.below(3);
        uint256 budget = dice.oneIn(4) ? BUDGET_MAX + dice.below(2) : dice.magnitude(8);
        bool allowed = budget <= BUDGET_MAX;
        address signer = key == 0 ? address(0) : vm.addr(key);
        vm.prank(_owner(program));
        try HUB.setCouponKey(program, signer, uint40(budget)) {
            _expect("rotateCouponKey", allowed);
            (_couponKey[program], _couponBudget[program]) = (key, budget);
        } catch {
            _expectRefused("rotateCouponKey", allowed);
        }
    }

    /// @dev Signed with the key in force, or with one that is not; claimed whenever, if at all.
    function signCoupon(uint256 seed) external {
        _signCoupon(Dice(seed));
        ++successes["signCoupon"];
    }

    function claimCoupon(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        if (_coupons.length == 0 || dice.oneIn(2)) _signCoupon(dice);
        uint256 back = dice.oneIn(2) ? 0 : dice.below(_coupons.length);
        SignedCoupon memory signed = _coupons[_coupons.length - 1 - back];
        Coupon memory coupon = signed.coupon;
        // A signature is for one customer, amount and vintage only.
        bool isTampered = dice.oneIn(16);
        if (isTampered) coupon.points += 1;
        bool allowed = !isTampered && signed.key != 0 && signed.key == _couponKey[coupon.program]
            && _canClaim(coupon);
        _mayQualify(coupon.program, coupon.to);
        _mayGrowByPoints(coupon.program, coupon.points);
        _noteBudget(coupon.program);
        vm.prank(_actor(dice));
        try HUB.claimCoupon(coupon, signed.signature) {
            _expect(coupon.reversible ? "claimCoupon reversible" : "claimCoupon", allowed);
        } catch {
            return _expectRefused("claimCoupon", allowed);
        }
        _count("coupon", coupon.program, coupon.orderId);
        couponPoints[coupon.program][epoch()] += coupon.points;
        _bookAward(coupon.program, coupon.to, coupon.points, uint256(coupon.issued) + 4);
        if (!coupon.reversible) return;
        bytes memory records = abi.encodePacked(coupon.to, coupon.points);
        _bookBatch(coupon.program, bytes32(uint256(coupon.orderId)), records, coupon.issued);
    }

    function cancelCoupon(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        uint256 program = _program(dice);
        uint256 orderId = _number(dice);
        bool allowed = _timesOf("coupon", program, orderId) == 0;
        vm.prank(_till(program));
        try HUB.cancelCoupon(program, uint48(orderId)) {
            _expect("cancelCoupon", allowed);
            _count("coupon", program, orderId);
        } catch {
            _expectRefused("cancelCoupon", allowed);
        }
    }

    function createDrop(uint256 seed) external watched {
        _createDrop(Dice(seed));
    }

    function claimDrop(uint256 seed) external watched {
        Dice memory dice = Dice(seed);
        if (_drops.length == 0 || dice.oneIn(4)) _createDrop(dice);
        uint256 back = dice.below(_drops.length < 4 ? _drops.length : 4);
        Leaves storage leaves = _drops[_drops.length - 1 - back];
        uint256 index = dice.below(LEAVES);
        (address to, uint48 points) = (leaves.to[index], leaves.points[index]);
        bytes32[] memory proof = _proof(leaves, index);
        bool isForged = dice.oneIn(8);
        if (isForged) ++points;
        uint256 end = leaves.issued + 4;
        bool allowed = !isForged && time <= leaves.deadline && points <= leaves.left
            && _timesOf("leaf", leaves.drop, index) == 0 && leaves.issued + 4 > epoch()
            && _hasRoom(leaves.program, end, _credited(leaves.program, to, points));
        _mayQualify(leaves.program, to);
        _mayGrowByPoints(leaves.program, points);
        vm.prank(_actor(dice));
        try HUB.claimDrop(leaves.drop, index, to, points, proof) {
            _expect("claimDrop", allowed);
        } catch {
            return _expectRefused("claimDrop", allowed);
        }
        _count("leaf", leaves.drop, index);
        leaves.left -= points;
        _bookAward(leaves.program, to, points, end);
    }

    function _createDrop(Dice memory dice) private {
        Leaves memory leaves;
        leaves.program = _program(dice);
        for (uint256 i = 0; i < LEAVES; ++i) {
            leaves.to[i] = _actor(dice);
            leaves.points[i] = uint48(_amount(dice) / LEAVES);
            leaves.left += leaves.points[i];
        }
        // Sometimes less than what the leaves promise.
        leaves.left -= dice.oneIn(2) ? 0 : dice.below(leaves.left + 1);
        leaves.issued = epoch() + _validity[leaves.program] - 4;
        leaves.deadline = time + dice.below(2 * EPOCH_LENGTH);
        vm.prank(_till(leaves.program));
        leaves.drop = HUB.createDrop(
            leaves.program, _root(leaves), uint48(leaves.left), uint48(leaves.deadline), 0
        );
        _expect("createDrop", true);
        _drops.push(leaves);
    }

    function _signCoupon(Dice memory dice) private {
        uint256 program = _program(dice);
        Coupon memory coupon = Coupon({
            program: program,
            to: _actor(dice),
            points: uint48(_amount(dice)),
            orderId: uint48(_number(dice)),
            issued: uint16(epoch() + _validity[program] - 4),
            reversible: dice.oneIn(2),
            validAfter: uint48(dice.oneIn(4) ? time + dice.below(EPOCH_LENGTH) : time),
            deadline: uint48(time + dice.below(3 * EPOCH_LENGTH)),
            campaign: bytes32(dice.next()),
            termsHash: 0
        });
        if (dice.oneIn(8)) coupon.issued = uint16(coupon.issued + 1 - dice.below(3));
        uint256 key = _couponKey[program];
        if (key == 0 || dice.oneIn(16)) key = 3001 + dice.below(3);
        (bytes memory signature, bool isValid) = _sign(dice, key, couponHash(coupon));
        _coupons.push(SignedCoupon(coupon, isValid ? key : 0, signature));
    }

    /// @dev As far as time, budget and room go.
    function _canClaim(Coupon memory coupon) private returns (bool) {
        uint256 program = coupon.program;
        uint256 given = couponPoints[program][epoch()] + coupon.points;
        uint256 credited = _credited(program, coupon.to, coupon.points);
        return time >= coupon.validAfter && time <= coupon.deadline
            && given <= _couponBudget[program] && coupon.points <= MAX
            && _timesOf("coupon", program, coupon.orderId) == 0 && _isLive(program, coupon.issued)
            && _hasRoom(program, uint256(coupon.issued) + 4, credited)
            && (!coupon.reversible || _timesOf("batch", program, coupon.orderId) == 0);
    }

    function _noteBudget(uint256 program) private {
        if (_couponBudget[program] <= couponBudgetPeak[program][epoch()]) return;
        couponBudgetPeak[program][epoch()] = _couponBudget[program];
    }

    /// @dev Whether an award of now could give the vintage, or an earlier one could.
    function _isLive(uint256 program, uint256 issued) private view returns (bool) {
        return issued + 4 > epoch() && issued + 4 <= epoch() + _validity[program];
    }

    function _leaf(Leaves memory leaves, uint256 index) private pure returns (bytes32) {
        bytes memory leaf = abi.encode(index, leaves.to[index], leaves.points[index]);
        return keccak256(bytes.concat(keccak256(leaf)));
    }

    function _root(Leaves memory leaves) private pure returns (bytes32) {
        return
            _node(
                _node(_leaf(leaves, 0), _leaf(leaves, 1)), _node(_leaf(leaves, 2), _leaf(leaves, 3))
            );
    }

    function _proof(Leaves memory leaves, uint256 index)
        private
        pure
        returns (bytes32[] memory proof)
    {
        uint256 across = index ^ 2;
        proof = new bytes32[](2);
        proof[0] = _leaf(leaves, index ^ 1);
        proof[1] = _node(_leaf(leaves, across), _leaf(leaves, across ^ 1));
    }

    function _node(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }
}
