"""A consortium's tags: every member is needed, none learns an input, and who lies is named."""

import itertools
import json
from dataclasses import replace

import pytest

from crmdapp.customers import consortium, voprf
from crmdapp.customers._evaluation_ledger import WINDOW
from crmdapp.customers.consortium import (
    ConsortiumTagger,
    EvaluationLedger,
    EvaluationLimitReached,
    Member,
    MemberKeyCorrupt,
    MemberKeyFile,
    MemberKeyMissing,
    MemberLink,
    MemberProofInvalid,
    Questions,
)
from crmdapp.customers.identifiers import Identifier
from crmdapp.customers.models import CustomerStatus
from crmdapp.customers.rotation import Taggers
from crmdapp.customers.tags import TagSpace, find
from crmdapp.customers.voprf import PointInvalid, ServerKey
from crmdapp.errors import PermissionDenied, UsageError

ANN = Identifier("email", "ann@example.org")
PHONE = Identifier("phone", "+4930901820")
KEYS = [
    voprf.VERIFIABLE.key_from(bytes([seed]) * 32, b"tests of the consortium") for seed in (1, 2, 3)
]
BAKERY, CINEMA, GARAGE = KEYS


class Clock:
    def __init__(self):
        self.now = 1_900_000_000

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(tmp_path, clock):
    """The record of one member, which evaluates 10 times a day for each company."""
    with EvaluationLedger(tmp_path / "ledger.db", limit=10, clock=clock) as opened:
        yield opened


class Free:
    """A ledger without limit."""

    def charge(self, requester, count):
        pass


def link(key, name="bakery", asked=None):
    def ask(request):
        if asked is not None:
            asked.append(request)
        return Member(key, Free()).evaluate(request, "shop")

    return MemberLink(name, key.public_key, ask)


def lying(key, change, name="cinema"):
    """A link to a member whose answers are changed on the way."""

    def ask(request):
        answer = json.loads(Member(key, Free()).evaluate(request, "shop"))
        return change(answer)

    return MemberLink(name, key.public_key, ask)


@pytest.fixture
def tagger():
    return ConsortiumTagger(
        [link(BAKERY, "bakery"), link(CINEMA, "cinema"), link(GARAGE, "garage")]
    )


# --------------------------------------------------------------------------- tags


def test_tag_stays_what_it_is(tagger):
    # Tags are on chain: whatever changes this value makes a second profile of everybody.
    expected = "68b55626aae86b59fe6cd271ab869905c8dd73320c9ade65cfc035f5fe35b5e4"
    assert tagger.tag(ANN).hex() == expected


def test_tag_depends_on_kind_value_and_generation(tagger):
    tags = [
        tagger.tag(ANN),
        tagger.tag(ANN, 1),
        tagger.tag(ANN, 2),
        tagger.tag(Identifier("phone", ANN.value)),
        tagger.tag(PHONE),
    ]
    assert len(set(tags)) == len(tags)
    assert {len(tag) for tag in tags} == {32}


def test_tag_is_the_same_for_every_company_and_order_of_members(tagger):
    links = [link(key, name) for key, name in zip(KEYS, ("a", "b", "c"), strict=True)]
    for order in itertools.permutations(links):
        assert ConsortiumTagger(order).tag(ANN) == tagger.tag(ANN)


def test_tag_needs_every_member(tagger):
    stranger = ServerKey.new()
    for absent in range(3):
        keys = [stranger if number == absent else key for number, key in enumerate(KEYS)]
        links = [link(key, str(number)) for number, key in enumerate(keys)]
        assert ConsortiumTagger(links).tag(ANN) != tagger.tag(ANN)
    assert ConsortiumTagger([link(BAKERY), link(CINEMA, "cinema")]).tag(ANN) != tagger.tag(ANN)


def test_tag_asks_no_member_again_for_another_generation(tagger):
    asked = []
    counted = ConsortiumTagger([link(BAKERY, "bakery", asked), link(CINEMA, "cinema", asked)])
    space, erased = TagSpace(1, "0x" + "11" * 20, 1), []

    def status_of(id_):
        erased.append(id_)
        return CustomerStatus.ERASED if len(erased) < 4 else CustomerStatus.NONE

    assert find(counted, ANN, space, status_of).generation == 3
    assert len(asked) == 2


def test_prefetch_asks_each_member_once_for_many(tagger):
    asked = []
    counted = ConsortiumTagger([link(BAKERY, "bakery", asked), link(CINEMA, "cinema", asked)])
    people = [Identifier("email", f"{number}@example.org") for number in range(5)]
    counted.prefetch([*people, *people])
    tags = [counted.tag(person) for person in people]
    assert len(asked) == 2
    assert len(set(tags)) == 5
    fresh = ConsortiumTagger([link(BAKERY, "bakery"), link(CINEMA, "cinema")])
    assert fresh.tag(people[3]) == tags[3]


