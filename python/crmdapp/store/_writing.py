"""Sealing values for the store, all or none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from crmdapp.chain.typed_data import Domain
from crmdapp.errors import UsageError
from crmdapp.store import _custody
from crmdapp.store._intake import Parts
from crmdapp.store._rows import datum_of, epoch_closed, last_versions, open_keys, profile_rows
from crmdapp.store.epochs import CATEGORY_MAX
from crmdapp.store.provenance import Datum, FieldValue, Source
from crmdapp.store.schema import DatumRow, ProfileRow, PublicKeyRow
from crmdapp.store.sealing import VALUE_MAX, Place, seal_field

_FIELD = re.compile(r"^[a-z][a-z0-9_.]{0,63}$")


def write_many(parts: Parts, values: Iterable[FieldValue]) -> list[Datum]:
    """Seal values; see :meth:`crmdapp.store.vault.Vault.write_many`."""
    items = [_checked(item) for item in values]
    with parts.store.reading() as session:
        rows = profile_rows(session, (item.profile for item in items))
    custodial = _custody.make_keys(
        parts, ((item.profile, item.category) for item in items if rows[item.profile].custodial)
    )
    now = parts.now()
    with parts.store.writing() as session:
        rows = profile_rows(session, (item.profile for item in items))
        _custody.put_keys(session, rows, custodial)
        ids = [row.id for row in rows.values()]
        keys, versions = open_keys(session, ids, now), last_versions(session, ids)
        made = _seal(items, rows, keys, versions, domain=parts.domain, now=now)
        session.add_all(made)
        session.flush()
        return [datum_of(row, item.profile) for row, item in zip(made, items, strict=True)]


def _seal(
    items: Sequence[FieldValue],
    rows: dict[bytes, ProfileRow],
    keys: dict[tuple[int, int], PublicKeyRow],
    versions: dict[tuple[int, str], int],
    *,
    domain: Domain,
    now: int,
) -> list[DatumRow]:
    made = []
    for item in items:
        owner = rows[item.profile].id
        if (key := keys.get((owner, item.category))) is None:
            raise epoch_closed(item.profile, item.category)
        version = versions[owner, item.field] = versions.get((owner, item.field), 0) + 1
        place = Place(
            domain.chain_id,
            domain.verifying_contract,
            item.profile,
            item.field,
            item.category,
            version,
            key.key_id,
        )
        made.append(
            DatumRow(
                profile_id=owner,
                field=item.field,
                category=item.category,
                version=version,
                key_id=key.key_id,
                sealed=seal_field(key.public_key, _bytes(item), place),
                source=Source(item.source).value,
                reference=item.evidence.reference,
                digest=item.evidence.digest,
                written_at=now,
            )
        )
    return made


def _checked(item: FieldValue) -> FieldValue:
    if not _FIELD.match(item.field):
        raise UsageError(
            "This cannot name a field.",
            hint="Use up to 64 of a-z, 0-9, _ and ., beginning with a letter.",
        )
    if not 0 <= item.category <= CATEGORY_MAX:
        raise UsageError(f"A category is a number from 0 to {CATEGORY_MAX}, got {item.category}.")
    Source.parse(item.source)
    try:
        value = _bytes(item)
    except UnicodeEncodeError:
        # Its own words quote the value.
        raise UsageError(f"A value of {item.field} is no text: half a character in it.") from None
    if len(value) > VALUE_MAX:
        raise UsageError(f"A value of {item.field} has more than {VALUE_MAX:,} bytes.")
    return replace(item, value=value)


def _bytes(item: FieldValue) -> bytes:
    return item.value.encode() if isinstance(item.value, str) else bytes(item.value)
