// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {ISignatures} from "./ISignatures.sol";

/// @title Base of every contract that judges signatures, of keys and of smart accounts
/// @notice See {ISignatures}.
abstract contract Signatures is ISignatures, EIP712 {
    /// @dev Most gas that a smart account may spend on judging one signature.
    uint256 internal constant ERC1271_GAS = 150_000;

    /// @inheritdoc ISignatures
    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _requireInTime(uint256 deadline) internal view {
        if (block.timestamp > deadline) revert IntentExpired(deadline, block.timestamp);
    }

    function _requireSignature(address signer, bytes32 structHash, bytes calldata signature)
        internal
        view
    {
        bytes32 digest = _hashTypedDataV4(structHash);
        if (!_isSignedBy(signer, digest, signature)) revert IntentSignatureInvalid(signer, digest);
    }

    /// @dev ECDSA first, so that an EIP-7702 account, which has code, still signs by its key; then
    /// ERC-1271. Never reverts: an unusable signature is simply not one of `signer`.
    function _isSignedBy(address signer, bytes32 digest, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        address recovered = _recover(digest, signature);
        if (recovered != address(0) && recovered == signer) return true;
        return signer.code.length != 0 && _isAcceptedBy(signer, digest, signature);
    }

    /// @dev The zero address stands for "no signature of anybody" (EIP-2: high s is refused).
    function _recover(bytes32 digest, bytes calldata signature)
        private
        pure
        returns (address signer)
    {
        if (signature.length == 64) {
            (signer,,) = ECDSA.tryRecover(digest, bytes32(signature[:32]), bytes32(signature[32:]));
        } else {
            (signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        }
    }

    /// @dev Bounded gas and 32 bytes of return data, so an account can waste neither.
    function _isAcceptedBy(address account, bytes32 digest, bytes calldata signature)
        private
        view
        returns (bool accepted)
    {
        bytes memory data = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        assembly ("memory-safe") {
            mstore(0, 0)
            accepted := staticcall(ERC1271_GAS, account, add(data, 32), mload(data), 0, 32)
            accepted := and(accepted, and(gt(returndatasize(), 31), eq(mload(0), magic)))
        }
    }
}
