// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EthereumDIDRegistry} from "ethr-did-registry/contracts/EthereumDIDRegistry.sol";

/// @notice The registry of did:ethr, compiled with the settings of this project.
contract ERC1056Registry is EthereumDIDRegistry {}