def test_prefetch_forgets_rather_than_grows(tagger, monkeypatch):
    monkeypatch.setattr(consortium, "_CACHED", 1)
    first = tagger.tag(ANN)
    tagger.tag(PHONE)
    assert len(tagger._outputs) == 1
    assert tagger.tag(ANN) == first


def test_members_never_see_what_they_evaluate():
    requests = []
    one = ConsortiumTagger([link(BAKERY, "bakery", requests), link(CINEMA, "cinema")])
    other = ConsortiumTagger([link(BAKERY, "bakery", requests), link(CINEMA, "cinema")])
    assert one.tag(ANN) == other.tag(ANN)
    first, second = (json.loads(request) for request in requests)
    assert first["elements"] != second["elements"]
    assert ANN.value.encode() not in requests[0]


def test_questions_leave_their_secrets_out_of_the_representation():
    questions = Questions.about([ANN], link(BAKERY))
    assert "ann" not in repr(questions)
    assert str(questions.blinds[0].scalar) not in repr(questions)


def test_a_members_new_key_is_a_rotation(tagger):
    renewed = ConsortiumTagger(
        [link(BAKERY, "bakery"), link(CINEMA, "cinema"), link(ServerKey.new(), "garage")]
    )
    space, known = TagSpace(1, "0x" + "11" * 20, 1), tagger.tag(ANN)

    def status_of(id_):
        return CustomerStatus.ACTIVE if id_ == space.id_of(known) else CustomerStatus.NONE

    taggers = Taggers(tagger, renewed)
    assert taggers.find(ANN, space, status_of).tag == known
    assert taggers.find(PHONE, space, status_of).tag == renewed.tag(PHONE)


# --------------------------------------------------------------------------- who belongs to it


def test_one_member_is_no_consortium():
    with pytest.raises(UsageError, match="at least 2 members"):
        ConsortiumTagger([link(BAKERY)])


def test_two_members_have_two_keys_and_two_names():
    with pytest.raises(UsageError, match="Two members have one key"):
        ConsortiumTagger([link(BAKERY, "bakery"), link(BAKERY, "cinema")])
    with pytest.raises(UsageError, match="Two members have one name"):
        ConsortiumTagger([link(BAKERY, "bakery"), link(CINEMA, "bakery")])


def test_link_refuses_a_public_key_that_is_no_point():
    with pytest.raises(PointInvalid):
        MemberLink("bakery", bytes(33), lambda request: request)


# --------------------------------------------------------------------------- members that lie


def changed(**values):
    return lambda answer: json.dumps({**answer, **values}).encode()


LIES = {
    "another-key": lambda answer: json.dumps(
        json.loads(Member(GARAGE, Free()).evaluate(SOME_REQUEST, "shop"))
    ).encode(),
    "no-proof": changed(proof=""),
    "another-proof": changed(proof="11" * 64),
    "no-elements": changed(elements=[]),
    "another-element": changed(elements=[GARAGE.public_key.hex()]),
    "the-identity": changed(elements=["00"]),
    "words": changed(elements=["bread"]),
    "numbers": changed(elements=[7]),
    "a-string": changed(elements="bread"),
    "proof-of-words": changed(proof="bread"),
    "another-kind": changed(crmdapp="evaluation request"),
    "another-version": changed(version=2),
    "no-JSON": lambda answer: b"out to lunch",
    "no-object": lambda answer: b"[]",
    "no-UTF-8": lambda answer: b"\xff\xfe",
    "too-much": lambda answer: b" " * (consortium.MESSAGE_MAX + 1),
    "too-many": changed(elements=["00"] * (voprf.BATCH_MAX + 1)),
    "too-deep": lambda answer: b"[" * 10_000,
}
SOME_REQUEST = Questions.about([ANN], link(GARAGE)).request


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_member_that_lies_is_named(lie):
    tagger = ConsortiumTagger([link(BAKERY), lying(CINEMA, lie), link(GARAGE, "garage")])
    with pytest.raises(MemberProofInvalid, match="The answer of cinema cannot be used") as caught:
        tagger.tag(ANN)
    assert caught.value.member == "cinema"
    assert caught.value.exit_code == 8
    assert ANN.value not in json.dumps(caught.value.to_dict())
    assert tagger._outputs == {}


def test_an_honest_member_is_believed():
    tagger = ConsortiumTagger([link(BAKERY), lying(CINEMA, changed())])
    assert tagger.tag(ANN) == ConsortiumTagger([link(BAKERY), link(CINEMA, "cinema")]).tag(ANN)


def test_the_key_is_the_published_one_and_not_the_answers():
    def answer_as_garage(request):
        forged = {**json.loads(request), "publicKey": GARAGE.public_key.hex()}
        return Member(GARAGE, Free()).evaluate(json.dumps(forged).encode(), "shop")

    impostor = MemberLink("cinema", CINEMA.public_key, answer_as_garage)
    with pytest.raises(MemberProofInvalid):
        ConsortiumTagger([link(BAKERY), impostor]).tag(ANN)


# --------------------------------------------------------------------------- a member's side


