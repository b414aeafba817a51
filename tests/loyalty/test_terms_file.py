"""Terms as files: read to the letter, refused by line and field, named by one hash."""

import json
from dataclasses import replace

import pytest
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain._json_lines import WHOLE_MAX, read_json
from crmdapp.chain.addresses import checksum
from crmdapp.errors import FileFault, FileRejected, UsageError
from crmdapp.loyalty.errors import PointsOverflow, TermsContradictChain
from crmdapp.loyalty.models import Program
from crmdapp.loyalty.points import POINTS_MAX
from crmdapp.loyalty.terms_check import Verdict, check, contradiction, explain
from crmdapp.loyalty.terms_draft import draft, parse_earn, prose_of, span_words
from crmdapp.loyalty.terms_file import BYTES_MAX, TermsBundle, parse
from crmdapp.loyalty.terms_models import (
    ChainFacts,
    EarnRule,
    Terms,
    TermsFacts,
    TermsPrices,
    TermsTier,
)

LEDGER, COIN = (checksum("0x" + byte * 20) for byte in ("a1", "b2"))
OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
LAW = "the law of Portugal"
NO_FIELD = "there is no such field"
PROSE = "# Terms\n\nPoints are good.\n"

CANONICAL = (
    '{"cap_units":1000000,"chain_id":31337,"clawback_seconds":1209600,"earn":[{"event":"purchase",'
    '"per":"1.00 EUR","units":100},{"event":"sign-up","units":500}],"epoch_seconds":15778800,'
    '"format":"crmdapp-terms/1","genesis":1767225600,"gifts":{"money_cards":false,"points":true},'
    f'"governing_law":"the law of Portugal","ledger":"{LEDGER}","name":"Café Bean",'
    f'"operator":"Café Bean, Lda.","prices":{{"coin":"{COIN}","off_ramp_micros":10000,'
    '"on_ramp_micros":20000},"program":2,"symbol":"BEAN","tiers":[{"multiplier_percent":100,"name":'
    '"Silver","threshold_units":10000},{"multiplier_percent":150,"name":"Gold","threshold_units":'
    '50000}],"validity_epochs":3,"version":0}'
)


@pytest.fixture
def document():
    """The terms of a program with everything in them, as JSON data."""
    return json.loads(CANONICAL)


@pytest.fixture
def terms(document):
    return parse(json.dumps(document).encode(), PROSE.encode()).terms


@pytest.fixture
def chain():
    """A program with two tiers, a cap, prices and a claw-back."""
    tiers = (10_000, 50_000)
    return ChainFacts(
        chain_id=31337,
        ledger=LEDGER,
        genesis=1_767_225_600,
        program=Program(2, "Bean", "BEAN", OWNER, None, None, 3, 1_000_000, tiers),
        facts=TermsFacts(15_778_800, 3, 1_000_000, tiers, 20_000, 10_000, 1_209_600),
        coin=COIN,
        announced=None,
        versions=(),
        timestamp=1_767_225_700,
    )


@pytest.fixture
def plain(chain):
    """A program with nothing of that."""
    return replace(
        chain,
        program=replace(chain.program, cap=0, tiers=()),
        facts=TermsFacts(15_778_800, 1, 0, (), 0, 0, 0),
    )


def faults(document, prose=PROSE):
    """What is wrong with a document: line, field and reason."""
    text = document if isinstance(document, bytes) else json.dumps(document, indent=1).encode()
    with pytest.raises(FileRejected) as caught:
        parse(text, prose.encode() if isinstance(prose, str) else prose)
    return [(fault.line, fault.field, fault.reason) for fault in caught.value.faults]


# ----------------------------------------------------------------- one hash of both


def test_hash_is_of_the_canonical_json_and_the_prose(document):
    bundle = parse(json.dumps(document, indent=4).encode(), PROSE.encode())
    assert bundle.canonical == CANONICAL.encode()
    assert bundle.hash == keccak(keccak(CANONICAL.encode()) + keccak(PROSE.encode()))


