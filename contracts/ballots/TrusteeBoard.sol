// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IElections} from "./IElections.sol";
import {CeremonyStep, ITrusteeBoard} from "./ITrusteeBoard.sol";
import {TrusteeDeals} from "./TrusteeDeals.sol";
import {TrusteeRounds} from "./TrusteeRounds.sol";
import {Bls12381, Msm} from "./types/Bls12381.sol";
import {CeremonyHash} from "./types/CeremonyHash.sol";
import {CodeBytes, CodeBytesLibrary} from "./types/CodeBytes.sol";
import {KeySums} from "./types/KeySums.sol";

/// @title Trustee board: an election's key that no one holds
/// @notice See {ITrusteeBoard}. This part judges complaints and makes the key.
contract TrusteeBoard is TrusteeDeals {
    /// @dev Where z is in a complaint, behind S and both openings; and the defect.
    uint256 private constant Z_OFFSET = 3 * POINT;
    uint256 private constant DEFECT_OFFSET = Z_OFFSET + SCALAR;
    uint256 private constant COMPLAINT = DEFECT_OFFSET + POINT;

    constructor(IElections elections) TrusteeRounds(elections) {}

    /// @inheritdoc ITrusteeBoard
    function complain(
        uint64 election,
        uint8 index,
        uint8 dealer,
        bytes calldata key,
        bytes calldata deal,
        bytes calldata complaint
    ) external {
        (Plan memory plan, Round memory round, Trustee storage trustee) =
            _requireTrustee(election, CeremonyStep.Complaints, index);
        if (keccak256(key) != trustee.keyHash) revert TrusteeKeyMismatch(election, index);
        uint256 threshold = plan.threshold;
        _requireLength(deal, threshold, plan.trustees);
        bytes32 record = _recordOf(deal, threshold);
        _requireDeal(election, round, dealer, record);
        if (complaint.length != COMPLAINT) revert ComplaintLengthInvalid(complaint.length);
        bytes32 ceremony = CeremonyHash.ceremony(election, round.number);
        Msm memory sum = Bls12381.create(6 + threshold);
        uint256 scalar =
            _pushSecret(sum, ceremony, index, dealer, key, deal[:POINT], complaint, record);
        scalar += _pushShare(sum, ceremony, index, dealer, threshold, deal, complaint[:POINT]);
        sum.pushGenerator(scalar);
        bytes memory defect = complaint[DEFECT_OFFSET:];
        if (keccak256(sum.total()) != keccak256(defect)) {
            revert ComplaintInvalid(election, index, dealer);
        }

        uint8 excluded = Bls12381.isInfinity(defect) ? index : dealer;
        _rounds[election].deals = round.deals & ~_bit(excluded);

        emit ComplaintJudged(election, round.number, index, dealer, excluded, complaint);
    }

    /// @inheritdoc ITrusteeBoard
    function finalise(uint64 election, bytes calldata deals) external {
        (Plan memory plan, Round memory round) = _requireStep(election, CeremonyStep.Finalisation);
        bytes memory sums = _sumsOf(election, round, plan.threshold, deals);
        bytes memory keys = KeySums.evaluate(sums, plan.trustees);

        _rounds[election].keyCode = CodeBytesLibrary.store(keys);

        emit CeremonyFinalised(election, round.number, round.deals, _first(keys));
    }

    /// @inheritdoc ITrusteeBoard
    function keyOf(uint64 election) external view returns (bytes memory) {
        return _requireFinal(election).slice(0, POINT);
    }

    /// @inheritdoc ITrusteeBoard
    function verificationKeyOf(uint64 election, uint8 index) external view returns (bytes memory) {
        CodeBytes keyCode = _requireFinal(election);
        uint256 offset = POINT * index;
        if (index == 0 || offset >= keyCode.size()) {
            revert TrusteeInvalid(election, index, msg.sender);
        }
        return keyCode.slice(offset, POINT);
    }

    /// @inheritdoc ITrusteeBoard
    function keyCodeOf(uint64 election) external view returns (CodeBytes) {
        return _requireFinal(election);
    }

    /// @inheritdoc ITrusteeBoard
    function isFinal(uint64 election) external view returns (bool) {
        return CodeBytes.unwrap(_rounds[election].keyCode) != address(0);
    }

    function _requireFinal(uint64 election) private view returns (CodeBytes keyCode) {
        keyCode = _rounds[election].keyCode;
        if (CodeBytes.unwrap(keyCode) == address(0)) revert CeremonyNotFinal(election);
    }

    /// @dev The deal counts, and is what its dealer posted.
    function _requireDeal(uint64 election, Round memory round, uint8 dealer, bytes32 record)
        private
        view
    {
        bool isDealer = dealer != 0 && round.deals & _bit(dealer) != 0;
        if (!isDealer) revert DealMissing(election, dealer);
        if (record != _trustees[election][round.number][dealer].dealRecord) {
            revert DealMismatch(election, dealer);
        }
    }

    /// @dev Adds v (z G - A1 - c E) + w (z R - A2 - c S), but for the part of G: that S has the
    /// logarithm to R that E has to G. The weights are of everything that the caller chose.
    /// @return scalar G's part.
    function _pushSecret(
        Msm memory sum,
        bytes32 ceremony,
        uint8 index,
        uint8 dealer,
        bytes calldata key,
        bytes calldata padKey,
        bytes calldata complaint,
        bytes32 record
    ) private pure returns (uint256 scalar) {
        bytes calldata openings = complaint[POINT:Z_OFFSET];
        bytes calldata secret = complaint[:POINT];
        uint256 c = CeremonyHash.complaint(ceremony, dealer, index, key, padKey, secret, openings);
        uint256 z = _scalarAt(complaint, Z_OFFSET);
        uint256 weights = uint256(keccak256(abi.encode(c, record, keccak256(complaint))));
        (uint256 v, uint256 w) = (weights >> 128, uint128(weights));
        sum.push(openings[:POINT], R - v);
        sum.push(key, R - mulmod(v, c, R));
        sum.push(openings[POINT:], R - w);
        sum.push(secret, R - mulmod(w, c, R));
        sum.push(padKey, mulmod(w, z, R));
        return mulmod(v, z, R);
    }

    /// @dev Adds s G - sum j^k C_k, but for the part of G, where s is what `secret` uncovers.
    /// @return scalar G's part, s.
    function _pushShare(
        Msm memory sum,
        bytes32 ceremony,
        uint8 index,
        uint8 dealer,
        uint256 threshold,
        bytes calldata deal,
        bytes calldata secret
    ) private pure returns (uint256 scalar) {
        bytes calldata points = deal[COMMITMENTS_OFFSET:];
        uint256 power = 1;
        for (uint256 k = 0; k < threshold; ++k) {
            sum.push(points[POINT * k:POINT * (k + 1)], R - power);
            power *= index;
        }
        uint256 hidden = _scalarAt(points, POINT * threshold + SCALAR * (uint256(index) - 1));
        uint256 pad = CeremonyHash.pad(ceremony, dealer, index, secret);
        return addmod(hidden, R - pad, R);
    }

    /// @dev The sums of the commitments of all deals that count.
    function _sumsOf(uint64 election, Round memory round, uint256 threshold, bytes calldata deals)
        private
        view
        returns (bytes memory sums)
    {
        uint256 size = POINT * threshold + SCALAR;
        uint256 expected = size * _count(round.deals);
        if (deals.length != expected) revert DealLengthInvalid(deals.length, expected);
        mapping(uint256 index => Trustee) storage trustees = _trustees[election][round.number];
        uint256 place = 0;
        for (uint256 dealer = 1; place < expected; ++dealer) {
            if ((uint256(round.deals) >> (dealer - 1)) & 1 == 0) continue;
            bytes calldata commitments = deals[place:place + size - SCALAR];
            place += size;
            bytes32 dealHash = bytes32(deals[place - SCALAR:place]);
            if (_record(dealHash, keccak256(commitments)) != trustees[dealer].dealRecord) {
                revert DealMismatch(election, uint8(dealer));
            }
            if (sums.length == 0) sums = KeySums.create(commitments);
            else KeySums.add(sums, commitments);
        }
    }

    /// @dev The first point of several.
    function _first(bytes memory points) private pure returns (bytes memory point) {
        point = new bytes(POINT);
        assembly ("memory-safe") {
            mcopy(add(point, 32), add(points, 32), 96)
        }
    }
}
