"""Tags of a consortium: companies that share customers without any of them being able to guess.

Every member has a key of its own and evaluates a VOPRF (RFC 9497) of an identifier that it never
sees; a tag hashes the answers of *all* members. Who wants to try a list of addresses needs every
member to play along, and each limits how much it evaluates for whom and writes it down. Answers
come with proofs, so a member that uses another key, or makes something up, is found and named.

The generation enters the final hash and not the inputs of the members: looking through
generations costs no evaluation. What a member evaluated must therefore not be kept.

Requests and answers are JSON, for files, mail or HTTP alike:

    member = Member(MemberKeyFile.load(path), ledger)
    answer = member.evaluate(request, requester="bakery")              # at the member
    tagger = ConsortiumTagger([MemberLink(name, public_key, ask), ...])  # at a company

A member that replaces its key changes every tag: that is a rotation, see
:mod:`crmdapp.customers.rotation`, with the taggers of the old and of the new set of keys.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crmdapp.chain._secret_files import create_secret, read_secret
from crmdapp.chain._signed_json import JsonFields
from crmdapp.customers import voprf
from crmdapp.customers._evaluation_ledger import EvaluationLedger, EvaluationLimitReached
from crmdapp.customers.identifiers import Identifier
from crmdapp.customers.tags import encode
from crmdapp.errors import KeyProblem, UsageError, VerificationFailed

__all__ = [
    "ConsortiumTagger",
    "EvaluationLedger",
    "EvaluationLimitReached",
    "Member",
    "MemberKeyCorrupt",
    "MemberKeyFile",
    "MemberKeyMissing",
    "MemberLink",
    "MemberProofInvalid",
    "Questions",
    "ask_members",
]

MEMBERS_MIN = 2
"""Fewer members would leave one that can guess alone."""

MESSAGE_MAX = 4096 + 100 * voprf.BATCH_MAX
"""Bytes of a request or an answer; longer ones are refused unread."""

_KIND = "consortium member key"
_REQUEST = "evaluation request"
_ANSWER = "evaluation"
_INPUT = b"crmdapp consortium input v1"
_TAG = b"crmdapp consortium tag v1"
_CACHED = 4096


class MemberKeyMissing(KeyProblem):
    """There is no key file of a consortium's member where one was named."""


class MemberKeyCorrupt(KeyProblem):
    """A key file of a consortium's member is damaged, or is none."""


class MemberProofInvalid(VerificationFailed):
    """A member's answer does not come from the key it has published.

    Args:
        member: Its name.
        why: What is wrong with the answer.
    """

    def __init__(self, member: str = "", why: str = "") -> None:
        super().__init__(
            f"The answer of {member} cannot be used.",
            why=why,
            hint=f"Nothing was computed from it. Ask {member} to answer with its published key.",
        )
        self.member = member


class MemberKeyFile:
    """A member's key in a file of its own, mode 0600."""

    @staticmethod
    def create(path: Path) -> voprf.ServerKey:
        """Write a fresh key to a new file and return it.

        Raises:
            UsageError: There is such a file already, or no such folder.
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; nothing is left behind.
        """
        key = voprf.ServerKey.new()
        create_secret(path, _KIND, key.scalar.to_bytes(32, "big"))
        return key

    @staticmethod
    def load(path: Path | str) -> voprf.ServerKey:
        """Return the key of a file.

        Raises:
            MemberKeyMissing: There is no such file.
            MemberKeyCorrupt: It holds something else.
            PermissionDenied: It cannot be read, or others than its owner can read it.
        """
        secret = read_secret(Path(path), _KIND, missing=MemberKeyMissing, corrupt=MemberKeyCorrupt)
        scalar = int.from_bytes(secret, "big")
        if not voprf.is_key(scalar):
            raise MemberKeyCorrupt(
                f"{path} holds a number that is no key.", hint="Put back the copy you keep of it."
            )
        return voprf.ServerKey(scalar)


@dataclass(frozen=True, slots=True)
class Member:
    """A member's side: evaluates what it cannot read, within limits.

    Attributes:
        key: Its key.
        ledger: Whom it has evaluated how much for; knows no inputs.
    """

    key: voprf.ServerKey
    ledger: EvaluationLedger

    def evaluate(self, request: bytes, requester: str) -> bytes:
        """Return the answer to a request, as JSON.

        Args:
            request: What a company sent.
            requester: The company, as whoever brought the request has authenticated it.

        Raises:
            UsageError: It is no request, or for another member.
            PointInvalid: An element of it is no point.
            EvaluationLimitReached: The requester has used up what it may ask for.
        """
        elements = self._elements_of(request)
        # Before anything is computed: who breaks off half-way has used it up all the same.
        self.ledger.charge(requester, len(elements))
        evaluation = voprf.evaluate(self.key, elements)
        return _message(
            _ANSWER,
            publicKey=self.key.public_key.hex(),
            elements=[element.hex() for element in evaluation.elements],
            proof=evaluation.proof.hex(),
        )

    def _elements_of(self, request: bytes) -> list[bytes]:
        fields = _fields(request, _REQUEST)
        if fields.text("publicKey") != self.key.public_key.hex():
            raise UsageError(
                "The request is for another member, or for a key this one no longer has.",
                hint="Ask with the public key that the member publishes now.",
            )
        return _hex_items(fields, "elements")


