"""Votes at the peers: OpenZeppelin's Governor and Semaphore."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.typed_data import Domain, TypedData
from scripts.bench.chain import Chain
from scripts.bench.ledgers import customers

ANONYMOUS = Path(__file__).resolve().parent / "peers" / "semaphore_proof.json"
"""A vote of a group of 20: made once, by @semaphore-protocol/proof and the keys of depth 16."""


@dataclass(frozen=True, slots=True)
class Ballot(TypedData):
    """What a voter signs for Governor."""

    TYPE: ClassVar[str] = "Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)"

    proposal_id: int
    support: int
    voter: str
    nonce: int


class Governor:
    """Two proposals of one club, both under way.

    All voters hold a share; the first account of the chain has voted for both proposals, so that
    no later vote pays for the first word of a sum.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._token = chain.deploy("OpenZeppelinVotes")
        self._governor = chain.deploy("OpenZeppelinGovernor", self._token.address)
        self._signer: LocalSigner
        (self._signer,) = customers("voter of the club", 1)
        proposer, voter, *_ = chain.accounts
        self._token.send("award", [proposer, voter, self._signer.address])
        self._proposals = [self._propose(title) for title in ("first", "second")]
        for proposal in self._proposals:
            self._governor.send("castVote", proposal, 1)

    def cast_vote(self) -> int:
        """Vote for a proposal, by an account of the chain; returns the gas."""
        _, voter, *_ = self._chain.accounts
        return self._governor.send("castVote", self._proposals[0], 1, sender=voter)

    def cast_vote_by_signature(self) -> int:
        """Vote for a proposal by a signature, not the voter's first; returns the gas."""
        return [self._relay(proposal, n) for n, proposal in enumerate(self._proposals)][-1]

    def _propose(self, title: str) -> int:
        target, call = self._token.address, b""
        self._governor.send("propose", [target], [0], [call], title)
        self._chain.wait(1)
        self._chain.wait(1)
        description = keccak(title.encode())
        number: int = self._governor.read("hashProposal", [target], [0], [call], description)
        return number

    def _relay(self, proposal: int, nonce: int) -> int:
        domain = Domain("Club", "1", self._chain.chain_id, self._governor.address)
        message = Ballot(proposal, 1, self._signer.address, nonce)
        signature = message.sign(self._signer, domain)
        return self._governor.send("castVoteBySig", proposal, 1, self._signer.address, signature)


@dataclass(frozen=True, slots=True)
class AnonymousVotes:
    """Gas at Semaphore.

    Attributes:
        join: Of each member of a batch of 20, in a group of 20 before.
        vote: Of one proof, whose signal is public.
    """

    join: int
    vote: int


def anonymous_votes(chain: Chain) -> AnonymousVotes:
    """Join a group of Semaphore and vote in it."""
    known: dict[str, Any] = json.loads(ANONYMOUS.read_text(encoding="utf-8"))
    members = [int(each) for each in known["members"]]
    semaphore = chain.deploy("SemaphoreVotes")
    for group in range(2):
        semaphore.send("createGroup()")
        semaphore.send("addMembers", group, members)
    others = [int.from_bytes(keccak(b"member %d" % each)) >> 8 for each in members]
    join = semaphore.send("addMembers", 1, others)
    names = ("merkleTreeDepth", "merkleTreeRoot", "nullifier", "message", "scope")
    values = [int(known["proof"][name]) for name in names]
    proof = (*values, [int(each) for each in known["proof"]["points"]])
    vote = semaphore.send("validateProof", 0, proof)
    return AnonymousVotes(round(join / len(members)), vote)
