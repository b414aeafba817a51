// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {SignedIntents} from "../common/SignedIntents.sol";
import {IPointsHub, RedeemIntent, TransferIntent} from "./IPointsHub.sol";
import {PointsLedger} from "./PointsLedger.sol";
import {PointsPrograms} from "./PointsPrograms.sol";
import {EpochRing, EpochRingLibrary} from "./types/EpochRing.sol";
import {ProgramSettings} from "./types/ProgramSettings.sol";

/// @title One ledger for the points of every brand
/// @notice See {IPointsHub}.
contract PointsHub is PointsLedger, SignedIntents {
    /// @dev The ids of 256 orders; a set bit is an order that was redeemed.
    struct OrderWord {
        uint256 bits;
    }

    uint256 private constant RECORD_SIZE = 26;
    uint256 private constant ORDER_SIZE = 6;
    /// @dev Bytes of a packed redemption before its signature.
    uint256 private constant INTENT_HEAD = 39;

    bytes32 private constant TRANSFER_TYPEHASH = keccak256(
        "TransferIntent(uint256 program,address from,address to,uint48 points,uint256 nonce,uint40 deadline)"
    );
    bytes32 private constant REDEEM_TYPEHASH = keccak256(
        "RedeemIntent(uint256 program,address from,uint48 points,uint48 orderId,uint40 deadline)"
    );

    mapping(uint256 program => mapping(bytes32 batchId => bytes32 digest)) private _batches;
    mapping(uint256 program => mapping(uint256 word => OrderWord orders)) private _orders;

    constructor(uint256 genesis, uint256 epochLength)
        EIP712("PointsHub", "1")
        PointsPrograms(genesis, epochLength)
    {}

    /// @inheritdoc IPointsHub
    function award(uint256 program, uint48 points, address to) external {
        _spendBudget(program, points);
        _mint(to, program, points);
    }

    /// @inheritdoc IPointsHub
    function awardMany(uint256 program, bytes32 batchId, bytes calldata records) external {
        _requireIssuer(program);
        if (records.length == 0 || records.length % RECORD_SIZE != 0) {
            revert RecordsMalformed(records.length);
        }
        if (_batches[program][batchId] != 0) revert BatchAwardedBefore(program, batchId);

        EpochRing supply = _supplyAt(program, currentEpoch());
        uint256 points = _mintMany(program, supply, records);
        _spendBudget(program, points);
        _batches[program][batchId] = _digest(records, ProgramSettings.issued(supply));

        emit BatchAwarded(program, batchId, records.length / RECORD_SIZE, points);
    }

    /// @inheritdoc IPointsHub
    function redeem(uint256 program, uint256 points) external {
        _burn(msg.sender, program, points);
    }

    /// @inheritdoc IPointsHub
    function redeemBySig(RedeemIntent calldata intent, bytes calldata signature) external {
        _requireIssuer(intent.program);
        _requireInTime(intent.deadline);
        _useOrder(intent.program, intent.orderId);
        bytes32 structHash = keccak256(abi.encode(REDEEM_TYPEHASH, intent));
        _requireSignature(intent.from, structHash, signature);
        _burn(intent.from, intent.program, intent.points);

        emit OrdersRedeemed(intent.program, abi.encodePacked(intent.orderId));
    }

    /// @inheritdoc IPointsHub
    function redeemMany(uint256 program, bytes calldata intents)
        external
        returns (uint256 redeemed)
    {
        _requireIssuer(program);
        EpochRing supply = _supplyAt(program, currentEpoch());
        bytes32 domain = _domainSeparatorV4();
        // As many whole intents as may fit, rounded down on purpose.
        // slither-disable-next-line divide-before-multiply
        bytes memory orders = new bytes(intents.length / INTENT_HEAD * ORDER_SIZE + 32);
        uint256 burned = 0;
        for (uint256 index = 0; intents.length != 0; ++index) {
            uint256 head;
            uint256 deadline;
            bytes calldata signature;
            (head, deadline, signature, intents) = _split(intents);
            (bytes4 reason, uint256 amounts) =
                _tryRedeem(program, head, deadline, signature, domain, supply.epoch());
            if (reason != 0) {
                emit IntentSkipped(program, _from(head), uint48(head), index, reason);
                continue;
            }
            unchecked {
                // Lane by lane no more than the supply holds, which is the sum of all accounts.
                burned += amounts;
                _append(orders, redeemed++, uint48(head));
            }
        }
        _programs[program].supply = supply.minus(burned);

        _truncate(orders, redeemed);
        emit OrdersRedeemed(program, orders);
    }

    /// @inheritdoc IPointsHub
    function transferBySig(TransferIntent calldata intent, bytes calldata signature) external {
        bytes32 structHash = keccak256(abi.encode(TRANSFER_TYPEHASH, intent));
        _useIntent(intent.from, structHash, intent.nonce, intent.deadline, signature);
        _transfer(intent.from, intent.to, intent.program, intent.points);
    }

    /// @inheritdoc IPointsHub
    function batchDigestOf(uint256 program, bytes32 batchId) external view returns (bytes32) {
        return _batches[program][batchId];
    }

    /// @inheritdoc IPointsHub
    function isOrderUsed(uint256 program, uint256 orderId) external view returns (bool) {
        return _orders[program][orderId >> 8].bits >> (orderId & 0xff) & 1 != 0;
    }

    function _useOrder(uint256 program, uint256 orderId) private {
        OrderWord storage orders = _orders[program][orderId >> 8];
        uint256 bit = 1 << (orderId & 0xff);
        if (orders.bits & bit != 0) revert OrderUsed(program, orderId);
        orders.bits |= bit;
    }

    /// @dev Credits every record; the supply is written once.
    function _mintMany(uint256 program, EpochRing supply, bytes calldata records)
        private
        returns (uint256 points)
    {
        mapping(address account => AccountRecord record) storage accounts = _accounts[program];
        unchecked {
            for (uint256 offset = 0; offset < records.length; offset += RECORD_SIZE) {
                uint256 record = _word(records, offset);
                address to = address(uint160(record >> 96));
                uint256 units = uint48(record >> 48);
                _credit(accounts, program, supply, to, units);
                _emitTransfer(address(0), to, program, units);
                points += units;
            }
        }
        _growSupply(_programs[program], program, supply, points);
    }

    /// @dev Carries the intent out, or changes nothing and says why not.
    function _tryRedeem(
        uint256 program,
        uint256 head,
        uint256 deadline,
        bytes calldata signature,
        bytes32 domain,
        uint256 epoch
    ) private returns (bytes4 reason, uint256 amounts) {
        address from = _from(head);
        uint256 points = uint48(head >> 48);
        OrderWord storage orders = _orders[program][uint48(head) >> 8];
        uint256 bit = 1 << (head & 0xff);

        if (block.timestamp > deadline) return (IntentExpired.selector, 0);
        if (orders.bits & bit != 0) return (OrderUsed.selector, 0);
        bytes32 structHash = _redeemHash(program, from, points, uint48(head), deadline);
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, structHash);
        if (!_isSignedBy(from, digest, signature)) return (IntentSignatureInvalid.selector, 0);
        uint256 missing;
        (amounts, missing) = _debit(_accounts[program], program, from, points, epoch);
        if (missing != 0) return (ERC6909InsufficientBalance.selector, 0);

        orders.bits |= bit;
        _emitTransfer(from, address(0), program, points);
    }

    /// @dev Splits the first packed intent off. Its head is: address from, uint48 points, uint48
    /// order.
    function _split(bytes calldata intents)
        private
        pure
        returns (uint256 head, uint256 deadline, bytes calldata signature, bytes calldata rest)
    {
        uint256 tail = _word(intents, 32);
        uint256 end = INTENT_HEAD + uint16(tail >> 200);
        if (intents.length < end) revert RecordsMalformed(intents.length);
        (head, deadline) = (_word(intents, 0), tail >> 216);
        (signature, rest) = (intents[INTENT_HEAD:end], intents[end:]);
    }

    function _from(uint256 head) private pure returns (address) {
        return address(uint160(head >> 96));
    }

    /// @dev hashStruct of a `RedeemIntent`, from unallocated memory.
    function _redeemHash(
        uint256 program,
        address from,
        uint256 points,
        uint256 orderId,
        uint256 deadline
    ) private pure returns (bytes32 structHash) {
        bytes32 typeHash = REDEEM_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 0x20), program)
            mstore(add(free, 0x40), from)
            mstore(add(free, 0x60), points)
            mstore(add(free, 0x80), orderId)
            mstore(add(free, 0xa0), deadline)
            structHash := keccak256(free, 0xc0)
        }
    }

    function _digest(bytes calldata records, uint256 issued) private pure returns (bytes32) {
        return bytes32(uint256(keccak256(records)) & ~uint256(type(uint16).max) | issued);
    }

    /// @dev 32 bytes of `data` from `offset`, zeros past its end.
    function _word(bytes calldata data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }

    /// @dev Writes the order id as element `index`; the buffer has a spare word at its end.
    function _append(bytes memory orders, uint256 index, uint256 orderId) private pure {
        assembly ("memory-safe") {
            mstore(add(add(orders, 32), mul(index, ORDER_SIZE)), shl(208, orderId))
        }
    }

    function _truncate(bytes memory orders, uint256 count) private pure {
        assembly ("memory-safe") {
            mstore(orders, mul(count, ORDER_SIZE))
        }
    }
}
