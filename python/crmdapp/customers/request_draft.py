"""A company's draft of a request: what a person writes, without hashes and salts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from typing import Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain.typed_data import Domain
from crmdapp.customers.requests import (
    Company,
    ConsentRequest,
    Handling,
    RequestInvalid,
    require_request,
)
from crmdapp.customers.terms import new_terms
from crmdapp.errors import UsageError

_DAYS = re.compile(r"([1-9][0-9]{0,4})d")
_DAY = 86_400

_MEMBERS = {
    "subject",
    "purposes",
    "categories",
    "jurisdiction",
    "valid_for",
    "company",
    "handling",
}
_OPTIONAL = {"recipients", "explicit", "reward_id"}


def draft_request(
    data: Mapping[str, Any] | str | bytes,
    *,
    data_controller: str,
    domain: Domain,
    notice: bytes,
    public_key: bytes,
    now: int,
    answer_by: int,
) -> ConsentRequest:
    """Return a request from a draft, with fresh salts.

    The draft names ``subject``, ``purposes``, ``categories``, ``jurisdiction``, ``valid_for`` (such
    as ``365d``), ``company`` and ``handling``, and may name ``recipients``, ``explicit`` and
    ``reward_id``.

    Args:
        data: The draft, as JSON text or read.
        data_controller: Address of the company.
        domain: The registry and chain that the consent is for.
        notice: The privacy notice, byte by byte.
        public_key: The company's X25519 reading key, 32 bytes.
        now: Unix seconds; the consent holds from then on.
        answer_by: Last second for an answer, Unix time.

    Raises:
        RequestInvalid: The draft is incomplete.
        CodeUnknown: A purpose, category or country is not in the vocabulary.
        ConsentTermsInvalid: Its terms make no consent.
        UsageError: A member is missing, malformed or unknown.
    """
    fields = JsonFields.parse(data, "draft")
    fields.require_only(_MEMBERS | _OPTIONAL)
    days = _DAYS.fullmatch(fields.text("valid_for"))
    if days is None:
        raise RequestInvalid("The draft's valid_for must be days, such as 365d.")
    who, how = fields.inner("company"), fields.inner("handling")
    who.require_only({item.name for item in dataclass_fields(Company)})
    how.require_only({item.name for item in dataclass_fields(Handling)})
    recipients = tuple(sorted(set(_texts(fields, "recipients", optional=True))))
    terms = new_terms(
        data_controller=data_controller,
        subject=fields.address("subject"),
        purposes=_texts(fields, "purposes"),
        categories=_texts(fields, "categories"),
        valid_from=now,
        valid_until=now + int(days[1]) * _DAY,
        notice_hash=keccak(notice),
        jurisdiction=fields.text("jurisdiction"),
        recipients=recipients,
        explicit=fields.truth("explicit") if fields.has("explicit") else False,
        reward_id=fields.whole("reward_id") if fields.has("reward_id") else 0,
    )
    texts = {
        item.name: how.text(item.name)
        for item in dataclass_fields(Handling)
        if item.name != "storage"
    }
    request = ConsentRequest(
        terms=terms,
        domain=domain,
        company=Company(**{item.name: who.text(item.name) for item in dataclass_fields(Company)}),
        handling=Handling(storage=tuple(_texts(how, "storage")), **texts),
        recipients=recipients,
        public_key=public_key,
        asked_at=now,
        answer_by=answer_by,
    )
    return require_request(request)


def _texts(fields: JsonFields, name: str, *, optional: bool = False) -> list[str]:
    if optional and not fields.has(name):
        return []
    found = fields.items(name)
    if not all(isinstance(item, str) for item in found):
        raise UsageError(f"The draft's {name} must be texts.")
    return found
