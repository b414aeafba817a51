// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClearingHouse} from "./ClearingHouse.sol";

/// @notice What a program asks and pays for a point, in 10^-6 of the settlement coin per 1.00.
/// @param onRamp Price at which other programs' customers buy in; 0 if it is not connected.
/// @param offRamp What the program pays for a point that leaves it; never above `onRamp`.
/// @param nextOnRamp Announced price; 0 for none.
/// @param nextOffRamp Announced price; 0 for none.
/// @param effectiveAt When the announced prices replace the others; 0 for none.
struct Prices {
    uint48 onRamp;
    uint48 offRamp;
    uint48 nextOnRamp;
    uint48 nextOffRamp;
    uint40 effectiveAt;
}

/// @notice What two programs owe each other; `lower` is the smaller program id.
/// @param net 10^-6 of the coin that the lower program owes the higher; else negative.
/// @param lowerLimit Most that the lower program may owe the higher.
/// @param higherLimit Most that the higher program may owe the lower.
struct Position {
    int80 net;
    uint88 lowerLimit;
    uint88 higherLimit;
}

/// @notice Permission of `from` to change points of `program` into points of `toProgram` (EIP-712).
/// @param minPoints Least to receive, in units of 0.01 point.
struct ExchangeIntent {
    uint256 program;
    uint256 toProgram;
    address from;
    uint48 points;
    uint48 minPoints;
    bytes32 termsHash;
    uint256 nonce;
    uint40 deadline;
}

/// @title Points of one brand become points of another, or are spent there
/// @notice A program that publishes prices joins the network. A point that leaves program A is
/// worth A's off-ramp price; a point of B costs B's on-ramp price. No program's off-ramp price
/// exceeds its
/// on-ramp price, and every rounding goes against the customer or the debtor, so no round trip
/// earns. What A owes B for it is posted as a position between the two, within a limit that A's
/// deposit at
/// the clearing house covers.
/// @dev All values are in 10^-6 of the settlement coin. Prices are read live, never cached.
interface IPointsNetwork {
    event PricesAnnounced(
        uint256 indexed program, uint48 onRamp, uint48 offRamp, uint40 effectiveAt
    );
    event PositionPosted(uint256 indexed debtor, uint256 indexed creditor, uint256 value);

    error ClearingHouseOnly(address caller);
    error PricesInvalid(uint48 onRamp, uint48 offRamp);
    error ProgramNotConnected(uint256 program);
    error ProgramsEqual(uint256 program);
    error ExchangeBelowMinimum(uint256 points, uint256 minPoints);
    error RedemptionBelowMinimum(uint256 value, uint256 minValue);
    error PositionOverLimit(uint256 debtor, uint256 creditor, uint256 owed, uint256 limit);

    /// @notice Announces prices, which hold after the notice period; the first ones hold at once.
    /// @dev A new announcement replaces one that does not hold yet. Reverts with `PricesInvalid`
    /// unless 0 < offRamp <= onRamp.
    function announcePrices(uint256 program, uint48 onRamp, uint48 offRamp) external;

    /// @notice Changes the caller's points of `program` into points of `toProgram` of the same age.
    /// @param minPoints Least units to receive, else `ExchangeBelowMinimum`.
    /// @return received Units of `toProgram`.
    function exchange(
        uint256 program,
        uint48 points,
        uint256 toProgram,
        uint48 minPoints,
        uint40 deadline
    ) external returns (uint256 received);

    /// @notice As `exchange`, by the holder's signature, whoever submits it.
    function exchangeBySig(ExchangeIntent calldata intent, bytes calldata signature)
        external
        returns (uint256 received);

    /// @notice Spends the caller's points of `program` at the merchant who runs another program.
    /// @param minValue Least that the merchant must be credited, else `RedemptionBelowMinimum`.
    /// @return value What `program` owes the merchant for them.
    function redeemAt(
        uint48 points,
        uint48 minValue,
        uint256 program,
        uint256 merchant,
        uint40 deadline
    ) external returns (uint256 value);

    /// @notice Most that `debtor` may owe `creditor`. Only the clearing house may call.
    function setLimit(uint256 debtor, uint256 creditor, uint72 limit) external;

    /// @notice Clears what `debtor` owes `creditor` and lowers the limit by as much. Only the
    /// clearing house may call.
    function clearPosition(uint256 debtor, uint256 creditor) external returns (uint256 paid);

    /// @notice What `debtor` owes `creditor` and may owe it at most.
    function positionOf(uint256 debtor, uint256 creditor)
        external
        view
        returns (uint256 owed, uint256 limit);

    /// @notice The prices that hold now, with those announced.
    function pricesOf(uint256 program) external view returns (Prices memory);

    /// @notice What `account` would receive for `points`, and what would be posted. Reverts as the
    /// exchange would if it holds fewer.
    function quoteExchange(uint256 program, uint256 toProgram, address account, uint48 points)
        external
        view
        returns (uint256 received, uint256 value);

    // solhint-disable func-name-mixedcase -- immutables

    /// @notice Where the programs' deposits lie and their positions are settled.
    function CLEARING_HOUSE() external view returns (ClearingHouse);

    /// @notice Seconds between an announcement of prices and their effect: a 26th of an epoch.
    function PRICE_NOTICE() external view returns (uint256);

    // solhint-enable func-name-mixedcase
}
