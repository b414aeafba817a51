// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IERC7818} from "./IERC7818.sol";
import {IPointsHub} from "./IPointsHub.sol";

/// @title The ERC-20 face of one program
/// @notice Lets any wallet show and move the program's points (ERC-20, ERC-2612, ERC-7818). It
/// keeps allowances only; every balance is the hub's. Its `Transfer` events cover every move,
/// those made at the hub included. Allowances of face and hub are separate.
/// @dev ERC-7818's epoch of a point is its expiry less four: points awarded for fewer than four
/// epochs count as issued that much earlier. `validityDuration` is therefore always 4, and
/// `totalSupply` is exact. The EIP-712 domain of `permit` is ("PointsToken", "1") at this address.
interface IPointsToken is IERC7818, IERC20Permit {
    error PermitExpired(uint256 deadline, uint256 timestamp);
    error PermitSignatureInvalid(address owner, bytes32 digest);
    error TokenHubOnly(address caller);

    /// @notice Repeats a move of the ledger as an ERC-20 event. Only the hub may call.
    function emitTransfer(address from, address to, uint256 value) external;

    // solhint-disable func-name-mixedcase -- immutables

    /// @notice The ledger.
    function HUB() external view returns (IPointsHub);

    /// @notice The program, an ERC-6909 id of the hub.
    function PROGRAM() external view returns (uint256);

    // solhint-enable func-name-mixedcase
}
