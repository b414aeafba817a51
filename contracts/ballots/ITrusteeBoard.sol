// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IElections} from "./IElections.sol";
import {CodeBytes} from "./types/CodeBytes.sol";

/// @notice What a ceremony waits for.
/// @dev Short: too few trustees are left whose deals could count; anyone restarts the ceremony.
/// Failed: the election should have opened before there was a key. The steps take no notice of an
/// election that is cancelled: nothing uses its key.
enum CeremonyStep {
    None,
    Keys,
    Commitments,
    Deals,
    Complaints,
    Finalisation,
    Final,
    Short,
    Failed
}

/// @notice A ceremony as it is.
/// @param round Counts restarts, from 0.
/// @param keysUntil Ends of the round's windows, seconds since 1970; each second belongs to the
/// window that it ends, as in `Windows`.
/// @param keys Trustees who registered a key in this round: bit j - 1 of trustee j.
/// @param commitments Those who committed to a deal.
/// @param deals Those whose deal was posted and is not excluded; at the end those whose deals make
/// the key.
struct Ceremony {
    CeremonyStep step;
    uint8 round;
    uint40 keysUntil;
    uint40 commitmentsUntil;
    uint40 dealsUntil;
    uint40 complaintsUntil;
    uint16 keys;
    uint16 commitments;
    uint16 deals;
}

/// @title Trustee board: an election's key that no one holds
/// @notice The trustees make a key together, of which any `threshold` of them can use what they
/// hold, and fewer cannot. Each step has its window; what comes early or late is refused.
/// 1. Each trustee j registers E_j = e_j G, to which shares are encrypted.
/// 2. Each dealer i commits to a deal, so that nobody chooses theirs by the others'.
/// 3. Each posts it: R_i = rho_i G, the commitments C_ik = a_ik G to a polynomial f_i of degree
///    threshold - 1, and to each trustee j the share f_i(j), hidden by rho_i E_j.
/// 4. A trustee whose share is not f_i(j) shows the secret point rho_i E_j: the contract judges and
///    excludes the deal of whoever lied.
/// 5. The deals that are left make K, the sum of C_i0, and the keys Y_j of what each trustee holds.
/// If fewer than `threshold` deals can be left, a new round begins. An excluded dealer keeps valid
/// shares; a trustee without a key gets none.
/// @dev Sources: Pedersen, "A threshold cryptosystem without a trusted party" (EUROCRYPT 1991);
/// Gennaro, Jarecki, Krawczyk, Rabin, "Secure distributed key generation for discrete-log based
/// cryptosystems" (J. Cryptology 2007), after which a last mover who withholds a deal chooses among
/// keys without learning any; Feldman (FOCS 1987) for the commitments.
/// Points have 96 bytes, scalars 32 and are below the group's order (`Bls12381`, whose errors these
/// functions have). A proof of knowledge is A(96) z(32). A deal of n shares with threshold t is
/// R(96) proof(128) proof(128) C_0..C_t-1 (96 each) c_1..c_n (32 each): the proofs are of rho and
/// a_0; c_j is 0 for a trustee without a key. What is hashed is in `CeremonyHash`.
interface ITrusteeBoard {
    event TrusteeKeyRegistered(
        uint64 indexed election, uint8 indexed round, uint8 indexed index, bytes key, bytes proof
    );
    event DealCommitted(
        uint64 indexed election, uint8 indexed round, uint8 indexed dealer, bytes32 commitment
    );
    event DealPosted(
        uint64 indexed election, uint8 indexed round, uint8 indexed dealer, bytes deal
    );
    /// @notice A complaint of trustee `index` about the deal of `dealer` was judged: the deal of
    /// `excluded`, one of the two, does not count.
    event ComplaintJudged(
        uint64 indexed election,
        uint8 indexed round,
        uint8 indexed index,
        uint8 dealer,
        uint8 excluded,
        bytes complaint
    );
    event CeremonyRestarted(uint64 indexed election, uint8 indexed round, uint40 complaintsUntil);
    /// @param dealers Whose deals make the key: bit i - 1 of dealer i.
    /// @param key K, 96 bytes.
    event CeremonyFinalised(
        uint64 indexed election, uint8 indexed round, uint16 dealers, bytes key
    );