@dataclass(frozen=True, slots=True)
class MemberLink:
    """A company's way to a member.

    Attributes:
        name: The member's name, for people.
        public_key: What it has published, 33 bytes; not learned from its answers.
        ask: Takes a request there and brings the answer back.

    Raises:
        PointInvalid: The public key is no point.
    """

    name: str
    public_key: bytes
    ask: Callable[[bytes], bytes] = field(repr=False)

    def __post_init__(self) -> None:
        voprf.require_public_key(self.public_key)


@dataclass(frozen=True, slots=True)
class Questions:
    """Identifiers, hidden, and what to send to a member about them.

    Attributes:
        member: Whom.
        blinds: What hides them; secret.
    """

    member: MemberLink
    blinds: tuple[voprf.Blind, ...] = field(repr=False)

    @classmethod
    def about(cls, identifiers: Iterable[Identifier], member: MemberLink) -> Questions:
        """Hide identifiers from a member, afresh for each."""
        inputs = (encode(_INPUT, identifier, None) for identifier in identifiers)
        return cls(member, tuple(map(voprf.blind, inputs)))

    @property
    def request(self) -> bytes:
        """What to send, as JSON; says nothing about the identifiers but how many they are."""
        return _message(
            _REQUEST,
            publicKey=self.member.public_key.hex(),
            elements=[each.element.hex() for each in self.blinds],
        )

    def outputs(self, answer: bytes) -> tuple[bytes, ...]:
        """Return the member's part for each identifier, 32 bytes, once its proof holds.

        Raises:
            MemberProofInvalid: It does not, or the answer is none.
        """
        try:
            fields = _fields(answer, _ANSWER)
            evaluation = voprf.Evaluation(
                tuple(_hex_items(fields, "elements")), bytes.fromhex(fields.text("proof"))
            )
            return voprf.finalize(self.member.public_key, self.blinds, evaluation)
        except (UsageError, voprf.ProofInvalid, ValueError) as problem:
            raise MemberProofInvalid(self.member.name, str(problem)) from None


class ConsortiumTagger:
    """Tags that need every member.

    Args:
        members: All of them, in any order; the public keys decide which order they are hashed in.

    Raises:
        UsageError: There are fewer than two, or two have one name or one key.
    """

    def __init__(self, members: Sequence[MemberLink]) -> None:
        if len(members) < MEMBERS_MIN:
            raise UsageError(
                f"A consortium has at least {MEMBERS_MIN} members.",
                hint="A company alone uses a pepper.",
            )
        if len({each.public_key for each in members}) < len(members):
            raise UsageError("Two members have one key: one of them could answer for both.")
        if len({each.name for each in members}) < len(members):
            raise UsageError("Two members have one name.")
        self.members = tuple(sorted(members, key=lambda each: each.public_key))
        self._outputs: dict[Identifier, tuple[bytes, ...]] = {}

    def tag(self, identifier: Identifier, generation: int = 0) -> bytes:
        """Return the tag of an identifier, 32 bytes; see :meth:`crmdapp.customers.tags.Tagger.tag`.

        Raises:
            MemberProofInvalid: A member's answer does not come from its published key.
        """
        self.prefetch([identifier])
        parts = [encode(_TAG, Identifier(identifier.kind, ""), generation)]
        parts.append(len(self.members).to_bytes(2, "big"))
        for member, output in zip(self.members, self._outputs[identifier], strict=True):
            parts += [member.public_key, output]
        return hashlib.sha256(b"".join(parts)).digest()

    def prefetch(self, identifiers: Iterable[Identifier]) -> None:
        """Ask the members for many identifiers at once, before their tags are asked for one by one.

        Args:
            identifiers: At most :data:`crmdapp.customers.voprf.BATCH_MAX`.

        Raises:
            MemberProofInvalid: A member's answer does not come from its published key.
            UsageError: There are too many.
        """
        missing = [each for each in dict.fromkeys(identifiers) if each not in self._outputs]
        if not missing:
            return
        answered = ask_members(self.members, missing)
        if len(self._outputs) + len(missing) > _CACHED:
            self._outputs.clear()
        self._outputs.update(zip(missing, answered, strict=True))


def ask_members(
    members: Sequence[MemberLink], identifiers: Sequence[Identifier]
) -> list[tuple[bytes, ...]]:
    """Return, for each identifier, every member's part in the order of the members.

    Raises:
        MemberProofInvalid: A member's answer does not come from its published key.
        UsageError: There are more identifiers than one request may have.
    """
    parts = []
    for member in members:
        questions = Questions.about(identifiers, member)
        parts.append(questions.outputs(member.ask(questions.request)))
    return list(zip(*parts, strict=True))


def _message(kind: str, **body: object) -> bytes:
    return json.dumps({"crmdapp": kind, "version": 1, **body}).encode() + b"\n"


def _fields(data: bytes | Mapping[str, object], kind: str) -> JsonFields:
    if isinstance(data, bytes) and len(data) > MESSAGE_MAX:
        raise UsageError(f"The {kind} is longer than {MESSAGE_MAX:,} bytes.")
    fields = JsonFields.parse(data, kind)
    if fields.text("crmdapp") != kind or fields.whole("version") != 1:
        raise UsageError(f"This is no {kind} of version 1.")
    return fields


def _hex_items(fields: JsonFields, name: str) -> list[bytes]:
    found = fields.items(name)
    if len(found) > voprf.BATCH_MAX:
        raise UsageError(f"One request is for at most {voprf.BATCH_MAX:,} elements.")
    try:
        return [bytes.fromhex(each) for each in found]
    except (ValueError, TypeError):
        raise UsageError(f"The {name} are not all hex data.") from None
