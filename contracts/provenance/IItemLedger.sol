// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignedIntents} from "../common/ISignedIntents.sol";

/// @notice What happens to an item, in the codes of GS1's Core Business Vocabulary 2.0.
/// @param bizStep 1 to 41, as numbered in crmdapp.provenance.gs1; 0: unchanged, of a new item none.
/// @param disposition 1 to 33; 0 as above.
/// @param eventTime Seconds since 1970; not before the item's last event, at most an hour from now.
/// @param eventHash SHA-256 "EPCIS event hash" (CBV 2.0) of the event's document; 0: none.
struct ItemStep {
    uint8 bizStep;
    uint8 disposition;
    uint40 eventTime;
    bytes32 eventHash;
}

/// @notice A new item.
/// @param epcHash keccak256 of its canonical GS1 Digital Link.
/// @param level 0 (a piece) to 4 (a ship's hold); only a lower level is packed into a higher.
/// @param tag Address of the key under the label's seal; 0: none.
/// @param quantity Of a lot, thousandths of `unit`; 0: a serial item.
/// @param unit Of a lot, UN/ECE Recommendation 20 code in ASCII, as "KGM"; 0: a serial item.
/// @param certifier Of a lot, who may sign yield factors for it and what is made of it; 0: nobody,
/// as of a serial item.
struct Commission {
    bytes32 epcHash;
    uint8 level;
    address tag;
    uint64 quantity;
    bytes3 unit;
    address certifier;
}

/// @notice An item, in one word.
/// @param custodian Who has it; of a packed item who had it when it was packed.
/// @param step Counts its events, from 1. A node that leaves one out leaves a gap.
/// @param isPacked It moves with its parent.
/// @param isRetired Used up, destroyed or sold for good: it moves and changes no more. What is
/// still packed in it can be unpacked; its errors can be declared, it can be recalled, its seal
/// broken.
struct Item {
    address custodian;
    uint32 step;
    uint8 bizStep;
    uint8 disposition;
    uint8 level;
    bool isPacked;
    bool isLot;
    bool isRetired;
    bool isRecalled;
    uint40 lastTime;
}

/// @notice What is left of a lot.
struct Lot {
    uint64 quantity;
    bytes3 unit;
    address certifier;
}

/// @notice What both parties sign when items change hands (EIP-712). Whoever receives may submit
/// it; then its own signature is not needed.
/// @param items By any order, each once; none of them packed.
/// @param steps The step of each before the hand-over.
struct Handover {
    uint256[] items;
    uint32[] steps;
    address from;
    address to;
    uint40 eventTime;
    bytes32 eventHash;
    uint40 deadline;
}

/// @notice Part of a transformation.
/// @param quantity Taken from a lot, thousandths of its unit; 0: a serial item, which is used up.
struct TransformationInput {
    uint256 item;
    uint64 quantity;
}

/// @notice How much of one unit becomes how much of another, signed by the certifier of the lots
/// that it converts (EIP-712).
/// @param producer Who may use it, as often as there is something to convert.
/// @param nonce Voids it when the certifier cancels it (`cancelNonce`).
/// @param validUntil Seconds since 1970.
struct YieldFactor {
    address producer;
    bytes3 fromUnit;
    bytes3 toUnit;
    uint64 numerator;
    uint64 denominator;
    uint256 nonce;
    uint40 validUntil;
}

/// @notice A window of sensor readings, signed by a device with P-256 (EIP-712 digest).
/// @param device keccak256(abi.encode(x, y)) of its public key.
/// @param window Counts the device's windows, from 1.
/// @param root Root over the readings (OpenZeppelin's standard tree).
/// @param count Readings, 1 or more.
struct SensorWindow {
    bytes32 device;
    uint256 item;
    uint64 window;
    bytes32 root;
    uint32 count;
    uint40 startsAt;
    uint40 endsAt;
}

/// @notice A point of the curve P-256.
struct DeviceKey {
    bytes32 x;
    bytes32 y;
}

/// @notice An ECDSA signature over P-256; high s is as good as low (the window counter stops
/// replays).
struct DeviceSignature {
    bytes32 r;
    bytes32 s;
}

