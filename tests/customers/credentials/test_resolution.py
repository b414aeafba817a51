"""DID documents from the chain, and nodes that leave things out."""

import pytest
from coincurve import PrivateKey

from crmdapp.chain import LocalSigner
from crmdapp.customers.credentials import resolution
from crmdapp.customers.credentials.dids import Did
from crmdapp.customers.credentials.keys import AccountPublicKey, JwkPublicKey
from crmdapp.customers.credentials.resolution import DidResolver
from crmdapp.errors import NodeLied, UsageError
from tests.customers.registry_office import *  # noqa: F403 - fixtures

YEAR = 31_536_000
X25519 = bytes(range(32))
CONTEXTS = [
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/suites/secp256k1recovery-2020/v2",
]


def word(text):
    return text.encode().ljust(32, b"\0")


@pytest.fixture
def dids(office):
    """The registry of identifiers, as a role uses it; returns the block of the change."""
    contract = office.connection.contract("DidRegistry", office.manifest.address("DidRegistry"))

    def send(role, function, *args):
        sender = office.sender(role)
        return sender.wait(sender.send(contract.call(function, *args))).block

    return send


@pytest.fixture
def resolver(office):
    return DidResolver(office.connection, office.manifest.address("DidRegistry"))


@pytest.fixture
def identity(office):
    return office.address("customer")


@pytest.fixture
def did(identity):
    return f"did:ethr:0x7a69:{identity}"


def methods(resolved):
    return {
        method["id"].partition("#")[2]: method for method in resolved.document["verificationMethod"]
    }


# ----------------------------------------------------------------- documents


def test_an_identity_that_was_never_changed_is_its_own_controller(resolver, did, identity):
    resolved = resolver.resolve(did)
    controller = f"{did}#controller"
    assert resolved.document == {
        "@context": CONTEXTS,
        "id": did,
        "verificationMethod": [
            {
                "id": controller,
                "type": "EcdsaSecp256k1RecoveryMethod2020",
                "controller": did,
                "blockchainAccountId": f"eip155:31337:{identity}",
            }
        ],
        "authentication": [controller],
        "assertionMethod": [controller],
    }
    assert resolved.metadata == {}
    assert resolved.accounts == (identity,)


def test_a_public_key_in_the_identifier_counts_while_it_is_the_controllers(office, resolver, dids):
    key = PrivateKey(b"\x07" * 32).public_key.format()
    did = f"did:ethr:0x7a69:0x{key.hex()}"
    found = resolver.resolve(did)
    assert list(methods(found)) == ["controller", "controllerKey"]
    assert len(found.assertion_keys()) == 2
    account = JwkPublicKey(methods(found)["controllerKey"]["publicKeyJwk"]).address
    assert account == LocalSigner(b"\x07" * 32).address


def test_another_owner_takes_the_controllers_place(office, resolver, dids, did, identity):
    block = dids("customer", "changeOwner", identity, office.address("successor"))
    resolved = resolver.resolve(did)
    assert resolved.accounts == (office.address("successor"),)
    assert resolved.metadata["versionId"] == str(block)
    assert resolved.metadata["updated"].endswith("Z")
    assert (
        methods(resolved)["controller"]["blockchainAccountId"]
        == f"eip155:31337:{office.address('successor')}"
    )


def test_delegates_speak_until_their_time_is_over(office, resolver, dids, did, identity):
    friend, relative = office.address("friend"), office.address("relative")
    dids("customer", "addDelegate", identity, word("veriKey"), friend, 100)
    dids("customer", "addDelegate", identity, word("sigAuth"), relative, YEAR)
    dids("customer", "addDelegate", identity, word("other"), friend, YEAR)
    resolved = resolver.resolve(did)
    assert list(methods(resolved)) == ["controller", "delegate-1", "delegate-2"]
    assert resolved.document["authentication"] == [f"{did}#controller", f"{did}#delegate-2"]
    assert resolved.document["assertionMethod"] == [f"{did}#{name}" for name in methods(resolved)]
    assert resolved.accounts == (identity, friend, relative)
    office.node.advance_to(office.now + 200)
    later = resolver.resolve(did)
    assert list(methods(later)) == ["controller", "delegate-2"]  # with the name it had
    assert later.accounts == (identity, relative)


def test_a_revoked_delegate_is_gone_in_the_same_second(office, resolver, dids, did, identity):
    friend = office.address("friend")
    dids("customer", "addDelegate", identity, word("veriKey"), friend, YEAR)
    dids("customer", "revokeDelegate", identity, word("veriKey"), friend)
    assert resolver.resolve(did).accounts == (identity,)
    dids("customer", "addDelegate", identity, word("veriKey"), friend, YEAR)
    assert list(methods(resolver.resolve(did))) == ["controller", "delegate-3"]


