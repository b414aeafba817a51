// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls12381} from "./Bls12381.sol";

/// @title What is hashed when trustees decrypt
/// @dev As in `CeremonyHash`: tags, parts of fixed width, whole statements.
library SharesHash {
    bytes32 private constant SHARES = keccak256("crmdapp.ballots.v1.shares");
    bytes32 private constant DECRYPTION = keccak256("crmdapp.ballots.v1.decryption");

    /// @dev What the shares of one accumulator are bound to.
    /// @param place Election, question, group and option, a word each.
    function context(
        uint256[4] memory place,
        bytes memory alpha,
        bytes memory beta,
        uint256 ballots
    ) internal view returns (bytes32) {
        uint256 tally = uint256(uint160(address(this)));
        return
            keccak256(abi.encodePacked(SHARES, block.chainid, tally, place, alpha, beta, ballots));
    }

    /// @dev The challenge of a proof that `key` to the generator and D to `alpha` have one
    /// logarithm.
    /// @param points D and both commitments of the proof.
    function decryption(
        bytes32 context_,
        uint256 index,
        bytes memory key,
        bytes memory alpha,
        bytes calldata points
    ) internal pure returns (uint256) {
        return Bls12381.toScalar(
            keccak256(abi.encodePacked(DECRYPTION, context_, index, key, alpha, points))
        );
    }
}
