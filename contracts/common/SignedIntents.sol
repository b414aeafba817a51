// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {ISignedIntents} from "./ISignedIntents.sol";

/// @title Base of every contract that acts on signed intents
/// @notice See {ISignedIntents}.
abstract contract SignedIntents is ISignedIntents, EIP712 {
    /// @dev Most gas that a smart account may spend on judging one signature.
    uint256 internal constant ERC1271_GAS = 150_000;

    mapping(address signer => mapping(uint256 word => uint256 bits)) private _nonces;

    /// @inheritdoc ISignedIntents
    function cancelNonce(uint256 nonce) external {
        _useNonce(msg.sender, nonce);

        emit NonceCancelled(msg.sender, nonce);
    }

    /// @inheritdoc ISignedIntents
    function isNonceUsed(address signer, uint256 nonce) external view returns (bool) {
        return _nonces[signer][nonce >> 8] >> (nonce & 0xff) & 1 == 1;
    }

    /// @inheritdoc ISignedIntents
    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @dev Accepts the intent once: in time, unused, signed by `signer`. Effects come before the
    /// call to a smart account, so nothing is left to re-enter.
    function _useIntent(
        address signer,
        bytes32 structHash,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) internal {
        _requireInTime(deadline);
        _useNonce(signer, nonce);
        _requireSignature(signer, structHash, signature);
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

    function _useNonce(address signer, uint256 nonce) private {
        uint256 word = nonce >> 8;
        uint256 bit = 1 << (nonce & 0xff);
        uint256 bits = _nonces[signer][word];
        if (bits & bit != 0) revert IntentNonceUsed(signer, nonce);

        _nonces[signer][word] = bits | bit;
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