def test_attributes_publish_keys_and_services(resolver, dids, did, identity):
    public = PrivateKey(b"\x09" * 32).public_key.format()
    dids("customer", "setAttribute", identity, word("did/pub/X25519/enc/base64"), X25519, YEAR)
    dids("customer", "setAttribute", identity, word("did/pub/Ed25519/veriKey/base64"), X25519, YEAR)
    dids("customer", "setAttribute", identity, word("did/pub/Secp256k1/sigAuth/hex"), public, YEAR)
    dids("customer", "setAttribute", identity, word("did/svc/Hub"), b"https://hub.example", YEAR)
    dids("customer", "setAttribute", identity, word("colour"), b"red", YEAR)
    resolved = resolver.resolve(did)
    found = methods(resolved)
    assert found["delegate-1"] == {
        "id": f"{did}#delegate-1",
        "type": "X25519KeyAgreementKey2019",
        "controller": did,
        "publicKeyBase64": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    }
    assert found["delegate-2"]["type"] == "Ed25519VerificationKey2018"
    assert resolved.document["keyAgreement"] == [f"{did}#delegate-1"]
    assert f"{did}#delegate-1" not in resolved.document["assertionMethod"]
    assert resolved.document["authentication"] == [f"{did}#controller", f"{did}#delegate-3"]
    assert resolved.encryption_keys() == [X25519]
    assert resolved.document["service"] == [
        {"id": f"{did}#service-1", "type": "Hub", "serviceEndpoint": "https://hub.example"}
    ]
    keys = resolved.assertion_keys()
    assert [type(key) for key in keys] == [AccountPublicKey, JwkPublicKey]
    assert keys[1].address == LocalSigner(b"\x09" * 32).address


def test_a_revoked_key_is_gone(resolver, dids, did, identity):
    name = word("did/pub/X25519/enc/base64")
    dids("customer", "setAttribute", identity, name, X25519, YEAR)
    dids("customer", "setAttribute", identity, name, X25519[::-1], YEAR)
    dids("customer", "revokeAttribute", identity, name, X25519)
    assert resolver.resolve(did).encryption_keys() == [X25519[::-1]]


def test_what_is_no_key_harms_nothing(resolver, dids, did, identity):
    for name, value in [
        ("did/pub/Secp256k1/veriKey/hex", b"\xff" * 33),
        ("did/pub/Secp256k1/veriKey/hex", b""),
        ("did/pub/Dilithium/veriKey/hex", b"x"),
        ("did/pub/RSA/veriKey/pem", b"\xff\xfe"),
        ("did/svc/Hub", b"\xff\xfe"),
        ("did/pub/", b"x"),
    ]:
        dids("customer", "setAttribute", identity, word(name), value, YEAR)
    dids("customer", "setAttribute", identity, b"\xff" * 32, b"x", YEAR)
    assert len(resolver.resolve(did).assertion_keys()) == 1


def test_an_identity_that_has_ended_is_deactivated(office, resolver, dids, profile):
    """A bound identity ends with the erasure of its customer."""
    identity = office.address("customer")
    dids("customer", "bind", identity, profile.cid)
    client = office.client("customer")
    client.send(client.prepare.erase(profile.cid, b"\x01" * 32))
    resolved = resolver.resolve(f"did:ethr:0x7a69:{identity}")
    assert resolved.deactivated
    assert resolved.metadata["deactivated"] is True
    assert resolved.document["verificationMethod"] == []
    assert resolved.accounts == ()
    assert resolved.assertion_keys() == []


def test_a_pkh_is_the_account_as_it_is(resolver, dids, identity, office):
    dids("customer", "changeOwner", identity, office.address("successor"))
    did = str(Did.pkh(identity, 31337))
    resolved = resolver.resolve(did)
    assert resolved.document["verificationMethod"] == [
        {
            "id": f"{did}#blockchainAccountId",
            "type": "EcdsaSecp256k1RecoveryMethod2020",
            "controller": did,
            "blockchainAccountId": f"eip155:31337:{identity}",
        }
    ]
    assert resolved.accounts == (identity,)
    assert resolved.to_json()["didDocumentMetadata"] == {}


# ----------------------------------------------------------------- versions


def test_each_version_is_as_it_was(office, resolver, dids, did, identity):
    friend = office.address("friend")
    first = dids("customer", "addDelegate", identity, word("veriKey"), friend, YEAR)
    office.node.mine(3)
    second = dids("customer", "changeOwner", identity, office.address("successor"))
    before = resolver.resolve(did, block=first - 1)
    assert (before.accounts, before.metadata) == (
        (identity,),
        {"nextVersionId": str(first), "nextUpdate": before.metadata["nextUpdate"]},
    )
    between = resolver.resolve(f"{did}?versionId={second - 1}")
    assert between.accounts == (identity, friend)
    assert between.metadata["versionId"] == str(first)
    assert between.metadata["nextVersionId"] == str(second)
    assert resolver.resolve(did).accounts == (office.address("successor"), friend)


