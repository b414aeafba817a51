"""Devices, their readings, the windows they sign, and one reading shown without the others."""

import json
import stat
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.errors import (
    FileRejected,
    KeyProblem,
    KeystoreCorrupt,
    KeystoreMissing,
    PermissionDenied,
    UsageError,
)
from crmdapp.provenance.devices import Device, SignedAssignment, sign_assignment, verified
from crmdapp.provenance.errors import DeviceSignatureInvalid, DeviceUnknown
from crmdapp.provenance.item_intents import ledger_domain
from crmdapp.provenance.item_models import DeviceSignature
from crmdapp.provenance.readings import Reading, parse_value, read_readings, value_text
from crmdapp.provenance.sensor_windows import (
    Limits,
    ReadingNotInWindow,
    ReadingProof,
    ReadingsAltered,
    SignedWindow,
    excursions,
    sign_window,
)

DOMAIN = ledger_domain(31_337, "0x" + "11" * 20)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module")
def device():
    """A thermometer."""
    return Device.new()


def temperatures(*values, start=1_000):
    return [Reading(start + n, "Temperature", value, "CEL") for n, value in enumerate(values)]


@pytest.fixture(scope="module")
def window(device):
    """Five readings of it."""
    return sign_window(device, DOMAIN, 7, temperatures(4_000, 4_250, 9_000, 3_000, 4_000), window=1)


# ----------------------------------------------------------------- keys


def test_device_keys_are_for_their_owner_alone(device, tmp_path):
    path = tmp_path / "key.pem"
    device.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Device.load(path).id == device.id
    with pytest.raises(UsageError, match="already"):
        device.save(path)


def test_load_refuses_a_key_that_others_can_read(device, tmp_path):
    path = tmp_path / "key.pem"
    device.save(path)
    path.chmod(0o640)
    with pytest.raises(PermissionDenied, match="Others"):
        Device.load(path)


def test_load_refuses_what_is_no_key(device, tmp_path):
    path = tmp_path / "key.pem"
    with pytest.raises(KeystoreMissing):
        Device.load(path)
    device.save(path)
    text = path.read_text()
    path.write_text(text[:100])
    with pytest.raises(KeystoreCorrupt) as refused:
        Device.load(path)
    assert text[40:90] not in str(refused.value.to_dict())
    assert refused.value.__cause__ is None


def test_device_refuses_another_curve():
    from cryptography.hazmat.primitives.asymmetric import ec

    with pytest.raises(KeyProblem):
        Device(ec.generate_private_key(ec.SECP384R1()))


def test_device_shows_no_secret(device):
    assert repr(device) == f"Device(0x{device.id.hex()})"


def test_signatures_are_of_their_device_and_content(device):
    digest = b"\5" * 32
    signature = device.sign_digest(digest)
    assert verified(device.key, digest, signature)
    assert not verified(device.key, b"\6" * 32, signature)
    assert not verified(Device.new().key, digest, signature)
    assert not verified(replace(device.key, x=bytes(32)), digest, signature)
    assert not verified(device.key, digest, DeviceSignature(bytes(32), bytes(32)))


def test_signatures_with_high_s_are_as_good(device):
    signature = device.sign_digest(b"\5" * 32)
    mirrored = P256_ORDER - int.from_bytes(signature.s, "big")
    other = replace(signature, s=mirrored.to_bytes(32, "big"))
    assert verified(device.key, b"\5" * 32, other)


def test_assignments_come_back_as_they_were(device):
    signed = sign_assignment(device, DOMAIN, 7, "0x" + "22" * 20, window=3)
    again = SignedAssignment.from_json(json.dumps(signed.to_json()))
    assert again == signed
    again.check()
    with pytest.raises(DeviceSignatureInvalid):
        replace(signed, assignment=replace(signed.assignment, item=8)).check()
    with pytest.raises(DeviceUnknown):
        replace(signed, key=Device.new().key).check()


# ----------------------------------------------------------------- reading files


def write(tmp_path, text, name="readings.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_read_readings_of_csv_in_any_order_of_columns(tmp_path):
    path = write(
        tmp_path,
        "unit,value,time,kind\nCEL,-18.5,1000,Temperature\n\n"
        "CEL,4,1970-01-01T01:16:41+01:00,gs1:Temperature\n",
    )
    assert read_readings(path) == (
        Reading(1_000, "Temperature", -18_500, "CEL"),
        Reading(1_001, "Temperature", 4_000, "CEL"),
    )


def test_read_readings_of_json(tmp_path):
    rows = [{"time": 5, "kind": "RelativeHumidity", "value": 40.5, "unit": "A93"}]
    path = write(tmp_path, json.dumps(rows), "r.json")
    assert read_readings(path) == (Reading(5, "RelativeHumidity", 40_500, "A93"),)


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("x,Temperature,4,CEL", "time", "no time"),
        ("2026-01-01T00:00:00,Temperature,4,CEL", "time", "time zone"),
        ("99999999999999,Temperature,4,CEL", "time", "no time"),
        ("5,Warmth,4,CEL", "kind", "Warmth"),
        ("5,Temperature,4.0001,CEL", "value", "three digits"),
        ("5,Temperature,nan,CEL", "value", "no number"),
        ("5,Temperature,,CEL", "value", "no number"),
        ("5,Temperature,4,celsius", "unit", "no code"),
        ("5,Temperature,4,", "unit", "missing"),
        ("5,Temperature,4", "", "3 values"),
    ],
)
def test_read_readings_names_line_field_and_reason(tmp_path, row, field, reason):
    path = write(tmp_path, f"time,kind,value,unit\n1,Temperature,1,CEL\n{row}\n")
    with pytest.raises(FileRejected) as refused:
        read_readings(path)
    (fault,) = refused.value.faults
    assert (fault.line, fault.field) == (3, field)
    assert reason in fault.reason