def test_hash_ignores_the_layout_of_the_json_alone(document):
    plain = parse(CANONICAL.encode(), PROSE.encode())
    backwards = dict(reversed(document.items()))
    escaped = json.dumps(backwards, indent=3, ensure_ascii=True).replace("\n", "\r\n")
    assert parse(escaped.encode(), PROSE.encode()).hash == plain.hash
    for other in (PROSE + " ", PROSE.replace("\n", "\r\n"), PROSE.rstrip(), " " + PROSE):
        assert parse(CANONICAL.encode(), other.encode()).hash != plain.hash


def test_hash_normalises_no_letter(document):
    composed, combined = "Caf\u00e9", "Cafe\u0301"
    hashes = {
        parse(json.dumps(document | {"name": name}).encode(), prose.encode()).hash
        for name in (composed, combined)
        for prose in (composed, combined)
    }
    assert len(hashes) == 4


def test_hash_changes_with_every_value(document):
    hashes = {parse(CANONICAL.encode(), PROSE.encode()).hash}
    other = {
        "version": 1,
        "chain_id": 1,
        "ledger": COIN,
        "program": 4,
        "name": "B",
        "symbol": "B",
        "operator": "B",
        "genesis": 0,
        "epoch_seconds": 60,
        "validity_epochs": 4,
        "cap_units": 0,
        "tiers": [],
        "earn": [],
        "prices": None,
        "gifts": {"points": True, "money_cards": True},
        "clawback_seconds": 0,
        "governing_law": "B",
    }
    assert set(other) == set(document) - {"format"}
    for name, value in other.items():
        hashes.add(parse(json.dumps(document | {name: value}).encode(), PROSE.encode()).hash)
    assert len(hashes) == 1 + len(other)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)
units = st.integers(1, POINTS_MAX)
prices = st.builds(
    lambda a, b: TermsPrices(COIN, max(a, b), min(a, b)),
    st.integers(1, 2**48 - 1),
    st.integers(1, 2**48 - 1),
)
tiers = st.lists(st.integers(1, 2**40 - 1), unique=True, max_size=6).map(sorted)
some_terms = st.builds(
    Terms,
    version=st.integers(0, 1000),
    chain_id=st.integers(1, WHOLE_MAX),
    ledger=st.binary(min_size=20, max_size=20).map(lambda raw: checksum("0x" + raw.hex())),
    program=st.integers(0, WHOLE_MAX),
    name=texts,
    symbol=texts,
    operator=texts,
    genesis=st.integers(0, WHOLE_MAX),
    epoch_length=st.integers(60, WHOLE_MAX),
    validity=st.integers(1, 4),
    cap=st.integers(0, POINTS_MAX),
    tiers=tiers.flatmap(
        lambda found: st.tuples(
            *(st.builds(TermsTier, texts, st.just(tier), st.integers(1, 1000)) for tier in found)
        )
    ),
    earn=st.lists(
        st.builds(EarnRule, texts, units, st.sampled_from([None, "1.00 EUR", "5 USD"])), max_size=3
    ).map(tuple),
    prices=st.none() | prices,
    gifts=st.booleans(),
    money_cards=st.booleans(),
    clawback=st.integers(0, 2**32 - 1),
    governing_law=texts,
)


@given(some_terms)
def test_terms_survive_their_json_and_have_a_default_text(terms):
    bundle = TermsBundle.of(terms, prose_of(terms))
    assert bundle.terms == terms
    assert parse(json.dumps(terms.to_json(), indent=2).encode(), bundle.prose) == bundle
    assert "{?" not in bundle.prose.decode()


# ----------------------------------------------------------------- JSON with lines

