// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {MeasuredCoin} from "../common/MeasuredCoin.sol";
import {IPointsHub} from "../loyalty/IPointsHub.sol";
import {IDataRewards, RewardCampaign, RewardClaim, RewardKind} from "./IDataRewards.sol";
import {IInteractionLog} from "./IInteractionLog.sol";

/// @title Data rewards: a company pays people for the data that they let it read
/// @notice See {IDataRewards}.
contract DataRewards is IDataRewards, ReentrancyGuardTransient {
    using BitMaps for BitMaps.BitMap;
    using MeasuredCoin for IERC20;

    /// @inheritdoc IDataRewards
    IPointsHub public immutable HUB;
    /// @inheritdoc IDataRewards
    IInteractionLog public immutable LOG;

    uint256 private _campaignCount;
    mapping(uint256 campaign => RewardCampaign) private _campaigns;
    mapping(uint256 campaign => BitMaps.BitMap indexes) private _claimed;
    /// @inheritdoc IDataRewards
    mapping(uint256 campaign => mapping(bytes32 person => bool paid)) public isPaid;

    constructor(IPointsHub hub, IInteractionLog log) {
        HUB = hub;
        LOG = log;
    }

    /// @inheritdoc IDataRewards
    function create(
        RewardKind kind,
        uint256 asset,
        uint128 cap,
        uint128 purposes,
        bytes32 log,
        uint40 claimsUntil
    ) external returns (uint256 campaign) {
        _requireAsset(kind, asset);
        if (kind == RewardKind.Points && cap > type(uint48).max) {
            revert RewardSettingInvalid("cap", cap);
        }
        if (cap == 0) revert RewardSettingInvalid("cap", cap);
        if (purposes == 0) revert RewardSettingInvalid("purposes", purposes);
        if (claimsUntil <= block.timestamp) {
            revert RewardSettingInvalid("claimsUntil", claimsUntil);
        }
        if (LOG.standingOf(log).delay == 0) revert RewardSettingInvalid("log", uint256(log));

        campaign = ++_campaignCount;
        RewardCampaign storage state = _campaigns[campaign];
        state.sponsor = msg.sender;
        state.claimsUntil = claimsUntil;
        state.kind = kind;
        state.asset = asset;
        state.cap = cap;
        state.purposes = purposes;
        state.log = log;

        emit RewardCampaignCreated(campaign, msg.sender, kind, asset);
    }

    /// @inheritdoc IDataRewards
    function fund(uint256 campaign, uint128 amount) external nonReentrant {
        RewardCampaign storage state = _requireUnpublished(campaign);

        uint256 received = state.kind == RewardKind.Coin
            ? IERC20(address(uint160(state.asset))).takeFrom(msg.sender, amount)
            : amount;
        uint256 budget = state.budget + received;
        if (received == 0 || budget > type(uint128).max) {
            revert RewardBudgetInvalid(campaign, budget);
        }
        state.budget = uint128(budget);

        emit RewardCampaignFunded(campaign, uint128(budget));
    }

    /// @inheritdoc IDataRewards
    function publish(uint256 campaign, bytes32 claimsRoot) external {
        RewardCampaign storage state = _requireUnpublished(campaign);
        if (claimsRoot == 0) revert RewardSettingInvalid("claimsRoot", 0);

        state.claimsRoot = claimsRoot;
        state.headAtPublication = LOG.headOf(state.log);

        emit RewardClaimsPublished(campaign, claimsRoot, state.headAtPublication);
    }

    /// @inheritdoc IDataRewards
    function claim(RewardClaim calldata claimed, bytes32[] calldata proof) external nonReentrant {
        RewardCampaign storage state = _requireClaim(claimed, proof);

        state.paid += claimed.amount;
        _claimed[claimed.campaign].set(claimed.index);
        isPaid[claimed.campaign][claimed.person] = true;

        emit RewardClaimed(claimed.campaign, claimed.index, claimed.payee, claimed.amount);

        if (state.kind == RewardKind.Coin) {
            IERC20(address(uint160(state.asset))).payTo(claimed.payee, claimed.amount);
        } else {
            HUB.award(state.asset, uint48(claimed.amount), claimed.payee);
        }
    }

    /// @inheritdoc IDataRewards
    function close(uint256 campaign) external nonReentrant {
        RewardCampaign storage state = _requireSponsor(campaign);
        if (block.timestamp < state.claimsUntil) {
            revert RewardClaimsOpen(campaign, state.claimsUntil);
        }
        uint128 left = state.budget - state.paid;
        if (left == 0) revert RewardBudgetInvalid(campaign, 0);

        state.budget = state.paid;

        emit RewardCampaignClosed(campaign, left);

        if (state.kind == RewardKind.Coin) {
            IERC20(address(uint160(state.asset))).payTo(msg.sender, left);
        }
    }

    /// @inheritdoc IDataRewards
    function campaignOf(uint256 campaign) external view returns (RewardCampaign memory) {
        return _campaigns[campaign];
    }

    /// @inheritdoc IDataRewards
    function isClaimed(uint256 campaign, uint256 index) external view returns (bool) {
        return _claimed[campaign].get(index);
    }

    function _requireAsset(RewardKind kind, uint256 asset) private view {
        if (kind == RewardKind.Coin) {
            if (asset > type(uint160).max) revert RewardSettingInvalid("asset", asset);
            MeasuredCoin.requireCode(address(uint160(asset)));
        } else if (kind == RewardKind.Points) {
            _requireProgramOwner(asset);
        } else {
            revert RewardSettingInvalid("kind", uint256(kind));
        }
    }

    /// @dev Asked again at each step: a program that was sold is not the seller's to promise.
    function _requireProgramOwner(uint256 program) private view {
        if (HUB.programOf(program).owner != msg.sender) {
            revert IPointsHub.ProgramOwnerOnly(program, msg.sender);
        }
    }

    function _requireSponsor(uint256 campaign) private view returns (RewardCampaign storage state) {
        state = _campaigns[campaign];
        if (state.sponsor == address(0)) revert RewardCampaignUnknown(campaign);
        if (msg.sender != state.sponsor) revert RewardSponsorOnly(campaign, msg.sender);
    }

    function _requireUnpublished(uint256 campaign)
        private
        view
        returns (RewardCampaign storage state)
    {
        state = _requireSponsor(campaign);
        if (state.claimsRoot != 0) revert RewardClaimsPublishedBefore(campaign);
        if (state.kind == RewardKind.Points) _requireProgramOwner(state.asset);
        if (block.timestamp >= state.claimsUntil) {
            revert RewardClaimsOver(campaign, state.claimsUntil);
        }
    }

    function _requireClaim(RewardClaim calldata claimed, bytes32[] calldata proof)
        private
        view
        returns (RewardCampaign storage state)
    {
        uint256 campaign = claimed.campaign;
        state = _campaigns[campaign];
        if (state.claimsRoot == 0) revert RewardClaimsUnpublished(campaign);
        if (block.timestamp >= state.claimsUntil) {
            revert RewardClaimsOver(campaign, state.claimsUntil);
        }
        if (_claimed[campaign].get(claimed.index) || isPaid[campaign][claimed.person]) {
            revert RewardClaimedBefore(campaign, claimed.index, claimed.person);
        }
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(claimed))));
        if (!MerkleProof.verifyCalldata(proof, state.claimsRoot, leaf)) {
            revert RewardUnproven(campaign, claimed.index);
        }
        if (claimed.amount > state.cap) {
            revert RewardOverCap(campaign, claimed.amount, state.cap);
        }
        uint128 left = state.budget - state.paid;
        if (claimed.amount > left) revert RewardOverBudget(campaign, claimed.amount, left);
    }
}
