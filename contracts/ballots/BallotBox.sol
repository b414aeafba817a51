// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {BallotSums} from "./BallotSums.sol";
import {BallotVoters, VoterReader} from "./BallotVoters.sol";
import {IBallotBox} from "./IBallotBox.sol";
import {ElectionSettings, IElections} from "./IElections.sol";
import {ITrusteeBoard} from "./ITrusteeBoard.sol";
import {IVoterRoll} from "./IVoterRoll.sol";
import {BallotForm, BallotFormLibrary} from "./types/BallotForm.sol";
import {BallotProofs, BallotProofsLibrary} from "./types/BallotProofs.sol";
import {CodeBytes, CodeBytesLibrary} from "./types/CodeBytes.sol";

/// @title Ballot box
/// @notice See {IBallotBox}.
contract BallotBox is BallotVoters, BallotSums {
    bytes32 private constant CONTEXT_TAG = keccak256("crmdapp.ballots.v1.context");
    uint256 private constant HEAD = BallotFormLibrary.HEAD;
    /// @dev As many as there are bits in the word that says which were skipped.
    uint256 private constant MOST_BALLOTS = 256;

    /// @inheritdoc IBallotBox
    IElections public immutable ELECTIONS;
    /// @inheritdoc IBallotBox
    ITrusteeBoard public immutable BOARD;
    /// @inheritdoc IBallotBox
    IVoterRoll public immutable ROLL;

    mapping(uint256 place => CodeBytes) private _forms;

    constructor(IElections elections, ITrusteeBoard board, IVoterRoll roll)
        EIP712("BallotBox", "1")
    {
        ELECTIONS = elections;
        BOARD = board;
        ROLL = roll;
    }

    /// @inheritdoc IBallotBox
    function prepare(uint64 election, uint8 question) external {
        ElectionSettings memory settings = ELECTIONS.settingsOf(election);
        if (question >= settings.questions.length) {
            revert IElections.QuestionUnknown(election, question);
        }
        if (ELECTIONS.isCancelled(election)) revert IElections.ElectionWasCancelled(election);
        uint40 opensAt = settings.windows.opensAt;
        if (block.timestamp >= opensAt) revert IElections.ElectionHasOpened(election, opensAt);
        if (!ROLL.isFrozen(election)) revert RollNotFrozen(election);
        if (isPrepared(election, question)) revert QuestionPreparedAlready(election, question);
        bytes memory key = BOARD.keyOf(election);

        bytes32 context = keccak256(
            abi.encodePacked(
                CONTEXT_TAG,
                block.chainid,
                uint256(uint160(address(this))),
                uint256(election),
                uint256(question),
                settings.definitionHash,
                key
            )
        );
        CodeBytes form =
            CodeBytesLibrary.store(_encodeForm(election, question, settings, context, key));
        _forms[_placeOf(election, question)] = form;

        emit QuestionPrepared(election, question, context, CodeBytes.unwrap(form));
    }

    /// @inheritdoc IBallotBox
    function castBatch(uint64 election, uint8 question, uint16 precinct, bytes calldata ballots)
        external
    {
        // solhint-disable-next-line avoid-tx-origin -- a ballot has to stand in a transaction
        if (msg.sender != tx.origin || msg.sender.code.length != 0) {
            revert BatchCallerInvalid(msg.sender);
        }
        BallotForm memory form = _openForm(election, question, precinct);
        Urn storage urn = _urnOf(election, question, precinct);
        uint256 count = urn.count;
        // Nobody can cancel it any more, so the first who vote ask for all.
        if (count == 0 && ELECTIONS.isCancelled(election)) {
            revert IElections.ElectionWasCancelled(election);
        }
        VoterReader memory reader =
            _startReader(form, _votedSlot(urn), election, question, precinct);
        (BallotProofs memory proofs, uint256 skipped) = _readBallots(reader, ballots);

        bytes32 bulletin = urn.bulletin;
        if (proofs.counted != 0) {
            _writeVoted(reader);
            _addUp(urn, form, proofs);
            bulletin = keccak256(abi.encode(bulletin, proofs.digest()));
            urn.bulletin = bulletin;
            count += proofs.counted;
            urn.count = count;
        }

        emit BallotsCast(election, question, precinct, bulletin, count, skipped);
    }

    /// @inheritdoc IBallotBox
    function isReady(uint64 election) external view returns (bool) {
        uint256 questions = ELECTIONS.settingsOf(election).questions.length;
        for (uint256 i = 0; i < questions; ++i) {
            if (!isPrepared(election, uint8(i))) return false;
        }
        return true;
    }

    /// @inheritdoc IBallotBox
    function contextOf(uint64 election, uint8 question) external view returns (bytes32) {
        return _formOf(election, question).context;
    }

    /// @inheritdoc IBallotBox
    function ballotLengthOf(uint64 election, uint8 question) external view returns (uint256) {
        return _formOf(election, question).ballotLength();
    }

    /// @inheritdoc IBallotBox
    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IBallotBox
    function isPrepared(uint64 election, uint8 question) public view returns (bool) {
        return CodeBytes.unwrap(_forms[_placeOf(election, question)]) != address(0);
    }

    /// @dev Takes in the ballots; returns once all that count are proved.
    function _readBallots(VoterReader memory reader, bytes calldata ballots)
        private
        returns (BallotProofs memory proofs, uint256 skipped)
    {
        uint256 size = reader.form.ballotLength();
        uint256 total = ballots.length / size;
        if (total == 0 || total > MOST_BALLOTS || total * size != ballots.length) {
            revert BatchLengthInvalid(ballots.length, size);
        }
        proofs = BallotProofsLibrary.create(reader.form, total);
        unchecked {
            uint256 head = _offsetOf(ballots);
            for (uint256 i = 0; i < total; ++i) {
                if (!_readBallot(reader, proofs, i, head, size, total == 1)) skipped |= 1 << i;
                head += size;
            }
            if (proofs.counted != 0) _requireProofs(proofs, _offsetOf(ballots), size, skipped);
        }
    }

    /// @dev Whether the ballot counts: it does not if its voter has voted.
    function _readBallot(
        VoterReader memory reader,
        BallotProofs memory proofs,
        uint256 ballot,
        uint256 head,
        uint256 size,
        bool isAlone
    ) private returns (bool) {
        (address voter, bool hasVoted_) = _readVoter(reader, ballot, head);
        bool isDirect = isAlone && voter == msg.sender;
        if (hasVoted_) {
            if (isDirect) revert BallotCastAlready(voter);
            return false;
        }
        unchecked {
            bytes32 tracker = proofs.add(voter, head + HEAD, size - HEAD);
            if (!isDirect) _requireIntent(reader, ballot, voter, head, tracker);
        }
        return true;
    }

    /// @param body Where the first ballot starts in the call's data.
    function _requireProofs(BallotProofs memory proofs, uint256 body, uint256 size, uint256 skipped)
        private
        view
    {
        unchecked {
            proofs.seal();
            body += HEAD;
            for (uint256 counted = 0; counted < proofs.counted; skipped >>= 1) {
                if (skipped & 1 == 0) proofs.weigh(counted++, body);
                body += size;
            }
            proofs.requireValid();
        }
    }

    function _openForm(uint64 election, uint8 question, uint16 precinct)
        private
        view
        returns (BallotForm memory form)
    {
        form = _formOf(election, question);
        if (block.timestamp < form.opensAt) revert VotingNotOpen(election, uint40(form.opensAt));
        if (block.timestamp >= form.closesAt) revert VotingClosed(election, uint40(form.closesAt));
        if (precinct >= form.precincts) revert PrecinctUnknown(election, precinct);
    }

    function _formOf(uint64 election, uint8 question) private view returns (BallotForm memory) {
        CodeBytes form = _forms[_placeOf(election, question)];
        if (CodeBytes.unwrap(form) == address(0)) revert QuestionNotPrepared(election, question);
        return BallotFormLibrary.load(form);
    }

    function _encodeForm(
        uint64 election,
        uint8 question,
        ElectionSettings memory settings,
        bytes32 context,
        bytes memory key
    ) private view returns (bytes memory) {
        uint32[] memory counts = new uint32[](settings.precincts);
        address[][] memory chunks = new address[][](settings.precincts);
        for (uint16 i = 0; i < settings.precincts; ++i) {
            counts[i] = ROLL.countOf(election, i);
            chunks[i] = ROLL.chunksOf(election, i);
        }
        uint40[2] memory window = [settings.windows.opensAt, settings.windows.closesAt];
        return BallotFormLibrary.encode(
            context, key, settings.questions[question], window, counts, chunks
        );
    }

    function _placeOf(uint64 election, uint8 question) private pure returns (uint256) {
        return uint256(election) << 8 | question;
    }

    function _offsetOf(bytes calldata ballots) private pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := ballots.offset
        }
    }
}
