// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {SignedIntents} from "../common/SignedIntents.sol";

/// @title The base of signed intents by itself
/// @notice For tests: an intent that permits nothing but its own being counted.
contract SignedIntentsMock is SignedIntents {
    event IntentUsed(address indexed signer, uint256 subject, uint256 nonce);

    bytes32 private constant TYPEHASH =
        keccak256("PlainIntent(address signer,uint256 subject,uint256 nonce,uint256 deadline)");

    constructor() EIP712("SignedIntentsMock", "1") {}

    function useBySig(
        address signer,
        uint256 subject,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        bytes32 structHash = keccak256(abi.encode(TYPEHASH, signer, subject, nonce, deadline));
        _useIntent(signer, structHash, nonce, deadline, signature);

        emit IntentUsed(signer, subject, nonce);
    }

    /// @notice Gas that judging the signature costs, whatever it is worth.
    function $isSignedBy(address signer, bytes32 digest, bytes calldata signature)
        external
        view
        returns (bool signed, uint256 gasUsed)
    {
        gasUsed = gasleft();
        signed = _isSignedBy(signer, digest, signature);
        gasUsed -= gasleft();
    }
}
