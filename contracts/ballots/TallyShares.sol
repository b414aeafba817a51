// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {QuestionKind} from "./IElections.sol";
import {BallotGroup} from "./ITally.sol";
import {TallyGroups} from "./TallyGroups.sol";
import {Bls12381, Msm} from "./types/Bls12381.sol";
import {SharesHash} from "./types/SharesHash.sol";

/// @title Part of the tally: what shares and counts have to satisfy
/// @notice See {ITally}.
abstract contract TallyShares is TallyGroups {
    uint256 internal constant POINT = Bls12381.POINT;
    /// @dev Bytes of a share: D, A1, A2, z.
    uint256 internal constant SHARE = 3 * POINT + 32;

    uint256 private constant R = Bls12381.R;

    /// @dev The sums of a group, with what their shares are bound to.
    struct Sums {
        uint256 id;
        uint256 ballots;
        Closing closing;
        Guard guard;
        bytes[] alphas;
        bytes[] betas;
        bytes32[] contexts;
    }

    /// @dev A sum of equations in the making.
    /// @param scalar The generator's part, below the order.
    /// @param seed Of the weights: a hash of everything that whoever posts could choose.
    /// @param weighings How many weights were drawn.
    /// @param alphaScalars The part of each sum's A, which all shares of it have in common.
    /// @param countWeights The weight of each sum's count; 0 while there are no counts.
    struct Equations {
        Msm sum;
        uint256 scalar;
        bytes32 seed;
        uint256 weighings;
        uint256[] alphaScalars;
        uint256[] countWeights;
    }

    /// @dev The sums of a group without counts.
    function _requireSums(uint64 election, uint8 question, uint8 group)
        internal
        view
        returns (Sums memory sums)
    {
        sums.closing = _requireClosed(election, question);
        sums.id = _groupId(election, question, group);
        BallotGroup memory group_ =
            _precinctsOf(election, question, group, sums.closing.ends, _words[sums.id][0]);
        sums.ballots = group_.ballots;
        if (sums.ballots & KNOWN != 0) revert GroupTalliedBefore(election, question, group);
        sums.guard = _guards[election];
        uint256 count = _sumsPer(sums.closing);
        (sums.alphas, sums.betas) = (new bytes[](count), new bytes[](count));
        sums.contexts = new bytes32[](count);
        for (uint8 i = 0; i < count; ++i) {
            (sums.alphas[i], sums.betas[i], sums.contexts[i]) =
                _sumOf(election, question, group, i, group_);
        }
    }

    function _requireInTime(uint64 election, Sums memory sums) internal view {
        uint40 until = sums.guard.sharesUntil;
        if (block.timestamp > until) revert SharesLate(election, until);
    }

    /// @dev As many trustees as the threshold: no more than they have to agree.
    function _requireQuorum(uint64 election, Sums memory sums, uint16 trustees) internal pure {
        bool areKnown = trustees >> sums.guard.trustees == 0;
        if (!areKnown || _count(trustees) != sums.guard.threshold) {
            revert TrusteesInvalid(election, trustees);
        }
    }

    /// @dev Counts that ballots can make.
    function _requireCounts(Sums memory sums, uint32[] calldata counts) internal pure {
        uint256 options = sums.closing.options;
        if (counts.length != options) revert CountsLengthInvalid(counts.length, options);
        bool isChoice = sums.closing.kind == QuestionKind.Choice;
        uint256 most = isChoice ? (1 << sums.closing.bits) - 1 : sums.ballots;
        uint256 total = 0;
        for (uint256 i = 0; i < options; ++i) {
            if (counts[i] > most) revert CountInvalid(i, counts[i], sums.ballots);
            total += counts[i];
        }
        if (isChoice && total != sums.ballots) revert CountsSumInvalid(total, sums.ballots);
    }

    /// @dev An empty sum of equations. Their weights follow from the sums of the group and from all
    /// that the caller says of them.
    function _equations(Sums memory sums, uint256 pairs)
        internal
        pure
        returns (Equations memory equations)
    {
        equations.sum = Bls12381.create(pairs);
        equations.seed =
            keccak256(abi.encode(keccak256(abi.encodePacked(sums.contexts)), keccak256(msg.data)));
        equations.alphaScalars = new uint256[](sums.alphas.length);
        equations.countWeights = new uint256[](sums.alphas.length);
    }

    /// @dev Adds both equations of each share of a trustee, each with a weight of its own:
    /// v (z G - A1 - c Y) + w (z A - A2 - c D), but for the parts of G and A. D counts beside in
    /// the equations of the counts, so many times as Lagrange says.
    /// @param key Y of the trustee.
    function _pushProofs(
        Equations memory equations,
        Sums memory sums,
        uint256 index,
        bytes memory key,
        bytes calldata shares,
        uint256 coefficient
    ) internal pure {
        uint256 keyScalar = 0;
        for (uint256 i = 0; i < sums.alphas.length; ++i) {
            bytes calldata share = shares[SHARE * i:SHARE * (i + 1)];
            uint256 c = SharesHash.decryption(
                sums.contexts[i], index, key, sums.alphas[i], share[:3 * POINT]
            );
            uint256 scalar = mulmod(equations.countWeights[i], coefficient, R);
            keyScalar = addmod(keyScalar, _pushProof(equations, i, c, scalar, share), R);
        }
        equations.sum.pushMemory(key, R - keyScalar);
    }

    /// @dev Adds u (m G - B) for the count m of each sum, but for the part of G and the B of the
    /// first, whose weight is 1: that is what the whole has to come out at.
    function _pushCounts(Equations memory equations, Sums memory sums, uint32[] calldata counts)
        internal
        pure
    {
        equations.countWeights[0] = 1;
        uint256 scalar = _exponentOf(sums.closing, counts);
        for (uint256 i = 1; i < sums.betas.length; ++i) {
            (uint256 weight,) = _weights(equations);
            equations.countWeights[i] = weight;
            equations.sum.pushMemory(sums.betas[i], R - weight);
            scalar = addmod(scalar, weight * counts[i], R);
        }
        equations.scalar = addmod(equations.scalar, scalar, R);
    }

    /// @dev Adds the parts of G and of each A.
    function _pushBases(Equations memory equations, Sums memory sums) internal pure {
        for (uint256 i = 0; i < sums.alphas.length; ++i) {
            equations.sum.pushMemory(sums.alphas[i], equations.alphaScalars[i]);
        }
        equations.sum.pushGenerator(equations.scalar);
    }

    function _areCounted(Equations memory equations, Sums memory sums)
        internal
        view
        returns (bool)
    {
        return keccak256(equations.sum.total()) == keccak256(sums.betas[0]);
    }

    /// @dev Point number `place` of several.
    function _pointAt(bytes memory points, uint256 place)
        internal
        pure
        returns (bytes memory point)
    {
        point = new bytes(POINT);
        assembly ("memory-safe") {
            mcopy(add(point, 32), add(add(points, 32), mul(place, 96)), 96)
        }
    }

    /// @param scalar How much of D there is beside.
    /// @return keyScalar How much of Y has to be taken away.
    function _pushProof(
        Equations memory equations,
        uint256 place,
        uint256 c,
        uint256 scalar,
        bytes calldata share
    ) private pure returns (uint256 keyScalar) {
        uint256 z = uint256(bytes32(share[3 * POINT:]));
        Bls12381.requireScalar(z);
        (uint256 v, uint256 w) = _weights(equations);
        // Every scalar here is below the order, which is below 2^255.
        unchecked {
            equations.sum.push(share[:POINT], scalar + R - mulmod(w, c, R));
            equations.sum.push(share[POINT:2 * POINT], R - v);
            equations.sum.push(share[2 * POINT:3 * POINT], R - w);
        }
        equations.scalar = addmod(equations.scalar, mulmod(v, z, R), R);
        equations.alphaScalars[place] = addmod(equations.alphaScalars[place], mulmod(w, z, R), R);
        return mulmod(v, c, R);
    }

    /// @dev Two weights of 128 bits that nobody could choose.
    function _weights(Equations memory equations) private pure returns (uint256, uint256) {
        uint256 word;
        (bytes32 seed, uint256 drawn) = (equations.seed, equations.weighings);
        assembly ("memory-safe") {
            mstore(0, seed)
            mstore(32, drawn)
            word := keccak256(0, 64)
        }
        equations.weighings = drawn + 1;
        return (word >> 128, uint128(word));
    }

    /// @dev What the first sum holds if these are the counts.
    function _exponentOf(Closing memory closing, uint32[] calldata counts)
        private
        pure
        returns (uint256 exponent)
    {
        if (closing.kind != QuestionKind.Choice) return counts[0];
        for (uint256 i = 1; i < counts.length; ++i) {
            exponent += uint256(counts[i]) << (closing.bits * (i - 1));
        }
    }
}
