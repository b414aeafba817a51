"""Works and items, tried with what is another's: drafts, stock, hand-overs, partners' documents."""

import io

from crmdapp.chain.typed_data import Domain
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_models import Commission, ItemStep
from crmdapp.provenance.item_signing import sign_handover
from crmdapp.provenance.items import ItemsClient
from crmdapp.web.provenance.shelf import Shelf
from tests.provenance.pictures import painting
from tests.web.isolation.common import Creates, Foreign, Own, Public

LINK = "https://id.gs1.org/01/09506000134352/21/ISOLATED"
_CHAIN = "stands on the chain, where everybody sees it"
_SENDS = "the contract lets an account do this with its own alone; the id is public"
_NEW = "makes something new of the caller's"
_WORD = "0x" + "77" * 32


def prepare(scene):
    town, shelf = scene.town, Shelf(scene.server.context.state)
    merchant = town.signer("merchant")
    held = io.BytesIO()
    painting(77).save(held, "PNG")
    api = scene.server.api("merchant")
    files = {"file": ("own.png", held.getvalue(), "image/png")}
    told = {"name": "Isolated", "artist": "M", "account": merchant.address}
    headers = {"Idempotency-Key": "isolated-draft"}
    path = "/v1/provenance/submissions/prepare"
    made = api.post(path, data=told, files=files, headers=headers)
    assert made.status_code == 200, made.text
    api.close()
    scene.gallery_record = made.json()["record_hash"]
    draft = shelf.submission(bytes.fromhex(scene.gallery_record[2:]))
    domain: Domain = scene.server.context.reader(ArtworksClient).domain
    from crmdapp.provenance.artwork_intents import sign_artwork

    shelf.sign(sign_artwork(merchant, domain, draft.artwork))
    ledger = town.client(ItemsClient, "friend")
    step = ItemStep.of(town.now())
    (item,) = town.client(ItemsClient, "merchant").commission([Commission(epc_hash(LINK))], step)
    (given,) = ledger.commission([Commission(epc_hash(LINK))], step)
    scene.items_own = f"0x{item:064x}"
    word = sign_handover(
        town.signer("friend"),
        ledger.domain,
        ledger.steps([given]),
        merchant.address,
        event_time=town.now(),
        deadline=town.now() + 86_400,
    )
    scene.items_waiting = "0x" + word.digest.hex()
    shelf.keep(
        "handover",
        f"0x{given:064x}",
        word.digest,
        signer=word.signer,
        taker=merchant.address,
        deadline=word.handover.deadline,
        signed=word.to_json(),
    )
    shelf.keep_event(merchant.address, b"\x07" * 32, 1, {"type": "ObjectEvent", "epcList": [LINK]})


def _record(**changes):
    return Foreign(
        path=lambda scene: {"record_hash": scene.gallery_record},
        missing=lambda scene: {"record_hash": _WORD},
        **changes,
    )


def _typed(scene, missing):
    del scene, missing  # the same for both: the submission is looked up before it is read
    typed = {"types": {}, "primaryType": "Approval", "domain": {}, "message": {}}
    return {"typedData": typed, "signature": "0x" + "ab" * 65}


_BASE = "/v1/provenance"

