"""Loyalty's routes, tried with what is another merchant's."""

from crmdapp.loyalty import LoyaltyClient, VoucherClient
from crmdapp.loyalty.intents import sign_redeem
from crmdapp.loyalty.packing import pack_records
from tests.web.isolation.common import Creates, Foreign, Own, Public

NOBODYS = 999_998
FAR = 2**39
WORD = "0x" + "17" * 32
BASE = "/v1/loyalty/programs/{program}"
NETWORK = "/v1/loyalty/network"


def prepare(scene):
    town = scene.town
    scene.program = town.open_program("merchant", name="Isolated Bean")
    client = town.client(LoyaltyClient, "merchant")
    customer = scene.customer = town.address("customer")
    client.award(scene.program, customer, 5_000)
    signed = sign_redeem(
        town.signer("customer"),
        client.domain,
        program=scene.program,
        points=100,
        order_id=1,
        deadline=FAR,
    )
    client.submit(signed, refundable=True)
    scene.next_order = signed_order(scene, client, 2).to_json()
    scene.guild = town.client(VoucherClient, "merchant").create_guild().id


def signed_order(scene, client, number):
    return sign_redeem(
        scene.town.signer("customer"),
        client.domain,
        program=scene.program,
        points=100,
        order_id=number,
        deadline=FAR,
    )


def of_program(json=None, *, works=True, **more):
    """A route of a program; what else its path names."""
    return Foreign(
        path=lambda scene: {"program": scene.program, **filled(more, scene)},
        missing=lambda scene: {"program": NOBODYS, **filled(more, scene)},
        json=None if json is None else lambda scene, missing: json(scene),
        works=works,
    )


def filled(more, scene):
    return {name: made(scene) if callable(made) else made for name, made in more.items()}


def _address(scene):
    return scene.town.address("merchant")


def _drop(scene):
    return {"root": WORD, "points": "10", "deadline": FAR}


_COUPON = {"points": "5", "order_id": "9", "deadline": FAR}
_SIGNED = {"signed": {"typedData": {}, "signature": "0x"}}

