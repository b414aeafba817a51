"""Goods from the command line: from the farm to the cup, with a pallet, a lot and a recall."""

import json
from xml.etree import ElementTree

import pytest

from crmdapp.provenance.item_models import item_of, item_text
from tests.cli.conftest import ADDRESSES
from tests.provenance.epcis import document, event, hash_of

GTIN = "https://id.gs1.org/01/09506000134352"
BAG, BOX = f"{GTIN}/21/B7", f"{GTIN}/21/C1"
GREEN, ROAST = f"{GTIN}/10/GREEN-1", f"{GTIN}/10/ROAST-1"
SHOP = ADDRESSES["shop"]


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
def bag(items):
    """A bag of the shop's; its id."""
    return items.send("commission", BAG, "--step", "commissioning")["items"][0]


def word(link):
    return item_text(item_of(SHOP, link))


# ----------------------------------------------------------------- commission


def test_commission_registers_a_bag(items, bag):
    assert bag == word(BAG)
    found = items("show", BAG)
    assert (found["item"], found["custodian"], found["biz_step"]) == (bag, SHOP, "commissioning")
    assert items("show", bag) == found


def test_commission_registers_a_lot(items):
    items.send("commission", GREEN, "--quantity", "60.5", "--unit", "KGM", "--certifier", "friend")
    found = items("show", GREEN)
    assert (found["quantity"], found["unit"]) == ("60.5", "KGM")
    assert found["certifier"] == ADDRESSES["friend"]


def test_commission_says_what_is_wrong(items, bag):
    error = items.refuse("commission", BAG)
    assert (error["code"], error["message"]) == (
        "ItemCommissionedBefore",
        f"Item {bag} is on the ledger.",
    )
    assert items.refuse("commission", GREEN, "--unit", "KGM")["code"] == "ItemQuantityInvalid"
    assert items.refuse("commission", "https://example.org", code=2)["code"] == (
        "Gs1IdentifierInvalid"
    )
    assert items.refuse("commission", code=6)["code"] == "ItemListInvalid"


def test_commission_dry_run_sends_nothing(items):
    assert items("commission", BAG, "--dry-run")["dry_run"]
    assert items("show", BAG, code=2)["error"]["code"] == "UsageError"


def test_commission_takes_files_and_goes_on(items):
    path = items.folder / "harvest.csv"
    rows = "".join(f"{GTIN}/21/F{n},0\n" for n in range(500))
    path.write_text("link,level\n" + rows)
    first = items.send("commission", "--file", path)
    assert (first["items"], len(first["transactions"])) == (500, 2)
    again = items.send("commission", "--file", path)
    assert again["transactions"] == first["transactions"]
    assert items("show", f"{GTIN}/21/F499")["step"] == 1


def test_commission_names_the_lines_that_are_broken(items):
    path = items.folder / "harvest.csv"
    path.write_text(f"link,level,quantity,unit\n{BAG},0,,\nnonsense,0,,\n{BOX},9,,\n{GREEN},0,1,\n")
    error = items.refuse("commission", "--file", path, code=2)
    assert [fault["line"] for fault in error["fields"]["faults"]] == [3, 4, 5]


# ----------------------------------------------------------------- boxes and hands


@pytest.fixture
def handed(items, bag):
    """The shop's word, in a file, that the customer gets the bag."""
    path = items.folder / "handover.json"
    items.plain("hand-over", BAG, "--to", "customer", "--out", path)
    return path


def test_receive_takes_over_what_was_signed(items, bag, handed):
    items.act_as("customer")
    done = items.send("receive", handed)
    assert (done["giver"], done["taker"]) == (SHOP, ADDRESSES["customer"])
    assert items("show", bag)["custodian"] == ADDRESSES["customer"]


def test_receive_refuses_the_wrong_party(items, bag, handed):
    items.act_as("rival")
    error = items.refuse("receive", handed)
    assert error["code"] == "HandoverReceiverOnly"
    assert items("show", bag)["step"] == 1


def test_receive_refuses_a_stale_hand_over(items, bag, handed):
    items.send("observe", BAG, "--step", "inspecting")
    items.act_as("customer")
    error = items.refuse("receive", handed)
    assert (error["code"], error["fields"]["signed"], error["fields"]["step"]) == (
        "HandoverStale",
        1,
        2,
    )
    assert "has moved on" in error["message"]


def test_receive_refuses_an_expired_hand_over(items, node, bag, handed):
    node.advance(25 * 3_600)
    items.act_as("customer")
    assert items.refuse("receive", handed)["code"] == "IntentExpired"


