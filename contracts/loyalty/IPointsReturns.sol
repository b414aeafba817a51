// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A refundable redemption, as it was stored (by its hash).
/// @param program Program whose points were spent.
/// @param merchant Program of the merchant where they were spent.
/// @param amounts Spent units by lane, as they stood in `epoch`.
/// @param value What `program` owed `merchant` for them, in 10^-6 of the settlement coin; 0 at the
/// program's own merchant.
struct Redemption {
    uint256 program;
    uint256 merchant;
    address from;
    uint48 orderId;
    uint16 epoch;
    uint256 amounts;
    uint256 value;
}

/// @title What happens when a purchase is returned
/// @notice Nothing is undone on a merchant's word alone: a reversal opens the award that was
/// stored, a refund the redemption that was stored.
interface IPointsReturns {
    event ClawbackSet(uint256 indexed program, uint32 window);
    event AwardReversed(
        uint256 indexed program,
        bytes32 indexed batchId,
        address indexed account,
        uint256 index,
        uint256 points,
        uint256 debt
    );
    event DebtPaid(uint256 indexed program, address indexed account, uint256 points);
    event RedemptionStored(uint256 indexed merchant, uint48 indexed orderId, Redemption redemption);
    event RedemptionRefunded(
        uint256 indexed merchant,
        uint48 indexed orderId,
        Redemption redemption,
        uint256 points,
        uint256 credited
    );

    error RecordsNotAwarded(uint256 program, bytes32 batchId);
    error RecordIndexOutOfRange(uint256 index, uint256 count);
    error ClawbackEnded(uint256 program, uint256 endedAt, uint256 timestamp);
    error ReversalExceedsAward(uint256 points, uint256 left);
    error RedemptionUnknown(bytes32 digest);
    error RefundExceedsRedemption(uint256 points, uint256 left);

    /// @notice Seconds after an award in which it may be reversed; applies to awards yet to be
    /// made.
    function setClawback(uint256 program, uint32 window) external;

    /// @notice Takes back points of one record of a batch because its purchase was returned. What
    /// the customer has spent already is netted from the program's later awards and refunds to it.
    /// Its qualifying points fall, and a tier that they alone held. Points that have expired by
    /// themselves can not be taken back (`EpochNotLive`).
    /// @param records The batch's records as they were awarded.
    /// @param index Position of the record, from 0.
    function reverseAward(
        uint256 program,
        bytes32 batchId,
        bytes calldata records,
        uint256 index,
        uint48 points
    ) external;

    /// @notice Gives back points of a refundable redemption in the ages they had, the youngest
    /// first, less what the account owes the program. Those that expired meanwhile do not come
    /// back. Their
    /// value goes back to the program in any case. The caller is an issuer of the merchant.
    function refundRedemption(Redemption calldata redemption, uint48 points) external;

    /// @notice Seconds after an award in which it may be reversed, for awards made now.
    function clawbackOf(uint256 program) external view returns (uint32);

    /// @notice Units that the program's next awards and refunds to the account are netted by.
    function debtOf(uint256 program, address account) external view returns (uint256);
}
