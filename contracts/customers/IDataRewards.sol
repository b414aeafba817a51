// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPointsHub} from "../loyalty/IPointsHub.sol";
import {IInteractionLog} from "./IInteractionLog.sol";

/// @notice What a campaign pays with.
enum RewardKind {
    None,
    Coin,
    Points
}

/// @notice What a campaign is and how far it has come.
/// @param sponsor The company that pays.
/// @param kind Coin: `asset` is an ERC-20, amounts are its base units. Points: `asset` is a
/// program of the hub that the sponsor owns and of which this contract is an issuer; amounts are
/// hundredths of a point.
/// @param cap The most that one person gets.
/// @param purposes As in Permission.
/// @param log The interaction log whose disclosures are rewarded.
/// @param claimsUntil Seconds since 1970, exclusive; then the sponsor takes back what is left.
/// @param claimsRoot Root over the claims; zero until it is published, then fixed.
/// @param headAtPublication The log's head that the claims were computed from.
struct RewardCampaign {
    address sponsor;
    uint40 claimsUntil;
    RewardKind kind;
    uint256 asset;
    uint128 budget;
    uint128 paid;
    uint128 cap;
    uint128 purposes;
    bytes32 log;
    bytes32 claimsRoot;
    bytes32 headAtPublication;
}

/// @notice One person's reward: a leaf of the campaign's tree.
/// @param person Random-looking, one for each person and campaign.
struct RewardClaim {
    uint256 campaign;
    uint256 index;
    bytes32 person;
    address payee;
    uint128 amount;
}

/// @title Data rewards: a company pays people for the data that they let it read
/// @notice A campaign is funded before anyone consents, so its promise is backed. The sponsor adds
/// up the disclosures that were anchored and publishes one root of claims, once; anyone with the
/// log can add up again. A later withdrawal of consent takes nothing back.
/// @dev Leaf: keccak256(keccak256(abi.encode(campaign, index, person, payee, amount))).
interface IDataRewards {
    event RewardCampaignCreated(
        uint256 indexed campaign, address indexed sponsor, RewardKind kind, uint256 asset
    );
    event RewardCampaignFunded(uint256 indexed campaign, uint128 budget);
    event RewardClaimsPublished(uint256 indexed campaign, bytes32 claimsRoot, bytes32 head);
    event RewardClaimed(uint256 indexed campaign, uint256 index, address payee, uint128 amount);
    event RewardCampaignClosed(uint256 indexed campaign, uint128 returned);

    error RewardCampaignUnknown(uint256 campaign);
    error RewardSponsorOnly(uint256 campaign, address caller);
    error RewardSettingInvalid(bytes32 setting, uint256 value);
    error RewardClaimsPublishedBefore(uint256 campaign);
    error RewardClaimsUnpublished(uint256 campaign);
    error RewardClaimsOver(uint256 campaign, uint40 claimsUntil);
    error RewardClaimsOpen(uint256 campaign, uint40 claimsUntil);
    error RewardUnproven(uint256 campaign, uint256 index);
    error RewardClaimedBefore(uint256 campaign, uint256 index, bytes32 person);
    error RewardOverCap(uint256 campaign, uint128 amount, uint128 cap);
    error RewardOverBudget(uint256 campaign, uint128 amount, uint128 left);
    error RewardBudgetInvalid(uint256 campaign, uint256 budget);

    /// @notice Creates a campaign of the caller.
    /// @param kind Coin or Points.
    /// @param asset Address of the ERC-20, or id of the program (owned by the caller).
    /// @param cap More than 0.
    /// @param purposes At least one.
    /// @param log An open log.
    /// @param claimsUntil Seconds since 1970, in the future.
    function create(
        RewardKind kind,
        uint256 asset,
        uint128 cap,
        uint128 purposes,
        bytes32 log,
        uint40 claimsUntil
    ) external returns (uint256 campaign);

    /// @notice Adds to the budget until the claims are published: what arrives of the coin, or a
    /// promise of fresh points. Only the sponsor.
    function fund(uint256 campaign, uint128 amount) external;

    /// @notice Fixes the claims, once. Only the sponsor.
    function publish(uint256 campaign, bytes32 claimsRoot) external;

    /// @notice Pays a claim to its payee; anyone may submit it. Once per index and per person.
    function claim(RewardClaim calldata claimed, bytes32[] calldata proof) external;

    /// @notice Returns to the sponsor what was not claimed in time.
    function close(uint256 campaign) external;

    function campaignOf(uint256 campaign) external view returns (RewardCampaign memory);
    function isClaimed(uint256 campaign, uint256 index) external view returns (bool);
    function isPaid(uint256 campaign, bytes32 person) external view returns (bool);
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function HUB() external view returns (IPointsHub);
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function LOG() external view returns (IInteractionLog);
}
