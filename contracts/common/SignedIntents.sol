// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignedIntents} from "./ISignedIntents.sol";
import {Signatures} from "./Signatures.sol";

/// @title Base of every contract that acts on signed intents
/// @notice See {ISignedIntents}.
abstract contract SignedIntents is ISignedIntents, Signatures {
    mapping(address signer => mapping(uint256 word => uint256 bits)) private _nonces;

    /// @inheritdoc ISignedIntents
    function cancelNonce(uint256 nonce) external {
        _useNonce(msg.sender, nonce);

        emit NonceCancelled(msg.sender, nonce);
    }

    /// @inheritdoc ISignedIntents
    function isNonceUsed(address signer, uint256 nonce) public view returns (bool) {
        return _nonces[signer][nonce >> 8] >> (nonce & 0xff) & 1 == 1;
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

    function _useNonce(address signer, uint256 nonce) private {
        uint256 word = nonce >> 8;
        uint256 bit = 1 << (nonce & 0xff);
        uint256 bits = _nonces[signer][word];
        if (bits & bit != 0) revert IntentNonceUsed(signer, nonce);

        _nonces[signer][word] = bits | bit;
    }
}
