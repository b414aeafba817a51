"""Random sequences beside a model that knows no packed words, run by forge (`tests/forge`).

forge does four thousand steps in seconds; `foundry.toml` fixes the seed, so a failure comes again.
"""

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROPERTIES = {
    "PointsHubInvariants": {"invariant_BooksAgree()"},
    "PointsHubRollingTest": {"testFuzz_RollingEveryEpochEqualsRollingOnceLater(uint256)"},
    "EpochRingTest": {
        "testFuzz_Ring_FollowsTheListOfLots(uint256,uint48)",
        "testFuzz_RollTo_InStepsEqualsAtOnce(uint256,uint16,uint16,uint16)",
        "testFuzz_Plus_RevertsExactlyIfALaneOverflows(uint256,uint256)",
        "testFuzz_LaneShift_RevertsExactlyIfEpochIsNotLive(uint256,uint16)",
    },
}


@pytest.mark.timeout(600)
def test_properties_hold_for_random_sequences():
    ended = subprocess.run(
        ["forge", "test", "--json", "--match-path", "tests/forge/*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    # forge reports broken invariants line by line before it prints the results.
    results = [line for line in ended.stdout.splitlines() if line.startswith('{"tests/')]
    assert results, ended.stdout + ended.stderr

    outcomes = {
        contract.partition(":")[2]: {
            name: (test["status"], test["reason"], test["counterexample"])
            for name, test in suite["test_results"].items()
        }
        for contract, suite in json.loads(results[0]).items()
    }
    passed = ("Success", None, None)
    assert outcomes == {
        contract: dict.fromkeys(names, passed) for contract, names in PROPERTIES.items()
    }
