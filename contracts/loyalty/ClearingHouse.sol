// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {MeasuredCoin} from "../common/MeasuredCoin.sol";
import {IClearingHouse} from "./IClearingHouse.sol";
import {IPointsHub} from "./IPointsHub.sol";
import {IPointsNetwork} from "./IPointsNetwork.sol";

/// @title The programs' deposits, from which their positions are settled
/// @notice See {IClearingHouse}.
contract ClearingHouse is IClearingHouse, ReentrancyGuardTransient {
    using MeasuredCoin for IERC20;

    uint8 private constant VALUE_DECIMALS = 6;
    uint8 private constant COIN_DECIMALS_MAX = 8;
    /// @dev Settlements that open to anyone in an epoch, if positions stay small.
    uint256 private constant SETTLEMENTS_PER_EPOCH = 26;

    /// @inheritdoc IClearingHouse
    IERC20 public immutable COIN;
    /// @inheritdoc IClearingHouse
    IPointsHub public immutable HUB;
    /// @dev Base units of the coin in one unit of value.
    uint256 private immutable SCALE;

    /// @inheritdoc IClearingHouse
    mapping(uint256 program => uint256 value) public depositOf;
    /// @inheritdoc IClearingHouse
    mapping(uint256 program => uint256 value) public committedOf;
    mapping(uint256 debtor => mapping(uint256 creditor => uint256 timestamp)) private _settledAt;

    modifier onlyProgramOwner(uint256 program) {
        if (!_isOwner(program)) revert IPointsHub.ProgramOwnerOnly(program, msg.sender);
        _;
    }

    /// @dev The hub deploys its clearing house.
    constructor(address coin) {
        MeasuredCoin.requireCode(coin);
        uint8 decimals = IERC20Metadata(coin).decimals();
        if (decimals < VALUE_DECIMALS || decimals > COIN_DECIMALS_MAX) {
            revert CoinDecimalsUnsupported(decimals);
        }

        COIN = IERC20(coin);
        HUB = IPointsHub(msg.sender);
        SCALE = 10 ** (decimals - VALUE_DECIMALS);
    }

    /// @inheritdoc IClearingHouse
    function deposit(uint256 program, uint256 amount)
        external
        nonReentrant
        returns (uint256 value)
    {
        HUB.programOwnerOf(program); // reverts if there is none

        value = COIN.takeFrom(msg.sender, amount) / SCALE;
        if (value == 0) revert DepositEmpty(program);

        depositOf[program] += value;

        emit Deposited(program, msg.sender, value);
    }

    /// @inheritdoc IClearingHouse
    function withdraw(uint256 program, uint256 value, address to)
        external
        nonReentrant
        onlyProgramOwner(program)
    {
        uint256 free = depositOf[program] - committedOf[program];
        if (value > free) revert DepositCommitted(program, value, free);

        depositOf[program] -= value;

        emit Withdrawn(program, to, value);

        COIN.payTo(to, value * SCALE);
    }

    /// @inheritdoc IClearingHouse
    function setLimit(uint256 debtor, uint256 creditor, uint72 limit)
        external
        nonReentrant
        onlyProgramOwner(debtor)
    {
        HUB.programOwnerOf(creditor); // reverts if there is none
        if (debtor == creditor) revert LimitToItself(debtor);
        (, uint256 current) = _network().positionOf(debtor, creditor);
        uint256 committed = committedOf[debtor] - current + limit;
        if (committed > depositOf[debtor]) {
            uint256 free = depositOf[debtor] - (committedOf[debtor] - current);
            revert DepositCommitted(debtor, limit, free);
        }

        committedOf[debtor] = committed;

        emit LimitSet(debtor, creditor, limit);

        _network().setLimit(debtor, creditor, limit);
    }

    /// @inheritdoc IClearingHouse
    function settle(uint256 debtor, uint256 creditor) external nonReentrant returns (uint256 paid) {
        _requireOpen(debtor, creditor);
        paid = _settle(debtor, creditor);
    }

    /// @inheritdoc IClearingHouse
    function settleMany(uint256 program, uint256[] calldata others)
        external
        nonReentrant
        onlyProgramOwner(program)
    {
        for (uint256 i = 0; i < others.length; ++i) {
            // slither-disable-next-line reentrancy-no-eth,reentrancy-benign
            _settle(program, others[i]);
            _settle(others[i], program);
        }
    }

    /// @dev The debtor's deposit covers the payment, since its limits never exceed it; the limit
    /// falls with the deposit, so the rest of its limits stays covered.
    function _settle(uint256 debtor, uint256 creditor) private returns (uint256 paid) {
        // The hub has deployed this contract, and calls nobody there.
        // slither-disable-next-line reentrancy-no-eth,reentrancy-benign,calls-loop
        paid = _network().clearPosition(debtor, creditor);
        if (paid == 0) return 0;

        _settledAt[debtor][creditor] = block.timestamp;
        depositOf[debtor] -= paid;
        committedOf[debtor] -= paid;
        depositOf[creditor] += paid;

        emit PositionSettled(debtor, creditor, paid);
    }

    function _requireOpen(uint256 debtor, uint256 creditor) private view {
        if (_isOwner(debtor) || _isOwner(creditor)) return;
        (uint256 owed, uint256 limit) = _network().positionOf(debtor, creditor);
        uint256 opensAt = _settledAt[debtor][creditor] + HUB.EPOCH_LENGTH() / SETTLEMENTS_PER_EPOCH;
        if (2 * owed >= limit || block.timestamp >= opensAt) return;
        revert SettlementTooEarly(debtor, creditor, owed, opensAt);
    }

    function _isOwner(uint256 program) private view returns (bool) {
        return HUB.programOwnerOf(program) == msg.sender;
    }

    function _network() private view returns (IPointsNetwork) {
        return IPointsNetwork(address(HUB));
    }
}
