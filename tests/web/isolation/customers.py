"""The customers' routes, tried with customers, consents and figures of another company."""

from __future__ import annotations

from contextlib import ExitStack

from crmdapp.chain._keccak import keccak
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.registry import RegistryClient
from crmdapp.customers.registry_intents import (
    EraseIntent,
    MergeIntent,
    RecoveryIntent,
    RotateIntent,
    TagLink,
    UnmergeIntent,
)
from crmdapp.customers.registry_signing import sign_registry
from crmdapp.customers.terms import ConsentRenewal
from tests.web.customers_story import (
    EMAIL,
    NOTICE,
    ask_for_data,
    carla_of,
    draft,
    key_of_request,
)
from tests.web.isolation.common import Creates, Foreign, Own

BASE = "/v1/customers"
DAY = 86_400
NOBODY = keccak(b"nobody")[:31] + b"\0"
NO_WORD = "0x" + "77" * 32

_OWN_VAULT = "only the caller's own vault is written; what is in it is signed by its customer"
_OWN_LOG = "the log is the caller's own, whatever its number"
_SIGNED = "the contract checks who signed, and the terms name the caller"


def _post(scene, role, place, body):
    with scene.server.api(role) as api:
        answer = api.post(BASE + place, json=body, headers=key_of_request())
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def prepare(scene):
    town = scene.town
    stack = ExitStack()  # the device is open as long as the tests run
    folder = scene.server.settings.state_dir / "devices"
    folder.mkdir()
    carla = stack.enter_context(carla_of(town, scene.server, folder))
    scene.carla_stack, scene.carla = stack, carla
    scene.cid = "0x" + carla.cid.hex()
    for role in ("merchant", "rival"):
        _post(scene, role, "/vault", None)
        _post(scene, role, "/logs", {"index": 0, "delay": 3_600})
        body = {"customer": town.address("outsider"), "kind": "visit", "payload": {}}
        _post(scene, role, "/logs/0/interactions", body)
    scene.reading_key = _post(scene, "merchant", "/vault", None)["reading_key"]
    asked = _post(
        scene,
        "merchant",
        "/consents/requests",
        {"draft": draft(carla.subject), "notice": NOTICE},
    )
    scene.asked, scene.consent = asked["request"], asked["consent_id"]
    grant = {"grant": carla.agree(scene.asked), "request": scene.asked}
    _post(scene, "merchant", "/consents", grant)
    package = carla.wrap(scene.asked, bytes.fromhex(scene.reading_key[2:]))
    _post(scene, "merchant", "/vault/packages", {"package": package})
    noted = _post(
        scene,
        "merchant",
        "/logs/0/interactions",
        {"customer": carla.subject, "kind": "purchase", "payload": {"order": "secret-4711"}},
    )
    scene.leaf = noted["leaf"]
    _post(scene, "merchant", "/logs/0/anchors", None)
    attestors = [{"address": town.address("merchant"), "level": 3}]
    body = {"attestors": attestors, "recovery_delay": DAY, "quorum": 1}
    scene.customer_scope = _post(scene, "merchant", "/scopes", body)["scope"]
    body = {"quorum": 1, "schema_hash": "0x" + "55" * 32}
    scene.topic = _post(scene, "merchant", "/topics", body)["topic"]
    scene.settle()
    _attest(scene)
    scene.data_reward = _post(
        scene,
        "merchant",
        "/rewards",
        {
            "kind": "points",
            "asset": str(town.open_program("merchant", symbol="DATA")),
            "cap": "500",
            "purposes": ["DirectMarketing"],
            "claims_until": town.now() + DAY,
        },
    )["campaign"]
    scene.batch_root = "0x" + _last_root(scene)
    with scene.server.api("merchant") as api:
        (datum,) = api.get(f"{BASE}/profiles/{scene.cid}/data").json()["data"]
    scene.datum = datum["id"]


def _attest(scene):
    me = scene.town.address("merchant")
    with scene.server.api("merchant") as api:
        place = f"{BASE}/topics/{scene.topic}/attestors/{me}"
        answer = api.put(place, json={"level": 2}, headers=key_of_request())
        assert answer.status_code == 200, answer.text
    scene.statement = "0x" + keccak(b"a statement").hex()
    body = {"topic": scene.topic, "level": 2, "uids": [scene.statement]}
    _post(scene, "merchant", "/attestations", body)


