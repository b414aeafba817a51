// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Signatures
/// @notice What every contract has in common that acts on EIP-712 signatures.
/// @dev A signature is bound to chain and contract by the EIP-712 domain, to its purpose by the
/// struct type, and to a time by `deadline`. What stops a second use, the contract says itself.
interface ISignatures {
    /// @notice The signed struct could be submitted until `deadline` (seconds since 1970); it is
    /// later now.
    error IntentExpired(uint256 deadline, uint256 timestamp);

    /// @notice Neither an ECDSA signature of `signer` over `digest` (65 bytes, or 64 by ERC-2098;
    /// low s), nor accepted by the contract at `signer` (ERC-1271).
    error IntentSignatureInvalid(address signer, bytes32 digest);

    /// @notice The EIP-712 domain separator of this contract on this chain.
    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}
