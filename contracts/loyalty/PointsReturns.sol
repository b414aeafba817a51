// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IPointsHub} from "./IPointsHub.sol";
import {IPointsReturns, Redemption} from "./IPointsReturns.sol";
import {PointsCampaigns} from "./PointsCampaigns.sol";
import {AccountStanding} from "./types/AccountStanding.sol";
import {EpochRing, EpochRingLibrary} from "./types/EpochRing.sol";
import {ProgramSettings} from "./types/ProgramSettings.sol";

/// @title What happens when a purchase is returned
/// @notice See {IPointsReturns}.
abstract contract PointsReturns is PointsCampaigns {
    uint256 internal constant RECORD_SIZE = 26;
    /// @dev Low bits of a stored batch: end of its claw-back window 40, epoch of issue 16.
    uint256 private constant BATCH_HASH_SHIFT = 56;

    /// @inheritdoc IPointsReturns
    mapping(uint256 program => uint32 window) public clawbackOf;
    mapping(uint256 program => mapping(bytes32 batchId => bytes32 digest)) private _batches;
    mapping(bytes32 record => uint256 points) private _reversed;
    mapping(bytes32 digest => uint256 left) private _redemptions;

    /// @inheritdoc IPointsReturns
    function setClawback(uint256 program, uint32 window) external onlyProgramOwner(program) {
        clawbackOf[program] = window;

        emit ClawbackSet(program, window);
    }

    /// @inheritdoc IPointsReturns
    function reverseAward(
        uint256 program,
        bytes32 batchId,
        bytes calldata records,
        uint256 index,
        uint48 points
    ) external {
        _requireIssuer(program);
        uint256 issued = _openBatch(program, batchId, records);
        (address account, uint256 units) = _recordAt(records, index);
        bytes32 record = keccak256(abi.encode(program, batchId, index));
        uint256 left = units - _reversed[record];
        if (points > left) revert ReversalExceedsAward(points, left);

        _reversed[record] += points;
        uint256 debt = points - _reverse(program, account, issued, points);

        emit AwardReversed(program, batchId, account, index, points, debt);
    }

    /// @inheritdoc IPointsReturns
    function refundRedemption(Redemption calldata redemption, uint48 points) external {
        _requireIssuer(redemption.merchant);
        bytes32 digest = keccak256(abi.encode(redemption));
        uint256 left = _redemptions[digest];
        if (left == 0) revert RedemptionUnknown(digest);
        if (points > left) revert RefundExceedsRedemption(points, left);

        _redemptions[digest] = left - points;
        uint256 total = EpochRingLibrary.total(redemption.amounts);
        uint256 refunded = total - left;
        if (redemption.merchant != redemption.program) {
            // The parts add up to the value, each rounded against the merchant, who pays.
            uint256 value = Math.ceilDiv(redemption.value * (refunded + points), total)
                - Math.ceilDiv(redemption.value * refunded, total);
            _post(redemption.merchant, redemption.program, value);
        }
        uint256 credited = _giveBack(redemption, left, points);

        emit RedemptionRefunded(
            redemption.merchant, redemption.orderId, redemption, points, credited
        );
    }

    /// @inheritdoc IPointsHub
    function batchDigestOf(uint256 program, bytes32 batchId) external view returns (bytes32) {
        return _batches[program][batchId];
    }

    /// @dev Stores what a later reversal must open.
    function _storeBatch(uint256 program, bytes32 batchId, bytes32 recordsHash, uint256 issued)
        internal
        override
    {
        if (_batches[program][batchId] != 0) revert BatchAwardedBefore(program, batchId);
        uint256 endsAt = block.timestamp + clawbackOf[program];
        uint256 word = uint256(recordsHash) >> BATCH_HASH_SHIFT << BATCH_HASH_SHIFT;
        _batches[program][batchId] = bytes32(word | endsAt << 16 | issued);
    }

    /// @dev Stores what a later refund must open.
    function _storeRedemption(Redemption memory redemption) internal {
        _redemptions[keccak256(abi.encode(redemption))] = EpochRingLibrary.total(redemption.amounts);

        emit RedemptionStored(redemption.merchant, redemption.orderId, redemption);
    }

    /// @dev 32 bytes of `data` from `offset`, zeros past its end.
    function _word(bytes calldata data, uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }

    /// @dev The epoch in which the batch's points count as issued.
    function _openBatch(uint256 program, bytes32 batchId, bytes calldata records)
        private
        view
        returns (uint256 issued)
    {
        uint256 stored = uint256(_batches[program][batchId]);
        uint256 hash = uint256(keccak256(records));
        if ((stored ^ hash) >> BATCH_HASH_SHIFT != 0) {
            revert RecordsNotAwarded(program, batchId);
        }
        uint256 endsAt = uint40(stored >> 16);
        if (block.timestamp > endsAt) revert ClawbackEnded(program, endsAt, block.timestamp);
        return uint16(stored);
    }

    /// @dev Points of an award leave the ledger, as far as the account still holds them.
    function _reverse(uint256 program, address account, uint256 issued, uint256 points)
        private
        returns (uint256 taken)
    {
        EpochRing supply = _supplyAt(program, currentEpoch());
        uint256 shift = EpochRingLibrary.laneShift(issued, supply.epoch());
        taken = _takeBack(program, account, shift, points, supply.epoch());
        _programs[program].supply = supply.minus(taken << shift);
        _emitTransfer(account, address(0), program, taken);
    }

    /// @dev Credits the spent lanes that are still alive; of the `left` units, the youngest first.
    function _giveBack(Redemption calldata redemption, uint256 left, uint256 points)
        private
        returns (uint256 credited)
    {
        EpochRing spent = EpochRing.wrap(
            redemption.amounts | uint256(redemption.epoch) << EpochRingLibrary.EPOCH_SHIFT
        );
        (uint256 before,) = spent.oldest(left);
        (uint256 rest,) = spent.oldest(left - points);
        EpochRing supply = _supplyAt(redemption.program, currentEpoch());
        (EpochRing live,) = spent.withLanes(before - rest).rollTo(supply.epoch());
        uint256 lanes = _restore(redemption.program, redemption.from, live);
        credited = EpochRingLibrary.total(lanes);
        // A cap stops awards; it does not keep a customer from what it had.
        _programs[redemption.program].supply = supply.plus(lanes);
        _emitTransfer(address(0), redemption.from, redemption.program, credited);
    }

    function _recordAt(bytes calldata records, uint256 index)
        private
        pure
        returns (address account, uint256 units)
    {
        uint256 count = records.length / RECORD_SIZE;
        if (index >= count) revert RecordIndexOutOfRange(index, count);
        uint256 record = _word(records, index * RECORD_SIZE);
        return (address(uint160(record >> 96)), uint48(record >> 48));
    }
}