/// @title Item ledger: origin, custody and transformation of products
/// @notice Anyone registers items, in a name space of its own. Custody moves only with the
/// signatures of both. What is packed moves with its parent. Lots keep a mass balance. A mistake is
/// declared, never deleted.
/// @dev item = keccak256(abi.encode(issuer, epcHash)), so nobody takes another's numbers; who
/// stands behind an issuer's or a certifier's address is for attestations to say. Each event of an
/// item raises its step by one, so the steps in the log have no gap; signatures name the step they
/// are for. Seals and sensor windows count for themselves. A packed item's custodian is that of its
/// outermost parent; levels rise towards it, so there are at most four and never a cycle.
/// Signatures: `ISignedIntents`; nothing here uses up a nonce.
interface IItemLedger is ISignedIntents {
    /// @dev Every event of an item carries its step after it, this one 1.
    event ItemCommissioned(
        uint256 indexed item,
        address indexed issuer,
        bytes32 indexed epcHash,
        Commission commission,
        ItemStep what
    );
    event ItemObserved(uint256 indexed item, address indexed custodian, uint32 step, ItemStep what);
    event CustodyHandedOver(
        uint256 indexed item,
        address indexed from,
        address indexed to,
        uint32 step,
        uint40 eventTime,
        bytes32 eventHash
    );
    event ItemPacked(
        uint256 indexed item, uint256 indexed parent, uint32 step, uint32 parentStep, ItemStep what
    );
    event ItemUnpacked(
        uint256 indexed item, uint256 indexed parent, uint32 step, uint32 parentStep, ItemStep what
    );
    /// @notice What was packed into or out of `parent` is in `item` too, further out: whoever signs
    /// for a pallet signs for what is in its boxes.
    event ItemContentChanged(uint256 indexed item, uint256 indexed parent, uint32 step);
    /// @param transformation keccak256(abi.encode(producer, first output's item)).
    /// @param quantity Taken; of a serial item 0.
    event ItemConsumed(
        uint256 indexed item,
        bytes32 indexed transformation,
        uint32 step,
        uint64 quantity,
        ItemStep what
    );
    /// @notice Follows the output's `ItemCommissioned`.
    event ItemProduced(uint256 indexed item, bytes32 indexed transformation);
    event ItemRetired(uint256 indexed item, address indexed custodian, uint32 step, ItemStep what);
    /// @notice The event `eventHash` is wrong; `correctionHash` is the event that replaces it, or
    /// 0.
    event ErrorDeclared(
        uint256 indexed item,
        address indexed declarer,
        uint32 step,
        bytes32 eventHash,
        bytes32 correctionHash
    );
    /// @notice The issuer calls its item back; everything made of it is concerned.
    event ItemRecalled(uint256 indexed item, uint32 step, bytes32 reasonHash);
    /// @notice The tag's key was shown: the seal is broken, the item has come to its user.
    event TagClaimed(uint256 indexed item, address indexed holder, uint40 claimedAt);
    event DeviceAssigned(
        uint256 indexed item, bytes32 indexed device, address indexed custodian, DeviceKey key
    );
    event ReadingsAnchored(
        uint256 indexed item,
        bytes32 indexed device,
        uint64 window,
        bytes32 root,
        uint32 count,
        uint40 startsAt,
        uint40 endsAt
    );

    error ItemUnknown(uint256 item);
    error ItemCommissionedBefore(uint256 item);
    error ItemLevelInvalid(uint8 level);
    /// @notice A lot has a quantity and a unit; a serial item has neither, nor a certifier.
    error ItemQuantityInvalid(uint64 quantity, bytes3 unit);
    error ItemCustodianOnly(uint256 item, address custodian, address caller);
    error ItemIsPacked(uint256 item, uint256 parent);
    error ItemNotPacked(uint256 item, uint256 parent);
    error ItemIsRetired(uint256 item);
    error ItemRecalledBefore(uint256 item);
    /// @notice Empty, or not as long as the list that goes with it.
    error ItemListInvalid(uint256 items, uint256 others);
    error StepCodeInvalid(uint8 bizStep, uint8 disposition);
    /// @notice Not from the item's last event to an hour from now.
    error StepTimeInvalid(uint256 item, uint40 eventTime, uint40 lastTime, uint256 timestamp);
    error StepsExhausted(uint256 item);
    /// @notice The item has moved on since the hand-over was signed.
    error HandoverStale(uint256 item, uint32 signed, uint32 step);
    error HandoverReceiverOnly(address to, address caller);
    /// @notice It has them already.
    error HandoverReceiverInvalid(address to);
    /// @notice The child's level is not below the parent's.
    error PackingLevelInvalid(uint256 item, uint8 level, uint8 parentLevel);
    error TransformationEmpty(uint256 inputs, uint256 outputs);
    error TransformationUnitMixed(bytes3 unit, bytes3 other);
    /// @notice More would come out than goes in (thousandths of the outputs' unit).
    error MassCreated(uint256 output, uint256 input);
    error LotExceeded(uint256 item, uint64 wanted, uint64 quantity);
    /// @notice No factor was given for this lot's unit and certifier; or it has no certifier.
    error YieldFactorMissing(uint256 item, bytes3 fromUnit, bytes3 toUnit);
    /// @notice For another producer or unit, without a denominator, or for nothing that went in.
    error YieldFactorInvalid(uint256 index);
    error TagMissing(uint256 item);
    error TagClaimedBefore(uint256 item, uint40 claimedAt);
    error DeviceUnknown(bytes32 device);
    error DeviceElsewhere(bytes32 device, uint256 item);
    error DeviceSignatureInvalid(bytes32 device, bytes32 digest);
    error SensorWindowInvalid(bytes32 device, uint64 given, uint64 wanted);
    error SensorWindowEmpty(bytes32 device, uint64 window);
    error SensorTimeInvalid(uint40 startsAt, uint40 endsAt, uint256 timestamp);

