"""Identifiers of accounts, and the names of pairwise identities."""

import pytest
from coincurve import PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import LocalSigner
from crmdapp.chain.addresses import checksum
from crmdapp.customers.credentials.dids import CHAIN_ID_MAX, ETHR, PKH, Did
from crmdapp.customers.credentials.pairwise import controller_of, identity_did
from crmdapp.errors import UsageError

ADDRESS = checksum("0xb9c5714089478a327f09197987f16f9e5d936e8a")

addresses = st.binary(min_size=20, max_size=20).map(lambda raw: checksum("0x" + raw.hex()))
chains = st.integers(1, CHAIN_ID_MAX)


@given(addresses, chains)
def test_parse_reads_what_is_written(address, chain_id):
    for did in (Did.ethr(address, chain_id), Did.pkh(address, chain_id)):
        assert Did.parse(str(did)) == did


@pytest.mark.parametrize(
    ("text", "method", "chain_id"),
    [
        ("did:ethr:0xb9c5714089478a327f09197987f16f9e5d936e8a", ETHR, 1),
        ("did:ethr:mainnet:0xb9c5714089478a327f09197987f16f9e5d936e8a", ETHR, 1),
        ("did:ethr:sepolia:0xb9c5714089478a327f09197987f16f9e5d936e8a", ETHR, 11155111),
        ("did:ethr:0x7a69:0xb9c5714089478a327f09197987f16f9e5d936e8a", ETHR, 31337),
        (f"did:pkh:eip155:1:{ADDRESS}", PKH, 1),
    ],
)
def test_parse_knows_the_forms_of_the_methods(text, method, chain_id):
    assert Did.parse(text) == Did(method, chain_id, ADDRESS)


def test_parse_takes_a_public_key_for_an_identity():
    key = PrivateKey(b"\x07" * 32)
    public = key.public_key.format()
    did = Did.parse(f"did:ethr:0x1:0x{public.hex()}")
    assert did.address == LocalSigner(b"\x07" * 32).address
    assert did.public_key == public
    assert Did.parse(str(did)) == did


@pytest.mark.parametrize(
    "text",
    [
        "",
        "did:ethr:",
        "did:ethr:0x00",
        "did:web:example.com",
        f"did:ethr:atlantis:{ADDRESS}",
        f"did:ethr:0x0:{ADDRESS}",
        f"did:ethr:0x1ffffffffffffffff:{ADDRESS}",
        f"did:ethr:{ADDRESS}#controller",
        f"did:ethr:{ADDRESS}?versionId=1",
        f"did:ethr:{ADDRESS}\n",
        f"DID:ETHR:{ADDRESS}",
        f"did:pkh:eip155:0:{ADDRESS}",
        f"did:pkh:eip155:01:{ADDRESS}",
        f"did:pkh:{ADDRESS}",
        f"did:pkh:solana:1:{ADDRESS}",
        "did:ethr:0x1:0xB9c5714089478a327f09197987f16f9e5d936e8a",  # wrong checksum
        "did:ethr:0x1:0x02" + "ff" * 32,  # no point of the curve
        f"did:ethr:\u0663:{ADDRESS}",
    ],
)
def test_parse_refuses_everything_else(text):
    with pytest.raises(UsageError):
        Did.parse(text)


def test_account_id_is_that_of_caip_10():
    assert Did.ethr(ADDRESS, 31337).account_id == f"eip155:31337:{ADDRESS}"


# ----------------------------------------------------------------- pairwise


def test_an_identity_is_a_did_whose_key_may_change():
    did = identity_did(ADDRESS, 31337)
    assert did == f"did:ethr:0x7a69:{ADDRESS}"
    assert controller_of(did) == f"{did}#controller"
