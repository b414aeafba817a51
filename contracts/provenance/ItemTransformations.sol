// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Commission,
    IItemLedger,
    ItemStep,
    TransformationInput,
    YieldFactor
} from "./IItemLedger.sol";
import {ItemBook} from "./ItemBook.sol";
import {ItemWord, LotWord} from "./types/ItemWord.sol";

/// @title Items made of others, by a mass balance
/// @notice See {IItemLedger}.
abstract contract ItemTransformations is ItemBook {
    bytes32 private constant YIELD_FACTOR_TYPEHASH = keccak256(
        "YieldFactor(address producer,bytes3 fromUnit,bytes3 toUnit,uint64 numerator,uint64 denominator,uint256 nonce,uint40 validUntil)"
    );

    /// @dev What goes in, while it is added up.
    /// @param unit Of the lots that come out; 0: none does.
    /// @param mass Went in in that unit.
    /// @param masses Went in in the unit of each factor.
    /// @param certifiers Whom the lots share that went in in the unit of each factor.
    /// @param certifier Whom all lots share that went in.
    struct Balance {
        bytes32 transformation;
        bytes3 unit;
        uint256 mass;
        uint256[] masses;
        address[] certifiers;
        bool hasLots;
        address certifier;
    }

    /// @inheritdoc IItemLedger
    function transform(
        TransformationInput[] calldata inputs,
        Commission[] calldata outputs,
        ItemStep calldata what,
        YieldFactor[] calldata factors,
        bytes[] calldata signatures
    ) external {
        if (inputs.length == 0 || outputs.length == 0) {
            revert TransformationEmpty(inputs.length, outputs.length);
        }
        if (factors.length != signatures.length) {
            revert ItemListInvalid(factors.length, signatures.length);
        }
        _requireCodes(what);

        (bytes3 unit, uint256 wanted) = _massOf(outputs);
        Balance memory balance = Balance({
            transformation: keccak256(
                abi.encode(msg.sender, itemIdOf(msg.sender, outputs[0].epcHash))
            ),
            unit: unit,
            mass: 0,
            masses: new uint256[](factors.length),
            certifiers: new address[](factors.length),
            hasLots: false,
            certifier: address(0)
        });
        for (uint256 i = 0; i < inputs.length; ++i) {
            _consume(balance, inputs[i], what, factors);
        }
        for (uint256 i = 0; i < factors.length; ++i) {
            balance.mass += _convert(balance, i, factors[i], signatures[i]);
        }
        if (wanted > balance.mass) revert MassCreated(wanted, balance.mass);
        for (uint256 i = 0; i < outputs.length; ++i) {
            _produce(balance, outputs[i], what);
        }
    }

    function _consume(
        Balance memory balance,
        TransformationInput calldata input,
        ItemStep calldata what,
        YieldFactor[] calldata factors
    ) private {
        (uint256 item, uint64 quantity) = (input.item, input.quantity);
        ItemWord word = _after(item, _requireLoose(item, msg.sender), what);
        bool isUsedUp = !word.isLot();
        if (isUsedUp && quantity != 0) revert ItemQuantityInvalid(quantity, 0);
        if (!isUsedUp) {
            LotWord lot = _lots[item];
            _weigh(balance, item, lot, quantity, factors);
            _lots[item] = lot.less(quantity);
            isUsedUp = quantity == lot.quantity();
        }

        _items[item] = isUsedUp ? word.asRetired() : word;

        emit ItemConsumed(item, balance.transformation, word.step(), quantity, what);
    }

    function _weigh(
        Balance memory balance,
        uint256 item,
        LotWord lot,
        uint64 quantity,
        YieldFactor[] calldata factors
    ) private pure {
        if (quantity == 0) revert ItemQuantityInvalid(0, lot.unit());
        if (quantity > lot.quantity()) revert LotExceeded(item, quantity, lot.quantity());
        (bytes3 unit, address certifier) = (lot.unit(), lot.certifier());
        if (!balance.hasLots) (balance.hasLots, balance.certifier) = (true, certifier);
        else if (balance.certifier != certifier) balance.certifier = address(0);
        if (unit == balance.unit) {
            balance.mass += quantity;
        } else if (balance.unit != 0) {
            uint256 i = _factorFor(balance, item, unit, certifier, factors);
            balance.masses[i] += quantity;
            balance.certifiers[i] = certifier;
        }
    }

    function _produce(Balance memory balance, Commission memory output, ItemStep calldata what)
        private
    {
        output.certifier = output.quantity == 0 ? address(0) : balance.certifier;
        emit ItemProduced(_commission(output, what), balance.transformation);
    }

    /// @dev What came in in the factor's unit, in the outputs' unit. The certifier that signed it
    /// is that of all lots in that unit.
    function _convert(
        Balance memory balance,
        uint256 index,
        YieldFactor calldata factor,
        bytes calldata signature
    ) private view returns (uint256) {
        bool fits = balance.masses[index] != 0 && factor.producer == msg.sender
            && factor.toUnit == balance.unit && factor.denominator != 0;
        if (!fits) revert YieldFactorInvalid(index);
        address certifier = balance.certifiers[index];
        _requireInTime(factor.validUntil);
        if (isNonceUsed(certifier, factor.nonce)) revert IntentNonceUsed(certifier, factor.nonce);
        _requireSignature(
            certifier, keccak256(abi.encode(YIELD_FACTOR_TYPEHASH, factor)), signature
        );
        return balance.masses[index] * factor.numerator / factor.denominator;
    }

    function _factorFor(
        Balance memory balance,
        uint256 item,
        bytes3 unit,
        address certifier,
        YieldFactor[] calldata factors
    ) private pure returns (uint256) {
        for (uint256 i = 0; i < factors.length; ++i) {
            if (factors[i].fromUnit != unit) continue;
            bool isTheirs = balance.masses[i] == 0 || balance.certifiers[i] == certifier;
            if (certifier != address(0) && isTheirs) return i;
        }
        revert YieldFactorMissing(item, unit, balance.unit);
    }

    /// @dev Of the lots among the outputs; they have one unit.
    function _massOf(Commission[] calldata outputs)
        private
        pure
        returns (bytes3 unit, uint256 mass)
    {
        for (uint256 i = 0; i < outputs.length; ++i) {
            if (outputs[i].quantity == 0) continue;
            if (unit == 0) unit = outputs[i].unit;
            if (outputs[i].unit != unit) revert TransformationUnitMixed(unit, outputs[i].unit);
            mass += outputs[i].quantity;
        }
    }
}
