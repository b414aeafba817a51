"""Killed between any two steps, the vault finishes what it began, or never began it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from crmdapp.store.database import open_store
from crmdapp.store.errors import ProfileUnknown, SealedInvalid
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.vault import Vault
from tests.store.conftest import CHAIN, DAY, EMAIL, START
from tests.store.test_erasure import files_below, traces

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("killed_vault.py")


@pytest.fixture
def crash(store_url, store, keys, vault):
    """Runs something in a process that is killed after a step; gives the vault opened anew."""
    opened = []

    def run(steps, what, argument):
        store.close()
        keys.close()
        command = [sys.executable, "-m", "tests.store.killed_vault"]
        arguments = [store_url, str(keys.path), str(steps), what, str(argument)]
        found = subprocess.run(
            command + arguments, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        assert found.returncode == -signal.SIGKILL, found.stdout + found.stderr
        opened.append(open_store(store_url))
        opened.append(OperatorKeys(keys.path))
        return Vault(*opened[-2:], vault.domain, clock=lambda: float(START))

    yield run
    for item in opened:
        item.close()


@pytest.mark.parametrize("steps", range(1, 7))
def test_an_erasure_that_began_is_finished(crash, vault, enrolled, keys, steps, tmp_path):
    vault.write(enrolled, "email", EMAIL, b"ann@example.org", "iot")
    keys.put_salt(enrolled, "log:1", b"\x5a" * 32)
    after = crash(steps, "erase", enrolled.hex())
    with pytest.raises(ProfileUnknown):
        after.ciphertexts(enrolled)
    assert traces(files_below(tmp_path), {"salt": b"\x5a" * 32}) == set()
    assert after.keys.rows("SELECT * FROM pending") == []
    with after.store.reading() as session:
        (body,) = session.execute(text("SELECT body FROM receipts")).scalars()
    assert json.loads(body)["salts"] == 1


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_a_withdrawal_that_began_is_finished(crash, vault, device, enrolled, partner, clock, steps):
    grant = partner.grant([EMAIL], START + DAY)
    vault.accept(device.consent(enrolled, grant, now=clock.now))
    before = vault.write(enrolled, "email", EMAIL, b"ann@example.org", "iot")
    after = crash(steps, "withdraw", grant.consent_id.hex())
    assert after.wraps(grant.consent_id) == []
    written = after.write(enrolled, "email", EMAIL, b"new@example.org", "iot")
    assert written.key_id != before.key_id
    assert after.keys.rows("SELECT * FROM pending") == []
    receipt = after.withdraw(grant.consent_id)
    assert (receipt.body["wraps"], receipt.body["epochs"]) == (1, 1)


CUSTODIAL = b"\xc2" * 32


@pytest.mark.parametrize("steps", range(1, 7))
def test_a_claim_happens_whole_or_not_at_all(
    crash, vault, device, domain, company, clock, steps, tmp_path
):
    vault.adopt([CUSTODIAL])
    vault.write(CUSTODIAL, "email", EMAIL, b"ann@example.org", "csv_import")
    (row,) = vault.keys.rows("SELECT private_key FROM custodial_keys")
    needles = {"custodial key": bytes(row[0])}
    device.add_profile(CUSTODIAL, domain, company, [EMAIL])
    package = device.publish(CUSTODIAL, now=clock.now)
    path = tmp_path / "package.json"
    path.write_text(json.dumps(package.to_json()))
    after = crash(steps, "claim", path)
    (item,) = after.ciphertexts(CUSTODIAL)
    if steps == 1:  # nothing but the intention was written
        assert after.open_custodial(item) == b"ann@example.org"
        after.claim(CUSTODIAL, device.subject(CHAIN, company), package)
        (item,) = after.ciphertexts(CUSTODIAL)
    assert device.open_field(item) == b"ann@example.org"
    assert traces(files_below(after.keys.path.parent), needles) == set()
    assert after.keys.linked(CUSTODIAL, "subject") == [device.subject(CHAIN, company)]
    assert after.keys.rows("SELECT * FROM pending") == []


def test_a_package_half_taken_is_taken_when_it_comes_again(
    crash, vault, device, enrolled, partner, clock, tmp_path, read
):
    grant = partner.grant([EMAIL], START + DAY)
    package = device.consent(enrolled, grant, now=clock.now)
    path = tmp_path / "package.json"
    path.write_text(json.dumps(package.to_json()))
    after = crash(1, "accept", path)
    assert after.wraps(grant.consent_id) == []
    after.write(enrolled, "email", EMAIL, b"ann@example.org", "iot")
    after.accept(package)
    assert read(after, partner, grant, enrolled, clock) == {"email": b"ann@example.org"}


def test_a_killed_device_has_the_old_file_or_the_new(device, enrolled, tmp_path, monkeypatch):
    """Killed before the name moves, the old file is there; what was not kept was not published."""
    path = tmp_path / "phone" / "customer.keys"
    before = path.read_bytes()

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            device.publish(enrolled, now=START + 1)
    assert path.read_bytes() == before
    assert SealedInvalid.exit_code == 8
    device.publish(enrolled, now=START + 1)
    assert path.read_bytes() != before