values = st.recursive(
    st.none() | st.booleans() | st.integers(-WHOLE_MAX, WHOLE_MAX) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


@given(values, st.sampled_from([None, 0, 2]), st.booleans())
def test_read_json_reads_what_python_writes(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert read_json(text.encode(), "a").plain() == value


@given(st.text(alphabet='{}[]",:\\ntrue12.e-+ \n', max_size=12))
def test_read_json_takes_nothing_that_python_refuses(text):
    try:
        value = read_json(text.encode(), "a").plain()
    except FileRejected:
        return
    assert json.loads(text) == value


def test_read_json_knows_the_line_of_everything():
    node = read_json(b'\n{\n "a": 1,\n "b": [\n  2,\n  {"c"\n:\n3}\n ]\n}\n', "a")
    second = node.value["b"].value[1]
    assert (node.line, node.value["a"].line, node.value["b"].line) == (2, 3, 4)
    assert (node.value["b"].value[0].line, second.line, second.value["c"].line) == (5, 6, 6)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (b"", 1, "a value is missing before 'the end of the file'"),
        (b"\n{", 2, "a name in quotes is missing"),
        (b'{"a" 1}', 1, ": is missing before '1'"),
        (b'{"a": 1\n "b": 2}', 2, ", or } is missing"),
        (b'{"a": 1,}', 1, "a name in quotes is missing before '}'"),
        (b"[1,]", 1, "a value is missing before ']'"),
        (b"[1\n2]", 2, ", or ] is missing before '2'"),
        (b"{}\n{}", 2, "something follows the end"),
        (b'{"a": NaN}', 1, "not JSON from 'NaN}' on"),
        (b'{"a": 01}', 1, "or } is missing"),
        (b'{"a": -' + b"9" * 5000 + b"}", 1, "beyond 9,007,199,254,740,991"),
        (b'{"a": "\\ud83d"}', 1, "half of a surrogate pair"),
        (b'"a\nb"', 1, "not JSON"),
        (b'["\t"]', 1, "not JSON"),
        (b"[" * 40, 1, "more than 32 deep"),
        (b"// no\n{}", 1, "not JSON from '// no"),
        (b"\n\n\xff", 3, "byte 0xff is not UTF-8"),
        (b"\xef\xbb\xbf{}", 1, "byte order mark"),
        (b"\xff\xfe{}", 1, "byte order mark"),
    ],
)
def test_read_json_names_the_line(text, line, reason):
    with pytest.raises(FileRejected) as caught:
        read_json(text, "terms.json")
    (fault,) = caught.value.faults
    assert (fault.line, fault.field) == (line, "")
    assert reason in fault.reason


def test_read_json_refuses_a_name_that_stands_twice():
    with pytest.raises(FileRejected) as caught:
        read_json(b'{"a": 1,\n"\\u0061": 2}', "terms.json")
    assert caught.value.faults == (FileFault(2, "", "'a' stands there twice"),)


def test_read_json_refuses_a_number_that_readers_round():
    assert read_json(b"-9007199254740991", "terms.json").plain() == -WHOLE_MAX
    for text in (b"9007199254740992", b"-9007199254740992", b"1" + b"0" * 400):
        with pytest.raises(FileRejected) as caught:
            read_json(text, "terms.json")
        assert "beyond 9,007,199,254,740,991" in caught.value.faults[0].reason


# ----------------------------------------------------------------- fields


def test_parse_reads_every_field(terms):
    assert terms == Terms(
        version=0,
        chain_id=31337,
        ledger=LEDGER,
        program=2,
        name="Café Bean",
        symbol="BEAN",
        operator="Café Bean, Lda.",
        genesis=1_767_225_600,
        epoch_length=15_778_800,
        validity=3,
        cap=1_000_000,
        tiers=(TermsTier("Silver", 10_000, 100), TermsTier("Gold", 50_000, 150)),
        earn=(EarnRule("purchase", 100, "1.00 EUR"), EarnRule("sign-up", 500)),
        prices=TermsPrices(COIN, 20_000, 10_000),
        gifts=True,
        money_cards=False,
        clawback=1_209_600,
        governing_law=LAW,
    )
    assert terms.facts == TermsFacts(
        15_778_800, 3, 1_000_000, (10_000, 50_000), 20_000, 10_000, 1_209_600
    )
    alone = replace(terms, prices=None)
    assert (alone.facts.on_ramp, alone.facts.off_ramp) == (0, 0)


