// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {
    Batch,
    Challenge,
    IInteractionLog,
    InteractionReceipt,
    LogStanding
} from "./IInteractionLog.sol";

/// @title Interaction log: what a company took note of, so that it can neither edit nor omit it
/// @notice See {IInteractionLog}.
contract InteractionLog is IInteractionLog, EIP712 {
    bytes32 private constant RECEIPT_TYPEHASH = keccak256(
        "InteractionReceipt(bytes32 log,bytes32 pseudonym,uint64 customerSeq,bytes32 leaf,uint40 anchorBy)"
    );
    uint256 private constant MIN_DELAY = 60;
    uint256 private constant MAX_DELAY = 30 days;

    /// @inheritdoc IInteractionLog
    uint40 public constant ANSWER_WINDOW = 1 days;

    /// @inheritdoc IInteractionLog
    mapping(bytes32 log => bytes32 head) public headOf;
    /// @inheritdoc IInteractionLog
    mapping(bytes32 log => mapping(bytes32 leavesRoot => uint40 time)) public anchoredAt;
    mapping(bytes32 log => LogStanding) private _standings;
    mapping(bytes32 receiptHash => Challenge) private _challenges;
    mapping(bytes32 log => mapping(bytes32 place => bool shown)) private _forks;

    constructor() EIP712("InteractionLog", "1") {}

    /// @inheritdoc IInteractionLog
    function open(uint96 index, uint32 delay, bytes32 noticeHash) external {
        bytes32 log = logOf(msg.sender, index);
        if (delay < MIN_DELAY || delay > MAX_DELAY) revert LogDelayInvalid(delay);
        if (_standings[log].delay != 0) revert LogOpenedBefore(log);

        _standings[log].delay = delay;

        emit LogOpened(log, delay, noticeHash);
    }

    /// @inheritdoc IInteractionLog
    function anchor(uint96 index, bytes32 leavesRoot, bytes32 headsRoot, uint64 count) external {
        _anchor(logOf(msg.sender, index), leavesRoot, headsRoot, count);
    }

    /// @inheritdoc IInteractionLog
    function anchorStored(uint96 index, bytes32 leavesRoot, bytes32 headsRoot, uint64 count)
        external
    {
        bytes32 log = logOf(msg.sender, index);
        anchoredAt[log][leavesRoot] = uint40(block.timestamp);
        _anchor(log, leavesRoot, headsRoot, count);
    }

    /// @inheritdoc IInteractionLog
    function challenge(InteractionReceipt calldata receipt, bytes calldata signature) external {
        if (_standings[receipt.log].delay == 0) revert LogNotOpened(receipt.log);
        bytes32 receiptHash = receiptHashOf(receipt);
        _requireReceipt(receipt.log, receiptHash, signature);
        if (block.timestamp <= receipt.anchorBy) {
            revert ReceiptNotOverdue(receiptHash, receipt.anchorBy);
        }
        if (_challenges[receiptHash].answerBy != 0) revert ReceiptChallengedBefore(receiptHash);

        uint40 answerBy = uint40(block.timestamp) + ANSWER_WINDOW;
        _challenges[receiptHash].answerBy = answerBy;

        emit ReceiptChallenged(receipt.log, receiptHash, answerBy);
    }

    /// @inheritdoc IInteractionLog
    function answer(
        InteractionReceipt calldata receipt,
        bytes32[] calldata proof,
        bytes32 previousHead,
        Batch[] calldata batches
    ) external {
        bytes32 receiptHash = receiptHashOf(receipt);
        uint40 answerBy = _requireOpenChallenge(receiptHash);
        if (block.timestamp > answerBy) revert AnswerWindowClosed(receiptHash, answerBy);
        bool proven = batches.length != 0 && _endsInHead(receipt.log, previousHead, batches)
            && MerkleProof.verifyCalldata(proof, batches[0].leavesRoot, receipt.leaf);
        if (!proven) revert InclusionUnproven(receipt.log, receipt.leaf);

        _challenges[receiptHash].answered = true;

        emit ReceiptAnswered(receipt.log, receiptHash, batches[0].anchoredAt);
    }

    /// @inheritdoc IInteractionLog
    function flag(InteractionReceipt calldata receipt) external {
        bytes32 receiptHash = receiptHashOf(receipt);
        uint40 answerBy = _requireOpenChallenge(receiptHash);
        if (block.timestamp <= answerBy) revert AnswerWindowOpen(receiptHash, answerBy);

        _challenges[receiptHash].flagged = true;
        ++_standings[receipt.log].flags;

        emit LogFlagged(receipt.log, receiptHash);
    }

    /// @inheritdoc IInteractionLog
    function proveFork(
        InteractionReceipt calldata first,
        bytes calldata firstSignature,
        InteractionReceipt calldata second,
        bytes calldata secondSignature
    ) external {
        bytes32 firstHash = receiptHashOf(first);
        bytes32 secondHash = receiptHashOf(second);
        bool forked = first.log == second.log && first.pseudonym == second.pseudonym
            && first.customerSeq == second.customerSeq && first.leaf != second.leaf;
        if (!forked) revert ForkUnproven(firstHash, secondHash);
        _requireReceipt(first.log, firstHash, firstSignature);
        _requireReceipt(second.log, secondHash, secondSignature);
        bytes32 place = keccak256(abi.encode(first.pseudonym, first.customerSeq));
        if (_forks[first.log][place]) {
            revert ForkShownBefore(first.log, first.pseudonym, first.customerSeq);
        }

        _forks[first.log][place] = true;
        ++_standings[first.log].flags;

        emit LogForked(first.log, firstHash, secondHash);
    }

    /// @inheritdoc IInteractionLog
    function verify(bytes32 log, bytes32 leavesRoot, bytes32[] calldata proof, bytes32 leaf)
        external
        view
        returns (bool)
    {
        return
            anchoredAt[log][leavesRoot] != 0 && MerkleProof.verifyCalldata(proof, leavesRoot, leaf);
    }

    /// @inheritdoc IInteractionLog
    function standingOf(bytes32 log) external view returns (LogStanding memory) {
        return _standings[log];
    }

    /// @inheritdoc IInteractionLog
    function challengeOf(bytes32 receiptHash) external view returns (Challenge memory) {
        return _challenges[receiptHash];
    }

    /// @inheritdoc IInteractionLog
    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IInteractionLog
    function logOf(address operator, uint96 index) public pure returns (bytes32 log) {
        return bytes32(uint256(uint160(operator)) << 96 | index);
    }

    /// @inheritdoc IInteractionLog
    function receiptHashOf(InteractionReceipt calldata receipt) public pure returns (bytes32) {
        return keccak256(abi.encode(RECEIPT_TYPEHASH, receipt));
    }

    function _anchor(bytes32 log, bytes32 leavesRoot, bytes32 headsRoot, uint64 count) private {
        if (count == 0) revert BatchEmpty(log);

        bytes32 head =
            _headAfter(headOf[log], leavesRoot, headsRoot, count, uint40(block.timestamp));
        headOf[log] = head;

        emit InteractionsAnchored(log, leavesRoot, headsRoot, count, head);
    }

    /// @dev A head commits to all before it, so a chain of batches that ends in it is genuine.
    function _endsInHead(bytes32 log, bytes32 head, Batch[] calldata batches)
        private
        view
        returns (bool)
    {
        for (uint256 i = 0; i < batches.length; ++i) {
            Batch calldata batch = batches[i];
            head =
                _headAfter(head, batch.leavesRoot, batch.headsRoot, batch.count, batch.anchoredAt);
        }
        return head == headOf[log];
    }

    function _requireOpenChallenge(bytes32 receiptHash) private view returns (uint40 answerBy) {
        Challenge memory posted = _challenges[receiptHash];
        if (posted.answerBy == 0) revert ReceiptNotChallenged(receiptHash);
        if (posted.answered || posted.flagged) revert ReceiptSettled(receiptHash);
        return posted.answerBy;
    }

    function _requireReceipt(bytes32 log, bytes32 receiptHash, bytes calldata signature)
        private
        view
    {
        address operator = address(uint160(uint256(log) >> 96));
        (address signer,,) = ECDSA.tryRecoverCalldata(_hashTypedDataV4(receiptHash), signature);
        if (signer == address(0) || signer != operator) {
            revert ReceiptSignatureInvalid(log, receiptHash);
        }
    }

    function _headAfter(
        bytes32 head,
        bytes32 leavesRoot,
        bytes32 headsRoot,
        uint64 count,
        uint40 time
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(head, leavesRoot, headsRoot, count, time));
    }
}
