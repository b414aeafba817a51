"""Feedback that a customer signs, and the company's signed reply.

Feedback is signed by the customer's pairwise identity key, so the company cannot put words into a
customer's mouth; noted in the log, so it cannot lose them; and told to the company at once. The
reply is signed by the log's operator, names the feedback it answers, and is noted too.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import JsonFields, SignedJson
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.chain.signed import SignedPermission, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.customers.leaves import (
    NO_WORD,
    TIME_MAX,
    WORD,
    operator_of,
    payload_hash,
    require_word,
)
from crmdapp.customers.receipts import SignedReceipt, payload_bytes, read_secret_word
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from datetime import datetime

    from crmdapp.chain.accounts import Signer

TEXT_MAX = 8_000
"""Most characters of feedback, a reply or a note."""

RATING_MAX = 5


class FeedbackInvalid(VerificationFailed):
    """Feedback or a reply is not signed by whom it names, or does not fit what came with it."""


@dataclass(frozen=True, slots=True)
class CustomerFeedback(TypedData):
    """What a customer signs.

    Attributes:
        log: The log it is for, which names the company.
        subject: The customer's pairwise identity address.
        about: Leaf of the interaction it is about; zeros for none.
        content_hash: Hash of rating and text, with a salt.
        time: Unix seconds.
    """

    TYPE: ClassVar[str] = (
        "CustomerFeedback(bytes32 log,address subject,bytes32 about,bytes32 contentHash,"
        "uint40 time)"
    )
    log: bytes
    subject: str
    about: bytes
    content_hash: bytes
    time: int


@dataclass(frozen=True, slots=True)
class FeedbackReply(TypedData):
    """What the company signs in reply.

    Attributes:
        log: The log, which names the company.
        feedback: Leaf of the feedback's interaction.
        content_hash: Hash of the text, with a salt.
        time: Unix seconds.
    """

    TYPE: ClassVar[str] = (
        "FeedbackReply(bytes32 log,bytes32 feedback,bytes32 contentHash,uint40 time)"
    )
    log: bytes
    feedback: bytes
    content_hash: bytes
    time: int


@dataclass(frozen=True, slots=True)
class SignedFeedback(SignedPermission):
    """Feedback, signed by the customer.

    Attributes:
        feedback: What was signed.
        domain: The contract and chain of the log.
        signature: The customer's.
        words: Rating and text, as JSON data.
        salt: What they are hashed with.
    """

    feedback: CustomerFeedback
    domain: Domain
    signature: bytes
    words: Mapping[str, Any] = field(repr=False)
    salt: bytes = field(repr=False)

    @property
    def content(self) -> CustomerFeedback:
        """What was signed."""
        return self.feedback

    @property
    def signer(self) -> str:
        """Who has to sign: the identity itself, unless its key was rotated."""
        return self.feedback.subject

    @property
    def text(self) -> str:
        """What the customer said."""
        return str(self.words.get("text", ""))

    @property
    def rating(self) -> int | None:
        """1 to 5; ``None`` if none was given."""
        found = self.words.get("rating")
        return found if isinstance(found, int) else None

    def check(self, owner: str | None = None) -> None:
        """Check the signature, and that the words are those signed.

        Args:
            owner: Who controls the identity now, see
                :meth:`crmdapp.customers.did.DidClient.owner`; itself by default.

        Raises:
            FeedbackInvalid: They are not.
        """
        if not self.signed_by(self.signer if owner is None else owner):
            raise FeedbackInvalid("The feedback is not signed by the customer that it names.")
        _check_words(self.words, self.salt, self.feedback.content_hash)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data, with the words."""
        data = SignedPermission.to_json(self)
        return {**data, "words": dict(self.words), "salt": "0x" + self.salt.hex()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedFeedback:
        """Return the feedback that :meth:`to_json` gave. Its words are never quoted.

        Raises:
            UsageError: It is none; the message names the field.
        """
        fields = SignedJson(data, "signed feedback", "CustomerFeedback")
        message = fields.message
        feedback = CustomerFeedback(
            log=message.word("log"),
            subject=message.address("subject"),
            about=message.word("about"),
            content_hash=message.word("contentHash"),
            time=message.whole("time", TIME_MAX),
        )
        words, salt = _words_of(fields.outer)
        return cls(feedback, fields.domain(), fields.signature(), words, salt)


@dataclass(frozen=True, slots=True)
class SignedReply(SignedPermission):
    """A reply to feedback, signed by the log's operator.

    Attributes:
        reply: What was signed.
        domain: The contract and chain of the log.
        signature: The operator's.
        words: The text, as JSON data.
        salt: What it is hashed with.
    """

    reply: FeedbackReply
    domain: Domain
    signature: bytes
    words: Mapping[str, Any] = field(repr=False)
    salt: bytes = field(repr=False)

    @property
    def content(self) -> FeedbackReply:
        """What was signed."""
        return self.reply

    @property
    def signer(self) -> str:
        """Who has to sign: the operator in the log's id."""
        return operator_of(self.reply.log)

    @property
    def text(self) -> str:
        """What the company said."""
        return str(self.words.get("text", ""))

    def check(self, feedback: SignedReceipt | None = None) -> None:
        """Check the signature, the words, and that the reply is to that feedback.

        Args:
            feedback: The receipt that the customer got for its feedback.

        Raises:
            FeedbackInvalid: Something does not fit.
        """
        if not self.signed_by_key():
            raise FeedbackInvalid(f"The reply is not signed by the log's operator, {self.signer}.")
        _check_words(self.words, self.salt, self.reply.content_hash)
        if feedback is not None and (feedback.receipt.log, feedback.leaf) != (
            self.reply.log,
            self.reply.feedback,
        ):
            raise FeedbackInvalid("The reply is to other feedback than yours.")

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data, with the words."""
        data = SignedPermission.to_json(self)
        return {**data, "words": dict(self.words), "salt": "0x" + self.salt.hex()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedReply:
        """Return the reply that :meth:`to_json` gave. Its words are never quoted.

        Raises:
            UsageError: It is none; the message names the field.
        """
        fields = SignedJson(data, "signed reply", "FeedbackReply")
        message = fields.message
        reply = FeedbackReply(
            log=message.word("log"),
            feedback=message.word("feedback"),
            content_hash=message.word("contentHash"),
            time=message.whole("time", TIME_MAX),
        )
        words, salt = _words_of(fields.outer)
        return cls(reply, fields.domain(), fields.signature(), words, salt)


# --------------------------------------------------------------------------- signing


def sign_feedback(
    signer: Signer,
    domain: Domain,
    log: bytes,
    text: str,
    *,
    time: int | datetime,
    rating: int | None = None,
    about: bytes = NO_WORD,
    subject: str | None = None,
) -> SignedFeedback:
    """Sign feedback; needs no node.

    Args:
        signer: The key that controls the customer's pairwise identity.
        domain: From :func:`crmdapp.customers.receipts.log_domain`.
        log: The company's log.
        text: What the customer says, at most 8,000 characters.
        time: Unix seconds, or an aware datetime.
        rating: 1 (bad) to 5 (good); none by default.
        about: Leaf of the interaction it is about; none by default.
        subject: The identity's address, if its key was rotated; the signer's by default.

    Raises:
        UsageError: A value is malformed or out of its range.
        KeyProblem: The signer cannot sign.
    """
    words: dict[str, Any] = {"text": require_text(text)}
    if rating is not None:
        words["rating"] = require_whole("The rating", rating, RATING_MAX, least=1)
    salt = secrets.token_bytes(WORD)
    feedback = CustomerFeedback(
        log=require_word("log", log),
        subject=require_address(signer.address if subject is None else subject),
        about=require_word("about", about),
        content_hash=payload_hash(salt, payload_bytes(words)),
        time=require_whole("time", unix_seconds(time, "The time"), TIME_MAX),
    )
    return SignedFeedback(feedback, domain, feedback.sign(signer, domain), words, salt)


def sign_reply(
    signer: Signer,
    domain: Domain,
    feedback: SignedReceipt,
    text: str,
    *,
    time: int | datetime,
) -> SignedReply:
    """Sign a reply to feedback that is in the log.

    Args:
        signer: The log's operator.
        domain: From :func:`crmdapp.customers.receipts.log_domain`.
        feedback: The receipt of the feedback.
        text: What the company says, at most 8,000 characters.
        time: Unix seconds, or an aware datetime.

    Raises:
        UsageError: A value is malformed or out of its range.
        KeyProblem: The signer cannot sign.
    """
    words = {"text": require_text(text)}
    salt = secrets.token_bytes(WORD)
    reply = FeedbackReply(
        log=feedback.receipt.log,
        feedback=feedback.leaf,
        content_hash=payload_hash(salt, payload_bytes(words)),
        time=require_whole("time", unix_seconds(time, "The time"), TIME_MAX),
    )
    return SignedReply(reply, domain, reply.sign(signer, domain), words, salt)


def _words_of(outer: JsonFields) -> tuple[Mapping[str, Any], bytes]:
    return outer.secret("words", dict), read_secret_word(outer, "salt")


def _check_words(words: Mapping[str, Any], salt: bytes, content_hash: bytes) -> None:
    if payload_hash(salt, payload_bytes(words)) != content_hash:
        raise FeedbackInvalid("The words are not those that were signed.")


def require_text(text: str) -> str:
    """Return a text that is neither empty nor too long.

    Raises:
        UsageError: It is; the message does not quote it.
    """
    if not text.strip() or len(text) > TEXT_MAX:
        raise UsageError(f"A text has 1 to {TEXT_MAX:,} characters, this one {len(text):,}.")
    return text