@pytest.mark.parametrize(
    ("path", "value", "field", "reason"),
    [
        (["format"], "crmdapp-terms/2", "format", "it must be 'crmdapp-terms/1'"),
        (["version"], -1, "version", "whole number from 0"),
        (["version"], 1.0, "version", "got 1.0"),
        (["version"], True, "version", "got true"),
        (["version"], "0", "version", "got '0'"),
        (["chain_id"], 0, "chain_id", "whole number from 1"),
        (["ledger"], LEDGER.lower(), "ledger", "EIP-55"),
        (["ledger"], "0x12", "ledger", "EIP-55"),
        (["ledger"], 12, "ledger", "got 12"),
        (["program"], None, "program", "got null"),
        (["name"], "", "name", "text of 1 to 2,000"),
        (["name"], " \n", "name", "text of 1 to 2,000"),
        (["name"], "x" * 2_001, "name", "text of 1 to 2,000"),
        (["symbol"], 5, "symbol", "got 5"),
        (["operator"], [], "operator", "got a list"),
        (["epoch_seconds"], 59, "epoch_seconds", "from 60 to"),
        (["validity_epochs"], 5, "validity_epochs", "from 1 to 4"),
        (["validity_epochs"], 0, "validity_epochs", "from 1 to 4"),
        (["cap_units"], POINTS_MAX + 1, "cap_units", "from 0 to"),
        (["tiers"], {}, "tiers", "it must be a list"),
        (["tiers", 1], 5, "tiers[1]", "it must be an object"),
        (["tiers", 1, "name"], "", "tiers[1].name", "text"),
        (["tiers", 0, "threshold_units"], 0, "tiers[0].threshold_units", "from 1 to"),
        (["tiers", 0, "threshold_units"], 2**40, "tiers[0].threshold_units", "from 1 to"),
        (["tiers", 1, "threshold_units"], 10_000, "tiers[1].threshold_units", "not above"),
        (["tiers", 0, "multiplier_percent"], 0, "tiers[0].multiplier_percent", "from 1 to"),
        (["tiers", 0, "more"], 0, "tiers[0].more", "no such field"),
        (["earn", 0, "per"], "1 euro", "earn[0].per", "write it like '1.00 EUR'"),
        (["earn", 0, "per"], None, "earn[0].per", "got null"),
        (["earn", 1, "units"], 0, "earn[1].units", "from 1 to"),
        (["earn", 1, "event"], None, "earn[1].event", "got null"),
        (["earn", 1, "event"], {}, "earn[1].event", "got an object"),
        (["prices"], [], "prices", "it must be an object"),
        (["prices", "coin"], "0x", "prices.coin", "EIP-55"),
        (["prices", "on_ramp_micros"], 0, "prices.on_ramp_micros", "from 1 to"),
        (["prices", "off_ramp_micros"], 20_001, "prices.off_ramp_micros", "above on_ramp_micros"),
        (["prices", "off_ramp_micros"], 2**48, "prices.off_ramp_micros", "from 1 to"),
        (["gifts"], True, "gifts", "it must be an object"),
        (["gifts", "points"], 1, "gifts.points", "true or false"),
        (["clawback_seconds"], 2**32, "clawback_seconds", "from 0 to"),
        (["governing_law"], "", "governing_law", "text"),
    ],
)
def test_parse_names_line_and_field(document, path, value, field, reason):
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    found = faults(document)
    assert len(found) == 1, found
    assert found[0][1] == field
    assert reason in found[0][2]
    last = path[-1] if isinstance(path[-1], str) else "{"
    lines = json.dumps(document, indent=1).splitlines()
    if field not in ("tiers[1]", "tiers[1].threshold_units", "prices.off_ramp_micros"):
        assert f'"{last}"' in lines[found[0][0] - 1]


