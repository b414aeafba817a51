"""Random lives of a customer registry beside plain books, run by forge (`tests/forge`).

Every sequence has its seed on record, beside the property, so a failure comes again; forge
shortens the sequence that it reports.
"""

import pytest

from tests.fixtures.forge import PASSED, outcomes

PROPERTIES = {
    "CustomerRegistryInvariants": {
        "invariant_1_EveryTagLeadsToOneProfile()",
        "invariant_2_ChainsAreOneLong()",
        "invariant_3_EpochsNeverDecrease()",
        "invariant_4_AnOldKeyHasNoPower()",
        "invariant_5_NoRecoveryBeforeItsTimeOrAfterAVeto()",
        "invariant_6_ASignatureCountsOnce()",
        "invariant_7_AnIdNeverReturnsToZero()",
        "invariant_8_MergesAreCounted()",
        "invariant_BooksAgree()",
    },
    "CustomerRegistryCampaignTest": {"test_EveryActionIsCarriedOutAndRefused()"},
}


@pytest.mark.timeout(1800)
def test_properties_hold_for_random_sequences():
    assert outcomes("CustomerRegistry*") == {
        contract: dict.fromkeys(names, PASSED) for contract, names in PROPERTIES.items()
    }
