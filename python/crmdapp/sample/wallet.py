"""The sample's customer as a person with rights: what the shop asked, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdapp.chain._files import replace
from crmdapp.chain._keccak import keccak
from crmdapp.customers.answers import agree
from crmdapp.customers.consent_book import ConsentBook
from crmdapp.customers.consent_intents import sign_withdrawal
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.requests import (
    Company,
    ConsentRequest,
    Handling,
    SignedRequest,
    ask,
    read_request,
)
from crmdapp.customers.terms import new_terms
from crmdapp.sample.customers import NOTICE, folder_of
from crmdapp.sample.stage import DAY
from crmdapp.store.sealing import public_key

if TYPE_CHECKING:
    from crmdapp.sample.stage import Stage

COMPANY = Company(
    name="Kettle & Crumb",
    address="Market Square 3, Vienna",
    country="AT",
    contact="Data protection officer",
    email="privacy@kettle.example",
    phone="+43 1 000000",
    url="https://kettle.example",
)
KEPT = ("News about coffee", "DirectMarketing", "EmailAddress")
"""What the customer agreed to and still agrees to: service, purpose, category."""

ENDED = ("Birthday greetings", "DirectMarketing", "BirthDate")
"""What the customer agreed to and then took back."""

_YEAR = 365 * DAY


def answer(stage: Stage) -> None:
    """Let the shop ask the customer twice; the customer agrees to both, and ends one again."""
    client, signer = stage.client(ConsentClient, "shop"), stage.signer("customer")
    asked = [_request(stage, client, *wanted) for wanted in (KEPT, ENDED)]
    with ConsentBook(folder_of(stage) / "consents.sqlite3", stage.signer("shop").address) as book:
        for signed in asked:
            book.add(signed.request.terms, stage.now, signed)
    for number, signed in enumerate(asked):
        client.grant_by_sig(agree(signer, signed, stage.now), key=f"sample/customer/{number}")
    terms = asked[1].request.terms
    until = stage.now + _YEAR
    ended = sign_withdrawal(signer, client.domain, terms.subject, terms.consent_id, deadline=until)
    client.withdraw_by_sig(ended, key="sample/customer/withdrawal")


def _request(
    stage: Stage, client: ConsentClient, service: str, purpose: str, category: str
) -> SignedRequest:
    """Return a request of the shop's, written down before it is answered: its salts are random."""
    folder = stage.folder / "consents"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"customer-{category}.json"
    if path.exists():
        return read_request(path.read_bytes())
    now = stage.now
    terms = new_terms(
        data_controller=stage.signer("shop").address,
        subject=stage.signer("customer").address,
        purposes=(purpose,),
        categories=(category,),
        valid_from=now,
        valid_until=stage.ends_at + _YEAR,
        notice_hash=keccak(NOTICE),
        jurisdiction="AT",
    )
    handling = Handling(
        service=service,
        notice_url="https://kettle.example/privacy",
        language="en",
        storage=("AT",),
        retention="P1Y",
        withdrawal="https://kettle.example/consent",
    )
    reading = public_key(stage.secret("reading", "shop"))
    request = ConsentRequest(
        terms, client.domain, COMPANY, handling, (), reading, now, now + 30 * DAY
    )
    signed = ask(stage.signer("shop"), request)
    replace(path, signed.document.text.encode())
    return signed