def _last_root(scene):
    from crmdapp.customers.leaves import log_of

    log = log_of(scene.town.address("merchant"), 0)
    return scene.town.client(LogClient).batches(log)[-1].batch.leaves_root.hex()


def _cid(scene, missing):
    return NOBODY if missing else scene.carla.cid


def _signed(scene, intent):
    domain = scene.town.client(RegistryClient).domain
    return sign_registry(intent, scene.town.signer("rival"), domain).to_json()


def _late(scene):
    return scene.town.now() + DAY


def _renewal(scene):
    carla = scene.carla
    client = scene.town.client(ConsentClient)
    own = ConsentRenewal(
        carla.subject, bytes.fromhex(scene.consent[2:]), _late(scene) * 2, _late(scene)
    )
    signature = own.sign(carla.signer, client.domain)
    return {"typedData": own.to_json(client.domain), "signature": "0x" + signature.hex()}


def _of_profile(**options):
    return Foreign(
        path=lambda scene: {"cid": scene.cid},
        missing=lambda scene: {"cid": "0x" + NOBODY.hex()},
        **options,
    )


def _of_consent(**options):
    return Foreign(
        path=lambda scene: {"consent_id": scene.consent},
        missing=lambda scene: {"consent_id": NO_WORD},
        **options,
    )


def _of_reward(**options):
    return Foreign(
        path=lambda scene: {"campaign": scene.data_reward},
        missing=lambda scene: {"campaign": 999_999},
        **options,
    )


def _of_leaf():
    return Foreign(
        path=lambda scene: {"index": 0, "leaf": scene.leaf},
        missing=lambda scene: {"index": 0, "leaf": NO_WORD},
    )


def _of_topic(**options):
    def place(topic):
        return lambda scene: {
            "topic": topic(scene),
            "attestor": scene.town.address("outsider"),
        }

    return Foreign(
        path=place(lambda scene: scene.topic), missing=place(lambda scene: 999_999), **options
    )


def _together(intent):
    """A body with an intent about the merchant's customer, or about nobody."""
    return lambda scene, missing: {"signed": [_signed(scene, intent(scene, missing))]}


