"""Lookups and a whole rotation against the registry on a real chain."""

import pytest

from crmdapp.customers import rotation
from crmdapp.customers.directory import ChainDirectory
from crmdapp.customers.identifiers import Identifier
from crmdapp.customers.models import CustomerStatus
from crmdapp.customers.registering import link_many
from crmdapp.customers.registry_intents import EraseIntent, MergeIntent, TagLink
from crmdapp.customers.registry_signing import sign_registry
from crmdapp.customers.rotation import (
    RotationUnfinished,
    Taggers,
    begin,
    open_taggers,
    retire,
)
from crmdapp.customers.tags import PepperFile, find
from tests.customers.registry_office import *  # noqa: F403 - fixtures

ANN, BEA = Identifier("email", "ann@example.org"), Identifier("email", "bea@example.org")
PHONE = Identifier("phone", "+4930901820")


@pytest.fixture
def scope(office):
    """A scope whose merges can be undone for a day."""
    return office.open_scope().id


@pytest.fixture
def directory(office, scope):
    return ChainDirectory(office.reader(), scope)


@pytest.fixture
def pepper_file(tmp_path):
    path = tmp_path / "pepper.json"
    PepperFile.create(path)
    return path


@pytest.fixture
def tagger(pepper_file):
    return PepperFile.load(pepper_file)


@pytest.fixture
def send(office):
    """Signs an intent by roles and submits it."""

    def send_(intent, *roles):
        company = office.client("company")
        signed = [sign_registry(intent, office.signer(role), company.domain) for role in roles]
        return company.merge(signed) if isinstance(intent, MergeIntent) else company.submit(*signed)

    return send_


@pytest.fixture
def link_all(office, directory, scope):
    """Puts on chain what a plan says."""

    def link_all_(taggers, identifiers, key):
        left = rotation.plan(taggers, identifiers, directory.space, directory)
        attestor, deadline = office.signer("attestor"), office.later()
        company = office.client("company")
        return link_many(company, attestor, scope, left.links, deadline=deadline, key=key)

    return link_all_


def test_id_of_is_the_contracts(office, directory, tagger, scope):
    tag = tagger.tag(ANN)
    assert directory.space.id_of(tag) == office.reader().contract.read("idOf", scope, tag)


def test_find_sees_registration_link_and_erasure(office, directory, tagger, scope, send):
    space, status_of = directory.space, directory.status_of
    assert not find(tagger, ANN, space, status_of).is_known
    anns = office.register(scope, tag=tagger.tag(ANN))
    send(TagLink(tagger.tag(PHONE), anns.cid, 0, office.later()), "attestor")
    assert find(tagger, ANN, space, status_of).id == anns.cid
    assert find(tagger, PHONE, space, status_of).status is CustomerStatus.ACTIVE
    assert set(directory.live_ids()) == {anns.cid, space.id_of(tagger.tag(PHONE))}
    send(EraseIntent(anns.cid, bytes(31) + b"\1", 0, office.later()), "customer")
    for identifier in (ANN, PHONE):
        found = find(tagger, identifier, space, status_of)
        assert (found.generation, found.is_known) == (1, False)
    assert list(directory.live_ids()) == []
    again = office.register(scope, tag=find(tagger, ANN, space, status_of).tag)
    assert find(tagger, ANN, space, status_of).id == again.cid


def test_live_ids_are_those_of_the_scope(office, directory, tagger):
    office.register(office.open_scope().id, tag=tagger.tag(ANN))
    assert list(directory.live_ids()) == []


def test_has_open_merge_ends_with_the_window(office, directory, tagger, scope, send):
    anns = office.register(scope, tag=tagger.tag(ANN))
    beas = office.register(scope, "friend", tag=tagger.tag(BEA))
    assert not directory.has_open_merge(anns.cid)
    nonce = 1
    send(MergeIntent(beas.cid, anns.cid, 0, 0, nonce, office.later()), "attestor")
    assert directory.has_open_merge(anns.cid)
    assert not directory.has_open_merge(beas.cid)
    closes_at = int(office.reader().merge_of(beas.cid).closes_at.timestamp())
    office.node.advance_to(closes_at - 1)
    assert directory.has_open_merge(anns.cid)
    office.node.advance_to(closes_at)
    assert not directory.has_open_merge(anns.cid)


def test_a_rotation_keeps_everybodys_profile(
    office, directory, pepper_file, tagger, scope, send, link_all
):
    space, status_of = directory.space, directory.status_of
    anns = office.register(scope, tag=tagger.tag(ANN))
    send(TagLink(tagger.tag(PHONE), anns.cid, 0, office.later()), "attestor")
    taggers = begin(pepper_file)
    new = taggers.find(BEA, space, status_of)
    beas = office.register(scope, "friend", tag=new.tag)
    everybody = [ANN, PHONE, BEA]
    with pytest.raises(RotationUnfinished) as caught:
        retire(pepper_file, everybody, space, directory)
    assert caught.value.links == 2
    assert len(link_all(taggers, everybody, "rotation of the pepper").done) == 2
    assert retire(pepper_file, everybody, space, directory).is_finished
    alone = open_taggers(pepper_file)
    assert alone == Taggers(taggers.next)
    profiles = {
        identifier: directory.resolve(alone.find(identifier, space, status_of).id)
        for identifier in everybody
    }
    assert profiles == {ANN: anns.cid, PHONE: anns.cid, BEA: beas.cid}
