// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Tries one call with many amounts of gas, each from the same state
/// @notice For tests, by `eth_call`. It is the caller, so it has to hold what the call needs.
contract GasProbeMock {
    /// @dev What came of one amount of gas.
    struct Outcome {
        bool done;
        bytes reason;
        bytes[] views;
    }

    /// @dev A call whose answer shows what a success was worth.
    struct View {
        address target;
        bytes call;
    }

    error ProbeOutcome(Outcome outcome);
    error ProbeCallFailed();

    receive() external payable {}

    /// @notice Calls as this account, with the ether that comes along and so much gas.
    function execute(address target, bytes calldata call, uint256 gas_) external payable {
        (bool done,) = target.call{value: msg.value, gas: gas_}(call);
        if (!done) revert ProbeCallFailed();
    }

    /// @notice The outcomes of `count` amounts of gas, from `least` by `step`.
    function sweep(
        address target,
        uint256 value,
        bytes calldata call,
        View[] calldata views,
        uint256 least,
        uint256 step,
        uint256 count
    ) external returns (Outcome[] memory outcomes) {
        outcomes = new Outcome[](count);
        for (uint256 i = 0; i < count; ++i) {
            try this.attempt(target, value, call, views, least + i * step) {}
            catch (bytes memory data) {
                outcomes[i] = this.read(data);
            }
        }
    }

    /// @notice Undoes what it did: its outcome is an error.
    function attempt(
        address target,
        uint256 value,
        bytes calldata call,
        View[] calldata views,
        uint256 gas_
    ) external {
        Outcome memory outcome;
        (outcome.done, outcome.reason) = target.call{value: value, gas: gas_}(call);
        outcome.views = new bytes[](views.length);
        for (uint256 i = 0; i < views.length; ++i) {
            (, outcome.views[i]) = views[i].target.staticcall(views[i].call);
        }
        revert ProbeOutcome(outcome);
    }

    function read(bytes calldata data) external pure returns (Outcome memory) {
        return abi.decode(data[4:], (Outcome));
    }
}
