"""CIDs as IPFS gives them: the vectors are other programs' answers, each with its program."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.provenance.cid import (
    BLOCK,
    DAG_PB,
    FAN_OUT,
    RAW,
    Cid,
    CidHasher,
    CidMalformed,
    cid_of_digest,
    cid_of_record,
    parse_cid,
)

HELLO = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"

SHA_512 = (
    "bafkrgqhhyivzstcz3hhswshfjgy6ertgmnqeleynhwt4dlfsthi4hn7zgh4uvlsb5xncykzapi3ocd4lzogukir6ksdy6wz"
    "rnz6ohnv4aglcs"
)

# npm's ipfs-unixfs-importer 17.1.1: cidVersion 1, rawLeaves, fixedSize({chunkSize: 262144}),
# balanced({maxChildrenPerNode: 174}), reduceSingleLeafToSelf. For the zeros ipfs-only-hash 4.0.0
# with {cidVersion: 1, rawLeaves: true} answers the same.
ZEROS = {
    0: "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
    1: "bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu",
    BLOCK - 1: "bafkreic6iqyxuiad5dem4bzgyy336yoi6tegdqa4e5vt24gq3btool5cra",
    BLOCK: "bafkreiekhhjkxu4ztk3tyng3er3ijhg56mb44oe3gwbgquhzu4afrg2ksa",
    BLOCK + 1: "bafybeigllfqgfpqydppr6cmv56g7ax4wyhruzswvcefv6j5kj77nzttfki",
    2 * BLOCK: "bafybeig5axbv7uxiwv63kn6qvegw5vbz2tlgv4nhz4crv6g3f3rat7ttsi",
    3 * BLOCK + 7: "bafybeicvv5clybjn4zny6ezt4ht654kdk3ddf44zif3lxvisnpdc2kbaye",
    173 * BLOCK: "bafybeig4dgyoh7j7gquh4avgzrodgqgxksijhnmdsaahsyribrb56mslje",
    FAN_OUT * BLOCK: "bafybeibxsa3ioclowpaq7b6gxl65gzqneopfr3fnhedak6sqr4bjz5lnyq",
    FAN_OUT * BLOCK + 1: "bafybeihqwzd3o6q6v3pmwhzjy22vokhr767burokmqemg63hptx2nqd7ym",
    175 * BLOCK: "bafybeigfps5vzivfspwgm3uwsfyl5s6bn3ysh7uqidgauxgopw4yi66lse",
}
COUNTING = {
    5: "bafkreiaixnpf23vkyecj5xqispjq5ubcwgsntnnurw2bjby7khe4wnjihu",
    BLOCK: "bafkreibruh455iawsviqslif5c7uurdcfdemh22mtnytyzvnzn75kpejxy",
    BLOCK + 1: "bafybeiexg2oqkfnj56l7fcmawswqbijt5shq4b5rg6a546uwpkqqzwjioi",
    3 * BLOCK + 7: "bafybeidxpyx2zp63l6vwztnevwkg62e2qiag37ujerq7xkz5hremsvv3vq",
    FAN_OUT * BLOCK + 1: "bafybeib4y7ghw2rq7bracc4xwtxrbzo7cfvagdpte2tmrkgwl6dyard3cm",
}

# The same program with chunkSize 4 and maxChildrenPerNode 3: every shape of a tree, in few bytes.
SMALL_TREES = {
    4: "bafkreiafj3pmdubbd5re73imxsu5j6kabmheshcdoqvpfrnqvpv7bsmq3a",
    5: "bafybeidoaxjtfzmllhcway5ubogf3onacj5hcjxkps6ltqkicxj5degtta",
    12: "bafybeiescpchc5ia7pu7ztozfeiu6k4yith5dbt3r43xshnyudv7krmtae",
    13: "bafybeigioqx7mhmr5omwrkizhlha6jprh2gzlqmazplk4cj2ezmbx6lhei",
    36: "bafybeiazbw7qde46yxbdyyv4rzu3cbrk2cf7f3h7vtbpbzhooueqfws6ti",
    37: "bafybeidiwnloirt3sptf4j5vz6iif5pod6yee4z23t57sftychzrp2n4ge",
    38: "bafybeie3kxpjjldxhgodwsyk5qt5un72jtjexdyob5se6emi3f3g4g2yja",
    108: "bafybeifkinfsm2fujjoekag7yheqoh2modzg4md4d3wlotmykqz3giqbay",
    109: "bafybeihqjgih5vr3po3xckv2yf67fsl7qf6mgclby5ik7to5zm6knpzbli",
    120: "bafybeiei37sd6nvqmd4tqk6mlqaavklrm7bfahil74q7lwq5g2fcotc2tm",
    324: "bafybeih3g3y354f7lujjnhuertghwsn3a325pcpgsrhpmiyy4cc222hcd4",
    325: "bafybeiea6zonyssmc3ljjmeoytmr5w2lfnbn3zqyhgc7httkybm4mdcgzi",
    1000: "bafybeigyscl3gpnr6flcilmrzpipwlidpnlkljpanmsj4g5f2pvjzltluy",
}

# Kubo's own tests of `ipfs add` (test/cli: add_test.go, cid_profiles_test.go), which cut larger
# blocks: seed, size, block, fan-out.
KUBO = {
    ("chunk-v1-seed", 1 << 20, 1 << 20, 1024): (
        "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta"
    ),
    ("chunk-v1-seed", (1 << 20) + 1, 1 << 20, 1024): (
        "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64"
    ),
    ("v1-seed", 174 << 20, 1 << 20, FAN_OUT): (
        "bafybeigwduxcf2aawppv3isnfeshnimkyplvw3hthxjhr2bdeje4tdaicu"
    ),
    ("v1-seed", 175 << 20, 1 << 20, FAN_OUT): (
        "bafybeidhd7lo2n2v7lta5yamob3xwhbxcczmmtmhquwhjesi35jntf7mpu"
    ),
}


def cid_of(pieces, *settings):
    hasher = CidHasher(*settings)
    for piece in pieces:
        hasher.update(piece)
    return hasher.finish()


def counting(size):
    """Bytes 0 to 250, again and again."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def kubo_stream(seed, size):
    """What Kubo's tests call deterministic random bytes: ChaCha20 keyed by the seed's SHA-256."""
    key = sha256(seed.encode()).digest()
    stream = Cipher(algorithms.ChaCha20(key, bytes(16)), None).encryptor()
    while size:
        step = min(size, 1 << 20)
        yield stream.update(bytes(step))
        size -= step


