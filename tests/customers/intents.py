"""What customers, attestors and guardians sign, by eth-account's own encoder."""

from dataclasses import dataclass, field, replace
from typing import Any

from eth_abi import encode
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from tests.fixtures.intents import Intent, address_of, compact, high_s

ANY_TIME = 2**40 - 1
ZERO = "0x" + "00" * 20
ROOT = keccak(text="root of a profile")
RECEIPT = keccak(text="receipt of an erasure")

_KINDS = {
    "Registration": "uint24 scope,bytes32 tag,bytes32 root,address controller,uint8 level,"
    "uint40 deadline",
    "RegistrationBatch": "uint24 scope,bytes records,uint40 deadline",
    "TagLink": "bytes32 tag,bytes32 cid,uint16 epoch,uint40 deadline",
    "TagLinkBatch": "uint24 scope,bytes records,uint40 deadline",
    "MergeIntent": "bytes32 from,bytes32 into,uint16 fromEpoch,uint16 intoEpoch,uint256 nonce,"
    "uint40 deadline",
    "UnmergeIntent": "bytes32 from,uint256 nonce,uint40 deadline",
    "RotateIntent": "bytes32 cid,address newController,uint16 epoch,uint40 deadline",
    "RecoveryIntent": "bytes32 cid,address newController,bool byGuardians,uint16 epoch,"
    "uint256 nonce,uint40 deadline",
    "VetoIntent": "bytes32 cid,address newController,uint16 epoch,uint256 nonce,uint40 deadline",
    "GuardiansIntent": "bytes32 cid,bytes32 guardiansHash,uint16 epoch,uint256 nonce,"
    "uint40 deadline",
    "RootIntent": "bytes32 cid,bytes32 root,uint16 epoch,uint256 nonce,uint40 deadline",
    "EraseIntent": "bytes32 cid,bytes32 receiptHash,uint16 epoch,uint40 deadline",
    "OwnerIntent": "address identity,address newOwner,uint256 nonce,uint40 deadline",
    "DelegateIntent": "address identity,bytes32 delegateType,address delegate,uint64 validity,"
    "uint256 nonce,uint40 deadline",
    "AttributeIntent": "address identity,bytes32 name,bytes value,uint64 validity,uint256 nonce,"
    "uint40 deadline",
    "ConsentWithdrawal": "address subject,bytes32 consentId,uint40 deadline",
    "ConsentRenewal": "address subject,bytes32 consentId,uint40 expiry,uint40 deadline",
    "AttestationIntent": "bytes32 uid,uint32 topic,uint8 level,uint40 expiry,uint40 deadline",
    "RevocationIntent": "bytes32 uid,uint40 deadline",
    "DisownIntent": "bytes32 uid,address subject,uint40 deadline",
    "InteractionReceipt": "bytes32 log,bytes32 pseudonym,uint64 customerSeq,bytes32 leaf,"
    "uint40 anchorBy",
    "BadgeGrant": "address identity,uint32 topic,uint64 pseudonym,uint40 deadline",
}

# Structs with structs in them.
_INNER = {
    "ConsentTerms": "DataController dataController,Permission permission",
    "DataController": "address account,bytes32 salt",
    "Permission": "address subject,uint128 purposes,uint256 categories,bytes32 recipientsHash,"
    "uint40 validFrom,uint40 validUntil,bytes32 noticeHash,bytes2 jurisdiction,uint8 flags,"
    "uint256 rewardId,bytes32 salt",
    "AttestationSubject": "address account,bytes32 salt",
}


def intent_of(domain: Any, kind: str, **values: Any) -> Intent:
    """A struct of the registries; the values by their Solidity names, in any order.

    A field called `from` is written `from_`; `deadline` is far off unless it is given.
    """
    given = {name.rstrip("_"): value for name, value in values.items()}
    types = _members(_KINDS[kind])
    if "deadline" in dict(types):
        given.setdefault("deadline", ANY_TIME)
    ordered = tuple(_plain(given.pop(name)) for name, _ in types)
    assert not given, f"{kind} has no {sorted(given)}"
    return Intent(domain, kind, types, ordered)


@dataclass(frozen=True)
class NestedIntent(Intent):
    """A struct to sign with structs in it, of the types named by `inner`."""

    inner: tuple[str, ...] = field(default=(), repr=False)

    def signable(self) -> Any:
        """What eth-account hashes; `header` is the domain separator, `body` hashStruct."""
        types = {self.kind: self.types} | {kind: _members(_INNER[kind]) for kind in self.inner}
        return encode_typed_data(
            {
                "name": self.domain.name,
                "version": self.domain.version,
                "chainId": self.domain.chain_id,
                "verifyingContract": self.domain.contract,
            },
            {
                kind: [{"name": name, "type": type_} for name, type_ in members]
                for kind, members in types.items()
            },
            _message(types, self.kind, self.values),
        )