@pytest.mark.parametrize("query", ["versionId=x", "versionTime=5", "versionId=-1", "versionId="])
def test_resolve_refuses_versions_that_are_no_block(resolver, did, query):
    with pytest.raises(UsageError, match="versionId"):
        resolver.resolve(f"{did}?{query}")


def test_resolve_refuses_a_block_to_come(office, resolver, did):
    with pytest.raises(UsageError, match="yet"):
        resolver.resolve(did, block=office.connection.block_number() + 1)


def test_resolve_refuses_another_chain(resolver, identity):
    for did in (f"did:ethr:0x1:{identity}", f"did:pkh:eip155:1:{identity}"):
        with pytest.raises(UsageError, match="chain 1"):
            resolver.resolve(did)


# ----------------------------------------------------------------- nodes that lie


@pytest.fixture
def changed(office, dids, identity):
    """Three changes in three blocks, and two in a fourth."""
    friend = office.address("friend")
    blocks = [
        dids("customer", "addDelegate", identity, word("veriKey"), friend, YEAR),
        dids("customer", "setAttribute", identity, word("did/svc/Hub"), b"https://x", YEAR),
        dids("customer", "addDelegate", identity, word("sigAuth"), friend, YEAR),
    ]
    contract = office.connection.contract("DidRegistry", office.manifest.address("DidRegistry"))
    sender = office.sender("customer")
    office.node.automine(False)
    sent = [
        sender.send(contract.call("revokeDelegate", identity, word("veriKey"), friend)),
        sender.send(
            contract.call("setAttribute", identity, word("did/svc/Hub"), b"https://y", YEAR),
            gas=100_000,
        ),
    ]
    office.node.mine()
    office.node.automine(True)
    found = {sender.wait(item).block for item in sent}
    assert len(found) == 1
    return [*blocks, found.pop()]


def omitting(monkeypatch, resolver, *dropped):
    """Make the node leave out events, named by block and position in it."""
    honest = resolver._changes

    def changes(identity, block):
        for number, log in enumerate(honest(identity, block)):
            if (block, number) not in dropped:
                yield log

    monkeypatch.setattr(resolver, "_changes", changes)


def test_an_honest_node_is_believed(resolver, did, changed):
    resolved = resolver.resolve(did)
    assert list(methods(resolved)) == ["controller", "delegate-2"]
    assert len(resolved.document["service"]) == 2


@pytest.mark.parametrize("block", range(4))
def test_a_node_that_leaves_out_a_block_is_caught(resolver, did, changed, monkeypatch, block):
    omitting(monkeypatch, resolver, (changed[block], 0), (changed[block], 1))
    with pytest.raises(NodeLied, match="gives no event"):
        resolver.resolve(did)


def test_a_node_that_leaves_out_the_first_of_two_is_caught(resolver, did, changed, monkeypatch):
    omitting(monkeypatch, resolver, (changed[3], 0))
    with pytest.raises(NodeLied, match="missing or made up"):
        resolver.resolve(did)


def test_a_node_that_leaves_out_a_delegates_end_is_caught(
    office, resolver, dids, did, identity, monkeypatch
):
    """The second of two changes in a block: no link leads to it, but the registry's state does."""
    friend = office.address("friend")
    dids("customer", "addDelegate", identity, word("veriKey"), friend, YEAR)
    contract = office.connection.contract("DidRegistry", office.manifest.address("DidRegistry"))
    sender = office.sender("customer")
    office.node.automine(False)
    first = sender.send(contract.call("setAttribute", identity, word("x"), b"y", YEAR))
    sender.send(contract.call("revokeDelegate", identity, word("veriKey"), friend), gas=100_000)
    office.node.mine()
    office.node.automine(True)
    omitting(monkeypatch, resolver, (sender.wait(first).block, 1))
    with pytest.raises(NodeLied, match="another end for a delegate"):
        resolver.resolve(did)


def test_a_node_that_makes_up_an_owner_is_caught(
    office, resolver, dids, did, identity, monkeypatch
):
    dids("customer", "changeOwner", identity, office.address("successor"))
    honest = resolution._change

    def forged(log):
        from dataclasses import replace

        return replace(honest(log), owner=office.address("outsider"))

    monkeypatch.setattr(resolution, "_change", forged)
    with pytest.raises(NodeLied, match="owner"):
        resolver.resolve(did)
