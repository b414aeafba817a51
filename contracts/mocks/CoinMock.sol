// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A coin that misbehaves as told
contract CoinMock is ERC20 {
    uint8 private immutable DECIMALS;

    /// @notice Hundredths of a percent that every transfer keeps.
    uint256 public fee;
    /// @notice Hundredths of a percent that every transfer takes from its sender besides.
    uint256 public feeOnTop;
    /// @notice Whether transfers change nothing and return false instead of reverting.
    bool public returnsFalse;
    /// @notice Whom the next transfer calls, and with what.
    address public target;
    bytes public data;
    /// @notice Whether that call succeeded, and what it returned.
    bool public succeeded;
    bytes public answer;

    constructor(uint8 decimals_) ERC20("Coin Mock", "MOCK") {
        DECIMALS = decimals_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setFee(uint256 hundredths) external {
        fee = hundredths;
    }

    function setFeeOnTop(uint256 hundredths) external {
        feeOnTop = hundredths;
    }

    function setReturnsFalse(bool wanted) external {
        returnsFalse = wanted;
    }

    function callOnTransfer(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (returnsFalse) return false;
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (returnsFalse) return false;
        return super.transferFrom(from, to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        uint256 rated = from == address(0) ? 0 : amount; // new coin bears no fee
        uint256 kept = rated * fee / 10_000;
        uint256 burned = kept + rated * feeOnTop / 10_000;
        super._update(from, to, amount - kept);
        if (burned != 0) super._update(from, address(0), burned);
        if (target == address(0)) return;
        address called = target;
        target = address(0);
        (succeeded, answer) = called.call(data);
    }
}
