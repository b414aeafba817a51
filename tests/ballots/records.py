"""Whole records of elections that were never on a chain, for tests of the audit.

``story()`` tells a small honest election with all that can happen in one: a round of the ceremony
that fails, a silent trustee, a bad share and the complaint about it, ballots that are relayed, cast
directly and passed over, precincts that are merged, counts in one go and by posted shares. What
happens is a list of drafts that tests change before they are signed, so that nothing but the change
is wrong.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any

from crmdapp.ballots import ceremony as protocol
from crmdapp.ballots import events as twins
from crmdapp.ballots.ballot_intents import BallotIntent
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.deal import deal_commitment, make_deal, read_deal
from crmdapp.ballots.decryption import partial_decryption
from crmdapp.ballots.definition import Definition, read_definition
from crmdapp.ballots.elgamal import ZERO, Ciphertext, total
from crmdapp.ballots.evidence import (
    EVENTS,
    BallotContracts,
    ElectionRecord,
    RecordedEvent,
    RecordedTransaction,
)
from crmdapp.ballots.group import ORDER, encode_point, encode_scalar, multiply_base
from crmdapp.ballots.grouping import group_precincts
from crmdapp.ballots.models import settings_of
from crmdapp.ballots.record import (
    NO_SIGNATURE,
    CastBallot,
    encode_batch,
    next_bulletin,
    roll_chunks,
)
from crmdapp.ballots.registration import RegistrationIntent
from crmdapp.ballots.transcripts import ballot_context, ceremony_context, shares_context, word
from crmdapp.chain import LocalSigner, artifacts
from crmdapp.chain._keccak import keccak
from crmdapp.chain.calls import functions_of
from crmdapp.chain.decode import Event
from crmdapp.chain.signed import compact
from crmdapp.chain.typed_data import Domain
from tests.ballots.make_vectors import steady

CHAIN = 31_337
ELECTION = 7
START = 1_780_000_000
"""When the election is created, seconds since 1970."""

STEP = 1_000
CONTRACTS = BallotContracts(*("0x" + f"{number:02x}" * 20 for number in range(0x11, 0x16)))
KINDS = {kind: contract for contract, kinds in EVENTS.items() for kind in kinds}
OPENS, CLOSES, SHARES_UNTIL = (START + STEP * place for place in (16, 17, 18))

OF_THREE = {"title": "Which colour?", "kind": "choice", "options": ["Red", "Green", "Blue"]}
YES_NO = {"title": "Longer hours?", "kind": "choice", "options": ["No", "Yes"]}
UP_TO_TWO = {
    "title": "Who?",
    "kind": "vector",
    "options": ["Ada", "Bea", "Cid"],
    "min": 0,
    "max": 2,
}


@cache
def signer_of(role):
    """The signer of a role, which is any word."""
    return LocalSigner("0x" + keccak(f"record {role}".encode()).hex())


def address_of(role):
    """The address of a role."""
    return signer_of(role).address


@cache
def function_of(contract, name):
    """A function of a contract, by its name."""
    return functions_of(artifacts.load(contract).abi)[name][0]


@dataclass(frozen=True)
class Draft:
    """A transaction that nobody has signed yet.

    Attributes:
        what: What it is, for tests.
        role: Who will sign it.
        contract: What it calls; through ``via`` if that names another address.
        function: The function.
        args: What it is called with.
        events: What it causes.
        time: Of its block, seconds since 1970.
        prefix: Bytes before the call in the input.
    """

    what: str
    role: str
    contract: str
    function: str
    args: tuple
    events: tuple[Event, ...]
    time: int
    via: str = ""
    prefix: bytes = b""

    def event(self, number: int = 0, **changes: Any) -> "Draft":
        """The same with an event changed."""
        events = list(self.events)
        events[number] = replace(events[number], **changes)
        return replace(self, events=tuple(events))

    def arg(self, number: int, value: Any) -> "Draft":
        """The same, called with another argument."""
        args = list(self.args)
        args[number] = value
        return replace(self, args=tuple(args))


@dataclass(frozen=True)
class Drafted:
    """A record whose transactions nobody has signed yet."""

    drafts: tuple[Draft, ...]
    codes: dict[str, bytes] = field(repr=False)
    definition: bytes | None = field(repr=False)
    time: int = SHARES_UNTIL

    def of(self, what: str) -> int:
        """The place of a draft by what it is."""
        return [draft.what for draft in self.drafts].index(what)

    def put(self, what: str, change: Any) -> "Drafted":
        """The same with a draft changed by a function, or left out for ``None``."""
        drafts, at = list(self.drafts), self.of(what)
        drafts[at : at + 1] = [] if change is None else [change(drafts[at])]
        return replace(self, drafts=tuple(drafts))

    def signed(self, **changes: Any) -> ElectionRecord:
        """The record, everything signed by whom it is of."""
        return ElectionRecord(
            **{
                "chain_id": CHAIN,
                "contracts": CONTRACTS,
                "election": ELECTION,
                "block": 10_000,
                "block_hash": keccak(b"head"),
                "time": self.time,
                "definition": self.definition,
                "transactions": tuple(
                    signed_draft(draft, number) for number, draft in enumerate(self.drafts)
                ),
                "codes": self.codes,
                **changes,
            }
        )


@cache
def _raw(role, to, data, nonce):
    fields = {
        "type": 2,
        "chainId": CHAIN,
        "nonce": nonce,
        "gas": 16_000_000,
        "maxFeePerGas": 2,
        "maxPriorityFeePerGas": 1,
        "to": to,
        "value": 0,
        "data": data,
    }
    return signer_of(role).sign_transaction(fields)


def signed_draft(draft, number):
    """A transaction in a block of its own."""
    data = draft.prefix + function_of(draft.contract, draft.function).encode(draft.args)
    to = draft.via or CONTRACTS.by_name()[draft.contract]
    return RecordedTransaction(
        chain_id=CHAIN,
        block=100 + number,
        block_hash=keccak(b"block" + word(number)),
        time=draft.time,
        raw=_raw(draft.role, to, data, number),
        events=tuple(
            RecordedEvent(KINDS[type(event)], at, event) for at, event in enumerate(draft.events)
        ),
    )


def moment(seconds):
    """Unix seconds, as a definition has them."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def definition_of(questions, precincts, **changes):
    """A definition of an election with four trustees, of whom two decrypt."""
    places = {
        "keys_until": 1,
        "commitments_until": 2,
        "deals_until": 3,
        "complaints_until": 4,
        "registration_until": 5,
        "opens_at": 16,
        "closes_at": 17,
        "shares_until": 18,
    }
    guards = {
        name: [
            {"name": f"{role} {n}", "address": address_of(f"{role} {n}")}
            for n in range(1, count + 1)
        ]
        for name, role, count in (("trustees", "trustee", 4), ("registrars", "registrar", 2))
    }
    document = {
        "format": "crmdapp-election-1",
        "title": "Council of the town library",
        "questions": questions,
        "precincts": [
            {"name": f"Precinct {n}", "voters": max(voters, 3)}
            for n, voters in enumerate(precincts)
        ],
        "minimum_turnout": 3,
        **guards,
        "threshold": 2,
        "registrar_quorum": 2,
        "windows": {name: moment(START + STEP * place) for name, place in places.items()},
        **changes,
    }
    return read_definition(json.dumps(document).encode())


