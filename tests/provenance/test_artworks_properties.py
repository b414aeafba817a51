"""Random lives of a gallery beside plain books, run by forge.

Every sequence has its seed on record, beside the property, so a failure comes again; forge
shortens the sequence that it reports.
"""

import pytest

from tests.fixtures.forge import PASSED, outcomes

PROPERTIES = {
    "ArtworksInvariants": {
        "invariant_1_BalancesAddUpToTheLiveTokens()",
        "invariant_2_NoTokenMovesOrIsPricedWithinAnEpoch()",
        "invariant_3_RecordsNeverChangeNorShareAFile()",
        "invariant_4_MoneyIsNeitherMadeNorLost()",
        "invariant_5_TheHistoryIsWhatTheEventsSay()",
        "invariant_6_WhatIsSignedHoldsOnceAndNothingElseHappens()",
    },
    "ArtworksCampaignTest": {"test_EveryActionIsCarriedOutAndRefused()"},
}


@pytest.mark.timeout(1800)
def test_properties_hold_for_random_sequences():
    assert outcomes("Artworks*") == {
        contract: dict.fromkeys(names, PASSED) for contract, names in PROPERTIES.items()
    }
