// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBallotBox} from "./IBallotBox.sol";
import {ITally} from "./ITally.sol";
import {TallyGroups} from "./TallyGroups.sol";
import {TallyShares} from "./TallyShares.sol";
import {Bls12381} from "./types/Bls12381.sol";
import {Lagrange} from "./types/Lagrange.sol";

/// @title Tally: trustees decrypt sums of ballots, and a wrong count is refused
/// @notice See {ITally}. This part takes shares and counts.
contract Tally is TallyShares {
    mapping(uint256 groupId => mapping(uint8 index => bytes32 decryptionsHash)) private
        _decryptionHashes;

    constructor(IBallotBox box) TallyGroups(box) {}

    /// @inheritdoc ITally
    function postShares(
        uint64 election,
        uint8 question,
        uint8 group,
        uint8 index,
        bytes calldata shares
    ) external {
        Sums memory sums = _requireSums(election, question, group);
        _requireInTime(election, sums);
        if (index == 0 || index > sums.guard.trustees) revert TrusteeUnknown(election, index);
        uint256 bit = 1 << (index - 1);
        uint16 posted = _posted[sums.id];
        if (posted & bit != 0) revert SharesPostedBefore(election, question, group, index);
        uint256 count = sums.alphas.length;
        _requireLength(shares.length, SHARE * count);
        if (!_areProved(sums, index, shares)) {
            revert SharesInvalid(election, question, group);
        }

        _posted[sums.id] = posted | uint16(bit);
        _decryptionHashes[sums.id][index] = _decryptionsHash(shares, count);

        emit SharesPosted(election, question, group, index, shares);
    }

    /// @inheritdoc ITally
    function tally(
        uint64 election,
        uint8 question,
        uint8 group,
        uint16 trustees,
        bytes calldata shares,
        uint32[] calldata counts
    ) external {
        // solhint-disable-next-line avoid-tx-origin -- shares have to stand in a transaction
        if (msg.sender != tx.origin || msg.sender.code.length != 0) {
            revert TallyCallerInvalid(msg.sender);
        }
        Sums memory sums = _requireSums(election, question, group);
        _requireInTime(election, sums);
        _requireQuorum(election, sums, trustees);
        _requireLength(shares.length, SHARE * sums.alphas.length * sums.guard.threshold);
        _requireCounts(sums, counts);
        if (!_isProved(sums, trustees, shares, counts)) {
            revert TallyInvalid(election, question, group);
        }

        _keep(sums.id, counts);

        emit GroupTallied(election, question, group, trustees, counts);
    }

    /// @inheritdoc ITally
    function tallyPosted(
        uint64 election,
        uint8 question,
        uint8 group,
        uint16 trustees,
        bytes calldata decryptions,
        uint32[] calldata counts
    ) external {
        Sums memory sums = _requireSums(election, question, group);
        _requireQuorum(election, sums, trustees);
        _requireLength(decryptions.length, POINT * sums.alphas.length * sums.guard.threshold);
        _requireCounts(sums, counts);
        _requirePosted(election, question, group, trustees, decryptions, POINT * sums.alphas.length);
        if (!_isCounted(sums, trustees, decryptions, counts)) {
            revert CountsInvalid(election, question, group);
        }

        _keep(sums.id, counts);

        emit GroupTallied(election, question, group, trustees, counts);
    }

    function _keep(uint256 groupId, uint32[] calldata counts) private {
        uint256 word = KNOWN;
        for (uint256 i = 0; i < counts.length; ++i) {
            uint256 place = i % COUNTS_PER_WORD;
            word |= uint256(counts[i]) << (COUNT_BITS * place);
            if (place + 1 != COUNTS_PER_WORD && i + 1 != counts.length) continue;
            _words[groupId][i / COUNTS_PER_WORD] = word;
            word = KNOWN;
        }
    }

    /// @dev The decryptions are those that the trustees posted.
    /// @param size Bytes of those of one trustee.
    function _requirePosted(
        uint64 election,
        uint8 question,
        uint8 group,
        uint256 trustees,
        bytes calldata decryptions,
        uint256 size
    ) private view {
        uint256 id = _groupId(election, question, group);
        uint256 place = 0;
        for (uint8 index = 1; trustees != 0; ++index) {
            if (trustees & 1 == 1) {
                bytes32 posted = _decryptionHashes[id][index];
                if (posted == 0) revert SharesMissing(election, question, group, index);
                if (posted != keccak256(decryptions[place:place + size])) {
                    revert SharesMismatch(election, question, group, index);
                }
                place += size;
            }
            trustees >>= 1;
        }
    }

    /// @dev Whether the shares of one trustee hold.
    function _areProved(Sums memory sums, uint8 index, bytes calldata shares)
        private
        view
        returns (bool)
    {
        Equations memory equations = _equations(sums, 4 * sums.alphas.length + 2);
        bytes memory key = sums.guard.keyCode.slice(POINT * index, POINT);
        _pushProofs(equations, sums, index, key, shares, 0);
        _pushBases(equations, sums);
        return equations.sum.isZero();
    }

    /// @dev Whether the shares of a quorum hold, and the counts by them.
    function _isProved(
        Sums memory sums,
        uint16 trustees,
        bytes calldata shares,
        uint32[] calldata counts
    ) private view returns (bool) {
        uint256 count = sums.alphas.length;
        // Of each trustee Y, and D, A1, A2 of each sum; of each sum A, and B but for one; G.
        Equations memory equations =
            _equations(sums, uint256(sums.guard.threshold) * (3 * count + 1) + 2 * count);
        _pushCounts(equations, sums, counts);
        bytes memory keys = sums.guard.keyCode.slice(0, POINT * (uint256(sums.guard.trustees) + 1));
        uint256 place = 0;
        for (uint256 index = 1; trustees >> (index - 1) != 0; ++index) {
            if ((trustees >> (index - 1)) & 1 == 0) continue;
            _pushProofs(
                equations,
                sums,
                index,
                _pointAt(keys, index),
                shares[place:place + SHARE * count],
                Lagrange.coefficient(trustees, index)
            );
            place += SHARE * count;
        }
        _pushBases(equations, sums);
        return _areCounted(equations, sums);
    }

    /// @dev Whether the counts hold by the decryptions of a quorum.
    function _isCounted(
        Sums memory sums,
        uint16 trustees,
        bytes calldata decryptions,
        uint32[] calldata counts
    ) private view returns (bool) {
        uint256 count = sums.alphas.length;
        Equations memory equations = _equations(sums, (uint256(sums.guard.threshold) + 1) * count);
        _pushCounts(equations, sums, counts);
        uint256 place = 0;
        for (uint256 index = 1; trustees >> (index - 1) != 0; ++index) {
            if ((trustees >> (index - 1)) & 1 == 0) continue;
            uint256 coefficient = Lagrange.coefficient(trustees, index);
            for (uint256 k = 0; k < count; ++k) {
                uint256 scalar = mulmod(equations.countWeights[k], coefficient, Bls12381.R);
                equations.sum.push(decryptions[place:place + POINT], scalar);
                place += POINT;
            }
        }
        equations.sum.pushGenerator(equations.scalar);
        return _areCounted(equations, sums);
    }

    function _decryptionsHash(bytes calldata shares, uint256 count) private pure returns (bytes32) {
        bytes memory decryptions = "";
        for (uint256 i = 0; i < count; ++i) {
            decryptions = bytes.concat(decryptions, shares[SHARE * i:SHARE * i + POINT]);
        }
        return keccak256(decryptions);
    }

    function _requireLength(uint256 length, uint256 expected) private pure {
        if (length != expected) revert SharesLengthInvalid(length, expected);
    }
}
