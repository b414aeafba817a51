"""Random sequences beside a model that knows no packed words, run by forge (`tests/forge`).

Every sequence has its seed on record, beside the property or in `foundry.toml`, so a failure comes
again; forge shortens the sequence that it reports.
"""

import pytest

from tests.fixtures.forge import PASSED, outcomes

PROPERTIES = {
    "PointsHubInvariants": {"invariant_BooksAgree()"},
    "PointsHubCampaignTest": {"test_EveryActionIsCarriedOut()"},
    "PointsNetworkInvariants": {
        "invariant_01_LanesOfHoldersSumToSupply()",
        "invariant_02_BalancesSumToTotalSupply()",
        "invariant_03_NothingLengthensAPointsLife()",
        "invariant_04_ObligationsGrowOnlyByAwards()",
        "invariant_05_PositionsStayWithinLimitsWithinDeposits()",
        "invariant_06_SettlingLeavesWorth()",
        "invariant_07_ExchangeCyclesEarnNothing()",
        "invariant_08_EverythingCountsOnce()",
        "invariant_09_QualifyingChangesOnlyByAwardOrReversal()",
        "invariant_10_FaceAndHubAgree()",
        "invariant_11_RollingOftenEqualsRollingOnce()",
        "invariant_12_WordsAreWellFormed()",
        "invariant_13_OnlyConsentLowersABalance()",
        "invariant_BooksAgree()",
    },
    "PointsNetworkCampaignTest": {
        "test_EveryActionIsCarriedOutAndRefused()",
        "test_EveryActionIsCarriedOutAndRefused_InAnotherLife()",
    },
    "PointsHubRollingTest": {"testFuzz_RollingEveryEpochEqualsRollingOnceLater(uint256)"},
    "EpochRingTest": {
        "testFuzz_Ring_FollowsTheListOfLots(uint256,uint48)",
        "testFuzz_RollTo_InStepsEqualsAtOnce(uint256,uint16,uint16,uint16)",
        "testFuzz_Plus_RevertsExactlyIfALaneOverflows(uint256,uint256)",
        "testFuzz_LaneShift_RevertsExactlyIfEpochIsNotLive(uint256,uint16)",
    },
}


@pytest.mark.timeout(1800)
def test_properties_hold_for_random_sequences():
    assert outcomes("{Points,EpochRing}*") == {
        contract: dict.fromkeys(names, PASSED) for contract, names in PROPERTIES.items()
    }
