// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SignedIntents} from "../common/SignedIntents.sol";
import {ClearingHouse} from "./ClearingHouse.sol";
import {ExchangeIntent, IPointsNetwork, Position, Prices} from "./IPointsNetwork.sol";
import {PointsLedger} from "./PointsLedger.sol";
import {EpochRingLibrary} from "./types/EpochRing.sol";

/// @title Points of one brand become points of another, or are spent there
/// @notice See {IPointsNetwork}.
abstract contract PointsNetwork is PointsLedger, SignedIntents, IPointsNetwork {
    bytes32 private constant EXCHANGE_TYPEHASH = keccak256(
        "ExchangeIntent(uint256 program,uint256 toProgram,address from,uint48 points,uint48 minPoints,bytes32 termsHash,uint256 nonce,uint40 deadline)"
    );
    uint256 private constant NOTICES_PER_EPOCH = 26;
    /// @dev Units in a point, since prices are per 1.00 point.
    uint256 private constant UNITS = 100;

    /// @inheritdoc IPointsNetwork
    ClearingHouse public immutable CLEARING_HOUSE;
    /// @inheritdoc IPointsNetwork
    uint256 public immutable PRICE_NOTICE;

    mapping(uint256 program => Prices prices) private _prices;
    mapping(uint256 lower => mapping(uint256 higher => Position position)) private _positions;

    modifier onlyClearingHouse() {
        if (msg.sender != address(CLEARING_HOUSE)) revert ClearingHouseOnly(msg.sender);
        _;
    }

    constructor(address coin) {
        CLEARING_HOUSE = new ClearingHouse(coin);
        PRICE_NOTICE = EPOCH_LENGTH / NOTICES_PER_EPOCH;
    }

    /// @inheritdoc IPointsNetwork
    function announcePrices(uint256 program, uint48 onRamp, uint48 offRamp)
        external
        onlyProgramOwner(program)
    {
        if (offRamp == 0 || offRamp > onRamp) revert PricesInvalid(onRamp, offRamp);

        Prices memory prices = pricesOf(program);
        uint256 effectiveAt = block.timestamp + (prices.onRamp == 0 ? 0 : PRICE_NOTICE);
        (prices.nextOnRamp, prices.nextOffRamp) = (onRamp, offRamp);
        prices.effectiveAt = uint40(effectiveAt);
        _prices[program] = prices;

        emit PricesAnnounced(program, onRamp, offRamp, uint40(effectiveAt));
    }

    /// @inheritdoc IPointsNetwork
    function exchange(
        uint256 program,
        uint48 points,
        uint256 toProgram,
        uint48 minPoints,
        uint40 deadline
    ) external returns (uint256 received) {
        _requireInTime(deadline);
        return _exchange(msg.sender, program, toProgram, points, minPoints);
    }

    /// @inheritdoc IPointsNetwork
    function exchangeBySig(ExchangeIntent calldata intent, bytes calldata signature)
        external
        returns (uint256 received)
    {
        bytes32 structHash = keccak256(abi.encode(EXCHANGE_TYPEHASH, intent));
        _useIntent(intent.from, structHash, intent.nonce, intent.deadline, signature);
        return
            _exchange(
                intent.from, intent.program, intent.toProgram, intent.points, intent.minPoints
            );
    }

    /// @inheritdoc IPointsNetwork
    function redeemAt(
        uint48 points,
        uint48 minValue,
        uint256 program,
        uint256 merchant,
        uint40 deadline
    ) external returns (uint256 value) {
        _requireInTime(deadline);
        _burn(msg.sender, program, points);
        value = _postRedemption(program, merchant, points);
        if (value < minValue) revert RedemptionBelowMinimum(value, minValue);
    }

    /// @inheritdoc IPointsNetwork
    function setLimit(uint256 debtor, uint256 creditor, uint72 limit) external onlyClearingHouse {
        (uint256 owed,) = positionOf(debtor, creditor);
        if (owed > limit) revert PositionOverLimit(debtor, creditor, owed, limit);

        Position storage position = _positionOf(debtor, creditor);
        if (debtor < creditor) position.lowerLimit = limit;
        else position.higherLimit = limit;
    }

    /// @inheritdoc IPointsNetwork
    function clearPosition(uint256 debtor, uint256 creditor)
        external
        onlyClearingHouse
        returns (uint256 paid)
    {
        uint256 limit;
        (paid, limit) = positionOf(debtor, creditor);
        if (paid == 0) return 0;

        Position storage position = _positionOf(debtor, creditor);
        position.net = 0;
        if (debtor < creditor) position.lowerLimit = uint88(limit - paid);
        else position.higherLimit = uint88(limit - paid);
    }

    /// @inheritdoc IPointsNetwork
    function quoteExchange(uint256 program, uint256 toProgram, address account, uint48 points)
        external
        view
        returns (uint256 received, uint256 value)
    {
        (uint256 offRamp, uint256 onRamp) = _rate(program, toProgram);
        (uint256 amounts, uint256 missing) = _accountNow(program, account).oldest(points);
        if (missing != 0) {
            revert ERC6909InsufficientBalance(account, points - missing, points, program);
        }
        received = EpochRingLibrary.total(EpochRingLibrary.scale(amounts, offRamp, onRamp));
        value = _value(points, offRamp);
    }

    /// @inheritdoc IPointsNetwork
    function positionOf(uint256 debtor, uint256 creditor)
        public
        view
        returns (uint256 owed, uint256 limit)
    {
        Position storage position = _positionOf(debtor, creditor);
        uint256 word;
        assembly ("memory-safe") {
            word := sload(position.slot)
        }
        int256 net;
        (net, limit) = _unpack(word, debtor < creditor);
        owed = net > 0 ? uint256(net) : 0;
    }

    /// @inheritdoc IPointsNetwork
    function pricesOf(uint256 program) public view returns (Prices memory prices) {
        prices = _prices[program];
        if (prices.effectiveAt != 0 && prices.effectiveAt <= block.timestamp) {
            (prices.onRamp, prices.offRamp) = (prices.nextOnRamp, prices.nextOffRamp);
            (prices.nextOnRamp, prices.nextOffRamp, prices.effectiveAt) = (0, 0, 0);
        }
    }

    /// @dev What `program` owes `merchant` for points spent there, rounded against the debtor.
    function _postRedemption(uint256 program, uint256 merchant, uint256 points)
        internal
        returns (uint256 value)
    {
        value = _value(points, _offRamp(program));
        _post(program, merchant, value);
    }

    /// @dev Burns lane by lane and mints the same lanes, each rounded down; the debt is rounded up.
    function _exchange(
        address account,
        uint256 program,
        uint256 toProgram,
        uint256 points,
        uint256 minPoints
    ) private returns (uint256 received) {
        (uint256 offRamp, uint256 onRamp) = _rate(program, toProgram);
        uint256 amounts = EpochRingLibrary.scale(_burn(account, program, points), offRamp, onRamp);
        received = EpochRingLibrary.total(amounts);
        if (received < minPoints) revert ExchangeBelowMinimum(received, minPoints);

        _post(program, toProgram, _value(points, offRamp));
        _mintLanes(account, toProgram, amounts, received);
    }

    /// @dev One word is read and written: net in the low 80 bits, the two limits above it.
    function _post(uint256 debtor, uint256 creditor, uint256 value) internal {
        if (debtor == creditor) revert ProgramsEqual(debtor);
        bool isLower = debtor < creditor;
        Position storage position = _positionOf(debtor, creditor);
        uint256 word;
        assembly ("memory-safe") {
            word := sload(position.slot)
        }
        (int256 owed, uint256 limit) = _unpack(word, isLower);
        owed += int256(value);
        if (owed > int256(limit)) revert PositionOverLimit(debtor, creditor, uint256(owed), limit);

        uint256 net = uint80(int80(isLower ? owed : -owed));
        assembly ("memory-safe") {
            sstore(position.slot, or(shl(80, shr(80, word)), net))
        }
        emit PositionPosted(debtor, creditor, value);
    }

    /// @dev Most points of `program` that can still be spent at `merchant` within the limit.
    function _roomAt(uint256 program, uint256 merchant) internal view returns (uint256 points) {
        uint256 offRamp = _offRamp(program);
        Position storage position = _positionOf(program, merchant);
        uint256 word;
        assembly ("memory-safe") {
            word := sload(position.slot)
        }
        (int256 owed, uint256 limit) = _unpack(word, program < merchant);
        return uint256(int256(limit) - owed) * UNITS / offRamp;
    }

    /// @dev Rounded up: against the program that pays.
    function _value(uint256 points, uint256 offRamp) private pure returns (uint256) {
        unchecked {
            return (points * offRamp + UNITS - 1) / UNITS;
        }
    }

    /// @dev A point of `program` is worth offRamp / onRamp points of `toProgram`.
    function _rate(uint256 program, uint256 toProgram)
        private
        view
        returns (uint256 offRamp, uint256 onRamp)
    {
        offRamp = _offRamp(program);
        (onRamp,) = _pricesNow(toProgram);
        if (onRamp == 0) revert ProgramNotConnected(toProgram);
    }

    function _offRamp(uint256 program) private view returns (uint256 offRamp) {
        (, offRamp) = _pricesNow(program);
        if (offRamp == 0) revert ProgramNotConnected(program);
    }

    function _positionOf(uint256 debtor, uint256 creditor) private view returns (Position storage) {
        return debtor < creditor ? _positions[debtor][creditor] : _positions[creditor][debtor];
    }

    /// @dev The fields of a `Position` as the lower or the higher program sees them.
    function _unpack(uint256 word, bool isLower) private pure returns (int256 owed, uint256 limit) {
        assembly ("memory-safe") {
            owed := signextend(9, word)
        }
        if (isLower) return (owed, uint88(word >> 80));
        return (-owed, word >> 168);
    }

    /// @dev Shifts the announced pair, once it holds, onto the place of the other (see `Prices`).
    function _pricesNow(uint256 program) private view returns (uint256 onRamp, uint256 offRamp) {
        Prices storage prices = _prices[program];
        uint256 word;
        assembly ("memory-safe") {
            word := sload(prices.slot)
        }
        uint256 effectiveAt = word >> 192;
        if (effectiveAt != 0 && effectiveAt <= block.timestamp) word >>= 96;
        onRamp = uint48(word);
        offRamp = uint48(word >> 48);
    }
}
