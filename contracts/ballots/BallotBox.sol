// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {BallotSums} from "./BallotSums.sol";
import {BallotVoters} from "./BallotVoters.sol";
import {IBallotBox} from "./IBallotBox.sol";
import {ElectionSettings, IElections} from "./IElections.sol";
import {ITrusteeBoard} from "./ITrusteeBoard.sol";
import {IVoterRoll} from "./IVoterRoll.sol";
import {BallotBatch, BallotBatchLibrary} from "./types/BallotBatch.sol";
import {BallotForm, FormNumbers, FormNumbersLibrary} from "./types/BallotForm.sol";
import {BallotProofs} from "./types/BallotProofs.sol";
import {CodeBytes, CodeBytesLibrary} from "./types/CodeBytes.sol";

/// @title Ballot box
/// @notice See {IBallotBox}.
contract BallotBox is BallotVoters, BallotSums {
    bytes32 private constant CONTEXT_TAG = keccak256("crmdapp.ballots.v1.context");
    /// @dev Fewer than there are bits in the word that says which were skipped.
    uint256 private constant MOST_BALLOTS = 255;

    /// @inheritdoc IBallotBox
    IElections public immutable ELECTIONS;
    /// @inheritdoc IBallotBox
    ITrusteeBoard public immutable BOARD;
    /// @inheritdoc IBallotBox
    IVoterRoll public immutable ROLL;

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
        bytes memory data = _formData(election, question, settings, context, key);
        CodeBytes form = CodeBytesLibrary.storeAt(data, _saltOf(election, question));

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
        BallotBatch batch = _open(election, question, precinct, ballots);
        Urn storage urn = _urnOf(election, question, precinct);
        _requireStanding(election, urn);
        // Both branches call the same: what is called once the compiler merges into its caller,
        // whose variables then outgrow the stack, for 3,000 gas a ballot.
        uint256 voted = _votedSlot(urn);
        // slither-disable-next-line uninitialized-local
        uint256 skipped;
        if (_isDirect(batch)) {
            if (_readVoters(batch, voted) != 0) revert BallotCastAlready(msg.sender);
            BallotProofs.read(batch);
            BallotProofs.requireValid(batch);
        } else {
            skipped = _readVoters(batch, voted);
            if (batch.counted() == 0) revert BatchVotersDone();
            BallotProofs.read(batch);
            _requireIntents(batch, election, question, precinct);
            BallotProofs.requireValid(batch);
        }

        (bytes28 bulletin, uint256 count) = _count(urn, batch);

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
        return BallotBatchLibrary.open(_formOf(election, question)).context();
    }

    /// @inheritdoc IBallotBox
    function ballotLengthOf(uint64 election, uint8 question) external view returns (uint256) {
        return BallotBatchLibrary.open(_formOf(election, question)).numbers().ballotLength();
    }

    /// @inheritdoc IBallotBox
    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IBallotBox
    function isPrepared(uint64 election, uint8 question) public view returns (bool) {
        return _placeOf(election, question).isStored();
    }

    function _open(uint64 election, uint8 question, uint16 precinct, bytes calldata ballots)
        private
        view
        returns (BallotBatch batch)
    {
        batch = BallotBatchLibrary.open(_formOf(election, question));
        FormNumbers numbers = batch.numbers();
        (uint40 opensAt, uint40 closesAt) = (numbers.opensAt(), numbers.closesAt());
        if (block.timestamp < opensAt) revert VotingNotOpen(election, opensAt);
        if (block.timestamp >= closesAt) revert VotingClosed(election, closesAt);
        if (precinct >= numbers.precincts()) revert PrecinctUnknown(election, precinct);
        uint256 size = numbers.ballotLength();
        // slither-disable-next-line divide-before-multiply
        uint256 total = ballots.length / size;
        if (total == 0 || total > MOST_BALLOTS || total * size != ballots.length) {
            revert BatchLengthInvalid(ballots.length, size);
        }

        batch.fill(ballots, size, total);
        batch.openRoll(precinct);
    }

    /// @dev Once it is open nobody can cancel it, so the first ballots ask for all that follow.
    function _requireStanding(uint64 election, Urn storage urn) private view {
        if (urn.ledger == 0 && ELECTIONS.isCancelled(election)) {
            revert IElections.ElectionWasCancelled(election);
        }
    }

    function _formOf(uint64 election, uint8 question) private view returns (CodeBytes form) {
        form = _placeOf(election, question);
        if (!form.isStored()) revert QuestionNotPrepared(election, question);
    }

    function _formData(
        uint64 election,
        uint8 question,
        ElectionSettings memory settings,
        bytes32 context,
        bytes memory key
    ) private view returns (bytes memory data) {
        FormNumbers numbers = FormNumbersLibrary.pack(
            settings.questions[question],
            settings.windows.opensAt,
            settings.windows.closesAt,
            settings.precincts
        );
        uint256 end;
        (data, end) = BallotForm.create(context, key, numbers);
        for (uint16 i = 0; i < settings.precincts; ++i) {
            // slither-disable-next-line calls-loop
            uint256 voters = ROLL.countOf(election, i);
            // slither-disable-next-line calls-loop
            address[] memory chunks = ROLL.chunksOf(election, i);
            end = BallotForm.putPrecinct(data, end, i, voters, chunks);
        }
        BallotForm.trim(data, end);
    }

    function _placeOf(uint64 election, uint8 question) private view returns (CodeBytes) {
        return CodeBytesLibrary.placeOf(_saltOf(election, question));
    }

    function _saltOf(uint64 election, uint8 question) private pure returns (uint256) {
        return uint256(election) << 8 | question;
    }
}
