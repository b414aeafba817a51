// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

/// @title ERC-7818: an ERC-20 whose units expire
/// @dev Functions and error as the ERC names them.
interface IERC7818 is IERC20Metadata {
    // solhint-disable-next-line contract-name-capwords -- the name is fixed by ERC-7818
    enum EPOCH_TYPE {
        BLOCKS_BASED,
        TIME_BASED
    }

    error ERC7818TransferredExpiredToken(address sender, uint256 epoch);

    function balanceOfAtEpoch(uint256 epoch, address account) external view returns (uint256);
    function currentEpoch() external view returns (uint256);
    function epochLength() external view returns (uint256);
    function epochType() external view returns (EPOCH_TYPE);
    function validityDuration() external view returns (uint256);
    function isEpochExpired(uint256 epoch) external view returns (bool);
    function transferAtEpoch(uint256 epoch, address to, uint256 value) external returns (bool);
    function transferFromAtEpoch(uint256 epoch, address from, address to, uint256 value)
        external
        returns (bool);
}