def test_evaluate_refuses_a_request_for_another_member():
    request = Questions.about([ANN], link(BAKERY)).request
    with pytest.raises(UsageError, match="for another member"):
        Member(CINEMA, Free()).evaluate(request, "shop")


@pytest.mark.parametrize(
    "elements", [[], ["00"], ["02" + "ff" * 32], ["bread"], [7], "02", None], ids=str
)
def test_evaluate_refuses_what_is_no_request(ledger, elements):
    body = json.loads(Questions.about([ANN], link(BAKERY)).request)
    with pytest.raises(UsageError):
        Member(BAKERY, ledger).evaluate(json.dumps({**body, "elements": elements}).encode(), "shop")


@pytest.mark.parametrize("request_", [b"", b"{}", b"null", b"\xff", b"[" * 9999, b" " * 200_000])
def test_evaluate_refuses_what_is_not_even_json(ledger, request_):
    with pytest.raises(UsageError):
        Member(BAKERY, ledger).evaluate(request_, "shop")
    assert ledger.entries() == []


def ask(ledger, count, requester="shop"):
    people = [Identifier("email", f"{number}@example.org") for number in range(count)]
    request = Questions.about(people, link(BAKERY)).request
    return Member(BAKERY, ledger).evaluate(request, requester)


def test_evaluate_is_limited_per_requester_and_day(ledger, clock):
    ask(ledger, 4)
    ask(ledger, 6)
    with pytest.raises(EvaluationLimitReached, match="shop may ask for 10") as caught:
        ask(ledger, 1)
    assert (caught.value.requester, caught.value.limit, caught.value.left) == ("shop", 10, 0)
    ask(ledger, 10, "kiosk")
    clock.now += WINDOW - 1
    with pytest.raises(EvaluationLimitReached):
        ask(ledger, 1)
    clock.now += 1
    ask(ledger, 10)


def test_evaluate_does_all_of_a_request_or_nothing(ledger):
    ask(ledger, 7)
    with pytest.raises(EvaluationLimitReached, match="3 are left"):
        ask(ledger, 4)
    ask(ledger, 3)


def test_limit_outlives_the_process_and_a_clock_that_is_put_back(tmp_path, clock):
    path = tmp_path / "ledger.db"
    with EvaluationLedger(path, limit=10, clock=clock) as first:
        ask(first, 10)
    clock.now -= 1_000_000
    second = EvaluationLedger(path, limit=10, clock=clock)
    with second, pytest.raises(EvaluationLimitReached):
        ask(second, 1)


def test_limit_is_used_up_before_anything_is_computed(ledger, monkeypatch):
    def fail(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(voprf, "evaluate", fail)
    with pytest.raises(KeyboardInterrupt):
        ask(ledger, 3)
    assert [entry.count for entry in ledger.entries()] == [3]


def test_ledger_knows_who_when_and_how_much_but_not_what(ledger, tmp_path):
    people = [ANN, PHONE]
    request = Questions.about(people, link(BAKERY)).request
    answer = Member(BAKERY, ledger).evaluate(request, "shop")
    (entry,) = ledger.entries()
    assert (entry.requester, entry.count) == ("shop", 2)
    assert entry.at.timestamp() == 1_900_000_000
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for body in (json.loads(request), json.loads(answer)):
        for element in body["elements"]:
            assert bytes.fromhex(element)[1:] not in written
            assert element.encode() not in written


def test_ledger_allows_at_least_one_evaluation(tmp_path):
    with pytest.raises(UsageError, match="at least once"):
        EvaluationLedger(tmp_path / "ledger.db", limit=0)


# --------------------------------------------------------------------------- key files


def test_key_file_keeps_the_key_for_its_owner_alone(tmp_path):
    path = tmp_path / "member.json"
    key = MemberKeyFile.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert MemberKeyFile.load(path) == key
    with pytest.raises(UsageError, match="already"):
        MemberKeyFile.create(path)
    path.chmod(0o640)
    with pytest.raises(PermissionDenied, match="Others than you can read"):
        MemberKeyFile.load(path)


def test_key_file_names_what_is_wrong_with_it(tmp_path):
    with pytest.raises(MemberKeyMissing):
        MemberKeyFile.load(tmp_path / "member.json")
    path = tmp_path / "pepper.json"
    consortium.create_secret(path, "pepper", bytes(32))
    with pytest.raises(MemberKeyCorrupt):
        MemberKeyFile.load(path)


@pytest.mark.parametrize("scalar", [bytes(32), b"\xff" * 32], ids=["zero", "beyond the order"])
def test_key_file_refuses_a_number_that_is_no_key(tmp_path, scalar):
    path = tmp_path / "member.json"
    consortium.create_secret(path, consortium._KIND, scalar)
    with pytest.raises(MemberKeyCorrupt) as caught:
        MemberKeyFile.load(path)
    assert "ff" * 8 not in str(caught.value)


def test_links_are_replaceable_values():
    assert replace(link(BAKERY), name="oven").public_key == BAKERY.public_key