ROUTES = {
    ("GET", f"{_BASE}/submissions"): Own(lambda scene: [scene.gallery_record]),
    ("GET", f"{_BASE}/submissions/{{record_hash}}"): _record(),
    ("GET", f"{_BASE}/submissions/{{record_hash}}/file"): _record(),
    ("POST", f"{_BASE}/submissions/{{record_hash}}/approvals/prepare"): _record(),
    ("POST", f"{_BASE}/submissions/{{record_hash}}/approvals"): _record(json=_typed, works=False),
    ("POST", f"{_BASE}/submissions/{{record_hash}}/register"): _record(works=False),
    ("POST", f"{_BASE}/submissions/{{record_hash}}/case"): _record(works=False),
    ("POST", f"{_BASE}/submissions/prepare"): Creates(_NEW),
    ("POST", f"{_BASE}/submissions"): Creates("the artist's signature names whose it is"),
    ("GET", f"{_BASE}/items"): Own(lambda scene: [scene.items_own]),
    ("GET", f"{_BASE}/handovers"): Own(lambda scene: [scene.items_waiting]),
    ("POST", f"{_BASE}/handovers"): Creates("the giver's signature names whose it is"),
    ("POST", f"{_BASE}/handovers/prepare"): Creates(_SENDS),
    ("POST", f"{_BASE}/handovers/{{digest}}/receipt"): Foreign(
        path=lambda scene: {"digest": scene.items_waiting},
        missing=lambda scene: {"digest": _WORD},
        works=False,  # it would be gone from the list of what waits
    ),
    ("GET", f"{_BASE}/epcis/events"): Own(lambda scene: [LINK]),
    ("POST", f"{_BASE}/epcis/capture"): Creates(_SENDS),
    ("GET", f"{_BASE}/bonds"): Public(_CHAIN),
    ("POST", f"{_BASE}/fingerprints"): Public("says of a file what the chain says of it"),
    ("GET", f"{_BASE}/artworks/{{id}}/offers"): Public("shows each caller only its own offers"),
    **{
        ("GET", _BASE + path): Public(_CHAIN)
        for path in (
            "/artworks",
            "/artworks/{id}",
            "/artworks/{id}/history",
            "/artworks/{id}/certificate",
            "/artworks/{id}/verdict",
            "/artworks/{id}/listings",
            "/artworks/{id}/auction",
            "/accounts/{account}/sales",
            "/currencies",
            "/board",
            "/cases",
            "/cases/{case_id}",
            "/items/named",
            "/items/recalls",
            "/items/{id}",
            "/items/{id}/contents",
            "/items/{id}/history",
            "/items/{id}/journey",
            "/items/{id}/origin",
            "/items/{id}/concerned",
            "/items/{id}/windows",
            "/items/{id}/verdict",
        )
    },
    **{
        (method, _BASE + path): Creates(_SENDS)
        for method, path in (
            ("POST", "/artworks/{id}/token"),
            ("POST", "/artworks/{id}/price"),
            ("DELETE", "/artworks/{id}/price"),
            ("POST", "/artworks/{id}/purchase"),
            ("POST", "/artworks/{id}/listings/accept"),
            ("POST", "/artworks/{id}/offers/accept"),
            ("POST", "/artworks/{id}/auction"),
            ("DELETE", "/artworks/{id}/auction"),
            ("POST", "/artworks/{id}/auction/bids"),
            ("POST", "/artworks/{id}/auction/settle"),
            ("POST", "/cases"),
            ("POST", "/cases/{case_id}/defence"),
            ("POST", "/cases/{case_id}/votes"),
            ("POST", "/cases/{case_id}/votes/reveal"),
            ("POST", "/cases/{case_id}/conclusion"),
            ("POST", "/cases/{case_id}/reward"),
            ("POST", "/bonds/withdrawal"),
            ("POST", "/board/changes/prepare"),
            ("POST", "/board/changes"),
            ("POST", "/gallery/currencies"),
            ("POST", "/gallery/currencies/{currency}"),
            ("POST", "/gallery/fees/{currency}/withdrawal"),
            ("POST", "/gallery/points-program"),
            ("POST", "/gallery/base-uri"),
            ("POST", "/gallery/offer"),
            ("POST", "/gallery/acceptance"),
            ("POST", "/items"),
            ("POST", "/items/observations"),
            ("POST", "/items/retirements"),
            ("POST", "/items/transformations"),
            ("POST", "/items/recalls"),
            ("POST", "/items/devices"),
            ("POST", "/items/windows"),
            ("POST", "/items/seals"),
            ("POST", "/items/{id}/pack"),
            ("POST", "/items/{id}/unpack"),
            ("POST", "/items/{id}/errors"),
        )
    },
}