    /// @notice Not what the ceremony waits for now.
    error CeremonyStepInvalid(uint64 election, CeremonyStep step);
    /// @notice Not the account of trustee `index`, or there is no such trustee.
    error TrusteeInvalid(uint64 election, uint256 index, address caller);
    error TrusteeKeyRegisteredBefore(uint64 election, uint8 index);
    error TrusteeKeyMissing(uint64 election, uint8 index);
    /// @notice Not the key that the trustee registered in this round.
    error TrusteeKeyMismatch(uint64 election, uint8 index);
    error KnowledgeProofLengthInvalid(uint256 length);
    error KnowledgeProofInvalid(uint64 election, uint8 index);
    error DealCommittedBefore(uint64 election, uint8 dealer);
    error DealPostedBefore(uint64 election, uint8 dealer);
    /// @notice Nothing was committed or posted, or it was excluded.
    error DealMissing(uint64 election, uint8 dealer);
    /// @notice Not what the dealer committed to, or posted.
    error DealMismatch(uint64 election, uint8 dealer);
    error DealLengthInvalid(uint256 length, uint256 expected);
    /// @notice A share for a trustee who has no key to hide it.
    error DealShareUnexpected(uint64 election, uint8 dealer, uint256 index);
    error ComplaintLengthInvalid(uint256 length);
    /// @notice The complaint proves nothing: its proof or its defect does not hold.
    error ComplaintInvalid(uint64 election, uint8 index, uint8 dealer);
    /// @notice A new round would end at `until`, too late for an election that opens at `opensAt`.
    error CeremonyRestartLate(uint64 election, uint256 until, uint40 opensAt);
    error CeremonyNotFinal(uint64 election);

    /// @notice Registers the caller's key for this round.
    /// @param index The caller's, from 1.
    /// @param key E_j.
    /// @param proof Of knowledge of e_j.
    function registerKey(uint64 election, uint8 index, bytes calldata key, bytes calldata proof)
        external;

    /// @notice Commits the caller to a deal.
    /// @param dealer The caller's index.
    /// @param commitment keccak256(CEREMONY, dealer, keccak256(deal)), three words.
    function commitDeal(uint64 election, uint8 dealer, bytes32 commitment) external;

    /// @notice Posts the deal that the caller committed to.
    function postDeal(uint64 election, uint8 dealer, bytes calldata deal) external;

    /// @notice Proves what share a dealer gave the caller; if it is wrong, the dealer is excluded,
    /// else the caller is.
    /// @param index The caller's.
    /// @param key The caller's E_j.
    /// @param deal As it was posted.
    /// @param complaint S = rho_i E_j (96), A1 (96), A2 (96) and z (32), which prove that S has the
    /// logarithm to R_i that E_j has to G; and the defect s G - sum j^k C_ik (96) of the share s
    /// that S uncovers, 96 zeros if it has none: because it is claimed, one sum checks it all.
    function complain(
        uint64 election,
        uint8 index,
        uint8 dealer,
        bytes calldata key,
        bytes calldata deal,
        bytes calldata complaint
    ) external;

    /// @notice Makes the key of the deals that are left. Anyone, before the election opens.
    /// @param deals For each of them, by rising index: C_0..C_t-1 (96 each), keccak256(deal) (32).
    function finalise(uint64 election, bytes calldata deals) external;

    /// @notice Begins a new round, if too few deals can be left. Anyone.
    /// @dev Its windows are as long as the first round's. That of the keys is as long as that of
    /// the commitments: a first round begins when its election is created, at no time of its own.
    function restart(uint64 election) external;

    /// @notice K, 96 bytes. Reverts with `CeremonyNotFinal` until there is one.
    function keyOf(uint64 election) external view returns (bytes memory);

    /// @notice Y_j, the key of what trustee `index` holds, 96 bytes.
    function verificationKeyOf(uint64 election, uint8 index) external view returns (bytes memory);

    /// @notice The contract whose code keeps K, Y_1, ... Y_n, 96 bytes each behind a zero byte.
    function keyCodeOf(uint64 election) external view returns (CodeBytes);

    function isFinal(uint64 election) external view returns (bool);
    function ceremonyOf(uint64 election) external view returns (Ceremony memory);
    function stepOf(uint64 election) external view returns (CeremonyStep);
    function roundOf(uint64 election) external view returns (uint8);
    /// @notice CEREMONY: what proofs and pads of the current round are bound to.
    function contextOf(uint64 election) external view returns (bytes32);
    /// @notice keccak256 of E_j in the current round; 0: none.
    function trusteeKeyHashOf(uint64 election, uint8 index) external view returns (bytes32);
    /// @notice In the current round what a dealer committed to; or, once the deal is posted,
    /// keccak256(keccak256(deal), keccak256(C_0..C_t-1)); 0: nothing.
    function dealRecordOf(uint64 election, uint8 dealer) external view returns (bytes32);
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function ELECTIONS() external view returns (IElections);
}
