// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {
    IERC6909,
    IERC6909Metadata,
    IERC6909TokenSupply
} from "@openzeppelin/contracts/interfaces/IERC6909.sol";

import {ISignedIntents} from "../common/ISignedIntents.sol";

/// @notice What a merchant decides when it opens a program.
/// @param name Brand shown by wallets, not empty.
/// @param symbol Short form shown beside amounts, not empty.
/// @param validity Epochs that awarded points live, 1 to 4, the epoch of the award included.
/// @param cap Most points outstanding at any time, in units of 0.01 point; 0 for no cap.
/// @param hasToken Whether the program gets an ERC-20 face (`PointsToken`), once and for all.
/// @param tiers Qualifying points that open tier 1, 2, ... in units, rising, at most six.
struct ProgramConfig {
    string name;
    string symbol;
    uint8 validity;
    uint48 cap;
    bool hasToken;
    uint40[] tiers;
}

/// @notice A program as it stands.
/// @param pendingOwner Address that was offered the program and has not accepted; zero for none.
/// @param token Address of the ERC-20 face; zero if the program has none.
struct Program {
    string name;
    string symbol;
    address owner;
    address pendingOwner;
    address token;
    uint8 validity;
    uint48 cap;
    uint40[] tiers;
}

/// @notice What an issuer may award.
/// @param budget Units per epoch; 0 for nothing, 2^48 - 1 for no limit.
/// @param used Units awarded in `epoch`; not counted for an unlimited issuer.
struct Issuer {
    uint48 budget;
    uint48 used;
    uint16 epoch;
}

/// @notice A customer's points in one program, rolled to the present.
/// @param byAge Units by age: `[k]` expires when epoch + 4 - k begins; `[3]` is spent first.
/// @param qualifying Units ever awarded, up to 2^40 - 1; decides the tier, can not be spent.
/// @param tier 0 for none, else the highest tier reached.
struct Statement {
    uint256[4] byAge;
    uint40 qualifying;
    uint8 tier;
    uint16 epoch;
}

/// @notice Permission of `from` to move points to `to` (EIP-712).
struct TransferIntent {
    uint256 program;
    address from;
    address to;
    uint48 points;
    uint256 nonce;
    uint40 deadline;
}

/// @notice Permission of `from` to spend points of `program` on order `orderId` at the merchant who
/// runs the program `merchant` (EIP-712). The order id is its nonce: a merchant redeems an order
/// once, by whomever and in whichever points.
/// @param merchant The program itself, or another one of the network.
/// @param termsHash Legal terms that the customer accepts with it; zero for none.
struct RedeemIntent {
    uint256 program;
    uint256 merchant;
    bytes32 termsHash;
    address from;
    uint48 points;
    uint48 orderId;
    uint40 deadline;
}

/// @notice What the intents of one batch have in common.
struct RedeemTerms {
    uint256 program;
    uint256 merchant;
    bytes32 termsHash;
}

/// @title One ledger for the points of every brand
/// @notice Each program is an ERC-6909 id. Points carry the epoch in which they expire, wherever
/// they go; the oldest are spent first. All amounts are in units of 0.01 point (`decimals` is
/// 2). An award, and what an account or a program holds of one age, stays below 2^47 units,
/// else `PointsOverflow`.
/// @dev Anyone may open a program: a name proves nothing by itself. The owner of a program appoints
/// issuers and sets the terms of points yet to be awarded; no key can touch a customer's points.
/// Points that expire leave the balance when their epoch ends; the `Transfer` to the zero address
/// that records it follows when the account is next written. Program ids of brands with an ERC-20
/// face are odd.
interface IPointsHub is IERC165, IERC6909Metadata, IERC6909TokenSupply, ISignedIntents {
    event ProgramCreated(
        uint256 indexed program, address indexed owner, string name, string symbol
    );
    event ProgramOwnershipOffered(
        uint256 indexed program, address indexed owner, address indexed to
    );
    event ProgramOwnershipTransferred(
        uint256 indexed program, address indexed from, address indexed to
    );
    event IssuerSet(uint256 indexed program, address indexed issuer, uint48 budget);
    event ValiditySet(uint256 indexed program, uint8 validity);
    event CapSet(uint256 indexed program, uint48 cap);
    event TiersSet(uint256 indexed program, uint40[] tiers);
    event TierRaised(uint256 indexed program, address indexed account, uint8 tier);
    event TierLowered(uint256 indexed program, address indexed account, uint8 tier);
    event BatchAwarded(
        uint256 indexed program, bytes32 indexed batchId, uint256 count, uint256 points
    );