def test_parse_names_every_field_that_is_missing(document):
    for name in document:
        rest = {other: value for other, value in document.items() if other != name}
        assert faults(rest) == [(1, name, "it is missing")]
    assert len(faults({})) == len(document)
    assert faults([]) == [(1, "", "it must be an object {...}, got a list")]


def test_parse_refuses_a_field_that_nobody_reads(document):
    found = faults(document | {"surprise": 1})
    assert found == [(len(json.dumps(document, indent=1).splitlines()), "surprise", NO_FIELD)]


def test_parse_names_several_faults_by_line(document):
    document |= {"validity_epochs": 9, "name": "", "more": 1}
    found = faults(document)
    assert [field for _, field, _ in found] == ["name", "validity_epochs", "more"]
    assert [line for line, _, _ in found] == sorted(line for line, _, _ in found)


def test_parse_takes_six_tiers_and_not_seven(document):
    tier = {"name": "T", "multiplier_percent": 100}
    document["tiers"] = [{**tier, "threshold_units": number} for number in range(1, 7)]
    parse(json.dumps(document).encode(), PROSE.encode())
    document["tiers"].append({**tier, "threshold_units": 7})
    assert [fault[1:] for fault in faults(document)] == [
        ("tiers", "7 tiers; a program has 6 at most")
    ]


@pytest.mark.parametrize(
    ("prose", "line", "reason"),
    [("", 0, "it is empty"), (" \n", 0, "it is empty"), (b"a\n\xff", 2, "byte 0xff is not UTF-8")],
)
def test_parse_refuses_a_prose_that_is_no_text(document, prose, line, reason):
    ((at, field, said),) = faults(document, prose)
    assert (at, field) == (line, "")
    assert reason in said


# ----------------------------------------------------------------- files


def test_load_reads_the_two_files(tmp_path):
    (tmp_path / "terms.json").write_text(CANONICAL)
    (tmp_path / "terms.md").write_bytes(PROSE.encode())
    assert TermsBundle.load(tmp_path) == parse(CANONICAL.encode(), PROSE.encode())


def test_load_names_the_file_that_is_missing_or_too_long(tmp_path):
    with pytest.raises(UsageError, match=r"terms\.json cannot be read: No such file"):
        TermsBundle.load(tmp_path)
    (tmp_path / "terms.json").write_text(CANONICAL)
    with pytest.raises(UsageError, match=r"terms\.md cannot be read"):
        TermsBundle.load(tmp_path)
    (tmp_path / "terms.md").write_bytes(b"x" * (BYTES_MAX + 1))
    with pytest.raises(FileRejected, match=r"terms\.md has 1 fault\."):
        TermsBundle.load(tmp_path)


# ----------------------------------------------------------------- the default text


def test_draft_agrees_with_the_chain(chain, plain):
    for facts in (chain, plain):
        bundle = draft(facts, law=LAW)
        assert bundle.terms.facts == facts.facts
        verdicts = {finding.verdict for finding in check(bundle, facts)}
        assert Verdict.CONTRADICTS not in verdicts
        assert Verdict.OPEN not in verdicts
        assert contradiction(bundle.terms.facts, facts.facts) is None


