"""SD-JWT: the RFC's own examples, what is refused, and what any choice of claims reveals."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdapp.customers.credentials import sd_jwt as module
from crmdapp.customers.credentials._opening import open_payload
from crmdapp.customers.credentials.disclosures import Disclosure, Hidden
from crmdapp.customers.credentials.keys import AccountPublicKey, JwkPublicKey
from crmdapp.customers.credentials.refusals import (
    CredentialExpired,
    CredentialInvalid,
    CredentialMalformed,
    CredentialNotYetValid,
    CredentialSignatureInvalid,
    DisclosureUnknown,
    KeyBindingInvalid,
)
from crmdapp.customers.credentials.sd_jwt import KeyBinding, SdJwt, bind, issue, present, verify
from crmdapp.errors import UsageError
from tests.customers.credentials.workshop import (
    AUDIENCE,
    HOLDER_KEY,
    ISSUER,
    ISSUER_KEY,
    ISSUER_PUBLIC,
    NONCE,
    NOW,
    P256,
    STRANGER_KEY,
    b64,
    disclosure,
    key_binding,
    sd_jwt,
    sha,
    token,
    unb64,
)

RFC = json.loads((Path(__file__).parents[1] / "vectors" / "rfc9901.json").read_text())
DEMANDED = KeyBinding(AUDIENCE, NONCE)
BOUND = {"iss": "x", "cnf": {"jwk": HOLDER_KEY.jwk()}}


def check(text, **options):
    return verify(text, ISSUER_PUBLIC, **{"now": NOW, **options})


# ----------------------------------------------------------------- the RFC's examples


@pytest.mark.parametrize("name", RFC["presentations"])
def test_verify_accepts_the_presentations_of_the_rfc(name):
    example = RFC["presentations"][name]
    verified = verify(
        "".join(example["text"]),
        JwkPublicKey(RFC["issuer_key"]),
        now=1748537244,
        typ=example["typ"],
        key_binding=KeyBinding("https://verifier.example.org", "1234567890"),
    )
    assert verified.claims == example["claims"]
    assert verified.bound


@pytest.mark.parametrize("name", RFC["presentations"])
def test_the_holder_signs_the_hash_that_the_rfc_prints(name):
    presentation = SdJwt.parse("".join(RFC["presentations"][name]["text"]))
    assert sha(presentation.unbound) == RFC["presentations"][name]["sd_hash"]
    assert module._presentation_hash(presentation) == RFC["presentations"][name]["sd_hash"]


@pytest.mark.parametrize("example", RFC["disclosures"], ids=lambda item: item["text"][-8:])
def test_parse_reads_the_disclosures_of_the_rfc(example):
    found = Disclosure.parse(example["text"])
    assert (found.name, found.value) == (example["name"], example["value"])
    assert found.digest() == example.get("digest", found.digest())


@pytest.mark.parametrize("count", range(5))
def test_recursive_disclosures_of_the_rfc_open_step_by_step(count):
    example = RFC["recursive"]
    parts = dict(list(example["parts"].items())[:count])
    shown = [Disclosure.parse(text) for text in (example["address"], *parts.values())]
    opened = open_payload(example["payload"], shown, "sha-256")
    assert opened.claims["address"] == {name: example["values"][name] for name in parts}
    assert set(opened.places) == {"/address", *(f"/address/{name}" for name in parts)}


def test_a_nested_disclosure_of_the_rfc_needs_the_one_around_it():
    example = RFC["recursive"]
    orphan = [Disclosure.parse(example["parts"]["region"])]
    with pytest.raises(CredentialMalformed, match="belongs to no digest"):
        open_payload(example["payload"], orphan, "sha-256")


# ----------------------------------------------------------------- any choice of claims

names = st.text("abcdefghij_", min_size=1, max_size=6).filter(lambda name: name[:3] != "_sd")
plain = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8)


def hidden(values):
    return values | values.map(Hidden)


trees = st.recursive(
    plain,
    lambda inner: (
        st.lists(hidden(inner), max_size=4) | st.dictionaries(names, hidden(inner), max_size=4)
    ),
    max_leaves=12,
)
claim_sets = st.dictionaries(names, hidden(trees), min_size=1, max_size=5)


def seen(value, shown, place=""):
    """What a verifier sees of a marked value if it is shown what stands at these places."""
    if isinstance(value, dict):
        return {
            name: seen(_bare(item), shown, f"{place}/{name}")
            for name, item in value.items()
            if not isinstance(item, Hidden) or f"{place}/{name}" in shown
        }
    if isinstance(value, list):
        return [
            seen(_bare(item), shown, f"{place}/{number}")
            for number, item in enumerate(value)
            if not isinstance(item, Hidden) or f"{place}/{number}" in shown
        ]
    return value


def _bare(item):
    return item.value if isinstance(item, Hidden) else item


def with_parents(places, all_places):
    wanted = set()
    for place in places:
        wanted |= {other for other in all_places if f"{place}/".startswith(f"{other}/")}
    return wanted


@settings(max_examples=60)
@given(st.data())
def test_any_choice_of_claims_verifies_and_reveals_exactly_those(data):
    claims = data.draw(claim_sets)
    issued = issue(ISSUER_KEY, claims)
    places = issued.places()
    chosen = data.draw(st.sets(st.sampled_from(sorted(places)))) if places else set()
    shown = present(issued, chosen)
    assert check(str(shown)).claims == seen(claims, with_parents(chosen, places))
    # What is not shown is not there in any other form either.
    assert {item.text for item in shown.disclosures} == {
        places[place].text for place in with_parents(chosen, places)
    }


@settings(max_examples=40)
@given(st.integers(0, 5), claim_sets)
def test_decoys_change_nothing_that_is_read(decoys, claims):
    everything = set(issue(ISSUER_KEY, claims).places())  # decoys move elements of arrays
    issued = issue(ISSUER_KEY, claims, decoys=decoys)
    assert check(str(issued)).claims == seen(claims, everything)
    assert len(issued.disclosures) == len(everything)


@settings(max_examples=150)
@given(st.data())
def test_any_changed_character_is_noticed(data):
    issued = issue(ISSUER_KEY, {**BOUND, "name": Hidden("Ada"), "tags": [Hidden("a"), "b"]})
    text = str(
        bind(
            present(issued, ["/name", "/tags/0"]),
            HOLDER_KEY,
            audience=AUDIENCE,
            nonce=NONCE,
            now=NOW,
        )
    )
    assert check(text, key_binding=DEMANDED).claims["name"] == "Ada"
    at = data.draw(st.integers(0, len(text) - 1))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~=+/ é"
    other = data.draw(st.sampled_from(alphabet.replace(text[at], "")))
    with pytest.raises(CredentialInvalid):
        check(text[:at] + other + text[at + 1 :], key_binding=DEMANDED)


@settings(max_examples=100)
@given(st.data())
def test_any_left_out_or_moved_part_is_noticed(data):
    issued = issue(ISSUER_KEY, {**BOUND, "a": Hidden(1), "b": Hidden(2), "c": Hidden(3)})
    text = str(
        bind(present(issued, ["/a", "/b"]), HOLDER_KEY, audience=AUDIENCE, nonce=NONCE, now=NOW)
    )
    parts = text.split("~")
    other = data.draw(st.permutations(parts) | st.lists(st.sampled_from(parts), max_size=6))
    if other == parts:
        return
    with pytest.raises(CredentialInvalid):
        check("~".join(other), key_binding=DEMANDED)


# ----------------------------------------------------------------- issuing


def test_issue_hides_values_behind_salts_of_128_bits():
    first, second = (issue(ISSUER_KEY, {"name": Hidden("Ada")}) for _ in range(2))
    assert first.token.payload["_sd"] != second.token.payload["_sd"]
    salt, name, value = json.loads(unb64(first.disclosures[0].text))
    assert (len(unb64(salt)), name, value) == (16, "name", "Ada")
    assert "Ada" not in str(first.token.payload)


def test_issue_orders_digests_by_themselves():
    claims = {f"c{number}": Hidden(number) for number in range(20)}
    digests = issue(ISSUER_KEY, claims).token.payload["_sd"]
    assert digests == sorted(digests)


def test_issue_adds_decoys_that_look_like_digests():
    issued = issue(ISSUER_KEY, {"name": Hidden("Ada"), "tags": [Hidden("a"), "b"]}, decoys=3)
    payload = issued.token.payload
    assert len(payload["_sd"]) == 4
    assert len(payload["tags"]) == 5
    assert {len(unb64(item)) for item in payload["_sd"]} == {32}
    assert len(issued.disclosures) == 2
    assert check(str(issued)).claims == {"name": "Ada", "tags": ["a", "b"]}


@pytest.mark.parametrize(
    "name", ["_sd", "...", "_sd_alg", "", "na\u00efve", "\u0430b", "a b\n", "x" * 129]
)
@pytest.mark.parametrize("mark", [Hidden, lambda value: value], ids=["hidden", "shown"])
def test_issue_refuses_names_that_no_claim_may_have(name, mark):
    with pytest.raises(UsageError):
        issue(ISSUER_KEY, {"inner": {name: mark(1)}})


@pytest.mark.parametrize("name", sorted(module.ALWAYS_SHOWN))
def test_issue_never_hides_what_decides_on_validity(name):
    with pytest.raises(UsageError, match="never hidden"):
        issue(ISSUER_KEY, {name: Hidden(1)})


def test_issue_refuses_what_hides_in_itself():
    with pytest.raises(UsageError, match="Only members"):
        issue(ISSUER_KEY, {"a": Hidden(Hidden(1))})


def test_repr_shows_nothing_of_what_is_hidden():
    issued = issue(ISSUER_KEY, {"name": Hidden("Ada")})
    verified = check(str(issued))
    text = f"{issued!r}{issued.disclosures!r}{issued.token!r}{verified!r}{Hidden('Ada')!r}"
    assert "Ada" not in text
    assert issued.disclosures[0].text not in text


# ----------------------------------------------------------------- presenting


def test_present_reveals_what_stands_around_the_claim():
    issued = issue(ISSUER_KEY, {"a": Hidden({"b": Hidden([Hidden({"c": Hidden(1)})])})})
    assert set(issued.places()) == {"/a", "/a/b", "/a/b/0", "/a/b/0/c"}
    shown = present(issued, ["/a/b/0/c"])
    assert check(str(shown)).claims == {"a": {"b": [{"c": 1}]}}
    assert check(str(present(issued, ["/a/b"]))).claims == {"a": {"b": []}}
    assert check(str(present(issued))).claims == {}


def test_present_writes_places_as_json_pointers():
    issued = issue(ISSUER_KEY, {"a/b~c": Hidden(1)})
    assert check(str(present(issued, ["/a~1b~0c"]))).claims == {"a/b~c": 1}


def test_present_refuses_a_place_where_nothing_is_hidden():
    issued = issue(ISSUER_KEY, {"a": Hidden(1), "b": 2})
    for place in ("/b", "/c", "a", ""):
        with pytest.raises(DisclosureUnknown):
            present(issued, [place])


def test_present_refuses_a_presentation():
    issued = issue(ISSUER_KEY, BOUND)
    bound = bind(issued, HOLDER_KEY, audience=AUDIENCE, nonce=NONCE, now=NOW)
    with pytest.raises(UsageError, match="as it was issued"):
        present(bound)


# ----------------------------------------------------------------- malformed

D1 = disclosure("salt-1", "name", "Ada")
D2 = disclosure("salt-2", "b")
MANY = [disclosure("s", f"claim-{number}", number) for number in range(1_025)]


def deep(levels):
    value = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def chained(levels):
    """A claim in a claim in a claim, each hidden."""
    texts, value = [], 1
    for level in range(levels):
        text = disclosure(f"salt-{level}", "a", value)
        texts.append(text)
        value = {"_sd": [sha(text)]}
    return sd_jwt(value, *texts) + ""


MALFORMED = {
    "a disclosure that nothing refers to": sd_jwt({"a": 1}, D1),
    "a second disclosure that nothing refers to": sd_jwt({"_sd": [sha(D1)]}, D1, D2),
    "a disclosure twice": sd_jwt({"_sd": [sha(D1)]}, D1, D1),
    "a digest twice in one object": sd_jwt({"_sd": [sha(D1), sha(D1)]}, D1),
    "a digest twice in two objects": sd_jwt({"_sd": [sha(D1)], "a": {"_sd": [sha(D1)]}}, D1),
    "a digest twice, unopened": sd_jwt({"_sd": [sha(D1)], "a": {"_sd": [sha(D1)]}}),
    "a digest in an object and in an array": sd_jwt({"_sd": [sha(D2)], "a": [{"...": sha(D2)}]}),
    "a digest twice, once in a disclosure": sd_jwt(
        {"_sd": [sha(D1), sha(X := disclosure("s", "x", {"_sd": [sha(D1)]}))]}, D1, X
    ),
    "an array's disclosure in an object": sd_jwt({"_sd": [sha(D2)]}, D2),
    "an object's disclosure in an array": sd_jwt({"a": [{"...": sha(D1)}]}, D1),
    "a claim that stands there already": sd_jwt({"name": "Eve", "_sd": [sha(D1)]}, D1),
    "two disclosures of one name": sd_jwt(
        {"_sd": [sha(D1), sha(X := disclosure("s", "name", "Eve"))]}, D1, X
    ),
    "a disclosure named _sd": sd_jwt({"_sd": [sha(X := disclosure("s", "_sd", [sha(D1)]))]}, X, D1),
    "a disclosure named _sd, unopened": sd_jwt(
        {"_sd": [sha(X := disclosure("s", "_sd", [sha(D1)]))]}, X
    ),
    "a disclosure named ...": sd_jwt({"_sd": [sha(X := disclosure("s", "...", sha(D2)))]}, X),
    "a disclosure named _sd_alg": sd_jwt({"_sd": [sha(X := disclosure("s", "_sd_alg", "x"))]}, X),
    "... outside of an array": sd_jwt({"a": {"...": sha(D2)}}, D2),
    "... at the top": sd_jwt({"...": sha(D2)}, D2),
    "... with company": sd_jwt({"a": [{"...": sha(D2), "b": 1}]}, D2),
    "... that is no text": sd_jwt({"a": [{"...": 1}]}),
    "_sd that is no array": sd_jwt({"_sd": sha(D1)}, D1),
    "_sd that is an object": sd_jwt({"_sd": {sha(D1): 1}}, D1),
    "_sd of numbers": sd_jwt({"_sd": [1]}),
    "a digest of another length": sd_jwt({"_sd": [sha(D1)[:-2]]}),
    "a digest that is no base64url": sd_jwt({"_sd": ["+" * 43]}),
    "_sd_alg in an inner object": sd_jwt({"a": {"_sd_alg": "sha-256"}}),
    "an unknown hash function": sd_jwt({"_sd_alg": "md5", "_sd": [sha(D1)]}, D1),
    "a weak hash function": sd_jwt({"_sd_alg": "sha-1"}),
    "_sd_alg that is no text": sd_jwt({"_sd_alg": ["sha-256"]}),
    "a disclosure that is no array": sd_jwt({"_sd": [sha(X := b64(b'{"a":1}'))]}, X),
    "a disclosure of one element": sd_jwt({"_sd": [sha(X := disclosure("s"))]}, X),
    "a disclosure of four elements": sd_jwt({"_sd": [sha(X := disclosure("s", "n", 1, 2))]}, X),
    "a salt that is no text": sd_jwt({"_sd": [sha(X := disclosure(1, "n", 2))]}, X),
    "a name that is no text": sd_jwt({"_sd": [sha(X := disclosure("s", 1, 2))]}, X),
    "a name in another script": sd_jwt(
        {"_sd": [sha(X := disclosure("s", "\u0430ge_over_18", True))]}, X
    ),
    "a name with an invisible character": sd_jwt(
        {"_sd": [sha(X := disclosure("s", "age_over_18\u200b", True))]}, X
    ),
    "a shown name in another script": sd_jwt({"\u0456ss": "x"}),
    "an empty name": sd_jwt({"_sd": [sha(X := disclosure("s", "", 1))]}, X),
    "an empty disclosure": token({"a": 1}) + "~~",
    "padding": sd_jwt({"_sd": [sha(D1 + "=")]}, D1 + "="),
    "a name twice in a disclosure": sd_jwt({"_sd": [sha(X := b64(b'["s","n",{"a":1,"a":2}]'))]}, X),
    "a name twice in the payload": token('{"exp":1,"exp":9999999999}') + "~",
    "a name twice in the header": token(
        {}, header='{"alg":"ES256K","alg":"none","typ":"dc+sd-jwt"}'
    )
    + "~",
    "a number that readers round": token('{"a":9007199254740993}') + "~",
    "a number beyond all bounds": token('{"a":1e999}') + "~",
    "half a surrogate pair": token('{"a":"\\ud800"}') + "~",
    "NaN": token('{"a":NaN}') + "~",
    "a comment": token('{"a":1}/**/') + "~",
    "a byte order mark": token('\ufeff{"a":1}') + "~",
    "a payload that is no object": token("[1]") + "~",
    "nesting deeper than a reader bears": token('{"a":' + "[" * 40 + "]" * 40 + "}") + "~",
    "nesting far too deep": token('{"a":' + "[" * 20_000) + "~",
    "nesting put together from disclosures": chained(33),
    "no tilde": token({"a": 1}),
    "no token": "~",
    "two parts": token({"a": 1}).rpartition(".")[0] + "~",
    "four parts": token({"a": 1}) + ".AAAA~",
    "no signature": token({"a": 1}).rpartition(".")[0] + ".~",
    "something in front": "x " + token({"a": 1}) + "~",
    "a line break inside": token({"a": 1}) + "\n~" + D1 + "~",
    "nothing": "",
    "another language": "~é~",
    "too long": sd_jwt({"a": 1}, "A" * (1 << 20)),
    "too many disclosures": sd_jwt({"_sd": [sha(item) for item in MANY]}, *MANY),
    "a hidden expiry": sd_jwt({"_sd": [sha(X := disclosure("s", "exp", 9_999_999_999))]}, X),
    "a hidden issuer": sd_jwt({"_sd": [sha(X := disclosure("s", "iss", "x"))]}, X),
    "a hidden key": sd_jwt({"_sd": [sha(X := disclosure("s", "cnf", {}))]}, X),
    "an expiry that is no number": sd_jwt({"exp": "9999999999"}),
    "an expiry that is a truth value": sd_jwt({"exp": True}),
    "a negative time": sd_jwt({"nbf": -1}),
    "a time in fractions": sd_jwt({"iat": 1.5}),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_verify_refuses_what_is_malformed(text):
    with pytest.raises(CredentialMalformed) as refusal:
        check(text)
    for secret in ("Ada", "Eve", "salt-1", "age_over_18"):  # nothing of the contents is repeated
        assert secret not in f"{refusal.value.message}{refusal.value.why}{refusal.value.hint}"


@pytest.mark.parametrize(
    "text",
    [
        sd_jwt({"a": 1}),
        sd_jwt({"_sd": [sha(D1)]}, D1),
        sd_jwt({"_sd": [sha(D1)]}),
        sd_jwt({"_sd": []}),
        sd_jwt({"a": [{"...": sha(D2)}]}, D2),
        sd_jwt({"a": [{"...": sha(D2)}, {"b": 1}]}),
        sd_jwt({"_sd_alg": "sha-256", "_sd": [sha(D1)]}, D1),
        sd_jwt(deep(30)),
        chained(30),
        "\n" + sd_jwt({"a": 1}) + "\n",
        sd_jwt({"_sd": [sha(item) for item in MANY]}, *MANY[1:]),
    ],
    ids=range(11),
)
def test_verify_accepts_what_is_right_beside_it(text):
    check(text)


def test_verify_takes_the_other_hash_functions_of_the_registry():
    import hashlib

    digest = b64(hashlib.sha512(D1.encode()).digest())
    assert check(sd_jwt({"_sd_alg": "sha-512", "_sd": [digest]}, D1)).claims == {"name": "Ada"}


HEADERS = {
    "none": ({"alg": "none", "typ": "dc+sd-jwt"}, "alg is not ES256K"),
    "NONE": ({"alg": "NONE", "typ": "dc+sd-jwt"}, "alg is not ES256K"),
    "HS256": ({"alg": "HS256", "typ": "dc+sd-jwt"}, "alg is not ES256K"),
    "ES256": ({"alg": "ES256", "typ": "dc+sd-jwt"}, "alg is not ES256K"),
    "es256k": ({"alg": "es256k", "typ": "dc+sd-jwt"}, "alg is not ES256K"),
    "a list of algorithms": ({"alg": ["ES256K"], "typ": "dc+sd-jwt"}, "alg is not ES256K"),
    "no algorithm": ({"typ": "dc+sd-jwt"}, "alg is not ES256K"),
    "no type": ({"alg": "ES256K"}, "typ is not"),
    "JWT": ({"alg": "ES256K", "typ": "JWT"}, "typ is not"),
    "the holder's": ({"alg": "ES256K", "typ": "kb+jwt"}, "typ is not"),
    "the W3C's": ({"alg": "ES256K", "typ": "vc+sd-jwt"}, "typ is not"),
    "capitals": ({"alg": "ES256K", "typ": "DC+SD-JWT"}, "typ is not"),
    "a media type": ({"alg": "ES256K", "typ": "application/dc+sd-jwt"}, "typ is not"),
    "crit": (
        {"alg": "ES256K", "typ": "dc+sd-jwt", "crit": ["b64"], "b64": False},
        "not understood",
    ),
    "a key of its own": ({"alg": "ES256K", "typ": "dc+sd-jwt", "jwk": {}}, "not understood"),
}


@pytest.mark.parametrize(("header", "reason"), HEADERS.values(), ids=HEADERS)
def test_verify_refuses_other_headers(header, reason):
    with pytest.raises(CredentialMalformed, match=reason):
        check(sd_jwt({"a": 1}, header=header))


def test_verify_refuses_a_signature_by_another_key():
    with pytest.raises(CredentialSignatureInvalid):
        check(sd_jwt({"a": 1}, key=STRANGER_KEY))


def test_verify_refuses_an_unsigned_credential():
    head, payload, _ = token({"a": 1}, header={"alg": "none", "typ": "dc+sd-jwt"}).split(".")
    for signature in ("", "AA", "." + "A" * 86):
        with pytest.raises(CredentialInvalid):
            check(f"{head}.{payload}.{signature}~")


@pytest.mark.parametrize("bits", ["last", "middle"])
def test_verify_refuses_base64url_in_another_form(bits):
    text = token({"a": 1})
    signature = text.rpartition(".")[2]
    # 64 bytes leave four bits of the last character unused.
    last = chr(ord(signature[-1]) + 1)
    other = text[:-1] + last if bits == "last" else text[:-40] + "=" + text[-39:]
    assert bits == "middle" or unb64(other.rpartition(".")[2]) == unb64(signature)
    with pytest.raises(CredentialMalformed):
        check(other + "~")


def test_verify_refuses_the_mirrored_twin_of_a_signature():
    from crmdapp.chain.accounts import CURVE_ORDER

    head, payload, signature = token({"a": 1}).split(".")
    raw = unb64(signature)
    high = CURVE_ORDER - int.from_bytes(raw[32:], "big")
    twin = b64(raw[:32] + high.to_bytes(32, "big"))
    for key in (ISSUER_PUBLIC, AccountPublicKey(ISSUER.address)):
        verify(f"{head}.{payload}.{signature}~", key, now=NOW)
        with pytest.raises(CredentialSignatureInvalid):
            verify(f"{head}.{payload}.{twin}~", key, now=NOW)


def test_verify_takes_a_p256_issuer_with_es256():
    issued = issue(P256, {"name": Hidden("Ada")})
    assert verify(str(issued), JwkPublicKey(P256.jwk()), now=NOW).claims == {"name": "Ada"}
    with pytest.raises(CredentialMalformed, match="alg is not ES256K"):
        check(str(issued))


# ----------------------------------------------------------------- time


@pytest.mark.parametrize(
    ("claims", "problem"),
    [
        ({"exp": NOW}, CredentialExpired),
        ({"exp": NOW - 1}, CredentialExpired),
        ({"exp": 0}, CredentialExpired),
        ({"nbf": NOW + 61}, CredentialNotYetValid),
        ({"iat": NOW + 61}, CredentialNotYetValid),
    ],
)
def test_verify_refuses_what_is_out_of_time(claims, problem):
    with pytest.raises(problem):
        check(sd_jwt(claims))


@pytest.mark.parametrize(
    "claims", [{"exp": NOW + 1}, {"nbf": NOW + 60}, {"iat": NOW}, {"exp": 2**53 - 1}, {}]
)
def test_verify_accepts_what_is_in_time(claims):
    assert check(sd_jwt(claims)).claims == claims


# ----------------------------------------------------------------- key binding


def shown(**changes):
    return token({**BOUND, **changes}) + "~"


def test_verify_accepts_what_the_holder_signed():
    text = shown()
    assert check(text + key_binding(text), key_binding=DEMANDED).bound


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"nonce": "another"}, "another nonce"),
        ({"nonce": ...}, "another nonce"),
        ({"nonce": None}, "another nonce"),
        ({"aud": "https://other.example"}, "another verifier"),
        ({"aud": [AUDIENCE]}, "another verifier"),
        ({"aud": AUDIENCE + "/"}, "another verifier"),
        ({"aud": ...}, "another verifier"),
        ({"iat": NOW - 301}, "too long ago"),
        ({"iat": NOW + 61}, "in the future"),
        ({"iat": ...}, "no time"),
        ({"iat": str(NOW)}, "no time"),
        ({"iat": True}, "no time"),
        ({"sd_hash": sha("other")}, "another presentation"),
        ({"sd_hash": ...}, "another presentation"),
    ],
    ids=str,
)
def test_verify_refuses_what_the_holder_signed_for_another_occasion(changes, reason):
    text = shown()
    with pytest.raises(KeyBindingInvalid, match=reason):
        check(text + key_binding(text, **changes), key_binding=DEMANDED)


@pytest.mark.parametrize("changes", [{"iat": NOW - 300}, {"iat": NOW + 60}, {"other": 1}])
def test_verify_accepts_what_is_close_enough(changes):
    text = shown()
    check(text + key_binding(text, **changes), key_binding=DEMANDED)


def test_verify_refuses_an_expired_signature_of_the_holder():
    text = shown()
    with pytest.raises(CredentialExpired):
        check(text + key_binding(text, exp=NOW), key_binding=DEMANDED)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"alg": "ES256K", "typ": "JWT"}, "typ is not kb.jwt"),
        ({"alg": "ES256K"}, "typ is not kb.jwt"),
        ({"alg": "ES256K", "typ": "dc+sd-jwt"}, "typ is not kb.jwt"),
        ({"alg": "none", "typ": "kb+jwt"}, "alg is not ES256K"),
        ({"alg": "ES256", "typ": "kb+jwt"}, "alg is not ES256K"),
    ],
    ids=str,
)
def test_verify_refuses_other_headers_of_the_holder(header, reason):
    text = shown()
    with pytest.raises(CredentialMalformed, match=reason):
        check(text + key_binding(text, header=header), key_binding=DEMANDED)


def test_verify_refuses_a_signature_by_somebody_else():
    text = shown()
    for key in (STRANGER_KEY, ISSUER_KEY):
        with pytest.raises(CredentialSignatureInvalid, match="holder"):
            check(text + key_binding(text, key=key), key_binding=DEMANDED)


def test_verify_refuses_a_missing_signature_of_the_holder():
    with pytest.raises(KeyBindingInvalid, match="has not signed"):
        check(shown(), key_binding=DEMANDED)


def test_verify_refuses_a_signature_that_nobody_demanded():
    text = shown()
    with pytest.raises(KeyBindingInvalid, match="nobody demands"):
        check(text + key_binding(text))


@pytest.mark.parametrize("cnf", [..., None, "key", []], ids=str)
def test_verify_refuses_a_credential_without_a_holder(cnf):
    text = token({"iss": "x"} if cnf is ... else {"iss": "x", "cnf": cnf}) + "~"
    with pytest.raises(KeyBindingInvalid, match="no cnf"):
        check(text + key_binding(text), key_binding=DEMANDED)


NO_KEYS = {
    "nothing": {},
    "a name": {"kid": "key-1"},
    "a key and a name": {"jwk": HOLDER_KEY.jwk(), "kid": "key-1"},
    "a private key": {"jwk": {**HOLDER_KEY.jwk(), "d": "AA"}},
    "another curve": {"jwk": {**HOLDER_KEY.jwk(), "crv": "P-256"}},
    "another algorithm": {"jwk": {**HOLDER_KEY.jwk(), "alg": "ES256"}},
    "a short coordinate": {"jwk": {**HOLDER_KEY.jwk(), "x": "AAAA"}},
    "padding": {"jwk": {**HOLDER_KEY.jwk(), "x": HOLDER_KEY.jwk()["x"] + "="}},
    "a shared secret": {"jwk": {"kty": "oct", "k": "AAAA"}},
    "RSA": {"jwk": {"kty": "RSA", "n": "AAAA", "e": "AQAB"}},
    "no coordinates": {"jwk": {"kty": "EC", "crv": "secp256k1"}},
    "a list": {"jwk": []},
}


@pytest.mark.parametrize("cnf", NO_KEYS.values(), ids=NO_KEYS)
def test_verify_refuses_keys_that_are_none(cnf):
    text = shown(cnf=cnf)
    with pytest.raises((KeyBindingInvalid, CredentialMalformed)):
        check(text + key_binding(text), key_binding=DEMANDED)


def test_the_holder_binds_the_claims_that_are_shown():
    issued = issue(ISSUER_KEY, {**BOUND, "a": Hidden(1), "b": Hidden(2)})
    bound = bind(present(issued, ["/a"]), HOLDER_KEY, audience=AUDIENCE, nonce=NONCE, now=NOW)
    more = str(bound).replace("~", f"~{issued.places()['/b'].text}~", 1)
    less = str(present(issued)) + bound.key_binding
    for text in (more, less):
        with pytest.raises(KeyBindingInvalid, match="another presentation"):
            check(text, key_binding=DEMANDED)


@pytest.mark.parametrize(("audience", "nonce"), [("", "n"), ("a", "")])
def test_a_verifier_names_itself_and_a_nonce(audience, nonce):
    with pytest.raises(UsageError, match="fresh nonce"):
        KeyBinding(audience, nonce)