def test_read_readings_refuses_time_that_runs_backwards(tmp_path):
    path = write(tmp_path, "time,kind,value,unit\n5,Temperature,1,CEL\n4,Temperature,1,CEL\n")
    with pytest.raises(FileRejected) as refused:
        read_readings(path)
    assert [(fault.line, fault.field) for fault in refused.value.faults] == [(3, "time")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("time,kind,value\n", "r.csv"),
        ("", "r.csv"),
        ('time,kind,value,unit\n"5,T', "r.csv"),
        ("{}", "r.json"),
        ('[{"time": 1}, 5]', "r.json"),
        ('[{"time": 1, "kind": "Temperature", "value": 1, "unit": "CEL", "x": 1}]', "r.json"),
        ('[{"time": 1', "r.json"),
    ],
)
def test_read_readings_refuses_other_files(tmp_path, text, name):
    with pytest.raises(FileRejected):
        read_readings(write(tmp_path, text, name))


def test_read_readings_refuses_none(tmp_path):
    with pytest.raises(UsageError, match="1 to"):
        read_readings(write(tmp_path, "time,kind,value,unit\n"))
    with pytest.raises(UsageError, match="cannot be read"):
        read_readings(tmp_path / "none.csv")


@given(st.integers(-(10**17), 10**17))
def test_values_come_back_as_they_were(value):
    assert parse_value(value_text(value)) == value


# ----------------------------------------------------------------- windows


def test_windows_come_back_as_they_were(window):
    again = SignedWindow.from_json(json.dumps(window.to_json()))
    assert again == window
    again.check()


def test_window_counts_what_it_holds(window):
    content = window.window
    assert (content.count, content.starts_at, content.ends_at) == (5, 1_000, 1_004)


def test_check_finds_altered_readings(window):
    changed = [replace(window.readings[0], value=1), *window.readings[1:]]
    for readings in (changed, window.readings[1:], window.readings[::-1]):
        with pytest.raises(ReadingsAltered):
            replace(window, readings=tuple(readings)).check()


def test_check_finds_another_signature(window):
    other = Device.new()
    with pytest.raises(DeviceSignatureInvalid):
        replace(window, signature=other.sign(window.window, DOMAIN)).check()


def test_sign_window_refuses_what_is_no_window(device):
    for readings in ([], temperatures(1, 2)[::-1]):
        with pytest.raises(UsageError):
            sign_window(device, DOMAIN, 7, readings, window=1)
    with pytest.raises(UsageError):
        sign_window(device, DOMAIN, 7, temperatures(1), window=0)


def test_leaves_know_their_place():
    reading = temperatures(1)[0]
    assert reading.leaf(0) != reading.leaf(1)


@pytest.mark.parametrize("place", range(5))
def test_prove_shows_one_reading(window, place):
    proof = ReadingProof.from_json(json.dumps(window.prove(place).to_json()))
    assert proof.check() == window.readings[place]


def test_proofs_are_of_their_reading_and_place(window):
    proof = window.prove(2)
    forged = replace(proof, reading=replace(proof.reading, value=4_000))
    elsewhere = replace(proof, index=1)
    cut = replace(proof, proof=proof.proof[:-1])
    for one in (forged, elsewhere, cut):
        with pytest.raises(ReadingNotInWindow):
            one.check()


def test_proofs_are_of_their_devices_window(window):
    proof = window.prove(2)
    other = replace(proof.window, window=2)
    with pytest.raises(DeviceSignatureInvalid):
        replace(proof, window=other).check()


def test_prove_refuses_a_place_that_is_none(window):
    with pytest.raises(UsageError, match="0 to 4"):
        window.prove(5)
    with pytest.raises(UsageError, match="no readings"):
        replace(window, readings=()).prove(0)


# ----------------------------------------------------------------- limits


def test_excursions_are_spells_beyond_the_limits():
    found = excursions(
        temperatures(4_000, 8_001, 9_500, 8_000, 1_000, 1_900, 4_000, 12_000),
        Limits("Temperature", "CEL", 2_000, 8_000),
    )
    assert [(spell.first, spell.count, spell.worst) for spell in found] == [
        (1, 2, 9_500),
        (4, 2, 1_000),
        (7, 1, 12_000),
    ]
    assert (found[0].starts_at, found[0].ends_at) == (1_001, 1_002)


def test_excursions_pass_over_other_kinds():
    readings = [*temperatures(4_000), Reading(2_000, "RelativeHumidity", 99_000, "A93")]
    assert excursions(readings, Limits("Temperature", "CEL", high=8_000)) == ()


@pytest.mark.parametrize(
    "limits",
    [
        Limits("Temperature", "CEL"),
        Limits("RelativeHumidity", "A93", 1),
        Limits("Temperature", "FAH", 1),
    ],
)
def test_excursions_refuse_to_compare_what_does_not_compare(limits):
    with pytest.raises(UsageError):
        excursions(temperatures(1), limits)


@given(st.lists(st.integers(-10, 10), min_size=1), st.integers(-5, 5), st.integers(0, 5))
def test_excursions_are_all_that_is_beyond(values, low, width):
    limits = Limits("Temperature", "CEL", low, low + width)
    found = excursions(temperatures(*values), limits)
    told = {place for spell in found for place in range(spell.first, spell.first + spell.count)}
    assert told == {n for n, value in enumerate(values) if not low <= value <= low + width}