@pytest.mark.parametrize(("size", "text"), ZEROS.items())
def test_cid_of_zeros_is_that_of_ipfs(size, text):
    assert cid_of([bytes(size)]).text == text


@pytest.mark.parametrize(("size", "text"), COUNTING.items())
def test_cid_of_bytes_is_that_of_ipfs(size, text):
    assert cid_of([counting(size)]).text == text


@pytest.mark.parametrize(("size", "text"), SMALL_TREES.items())
def test_cid_of_a_deep_tree_is_that_of_ipfs(size, text):
    assert cid_of([counting(size)], 4, 3).text == text


@pytest.mark.parametrize(("settings", "text"), KUBO.items())
def test_cid_is_that_of_kubo(settings, text):
    seed, size, block, fan_out = settings
    assert cid_of(kubo_stream(seed, size), block, fan_out).text == text


def test_cid_of_one_block_is_the_sha256_of_the_file():
    assert cid_of([b"hello world"]) == Cid(RAW, sha256(b"hello world").digest())
    assert cid_of([b"hello world"]).text == HELLO  # Kubo's add_test.go


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_cid_does_not_depend_on_how_the_file_is_read(pieces):
    assert cid_of(pieces, 8, 3) == cid_of([b"".join(pieces)], 8, 3)


def test_hasher_keeps_no_more_links_than_the_levels_need():
    hasher = CidHasher(1, 3)
    hasher.update(bytes(3**6))
    kept = [len(links) for links in hasher._levels]
    assert len(kept) <= 6
    assert max(kept) <= 3


@given(st.binary(min_size=32, max_size=32), st.sampled_from([RAW, DAG_PB]))
def test_parse_cid_reads_what_was_written(digest, codec):
    cid = cid_of_digest(digest, codec)
    assert parse_cid(cid.text) == cid
    assert len(cid.text) == 59


def test_cid_of_record_tells_a_leaf_from_a_tree():
    leaf, tree = parse_cid(ZEROS[BLOCK]), parse_cid(ZEROS[BLOCK + 1])
    digests = [sha256(bytes(size)).digest() for size in (BLOCK, BLOCK + 1)]
    assert cid_of_record(digests[0], leaf.digest) == leaf
    assert cid_of_record(digests[1], tree.digest) == tree


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        "hello",
        HELLO[:-1],
        HELLO + "a",
        HELLO.upper(),
        "B" + HELLO[1:].upper(),
        "z" + HELLO[1:],
        HELLO.replace("z", "1"),
        HELLO.replace("z", "ß"),
        HELLO + "\n",
        " " + HELLO,
        SHA_512,
        "bafyreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",  # dag-cbor
    ],
)
def test_parse_cid_refuses_what_is_no_cid_of_a_file(text):
    with pytest.raises(CidMalformed):
        parse_cid(text)


def test_parse_cid_refuses_a_second_spelling():
    spelled = HELLO[:-1] + "f"  # the last two bits of 59 characters are no part of 36 bytes
    with pytest.raises(CidMalformed, match="no CID of a file") as refused:
        parse_cid(spelled)
    assert "bits that mean nothing" in refused.value.why


def test_parse_cid_says_that_version_0_cannot_be_turned_into_1():
    with pytest.raises(CidMalformed, match="version 0") as refused:
        parse_cid("Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD")
    assert "--cid-version=1" in refused.value.hint


@pytest.mark.parametrize("digest", [b"", bytes(31), bytes(33)])
def test_cid_of_digest_refuses_another_length(digest):
    with pytest.raises(CidMalformed, match=f"not {len(digest)}"):
        cid_of_digest(digest, RAW)


def test_cid_of_digest_refuses_another_codec():
    with pytest.raises(CidMalformed, match="0x71"):
        cid_of_digest(bytes(32), 0x71)