class Teller:
    """Writes down an election as it goes on."""

    def __init__(self, questions, precincts, **changes):
        self.definition: Definition = definition_of(questions, precincts, **changes)
        self.precincts = precincts
        self.drafts: list[Draft] = []
        self.codes: dict[str, bytes] = {}
        self.nonces = steady("record")
        self.trustees = [guard.address for guard in self.definition.trustees]
        self.encodings = [asked.encoding for asked in self.definition.questions]
        self.counts: dict[tuple[int, int], int] = {}
        self.sums: dict[tuple[int, int], list[Ciphertext]] = {}
        self.bulletins: dict[tuple[int, int], bytes] = {}
        self.voted: set[tuple[int, int, int]] = set()

    def tell(self, what, role, call, args, *events, at):
        """Write down a transaction, at a time since the start."""
        contract, function = call.split(".")
        args = args if function == "create" else (ELECTION, *args)
        self.drafts.append(Draft(what, role, contract, function, args, events, START + at))

    def told(self, time=SHARES_UNTIL) -> Drafted:
        """All that was written down."""
        return Drafted(tuple(self.drafts), self.codes, self.definition.canonical, time)

    def keep(self, data):
        """Keep data as code, and return where."""
        place = LocalSigner("0x" + keccak(b"code" + data).hex()).address
        self.codes[place] = b"\0" + data
        return place

    # ----------------------------------------------------------------- beginning

    def create(self):
        settings = settings_of(self.definition)
        event = twins.ElectionCreated(ELECTION, address_of("organiser"), settings)
        self.tell("create", "organiser", "Elections.create", (settings,), event, at=0)

    # ----------------------------------------------------------------- ceremony

    def context(self, number):
        return ceremony_context(
            chain_id=CHAIN, board=CONTRACTS.board, election=ELECTION, round=number
        )

    def register_keys(self, number, indices, at):
        self.secrets = {j: self.nonces.draw("e", word(number) + word(j)) for j in indices}
        for j in indices:
            message = protocol.key_message(
                self.context(number), j, self.trustees[j - 1], self.secrets[j], self.nonces
            )
            key, proof = message[:96], message[96:]
            event = twins.TrusteeKeyRegistered(ELECTION, number, j, key, proof)
            call, args = "TrusteeBoard.registerKey", (j, key, proof)
            self.tell(f"key {number}.{j}", f"trustee {j}", call, args, event, at=at)

    def deal(self, number, i, spoiled=0):
        """A dealer's deal; its share for trustee ``spoiled`` is wrong."""
        keys = [
            multiply_base(self.secrets[j]) if j in self.secrets else None
            for j in range(1, len(self.trustees) + 1)
        ]
        trustee, threshold = self.trustees[i - 1], self.definition.threshold
        data = make_deal(self.context(number), i, trustee, threshold, keys, self.nonces)
        if spoiled:
            at = len(data) - 32 * (len(keys) - spoiled + 1)
            wrong = (int.from_bytes(data[at : at + 32], "big") + 1) % ORDER
            data = data[:at] + encode_scalar(wrong) + data[at + 32 :]
        return data, read_deal(self.context(number), i, trustee, threshold, keys, data)

    def commit(self, number, i, data, at):
        commitment = deal_commitment(self.context(number), i, data)
        event = twins.DealCommitted(ELECTION, number, i, commitment)
        call, args = "TrusteeBoard.commitDeal", (i, commitment)
        self.tell(f"commitment {number}.{i}", f"trustee {i}", call, args, event, at=at)

    def post_deal(self, number, i, data, at):
        event = twins.DealPosted(ELECTION, number, i, data)
        call, args = "TrusteeBoard.postDeal", (i, data)
        self.tell(f"deal {number}.{i}", f"trustee {i}", call, args, event, at=at)

    def complain(self, number, j, i, data, deal, excluded, at):
        complaint = protocol.complain(deal, j, self.secrets[j], self.nonces)
        key = encode_point(multiply_base(self.secrets[j]))
        event = twins.ComplaintJudged(ELECTION, number, j, i, excluded, complaint)
        call, args = "TrusteeBoard.complain", (j, i, key, data, complaint)
        self.tell(f"complaint {j}.{i}", f"trustee {j}", call, args, event, at=at)

    def restart(self, number, until, at):
        event = twins.CeremonyRestarted(ELECTION, number, START + until)
        self.tell("restart", "bystander", "TrusteeBoard.restart", (), event, at=at)

    def finalise(self, number, deals, at):
        self.deals = deals
        n, t = len(self.trustees), self.definition.threshold
        self.joint = protocol.finalise(deals, t, n)
        self.K = encode_point(self.joint.K)
        dealers = sum(1 << (i - 1) for i in self.joint.dealers)
        event = twins.CeremonyFinalised(ELECTION, number, dealers, self.K)
        self.tell("finalise", "bystander", "TrusteeBoard.finalise", (b"",), event, at=at)

    def plain_ceremony(self):
        """Everybody does their part in the first round."""
        self.register_keys(0, range(1, len(self.trustees) + 1), at=500)
        dealt = {i: self.deal(0, i) for i in range(1, len(self.trustees) + 1)}
        for i, (data, _) in dealt.items():
            self.commit(0, i, data, at=1_500)
        for i, (data, _) in dealt.items():
            self.post_deal(0, i, data, at=2_500)
        self.finalise(0, [deal for _, deal in dealt.values()], at=4_500)

    # ----------------------------------------------------------------- roll

    @staticmethod
    def voter(precinct, index):
        return f"voter {precinct}.{index}"

    @cached_property
    def roll(self):
        """Addresses of the voters of each precinct."""
        return [
            [address_of(self.voter(precinct, index)) for index in range(count)]
            for precinct, count in enumerate(self.precincts)
        ]

    def register(self, at, each=4):
        domain = Domain("VoterRoll", "1", CHAIN, CONTRACTS.roll)
        registrars = sorted(
            (signer_of(f"registrar {n}") for n in (1, 2)),
            key=lambda signer: int(signer.address, 16),
        )
        entries = []
        for precinct, voters in enumerate(self.roll):
            for index, voter in enumerate(voters):
                nullifier = keccak(f"nullifier {precinct}.{index}".encode())
                intent = RegistrationIntent(ELECTION, precinct, nullifier, voter, START + 5 * STEP)
                signed = b"".join(compact(intent.sign(by, domain)) for by in registrars)
                event = twins.VoterRegistered(ELECTION, precinct, index, voter, nullifier)
                entries.append((intent.values[1:], signed, event))
        for number, first in enumerate(range(0, len(entries), each)):
            intents, signatures, events = zip(*entries[first : first + each], strict=True)
            call, args = "VoterRoll.register", (intents, signatures)
            self.tell(f"register {number}", "bystander", call, args, *events, at=at)

    def freeze(self, at):
        self.chunks = []
        for precinct, voters in enumerate(self.roll):
            for chunk, data in enumerate(roll_chunks(voters)):
                kept = self.keep(data)
                self.chunks.append((precinct, kept))
                event = twins.RollChunkFrozen(ELECTION, precinct, chunk, kept)
                call, args = "VoterRoll.freeze", (precinct, chunk, data)
                self.tell(f"freeze {precinct}.{chunk}", "bystander", call, args, event, at=at)

    # ----------------------------------------------------------------- ballots

    def ballot_context(self, question):
        return ballot_context(
            chain_id=CHAIN,
            box=CONTRACTS.box,
            election=ELECTION,
            question=question,
            definition_hash=self.definition.hash,
            K=self.K,
        )

    def prepare(self, at):
        for question, encoding in enumerate(self.encodings):
            form = self.keep(self._form(question, encoding))
            context = self.ballot_context(question)
            event = twins.QuestionPrepared(ELECTION, question, context, form)
            call, args = "BallotBox.prepare", (question,)
            self.tell(f"prepare {question}", "bystander", call, args, event, at=at)

    def _form(self, question, encoding):
        k = encoding.options
        if isinstance(encoding, Choice):
            row, points, scalars = (k, 1, 1, encoding.bits, 0), 2 + 2 * k, 2 * k - 1
        else:
            sums = len(encoding.sums)
            row = (k, encoding.minimum, encoding.maximum, 0, 1)
            points, scalars = 6 * k + 2 * sums, 3 * k + 2 * sums - 1
        windows = self.definition.windows.seconds
        widths = (*zip(row, (8,) * 5, strict=True), (len(self.precincts), 16))
        widths += ((windows[5], 40), (windows[6], 40), (points, 16))
        widths += ((73 + 96 * points + 32 * scalars, 32),)
        number = shift = 0
        for value, width in widths:
            number |= value << shift
            shift += width
        end = 192 + 8 * len(self.precincts)
        heads, places = b"", b""
        for precinct, count in enumerate(self.precincts):
            heads += count.to_bytes(4, "big") + (end + len(places)).to_bytes(4, "big")
            places += b"".join(
                bytes.fromhex(kept[2:]) for at, kept in self.chunks if at == precinct
            )
        key = bytes(16) + self.K[:48] + bytes(16) + self.K[48:]
        return self.ballot_context(question) + key + word(number) + heads + places

    def seal(self, question, precinct, index, chosen):
        encoding, voter = self.encodings[question], self.roll[precinct][index]
        return encoding.seal(
            self.joint.K, self.ballot_context(question), voter, chosen, self.nonces
        )

    def ballot(self, question, precinct, index, chosen):
        """A ballot signed by its voter, with its tracker and its ciphertexts."""
        sealed = self.seal(question, precinct, index, chosen)
        domain = Domain("BallotBox", "1", CHAIN, CONTRACTS.box)
        intent = BallotIntent(ELECTION, question, precinct, index, sealed.tracker, CLOSES)
        signature = compact(intent.sign(signer_of(self.voter(precinct, index)), domain))
        return CastBallot(index, CLOSES, signature, sealed.body), sealed.tracker

    def cast(self, what, question, precinct, votes, at, role="relayer"):
        """Cast votes of voters by index; by a voter, if it names one, who signs nothing else."""
        made = {i: self.ballot(question, precinct, i, chosen) for i, chosen in votes.items()}
        if role != "relayer":
            made = {
                i: (replace(ballot, deadline=0, signature=NO_SIGNATURE), tracker)
                for i, (ballot, tracker) in made.items()
            }
        batch = encode_batch(ballot for ballot, _ in made.values())
        skipped, trackers = 0, []
        place = (question, precinct)
        for number, index in enumerate(sorted(made)):
            if (*place, index) in self.voted:
                skipped |= 1 << number
                continue
            self.voted.add((*place, index))
            ballot, tracker = made[index]
            voter, context = self.roll[precinct][index], self.ballot_context(question)
            read = self.encodings[question].read(context, voter, ballot.body)
            before = self.sums.get(place, [ZERO] * len(read.ciphertexts))
            self.sums[place] = [
                one + add for one, add in zip(before, read.ciphertexts, strict=True)
            ]
            trackers.append(tracker)
        self.counts[place] = self.counts.get(place, 0) + len(trackers)
        self.bulletins[place] = next_bulletin(self.bulletins.get(place, bytes(28)), trackers)
        event = twins.BallotsCast(
            ELECTION, *place, self.bulletins[place], self.counts[place], skipped
        )
        self.tell(what, role, "BallotBox.castBatch", (*place, batch), event, at=at)

    # ----------------------------------------------------------------- tally

    def groups(self, question):
        ballots = [self.counts.get((question, p), 0) for p in range(len(self.precincts))]
        return group_precincts(ballots, self.definition.minimum_turnout)

    def close(self, question, at):
        groups = self.groups(question)
        ends = sum(1 << group.last_precinct for group in groups)
        ballots = sum(group.ballots for group in groups)
        event = twins.QuestionClosed(ELECTION, question, ends, ballots)
        self.tell(f"close {question}", "bystander", "Tally.close", (question,), event, at=at)

    def group_sums(self, question, group):
        found = self.groups(question)[group]
        precincts = range(found.first_precinct, found.last_precinct + 1)
        rows = [self.sums[question, p] for p in precincts if (question, p) in self.sums]
        return [total(column) for column in zip(*rows, strict=True)], found.ballots

    def shares(self, j, question, group):
        secret = protocol.trustee_secret(self.deals, j, self.secrets[j], self.joint)
        sums, ballots = self.group_sums(question, group)
        return b"".join(
            partial_decryption(
                shares_context(
                    chain_id=CHAIN,
                    tally=CONTRACTS.tally,
                    election=ELECTION,
                    question=question,
                    group=group,
                    option=option,
                    A=encode_point(each.alpha),
                    B=encode_point(each.beta),
                    ballots=ballots,
                ),
                j,
                secret,
                each,
                self.nonces,
            )
            for option, each in enumerate(sums)
        )

    def post_shares(self, j, question, group, at):
        data = self.shares(j, question, group)
        event = twins.SharesPosted(ELECTION, question, group, j, data)
        call, args = "Tally.postShares", (question, group, j, data)
        self.tell(f"shares {question}.{group}.{j}", "bystander", call, args, event, at=at)

    def tally(self, question, group, trustees, counts, at, posted=False):
        bits = sum(1 << (j - 1) for j in trustees)
        event = twins.GroupTallied(ELECTION, question, group, bits, counts)
        shares = [self.shares(j, question, group) for j in trustees]
        name = "tallyPosted" if posted else "tally"
        if posted:
            shares = [
                b"".join(each[n : n + 96] for n in range(0, len(each), 320)) for each in shares
            ]
        args = (question, group, bits, b"".join(shares), counts)
        self.tell(f"tally {question}.{group}", "bystander", f"Tally.{name}", args, event, at=at)


