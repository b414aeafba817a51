"""Imported customers on chain: registered once, whatever stops the run."""

import pytest
from sqlalchemy import select

from crmdapp.customers.importing import enlisting
from crmdapp.customers.importing.enlisting import Enlisting
from crmdapp.customers.importing.importer import Importer, plan_import
from crmdapp.customers.matching import match_key
from crmdapp.customers.models import CustomerStatus
from crmdapp.customers.registry import RegistryClient
from crmdapp.customers.tags import TagSpace
from crmdapp.store.crm_schema import ProfileIdRow
from scripts.demo.people import customers, write
from tests.customers.importing.conftest import PEPPER
from tests.customers.registry_office import *  # noqa: F403 - fixtures


@pytest.fixture
def enlisted(office, scope, vault, tmp_path):
    """Twenty imported people and what brings them on chain."""
    path = tmp_path / "people.csv"
    write(path, customers(20))
    space = TagSpace(31337, office.manifest.address("CustomerRegistry"), scope)
    Importer(vault.store, vault, PEPPER, space, match_key(vault.keys)).run(plan_import(path))
    return Enlisting(
        vault=vault,
        client=office.client("company"),
        attestor=office.signer("attestor"),
        space=space,
        controller=office.address("company"),
        level=1,
    )


def cids(vault):
    with vault.store.reading() as session:
        return list(session.scalars(select(ProfileIdRow.id).where(ProfileIdRow.is_first)))


def test_run_registers_profiles_and_links_their_further_ids(enlisted, vault, office):
    profiles, links = enlisted.waiting()
    seen = []
    report = enlisted.run(deadline=office.later(), progress=seen.append)
    assert (report.registered, report.linked) == (profiles, links)
    assert (report.known, report.conflicts, enlisted.waiting()) == (0, (), (0, 0))
    assert seen[-1] == profiles + links
    client = office.reader(RegistryClient)
    for cid in cids(vault):
        found = client.customer(cid)
        assert (found.status, found.level) == (CustomerStatus.ACTIVE, 1)
        assert found.controller == office.address("company")


def test_run_goes_on_where_it_was(enlisted, vault, office, monkeypatch):
    monkeypatch.setattr(enlisting, "CHUNK", 6)
    profiles, _ = enlisted.waiting()
    real, calls = Enlisting._settle, []

    def failing(self, *args):
        calls.append(1)
        if len(calls) == 2:
            raise ConnectionError  # sent, and not noted
        return real(self, *args)

    monkeypatch.setattr(Enlisting, "_settle", failing)
    with pytest.raises(ConnectionError):
        enlisted.run(deadline=office.later())
    report = enlisted.run(deadline=office.later())
    assert report.conflicts == ()
    assert report.registered + report.known == profiles - 6
    assert enlisted.waiting() == (0, 0)


def test_run_tells_ids_that_belong_to_somebody_else(enlisted, vault, office, scope):
    with vault.store.reading() as session:
        query = select(ProfileIdRow.tag, ProfileIdRow.id).where(~ProfileIdRow.is_first)
        tag, taken = session.execute(query.limit(1)).one()
    office.register(scope, tag=tag)
    report = enlisted.run(deadline=office.later())
    assert report.conflicts == (taken,)


def test_run_finds_nothing_the_second_time(enlisted, office):
    enlisted.run(deadline=office.later())
    again = enlisted.run(deadline=office.later())
    assert (again.registered, again.linked, again.transactions) == (0, 0, 0)
