// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ISignedIntents} from "../common/ISignedIntents.sol";

/// @notice A money-backed gift card. Its id is the EIP-712 hash of these fields: none can change.
/// @param key Address of the key that travels on the card; it signs what is spent.
/// @param buyer Who paid, and is refunded what is left if the terms allow.
/// @param guild Merchants that take the card.
/// @param refundAt When the buyer may take back what is left; 0 for never.
/// @param termsHash Legal terms of the card; zero for none.
struct GiftCard {
    address key;
    address buyer;
    uint256 guild;
    uint40 refundAt;
    bytes32 termsHash;
}

/// @notice The card key's permission to pay a merchant (EIP-712).
/// @param amount Base units of the coin.
struct GiftPayment {
    bytes32 card;
    address merchant;
    uint256 amount;
    uint256 nonce;
    uint40 deadline;
}

/// @title Gift cards that hold real money
/// @notice The coin lies here until it is spent at a merchant of the card's guild, in parts if need
/// be. Whoever holds the card's key can spend it. A guild's merchants are only ever added.
/// @dev In the shape of ERC-7291 (purpose-bound money), with one storage slot per card.
interface IGiftVoucher is ISignedIntents {
    event GuildCreated(uint256 indexed guild, address indexed owner);
    event MerchantAdded(uint256 indexed guild, address indexed merchant);
    event CardBought(
        bytes32 indexed card, address indexed buyer, uint256 indexed guild, uint256 amount
    );
    event CardSpent(bytes32 indexed card, address indexed merchant, uint256 amount);
    event CardRefunded(bytes32 indexed card, address indexed buyer, uint256 amount);

    error GuildUnknown(uint256 guild);
    error GuildOwnerOnly(uint256 guild, address caller);
    error GuildMerchantOnly(uint256 guild, address merchant);
    error CardBuyerOnly(address buyer, address caller);
    error CardKeyInvalid(address key);
    error CardBoughtBefore(bytes32 card);
    error CardEmpty(bytes32 card);
    error CardMismatch(bytes32 stated, bytes32 card);
    error CardBalanceExceeded(bytes32 card, uint256 amount, uint256 left);
    error CardRefundTooEarly(bytes32 card, uint256 refundAt, uint256 timestamp);

    /// @notice Opens a list of merchants that the caller keeps.
    function createGuild(address[] calldata merchants) external returns (uint256 guild);

    /// @notice Adds a merchant. Only the guild's owner.
    function addMerchant(uint256 guild, address merchant) external;

    /// @notice Loads a card with the caller's coin; what arrives counts.
    function buy(GiftCard calldata card, uint256 amount) external returns (bytes32 id);

    /// @notice Pays the merchant by the card key's signature, whoever submits it.
    function spend(GiftCard calldata card, GiftPayment calldata payment, bytes calldata signature)
        external;

    /// @notice Pays what is left back to the buyer, once the card's terms allow it.
    function refund(GiftCard calldata card) external;

    function cardId(GiftCard calldata card) external view returns (bytes32);

    /// @notice Base units of the coin left on the card.
    function balanceOf(bytes32 card) external view returns (uint256);
    function isMerchant(uint256 guild, address merchant) external view returns (bool);
    function guildOwnerOf(uint256 guild) external view returns (address);

    // solhint-disable-next-line func-name-mixedcase -- immutable
    function COIN() external view returns (IERC20);
}
