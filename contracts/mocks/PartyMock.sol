// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title An account with code that pays, is paid, and answers a payment as told
/// @notice For tests.
contract PartyMock {
    /// @notice Whether ether is refused.
    bool public refuses;
    /// @notice What a payment of ether calls its sender with, once.
    bytes public data;
    /// @notice Whether that call succeeded, and what it returned.
    bool public succeeded;
    bytes public answer;

    error PaymentRefused(uint256 amount);
    error CallRefused(bytes reason);

    receive() external payable {
        if (refuses) revert PaymentRefused(msg.value);
        if (data.length == 0) return;
        bytes memory call = data;
        delete data;
        (succeeded, answer) = msg.sender.call(call);
    }

    function setRefuses(bool wanted) external {
        refuses = wanted;
    }

    function callOnPayment(bytes calldata data_) external {
        data = data_;
    }

    /// @notice Calls as this account, with the ether that comes along.
    function execute(address target, bytes calldata call) external payable {
        (bool done, bytes memory result) = target.call{value: msg.value}(call);
        if (!done) revert CallRefused(result);
    }
}
