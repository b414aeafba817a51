// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a call costs by itself, without the transaction around it.
contract GasMeter {
    error CallFailed();

    /// @return gas Of a call to `target`, whose address was touched before.
    function measure(address target, bytes calldata data) external view returns (uint256 gas) {
        bytes memory copy = data;
        if (target.code.length == 0) revert CallFailed();
        gas = gasleft();
        (bool ok,) = target.staticcall(copy);
        gas -= gasleft();
        if (!ok) revert CallFailed();
    }
}