    /// @notice Registers items of the caller. The time of `what` may lie in the past.
    function commission(Commission[] calldata items, ItemStep calldata what) external;

    /// @notice Notes what happened to items of the caller, packed ones too.
    function observe(uint256[] calldata items, ItemStep calldata what) external;

    /// @notice Takes over items that `from` signed over to the caller.
    function receiveItems(Handover calldata handover, bytes calldata fromSignature) external;

    /// @notice Hands items over that both parties signed. Anyone. A signature is void when any of
    /// the items has taken a step: to take it back, `observe`.
    function handOver(
        Handover calldata handover,
        bytes calldata fromSignature,
        bytes calldata toSignature
    ) external;

    /// @notice Packs items of the caller into another of the caller's, which may be packed itself.
    /// Both take the step, and the codes of `what`.
    function pack(uint256 parent, uint256[] calldata items, ItemStep calldata what) external;

    /// @notice Unpacks items; their custodian is that of the outermost parent, the caller.
    function unpack(uint256 parent, uint256[] calldata items, ItemStep calldata what) external;

    /// @notice Makes new items of the caller from others of the caller. All lots that come out have
    /// one unit; what goes in in that unit, or converted to it (rounded down), is at least as much.
    /// Serial inputs are used up; a lot of which nothing is left is retired. The outputs' certifier
    /// is the one that all lots that went in have, else nobody: what a Commission says of it has no
    /// effect.
    /// @param factors One per unit that has to be converted, and per certifier of lots in it, in
    /// the order of the inputs.
    /// @param signatures One per factor, of the certifier of all the lots that it converts.
    function transform(
        TransformationInput[] calldata inputs,
        Commission[] calldata outputs,
        ItemStep calldata what,
        YieldFactor[] calldata factors,
        bytes[] calldata signatures
    ) external;

    /// @notice Ends items of the caller, which are not packed.
    function retire(uint256[] calldata items, ItemStep calldata what) external;

    /// @notice Declares an earlier event of the caller's item wrong, retired or not.
    function declareError(uint256 item, bytes32 eventHash, bytes32 correctionHash) external;

    /// @notice Calls items of the caller back, whoever has them now, retired or not.
    /// @param epcHashes Of the items, which shows that the caller issued them: of anybody else they
    /// name items that are not known.
    /// @param reasonHash keccak256 of the published reason.
    function recall(bytes32[] calldata epcHashes, bytes32 reasonHash) external;

    /// @notice Breaks an item's seal, once: its tag's key signs `TagClaim(uint256 item,address
    /// holder,uint40 deadline)`. Anyone.
    function claimTag(uint256 item, address holder, uint40 deadline, bytes calldata signature)
        external;

    /// @notice Binds a device to an item of the caller, which is the custodian also of the item
    /// that the device served before, if any. The device signs `DeviceAssignment(bytes32
    /// device,uint256 item,address custodian,uint64 window)`, window = the last that it anchored.
    function assignDevice(uint256 item, DeviceKey calldata key, DeviceSignature calldata signature)
        external;

    /// @notice Anchors a window of readings that its device signed. Anyone, of a retired item too:
    /// readings come late.
    function anchorReadings(
        SensorWindow calldata readings,
        DeviceKey calldata key,
        DeviceSignature calldata signature
    ) external;

    function itemOf(uint256 item) external view returns (Item memory);
    function lotOf(uint256 item) external view returns (Lot memory);
    /// @notice What the item is packed in; 0: nothing.
    function parentOf(uint256 item) external view returns (uint256 parent);
    /// @notice Who has the item, or its outermost parent.
    function custodianOf(uint256 item) external view returns (address);
    /// @return key The tag's; 0: none.
    /// @return claimedAt Seconds since 1970; 0: the seal is whole.
    function tagOf(uint256 item) external view returns (address key, uint40 claimedAt);
    /// @return item What the device serves; 0: nothing.
    /// @return window The last it anchored.
    function deviceOf(bytes32 device) external view returns (uint256 item, uint64 window);
    /// @notice keccak256(abi.encode(issuer, epcHash)).
    function itemIdOf(address issuer, bytes32 epcHash) external pure returns (uint256 item);
}
