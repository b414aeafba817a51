// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPointsHub} from "./IPointsHub.sol";

/// @title The programs' deposits, from which their positions are settled
/// @notice A program's outgoing limits never exceed its deposit, so whatever it may owe is there.
/// All values are in 10^-6 of the coin; deposits are counted as the coin received, whatever was
/// sent.
interface IClearingHouse {
    event Deposited(uint256 indexed program, address indexed from, uint256 value);
    event Withdrawn(uint256 indexed program, address indexed to, uint256 value);
    event LimitSet(uint256 indexed debtor, uint256 indexed creditor, uint72 limit);
    event PositionSettled(uint256 indexed debtor, uint256 indexed creditor, uint256 value);

    error CoinDecimalsUnsupported(uint8 decimals);
    error LimitToItself(uint256 program);
    error DepositEmpty(uint256 program);
    error DepositCommitted(uint256 program, uint256 needed, uint256 free);
    error SettlementTooEarly(uint256 debtor, uint256 creditor, uint256 owed, uint256 opensAt);

    /// @notice Adds the caller's coin to the program's deposit. Anyone may.
    /// @param amount Base units of the coin; must have been approved.
    /// @return value What was credited, in 10^-6 of the coin.
    function deposit(uint256 program, uint256 amount) external returns (uint256 value);

    /// @notice Takes out of the part of the deposit that covers no limit. Only the program's owner.
    function withdraw(uint256 program, uint256 value, address to) external;

    /// @notice Most that the caller's program `debtor` may owe `creditor`; not below what it owes,
    /// and together with its other limits not above its deposit.
    function setLimit(uint256 debtor, uint256 creditor, uint72 limit) external;

    /// @notice Pays what `debtor` owes `creditor` and lowers the limit by as much.
    /// @dev The owners of the two may always; anyone once half of the limit is used, or once a 26th
    /// of an epoch has passed since the last settlement of this debtor with this creditor, which is
    /// at once for the first.
    function settle(uint256 debtor, uint256 creditor) external returns (uint256 paid);

    /// @notice Settles `program` with each of `others`, whichever way the money goes.
    function settleMany(uint256 program, uint256[] calldata others) external;

    /// @notice 10^-6 of the coin.
    function depositOf(uint256 program) external view returns (uint256);

    /// @notice Sum of the program's limits; never above its deposit.
    function committedOf(uint256 program) external view returns (uint256);

    // solhint-disable func-name-mixedcase -- immutables

    function COIN() external view returns (IERC20);
    function HUB() external view returns (IPointsHub);

    // solhint-enable func-name-mixedcase
}
