"""Who gets what of a rewards campaign: adding up disclosures, and the tree of claims.

The sponsor fixes the claims once, so it must be possible to add them up again: everything that
counts is in the log. A disclosure counts if it is anchored, if its consent names the campaign, and
if it served a purpose of the campaign; each counts once. What one person gets is capped, and a
person is one even with two merged profiles: the person's tag is made of the profile that both lead
to, under a key of the company, so nobody else sees who it is.

Source: contracts/customers/IDataRewards.sol; https://github.com/OpenZeppelin/merkle-tree.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from crmdapp.chain._files import create
from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import JsonFields, read_word
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.merkle import MerkleTree, root_of
from crmdapp.customers.errors import RewardOverBudget, RewardUnproven
from crmdapp.customers.leaves import Interaction, InteractionKind
from crmdapp.customers.log_models import AnchoredBatch, batch_of
from crmdapp.customers.matching import MatchKey
from crmdapp.errors import UsageError

__all__ = [
    "AMOUNT_MAX",
    "Accrued",
    "ClaimSheet",
    "ClaimWithProof",
    "Disclosed",
    "RewardCampaign",
    "RewardClaim",
    "RewardKind",
    "accrue",
    "find_claims",
]

AMOUNT_MAX = (1 << 128) - 1
PROOF_MAX = 64
"""Most hashes of a proof that is read."""

_WORD_MAX = (1 << 256) - 1


class RewardKind(IntEnum):
    """What a campaign pays with."""

    NONE = 0
    COIN = 1
    POINTS = 2


@dataclass(frozen=True, slots=True)
class RewardCampaign:
    """What a campaign is and how far it has come.

    Attributes:
        id: Its number, from 1.
        sponsor: The company that pays.
        claims_until: When claims end, exclusive.
        kind: What it pays with.
        asset: Address of the coin as a number, or number of the program of points.
        budget: Base units of the coin, or hundredths of a point, as all amounts here.
        paid: Of these, what was claimed.
        cap: The most that one person gets.
        purposes: Purposes as bits; a disclosure for any of them counts.
        log: The interaction log whose disclosures count, 32 bytes.
        claims_root: Root over the claims; ``None`` until it is published.
        head: The log's head when it was published.
    """

    id: int
    sponsor: str
    claims_until: datetime
    kind: RewardKind
    asset: int
    budget: int
    paid: int
    cap: int
    purposes: int
    log: bytes
    claims_root: bytes | None
    head: bytes

    @property
    def left(self) -> int:
        """What can still be claimed."""
        return self.budget - self.paid


@dataclass(frozen=True, slots=True)
class RewardClaim:
    """One person's reward: a leaf of the campaign's tree.

    Attributes:
        campaign: The campaign.
        index: Place in the tree, from 0.
        person: Random-looking, one for each person and campaign, 32 bytes.
        payee: Who is paid.
        amount: 1 to 2^128 - 1.
    """

    campaign: int
    index: int
    person: bytes
    payee: str
    amount: int

    def __post_init__(self) -> None:
        require_whole("campaign", self.campaign, _WORD_MAX)
        require_whole("index", self.index, _WORD_MAX)
        require_whole("amount", self.amount, AMOUNT_MAX, least=1)
        if len(self.person) != 32:
            raise UsageError("A person's tag has 32 bytes.")
        if require_address(self.payee) == ZERO_ADDRESS:
            raise UsageError("The zero address can be paid nothing.")

    @property
    def values(self) -> tuple[int, int, bytes, str, int]:
        """The fields in the order of the struct, as the contract takes them."""
        return self.campaign, self.index, self.person, self.payee, self.amount

    @property
    def leaf(self) -> bytes:
        """Its leaf: keccak of keccak of the fields, ABI-encoded."""
        body = (
            self.campaign.to_bytes(32, "big")
            + self.index.to_bytes(32, "big")
            + self.person
            + bytes(12)
            + bytes.fromhex(self.payee[2:])
            + self.amount.to_bytes(32, "big")
        )
        return keccak(keccak(body))


@dataclass(frozen=True, slots=True)
class ClaimWithProof:
    """What one person needs to be paid.

    Attributes:
        chain_id: The chain.
        rewards: Address of the DataRewards contract.
        claim: The claim.
        proof: Hashes from its leaf to the root.
    """

    chain_id: int
    rewards: str
    claim: RewardClaim
    proof: tuple[bytes, ...]

    def require_in(self, root: bytes) -> None:
        """Check that the claim belongs to a campaign with that root.

        Raises:
            RewardUnproven: It does not, twin of the contract's refusal.
        """
        if root_of(self.claim.leaf, self.proof) != root:
            raise RewardUnproven(self.claim.campaign, self.claim.index)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data; the amount is a string, since readers of JSON round."""
        return {
            "chainId": self.chain_id,
            "rewards": self.rewards,
            "campaign": self.claim.campaign,
            "index": self.claim.index,
            "person": "0x" + self.claim.person.hex(),
            "payee": self.claim.payee,
            "amount": str(self.claim.amount),
            "proof": ["0x" + item.hex() for item in self.proof],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> ClaimWithProof:
        """Return what :meth:`to_json` gave.

        Raises:
            UsageError: It is no claim; the message names the field.
        """
        fields = JsonFields.parse(data, "reward claim")
        proof = fields.items("proof")
        if len(proof) > PROOF_MAX:
            raise UsageError(f"A proof has at most {PROOF_MAX} hashes, got {len(proof):,}.")
        return cls(
            chain_id=fields.whole("chainId"),
            rewards=fields.address("rewards"),
            claim=RewardClaim(
                campaign=fields.whole("campaign"),
                index=fields.whole("index"),
                person=fields.word("person"),
                payee=fields.address("payee"),
                amount=fields.whole("amount", AMOUNT_MAX),
            ),
            proof=tuple(read_word(str(item), f"proof[{n}]") for n, item in enumerate(proof)),
        )


# --------------------------------------------------------------------------- adding up


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A disclosure of the log, with what the company knows of it.

    Attributes:
        interaction: The log's entry.
        proof: Hashes from its leaf to the root of its batch.
        cid: The customer's profile.
        reward_id: The campaign that the consent's terms name.
        purposes: The purposes of the consent, as bits.
    """

    interaction: Interaction
    proof: tuple[bytes, ...]
    cid: bytes
    reward_id: int
    purposes: int


@dataclass(frozen=True, slots=True)
class Accrued:
    """What disclosures add up to.

    Attributes:
        claims: One for each person, in the order of their tags, which says nothing.
        counted: Disclosures that count.
        left_out: How many do not, by reason.
    """

    claims: tuple[RewardClaim, ...]
    counted: int
    left_out: Mapping[str, int]

    @property
    def total(self) -> int:
        """Sum of all claims."""
        return sum(claim.amount for claim in self.claims)


def accrue(
    campaign: RewardCampaign,
    disclosures: Iterable[Disclosed],
    batches: Sequence[AnchoredBatch],
    *,
    each: int,
    key: MatchKey,
    survivor_of: Callable[[bytes], bytes],
    payee_of: Callable[[bytes], str | None],
) -> Accrued:
    """Add up what the disclosures earn.

    Args:
        campaign: The campaign.
        disclosures: Any disclosures; those that do not count are left out and told.
        batches: The log's batches on chain.
        each: What one disclosure earns, 1 or more.
        key: The company's matching key, which makes the persons' tags.
        survivor_of: Gives the profile that a profile leads to after merges: one per person.
        payee_of: Gives where the person of a surviving profile is paid; ``None`` if unknown.

    Raises:
        RewardOverBudget: It is more than the campaign has.
        UsageError: ``each`` is no amount.
    """
    require_whole("What a disclosure earns", each, AMOUNT_MAX, least=1)
    left_out: Counter[str] = Counter()
    counts: Counter[bytes] = Counter()
    seen: set[int] = set()
    for item in disclosures:
        reason = _reason(campaign, item, batches, seen)
        if reason:
            left_out[reason] += 1
            continue
        seen.add(item.interaction.seq)
        counts[survivor_of(item.cid)] += 1
    claims = _claims(campaign, counts, each, key, payee_of, left_out)
    found = Accrued(claims, sum(counts.values()), dict(left_out))
    if found.total > campaign.budget:
        raise RewardOverBudget(campaign.id, found.total, campaign.budget)
    return found


def _reason(
    campaign: RewardCampaign, item: Disclosed, batches: Sequence[AnchoredBatch], seen: set[int]
) -> str:
    """Return why a disclosure does not count; empty if it does."""
    entry = item.interaction
    if entry.kind != InteractionKind.DISCLOSURE or entry.log != campaign.log:
        return "no disclosure of this log"
    if item.reward_id != campaign.id:
        return "its consent names another campaign or none"
    if not item.purposes & campaign.purposes:
        return "for none of the campaign's purposes"
    batch = batch_of(entry, batches)
    if batch is None or root_of(entry.leaf, item.proof) != batch.batch.leaves_root:
        return "not anchored"
    return "counted before" if entry.seq in seen else ""


def _claims(
    campaign: RewardCampaign,
    counts: Mapping[bytes, int],
    each: int,
    key: MatchKey,
    payee_of: Callable[[bytes], str | None],
    left_out: Counter[str],
) -> tuple[RewardClaim, ...]:
    people: list[tuple[bytes, str, int]] = []
    for cid, count in counts.items():
        payee = payee_of(cid)
        if payee is None:
            left_out["nobody to pay"] += count
        else:
            people.append((key.person(campaign.id, cid), payee, min(each * count, campaign.cap)))
    return tuple(
        RewardClaim(campaign.id, index, person, payee, amount)
        for index, (person, payee, amount) in enumerate(sorted(people))
    )


# --------------------------------------------------------------------------- tree and file


class ClaimSheet:
    """The claims of a campaign and the tree over them.

    Args:
        claims: In the order of their indices; at least one.

    Raises:
        UsageError: There is none, they are of several campaigns, their indices do not count up
            from 0, or a person stands there twice.
    """

    def __init__(self, claims: Sequence[RewardClaim]) -> None:
        if not claims:
            raise UsageError("Nobody has earned anything: there is nothing to publish.")
        if len({claim.campaign for claim in claims}) > 1:
            raise UsageError("The claims are of several campaigns.")
        if [claim.index for claim in claims] != list(range(len(claims))):
            raise UsageError("The claims' indices do not count up from 0.")
        if len({claim.person for claim in claims}) < len(claims):
            raise UsageError("A person has two claims, of which only one could be paid.")
        self.claims = tuple(claims)
        self.tree = MerkleTree([claim.leaf for claim in claims])

    def __len__(self) -> int:
        return len(self.claims)

    @property
    def root(self) -> bytes:
        """The root, 32 bytes."""
        return self.tree.root

    @property
    def campaign(self) -> int:
        """The campaign the claims are of."""
        return self.claims[0].campaign

    @property
    def total(self) -> int:
        """Sum of all claims."""
        return sum(claim.amount for claim in self.claims)

    def proofs(self, chain_id: int, rewards: str) -> Iterator[ClaimWithProof]:
        """Yield what each person needs, in the order of their indices."""
        for claim in self.claims:
            yield ClaimWithProof(chain_id, rewards, claim, self.tree.proof(claim.index))

    def write(self, path: Path, chain_id: int, rewards: str) -> None:
        """Write what each person needs to a new file, one JSON line each.

        Raises:
            UsageError: The file exists, or its folder does not.
            PermissionDenied: It cannot be written.
            DiskFull: The disk is full.
        """
        lines = (
            json.dumps(item.to_json(), separators=(",", ":")) + "\n"
            for item in self.proofs(chain_id, rewards)
        )
        create(path, "".join(lines).encode())

    @classmethod
    def read(cls, path: Path) -> ClaimSheet:
        """Return the claims of a whole file that :meth:`write` wrote.

        Raises:
            UsageError: It cannot be read, or is no such file.
        """
        return cls([item.claim for item in find_claims(path)])


def find_claims(path: Path, payee: str | None = None) -> Iterator[ClaimWithProof]:
    """Yield the claims in a file of JSON lines, those of one payee if it is named.

    Raises:
        UsageError: The file cannot be read, or a line of it is no claim.
    """
    from crmdapp.customers.importing.files import opened

    wanted = None if payee is None else payee.lower()
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                found = ClaimWithProof.from_json(line)
            except UsageError as problem:
                raise UsageError(
                    f"Line {number:,} of {path}: {problem.message}", why=problem.why
                ) from None
            if wanted is None or found.claim.payee.lower() == wanted:
                yield found
