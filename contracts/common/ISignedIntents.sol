// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Signed intents
/// @notice What an account permits by an EIP-712 signature, so that somebody else can pay the gas.
/// @dev A signature is bound to chain and contract by the EIP-712 domain, to its purpose by the
/// struct type, to a time by `deadline`, and to one use by `nonce`. Nonces are unordered: any
/// unused number will do, so intents of one signer may land in any order (the bitmap of Uniswap's
/// Permit2).
interface ISignedIntents {
    /// @notice The signer used up `nonce` without an intent, so a signature that carries it is
    /// void.
    event NonceCancelled(address indexed signer, uint256 indexed nonce);

    /// @notice The intent could be submitted until `deadline` (seconds since 1970); it is later
    /// now.
    error IntentExpired(uint256 deadline, uint256 timestamp);

    /// @notice `nonce` of `signer` was used or cancelled before.
    error IntentNonceUsed(address signer, uint256 nonce);

    /// @notice Neither an ECDSA signature of `signer` over `digest` (65 bytes, or 64 by ERC-2098;
    /// low s), nor accepted by the contract at `signer` (ERC-1271).
    error IntentSignatureInvalid(address signer, bytes32 digest);

    /// @notice Voids every signature of the caller that carries `nonce`.
    /// @dev Reverts with `IntentNonceUsed` if it was used before.
    function cancelNonce(uint256 nonce) external;

    /// @notice Whether `nonce` of `signer` was used or cancelled.
    function isNonceUsed(address signer, uint256 nonce) external view returns (bool);

    /// @notice The EIP-712 domain separator of this contract on this chain.
    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}
