"""What the doctor finds, and how the exit code says so."""

import json

import pytest

from crmdapp.cli import doctor
from tests.cli.conftest import PASSWORD
from tests.fixtures.anvil import Anvil


def findings(crmdapp, code=0):
    data = crmdapp.json("doctor", code=code)
    assert data["ok"] == (code == 0)
    return data["findings"]


def problems(crmdapp, code):
    bad = [item for item in findings(crmdapp, code) if item["state"] == "problem"]
    assert all(item["fix"] for item in bad)
    return {item["name"]: item for item in bad}


def test_all_is_well(crmdapp, node):
    node.mine()
    names = {item["name"] for item in findings(crmdapp)}
    assert {"settings", "disk", "keys", "node", "chain id", "PointsHub", "clock"} <= names
    assert any("EIP-2537" in name for name in names)
    assert any("P-256" in name for name in names)
    assert any("EIP-7825" in name for name in names)
    assert any("finality" in name for name in names)
    shown = crmdapp("doctor").out
    assert "ok       node: http://127.0.0.1" in shown
    assert "What to do" not in shown


def test_an_unreachable_node_is_a_problem(crmdapp):
    crmdapp.env(CRMDAPP_RPC="http://127.0.0.1:1")
    assert set(problems(crmdapp, 5)) == {"node"}


def test_a_reserve_node_that_does_not_answer_is_a_problem(crmdapp, node):
    crmdapp.env(CRMDAPP_RPC=f"{node.url} http://127.0.0.1:1")
    assert "127.0.0.1:1 " in problems(crmdapp, 5)["node"]["detail"]


def test_another_chain_is_a_problem(crmdapp):
    crmdapp.env(CRMDAPP_CHAIN_ID="1")
    assert "31337" in problems(crmdapp, 5)["node"]["detail"]


@pytest.mark.parametrize(("code", "exit_code"), [(b"", 5), (bytes.fromhex("6001"), 8)])
def test_missing_or_other_code_is_a_problem(crmdapp, node, code, exit_code):
    path = crmdapp.folder / "deployments" / "31337.json"
    node.set_code(json.loads(path.read_text())["contracts"]["PointsHub"]["address"], code)
    assert set(problems(crmdapp, exit_code)) == {"PointsHub"}


def test_a_missing_or_stale_manifest_is_a_problem(crmdapp):
    with Anvil(timestamp=1_700_000_000) as other:  # so that its first block is another one
        other.mine()
        crmdapp.env(CRMDAPP_RPC=other.url)
        assert "crmdapp deploy" in problems(crmdapp, 5)["contracts"]["fix"]
        (crmdapp.folder / "deployments" / "31337.json").unlink()
        assert "crmdapp deploy" in problems(crmdapp, 5)["contracts"]["fix"]


def test_a_clock_ahead_is_a_problem(crmdapp, node):
    node.advance(10_000)
    assert "ahead" in problems(crmdapp, 1)["clock"]["detail"]


def test_a_key_others_can_read_is_a_problem(crmdapp):
    path = crmdapp.state / "keystore" / "shop.json"
    path.chmod(0o644)
    assert problems(crmdapp, 4)["key shop"]["fix"] == f"chmod 600 {path}"


def test_a_damaged_key_is_a_problem(crmdapp):
    (crmdapp.state / "keystore" / "shop.json").write_text("{")
    assert "damaged" in problems(crmdapp, 4)["key shop"]["detail"]


def test_a_password_file_others_can_read_is_a_problem(crmdapp):
    path = crmdapp.folder / "password"
    path.write_text(PASSWORD)
    path.chmod(0o644)
    crmdapp.env(CRMDAPP_PASSWORD_FILE=path)
    assert problems(crmdapp, 4)["password file"]["fix"] == f"chmod 600 {path}"
    path.unlink()
    assert "no password file" in problems(crmdapp, 2)["settings"]["detail"]


def test_little_disk_is_a_problem(crmdapp, monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_DISK", 2**70)
    assert "MB free" in problems(crmdapp, 1)["disk"]["detail"]


def test_a_pending_transaction_is_a_problem(crmdapp, node):
    node.automine(False)
    crmdapp.env(CRMDAPP_RECEIPT_TIMEOUT="1")
    line = ("loyalty", "award", "2", "customer", "1")
    tx_hash = crmdapp.refuse_to_send(*line, code=5)["fields"]["tx_hash"]
    found = problems(crmdapp, 5)["journal"]
    assert tx_hash in found["detail"]
    assert f"crmdapp tx wait {tx_hash}" in found["fix"]
    node.mine()
    assert "journal" in {item["name"] for item in findings(crmdapp) if item["state"] == "ok"}


def test_unreadable_settings_are_a_problem(crmdapp):
    (crmdapp.folder / "crmdapp.toml").write_text("chain_id = ")
    found = problems(crmdapp, 2)
    assert "crmdapp.toml" in found["settings"]["detail"]


def test_the_doctor_writes_nothing(offline):
    offline.json("doctor", code=5)
    assert not offline.state.exists()
