// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {SignedIntents} from "../common/SignedIntents.sol";
import {IPointsHub, Program} from "./IPointsHub.sol";
import {IPointsNetwork, Prices} from "./IPointsNetwork.sol";
import {IPointsReturns} from "./IPointsReturns.sol";
import {IProgramTerms, TermsAcceptance, TermsFacts, TermsVersion} from "./IProgramTerms.sol";

/// @title Legal terms bound to the program they speak of
/// @notice See {IProgramTerms}.
contract ProgramTerms is IProgramTerms, SignedIntents {
    using Checkpoints for Checkpoints.Trace208;

    bytes32 private constant ACCEPTANCE_TYPEHASH = keccak256(
        "TermsAcceptance(uint256 program,bytes32 bundleHash,address member,uint256 nonce,uint40 deadline)"
    );

    /// @inheritdoc IProgramTerms
    IPointsHub public immutable HUB;

    mapping(uint256 program => TermsVersion[] versions) private _versions;
    /// @dev How many versions have taken effect by which second.
    mapping(uint256 program => Checkpoints.Trace208 counts) private _effective;
    mapping(uint256 program => mapping(bytes32 bundleHash => bool published)) private _published;
    mapping(
        uint256 program => mapping(bytes32 bundleHash => mapping(address member => bool accepted))
    ) public isAccepted;

    constructor(IPointsHub hub) EIP712("ProgramTerms", "1") {
        HUB = hub;
    }

    /// @inheritdoc IProgramTerms
    function publish(uint256 program, bytes32 bundleHash, TermsFacts calldata facts)
        external
        returns (uint256 version)
    {
        Program memory state = HUB.programOf(program);
        if (msg.sender != state.owner) revert IPointsHub.ProgramOwnerOnly(program, msg.sender);
        if (bundleHash == 0) revert TermsHashEmpty(program);
        if (_published[program][bundleHash]) revert TermsPublishedBefore(program, bundleHash);
        _requireFacts(program, state, facts);

        version = _versions[program].length;
        uint256 effectiveAt = block.timestamp + (version == 0 ? 0 : HUB.EPOCH_LENGTH());
        _published[program][bundleHash] = true;
        _effective[program].push(uint48(effectiveAt), uint208(version + 1));
        _versions[program].push(
            TermsVersion(bundleHash, uint40(block.timestamp), uint40(effectiveAt))
        );

        emit TermsPublished(program, version, bundleHash, uint40(effectiveAt));
    }

    /// @inheritdoc IProgramTerms
    function accept(uint256 program, bytes32 bundleHash) external {
        _accept(program, bundleHash, msg.sender);
    }

    /// @inheritdoc IProgramTerms
    function acceptBySig(TermsAcceptance calldata acceptance, bytes calldata signature) external {
        _useIntent(
            acceptance.member,
            keccak256(abi.encode(ACCEPTANCE_TYPEHASH, acceptance)),
            acceptance.nonce,
            acceptance.deadline,
            signature
        );
        _accept(acceptance.program, acceptance.bundleHash, acceptance.member);
    }

    /// @inheritdoc IProgramTerms
    function currentTerms(uint256 program) external view returns (TermsVersion memory current) {
        uint256 count = _effective[program].upperLookupRecent(uint48(block.timestamp));
        if (count != 0) current = _versions[program][count - 1];
    }

    /// @inheritdoc IProgramTerms
    function versionCount(uint256 program) external view returns (uint256) {
        return _versions[program].length;
    }

    /// @inheritdoc IProgramTerms
    function versionAt(uint256 program, uint256 version)
        external
        view
        returns (TermsVersion memory)
    {
        TermsVersion[] storage versions = _versions[program];
        if (version >= versions.length) revert TermsVersionUnknown(program, version);
        return versions[version];
    }

    function _accept(uint256 program, bytes32 bundleHash, address member) private {
        if (!_published[program][bundleHash]) revert TermsUnknown(program, bundleHash);

        isAccepted[program][bundleHash][member] = true;

        emit TermsAccepted(program, bundleHash, member);
    }

    function _requireFacts(uint256 program, Program memory state, TermsFacts calldata facts)
        private
        view
    {
        Prices memory prices = IPointsNetwork(address(HUB)).pricesOf(program);
        _requireFact("epochLength", facts.epochLength, HUB.EPOCH_LENGTH());
        _requireFact("validity", facts.validity, state.validity);
        _requireFact("cap", facts.cap, state.cap);
        _requireFact("onRamp", facts.onRamp, prices.onRamp);
        _requireFact("offRamp", facts.offRamp, prices.offRamp);
        _requireFact("clawback", facts.clawback, IPointsReturns(address(HUB)).clawbackOf(program));
        _requireFact("tiers", facts.tiers.length, state.tiers.length);
        for (uint256 i = 0; i < facts.tiers.length; ++i) {
            _requireFact("tiers", facts.tiers[i], state.tiers[i]);
        }
    }

    function _requireFact(bytes32 field, uint256 stated, uint256 actual) private pure {
        if (stated != actual) revert TermsContradictChain(field, stated, actual);
    }
}