def test_relay_submits_what_both_signed(items, bag, handed):
    both = items.folder / "both.json"
    items.act_as("customer")
    items.plain("accept", handed, "--out", both)
    items.act_as("rival")
    items.send("relay", both)
    assert items("show", bag)["custodian"] == ADDRESSES["customer"]


def test_hand_over_needs_no_node(items, bag, monkeypatch):
    monkeypatch.setenv("CRMDAPP_RPC", "http://127.0.0.1:1")
    path = items.folder / "offline.json"
    items.plain(
        *("hand-over", BAG, "--to", ADDRESSES["customer"], "--chain-id", "31337"),
        *("--issuer", SHOP, "--at-step", "1", "--out", path, "--time", "2026-01-01"),
    )
    message = json.loads(path.read_text())["typedData"]["message"]
    assert (message["items"], message["steps"]) == ([str(int(bag, 16))], [1])


def test_hand_over_gives_qr_codes(items, bag):
    path = items.folder / "handover.svg"
    items("hand-over", BAG, "--to", "customer", "--out", path)
    ElementTree.fromstring(path.read_bytes())


def test_packed_items_move_with_their_box(items, bag):
    items.send("commission", BOX, "--level", "1")
    items.send("pack", BOX, BAG)
    assert items("show", BAG)["parents"] == [word(BOX)]
    error = items("hand-over", BAG, "--to", "customer", code=6)["error"]
    assert error["code"] == "ItemIsPacked"
    items.send("unpack", BOX, BAG)
    assert items("show", BAG)["parents"] == []
    assert items.refuse("unpack", BOX, BAG)["code"] == "ItemNotPacked"


def test_backdated_events_are_refused(items, bag):
    error = items.refuse("observe", BAG, "--time", "2020-01-01")
    assert (error["code"], items("show", bag)["step"]) == ("StepTimeInvalid", 1)


# ----------------------------------------------------------------- transformations


@pytest.fixture
def roast(items):
    """50 of 60 kg of green coffee, roasted."""
    items.send("commission", GREEN, "--quantity", "60", "--unit", "KGM", "--certifier", "friend")
    return items.send("transform", "--input", f"{GREEN}=50", "--output", f"{ROAST}=42KGM")


def test_transform_keeps_the_balance(items, roast):
    assert roast["outputs"] == [word(ROAST)]
    assert items("show", GREEN)["quantity"] == "10"
    error = items.refuse("transform", "--input", f"{GREEN}=10", "--output", f"{BAG}=11KGM")
    assert (error["code"], error["fields"]) == ("MassCreated", {"output": 11_000, "input": 10_000})


def test_transform_by_a_yield_factor(items, roast):
    path = items.folder / "yield.json"
    lacking = items.refuse("transform", "--input", f"{GREEN}=10", "--output", f"{BAG}=40H87")
    assert lacking["code"] == "YieldFactorMissing"
    items.act_as("friend")
    items.plain(
        "yield-factor", "--producer", SHOP, "--of", "1KGM", "--makes", "4H87", "--out", path
    )
    items.act_as("shop")
    items.send("transform", "--input", f"{GREEN}=10", "--output", f"{BAG}=40H87", "--factor", path)
    assert items("show", BAG)["quantity"] == "40"


def test_trace_shows_where_it_is_from_and_what_a_recall_concerns(items, roast):
    path = items.folder / "origin.svg"
    found = items("trace", ROAST, "--svg", path)
    assert found["items"] == [word(ROAST), word(GREEN)]
    assert found["edges"][0]["quantity"] == "50"
    assert ElementTree.fromstring(path.read_bytes()).tag.endswith("svg")
    assert items("trace", GREEN, "--recall")["items"] == [word(GREEN), word(ROAST)]
    lines = items.plain("trace", ROAST).out.splitlines()
    assert lines[:2] == [word(ROAST), f"  from 50 of {word(GREEN)}"]


def test_recall_is_told_of_what_was_made(items, roast):
    notice = items.folder / "notice.txt"
    notice.write_text("Mould.")
    assert items("verify", ROAST)["genuine"]
    items.send("recall", GREEN, "--reason", notice)
    found = items("verify", ROAST, code=8)
    assert [problem["code"] for problem in found["problems"]] == ["made_of_recalled"]
    assert items("trace", ROAST)["recalled"] == [word(GREEN)]
    assert items.refuse("recall", GREEN, "--reason", notice)["code"] == "ItemRecalledBefore"


# ----------------------------------------------------------------- ends and errors


def test_retire_ends_it(items, bag):
    items.send("retire", BAG, "--step", "retail_selling", "--disposition", "retail_sold")
    assert items.refuse("observe", BAG)["code"] == "ItemIsRetired"
    codes = [problem["code"] for problem in items("verify", BAG, code=8)["problems"]]
    assert codes == ["retired", "gone"]