    /// @notice Signed redemptions were carried out, in the order of their `Transfer` events.
    /// @param orderIds Packed, uint48 each.
    event OrdersRedeemed(uint256 indexed merchant, uint256 indexed program, bytes orderIds);

    /// @notice The intent at `index` of a batch was left out and stays usable.
    /// @param reason Selector of the error that a submission on its own would have reverted with.
    event IntentSkipped(
        uint256 indexed program, address indexed from, uint256 orderId, uint256 index, bytes4 reason
    );

    error ERC6909InsufficientBalance(address sender, uint256 balance, uint256 needed, uint256 id);
    error ERC6909InsufficientAllowance(
        address spender, uint256 allowance, uint256 needed, uint256 id
    );
    error ERC6909InvalidApprover(address approver);
    error ERC6909InvalidReceiver(address receiver);
    error ERC6909InvalidSender(address sender);
    error ERC6909InvalidSpender(address spender);

    error HubGenesisInFuture(uint256 genesis, uint256 timestamp);
    error HubEpochTooShort(uint256 epochLength, uint256 minimum);
    error HubEpochTooLong(uint256 epochLength, uint256 maximum);
    error ProgramUnknown(uint256 program);
    error ProgramNameEmpty();
    error ProgramOwnerOnly(uint256 program, address caller);
    error ProgramPendingOwnerOnly(uint256 program, address caller);
    error ProgramIssuerOnly(uint256 program, address caller);
    error ProgramTokenOnly(uint256 program, address caller);
    error ValidityOutOfRange(uint8 validity);
    error CapOutOfRange(uint48 cap);
    error CapExceeded(uint256 program, uint256 outstanding, uint256 cap);
    error TiersNotRising(uint40[] tiers);
    error TiersTooMany(uint256 count);
    error IssuerInvalid(address issuer);
    error BudgetExceeded(uint256 program, address issuer, uint256 points, uint256 left);
    error BatchAwardedBefore(uint256 program, bytes32 batchId);
    error RecordsMalformed(uint256 length);
    error OrderUsed(uint256 program, uint256 orderId);

    /// @notice Opens a program that the caller owns. Nobody may award until `setIssuer`.
    /// @return program Its ERC-6909 id; odd if it has an ERC-20 face.
    function createProgram(ProgramConfig calldata config) external returns (uint256 program);

    /// @notice Offers the program to `to`, who must accept; the zero address takes the offer back.
    function transferProgramOwnership(uint256 program, address to) external;

    /// @notice Takes over a program that was offered to the caller.
    function acceptProgramOwnership(uint256 program) external;

    /// @notice Lets `issuer` award `budget` units per epoch and submit customers' redemptions.
    /// @param budget 0 dismisses the issuer; 2^48 - 1 is no limit and the cheapest to check.
    function setIssuer(uint256 program, address issuer, uint48 budget) external;

    /// @notice Epochs (1 to 4) that points awarded from now on live.
    function setValidity(uint256 program, uint8 validity) external;

    /// @notice Most units outstanding; stops awards, takes nothing from anybody. 0 for no cap.
    function setCap(uint256 program, uint48 cap) external;

    /// @notice Qualifying units of each tier, rising, at most six; a tier once reached stays.
    function setTiers(uint256 program, uint40[] calldata tiers) external;

