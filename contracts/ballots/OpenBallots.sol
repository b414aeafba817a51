// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {IOpenBallots, PollSettings} from "./IOpenBallots.sol";

/// @title Open ballots
/// @notice See {IOpenBallots}.
contract OpenBallots is IOpenBallots {
    uint256 private constant MOST_OPTIONS = 64;

    struct Poll {
        PollSettings settings;
        mapping(uint256 option => uint256 weight) totals;
        mapping(address voter => bool) hasVoted;
    }

    /// @inheritdoc IOpenBallots
    uint64 public pollCount;

    mapping(uint64 poll => Poll) private _polls;

    /// @inheritdoc IOpenBallots
    function create(PollSettings calldata settings) external returns (uint64 poll) {
        if (settings.definitionHash == 0) revert PollDefinitionZero();
        if (settings.options < 2 || settings.options > MOST_OPTIONS) {
            revert PollOptionsInvalid(settings.options);
        }
        (uint40 opensAt, uint40 closesAt) = (settings.opensAt, settings.closesAt);
        if (opensAt < block.timestamp || closesAt <= opensAt) {
            revert PollWindowInvalid(opensAt, closesAt);
        }
        uint64 weightsBlock = settings.weightsBlock;
        bool hasRoot = settings.weightsRoot != 0;
        if (hasRoot != (weightsBlock != 0) || weightsBlock >= block.number) {
            revert PollWeightsBlockInvalid(weightsBlock);
        }

        poll = ++pollCount;
        _polls[poll].settings = settings;

        emit PollCreated(poll, msg.sender, settings);
    }

    /// @inheritdoc IOpenBallots
    function vote(uint64 poll, uint8 option, uint256 weight, bytes32[] calldata proof) external {
        Poll storage entry = _known(poll);
        PollSettings memory settings = entry.settings;
        if (block.timestamp < settings.opensAt) revert PollNotOpen(poll, settings.opensAt);
        if (block.timestamp >= settings.closesAt) revert PollClosed(poll, settings.closesAt);
        if (option >= settings.options) revert OpenVoteOptionInvalid(poll, option);
        if (entry.hasVoted[msg.sender]) revert OpenVoteCastAlready(poll, msg.sender);
        if (!_hasWeight(settings.weightsRoot, weight, proof)) {
            revert OpenVoteWeightInvalid(poll, msg.sender, weight);
        }

        entry.hasVoted[msg.sender] = true;
        entry.totals[option] += weight;

        emit OpenVoteCast(poll, msg.sender, option, weight);
    }

    /// @inheritdoc IOpenBallots
    function settingsOf(uint64 poll) external view returns (PollSettings memory) {
        return _known(poll).settings;
    }

    /// @inheritdoc IOpenBallots
    function totalsOf(uint64 poll) external view returns (uint256[] memory totals) {
        Poll storage entry = _known(poll);
        totals = new uint256[](entry.settings.options);
        for (uint256 i = 0; i < totals.length; ++i) {
            totals[i] = entry.totals[i];
        }
    }

    /// @inheritdoc IOpenBallots
    function hasVoted(uint64 poll, address voter) external view returns (bool) {
        return _known(poll).hasVoted[voter];
    }

    function _known(uint64 poll) private view returns (Poll storage entry) {
        entry = _polls[poll];
        if (entry.settings.options == 0) revert PollUnknown(poll);
    }

    /// @dev Leaves are hashed twice, so that no inner node is one.
    function _hasWeight(bytes32 root, uint256 weight, bytes32[] calldata proof)
        private
        view
        returns (bool)
    {
        if (root == 0) return weight == 1 && proof.length == 0;
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(msg.sender, weight))));
        return weight != 0 && MerkleProof.verifyCalldata(proof, root, leaf);
    }
}
