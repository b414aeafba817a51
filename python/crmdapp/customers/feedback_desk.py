"""The desk for feedback: taken into the log, told at once, answered; and notes of the support."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crmdapp.customers.feedback import FeedbackInvalid, SignedFeedback, SignedReply, require_text
from crmdapp.customers.leaves import NO_WORD, InteractionKind, require_word
from crmdapp.customers.noting import Hook, PseudonymUnknown
from crmdapp.customers.receipts import ReceiptInvalid, SignedReceipt
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.customers.operator import LogOperator


def take_feedback(
    operator: LogOperator,
    signed: SignedFeedback,
    *,
    owner_of: Callable[[str], str | None] | None = None,
    admit: bool = False,
    hook: Hook | None = None,
) -> SignedReceipt:
    """Note a customer's feedback, once, and have the company told; return the receipt.

    Args:
        operator: The company's log.
        signed: The feedback.
        owner_of: Returns who controls an identity now, such as
            :meth:`crmdapp.customers.did.DidClient.owner`; itself by default.
        admit: Take it from somebody without an interaction in the log, too. Anybody can make an
            identity and sign with it: leave it off where strangers can reach this.
        hook: Tells the company at once. If it fails, the notice waits for the next telling.

    Raises:
        PseudonymUnknown: The log has no interaction of this customer, and ``admit`` is off.
        FeedbackInvalid: It is forged, altered, or for another log, chain or contract.
        CustomerErased: The customer was erased.
        DiskFull: The journal cannot be written; nothing was noted.
    """
    subject = signed.feedback.subject
    owner = subject if owner_of is None else owner_of(subject)
    if owner is None:
        raise FeedbackInvalid("The identity that signed the feedback was given up.")
    signed.check(owner)
    if signed.feedback.log != operator.log or signed.domain != operator.domain:
        raise FeedbackInvalid("The feedback is for another log.")
    known = operator.pseudonym(subject) if admit else operator.known_pseudonym(subject)
    if known is None:
        raise PseudonymUnknown(
            "The log has no interaction of the customer who signed the feedback.",
            hint="Check the identity that signed; each company knows a customer by its own.",
        )
    receipt = operator.record(
        known,
        InteractionKind.FEEDBACK,
        {"feedback": signed.to_json()},
        key=f"feedback:{signed.digest.hex()}",
        notify=True,
    )
    if hook is not None:
        operator.tell(hook)
    return receipt


def take_reply(operator: LogOperator, feedback: SignedReceipt, reply: SignedReply) -> SignedReceipt:
    """Note the company's reply as the customer's next interaction; return the receipt.

    Args:
        operator: The company's log.
        feedback: The receipt of the feedback.
        reply: The reply, for the customer too.

    Raises:
        FeedbackInvalid: The reply is to other feedback, or not signed by the operator.
        CustomerErased: The customer was erased.
    """
    reply.check(feedback)
    return operator.record(
        feedback.receipt.pseudonym,
        InteractionKind.FEEDBACK_REPLY,
        {"reply": reply.to_json()},
        key=f"reply:{reply.digest.hex()}",
    )


def feedback_in(receipt: SignedReceipt) -> SignedFeedback:
    """Return the feedback that a receipt's contents hold.

    Raises:
        ReceiptInvalid: They hold none.
    """
    found = _payload(receipt, InteractionKind.FEEDBACK).get("feedback")
    if not isinstance(found, Mapping):
        raise ReceiptInvalid("The receipt holds no feedback.")
    return SignedFeedback.from_json(found)


def reply_in(receipt: SignedReceipt) -> SignedReply:
    """Return the reply that a receipt's contents hold.

    Raises:
        ReceiptInvalid: They hold none.
    """
    found = _payload(receipt, InteractionKind.FEEDBACK_REPLY).get("reply")
    if not isinstance(found, Mapping):
        raise ReceiptInvalid("The receipt holds no reply to feedback.")
    return SignedReply.from_json(found)


def support_note(text: str, *, channel: str = "", about: bytes = NO_WORD) -> dict[str, Any]:
    """Return the payload of a note of the support, for an interaction of that kind.

    Args:
        text: What was said or done, at most 8,000 characters.
        channel: How, such as ``"phone"``; at most 40 characters.
        about: Leaf of the interaction it is about; none by default.

    Raises:
        UsageError: A value is malformed or too long.
    """
    if len(channel) > 40:
        raise UsageError("A note's channel has at most 40 characters.")
    note: dict[str, Any] = {"text": require_text(text)}
    if channel:
        note["channel"] = channel
    if require_word("about", about) != NO_WORD:
        note["about"] = "0x" + about.hex()
    return note


def _payload(receipt: SignedReceipt, kind: InteractionKind) -> Mapping[str, Any]:
    contents = receipt.contents
    if contents is None or contents.interaction.kind != kind:
        return {}
    return contents.payload
