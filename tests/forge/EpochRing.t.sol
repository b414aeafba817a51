// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EpochRing, EpochRingLibrary} from "../../contracts/loyalty/types/EpochRing.sol";
import {LotsModel} from "./LotsModel.sol";
import {assertEqual, vm} from "./Vm.sol";

/// @title The packed word beside a plain list of lots
contract EpochRingTest {
    using LotsModel for LotsModel.Lots;

    uint256 private constant MAX = 2 ** 47 - 1;

    LotsModel.Lots private _lots;

    /// forge-config: default.fuzz.runs = 512
    function testFuzz_Ring_FollowsTheListOfLots(uint256 seed, uint48 extra) external {
        uint256 epoch = 4;
        EpochRing ring =
            EpochRing.wrap(epoch << EpochRingLibrary.EPOCH_SHIFT | uint256(extra) << 192);
        for (uint256 step = 0; step < 24; ++step) {
            uint256 dice = uint256(keccak256(abi.encode(seed, step)));
            uint256 points = (dice >> 8) % (MAX >> dice % 47);
            uint256 action = (dice >> 64) % 4;
            if (action == 0) {
                epoch += (dice >> 128) % 6 == 5 ? 1000 : (dice >> 128) % 3;
                uint256 expired;
                (ring, expired) = ring.rollTo(epoch);
                assertEqual("expired", EpochRingLibrary.total(expired), _lots.expire(epoch));
            } else if (action == 1) {
                (uint256 amounts, uint256 missing) = ring.oldest(points);
                uint256 held = _lots.alive(epoch);
                assertEqual("missing", missing, points > held ? points - held : 0);
                assertEqual("found", EpochRingLibrary.total(amounts), points - missing);
                _lots.takeOldest(points - missing, epoch);
                ring = ring.minus(amounts);
            } else {
                uint256 age = (dice >> 128) % 4;
                if (_lots.ending(epoch + 4 - age) + points > MAX) continue;
                ring = ring.plus(points << EpochRingLibrary.laneShift(epoch - age, epoch));
                _lots.add(points, epoch + 4 - age);
            }
            _compare(ring, epoch, extra);
        }
    }

    /// forge-config: default.fuzz.runs = 256
    function testFuzz_RollTo_InStepsEqualsAtOnce(uint256 word, uint16 from, uint16 a, uint16 b)
        external
        pure
    {
        vm.assume(uint256(from) + a + b <= EpochRingLibrary.EPOCH_MAX);
        EpochRing ring = EpochRing.wrap((word << 16 >> 16) | uint256(from) << 240);
        uint256 middle = uint256(from) + a % 6;
        uint256 last = middle + b % 6;
        (EpochRing once, uint256 expired) = ring.rollTo(last);
        (EpochRing first, uint256 expiredFirst) = ring.rollTo(middle);
        (EpochRing twice, uint256 expiredThen) = first.rollTo(last);

        assertEqual("ring", EpochRing.unwrap(twice), EpochRing.unwrap(once));
        assertEqual(
            "expired",
            EpochRingLibrary.total(expiredFirst) + EpochRingLibrary.total(expiredThen),
            EpochRingLibrary.total(expired)
        );
    }

    /// forge-config: default.fuzz.runs = 256
    function testFuzz_Plus_RevertsExactlyIfALaneOverflows(uint256 word, uint256 added)
        external
        view
    {
        uint256 amounts;
        uint256 start = uint256(8) << 240;
        bool fits = true;
        for (uint256 shift = 0; shift < 192; shift += 48) {
            uint256 held = word >> shift & MAX;
            uint256 more = added >> shift & MAX;
            // Half of the lanes are brought near the brim.
            if (word >> shift & 1 << 47 != 0) more = (MAX - held) + more % 3;
            if (more > MAX) more = MAX;
            start |= held << shift;
            amounts |= more << shift;
            fits = fits && held + more <= MAX;
        }
        try this.plus(EpochRing.wrap(start), amounts) returns (EpochRing sum) {
            assertEqual("fits", fits ? 1 : 0, 1);
            assertEqual("sum", EpochRing.unwrap(sum), start + amounts);
        } catch (bytes memory reason) {
            assertEqual("overflows", fits ? 1 : 0, 0);
            bytes32 expected = bytes32(EpochRingLibrary.PointsOverflow.selector);
            assertEqual("reason", uint256(bytes32(reason)) >> 224, uint256(expected) >> 224);
        }
    }

    function testFuzz_LaneShift_RevertsExactlyIfEpochIsNotLive(uint256 issued, uint16 current)
        external
        view
    {
        vm.assume(current >= 4); // as the clock is from the first epoch on
        unchecked {
            if (issued % 4 != 0) issued = uint256(current) + issued / 4 % 12 - 6;
        }
        bool live = issued <= current && current - issued < 4;
        try this.laneShift(issued, current) returns (uint256 shift) {
            assertEqual("live", live ? 1 : 0, 1);
            assertEqual("shift", shift, (current - issued) * 48);
        } catch (bytes memory reason) {
            assertEqual("not live", live ? 1 : 0, 0);
            assertEqual(
                "reason",
                uint256(keccak256(reason)),
                uint256(
                    keccak256(
                        abi.encodeWithSelector(
                            EpochRingLibrary.EpochNotLive.selector, issued, current
                        )
                    )
                )
            );
        }
    }

    function plus(EpochRing ring, uint256 amounts) external pure returns (EpochRing) {
        return ring.plus(amounts);
    }

    function laneShift(uint256 issued, uint256 current) external pure returns (uint256) {
        return EpochRingLibrary.laneShift(issued, current);
    }

    function _compare(EpochRing ring, uint256 epoch, uint256 extra) private view {
        uint256[4] memory byAge = ring.unpack();
        for (uint256 age = 0; age < 4; ++age) {
            assertEqual("lane", byAge[age], _lots.ending(epoch + 4 - age));
        }
        assertEqual("total", EpochRingLibrary.total(ring.lanes()), _lots.alive(epoch));
        assertEqual("epoch", ring.epoch(), epoch);
        assertEqual("extra", EpochRing.unwrap(ring) >> 192 & 2 ** 48 - 1, extra);
    }
}
