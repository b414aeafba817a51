// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BallotBox} from "../../contracts/ballots/BallotBox.sol";
import {IBallotBox} from "../../contracts/ballots/IBallotBox.sol";
import {IElections} from "../../contracts/ballots/IElections.sol";
import {ITrusteeBoard} from "../../contracts/ballots/ITrusteeBoard.sol";
import {BallotProofs} from "../../contracts/ballots/types/BallotProofs.sol";
import {Bls12381, Msm} from "../../contracts/ballots/types/Bls12381.sol";
import {BallotBooth, boothVm} from "./BallotBooth.sol";
import {BallotMaker, BallotPlace} from "./BallotMaker.sol";
import {Unequal, assertEqual, vm} from "./Vm.sol";

/// @dev A contract that a voter could try to vote through.
contract BallotCarrier {
    function carry(IBallotBox box, uint64 election, bytes calldata ballots) external {
        box.castBatch(election, 0, 0, ballots);
    }
}

/// @title What a ballot box takes, adds up and refuses, with ballots made on the spot
contract BallotBoxTest is BallotBooth {
    uint256 private constant HEAD = 73;
    uint256 private constant POINT = 96;

    error Undone(bytes reason);
    error Done(bytes4 expected);

    function _done(bool done, bytes memory reason) private pure {
        if (!done) revert Undone(reason);
    }

    /// @dev The whole of the error, arguments and all.
    function _refused(bool done, bytes memory reason, bytes memory expected) private pure {
        if (done) revert Done(bytes4(expected));
        if (keccak256(reason) != keccak256(expected)) revert Undone(reason);
    }

    function _castsAll(uint8 question, uint16 precinct, bytes memory ballots) private {
        (bool done, bytes memory reason) = _cast(question, precinct, ballots);
        _done(done, reason);
    }

    function _isRefused(uint8 question, bytes memory ballots, bytes memory expected) private {
        (bool done, bytes memory reason) = _cast(question, 0, ballots);
        _refused(done, reason, expected);
        assertEqual("count", _box.countOf(_election, question, 0), 0);
        if (_box.hasVoted(_election, question, 0, 0)) revert Unequal("voted", 1, 0);
    }

    /// @dev beta - x alpha has to be `number` times G.
    function _holds(uint8 question, uint16 precinct, uint8 option, uint256 number) private view {
        (bytes memory alpha, bytes memory beta) = _box.sumOf(_election, question, precinct, option);
        Msm memory sum = Bls12381.create(3);
        sum.pushMemory(beta, 1);
        sum.pushMemory(alpha, BallotMaker.negative(SECRET));
        sum.pushGenerator(BallotMaker.negative(number));
        if (!sum.isZero()) revert Unequal("sum", 0, number);
    }

    // What counts

    function testFuzz_ChoicesAreAddedUpAndNothingElse(uint256 dice) external {
        uint256[5] memory counts;
        uint256 cast = 0;
        while (cast < VOTERS) {
            bytes memory ballots;
            uint256 end = cast + 1 + uint256(keccak256(abi.encode(dice, cast))) % 4;
            if (end > VOTERS) end = VOTERS;
            bytes32 trackers = 0;
            bytes memory list;
            for (; cast < end; ++cast) {
                uint256 option = uint256(keccak256(abi.encode(dice, "option", cast))) % 5;
                ++counts[option];
                bytes memory body = BallotMaker.seal(_place(OF_FIVE, 1, cast), 1 << option);
                list = bytes.concat(list, BallotMaker.trackerOf(_place(OF_FIVE, 1, cast), body));
                ballots = bytes.concat(ballots, _signed(OF_FIVE, 1, cast, body));
            }
            trackers = keccak256(list);
            bytes28 before = _box.bulletinOf(_election, OF_FIVE, 1);
            _castsAll(OF_FIVE, 1, ballots);
            bytes28 expected = bytes28(keccak256(abi.encodePacked(before, trackers)));
            if (_box.bulletinOf(_election, OF_FIVE, 1) != expected) revert Unequal("hash", 0, 1);
            assertEqual("count", _box.countOf(_election, OF_FIVE, 1), cast);
            assertEqual("voted", _box.hasVoted(_election, OF_FIVE, 1, uint32(cast - 1)) ? 1 : 0, 1);
        }
        uint256 number = counts[1] + (counts[2] << 8) + (counts[3] << 16) + (counts[4] << 24);
        _holds(OF_FIVE, 1, 0, number);
        assertEqual("elsewhere", _box.countOf(_election, OF_FIVE, 0), 0);
        assertEqual("other question", _box.countOf(_election, YES_NO, 1), 0);
    }

    function test_VectorsAreAddedUpByOption() external {
        bytes memory ballots;
        for (uint256 i = 0; i < 4; ++i) {
            ballots = bytes.concat(ballots, _ballot(EXACTLY_ONE, 0, 2 * i, 1 << i / 2));
        }
        _castsAll(EXACTLY_ONE, 0, ballots);
        _holds(EXACTLY_ONE, 0, 0, 2);
        _holds(EXACTLY_ONE, 0, 1, 2);
        _holds(EXACTLY_ONE, 0, 4, 0);
        assertEqual("count", _box.countOf(_election, EXACTLY_ONE, 0), 4);
    }

    function test_VectorsMayChooseFromMinToMax() external {
        uint256[4] memory chosen = [uint256(0), 1, 3, 6];
        bytes memory ballots;
        for (uint256 i = 0; i < 4; ++i) {
            ballots = bytes.concat(ballots, _ballot(UP_TO_TWO, 0, i, chosen[i]));
        }
        _castsAll(UP_TO_TWO, 0, ballots);
        _holds(UP_TO_TWO, 0, 0, 2);
        _holds(UP_TO_TWO, 0, 1, 2);
        _holds(UP_TO_TWO, 0, 2, 1);
    }

    function test_AVoterCastsDirectlyWithoutASignature() external {
        bytes memory body = BallotMaker.seal(_place(YES_NO, 0, 3), 2);
        (bool done, bytes memory reason) = _castBy(_voterOf(0, 3), YES_NO, 0, _direct(3, body));
        _done(done, reason);
        _holds(YES_NO, 0, 0, 1);

        (done, reason) = _castBy(_voterOf(0, 3), YES_NO, 0, _direct(3, body));
        _refused(
            done,
            reason,
            abi.encodeWithSelector(IBallotBox.BallotCastAlready.selector, _voterOf(0, 3))
        );
    }

    function test_WhoHasVotedIsPassedOverAndSpoilsNoBatch() external {
        bytes memory batch = bytes.concat(
            _ballot(YES_NO, 0, 0, 1), _ballot(YES_NO, 0, 1, 2), _ballot(YES_NO, 0, 2, 2)
        );
        bytes memory body = BallotMaker.seal(_place(YES_NO, 0, 1), 1);
        (bool done, bytes memory reason) = _castBy(_voterOf(0, 1), YES_NO, 0, _direct(1, body));
        _done(done, reason);

        vm.recordLogs();
        _castsAll(YES_NO, 0, batch);
        (, uint256 count, uint256 skipped) =
            abi.decode(vm.getRecordedLogs()[0].data, (bytes28, uint256, uint256));
        assertEqual("count", count, 3);
        assertEqual("skipped", skipped, 2);
        _holds(YES_NO, 0, 0, 1);

        (done, reason) = _cast(YES_NO, 0, batch);
        _refused(done, reason, abi.encodeWithSelector(IBallotBox.BatchVotersDone.selector));
    }

    /// @dev What a passed-over entry holds is not looked at: points and proof may be anything.
    function test_APassedOverEntryIsLeftOutOfProofAndSum() external {
        _castsAll(YES_NO, 0, _ballot(YES_NO, 0, 0, 2));
        bytes memory spoilt = _ballot(YES_NO, 0, 0, 2);
        for (uint256 i = HEAD; i < spoilt.length; ++i) {
            spoilt[i] = 0xff;
        }
        _castsAll(YES_NO, 0, bytes.concat(spoilt, _ballot(YES_NO, 0, 1, 2)));
        _holds(YES_NO, 0, 0, 2);
    }

    // Forged proofs

    function _flipped(bytes memory ballot, uint256 place) private pure returns (bytes memory) {
        ballot[place] ^= 0x01;
        return ballot;
    }

    /// @dev Whatever byte of a body is changed: of a point it leaves the curve, of a scalar the
    /// equations fail.
    function testFuzz_EveryByteOfABodyIsBound(uint256 dice) external {
        bytes memory body = BallotMaker.seal(_place(YES_NO, 0, 0), 2);
        body = _flipped(body, dice % body.length);
        (bool done,) = _cast(YES_NO, 0, _signed(YES_NO, 0, 0, body));
        if (done) revert Done(0);
    }

    function testFuzz_EveryByteOfAChoiceOfFiveIsBound(uint256 dice) external {
        bytes memory body = BallotMaker.seal(_place(OF_FIVE, 0, 0), 8);
        body = _flipped(body, dice % body.length);
        (bool done,) = _cast(OF_FIVE, 0, _signed(OF_FIVE, 0, 0, body));
        if (done) revert Done(0);
    }

    function testFuzz_EveryByteOfAVectorIsBound(uint256 dice) external {
        bytes memory body = BallotMaker.seal(_place(UP_TO_TWO, 0, 0), 5);
        body = _flipped(body, dice % body.length);
        (bool done,) = _cast(UP_TO_TWO, 0, _signed(UP_TO_TWO, 0, 0, body));
        if (done) revert Done(0);
    }

    function _proofsInvalid() private pure returns (bytes memory) {
        return abi.encodeWithSelector(BallotProofs.BatchProofsInvalid.selector);
    }

    function test_VotesThatAreNoOptionAreRefused() external {
        uint256[4] memory numbers = [uint256(2), 1 << 16, Bls12381.R - 1, 1 << 250];
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory body = BallotMaker.sealNumber(_place(YES_NO, 0, 0), 1, numbers[i]);
            _isRefused(YES_NO, _signed(YES_NO, 0, 0, body), _proofsInvalid());
        }
    }

    function test_VectorsWithTooManyOrTooFewAreRefused() external {
        bytes memory body = BallotMaker.seal(_place(EXACTLY_ONE, 0, 0), 0);
        _isRefused(EXACTLY_ONE, _signed(EXACTLY_ONE, 0, 0, body), _proofsInvalid());
        body = BallotMaker.seal(_place(EXACTLY_ONE, 0, 0), 3);
        _isRefused(EXACTLY_ONE, _signed(EXACTLY_ONE, 0, 0, body), _proofsInvalid());
        body = BallotMaker.seal(_place(UP_TO_TWO, 0, 0), 7);
        _isRefused(UP_TO_TWO, _signed(UP_TO_TWO, 0, 0, body), _proofsInvalid());
    }

    /// @dev With a hash that leaves the ciphertext out, whoever forges chooses the commitments and
    /// the challenge first and fits alpha to them: alpha = (z G - A) / c.
    function test_AForgeryForWeakFiatShamirIsRefused() external {
        BallotPlace memory place = _place(YES_NO, 0, 0);
        (uint256 a0, uint256 a1) = (11, 13);
        bytes memory commitments = bytes.concat(
            BallotMaker.generatorTimes(a0),
            BallotMaker.combine(7, _key, 5),
            BallotMaker.generatorTimes(a1),
            BallotMaker.combine(9, _key, 3)
        );
        bytes32 voter = bytes32(uint256(uint160(place.voter)));
        uint256 c =
            BallotMaker.challengeOf("choice", bytes.concat(place.context, voter), commitments);
        // z_0 - a_0 = c_0 r and z_1 - a_1 = c_1 r for r = 1; beta is then free.
        uint256 c0 = 17;
        uint256 c1 = addmod(c, BallotMaker.negative(c0), Bls12381.R);
        bytes memory body = bytes.concat(
            BallotMaker.encrypt(_key, 1, 1_000_000),
            commitments,
            bytes32(c0),
            bytes32(addmod(a0, c0, Bls12381.R)),
            bytes32(addmod(a1, c1, Bls12381.R))
        );
        _isRefused(YES_NO, _signed(YES_NO, 0, 0, body), _proofsInvalid());
    }

    /// @dev Two commitments are moved by D and -D before they are hashed: of two branches, or of
    /// the two equations of one. With one weight for both the faults would make up for each other.
    function test_FaultsOfABallotThatMakeUpForEachOtherAreRefused() external {
        uint256 less = BallotMaker.negative(5);
        uint256[3][3] memory shifts = [[5, less, 0], [5, 0, less], [0, less, 5]];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory bad = _proofWithShifts(_place(YES_NO, 0, 0), shifts[i]);
            _isRefused(YES_NO, _signed(YES_NO, 0, 0, bad), _proofsInvalid());
        }
        bytes memory body = _proofWithShifts(_place(YES_NO, 0, 0), [uint256(0), 0, 0]);
        _castsAll(YES_NO, 0, _signed(YES_NO, 0, 0, body));
    }

    function test_FaultsOfTwoBallotsThatMakeUpForEachOtherAreRefused() external {
        uint256 less = BallotMaker.negative(5);
        bytes memory one = _proofWithShifts(_place(YES_NO, 0, 0), [uint256(5), 0, 0]);
        bytes memory two = _proofWithShifts(_place(YES_NO, 0, 1), [less, 0, 0]);
        _isRefused(
            YES_NO,
            bytes.concat(_signed(YES_NO, 0, 0, one), _signed(YES_NO, 0, 1, two)),
            _proofsInvalid()
        );
    }

    /// @dev An honest ballot for option 1, but for the shifts of A_0, A_1 and B_0.
    function _proofWithShifts(BallotPlace memory place, uint256[3] memory shifts)
        private
        view
        returns (bytes memory)
    {
        (uint256 r, uint256 w, uint256 c0, uint256 z0) = (21, 23, 29, 31);
        bytes memory ciphertext = BallotMaker.encrypt(_key, r, 1);
        uint256 step = addmod(z0, BallotMaker.negative(mulmod(c0, r, Bls12381.R)), Bls12381.R);
        uint256 onG = addmod(BallotMaker.negative(c0), shifts[2], Bls12381.R);
        bytes memory commitments = bytes.concat(
            BallotMaker.generatorTimes(addmod(step, shifts[0], Bls12381.R)),
            BallotMaker.combine(onG, _key, step),
            BallotMaker.generatorTimes(addmod(w, shifts[1], Bls12381.R)),
            BallotMaker.combine(0, _key, w)
        );
        bytes32 voter = bytes32(uint256(uint160(place.voter)));
        uint256 c = BallotMaker.challengeOf(
            "choice", bytes.concat(place.context, voter, ciphertext), commitments
        );
        uint256 c1 = addmod(c, BallotMaker.negative(c0), Bls12381.R);
        uint256 z1 = addmod(w, mulmod(c1, r, Bls12381.R), Bls12381.R);
        return bytes.concat(ciphertext, commitments, bytes32(c0), bytes32(z0), bytes32(z1));
    }

    function test_ABallotBetweenGoodOnesRefusesTheBatch() external {
        bytes memory body = BallotMaker.sealNumber(_place(YES_NO, 0, 1), 1, 2);
        bytes memory batch = bytes.concat(
            _ballot(YES_NO, 0, 0, 1), _signed(YES_NO, 0, 1, body), _ballot(YES_NO, 0, 2, 1)
        );
        _isRefused(YES_NO, batch, _proofsInvalid());
    }

    // Copies and replays

    function test_ACopiedBallotSignedByAnotherVoterIsRefused() external {
        bytes memory body = BallotMaker.seal(_place(YES_NO, 0, 0), 2);
        _isRefused(YES_NO, _signed(YES_NO, 0, 1, body), _proofsInvalid());
        (bool done, bytes memory reason) = _castBy(_voterOf(0, 1), YES_NO, 0, _direct(1, body));
        _refused(done, reason, _proofsInvalid());
    }

    function test_PartsOfVectorsCannotBeRecombined() external {
        bytes memory one = BallotMaker.seal(_place(UP_TO_TWO, 0, 0), 1);
        BallotPlace memory again = _place(UP_TO_TWO, 0, 0);
        again.seed = 99;
        bytes memory two = BallotMaker.seal(again, 1);
        // The first option of the other ballot, with its proof.
        for (uint256 i = 0; i < 672; ++i) {
            one[i] = two[i];
        }
        _isRefused(UP_TO_TWO, _signed(UP_TO_TWO, 0, 0, one), _proofsInvalid());
    }

    function test_ABallotOfAnotherElectionIsRefused() external {
        bytes memory body = BallotMaker.seal(_place(YES_NO, 0, 0), 2);
        _election = _openElection();
        vm.warp(OPENS);
        _isRefused(YES_NO, _signed(YES_NO, 0, 0, body), _proofsInvalid());
    }

    function test_ABallotOfAnotherBoxIsRefused() external {
        bytes memory body = BallotMaker.seal(_place(YES_NO, 0, 0), 2);
        _box = new BallotBox(_elections, ITrusteeBoard(address(_board)), _roll);
        vm.warp(7000);
        _box.prepare(_election, YES_NO);
        vm.warp(OPENS);
        _isRefused(YES_NO, _signed(YES_NO, 0, 0, body), _proofsInvalid());
    }

    function test_ABallotOfAnotherChainIsRefused() external {
        bytes memory body = BallotMaker.seal(_place(YES_NO, 0, 0), 2);
        boothVm.chainId(5);
        _election = _openElection();
        vm.warp(OPENS);
        _isRefused(YES_NO, _signed(YES_NO, 0, 0, body), _proofsInvalid());
    }

    function test_ABallotForAnotherKeyIsRefused() external {
        BallotPlace memory place = _place(YES_NO, 0, 0);
        place.key = BallotMaker.generatorTimes(SECRET + 1);
        bytes memory body = BallotMaker.seal(place, 2);
        _isRefused(YES_NO, _signed(YES_NO, 0, 0, body), _proofsInvalid());
    }

    // Points and scalars

    function _with(bytes memory body, uint256 place, bytes memory patch)
        private
        pure
        returns (bytes memory)
    {
        for (uint256 i = 0; i < patch.length; ++i) {
            body[place + i] = patch[i];
        }
        return body;
    }

    function test_InfinityIsRefusedWhereverItStands() external {
        for (uint256 i = 0; i < 6; ++i) {
            bytes memory body = BallotMaker.seal(_place(YES_NO, 0, 0), 2);
            body = _with(body, i * POINT, new bytes(POINT));
            _isRefused(
                YES_NO,
                _signed(YES_NO, 0, 0, body),
                abi.encodeWithSelector(Bls12381.PointInfinite.selector)
            );
        }
    }

    /// @dev (4, ...) is off the curve; (1 + p, ...) is not reduced; what follows is on the curve
    /// and outside the subgroup. Refusing costs no more gas than the most that a batch could need.
    function test_PointsOutsideTheGroupAreRefusedForBoundedGas() external {
        bytes[3] memory points = [
            bytes.concat(bytes16(0), bytes32(uint256(4)), bytes16(0), bytes32(uint256(5))),
            bytes.concat(
                hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624",
                hex"1eabfffeb153ffffb9feffffffffaaac",
                bytes16(0),
                bytes32(uint256(5))
            ),
            _outsideSubgroup()
        ];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory body = BallotMaker.seal(_place(YES_NO, 0, 0), 2);
            body = _with(body, POINT, points[i]);
            bytes memory ballot = _signed(YES_NO, 0, 0, body);
            uint256 gas = gasleft();
            _isRefused(YES_NO, ballot, abi.encodeWithSelector(Bls12381.PointsInvalid.selector));
            gas -= gasleft();
            if (gas > 8 * 12_000 + 100_000) revert Unequal("gas", gas, 196_000);
        }
    }

    /// @dev (0, 2): y^2 = x^3 + 4 holds, and 3 times it is infinity. Its x ends in zeros only, so
    /// the point that is taken is it plus the generator: of order 3 r.
    function _outsideSubgroup() private view returns (bytes memory) {
        bytes memory two = new bytes(POINT);
        two[95] = 0x02;
        return Bls12381.add(two, BallotMaker.generatorTimes(1));
    }

    function test_ScalarsFromTheOrderUpAreRefused() external {
        for (uint256 i = 0; i < 3; ++i) {
            _scalarIsRefused(YES_NO, 6 * POINT + i * 32);
        }
        for (uint256 i = 0; i < 9; ++i) {
            _scalarIsRefused(OF_FIVE, 12 * POINT + i * 32);
        }
        uint256 sum = 3 * (6 * POINT + 3 * 32) + 6 * POINT;
        for (uint256 i = 0; i < 3; ++i) {
            _scalarIsRefused(UP_TO_TWO, 6 * POINT + i * 32);
            _scalarIsRefused(UP_TO_TWO, sum + i * 32);
        }
    }

    /// @dev The precompile would take it for the one below the order.
    function _scalarIsRefused(uint8 question, uint256 place) private {
        bytes memory body = BallotMaker.seal(_place(question, 0, 0), 2);
        uint256 scalar;
        assembly ("memory-safe") {
            scalar := mload(add(add(body, 32), place))
        }
        scalar += Bls12381.R;
        body = _with(body, place, abi.encode(scalar));
        _isRefused(
            question,
            _signed(question, 0, 0, body),
            abi.encodeWithSelector(Bls12381.ScalarInvalid.selector, scalar)
        );
    }

    function test_SumsThatAddUpToNothingAreRefused() external {
        bytes memory one = _cancelling(_place(YES_NO, 0, 0), 3);
        bytes memory two = _cancelling(_place(YES_NO, 0, 1), BallotMaker.negative(3));
        _isRefused(
            YES_NO,
            bytes.concat(_signed(YES_NO, 0, 0, one), _signed(YES_NO, 0, 1, two)),
            abi.encodeWithSelector(IBallotBox.BatchSumInfinite.selector)
        );
    }

    /// @dev An honest ballot for option 0 whose randomness is chosen.
    function _cancelling(BallotPlace memory place, uint256 r) private view returns (bytes memory) {
        bytes memory ciphertext = BallotMaker.encrypt(_key, r, 0);
        (uint256 w, uint256 c1, uint256 z1) = (23, 29, 31);
        uint256 step = addmod(z1, BallotMaker.negative(mulmod(c1, r, Bls12381.R)), Bls12381.R);
        bytes memory commitments = bytes.concat(
            BallotMaker.generatorTimes(w),
            BallotMaker.combine(0, _key, w),
            BallotMaker.generatorTimes(step),
            BallotMaker.combine(c1, _key, step)
        );
        bytes32 voter = bytes32(uint256(uint160(place.voter)));
        uint256 c = BallotMaker.challengeOf(
            "choice", bytes.concat(place.context, voter, ciphertext), commitments
        );
        uint256 c0 = addmod(c, BallotMaker.negative(c1), Bls12381.R);
        uint256 z0 = addmod(w, mulmod(c0, r, Bls12381.R), Bls12381.R);
        return bytes.concat(ciphertext, commitments, bytes32(c0), bytes32(z0), bytes32(z1));
    }

    // Voters

    function test_VotersHaveToRise() external {
        bytes memory one = _ballot(YES_NO, 0, 1, 1);
        bytes memory expected =
            abi.encodeWithSelector(IBallotBox.BallotIndexInvalid.selector, 1, uint32(1));
        _isRefused(YES_NO, bytes.concat(one, one), expected);
        _isRefused(YES_NO, bytes.concat(_ballot(YES_NO, 0, 2, 1), one), expected);
    }

    function test_NobodyVotesFromBehindTheRoll() external {
        BallotPlace memory place = _place(YES_NO, 0, 0);
        place.voter = address(0);
        bytes memory body = BallotMaker.seal(place, 2);
        _isRefused(
            YES_NO,
            _signed(YES_NO, 0, VOTERS, body),
            abi.encodeWithSelector(IBallotBox.BallotIndexInvalid.selector, 0, uint32(VOTERS))
        );
    }

    function _signatureInvalid(uint256 ballot, uint256 index) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IBallotBox.BallotSignatureInvalid.selector, ballot, _voterOf(0, index)
        );
    }

    function test_ABallotIsSignedByItsVoter() external {
        bytes memory body = BallotMaker.seal(_place(YES_NO, 0, 0), 2);
        bytes memory good = _ballot(YES_NO, 0, 1, 2);
        uint256 thief = _keyOf(0, 1);
        _isRefused(
            YES_NO,
            bytes.concat(_signedBy(thief, YES_NO, 0, 0, body), good),
            _signatureInvalid(0, 0)
        );
        // Without a signature, by somebody else; or by the voter, but not alone.
        _isRefused(YES_NO, _direct(0, body), _signatureInvalid(0, 0));
        (bool done, bytes memory reason) =
            _castBy(_voterOf(0, 0), YES_NO, 0, bytes.concat(_direct(0, body), good));
        _refused(done, reason, _signatureInvalid(0, 0));
    }

    /// @dev Every field of what is signed, and every byte of the signature.
    function test_ASignatureIsForOneBallotOnly() external {
        bytes memory ballot = _ballot(YES_NO, 0, 0, 2);
        for (uint256 i = 4; i < HEAD; i += 5) {
            bytes memory other = _flipped(bytes.concat(ballot), i);
            _isRefused(YES_NO, other, _signatureInvalid(0, 0));
        }
        // A ballot that the voter made and did not sign, under the signature of another.
        bytes memory body = BallotMaker.seal(_place(YES_NO, 0, 0), 1);
        _isRefused(YES_NO, _with(ballot, HEAD, body), _signatureInvalid(0, 0));
    }

    function test_ASignatureCountsUntilItsDeadline() external {
        bytes memory ballot = _ballot(YES_NO, 0, 0, 2);
        vm.warp(DEADLINE + 1);
        _isRefused(
            YES_NO, ballot, abi.encodeWithSelector(IBallotBox.BallotExpired.selector, 0, DEADLINE)
        );
        vm.warp(DEADLINE);
        _castsAll(YES_NO, 0, ballot);
    }

    function test_BallotsComeFromKeysOnly() external {
        bytes memory ballot = _ballot(YES_NO, 0, 0, 2);
        BallotCarrier carrier = new BallotCarrier();
        bytes memory data = abi.encodeCall(carrier.carry, (_box, _election, ballot));
        (bool done, bytes memory reason) = address(carrier).call(data);
        _refused(
            done,
            reason,
            abi.encodeWithSelector(IBallotBox.BatchCallerInvalid.selector, address(carrier))
        );
        // A key that has borrowed code (EIP-7702) could call from within its own transaction.
        address borrower = vm.addr(77);
        vm.etch(borrower, hex"00");
        _isRefused(
            YES_NO, ballot, abi.encodeWithSelector(IBallotBox.BatchCallerInvalid.selector, borrower)
        );
    }

    // Time and form

    function test_BallotsCountWhileTheElectionIsOpen() external {
        bytes memory ballot = _ballot(YES_NO, 0, 0, 2);
        vm.warp(OPENS - 1);
        _isRefused(
            YES_NO,
            ballot,
            abi.encodeWithSelector(IBallotBox.VotingNotOpen.selector, _election, OPENS)
        );
        vm.warp(CLOSES);
        _isRefused(
            YES_NO,
            ballot,
            abi.encodeWithSelector(IBallotBox.VotingClosed.selector, _election, CLOSES)
        );
        vm.warp(DEADLINE);
        _castsAll(YES_NO, 0, ballot);
    }

    function test_ACancelledElectionTakesNoBallots() external {
        bytes memory ballot = _ballot(YES_NO, 0, 0, 2);
        vm.warp(OPENS - 1);
        _elections.cancel(_election, keccak256("reason"));
        vm.warp(OPENS);
        _isRefused(
            YES_NO,
            ballot,
            abi.encodeWithSelector(IElections.ElectionWasCancelled.selector, _election)
        );
    }

    function test_BatchesAreOneOrMoreBallots() external {
        bytes memory ballot = _ballot(YES_NO, 0, 0, 2);
        uint256 size = _box.ballotLengthOf(_election, YES_NO);
        assertEqual("size", size, ballot.length);
        bytes4 selector = IBallotBox.BatchLengthInvalid.selector;
        _isRefused(YES_NO, "", abi.encodeWithSelector(selector, 0, size));
        _isRefused(
            YES_NO, bytes.concat(ballot, hex"00"), abi.encodeWithSelector(selector, size + 1, size)
        );
        _isRefused(
            YES_NO, new bytes(256 * size), abi.encodeWithSelector(selector, 256 * size, size)
        );
        (bool done, bytes memory reason) = _cast(YES_NO, 2, ballot);
        _refused(
            done,
            reason,
            abi.encodeWithSelector(IBallotBox.PrecinctUnknown.selector, _election, uint16(2))
        );
        (done, reason) = _cast(4, 0, ballot);
        _refused(
            done,
            reason,
            abi.encodeWithSelector(IBallotBox.QuestionNotPrepared.selector, _election, uint8(4))
        );
    }

    function test_ABallotOfOnePrecinctIsNotCountedInAnother() external {
        bytes memory ballot = _ballot(YES_NO, 0, 0, 2);
        (bool done, bytes memory reason) = _cast(YES_NO, 1, ballot);
        _refused(
            done,
            reason,
            abi.encodeWithSelector(IBallotBox.BallotSignatureInvalid.selector, 0, _voterOf(1, 0))
        );
    }
}
