// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ElectionSettings, IElections} from "./IElections.sol";
import {CeremonyStep, ITrusteeBoard} from "./ITrusteeBoard.sol";
import {TrusteeRounds} from "./TrusteeRounds.sol";
import {Bls12381, Msm} from "./types/Bls12381.sol";
import {CeremonyHash} from "./types/CeremonyHash.sol";

/// @title Part of the trustee board: keys and deals
/// @notice See {ITrusteeBoard}.
abstract contract TrusteeDeals is TrusteeRounds {
    uint256 internal constant POINT = Bls12381.POINT;
    uint256 internal constant SCALAR = 32;
    uint256 internal constant R = Bls12381.R;
    /// @dev Where the commitments begin in a deal: behind a point and two proofs.
    uint256 internal constant COMMITMENTS_OFFSET = POINT + 2 * KNOWLEDGE;

    uint256 private constant KNOWLEDGE = POINT + SCALAR;

    /// @inheritdoc ITrusteeBoard
    function registerKey(uint64 election, uint8 index, bytes calldata key, bytes calldata proof)
        external
    {
        Round memory round = _requireAppointed(election, index);
        if (round.keys & _bit(index) != 0) revert TrusteeKeyRegisteredBefore(election, index);
        if (key.length != POINT) revert Bls12381.PointLengthInvalid(key.length);
        if (proof.length != KNOWLEDGE) revert KnowledgeProofLengthInvalid(proof.length);
        bytes32 ceremony = CeremonyHash.ceremony(election, round.number);
        Msm memory sum = Bls12381.create(3);
        sum.pushGenerator(
            _pushKnowledge(sum, CeremonyHash.TRUSTEE_KEY, ceremony, index, key, proof, 1)
        );
        if (!sum.isZero()) revert KnowledgeProofInvalid(election, index);

        _rounds[election].keys = round.keys | _bit(index);
        _trustees[election][round.number][index] = Trustee(msg.sender, keccak256(key), 0);

        emit TrusteeKeyRegistered(election, round.number, index, key, proof);
    }

    /// @inheritdoc ITrusteeBoard
    function commitDeal(uint64 election, uint8 dealer, bytes32 commitment) external {
        (, Round memory round, Trustee storage trustee) =
            _requireTrustee(election, CeremonyStep.Commitments, dealer);
        if (round.commitments & _bit(dealer) != 0) revert DealCommittedBefore(election, dealer);

        _rounds[election].commitments = round.commitments | _bit(dealer);
        trustee.dealRecord = commitment;

        emit DealCommitted(election, round.number, dealer, commitment);
    }

    /// @inheritdoc ITrusteeBoard
    function postDeal(uint64 election, uint8 dealer, bytes calldata deal) external {
        (Plan memory plan, Round memory round, Trustee storage trustee) =
            _requireTrustee(election, CeremonyStep.Deals, dealer);
        if (round.commitments & _bit(dealer) == 0) revert DealMissing(election, dealer);
        if (round.deals & _bit(dealer) != 0) revert DealPostedBefore(election, dealer);
        bytes32 ceremony = CeremonyHash.ceremony(election, round.number);
        bytes32 commitment = CeremonyHash.commitment(ceremony, dealer, keccak256(deal));
        if (commitment != trustee.dealRecord) revert DealMismatch(election, dealer);
        uint256 threshold = plan.threshold;
        _requireLength(deal, threshold, plan.trustees);
        _requireShares(election, dealer, round.keys, deal[COMMITMENTS_OFFSET + POINT * threshold:]);
        _requirePoints(election, dealer, ceremony, threshold, deal);

        _rounds[election].deals = round.deals | _bit(dealer);
        trustee.dealRecord = _recordOf(deal, threshold);

        emit DealPosted(election, round.number, dealer, deal);
    }

    function _requireLength(bytes calldata deal, uint256 threshold, uint256 trustees)
        internal
        pure
    {
        uint256 expected = COMMITMENTS_OFFSET + POINT * threshold + SCALAR * trustees;
        if (deal.length != expected) revert DealLengthInvalid(deal.length, expected);
    }

    /// @dev What is kept of a deal: of its commitments, which make the key, and of the whole of it,
    /// which complaints show.
    function _recordOf(bytes calldata deal, uint256 threshold) internal pure returns (bytes32) {
        bytes calldata commitments = deal[COMMITMENTS_OFFSET:COMMITMENTS_OFFSET + POINT * threshold];
        return _record(keccak256(deal), keccak256(commitments));
    }

    function _record(bytes32 dealHash, bytes32 commitmentsHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(dealHash, commitmentsHash));
    }

    /// @dev The scalar at `offset`, below the order.
    function _scalarAt(bytes calldata data, uint256 offset) internal pure returns (uint256 scalar) {
        scalar = uint256(bytes32(data[offset:offset + SCALAR]));
        Bls12381.requireScalar(scalar);
    }

    /// @dev The round, if keys are registered and the caller is trustee `index`. The first to come
    /// writes the plan down.
    function _requireAppointed(uint64 election, uint8 index) private returns (Round memory round) {
        ElectionSettings memory settings = ELECTIONS.settingsOf(election);
        if (ELECTIONS.isCancelled(election)) revert IElections.ElectionWasCancelled(election);
        if (_plans[election].threshold == 0) _plans[election] = _planFrom(settings);
        (, round) = _requireStep(election, CeremonyStep.Keys);
        address[] memory trustees = settings.trustees;
        bool isTrustee = index != 0 && index <= trustees.length && trustees[index - 1] == msg.sender;
        if (!isTrustee) revert TrusteeInvalid(election, index, msg.sender);
    }

    /// @dev Shares that their complaints could not judge are refused: of a scalar that is not
    /// below the order, or to nobody.
    function _requireShares(uint64 election, uint8 dealer, uint256 keys, bytes calldata shares)
        private
        pure
    {
        for (uint256 j = 0; SCALAR * j < shares.length; ++j) {
            uint256 share = _scalarAt(shares, SCALAR * j);
            if (share != 0 && (keys >> j) & 1 == 0) {
                revert DealShareUnexpected(election, dealer, j + 1);
            }
        }
    }

    /// @dev Both proofs of knowledge in one sum. The commitments beyond the first have no part in
    /// it, but the precompile refuses what is not in the group; all are added up at the end.
    function _requirePoints(
        uint64 election,
        uint8 dealer,
        bytes32 ceremony,
        uint256 threshold,
        bytes calldata deal
    ) private view {
        Msm memory sum = Bls12381.create(4 + threshold);
        uint256 weights = uint256(keccak256(abi.encode(ceremony, dealer, keccak256(deal))));
        bytes calldata points = deal[COMMITMENTS_OFFSET:];
        uint256 scalar = _pushKnowledge(
            sum,
            CeremonyHash.DEAL_PAD,
            ceremony,
            dealer,
            deal[:POINT],
            deal[POINT:POINT + KNOWLEDGE],
            weights >> 128
        );
        scalar += _pushKnowledge(
            sum,
            CeremonyHash.DEAL_SECRET,
            ceremony,
            dealer,
            points[:POINT],
            deal[POINT + KNOWLEDGE:COMMITMENTS_OFFSET],
            uint128(weights)
        );
        for (uint256 k = 1; k < threshold; ++k) {
            sum.push(points[POINT * k:POINT * (k + 1)], 0);
        }
        sum.pushGenerator(scalar);
        if (!sum.isZero()) revert KnowledgeProofInvalid(election, dealer);
    }

    /// @dev Adds weight * (z G - A - c X) of a proof of knowledge, but for the part of G.
    /// @return scalar weight * z, which is G's part.
    function _pushKnowledge(
        Msm memory sum,
        bytes32 tag,
        bytes32 ceremony,
        uint256 index,
        bytes calldata point,
        bytes calldata proof,
        uint256 weight
    ) private view returns (uint256 scalar) {
        bytes calldata opening = proof[:POINT];
        uint256 c = CeremonyHash.knowledge(tag, ceremony, index, msg.sender, point, opening);
        sum.push(opening, R - weight);
        sum.push(point, R - mulmod(weight, c, R));
        return mulmod(weight, _scalarAt(proof, POINT), R);
    }
}