ROUTES = {
    # scopes
    ("GET", f"{BASE}/scopes"): Own(lambda scene: [scene.town.address("merchant")]),
    ("POST", f"{BASE}/scopes"): Creates("a new scope is the caller's"),
    ("GET", f"{BASE}/scopes/{{scope}}"): Foreign(
        path=lambda scene: {"scope": scene.customer_scope},
        missing=lambda scene: {"scope": 999_999},
    ),
    ("PUT", f"{BASE}/scopes/{{scope}}/attestors/{{attestor}}"): Foreign(
        path=lambda scene: {
            "scope": scene.customer_scope,
            "attestor": scene.town.address("outsider"),
        },
        missing=lambda scene: {"scope": 999_999, "attestor": scene.town.address("outsider")},
        json=lambda scene, missing: {"level": 1},
    ),
    # profiles
    ("GET", f"{BASE}/profiles"): Own(lambda scene: [scene.cid]),
    ("POST", f"{BASE}/profiles"): Creates("an attestor of the scope signs whom it registers"),
    ("POST", f"{BASE}/profiles/batch"): Creates("the registry asks whether the caller attests"),
    ("GET", f"{BASE}/profiles/{{cid}}"): _of_profile(),
    ("GET", f"{BASE}/profiles/{{cid}}/history"): _of_profile(),
    ("POST", f"{BASE}/profiles/{{cid}}/links"): _of_profile(
        json=lambda scene, missing: {
            "signed": _signed(scene, TagLink(keccak(b"tag"), _cid(scene, missing), 0, _late(scene)))
        },
        works=False,
    ),
    ("POST", f"{BASE}/profiles/{{cid}}/tombstone"): _of_profile(
        json=lambda scene, missing: {
            "signed": _signed(
                scene, EraseIntent(_cid(scene, missing), keccak(b"receipt"), 0, _late(scene))
            )
        },
        works=False,
    ),
    ("POST", f"{BASE}/merges"): Foreign(
        json=_together(
            lambda scene, missing: MergeIntent(
                _cid(scene, missing), keccak(b"b")[:31] + b"\0", 0, 0, 1, _late(scene)
            )
        ),
        works=False,
    ),
    ("POST", f"{BASE}/unmerges"): Foreign(
        json=_together(lambda scene, missing: UnmergeIntent(_cid(scene, missing), 1, _late(scene))),
        works=False,
    ),
    ("POST", f"{BASE}/rotations"): Foreign(
        json=_together(
            lambda scene, missing: RotateIntent(
                _cid(scene, missing), scene.town.address("rival"), 0, _late(scene)
            )
        ),
        works=False,
    ),
    ("POST", f"{BASE}/recoveries"): Foreign(
        json=_together(
            lambda scene, missing: RecoveryIntent(
                _cid(scene, missing), scene.town.address("rival"), False, 0, 1, _late(scene)
            )
        ),
        works=False,
    ),
    ("POST", f"{BASE}/recoveries/{{cid}}/execution"): _of_profile(
        json=lambda scene, missing: {"by_guardians": False}, works=False
    ),
    # consents
    ("POST", f"{BASE}/consents/requests"): Creates("a request is signed by the caller"),
    ("POST", f"{BASE}/consents/denials"): Foreign(
        json=lambda scene, missing: {"request": scene.asked, "denial": "e30.e30.e30"},
        status=422,
        works=False,
    ),
    ("GET", f"{BASE}/consents"): Own(lambda scene: [scene.consent, scene.carla.subject]),
    ("POST", f"{BASE}/consents"): Creates(_SIGNED),
    ("POST", f"{BASE}/consents/batch"): Creates(_SIGNED),
    ("GET", f"{BASE}/consents/status"): Own(lambda scene: ['"active":1']),
    ("GET", f"{BASE}/consents/{{consent_id}}"): _of_consent(),
    ("DELETE", f"{BASE}/consents/{{consent_id}}"): _of_consent(works=False),
    ("GET", f"{BASE}/consents/{{consent_id}}/history"): _of_consent(),
    ("POST", f"{BASE}/consents/{{consent_id}}/check"): _of_consent(
        json=lambda scene, missing: {"purposes": ["DirectMarketing"], "categories": [EMAIL]}
    ),
    ("POST", f"{BASE}/consents/{{consent_id}}/receipt"): _of_consent(),
    ("POST", f"{BASE}/consents/{{consent_id}}/withdrawal"): _of_consent(
        json=lambda scene, missing: {"signed": scene.carla.withdraw(scene.asked)}, works=False
    ),
    ("POST", f"{BASE}/consents/{{consent_id}}/renewal"): _of_consent(
        json=lambda scene, missing: {"signed": _renewal(scene)}, works=False
    ),
    # attestations
    ("GET", f"{BASE}/topics"): Own(lambda scene: [scene.town.address("merchant")]),
    ("POST", f"{BASE}/topics"): Creates("a new topic is the caller's"),
    ("PUT", f"{BASE}/topics/{{topic}}/attestors/{{attestor}}"): _of_topic(
        json=lambda scene, missing: {"level": 1}
    ),
    ("POST", f"{BASE}/topics/{{topic}}/attestors/{{attestor}}/dismissal"): _of_topic(
        json=lambda scene, missing: {"until": scene.town.now() - 1}, works=False
    ),
    ("GET", f"{BASE}/attestations"): Own(lambda scene: [scene.statement]),
    ("POST", f"{BASE}/attestations"): Creates("the word is the caller's own"),
    ("POST", f"{BASE}/attestations/revocations"): Creates("the word is the caller's own"),
    ("POST", f"{BASE}/attestations/relay"): Creates("the attestor's signature says whose it is"),
    ("POST", f"{BASE}/attestations/{{uid}}/check"): Creates(
        "changes nothing; a statement's id is a hash with a random salt"
    ),
    # logs
    ("GET", f"{BASE}/logs"): Own(lambda scene: [scene.town.address("merchant").lower()[2:]]),
    ("POST", f"{BASE}/logs"): Creates(_OWN_LOG),
    ("POST", f"{BASE}/logs/{{index}}/interactions"): Creates(_OWN_LOG),
    ("GET", f"{BASE}/logs/{{index}}/interactions"): Own(
        lambda scene: ["secret-4711", scene.leaf], path=lambda scene: {"index": 0}
    ),
    ("GET", f"{BASE}/logs/{{index}}/interactions/{{leaf}}/receipt"): _of_leaf(),
    ("GET", f"{BASE}/logs/{{index}}/interactions/{{leaf}}/proof"): _of_leaf(),
    ("POST", f"{BASE}/logs/{{index}}/anchors"): Creates(_OWN_LOG),
    ("GET", f"{BASE}/logs/{{index}}/batches"): Own(
        lambda scene: [scene.batch_root], path=lambda scene: {"index": 0}
    ),
    ("GET", f"{BASE}/logs/{{index}}/challenges"): Own(
        lambda scene: [], path=lambda scene: {"index": 0}
    ),
    ("POST", f"{BASE}/logs/{{index}}/answers"): Creates(_OWN_LOG),
    # vault
    ("GET", f"{BASE}/vault"): Own(lambda scene: [scene.reading_key]),
    ("POST", f"{BASE}/vault"): Creates("the vault is the caller's"),
    ("POST", f"{BASE}/vault/profiles"): Creates(_OWN_VAULT),
    ("POST", f"{BASE}/vault/packages"): Creates(_OWN_VAULT),
    ("POST", f"{BASE}/vault/claims"): Creates(_OWN_VAULT),
    ("POST", f"{BASE}/vault/expiries"): Creates(_OWN_VAULT),
    ("GET", f"{BASE}/profiles/{{cid}}/data"): _of_profile(),
    ("POST", f"{BASE}/profiles/{{cid}}/data"): _of_profile(
        json=lambda scene, missing: {
            "data": [{"field": "phone", "category": EMAIL, "value": "1", "source": "online_form"}]
        }
    ),
    ("GET", f"{BASE}/profiles/{{cid}}/disclosures"): _of_profile(),
    ("GET", f"{BASE}/data/{{datum}}"): Foreign(
        path=lambda scene: {"datum": scene.datum}, missing=lambda scene: {"datum": 999_999}
    ),
    ("POST", f"{BASE}/vaults/{{keeper}}/releases"): Foreign(
        path=lambda scene: {"keeper": scene.town.address("merchant")},
        missing=lambda scene: {"keeper": scene.town.address("outsider")},
        json=lambda scene, missing: {
            "request": ask_for_data(scene.town, "merchant", scene.asked, 99)
        },
    ),
    # people
    ("POST", f"{BASE}/segments"): Own(
        lambda scene: [scene.cid],
        json=lambda scene: {"purpose": "DirectMarketing", "where": ["email known"]},
    ),
    ("POST", f"{BASE}/profiles/{{cid}}/export"): _of_profile(),
    ("GET", f"{BASE}/profiles/{{cid}}/report"): _of_profile(),
    ("POST", f"{BASE}/profiles/{{cid}}/erasure"): _of_profile(
        json=lambda scene, missing: {}, works=False
    ),
    # rewards
    ("GET", f"{BASE}/rewards"): Own(lambda scene: [scene.town.address("merchant")]),
    ("POST", f"{BASE}/rewards"): Creates("the registry asks whether the caller owns the program"),
    ("POST", f"{BASE}/rewards/{{campaign}}/funds"): _of_reward(
        json=lambda scene, missing: {"amount": "10"}
    ),
    ("POST", f"{BASE}/rewards/{{campaign}}/claims"): _of_reward(
        json=lambda scene, missing: {"each": "1"}, works=False
    ),
    ("POST", f"{BASE}/rewards/{{campaign}}/payouts"): _of_reward(
        json=lambda scene, missing: {"signed": {}}, works=False
    ),
    ("POST", f"{BASE}/rewards/{{campaign}}/closure"): _of_reward(works=False),
}
