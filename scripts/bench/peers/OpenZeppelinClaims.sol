// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

/// @dev A token whose customers collect what a key signed for them, or what a tree holds for them.
/// No budget, no expiry, no campaign, one tree for ever.
contract OpenZeppelinClaims is ERC20, EIP712 {
    using BitMaps for BitMaps.BitMap;

    bytes32 private constant CLAIM_TYPEHASH =
        keccak256("Claim(address to,uint256 points,uint256 orderId,uint256 deadline)");

    address public immutable KEY;
    bytes32 public immutable ROOT;

    BitMaps.BitMap private _orders;
    BitMaps.BitMap private _leaves;

    error ClaimRefused();

    constructor(address key, bytes32 root) ERC20("Points", "PTS") EIP712("Points", "1") {
        (KEY, ROOT) = (key, root);
    }

    function claimSigned(
        address to,
        uint256 points,
        uint256 orderId,
        uint256 deadline,
        bytes calldata signature
    ) external {
        bytes32 structHash = keccak256(abi.encode(CLAIM_TYPEHASH, to, points, orderId, deadline));
        address signer = ECDSA.recoverCalldata(_hashTypedDataV4(structHash), signature);
        if (signer != KEY || block.timestamp > deadline || _orders.get(orderId)) {
            revert ClaimRefused();
        }
        _orders.set(orderId);
        _mint(to, points);
    }

    /// @dev The same leaves as `PointsHub.claimDrop`.
    function claimLeaf(uint256 index, address to, uint256 points, bytes32[] calldata proof)
        external
    {
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(index, to, points))));
        if (_leaves.get(index) || !MerkleProof.verifyCalldata(proof, ROOT, leaf)) {
            revert ClaimRefused();
        }
        _leaves.set(index);
        _mint(to, points);
    }
}
