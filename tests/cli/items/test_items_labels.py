"""Labels and sensors from the command line: a copied QR code is caught, warm fish is told."""

import json
import stat

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.provenance.item_models import item_of, item_text
from crmdapp.provenance.tags import read_tag_key
from tests.cli.conftest import ADDRESSES

BAG = "https://id.gs1.org/01/09506000134352/21/B7"
SHOP = ADDRESSES["shop"]
READINGS = "time,kind,value,unit\n"


@pytest.fixture
def items(crmdapp):
    """The commands, acting as the shop."""

    def run(*args, code=0):
        return crmdapp.json("items", *args, code=code)

    run.send = lambda *args, code=0: crmdapp.send("items", *args, code=code)
    run.refuse = lambda *args, code=6: crmdapp.refuse_to_send("items", *args, code=code)
    run.plain = lambda *args, code=0: crmdapp("items", *args, code=code)
    run.act_as = crmdapp.act_as
    run.folder = crmdapp.folder
    return run


@pytest.fixture
def label(items):
    """The text on the label of a sealed bag; its seal lies in the folder."""
    made = items(
        *("tag", "new", BAG, "--key", items.folder / "tag.key"),
        *("--seal", items.folder / "seal.txt", "--label", items.folder / "label.txt"),
    )
    items.send("commission", BAG, "--tag", made["tag"])
    assert (items.folder / "label.txt").read_text().strip() == made["link"]
    return made["link"]


def codes(found):
    return [problem["code"] for problem in found["problems"]]


# ----------------------------------------------------------------- labels


def test_tag_new_keeps_the_seal_from_others(items, label):
    for name in ("tag.key", "seal.txt"):
        assert stat.S_IMODE((items.folder / name).stat().st_mode) == 0o600
    key = LocalSigner(read_tag_key(items.folder / "tag.key"))
    assert items("show", BAG)["seal"] == key.address
    assert "#seal" not in label


def test_verify_tag_says_where_the_item_should_be(items, label):
    found = items("verify-tag", label)
    assert (found["genuine"], found["custodian"], found["claimed_at"]) == (True, SHOP, None)
    assert found["item"] == item_text(item_of(SHOP, BAG))


def test_verify_tag_catches_a_copy_of_an_opened_item(items, label):
    items.act_as("customer")
    items.send("tag", "claim", items.folder / "seal.txt")
    found = items("verify-tag", label, code=8)
    assert (codes(found), found["holder"]) == (["claimed_before"], ADDRESSES["customer"])
    assert "label is a copy" in items.plain("verify-tag", label, code=8).out
    error = items.refuse("tag", "claim", items.folder / "seal.txt")
    assert error["code"] == "TagClaimedBefore"
    assert "label is a copy" in error["hint"]


def test_verify_tag_catches_what_was_sold_or_recalled(items, label):
    notice = items.folder / "notice.txt"
    notice.write_text("Mould.")
    items.send("recall", BAG, "--reason", notice)
    items.send("retire", BAG, "--disposition", "retail_sold")
    assert codes(items("verify-tag", label, code=8)) == ["recalled", "retired", "gone"]


def test_verify_tag_catches_a_label_that_nobody_printed(items, label):
    forged = label.replace("/21/B7", "/21/B8")
    assert codes(items("verify-tag", forged, code=8)) == ["unknown"]


def test_verify_tag_needs_a_node_of_the_labels_chain(items, label):
    error = items("verify-tag", label.replace("chain=31337", "chain=1"), code=2)["error"]
    assert "chain 1" in error["message"]


def test_tag_claim_wants_what_is_under_the_seal(items, label):
    error = items.refuse("tag", "claim", items.folder / "label.txt", code=2)
    assert "everybody sees" in error["message"]


# ----------------------------------------------------------------- chips


@pytest.fixture
def chip(items, label):
    """The key file of the chip in the label."""
    path = items.folder / "chip.pem"
    items("sensor", "new", path)
    items.send("sensor", "assign", BAG, "--device", path)
    return path