    /// @notice Gives new points to `to`. The caller is an issuer of the program, within its budget.
    function award(uint256 program, uint48 points, address to) external;

    /// @notice Gives new points to many; all or none.
    /// @param batchId Name of the batch, usable once in the program: keccak256(file hash, chunk)
    /// makes it impossible to award one file twice, whoever sends it.
    /// @param records 26 bytes each: address, then uint48 units.
    function awardMany(uint256 program, bytes32 batchId, bytes calldata records) external;

    /// @notice Spends the caller's points, oldest first.
    function redeem(uint256 program, uint256 points) external;

    /// @notice Spends points for an order by the customer's signature. The caller is an issuer of
    /// the merchant's program.
    /// @param refundable Whether `refundRedemption` may give the points back later.
    function redeemBySig(RedeemIntent calldata intent, bool refundable, bytes calldata signature)
        external;

    /// @notice Spends points of one program for many orders of one merchant; an unusable intent is
    /// skipped, reported by `IntentSkipped`, and stays usable. The caller is an issuer of the
    /// merchant's program.
    /// @param intents Packed: address from, uint48 units, uint48 order id, uint40 deadline, uint16
    /// signature length, signature; one after the other.
    /// @return redeemed Number of intents that were carried out.
    function redeemMany(RedeemTerms calldata terms, bytes calldata intents)
        external
        returns (uint256 redeemed);

    /// @notice Moves points by the holder's signature, whoever submits it.
    function transferBySig(TransferIntent calldata intent, bytes calldata signature) external;

    /// @notice Moves only points that count as issued in `issued` (the epochs of ERC-7818).
    function transferAtEpoch(uint256 issued, address receiver, uint256 program, uint256 points)
        external;

    /// @notice A transfer made at the program's ERC-20 face, which has judged the allowance.
    function tokenTransfer(uint256 program, address from, address to, uint256 points) external;

    /// @notice As `tokenTransfer`, from the points of one epoch.
    function tokenTransferAtEpoch(
        uint256 program,
        uint256 issued,
        address from,
        address to,
        uint256 points
    ) external;

    // solhint-disable func-name-mixedcase -- immutables

    /// @notice Start of the first epoch, in seconds since 1970.
    function GENESIS() external view returns (uint256);

    /// @notice Seconds in an epoch, 60 to 2^32 - 1.
    function EPOCH_LENGTH() external view returns (uint256);

    // solhint-enable func-name-mixedcase

    /// @notice The present epoch; the first is 4, so that points of every age have a positive
    /// epoch. The clock stops at 65,535, where nothing expires any more.
    function currentEpoch() external view returns (uint256);

    function programCount() external view returns (uint256);

    /// @notice Who runs the program; reverts with `ProgramUnknown` if there is none.
    function programOwnerOf(uint256 program) external view returns (address);
    function programOf(uint256 program) external view returns (Program memory);
    function issuerOf(uint256 program, address issuer) external view returns (Issuer memory);

    /// @notice Address of the program's ERC-20 face; zero if it has none.
    function tokenOf(uint256 program) external view returns (address);

    /// @notice What `account` holds, by age.
    function statementOf(uint256 program, address account) external view returns (Statement memory);

    /// @notice Units that count as issued in `issued` and are alive; 0 for any other epoch.
    function balanceOfAtEpoch(uint256 program, uint256 issued, address account)
        external
        view
        returns (uint256);

    /// @notice What the program owes its customers, by age as in `Statement`.
    function liabilityOf(uint256 program) external view returns (uint256[4] memory byAge);

    /// @notice What a reversal of the batch must open. High 200 bits: keccak256 of the records;
    /// then 40 bits: last second in which it can be reversed; low 16 bits: the epoch in which the
    /// points count as issued. Zero if the batch was never awarded.
    function batchDigestOf(uint256 program, bytes32 batchId) external view returns (bytes32);

    function isOrderUsed(uint256 program, uint256 orderId) external view returns (bool);
}
