"""Terms, requests and keys that the tests of consents share."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import checksum
from crmdapp.customers import codes
from crmdapp.customers.requests import Company, ConsentRequest, Handling
from crmdapp.customers.special_categories import special_categories
from crmdapp.customers.terms import (
    EXPLICIT,
    MOMENT_MAX,
    ConsentTerms,
    DataController,
    Permission,
    consent_domain,
    new_terms,
    recipients_hash,
)
from crmdapp.store.sealing import public_key

COMPANY = LocalSigner(b"\x21" * 32)
SUBJECT = LocalSigner(b"\x22" * 32)
RIVAL = LocalSigner(b"\x23" * 32)
REGISTRY = checksum("0x" + "4a" * 20)
DOMAIN = consent_domain(31337, REGISTRY)
NOTICE = b"We read your e-mail address to write to you.\n"
READING_KEY = b"\x31" * 32
FROM = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
UNTIL = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())

WHO = Company(
    name="Bean There",
    address="Main Street 1, Vienna",
    country="AT",
    contact="Data protection officer",
    email="privacy@bean.example",
    phone="+43 1 000000",
    url="https://bean.example",
)
HOW = Handling(
    service="News about coffee",
    notice_url="https://bean.example/privacy",
    language="en",
    storage=("AT", "DE"),
    retention="P1Y",
    withdrawal="https://bean.example/consent",
)


def terms_for(company=COMPANY, subject=SUBJECT, **changes):
    values = {
        "data_controller": company.address,
        "subject": subject.address,
        "purposes": ["DirectMarketing"],
        "categories": ["EmailAddress"],
        "valid_from": FROM,
        "valid_until": UNTIL,
        "notice_hash": keccak(NOTICE),
        "jurisdiction": "AT",
        **changes,
    }
    return new_terms(**values)


def request_for(terms=None, domain=DOMAIN, recipients=(), **changes):
    values = {
        "terms": terms or terms_for(recipients=recipients),
        "domain": domain,
        "company": WHO,
        "handling": HOW,
        "recipients": tuple(recipients),
        "public_key": public_key(READING_KEY),
        "asked_at": FROM + 60,
        "answer_by": FROM + 86_400,
        **changes,
    }
    return ConsentRequest(**values)


def bits(*positions):
    return sum(1 << position for position in positions)


words = st.binary(min_size=32, max_size=32)
salts = words.filter(any)
addresses = (
    st.binary(min_size=20, max_size=20).filter(any).map(lambda raw: checksum("0x" + raw.hex()))
)
purposes = st.integers(1, (1 << len(codes.PURPOSES)) - 1)
categories = st.integers(1, (1 << len(codes.CATEGORIES)) - 1)


@st.composite
def all_terms(draw):
    """Any terms that make a consent."""
    which = draw(categories)
    valid_from = draw(st.integers(0, MOMENT_MAX - 1))
    recipients = draw(st.lists(st.text(min_size=1).filter(str.strip), max_size=3))
    permission = Permission(
        subject=draw(addresses),
        purposes=draw(purposes),
        categories=which,
        recipients_hash=recipients_hash(recipients),
        valid_from=valid_from,
        valid_until=draw(st.integers(valid_from + 1, MOMENT_MAX)),
        notice_hash=draw(salts),
        jurisdiction=draw(st.sampled_from(sorted(codes.JURISDICTIONS))).encode(),
        flags=EXPLICIT if special_categories(which) else draw(st.sampled_from((0, EXPLICIT))),
        reward_id=draw(st.integers(0, 2**256 - 1)),
        salt=draw(salts),
    )
    return ConsentTerms(DataController(draw(addresses), draw(salts)), permission)
