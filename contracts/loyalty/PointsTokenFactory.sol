// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PointsToken} from "./PointsToken.sol";

/// @title Deploys the ERC-20 faces of one hub
/// @notice The hub deploys its factory, so neither has an owner. A face takes no constructor
/// arguments, so its address follows from the program id alone (EIP-1014).
contract PointsTokenFactory {
    /// @notice The caller is not the hub that made this factory.
    error FactoryHubOnly(address caller);

    /// @notice The hub whose programs get their faces here.
    address public immutable HUB = msg.sender;

    /// @notice keccak256 of the init code of every face.
    bytes32 public immutable CODE_HASH = keccak256(type(PointsToken).creationCode);

    /// @notice Program of the face that is being deployed; zero outside a deployment.
    uint256 public transient program;

    /// @notice Deploys the face of `forProgram`. Only the hub may call.
    function deploy(uint256 forProgram) external returns (address token) {
        if (msg.sender != HUB) revert FactoryHubOnly(msg.sender);

        // The face's constructor reads it between the two writes.
        // slither-disable-next-line write-after-write
        program = forProgram;
        token = address(new PointsToken{salt: bytes32(forProgram)}());
        program = 0;
    }
}
