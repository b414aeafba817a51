// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls12381} from "./Bls12381.sol";

/// @title What is hashed in a ceremony
/// @dev Each hash begins with a tag of its own and has parts of fixed width: integers and addresses
/// as words, points of 96 bytes. Every challenge takes its whole statement (strong Fiat-Shamir).
library CeremonyHash {
    /// @dev The tags of the three proofs of knowledge.
    bytes32 internal constant TRUSTEE_KEY = keccak256("crmdapp.ballots.v1.trustee-key");
    bytes32 internal constant DEAL_PAD = keccak256("crmdapp.ballots.v1.deal-pad");
    bytes32 internal constant DEAL_SECRET = keccak256("crmdapp.ballots.v1.deal-secret");

    bytes32 private constant CEREMONY = keccak256("crmdapp.ballots.v1.ceremony");
    bytes32 private constant SHARE = keccak256("crmdapp.ballots.v1.share");
    bytes32 private constant COMPLAINT = keccak256("crmdapp.ballots.v1.complaint");

    /// @dev What every proof and pad of a round is bound to.
    function ceremony(uint64 election, uint256 round) internal view returns (bytes32) {
        return keccak256(abi.encode(CEREMONY, block.chainid, address(this), election, round));
    }

    /// @dev What a dealer commits to before the first deal is seen.
    function commitment(bytes32 ceremony_, uint256 dealer, bytes32 dealHash)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(ceremony_, dealer, dealHash));
    }

    /// @dev The challenge of a proof that `prover` knows the logarithm of `point`.
    function knowledge(
        bytes32 tag,
        bytes32 ceremony_,
        uint256 index,
        address prover,
        bytes calldata point,
        bytes calldata opening
    ) internal pure returns (uint256) {
        uint256 prover_ = uint256(uint160(prover));
        return Bls12381.toScalar(
            keccak256(abi.encodePacked(tag, ceremony_, index, prover_, point, opening))
        );
    }

    /// @dev What hides a share, by the point that its dealer and its trustee alone can compute.
    function pad(bytes32 ceremony_, uint256 dealer, uint256 index, bytes calldata secret)
        internal
        pure
        returns (uint256)
    {
        return Bls12381.toScalar(
            keccak256(abi.encodePacked(SHARE, ceremony_, dealer, index, secret))
        );
    }

    /// @dev The challenge of a complaint's proof that `key` to the generator and `secret` to
    /// `padKey` have one logarithm.
    /// @param openings Both commitments of the proof.
    function complaint(
        bytes32 ceremony_,
        uint256 dealer,
        uint256 index,
        bytes calldata key,
        bytes calldata padKey,
        bytes calldata secret,
        bytes calldata openings
    ) internal pure returns (uint256) {
        return Bls12381.toScalar(
            keccak256(
                abi.encodePacked(COMPLAINT, ceremony_, dealer, index, key, padKey, secret, openings)
            )
        );
    }
}
