"""Writes the test vectors of the ballots: ``python -m tests.ballots.make_vectors [FOLDER [JSON]]``.

Deterministic: every secret comes from the seed. Points and scalars are hexadecimal as on the wire.
The JSON replaces members of Places, so that vectors fit contracts deployed anywhere.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from crmdapp.ballots import deal as deals
from crmdapp.ballots.batches import Entry, verify_batch, weights
from crmdapp.ballots.ceremony import (
    complain,
    finalise,
    judge,
    key_message,
    read_key,
    trustee_secret,
)
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.decryption import (
    check_choice_result,
    check_option_result,
    combine,
    partial_decryption,
    read_partial_decryption,
)
from crmdapp.ballots.elgamal import total
from crmdapp.ballots.group import ORDER, encode_point, encode_scalar
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.sharing import lagrange
from crmdapp.ballots.transcripts import (
    ballot_context,
    batch_seed,
    ceremony_context,
    challenge,
    shares_context,
    tag,
    word,
)
from crmdapp.ballots.vector import Vector

VECTORS = Path(__file__).parent / "vectors"


@dataclass(frozen=True)
class Places:
    """What the vectors are bound to."""

    chainId: int = 31337  # noqa: N815 - as in the file
    board: str = "0x" + "b0a2d0" * 6 + "0001"
    box: str = "0x" + "b0c0de" * 6 + "0002"
    tally: str = "0x" + "7a1170" * 6 + "0003"
    election: int = 7
    round: int = 0
    definitionHash: str = hashlib.sha256(b"definition").hexdigest()  # noqa: N815 - as in the file
    threshold: int = 2
    trustees: tuple = tuple(f"0x{number:040x}" for number in range(0xA11CE001, 0xA11CE004))
    voters: tuple = tuple(f"0x{number:040x}" for number in range(0xB0B000, 0xB0B008))

    @property
    def definition_hash(self):
        return bytes.fromhex(self.definitionHash.removeprefix("0x"))


SEED = b"crmdapp ballots test vectors, version 1"

QUESTIONS = (
    ("choice2", Choice(2, 20), [(1,), (0,), (1,), (1,)]),
    ("choice3", Choice(3, 20), [(2,), (0,), (1,), (2,), (2,)]),
    ("choice5", Choice(5, 20), [(4,), (0,), (3,)]),
    ("vector5exactly1", Vector(5, 1, 1), [(3,), (0,), (3,)]),
    ("vector5upto3", Vector(5, 0, 3), [(0, 2, 4), (), (2,)]),
)


def steady(name):
    """Nonces that are the same in every run."""
    count = 0

    def entropy(length):
        nonlocal count
        count += 1
        return hashlib.shake_256(SEED + name.encode() + word(count)).digest(length)

    return Nonces(hashlib.sha256(SEED + name.encode()).digest(), entropy=entropy)


def shown(value):
    """A value as JSON data."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, dict):
        return {str(key): shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [shown(each) for each in value]
    return value


class Ceremony:
    """A finished ceremony of three trustees, two of whom suffice."""

    def __init__(self, places):
        self.places = places
        self.nonces = steady("ceremony")
        self.context = ceremony_context(
            chain_id=places.chainId,
            board=places.board,
            election=places.election,
            round=places.round,
        )
        self.secrets = [self.nonces.draw("e", word(j)) for j in range(1, len(places.trustees) + 1)]
        self.messages = [
            key_message(self.context, j, places.trustees[j - 1], e, self.nonces)
            for j, e in enumerate(self.secrets, start=1)
        ]
        self.keys = [
            read_key(self.context, j, places.trustees[j - 1], message)
            for j, message in enumerate(self.messages, start=1)
        ]
        self.posted = [self._deal(i) for i in range(1, len(places.trustees) + 1)]
        self.deals = [self._read(i, data) for i, data in enumerate(self.posted, start=1)]
        self.joint = finalise(self.deals, places.threshold, len(places.trustees))
        self.shares = [
            trustee_secret(self.deals, j, e, self.joint)
            for j, e in enumerate(self.secrets, start=1)
        ]

    def _deal(self, i):
        places = self.places
        return deals.make_deal(
            self.context, i, places.trustees[i - 1], places.threshold, self.keys, self.nonces
        )

    def _read(self, i, data):
        places = self.places
        return deals.read_deal(
            self.context, i, places.trustees[i - 1], places.threshold, self.keys, data
        )

    def record(self):
        places = self.places
        return {
            "chainId": places.chainId,
            "board": places.board,
            "election": places.election,
            "round": places.round,
            "trustees": places.trustees,
            "threshold": places.threshold,
            "ceremony": self.context,
            "tags": {
                name: tag(name)
                for name in (
                    *("context", "choice", "option", "sum", "ceremony", "trustee-key"),
                    *("deal-pad", "deal-secret", "share", "complaint", "shares", "decryption"),
                )
            },
            "e": [encode_scalar(e) for e in self.secrets],
            "keyMessages": self.messages,
            "deals": self.posted,
            "dealHashes": [deals.deal_hash(data) for data in self.posted],
            "dealCommitments": [
                deals.deal_commitment(self.context, i, data)
                for i, data in enumerate(self.posted, start=1)
            ],
            "K": encode_point(self.joint.K),
            "Y": [encode_point(self.joint.Y[j]) for j in range(1, len(places.trustees) + 1)],
            "x": [encode_scalar(x) for x in self.shares],
            "complaints": {"false": self._false_complaint(), "true": self._true_complaint()},
        }

    def _false_complaint(self):
        complaint = complain(self.deals[0], 2, self.secrets[1], self.nonces)
        verdict = judge(self.deals[0], 2, self.keys[1], complaint)
        return {"dealer": 1, "trustee": 2, "complaint": complaint, "liar": verdict.value}

    def _true_complaint(self):
        wrong = (self.deals[0].encrypted[2] + 1) % ORDER
        data = self.posted[0][:-32] + encode_scalar(wrong)
        deal = self._read(1, data)
        complaint = complain(deal, 3, self.secrets[2], self.nonces)
        verdict = judge(deal, 3, self.keys[2], complaint)
        return {
            "dealer": 1,
            "trustee": 3,
            "deal": data,
            "dealCommitment": deals.deal_commitment(self.context, 1, data),
            "complaint": complaint,
            "liar": verdict.value,
        }


def ballots_record(name, question, number, votes, ceremony):
    """Ballots for one question, their batch, shares and result."""
    nonces, places = steady(name), ceremony.places
    K = ceremony.joint.K
    context = ballot_context(
        chain_id=places.chainId,
        box=places.box,
        election=places.election,
        question=number,
        definition_hash=places.definition_hash,
        K=encode_point(K),
    )
    voters = places.voters[: len(votes)]
    sealed = [
        question.seal(K, context, voter, vote, nonces)
        for voter, vote in zip(voters, votes, strict=True)
    ]
    entries = [Entry(voter, each.body) for voter, each in zip(voters, sealed, strict=True)]
    ballots = verify_batch(question, K, context, entries)
    seed = batch_seed(context, [each.tracker for each in sealed])
    is_vector = isinstance(question, Vector)
    drawn = []
    for at, ballot in enumerate(ballots):
        source = weights(seed, at)
        branches = sum(len(part.exponents) for part in ballot.parts)
        drawn.append([[hex(one) for one in next(source)] for _ in range(branches)])
    accumulators = [
        total(ballot.ciphertexts[at] for ballot in ballots)
        for at in range(len(ballots[0].ciphertexts))
    ]
    return {
        "chainId": places.chainId,
        "box": places.box,
        "tally": places.tally,
        "election": places.election,
        "question": number,
        "definitionHash": places.definition_hash,
        "K": encode_point(K),
        "kind": "Vector" if is_vector else "Choice",
        "options": question.options,
        "min": question.minimum if is_vector else 1,
        "max": question.maximum if is_vector else 1,
        "bits": 0 if is_vector else question.bits,
        "context": context,
        "ballots": [
            {
                "voter": voter,
                "chosen": vote,
                "randomness": [encode_scalar(r) for r in each.opening.randomness],
                "challenges": [[encode_scalar(c) for c in part.proof.c] for part in ballot.parts],
                "body": each.body,
                "tracker": each.tracker,
            }
            for voter, vote, each, ballot in zip(voters, votes, sealed, ballots, strict=True)
        ],
        "seed": seed,
        "weights": drawn,
        "accumulators": [
            accumulator_record(question, number, at, each, votes, ceremony, nonces)
            for at, each in enumerate(accumulators)
        ],
    }


def accumulator_record(question, number, option, accumulator, votes, ceremony, nonces):
    """One accumulator with everybody's share and its counts."""
    places = ceremony.places
    A, B = encode_point(accumulator.alpha), encode_point(accumulator.beta)
    shares = shares_context(
        chain_id=places.chainId,
        tally=places.tally,
        election=places.election,
        question=number,
        group=0,
        option=option,
        A=A,
        B=B,
        ballots=len(votes),
    )
    posted = {
        j: partial_decryption(shares, j, x, accumulator, nonces)
        for j, x in enumerate(ceremony.shares, start=1)
    }
    checked = {
        j: read_partial_decryption(shares, j, ceremony.joint.Y[j], accumulator, data)
        for j, data in posted.items()
    }
    used = sorted(checked)[-places.threshold :]
    M = combine(accumulator, {j: checked[j] for j in used}, places.threshold)
    if isinstance(question, Vector):
        counts = [sum(option in vote for vote in votes)]
        check_option_result(M, counts[0], len(votes))
    else:
        counts = [sum(vote == (each,) for vote in votes) for each in range(question.options)]
        check_choice_result(M, counts, question.bits, len(votes))
    return {
        "group": 0,
        "option": option,
        "count": len(votes),
        "A": A,
        "B": B,
        "shares": shares,
        "partialDecryptions": posted,
        "used": used,
        "lambda": {j: encode_scalar(each) for j, each in lagrange(used).items()},
        "M": encode_point(M) if any(counts[-1:] if len(counts) == 1 else counts[1:]) else None,
        "counts": counts,
    }


def records(places):
    """All vectors by the name of their file."""
    ceremony = Ceremony(places)
    found = {"ceremony": shown(ceremony.record())}
    for number, (name, question, votes) in enumerate(QUESTIONS):
        found[name] = shown(ballots_record(name, question, number, votes, ceremony))
    found["hash"] = shown(
        {
            "name": "choice",
            "parts": word(1) + word(2),
            "scalar": encode_scalar(challenge("choice", word(1), word(2))),
        }
    )
    return found


def main(words):
    """Writes every file."""
    folder = Path(words[0]) if words else VECTORS
    places = Places(**json.loads(words[1])) if len(words) > 1 else Places()
    folder.mkdir(exist_ok=True)
    for name, record in records(places).items():
        (folder / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
