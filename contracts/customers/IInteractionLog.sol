// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What the operator of a log signs at once for each interaction it takes (EIP-712).
/// @param log The operator's address and the log's number: bytes32(uint160 << 96 | uint96).
/// @param pseudonym The customer's, for this log only.
/// @param customerSeq Counts the customer's interactions in this log, from 1.
/// @param leaf The interaction's leaf.
/// @param anchorBy Seconds since 1970: until then its batch is on chain.
struct InteractionReceipt {
    bytes32 log;
    bytes32 pseudonym;
    uint64 customerSeq;
    bytes32 leaf;
    uint40 anchorBy;
}

/// @notice One batch, as it stands in the chain of heads.
/// @param leavesRoot Root over the batch's interactions.
/// @param headsRoot Root over the last interaction of every customer of the log.
/// @param count Interactions in the batch.
/// @param anchoredAt Seconds since 1970.
struct Batch {
    bytes32 leavesRoot;
    bytes32 headsRoot;
    uint64 count;
    uint40 anchoredAt;
}

/// @notice What a log promises and how it kept it, in one word.
/// @param delay Seconds, at most, from a receipt to its anchor; 0: the log was not opened.
/// @param flags Receipts that were not answered, and forks that were shown.
struct LogStanding {
    uint32 delay;
    uint64 flags;
}

/// @notice A receipt that was overdue when somebody posted it.
/// @param answerBy Seconds since 1970.
struct Challenge {
    uint40 answerBy;
    bool answered;
    bool flagged;
}

/// @title Interaction log: what a company took note of, so that it can neither edit nor omit it
/// @notice Interactions are kept off chain; a batch of any number is anchored by one chained hash.
/// The customer holds a signed receipt from the first second. A log belongs to the address that is
/// in its id, so nobody else can write to it or hinder it.
/// @dev Leaves are keccak256(keccak256(abi.encode(...))), inner nodes hash 64 bytes, so a node is
/// never taken for a leaf; pairs are sorted (OpenZeppelin's standard tree).
interface IInteractionLog {
    event LogOpened(bytes32 indexed log, uint32 delay, bytes32 noticeHash);
    /// @notice One batch; `head` is the log's new head.
    event InteractionsAnchored(
        bytes32 indexed log, bytes32 leavesRoot, bytes32 headsRoot, uint64 count, bytes32 head
    );
    event ReceiptChallenged(bytes32 indexed log, bytes32 indexed receiptHash, uint40 answerBy);
    /// @notice The interaction had been anchored at `anchoredAt`, late perhaps.
    event ReceiptAnswered(bytes32 indexed log, bytes32 indexed receiptHash, uint40 anchoredAt);
    /// @notice A receipt was not answered in time.
    event LogFlagged(bytes32 indexed log, bytes32 indexed receiptHash);
    /// @notice The operator signed two different interactions as the same one.
    event LogForked(
        bytes32 indexed log, bytes32 indexed firstReceipt, bytes32 indexed secondReceipt
    );

    error LogDelayInvalid(uint32 delay);
    error LogOpenedBefore(bytes32 log);
    error LogNotOpened(bytes32 log);
    error BatchEmpty(bytes32 log);
    /// @notice Not 65 bytes of ECDSA (low s) by the key that is in the log's id. A contract cannot
    /// sign receipts: it could take its signature back.
    error ReceiptSignatureInvalid(bytes32 log, bytes32 receiptHash);
    error ReceiptNotOverdue(bytes32 receiptHash, uint40 anchorBy);
    error ReceiptChallengedBefore(bytes32 receiptHash);
    error ReceiptNotChallenged(bytes32 receiptHash);
    error ReceiptSettled(bytes32 receiptHash);
    error AnswerWindowOpen(bytes32 receiptHash, uint40 answerBy);
    error AnswerWindowClosed(bytes32 receiptHash, uint40 answerBy);
    error InclusionUnproven(bytes32 log, bytes32 leaf);
    error ForkUnproven(bytes32 firstReceipt, bytes32 secondReceipt);
    error ForkShownBefore(bytes32 log, bytes32 pseudonym, uint64 customerSeq);

    /// @notice Opens log number `index` of the caller and promises its delay, once and for ever.
    /// @param delay Seconds, 60 to 30 days.
    function open(uint96 index, uint32 delay, bytes32 noticeHash) external;

    /// @notice Anchors a batch in the caller's log: head = keccak256(abi.encode(head, leavesRoot,
    /// headsRoot, count, block.timestamp)).
    function anchor(uint96 index, bytes32 leavesRoot, bytes32 headsRoot, uint64 count) external;

    /// @notice As `anchor`, and keeps the root, so that `verify` can be called on chain. A root
    /// that is anchored again gets the later time.
    function anchorStored(uint96 index, bytes32 leavesRoot, bytes32 headsRoot, uint64 count)
        external;

    /// @notice Posts a receipt whose time is over. Anyone.
    function challenge(InteractionReceipt calldata receipt, bytes calldata signature) external;

    /// @notice Shows that the receipt's interaction was anchored. Anyone, within the window.
    /// @param proof From the leaf to the first batch's leavesRoot.
    /// @param previousHead The log's head before the first batch.
    /// @param batches From the interaction's batch to the last one anchored.
    function answer(
        InteractionReceipt calldata receipt,
        bytes32[] calldata proof,
        bytes32 previousHead,
        Batch[] calldata batches
    ) external;

    /// @notice Flags the log for everyone once the window has passed without an answer. Anyone.
    function flag(InteractionReceipt calldata receipt) external;

    /// @notice Flags the log at once: two receipts for one place in a customer's sequence.
    function proveFork(
        InteractionReceipt calldata first,
        bytes calldata firstSignature,
        InteractionReceipt calldata second,
        bytes calldata secondSignature
    ) external;

    /// @notice Whether `leaf` is in a batch that was anchored with `anchorStored`. Compute the leaf
    /// from the interaction's fields: a node of the tree would pass for one here.
    function verify(bytes32 log, bytes32 leavesRoot, bytes32[] calldata proof, bytes32 leaf)
        external
        view
        returns (bool);

    function logOf(address operator, uint96 index) external pure returns (bytes32 log);
    /// @notice The EIP-712 domain separator of this contract on this chain.
    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    function headOf(bytes32 log) external view returns (bytes32);
    /// @notice When a stored root was anchored, in seconds since 1970; 0 if never.
    function anchoredAt(bytes32 log, bytes32 leavesRoot) external view returns (uint40);
    function standingOf(bytes32 log) external view returns (LogStanding memory);
    function challengeOf(bytes32 receiptHash) external view returns (Challenge memory);
    function receiptHashOf(InteractionReceipt calldata receipt) external pure returns (bytes32);
    /// @notice Seconds the operator has to answer a challenge.
    // solhint-disable-next-line func-name-mixedcase -- a constant
    function ANSWER_WINDOW() external view returns (uint40);
}
