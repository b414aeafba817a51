// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {IPointsHub, RedeemIntent, RedeemTerms, TransferIntent} from "./IPointsHub.sol";
import {Redemption} from "./IPointsReturns.sol";
import {PointsNetwork} from "./PointsNetwork.sol";
import {PointsPrograms} from "./PointsPrograms.sol";
import {PointsReturns} from "./PointsReturns.sol";
import {EpochRing, EpochRingLibrary} from "./types/EpochRing.sol";
import {ProgramSettings} from "./types/ProgramSettings.sol";

/// @title One ledger for the points of every brand
/// @notice See {IPointsHub}.
contract PointsHub is PointsReturns {
    /// @dev The ids of 256 orders; a set bit is an order that was redeemed.
    struct OrderWord {
        uint256 bits;
    }

    uint256 private constant ORDER_SIZE = 6;
    /// @dev Bytes of a packed redemption before its signature.
    uint256 private constant INTENT_HEAD = 39;

    bytes32 private constant TRANSFER_TYPEHASH = keccak256(
        "TransferIntent(uint256 program,address from,address to,uint48 points,uint256 nonce,uint40 deadline)"
    );
    bytes32 private constant REDEEM_TYPEHASH = keccak256(
        "RedeemIntent(uint256 program,uint256 merchant,bytes32 termsHash,address from,uint48 points,uint48 orderId,uint40 deadline)"
    );

    mapping(uint256 program => mapping(uint256 word => OrderWord orders)) private _orders;

    constructor(uint256 genesis, uint256 epochLength, address coin)
        EIP712("PointsHub", "1")
        PointsPrograms(genesis, epochLength)
        PointsNetwork(coin)
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

        EpochRing supply = _supplyAt(program, currentEpoch());
        uint256 points = _mintMany(program, supply, records);
        _spendBudget(program, points);
        _storeBatch(program, batchId, keccak256(records), ProgramSettings.issued(supply));

        emit BatchAwarded(program, batchId, records.length / RECORD_SIZE, points);
    }

    /// @inheritdoc IPointsHub
    function redeem(uint256 program, uint256 points) external {
        _burn(msg.sender, program, points);
    }

    /// @inheritdoc IPointsHub
    function redeemBySig(RedeemIntent calldata intent, bool refundable, bytes calldata signature)
        external
    {
        _requireIssuer(intent.merchant);
        _requireInTime(intent.deadline);
        _useOrder(intent.merchant, intent.orderId);
        bytes32 structHash = keccak256(abi.encode(REDEEM_TYPEHASH, intent));
        _requireSignature(intent.from, structHash, signature);
        uint256 amounts = _burn(intent.from, intent.program, intent.points);
        _settleOrder(intent, amounts, refundable);

        emit OrdersRedeemed(intent.merchant, intent.program, abi.encodePacked(intent.orderId));
    }

    /// @inheritdoc IPointsHub
    function redeemMany(RedeemTerms calldata terms, bytes calldata intents)
        external
        returns (uint256 redeemed)
    {
        _requireIssuer(terms.merchant);
        EpochRing supply = _supplyAt(terms.program, currentEpoch());
        bytes32 domain = _domainSeparatorV4();
        // As many whole intents as may fit, rounded down on purpose.
        // slither-disable-next-line divide-before-multiply
        bytes memory orders = new bytes(intents.length / INTENT_HEAD * ORDER_SIZE + 32);
        uint256 burned = 0;
        uint256 points = 0;
        uint256 room = terms.merchant == terms.program
            ? type(uint256).max
            : _roomAt(terms.program, terms.merchant);
        for (uint256 index = 0; intents.length != 0; ++index) {
            uint256 head;
            uint256 deadline;
            bytes calldata signature;
            (head, deadline, signature, intents) = _split(intents);
            (bytes4 reason, uint256 amounts) =
                _tryRedeem(terms, head, deadline, signature, domain, supply.epoch(), room - points);
            if (reason != 0) {
                emit IntentSkipped(terms.program, _from(head), uint48(head), index, reason);
                continue;
            }
            unchecked {
                // Lane by lane no more than the supply holds, which is the sum of all accounts.
                burned += amounts;
                points += uint48(head >> 48);
                _append(orders, redeemed++, uint48(head));
            }
        }
        _programs[terms.program].supply = supply.minus(burned);
        if (terms.merchant != terms.program) {
            _postRedemption(terms.program, terms.merchant, points);
        }

        _truncate(orders, redeemed);
        emit OrdersRedeemed(terms.merchant, terms.program, orders);
    }

    /// @inheritdoc IPointsHub
    function transferBySig(TransferIntent calldata intent, bytes calldata signature) external {
        bytes32 structHash = keccak256(abi.encode(TRANSFER_TYPEHASH, intent));
        _useIntent(intent.from, structHash, intent.nonce, intent.deadline, signature);
        _transfer(intent.from, intent.to, intent.program, intent.points);
    }

    /// @inheritdoc IPointsHub
    function isOrderUsed(uint256 program, uint256 orderId) external view returns (bool) {
        return _orders[program][orderId >> 8].bits >> (orderId & 0xff) & 1 != 0;
    }

    /// @dev Posts what another program owes the merchant, and stores a refundable redemption.
    function _settleOrder(RedeemIntent calldata intent, uint256 amounts, bool refundable) private {
        uint256 value = 0;
        if (intent.merchant != intent.program) {
            value = _postRedemption(intent.program, intent.merchant, intent.points);
        }
        if (!refundable) return;
        _storeRedemption(
            Redemption({
                program: intent.program,
                merchant: intent.merchant,
                from: intent.from,
                orderId: intent.orderId,
                epoch: uint16(currentEpoch()),
                amounts: amounts,
                value: value
            })
        );
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
        uint256 minted = 0;
        unchecked {
            for (uint256 offset = 0; offset < records.length; offset += RECORD_SIZE) {
                uint256 record = _word(records, offset);
                address to = address(uint160(record >> 96));
                uint256 units = uint48(record >> 48);
                uint256 lane = ProgramSettings.lane(supply, units);
                (uint256 credited,) = _credit(accounts, program, supply, to, units, lane);
                _emitTransfer(address(0), to, program, credited);
                minted += credited;
                points += units;
            }
        }
        supply = supply.plus(ProgramSettings.lane(supply, minted));
        _storeSupply(_programs[program], program, supply);
    }

    /// @dev Carries the intent out, or changes nothing and says why not.
    function _tryRedeem(
        RedeemTerms calldata terms,
        uint256 head,
        uint256 deadline,
        bytes calldata signature,
        bytes32 domain,
        uint256 epoch,
        uint256 room
    ) private returns (bytes4 reason, uint256 amounts) {
        uint256 program = terms.program;
        address from = _from(head);
        uint256 points = uint48(head >> 48);
        OrderWord storage orders = _orders[terms.merchant][uint48(head) >> 8];
        uint256 bit = 1 << (head & 0xff);

        if (block.timestamp > deadline) return (IntentExpired.selector, 0);
        if (orders.bits & bit != 0) return (OrderUsed.selector, 0);
        bytes32 structHash = _redeemHash(terms, from, points, uint48(head), deadline);
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, structHash);
        if (!_isSignedBy(from, digest, signature)) return (IntentSignatureInvalid.selector, 0);
        uint256 missing;
        if (points > room) {
            (, missing) = _accountNow(program, from).oldest(points);
            if (missing == 0) return (PositionOverLimit.selector, 0);
            return (ERC6909InsufficientBalance.selector, 0);
        }
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
        RedeemTerms calldata terms,
        address from,
        uint256 points,
        uint256 orderId,
        uint256 deadline
    ) private pure returns (bytes32 structHash) {
        bytes32 typeHash = REDEEM_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), terms, 0x60)
            mstore(add(free, 0x80), from)
            mstore(add(free, 0xa0), points)
            mstore(add(free, 0xc0), orderId)
            mstore(add(free, 0xe0), deadline)
            structHash := keccak256(free, 0x100)
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
