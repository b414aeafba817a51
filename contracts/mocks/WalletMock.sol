// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A smart account that judges signatures well or badly
/// @notice For tests. In its best behaviour it accepts what its owner's key signed.
contract WalletMock is IERC1271 {
    /// @dev How `isValidSignature` answers.
    enum Behaviour {
        Judge,
        AcceptAll,
        Refuse,
        Revert,
        BurnGas,
        ReturnBomb,
        ReturnNothing,
        ReturnFourBytes,
        ReturnTrue,
        RevertWithMagic
    }

    address public immutable OWNER;

    Behaviour public behaviour;

    constructor(address owner) {
        OWNER = owner;
    }

    function setBehaviour(Behaviour wanted) external {
        behaviour = wanted;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature)
        external
        view
        returns (bytes4 magic)
    {
        magic = IERC1271.isValidSignature.selector;
        if (behaviour == Behaviour.AcceptAll) return magic;
        if (behaviour == Behaviour.Refuse) return 0xffffffff;
        if (behaviour == Behaviour.ReturnTrue) _answer(bytes32(uint256(1)), 32);
        if (behaviour == Behaviour.ReturnNothing) _answer(0, 0);
        if (behaviour == Behaviour.ReturnFourBytes) _answer(magic, 4);
        if (behaviour == Behaviour.ReturnBomb) _answer(magic, 30_000);
        if (behaviour == Behaviour.BurnGas) while (true) {}
        if (behaviour == Behaviour.Revert || behaviour == Behaviour.RevertWithMagic) {
            _refuse(behaviour == Behaviour.RevertWithMagic ? bytes32(magic) : bytes32(0));
        }
        (address signer,,) = ECDSA.tryRecoverCalldata(hash, signature);
        return signer == OWNER ? magic : bytes4(0xffffffff);
    }

    function _answer(bytes32 word, uint256 size) private pure {
        assembly ("memory-safe") {
            mstore(0, word)
            return(0, size)
        }
    }

    function _refuse(bytes32 word) private pure {
        assembly ("memory-safe") {
            mstore(0, word)
            revert(0, 32)
        }
    }
}
