// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {
    ERC1155Burnable
} from "@openzeppelin/contracts/token/ERC1155/extensions/ERC1155Burnable.sol";
import {ERC1155Supply} from "@openzeppelin/contracts/token/ERC1155/extensions/ERC1155Supply.sol";

/// @dev Programs as ids of one ERC-1155 contract that counts the supply of each.
contract OpenZeppelinERC1155 is ERC1155Supply, ERC1155Burnable, AccessControl {
    bytes32 public constant ISSUER = keccak256("ISSUER");

    constructor() ERC1155("") {
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
        _grantRole(ISSUER, msg.sender);
    }

    function award(address to, uint256 program, uint256 points) external onlyRole(ISSUER) {
        _mint(to, program, points, "");
    }

    /// @dev The same calldata as `PointsHub.awardMany`: 26 bytes each, address | uint48.
    function awardMany(uint256 program, bytes calldata records) external onlyRole(ISSUER) {
        for (uint256 i = 0; i < records.length; i += 26) {
            bytes26 record = bytes26(records[i:i + 26]);
            _mint(address(bytes20(record)), program, uint48(uint208(record)), "");
        }
    }

    function supportsInterface(bytes4 id)
        public
        view
        override(ERC1155, AccessControl)
        returns (bool)
    {
        return super.supportsInterface(id);
    }

    function _update(address from, address to, uint256[] memory ids, uint256[] memory values)
        internal
        override(ERC1155, ERC1155Supply)
    {
        super._update(from, to, ids, values);
    }
}