def test_draft_says_what_the_program_is(chain):
    rule = parse_earn("1 per 1.00 EUR")
    text = " ".join(draft(chain, law=LAW, operator="Bean Lda.", earn=[rule]).prose.decode().split())
    for words in (
        "no lawyer has reviewed",
        "between Bean Lda.",
        "- 1.00 points per 1.00 EUR of each purchase",
        "No more than 10,000.00 points",
        "- Tier 1 from 100.00 points awarded; earns 100 % of the usual points",
        "epochs of 182 days and 15 hours",
        "in the epoch in which they were awarded and in the 2 after it",
        f"0.01 of the settlement coin ({COIN})",
        "a point costs 0.02",
        "within 14 days after the award",
        "Nobody promises the Member that another merchant accepts points",
        "The Ledger is public.",
        "governed by the law of Portugal.",
        "It takes effect one epoch (182 days and 15 hours) after that",
        "Until somebody does, the giver can take them back.",
    ):
        assert words in text, words
    assert "sells gift cards" not in text


def test_draft_leaves_out_what_the_program_has_not(plain):
    text = " ".join(draft(plain, law=LAW).prose.decode().split())
    for words in (
        "These terms promise no rate.",
        "The program has no tiers.",
        "in the epoch in which they were awarded, that is 182 days and 15 hours at most",
        "its points can be spent with the Operator only",
        "does not take back points once they are awarded",
    ):
        assert words in text, words
    for words in ("settlement coin", "outstanding at any time", "percentage of these points"):
        assert words not in text, words


def test_draft_without_a_law_leaves_a_placeholder(chain):
    bundle = draft(chain)
    json_place, prose_place = bundle.placeholders
    assert json_place.startswith("terms.json, governing_law: [FILL IN the law")
    assert prose_place.startswith("terms.md, line ")
    line = int(prose_place.split("line ")[1].split(":")[0])
    assert "[FILL IN" in bundle.prose.decode().splitlines()[line - 1]
    assert [f.verdict for f in check(bundle, chain)].count(Verdict.OPEN) == 2


def test_draft_takes_any_name_that_a_program_can_have(chain):
    strange = replace(chain, program=replace(chain.program, name="$x {?cap}\n\n# [a](b)\t`"))
    bundle = draft(strange, law=LAW)
    assert bundle.terms.name == strange.program.name
    assert "# Terms of the $x {?cap} # [a](b) ` loyalty program\n" in bundle.prose.decode()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("1 per 1.00 EUR", EarnRule("purchase", 100, "1.00 EUR")),
        (" 2.5 per 10 USD ", EarnRule("purchase", 250, "10 USD")),
    ],
)
def test_parse_earn_reads_a_rule(text, rule):
    assert parse_earn(text) == rule


@pytest.mark.parametrize(
    "text", ["", "1", "1 per EUR", "1 per 1.00 Euro", "1 for 1 EUR", "x per 1 EUR"]
)
def test_parse_earn_refuses_what_is_no_rule(text):
    with pytest.raises(UsageError):
        parse_earn(text)


def test_parse_earn_refuses_more_than_the_ledger_holds():
    with pytest.raises(PointsOverflow):
        parse_earn("99999999999999 per 1 EUR")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "no time"),
        (1, "1 second"),
        (60, "1 minute"),
        (90, "1 minute and 30 seconds"),
        (90_061, "1 day, 1 hour, 1 minute and 1 second"),
        (86_400_000, "1,000 days"),
    ],
)
def test_span_words(seconds, words):
    assert span_words(seconds) == words


# ----------------------------------------------------------------- true or not


def contradicted(bundle, chain):
    return {
        f.field: (f.stated, f.actual) for f in check(bundle, chain) if f.verdict == "contradicts"
    }


