"""Random lives of items beside plain books, and chains of another kind, run by forge.

Every sequence has its seed on record, beside the property, so a failure comes again; forge
shortens the sequence that it reports.
"""

import pytest

from tests.fixtures.forge import PASSED, outcomes

PROPERTIES = {
    "ItemLedgerInvariants": {
        "invariant_1_CustodyMovesByTwoSignatures()",
        "invariant_2_WhatIsPackedIsWhereItsParentIs()",
        "invariant_3_NoMassFromNothing()",
        "invariant_4_StepsAndTimesOnlyRise()",
    },
    "ItemLedgerCampaignTest": {"test_EveryActionIsCarriedOutAndRefused()"},
    "ItemLedgerEdgesTest": {
        "test_ADeviceIsAcceptedForAWordThatIsOne()",
        "test_ADeviceIsRefusedForAnAnswerOfAnotherSize()",
        "test_ADeviceIsRefusedForAnyOtherWord()",
        "test_ADeviceIsRefusedIfTheAnswerIsARevert()",
        "test_ADeviceIsRefusedWithoutAnAnswer()",
        "test_TheLastStepIsNotPassed()",
    },
}


@pytest.mark.timeout(1800)
def test_properties_hold_for_random_sequences():
    assert outcomes("ItemLedger*") == {
        contract: dict.fromkeys(names, PASSED) for contract, names in PROPERTIES.items()
    }
