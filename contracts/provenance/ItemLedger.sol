// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {ItemCustody} from "./ItemCustody.sol";
import {ItemSensors} from "./ItemSensors.sol";
import {ItemTransformations} from "./ItemTransformations.sol";

/// @title Item ledger: origin, custody and transformation of products
/// @notice See {IItemLedger}.
contract ItemLedger is ItemCustody, ItemTransformations, ItemSensors {
    constructor() EIP712("ItemLedger", "1") {}
}