@cache
def story() -> Drafted:
    """A small honest election in which everything happens that can."""
    teller = Teller([OF_THREE, UP_TO_TWO], (5, 4))
    teller.create()
    teller.register_keys(0, (1, 2), at=500)
    teller.commit(0, 1, teller.deal(0, 1)[0], at=1_500)
    teller.restart(1, until=6_100, at=2_100)
    teller.register_keys(1, (1, 2, 3), at=2_500)
    teller.register(at=3_000)
    dealt = {i: teller.deal(1, i, spoiled=1 if i == 3 else 0) for i in (1, 2, 3)}
    for i, (data, _) in dealt.items():
        teller.commit(1, i, data, at=3_500)
    for i, (data, _) in dealt.items():
        teller.post_deal(1, i, data, at=4_500)
    teller.complain(1, 1, 3, *dealt[3], excluded=3, at=5_500)
    teller.finalise(1, [dealt[i][1] for i in (1, 2)], at=6_500)
    teller.freeze(at=6_600)
    teller.prepare(at=6_700)
    teller.cast("cast a", 0, 0, {0: (1,), 1: (2,)}, at=16_100)
    teller.cast("cast direct", 0, 0, {2: (0,)}, at=16_200, role=teller.voter(0, 2))
    teller.cast("cast b", 0, 0, {2: (1,), 3: (1,)}, at=16_300)
    teller.cast("cast c", 0, 1, {0: (0,), 1: (2,), 3: (2,)}, at=16_400)
    teller.cast("cast d", 1, 0, {0: (0, 1), 2: (), 4: (2,)}, at=16_500)
    teller.cast("cast e", 1, 1, {1: (1,)}, at=16_600)
    for question in (0, 1):
        teller.close(question, at=17_000)
    teller.tally(0, 0, (1, 2), (1, 2, 1), at=17_100)
    for j in (1, 3):
        teller.post_shares(j, 0, 1, at=17_200)
    teller.tally(0, 1, (1, 3), (1, 0, 2), at=17_300, posted=True)
    for j in (2, 3):
        teller.post_shares(j, 1, 0, at=17_400)
    teller.tally(1, 0, (2, 3), (1, 2, 1), at=17_500, posted=True)
    return teller.told()


def large(ballots: int) -> ElectionRecord:
    """A yes/no election of so many ballots in batches of 50, for measuring."""
    teller = Teller([YES_NO], (ballots,))
    teller.create()
    teller.plain_ceremony()
    teller.register(at=4_600, each=20)
    teller.freeze(at=6_600)
    teller.prepare(at=6_700)
    for first in range(0, ballots, 50):
        votes = {i: (i % 3 % 2,) for i in range(first, min(first + 50, ballots))}
        teller.cast(f"cast {first}", 0, 0, votes, at=16_000 + first * 900 // ballots)
    teller.close(0, at=17_000)
    yes = sum(i % 3 % 2 for i in range(ballots))
    teller.tally(0, 0, (1, 2), (ballots - yes, yes), at=17_100)
    return teller.told().signed()
