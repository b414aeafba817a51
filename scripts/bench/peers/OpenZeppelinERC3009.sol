// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {
    ERC20TransferAuthorization
} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20TransferAuthorization.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @dev A token whose holders may sign a payment that somebody else submits.
contract OpenZeppelinERC3009 is ERC20TransferAuthorization {
    struct Authorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    constructor() ERC20("Points", "PTS") EIP712("Points", "1") {}

    /// @dev Open to anyone: only payments are measured here.
    function award(address to, uint256 points) external {
        _mint(to, points);
    }

    /// @dev All or nothing; nothing is skipped, reported or tied to an order.
    function transferManyWithAuthorization(Authorization[] calldata payments) external {
        for (uint256 i = 0; i < payments.length; ++i) {
            Authorization calldata each = payments[i];
            transferWithAuthorization(
                each.from,
                each.to,
                each.value,
                each.validAfter,
                each.validBefore,
                each.nonce,
                each.v,
                each.r,
                each.s
            );
        }
    }
}