ROUTES = {
    ("GET", f"{NETWORK}/programs"): Public("programs and prices are on the chain"),
    ("GET", f"{NETWORK}/programs/{{program}}"): Public("a program's rules are on the chain"),
    ("GET", f"{NETWORK}/programs/{{program}}/terms"): Public("terms are published"),
    ("GET", f"{NETWORK}/quotes/exchange"): Public("prices are on the chain"),
    ("GET", "/v1/loyalty/programs"): Own(lambda scene: ["Isolated Bean"]),
    ("POST", "/v1/loyalty/programs"): Creates("a new program"),
    ("GET", BASE): of_program(),
    ("PUT", f"{BASE}/rules"): of_program(lambda scene: {"validity": 3}),
    ("PUT", f"{BASE}/issuers/{{issuer}}"): of_program(
        lambda scene: {"budget": str(2**48 - 1)}, issuer=_address
    ),
    ("PUT", f"{BASE}/prices"): of_program(lambda scene: {"on_ramp": "20", "off_ramp": "10"}),
    ("POST", f"{BASE}/ownership"): of_program(lambda scene: {"to": _address(scene)}),
    ("POST", f"{BASE}/ownership/accept"): of_program(works=False),
    ("POST", f"{BASE}/awards"): of_program(lambda scene: {"to": scene.customer, "points": "1"}),
    ("POST", f"{BASE}/awards/batch"): of_program(
        lambda scene: {"batch_id": WORD, "awards": [{"to": scene.customer, "points": "1"}]}
    ),
    ("GET", f"{BASE}/liability"): of_program(),
    ("GET", f"{BASE}/flows"): of_program(),
    ("GET", f"{BASE}/issuers"): of_program(),
    ("GET", f"{BASE}/customers"): of_program(),
    ("GET", f"{BASE}/customers/{{account}}"): of_program(account=lambda scene: scene.customer),
    ("GET", f"{BASE}/customers/{{account}}/history"): of_program(
        account=lambda scene: scene.customer
    ),
    ("GET", f"{BASE}/history"): of_program(),
    ("GET", f"{BASE}/batches"): of_program(),
    ("GET", f"{BASE}/skips"): of_program(),
    ("POST", f"{BASE}/redemptions"): of_program(lambda scene: {"signed": scene.next_order}),
    ("POST", f"{BASE}/redemptions/batch"): of_program(
        lambda scene: {"signed": [scene.next_order]}, works=False
    ),
    ("GET", f"{BASE}/redemptions"): of_program(),
    ("GET", f"{BASE}/redemptions/{{order_id}}"): of_program(order_id=1),
    ("POST", f"{BASE}/redemptions/{{order_id}}/refund"): of_program(
        lambda scene: {"points": "10"}, order_id=1
    ),
    ("POST", f"{BASE}/reversals"): of_program(
        lambda scene: {
            "batch_id": WORD,
            "records": "0x" + pack_records([(scene.customer, 1)]).hex(),
            "index": 0,
            "points": "1",
        },
        works=False,
    ),
    ("GET", f"{BASE}/campaigns"): of_program(),
    ("GET", f"{BASE}/coupon-key"): of_program(),
    ("PUT", f"{BASE}/coupon-key"): of_program(
        lambda scene: {"key": _address(scene), "budget": "100"}
    ),
    ("POST", f"{BASE}/coupons"): of_program(
        lambda scene: {"to": scene.customer, **_COUPON}, works=False
    ),
    ("POST", f"{BASE}/coupons/claims"): of_program(lambda scene: _SIGNED, works=False),
    ("DELETE", f"{BASE}/coupons/{{order_id}}"): of_program(order_id=77),
    ("GET", f"{BASE}/drops"): of_program(),
    ("POST", f"{BASE}/drops"): of_program(_drop),
    ("POST", f"{BASE}/drops/{{drop}}/claims"): of_program(
        lambda scene: {"index": "0", "to": scene.customer, "points": "1", "proof": []},
        drop=1,
        works=False,
    ),
    ("GET", f"{BASE}/positions"): of_program(),
    ("GET", f"{BASE}/deposit"): of_program(),
    ("POST", f"{BASE}/deposit"): of_program(lambda scene: {"amount": "1"}, works=False),
    ("POST", f"{BASE}/withdrawals"): of_program(lambda scene: {"value": "1"}, works=False),
    ("PUT", f"{BASE}/limits/{{creditor}}"): of_program(
        lambda scene: {"limit": "1"}, creditor=4, works=False
    ),
    ("GET", f"{BASE}/settlements"): of_program(),
    ("POST", f"{BASE}/settlements"): of_program(lambda scene: {"others": ["4"]}, works=False),
    ("POST", f"{BASE}/terms"): of_program(
        lambda scene: {"document": "{}", "prose": "x"}, works=False
    ),
    ("POST", f"{BASE}/terms/acceptances"): of_program(lambda scene: _SIGNED, works=False),
    ("GET", "/v1/loyalty/guilds"): Own(lambda scene: [_address(scene)]),
    ("POST", "/v1/loyalty/guilds"): Creates("a new guild"),
    ("POST", "/v1/loyalty/guilds/{guild}/merchants"): Foreign(
        path=lambda scene: {"guild": scene.guild},
        missing=lambda scene: {"guild": NOBODYS},
        json=lambda scene, missing: {"merchant": scene.customer},
    ),
    ("GET", "/v1/loyalty/cards"): Own(lambda scene: []),
    ("POST", "/v1/loyalty/cards"): Creates("a new card, paid by the caller"),
    ("POST", "/v1/loyalty/cards/payments"): Creates(
        "the card's key signs for one merchant; another's payment is refused before it is sent"
    ),
}
