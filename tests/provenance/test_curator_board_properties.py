"""Random lives of a board of curators beside plain books, run by forge.

Every sequence has its seed on record, beside the property, so a failure comes again; forge
shortens the sequence that it reports.
"""

import pytest

from tests.fixtures.forge import PASSED, outcomes

PROPERTIES = {
    "CuratorBoardInvariants": {
        "invariant_1_EveryBondIsPaidOutOnce()",
        "invariant_2_EveryVoteCountsOnce()",
        "invariant_3_EveryCaseEndsOnce()",
        "invariant_4_TheQuorumCanBeMet()",
        "invariant_5_NobodyElseDecides()",
    },
    "CuratorBoardCampaignTest": {"test_EveryActionIsCarriedOutAndRefused()"},
}


@pytest.mark.timeout(1800)
def test_properties_hold_for_random_sequences():
    assert outcomes("CuratorBoard*") == {
        contract: dict.fromkeys(names, PASSED) for contract, names in PROPERTIES.items()
    }