@pytest.mark.parametrize(
    ("changes", "field", "stated", "actual"),
    [
        ({"chain_id": 1}, "chain_id", 1, 31337),
        ({"ledger": COIN}, "ledger", COIN, LEDGER),
        ({"name": "Tea"}, "name", "Tea", "Bean"),
        ({"symbol": "TEA"}, "symbol", "TEA", "BEAN"),
        ({"version": 1}, "version", 1, 0),
        ({"genesis": 0}, "genesis", 0, 1_767_225_600),
        ({"epoch_length": 60}, "epoch_seconds", 60, 15_778_800),
        ({"validity": 4}, "validity_epochs", 4, 3),
        ({"cap": 0}, "cap_units", 0, 1_000_000),
        ({"tiers": ()}, "tiers", [], [10_000, 50_000]),
        ({"prices": None}, "prices", [0, 0], [20_000, 10_000]),
        ({"prices": TermsPrices(COIN, 20_000, 9_999)}, "prices", [20_000, 9_999], [20_000, 10_000]),
        ({"prices": TermsPrices(LEDGER, 20_000, 10_000)}, "prices.coin", LEDGER, COIN),
        ({"clawback": 0}, "clawback_seconds", 0, 1_209_600),
        ({"gifts": False}, "gifts.points", False, True),
    ],
)
def test_check_finds_what_the_chain_contradicts(chain, changes, field, stated, actual):
    terms = draft(chain, law=LAW).terms
    bundle = TermsBundle.of(replace(terms, **changes), PROSE)
    assert contradicted(bundle, chain) == {field: (stated, actual)}
    (words,) = [f.words for f in check(bundle, chain) if f.verdict is Verdict.CONTRADICTS]
    assert words.startswith(f"{field}: the terms say ")


@pytest.mark.parametrize(
    ("changes", "field", "stated", "actual"),
    [
        ({"epoch_length": 60}, "epochLength", 60, 15_778_800),
        ({"validity": 4, "cap": 0}, "validity", 4, 3),
        ({"cap": 0}, "cap", 0, 1_000_000),
        ({"on_ramp": 0, "off_ramp": 0}, "onRamp", 0, 20_000),
        ({"off_ramp": 1}, "offRamp", 1, 10_000),
        ({"clawback": 1}, "clawback", 1, 1_209_600),
        ({"tiers": (10_000,)}, "tiers", 1, 2),
        ({"tiers": (10_000, 50_001)}, "tiers", 50_001, 50_000),
    ],
)
def test_contradiction_is_the_one_that_the_contract_names(chain, changes, field, stated, actual):
    twin = contradiction(replace(chain.facts, **changes), chain.facts)
    assert twin == TermsContradictChain(field.encode().ljust(32, b"\0"), stated, actual)


def test_check_tells_promises_from_facts(chain):
    terms = replace(
        draft(chain, law=LAW).terms,
        earn=(EarnRule("sign-up", 500),),
        money_cards=True,
        tiers=(TermsTier("Silver", 10_000, 100), TermsTier("Gold", 50_000, 150)),
    )
    found = check(TermsBundle.of(terms, PROSE), chain)
    assert [f.field for f in found if f.verdict is Verdict.PROMISE] == [
        "operator",
        "earn[0]",
        "tiers[1].multiplier_percent",
        "gifts.money_cards",
        "governing_law",
    ]
    notes = [f.words for f in found if f.verdict is Verdict.NOTE]
    assert any("is not the default text" in words for words in notes)


def test_check_warns_of_line_ends_of_windows(chain):
    bundle = TermsBundle.of(draft(chain, law=LAW).terms, "one\r\ntwo\r\n")
    assert any("line ends of Windows" in finding.words for finding in check(bundle, chain))


# ----------------------------------------------------------------- plain words


def test_explain_says_what_the_ledger_enforces_and_what_not(terms, plain):
    rich, poor = explain(terms), explain(draft(plain, law=LAW).terms)
    assert any("take back points of an award within 14 days" in line for line in rich.may)
    assert not any("take back" in line for line in poor.may)
    assert "take points from a member once they are awarded" in poor.may_not
    assert any("more than 10,000.00 points outstanding" in line for line in rich.may_not)
    assert any("a point costs 0.02 and pays 0.01" in line for line in rich.may_not)
    assert any("not connected to others" in line for line in poor.may_not)
    assert "it awards 1.00 points per 1.00 EUR of each purchase" in rich.promises
    assert "it awards points as it announces; the terms promise no rate" in poor.promises