def consent_terms(company: Any, subject: Any, **changes: Any) -> tuple:
    """Terms as the registry takes them: the data controller and the permission."""
    values = {
        "subject": address_of(subject),
        "purposes": 0b110,
        "categories": 1 << 200 | 0b101,
        "recipientsHash": bytes(32),
        "validFrom": 0,
        "validUntil": ANY_TIME,
        "noticeHash": keccak(text="privacy notice"),
        "jurisdiction": b"AT",
        "flags": 1,
        "rewardId": 0,
        "salt": keccak(text="salt of a permission"),
    }
    salt = changes.pop("companySalt", keccak(text="salt of a data controller"))
    assert changes.keys() <= values.keys()
    return (address_of(company), salt), tuple((values | changes).values())


def grant_of(domain: Any, terms: tuple, deadline: int = ANY_TIME) -> NestedIntent:
    """What a customer signs to agree to terms."""
    types, inner = [("terms", "ConsentTerms"), ("deadline", "uint40")], tuple(_INNER)[:3]
    return NestedIntent(domain, "ConsentGrant", types, (terms, deadline), inner)


def consent_id_of(domain: Any, terms: tuple) -> bytes:
    """The id of a consent: hashStruct of its terms, whatever the domain."""
    kinds = tuple(_INNER)[1:3]
    return bytes(
        NestedIntent(domain, "ConsentTerms", _members(_INNER["ConsentTerms"]), terms, kinds)
        .signable()
        .body
    )


def permission_hash_of(domain: Any, terms: tuple) -> bytes:
    """What a company shows of the permission that it gives up."""
    permission = Intent(domain, "Permission", _members(_INNER["Permission"]), terms[1])
    return bytes(permission.signable().body)


def uid_of(domain: Any, topic: int, subject: tuple, claims_hash: bytes) -> bytes:
    """The uid of a statement: its hashStruct, whatever the domain."""
    types = _members("uint32 topic,AttestationSubject subject,bytes32 claimsHash")
    values = (topic, (address_of(subject[0]), subject[1]), claims_hash)
    statement = NestedIntent(domain, "Statement", types, values, ("AttestationSubject",))
    return bytes(statement.signable().body)


def _members(text: str) -> list[tuple[str, str]]:
    return [(name, kind) for kind, name in (member.split() for member in text.split(","))]


def _message(types: Any, kind: str, values: Any) -> dict[str, Any]:
    return {
        name: _message(types, of, value) if of in types else value
        for (name, of), value in zip(types[kind], values, strict=True)
    }


def _plain(value: Any) -> Any:
    return address_of(value) if hasattr(value, "address") else value


def tag_of(text: str) -> bytes:
    """A tag as random as a real one, which is a keyed hash of an identifier."""
    return keccak(text=f"tag of {text}")


def id_of(registry: Any, chain: Any, scope: int, tag: bytes) -> bytes:
    """What the registry makes of a tag."""
    types = ["bytes32", "uint256", "address", "uint256", "bytes32"]
    parts = [keccak(text="crmdapp.customer"), chain.chain_id, registry.address, scope, tag]
    return keccak(encode(types, parts))[:31] + b"\0"


def pack_registrations(*records: tuple[bytes, bytes, Any, int]) -> bytes:
    """What `registerMany` takes: tag, root, controller and level, 85 bytes each."""
    return b"".join(
        tag + root + bytes.fromhex(address_of(controller)[2:]) + level.to_bytes(1)
        for tag, root, controller, level in records
    )


def pack_links(*records: tuple[bytes, bytes]) -> bytes:
    """What `linkMany` takes: tag and cid, 64 bytes each."""
    return b"".join(tag + bytes(cid) for tag, cid in records)


def approvals_of(intent: Intent, *signers: Any) -> list[tuple[str, bytes]]:
    """The signers' approvals, in the order that the registry asks for."""
    return [(signer.address, intent.sign(signer)) for signer in ascending(*signers)]


def ascending(*accounts: Any) -> list[Any]:
    """The accounts in the order of their addresses as numbers."""
    return sorted(accounts, key=lambda account: int(address_of(account), 16))


def guardians_of(threshold: int, *accounts: Any, salt: bytes = bytes(31) + b"\x07") -> tuple:
    """The preimage of a guardians' hash."""
    return [address_of(account) for account in ascending(*accounts)], threshold, salt


def hash_of_guardians(guardians: tuple) -> bytes:
    """What stands on the chain for them."""
    return keccak(encode(["(address[],uint8,bytes32)"], [guardians]))


def forgeries(intent: Intent, signer: Any, other: Any) -> dict[str, bytes]:
    """Signatures under the intent that are not the signer's, by what is wrong with them."""
    good, at = intent.sign(signer), intent.domain
    places = {
        "another chain": replace(at, chain_id=at.chain_id + 1),
        "another contract": replace(at, contract=other.address),
        "another name": replace(at, name="Registry"),
        "another version": replace(at, version="2"),
    }
    return {
        "another signer": intent.sign(other),
        "high s": high_s(good),
        "the other parity": good[:64] + bytes([55 - good[64]]),
        "the other parity, compact": compact(good[:64] + bytes([55 - good[64]])),
        "half of it": good[:32],
        "nothing but zeros": bytes(65),
    } | {name: replace(intent, domain=place).sign(signer) for name, place in places.items()}
