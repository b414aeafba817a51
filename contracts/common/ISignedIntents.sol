// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignatures} from "./ISignatures.sol";

/// @title Signed intents
/// @notice What an account permits by an EIP-712 signature, so that somebody else can pay the gas.
/// @dev As {ISignatures}, and bound to one use by `nonce`. Nonces are unordered: any unused number
/// will do, so intents of one signer may land in any order (the bitmap of Uniswap's Permit2).
interface ISignedIntents is ISignatures {
    /// @notice The signer used up `nonce` without an intent, so a signature that carries it is
    /// void.
    event NonceCancelled(address indexed signer, uint256 indexed nonce);

    /// @notice `nonce` of `signer` was used or cancelled before.
    error IntentNonceUsed(address signer, uint256 nonce);

    /// @notice Voids every signature of the caller that carries `nonce`.
    /// @dev Reverts with `IntentNonceUsed` if it was used before.
    function cancelNonce(uint256 nonce) external;

    /// @notice Whether `nonce` of `signer` was used or cancelled.
    function isNonceUsed(address signer, uint256 nonce) external view returns (bool);
}
