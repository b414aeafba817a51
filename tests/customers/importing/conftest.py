"""A vault to import into, on SQLite and PostgreSQL, and files to import."""

import csv
from dataclasses import dataclass, field

import pytest
from sqlalchemy import func, select

from crmdapp.customers.importing.importer import Importer, plan_import
from crmdapp.customers.importing.records import Rules
from crmdapp.customers.matching import match_key
from crmdapp.customers.tags import PepperTagger, TagSpace
from crmdapp.store.crm_schema import DuplicateRow, ProfileIdRow
from crmdapp.store.schema import Base, ProfileRow
from tests.fixtures.postgres import postgres  # noqa: F401 - a fixture
from tests.store.conftest import (  # noqa: F401 - fixtures
    CHAIN,
    REGISTRY,
    cheap_passwords,
    clock,
    company,
    device,
    domain,
    keys,
    partner,
    store,
    store_url,
    vault,
)

SPACE = TagSpace(CHAIN, "0x" + "5e" * 20, 7)
PEPPER = PepperTagger(b"\x07" * 32)


@dataclass
class Desk:
    """Where customer lists are imported, and what came of it."""

    importer: Importer
    folder: object
    runs: list = field(default_factory=list)

    @property
    def store(self):
        return self.importer.store

    @property
    def vault(self):
        return self.importer.vault

    def write(self, rows, name="list.csv", columns=None):
        """A CSV of dictionaries."""
        path = self.folder / name
        columns = columns or list(dict.fromkeys(key for row in rows for key in row))
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def load(self, path, *, rejects=None, progress=None, **options):
        options.setdefault("rules", Rules("DE"))
        plan = plan_import(path, **options)
        return self.importer.run(plan, rejects=rejects, progress=progress)

    def take(self, *rows, name="list.csv"):
        return self.load(self.write(rows, name))

    def profiles(self):
        """Values of each profile by its cid, oldest first."""
        with self.store.reading() as session:
            cids = list(session.scalars(select(ProfileRow.cid).order_by(ProfileRow.id)))
        return {cid: self.values(cid) for cid in cids}

    def values(self, cid, *, history=False):
        items = self.vault.ciphertexts(cid, history=history)
        pairs = [(item.datum.field, self.vault.open_custodial(item).decode()) for item in items]
        return pairs if history else dict(pairs)

    def queue(self):
        with self.store.reading() as session:
            query = select(DuplicateRow.score, DuplicateRow.reasons, DuplicateRow.state)
            return [tuple(row) for row in session.execute(query.order_by(DuplicateRow.id))]

    def ids(self):
        with self.store.reading() as session:
            return session.scalar(select(func.count()).select_from(ProfileIdRow))

    def everything(self):
        """All rows of the store but how far imports are, to see whether anything changed."""
        with self.store.reading() as session:
            return {
                table.name: sorted(map(repr, session.execute(select(table))))
                for table in Base.metadata.sorted_tables
            }


@pytest.fixture
def desk(store, vault, keys, tmp_path, clock):  # noqa: F811 - the fixtures imported above
    return Desk(Importer(store, vault, PEPPER, SPACE, match_key(keys), clock=clock), tmp_path)


ANN = {
    "given_name": "Ann",
    "family_name": "Schmidt",
    "birth_date": "1980-02-03",
    "email": "ann@example.org",
    "phone": "030 23125 111",
    "street": "Hauptstraße 5",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
}
BOB = {
    "given_name": "Bob",
    "family_name": "Keller",
    "birth_date": "1971-11-30",
    "email": "bob@example.org",
    "phone": "+49 30 23125 222",
    "street": "Gartenweg 9",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "Germany",
}
