"""The group's edges, ballots and keys beside plain arithmetic, and long rolls, run by forge."""

import pytest

from tests.fixtures.forge import PASSED, outcomes

TESTS = {
    "BallotBoxTest": {
        "testFuzz_ChoicesAreAddedUpAndNothingElse(uint256)",
        "testFuzz_EveryByteOfABodyIsBound(uint256)",
        "testFuzz_EveryByteOfAChoiceOfFiveIsBound(uint256)",
        "testFuzz_EveryByteOfAVectorIsBound(uint256)",
        "test_ABallotBetweenGoodOnesRefusesTheBatch()",
        "test_ABallotForAnotherKeyIsRefused()",
        "test_ABallotIsSignedByItsVoter()",
        "test_ABallotOfAnotherBoxIsRefused()",
        "test_ABallotOfAnotherChainIsRefused()",
        "test_ABallotOfAnotherElectionIsRefused()",
        "test_ABallotOfOnePrecinctIsNotCountedInAnother()",
        "test_ACancelledElectionTakesNoBallots()",
        "test_ACopiedBallotSignedByAnotherVoterIsRefused()",
        "test_AForgeryForWeakFiatShamirIsRefused()",
        "test_APassedOverEntryIsLeftOutOfProofAndSum()",
        "test_ASignatureCountsUntilItsDeadline()",
        "test_ASignatureIsForOneBallotOnly()",
        "test_AVoterCastsDirectlyWithoutASignature()",
        "test_BallotsComeFromKeysOnly()",
        "test_BallotsCountWhileTheElectionIsOpen()",
        "test_BatchesAreOneOrMoreBallots()",
        "test_FaultsOfABallotThatMakeUpForEachOtherAreRefused()",
        "test_FaultsOfTwoBallotsThatMakeUpForEachOtherAreRefused()",
        "test_InfinityIsRefusedWhereverItStands()",
        "test_NobodyVotesFromBehindTheRoll()",
        "test_PartsOfVectorsCannotBeRecombined()",
        "test_PointsOutsideTheGroupAreRefusedForBoundedGas()",
        "test_ScalarsFromTheOrderUpAreRefused()",
        "test_SumsThatAddUpToNothingAreRefused()",
        "test_VectorsAreAddedUpByOption()",
        "test_VectorsMayChooseFromMinToMax()",
        "test_VectorsWithTooManyOrTooFewAreRefused()",
        "test_VotersHaveToRise()",
        "test_VotesThatAreNoOptionAreRefused()",
        "test_WhoHasVotedIsPassedOverAndSpoilsNoBatch()",
    },
    "Bls12381Test": {
        "testFuzz_SumsAreThoseOfTheScalars(uint256,uint256)",
        "test_APointHas96Bytes()",
        "test_AScalarIsBelowTheOrder()",
        "test_ASumOfNothingIsRefused()",
        "test_ASumTakesNoMoreThanItHasRoomFor()",
        "test_InfinityIsNoPointOfTheWire()",
        "test_InfinityIsZeros()",
        "test_LengthsAreWholePairs()",
        "test_NeitherTakesAPointOffTheCurve()",
        "test_OneBadPointSpoilsTheWholeSum()",
        "test_OnlyTheSumOfProductsKnowsTheSubgroup()",
        "test_PaddingIsZeros()",
        "test_ScalarsCountModuloTheOrder()",
        "test_TheGeneratorIsTheStandardOne()",
        "test_TheSumTakesNoPointThatIsNone()",
        "test_WhatIsRefusedCostsNoMoreThanWhatIsTaken()",
    },
    "KeySumsTest": {
        "testFuzz_TheKeysAreTheValuesOfTheSum(uint256,uint256,uint256)",
        "testFuzz_WeightsInterpolate(uint256)",
        "test_NoKeyIsInfinity()",
        "test_TheKeysOfAwkwardCoefficients()",
    },
    "VoterRollTest": {
        "test_BallotsAreCastFromAllChunks()",
        "test_ChunksAreFrozenInAnyOrder()",
        "test_FirstChunksAreWholeAndInOrder()",
    },
}


@pytest.mark.timeout(1800)
def test_what_forge_tests_holds():
    assert outcomes("{BallotBox,Bls12381,KeySums,VoterRoll}*") == {
        contract: dict.fromkeys(names, PASSED) for contract, names in TESTS.items()
    }
