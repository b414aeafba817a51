// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignedIntents} from "../common/ISignedIntents.sol";
import {IPointsHub} from "./IPointsHub.sol";

/// @notice What the machine-readable terms say of the program; each must equal the chain's state.
/// @param onRamp 10^-6 of the settlement coin per 1.00 point; 0 if it is not connected.
/// @param offRamp As `onRamp`.
/// @param clawback Seconds in which an award can be reversed.
struct TermsFacts {
    uint64 epochLength;
    uint8 validity;
    uint48 cap;
    uint40[] tiers;
    uint48 onRamp;
    uint48 offRamp;
    uint32 clawback;
}

/// @notice One version of a program's legal terms.
/// @param bundleHash keccak256 over the canonical JSON (RFC 8785) and the prose.
struct TermsVersion {
    bytes32 bundleHash;
    uint40 publishedAt;
    uint40 effectiveAt;
}

/// @notice A member's consent to one version (EIP-712).
struct TermsAcceptance {
    uint256 program;
    bytes32 bundleHash;
    address member;
    uint256 nonce;
    uint40 deadline;
}

/// @title Legal terms bound to the program they speak of
/// @notice Versions are only ever added, and hold after a notice of one epoch; the first holds at
/// once.
interface IProgramTerms is ISignedIntents {
    event TermsPublished(
        uint256 indexed program, uint256 indexed version, bytes32 bundleHash, uint40 effectiveAt
    );
    event TermsAccepted(
        uint256 indexed program, bytes32 indexed bundleHash, address indexed member
    );

    error TermsVersionUnknown(uint256 program, uint256 version);
    error TermsHashEmpty(uint256 program);
    error TermsPublishedBefore(uint256 program, bytes32 bundleHash);
    error TermsUnknown(uint256 program, bytes32 bundleHash);
    error TermsContradictChain(bytes32 field, uint256 stated, uint256 actual);

    /// @notice Adds a version. Only the program's owner.
    /// @dev Reverts with `TermsContradictChain` at the first fact that differs from the hub's
    /// state.
    function publish(uint256 program, bytes32 bundleHash, TermsFacts calldata facts)
        external
        returns (uint256 version);

    /// @notice Records that the caller accepts a published version.
    function accept(uint256 program, bytes32 bundleHash) external;

    /// @notice As `accept`, by the member's signature, whoever submits it.
    function acceptBySig(TermsAcceptance calldata acceptance, bytes calldata signature) external;

    /// @notice The version that holds now; the zero hash if there is none.
    function currentTerms(uint256 program) external view returns (TermsVersion memory);
    function versionCount(uint256 program) external view returns (uint256);
    function versionAt(uint256 program, uint256 version) external view returns (TermsVersion memory);
    function isAccepted(uint256 program, bytes32 bundleHash, address member)
        external
        view
        returns (bool);

    /// @notice The ledger whose programs the terms speak of.
    // solhint-disable-next-line func-name-mixedcase -- immutable
    function HUB() external view returns (IPointsHub);
}