def ask(items, label, device):
    asked, answer = items.folder / "asked.json", items.folder / f"{device.stem}.json"
    if not asked.exists():
        items("tag", "challenge", label, "--out", asked)
    items("tag", "answer", asked, "--device", device, "--out", answer)
    return "--challenge", asked, "--answer", answer


def test_verify_tag_asks_the_chip(items, label, chip):
    found = items("verify-tag", label, *ask(items, label, chip))
    assert (found["genuine"], found["chip_checked"]) == (True, True)


def test_verify_tag_catches_another_chip(items, label, chip):
    other = items.folder / "other.pem"
    items("sensor", "new", other)
    found = items("verify-tag", label, *ask(items, label, other), code=8)
    assert codes(found) == ["chip_unknown"]


def test_verify_tag_catches_a_recorded_answer(items, label, chip):
    words = ask(items, label, chip)
    (items.folder / "asked.json").unlink()
    items("tag", "challenge", label, "--out", items.folder / "asked.json")
    assert codes(items("verify-tag", label, *words, code=8)) == ["chip_refused"]


# ----------------------------------------------------------------- sensors


@pytest.fixture
def thermometer(items):
    """The key file of a thermometer in the bag."""
    items.send("commission", BAG)
    path = items.folder / "thermometer.pem"
    items("sensor", "new", path)
    items.send("sensor", "assign", BAG, "--device", path)
    return path


@pytest.fixture
def window(items, thermometer):
    """The file of an anchored window: 4, 9.5, 4 degrees."""
    csv, keep = items.folder / "day.csv", items.folder / "day.json"
    rows = "".join(f"{1_700_000_000 + n},Temperature,{v},CEL\n" for n, v in enumerate((4, 9.5, 4)))
    csv.write_text(READINGS + rows)
    done = items.send(
        *("sensor", "anchor", BAG, "--device", thermometer, "--readings", csv, "--keep", keep)
    )
    assert (done["window"], done["count"]) == (1, 3)
    return keep


def test_sensor_shows_one_reading(items, window):
    proof = items.folder / "proof.json"
    items("sensor", "prove", window, "1", "--out", proof)
    found = items("sensor", "verify", proof)
    assert (found["verified"], found["value"], found["unit"]) == (True, "9.5", "CEL")
    data = json.loads(proof.read_text())
    data["reading"]["value"] = "4"
    proof.write_text(json.dumps(data))
    assert items("sensor", "verify", proof, code=8)["error"]["code"] == "ReadingNotInWindow"


def test_sensor_tells_of_limits(items, window):
    limits = ("--kind", "Temperature", "--unit", "CEL")
    assert items("sensor", "check", window, *limits, "--max", "10")["within"]
    found = items("sensor", "check", window, *limits, "--max", "8", code=8)
    assert (found["anchored"], found["excursions"][0]["worst"]) == (True, "9.5")


def test_sensor_refuses_windows_that_are_not_on_the_ledger(items, window, thermometer):
    data = json.loads(window.read_text())
    data["readings"][1]["value"] = "4"
    window.write_text(json.dumps(data))
    words = ("sensor", "check", window, "--max", "8")
    assert items(*words, code=8)["error"]["code"] == "ReadingsAltered"


def test_sensor_refuses_another_device(items, thermometer):
    other, csv = items.folder / "other.pem", items.folder / "day.csv"
    csv.write_text(READINGS + "1700000000,Temperature,4,CEL\n")
    items("sensor", "new", other)
    words = ("sensor", "anchor", BAG, "--device", other, "--readings", csv)
    assert items.refuse(*words)["code"] == "DeviceUnknown"


def test_sensor_names_the_line_that_is_broken(items, thermometer):
    csv = items.folder / "day.csv"
    csv.write_text(READINGS + "1700000000,Temperature,4,CEL\n1700000001,Temperature,warm,CEL\n")
    words = ("sensor", "anchor", BAG, "--device", thermometer, "--readings", csv)
    (fault,) = items.refuse(*words, code=2)["fields"]["faults"]
    assert (fault["line"], fault["field"]) == (3, "value")
