// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A coin that returns nothing, has a list of accounts that it refuses, and no permissions
/// @notice For tests. Whatever it does not know it takes without a word, `permit` too.
contract ShyCoinMock {
    mapping(address account => uint256 amount) public balanceOf;
    mapping(address account => mapping(address spender => uint256 amount)) public allowance;
    /// @notice Accounts that it moves nothing to.
    mapping(address account => bool refused) public isRefused;
    /// @notice Whether a refused account costs all gas, instead of a revert.
    bool public burnsGas;

    error AccountRefused(address account);
    error FundsMissing(address account, uint256 amount);

    fallback() external {}

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function refuse(address account, bool wanted) external {
        isRefused[account] = wanted;
    }

    function setBurnsGas(bool wanted) external {
        burnsGas = wanted;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        if (allowance[from][msg.sender] < amount) revert FundsMissing(from, amount);
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        if (isRefused[to]) {
            if (burnsGas) while (true) {}
            revert AccountRefused(to);
        }
        if (balanceOf[from] < amount) revert FundsMissing(from, amount);
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}
