// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DeviceKey, DeviceSignature, IItemLedger, SensorWindow} from "./IItemLedger.sol";
import {ItemBook} from "./ItemBook.sol";

/// @title Devices and what they measured
/// @notice See {IItemLedger}.
abstract contract ItemSensors is ItemBook {
    bytes32 private constant ASSIGNMENT_TYPEHASH =
        keccak256("DeviceAssignment(bytes32 device,uint256 item,address custodian,uint64 window)");
    bytes32 private constant WINDOW_TYPEHASH = keccak256(
        "SensorWindow(bytes32 device,uint256 item,uint64 window,bytes32 root,uint32 count,uint40 startsAt,uint40 endsAt)"
    );
    /// @dev Where chains verify P-256 (EIP-7951).
    uint256 private constant P256_VERIFY = 0x100;

    /// @dev What it serves, and the last window that it anchored.
    struct Device {
        uint256 item;
        uint64 window;
    }

    mapping(bytes32 device => Device) private _devices;

    /// @inheritdoc IItemLedger
    function assignDevice(uint256 item, DeviceKey calldata key, DeviceSignature calldata signature)
        external
    {
        _requireCustodian(item, _requireLive(item));
        bytes32 device = _deviceFrom(key);
        Device memory served = _devices[device];
        if (served.item != 0) _requireCustodian(served.item, _items[served.item]);
        bytes32 structHash =
            keccak256(abi.encode(ASSIGNMENT_TYPEHASH, device, item, msg.sender, served.window));
        _requireDevice(device, structHash, key, signature);

        _devices[device].item = item;

        emit DeviceAssigned(item, device, msg.sender, key);
    }

    /// @inheritdoc IItemLedger
    function anchorReadings(
        SensorWindow calldata readings,
        DeviceKey calldata key,
        DeviceSignature calldata signature
    ) external {
        bytes32 device = readings.device;
        Device memory served = _devices[device];
        if (served.item == 0 || device != _deviceFrom(key)) revert DeviceUnknown(device);
        if (served.item != readings.item) revert DeviceElsewhere(device, served.item);
        if (readings.window != served.window + 1) {
            revert SensorWindowInvalid(device, readings.window, served.window + 1);
        }
        _requireMeasured(readings);
        _requireDevice(device, keccak256(abi.encode(WINDOW_TYPEHASH, readings)), key, signature);

        _devices[device].window = readings.window;

        _emitAnchored(readings);
    }

    /// @inheritdoc IItemLedger
    function deviceOf(bytes32 device) external view returns (uint256 item, uint64 window) {
        Device memory served = _devices[device];
        return (served.item, served.window);
    }

    function _emitAnchored(SensorWindow calldata readings) private {
        emit ReadingsAnchored(
            readings.item,
            readings.device,
            readings.window,
            readings.root,
            readings.count,
            readings.startsAt,
            readings.endsAt
        );
    }

    function _requireMeasured(SensorWindow calldata readings) private view {
        if (readings.count == 0) revert SensorWindowEmpty(readings.device, readings.window);
        if (readings.startsAt > readings.endsAt || _isAhead(readings.endsAt)) {
            revert SensorTimeInvalid(readings.startsAt, readings.endsAt, block.timestamp);
        }
    }

    function _requireDevice(
        bytes32 device,
        bytes32 structHash,
        DeviceKey calldata key,
        DeviceSignature calldata signature
    ) private view {
        bytes32 digest = _hashTypedDataV4(structHash);
        if (!_isVerified(digest, key, signature)) revert DeviceSignatureInvalid(device, digest);
    }

    /// @dev The answer counts only if it is one word, 1: an address without a precompile answers
    /// with nothing, and so does one that refuses.
    function _isVerified(bytes32 digest, DeviceKey calldata key, DeviceSignature calldata signature)
        private
        view
        returns (bool verified)
    {
        bytes memory data = abi.encode(digest, signature.r, signature.s, key.x, key.y);
        assembly ("memory-safe") {
            mstore(0, 0)
            verified := staticcall(gas(), P256_VERIFY, add(data, 32), mload(data), 0, 32)
            verified := and(verified, and(eq(returndatasize(), 32), eq(mload(0), 1)))
        }
    }

    function _deviceFrom(DeviceKey calldata key) private pure returns (bytes32 device) {
        return keccak256(abi.encode(key.x, key.y));
    }
}
