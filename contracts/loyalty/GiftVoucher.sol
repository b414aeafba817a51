// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {MeasuredCoin} from "../common/MeasuredCoin.sol";
import {SignedIntents} from "../common/SignedIntents.sol";
import {GiftCard, GiftPayment, IGiftVoucher} from "./IGiftVoucher.sol";

/// @title Gift cards that hold real money
/// @notice See {IGiftVoucher}.
contract GiftVoucher is IGiftVoucher, SignedIntents, ReentrancyGuardTransient {
    using MeasuredCoin for IERC20;

    bytes32 private constant CARD_TYPEHASH = keccak256(
        "GiftCard(address key,address buyer,uint256 guild,uint40 refundAt,bytes32 termsHash)"
    );
    bytes32 private constant PAYMENT_TYPEHASH = keccak256(
        "GiftPayment(bytes32 card,address merchant,uint256 amount,uint256 nonce,uint40 deadline)"
    );

    /// @inheritdoc IGiftVoucher
    IERC20 public immutable COIN;

    uint256 private _guildCount;
    /// @inheritdoc IGiftVoucher
    mapping(uint256 guild => address owner) public guildOwnerOf;
    /// @inheritdoc IGiftVoucher
    mapping(uint256 guild => mapping(address merchant => bool listed)) public isMerchant;
    /// @dev One more than what is left, so that a spent card is not taken for one never bought.
    mapping(bytes32 card => uint256 amount) private _balances;

    constructor(IERC20 coin) EIP712("GiftVoucher", "1") {
        MeasuredCoin.requireCode(address(coin));

        COIN = coin;
    }

    /// @inheritdoc IGiftVoucher
    function createGuild(address[] calldata merchants) external returns (uint256 guild) {
        guild = ++_guildCount;
        guildOwnerOf[guild] = msg.sender;

        emit GuildCreated(guild, msg.sender);
        for (uint256 i = 0; i < merchants.length; ++i) {
            _addMerchant(guild, merchants[i]);
        }
    }

    /// @inheritdoc IGiftVoucher
    function addMerchant(uint256 guild, address merchant) external {
        if (guildOwnerOf[guild] != msg.sender) revert GuildOwnerOnly(guild, msg.sender);

        _addMerchant(guild, merchant);
    }

    /// @inheritdoc IGiftVoucher
    function buy(GiftCard calldata card, uint256 amount)
        external
        nonReentrant
        returns (bytes32 id)
    {
        if (card.buyer != msg.sender) {
            revert CardBuyerOnly(card.buyer, msg.sender);
        }
        if (card.key == address(0)) revert CardKeyInvalid(card.key);
        if (guildOwnerOf[card.guild] == address(0)) revert GuildUnknown(card.guild);
        id = cardId(card);
        if (_balances[id] != 0) revert CardBoughtBefore(id);

        uint256 received = COIN.takeFrom(msg.sender, amount);
        if (received == 0) revert CardEmpty(id);
        _balances[id] = received + 1;

        emit CardBought(id, msg.sender, card.guild, received);
    }

    /// @inheritdoc IGiftVoucher
    function spend(GiftCard calldata card, GiftPayment calldata payment, bytes calldata signature)
        external
        nonReentrant
    {
        bytes32 id = cardId(card);
        if (!isMerchant[card.guild][payment.merchant]) {
            revert GuildMerchantOnly(card.guild, payment.merchant);
        }
        if (payment.card != id) revert CardMismatch(payment.card, id);
        uint256 left = balanceOf(id);
        if (payment.amount > left) revert CardBalanceExceeded(id, payment.amount, left);
        bytes32 structHash = keccak256(abi.encode(PAYMENT_TYPEHASH, payment));
        _useIntent(card.key, structHash, payment.nonce, payment.deadline, signature);

        _balances[id] -= payment.amount;

        emit CardSpent(id, payment.merchant, payment.amount);

        COIN.payTo(payment.merchant, payment.amount);
    }

    /// @inheritdoc IGiftVoucher
    function refund(GiftCard calldata card) external nonReentrant {
        bytes32 id = cardId(card);
        if (card.refundAt == 0 || block.timestamp < card.refundAt) {
            revert CardRefundTooEarly(id, card.refundAt, block.timestamp);
        }
        uint256 left = balanceOf(id);
        if (left == 0) revert CardEmpty(id);

        _balances[id] = 1;

        emit CardRefunded(id, card.buyer, left);

        COIN.payTo(card.buyer, left);
    }

    /// @inheritdoc IGiftVoucher
    function cardId(GiftCard calldata card) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CARD_TYPEHASH, card)));
    }

    /// @inheritdoc IGiftVoucher
    function balanceOf(bytes32 card) public view returns (uint256) {
        uint256 stored = _balances[card];
        return stored == 0 ? 0 : stored - 1;
    }

    function _addMerchant(uint256 guild, address merchant) private {
        isMerchant[guild][merchant] = true;

        emit MerchantAdded(guild, merchant);
    }
}
