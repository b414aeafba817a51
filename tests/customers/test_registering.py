"""Many registrations: in batches below the gas cap, once, and resumed where they stopped."""

import pytest

from crmdapp.chain import Sender
from crmdapp.chain._keccak import keccak
from crmdapp.chain.transactions import TX_GAS_CAP
from crmdapp.customers.errors import AttestorInvalid
from crmdapp.customers.registering import BATCH_MAX, link_many, register_many
from crmdapp.customers.registry_signing import RegistrationRecord, TagLinkRecord
from crmdapp.errors import NodeUnreachable, UsageError
from tests.customers.registry_office import *  # noqa: F403 - fixtures
from tests.customers.registry_office import ROOT


def people(office, count, level=2):
    return [
        RegistrationRecord(keccak(b"%d" % n), ROOT, office.address("customer"), level)
        for n in range(count)
    ]


@pytest.fixture
def register(office, scope):
    company = office.client("company")

    def register_(records, *, signer="attestor", key="import", **options):
        settings = {"deadline": office.later(), "key": key, **options}
        return register_many(company, office.signer(signer), scope, records, **settings)

    return register_


def test_register_many_in_batches(office, scope, register):
    settled = []
    report = register(people(office, 25), batch=10, progress=settled.append)
    company = office.client("company")
    assert report.done == tuple(company.id_of(scope, r.tag) for r in people(office, 25))
    assert (report.skipped, report.transactions) == ((), 3)
    assert settled == [10, 20, 25]
    assert company.customer(report.done[-1]).level == 2


def test_a_second_run_sends_nothing(office, register):
    first = register(people(office, 5), batch=2)
    nonce = office.connection.nonce(office.address("company"))
    office.node.advance(60)
    assert register(people(office, 5), batch=2) == first
    assert office.connection.nonce(office.address("company")) == nonce


def test_what_is_on_chain_is_skipped(office, register):
    first = register(people(office, 3))
    second = register(people(office, 5), key="again")
    assert second.skipped == first.done
    assert len(second.done) == 2


def test_register_many_goes_on_where_it_stopped(office, register, monkeypatch):
    send, calls = Sender.send, []

    def cut_off(self, call, **options):
        calls.append(call)
        if len(calls) == 2:
            raise NodeUnreachable("gone")
        return send(self, call, **options)

    monkeypatch.setattr(Sender, "send", cut_off)
    with pytest.raises(NodeUnreachable):
        register(people(office, 6), batch=2)
    monkeypatch.setattr(Sender, "send", send)
    before = office.connection.nonce(office.address("company"))
    report = register(people(office, 6), batch=2)
    assert (len(report.done), report.skipped) == (6, ())
    assert office.connection.nonce(office.address("company")) == before + 2


def test_the_largest_batch_stays_below_the_cap(office, register):
    report = register(people(office, BATCH_MAX))
    assert (len(report.done), report.transactions) == (BATCH_MAX, 1)
    assert report.gas_used < TX_GAS_CAP * 0.85


def test_link_many(office, scope, register):
    cids = register(people(office, 3)).done
    records = [TagLinkRecord(keccak(b"new %d" % n), cid) for n, cid in enumerate(cids)]
    company = office.client("company")
    stranger = TagLinkRecord(keccak(b"stranger"), b"\x11" * 31 + b"\0")
    report = link_many(
        company,
        office.signer("examiner"),
        scope,
        [*records, stranger],
        deadline=office.later(),
        key="rotation",
    )
    assert report.done == tuple(company.id_of(scope, record.tag) for record in records)
    assert report.skipped == (company.id_of(scope, stranger.tag),)
    assert [company.resolve(found) for found in report.done] == list(cids)


def test_register_many_refuses_before_it_sends(office, register):
    with pytest.raises(AttestorInvalid):
        register(people(office, 2, level=3), signer="examiner")
    with pytest.raises(UsageError, match="stands twice"):
        register(people(office, 2) * 2)
    with pytest.raises(UsageError, match="batch must be a whole number from 1 to 500"):
        register(people(office, 2), batch=501)
    with pytest.raises(UsageError, match="deadline must be"):
        register(people(office, 2), deadline=1 << 40)
    assert register([]).transactions == 0