def test_verify_knows_what_nobody_made(items, bag):
    found = items("verify", "0x" + "11" * 32, code=8)
    assert (found["genuine"], found["problems"][0]["code"]) == (False, "unknown")


def test_verify_needs_nothing_but_a_node(items, node, bag, monkeypatch, prepared_node):
    manifest = json.loads((prepared_node[1] / "31337.json").read_text())
    ledger = next(
        entry["address"] for entry in _entries(manifest) if entry.get("name") == "ItemLedger"
    )
    monkeypatch.setenv("CRMDAPP_DEPLOYMENTS", str(items.folder / "nothing"))
    monkeypatch.setenv("CRMDAPP_STATE_DIR", str(items.folder / "stranger"))
    monkeypatch.delenv("CRMDAPP_PRIVATE_KEY")
    found = items("verify", BAG, "--ledger", ledger, "--rpc", node.url)
    assert (found["genuine"], found["issuer"]) == (True, SHOP)


def _entries(data):
    if isinstance(data, dict):
        for name, value in data.items():
            if isinstance(value, dict) and "address" in value:
                yield {"name": name, **value}
            yield from _entries(value)
    elif isinstance(data, list):
        for value in data:
            if isinstance(value, dict):
                yield value
            yield from _entries(value)


# ----------------------------------------------------------------- documents


def test_events_come_from_documents(items, node, bag):
    path, wrong = items.folder / "a.json", items.folder / "b.json"
    data = event(time=_after(items), epcList=[BAG], bizStep="storing", disposition="active")
    document(path, data)
    items.send("observe", BAG, "--event", path)
    found = items("history", BAG, "--documents", path)
    assert [entry["event_hash"] for entry in found["entries"]][1] == "0x" + hash_of(data).hex()
    assert (found["documents_hold"], found["entries"][1]["contradictions"]) == (True, [])
    document(wrong, {**data, "bizStep": "destroying"})
    assert items("history", BAG, "--documents", wrong, code=8)["unmatched"]
    items.send("declare-error", BAG, "0x" + hash_of(data).hex(), "--correction", wrong)
    again = items("history", BAG, "--documents", items.folder)
    assert again["entries"][1]["declared_wrong"]


def _after(items):
    return items("show", BAG)["last_time"].replace("+00:00", "Z")


def test_malformed_documents_are_refused_with_their_path(items, bag):
    path = items.folder / "a.json"
    document(path, event(epcList=[BAG], bizStep="storing", eventTimeZoneOffset="later"))
    for words in (("observe", BAG, "--event", path), ("capture", path)):
        error = items.refuse(*words, code=2)
        assert error["code"] == "EpcisRejected"
        assert error["fields"]["faults"][0]["path"] == (
            "$.epcisBody.eventList[0].eventTimeZoneOffset"
        )


def test_capture_and_export_a_file(items):
    path, out = items.folder / "partner.json", items.folder / "history.json"
    new = event(action="ADD", epcList=[BAG], bizStep="commissioning")
    seen = event(time="2026-01-02T03:05:00Z", epcList=[BAG], bizStep="inspecting")
    stray = event(time="2026-01-02T03:06:00Z", epcList=[f"{GTIN}/21/ELSE"])
    document(path, new, seen, stray)
    planned = items("capture", path, "--dry-run")
    assert [action["function"] for action in planned["actions"]] == ["commission", "observe"]
    assert len(planned["left_out"]) == 1
    done = items.send("capture", path)
    assert [action["function"] for action in done["actions"]] == ["commission", "observe"]
    again = items.send("capture", path)
    assert (again["actions"], len(again["recorded_before"])) == ([], 2)
    told = items("export", BAG, out, "--documents", path)
    assert (told["events"], told["verified"]) == (2, 2)
    body = json.loads(out.read_text())["epcisBody"]["eventList"]
    assert [entry["bizStep"] for entry in body] == ["commissioning", "inspecting"]


def test_export_without_documents_says_what_the_ledger_says(items, bag):
    out = items.folder / "history.json"
    assert items("export", BAG, out)["verified"] == 0
    entry = json.loads(out.read_text())["epcisBody"]["eventList"][0]
    assert (entry["action"], entry["epcList"]) == ("ADD", [BAG])


def test_trace_draws_the_way(items, bag):
    path, places = items.folder / "way.svg", items.folder / "places.json"
    places.write_text(json.dumps({"https://id.gs1.org/414/9506000134352": {"lat": 1, "lon": 2}}))
    items("trace", BAG, "--map", path, "--places", places)
    assert ElementTree.fromstring(path.read_bytes()).tag.endswith("svg")
