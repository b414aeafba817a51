"""Whoever keeps a vault gives data out here, and nowhere else.

In this order: the request is signed by the company it names and was not used before; the node's
head is not old; the chain says that the consent holds and covers; keys and data of exactly these
categories are looked up; the chain is asked again; the log has the entry. Only then bytes leave.
A consent that ends in between lets nothing out, and what is refused is in the log as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NoReturn

from crmdapp.chain.addresses import checksum
from crmdapp.customers import codes
from crmdapp.customers.leaves import InteractionKind
from crmdapp.customers.release import Release, ReleasedField, SignedRelease
from crmdapp.errors import NodeProblem, PermissionDenied
from crmdapp.store._intake import SIGNER, SUBJECT

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection
    from crmdapp.customers.consents import ConsentClient
    from crmdapp.customers.operator import LogOperator
    from crmdapp.customers.receipts import SignedReceipt
    from crmdapp.customers.release_book import ReleaseBook
    from crmdapp.store.epochs import SignedWrap
    from crmdapp.store.provenance import Ciphertext
    from crmdapp.store.vault import Vault

HEAD_AGE_MAX = 120
"""Oldest head of a node that is believed, seconds; blocks of most chains come within 15."""

LIFE_MAX = 86_400
"""Longest time a request may be valid for, seconds."""


class Refusal(StrEnum):
    """Why a request is not answered."""

    FOREIGN = "foreign"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    LONG_LIVED = "long-lived"
    REPLAYED = "replayed"
    OTHER_TERMS = "other-terms"
    NO_CONSENT = "no-consent"
    NO_KEYS = "no-keys"


_WORDS: Mapping[Refusal, tuple[str, str]] = {
    Refusal.FOREIGN: (
        "The request is for another registry or chain.",
        "Sign it for the registry that this vault follows.",
    ),
    Refusal.SIGNATURE: (
        "The request is not signed by the company it names.",
        "Sign it with the account of the data controller.",
    ),
    Refusal.EXPIRED: ("The request's deadline has passed.", "Sign a new one."),
    Refusal.LONG_LIVED: (
        "The request's deadline is more than a day away.",
        "Sign a new one that ends within a day.",
    ),
    Refusal.REPLAYED: ("The request was used before.", "Sign a new one with another nonce."),
    Refusal.OTHER_TERMS: (
        "The consent was not given to the company that asks.",
        "Send the terms of a consent that was given to you.",
    ),
    Refusal.NO_CONSENT: (
        "There is no consent that holds now and covers all that is asked for.",
        "Ask for less, or ask the customer for a consent.",
    ),
    Refusal.NO_KEYS: (
        "No keys are wrapped for this consent.",
        "The customer's device wraps them; ask the customer to connect it.",
    ),
}


class ReleaseRefused(PermissionDenied):
    """A request for data is not answered.

    Args:
        reason: Why.
    """

    def __init__(self, reason: Refusal) -> None:
        message, hint = _WORDS[reason]
        super().__init__(message, hint=hint)
        self.reason = reason


class NodeStale(NodeProblem):
    """The newest block that a node knows is old, so it may not know of a withdrawal.

    Args:
        age: How old, seconds.
        most: How old it may be, seconds.
    """

    def __init__(self, age: int, most: int) -> None:
        super().__init__(
            f"The newest block of the node is {age:,} s old; nothing is given out on a head"
            f" older than {most:,} s.",
            why="The node lags behind or is cut off, or the chain makes no blocks.",
            hint="Ask another node, or wait until it has caught up.",
        )
        self.age = age
        self.most = most


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with.

    Attributes:
        release: For the company that asked.
        receipt: The log's, for the customer.
    """

    release: Release
    receipt: SignedReceipt


class ReleaseDesk:
    """Answers requests from one vault.

    Args:
        vault: The vault.
        consents: The registry of consents.
        log: The interaction log of who keeps the vault.
        book: Which requests were used.
        customer_of: Gives the name under which a profile is in the log, from the profile's id; by
            default the id itself.
        head_age: Oldest head that is believed, seconds.
        clock: Unix seconds.
    """

    def __init__(
        self,
        vault: Vault,
        consents: ConsentClient,
        log: LogOperator,
        book: ReleaseBook,
        *,
        customer_of: Callable[[bytes], str] = lambda profile: "0x" + profile.hex(),
        head_age: int = HEAD_AGE_MAX,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._vault = vault
        self._consents = consents
        self._log = log
        self._book = book
        self._customer_of = customer_of
        self._head_age = head_age
        self._clock = clock

    def answer(self, signed: SignedRelease) -> Answer:
        """Give out what a request is entitled to.

        A request is used up whatever becomes of it, once it proved to be by the company it names.

        Raises:
            ReleaseRefused: It is entitled to nothing.
            NodeStale: The node's head is old.
            NodeProblem: The node cannot be asked.
            StoreProblem: The store cannot be read or written.
            JournalProblem: The log or the book cannot be written; nothing was given out.
        """
        now = int(self._clock())
        self._require_authentic(signed, now)
        if not self._book.use(signed, now):
            self._refuse(signed, Refusal.REPLAYED)
        if not signed.is_of_its_terms:
            self._refuse(signed, Refusal.OTHER_TERMS)
        self._require_consent(signed)
        wraps, found = self._look_up(signed)
        # The customer may have taken the consent back while we looked.
        block = self._require_consent(signed)
        receipt = self._note(signed, wraps[0].wrap.profile, found, block)
        return Answer(self._release(signed, wraps, found, block), receipt)

    def _require_authentic(self, signed: SignedRelease, now: int) -> None:
        """Refuse what anybody could have made up; it is not worth an entry in the log.

        Raises:
            ReleaseRefused: For another registry, not signed by whom it names, or out of time.
        """
        if signed.domain.separator() != self._consents.domain.separator():
            raise ReleaseRefused(Refusal.FOREIGN)
        if not signed.signed_by_key():
            raise ReleaseRefused(Refusal.SIGNATURE)
        if now > signed.request.deadline:
            raise ReleaseRefused(Refusal.EXPIRED)
        # Used numbers are forgotten some time after the deadline, so it must not be far.
        if signed.request.deadline > now + LIFE_MAX:
            raise ReleaseRefused(Refusal.LONG_LIVED)

    def _require_consent(self, signed: SignedRelease) -> int:
        """Return the block at which the chain says that the consent holds and covers.

        Raises:
            ReleaseRefused: It does not.
            NodeStale: The node's head is old.
        """
        connection, request = self._consents.connection, signed.request
        block = require_fresh_head(connection, int(self._clock()), self._head_age)
        if not self._consents.check(
            signed.terms, request.purposes, request.categories, block=block
        ):
            self._refuse(signed, Refusal.NO_CONSENT)
        return block

    def _look_up(self, signed: SignedRelease) -> tuple[list[SignedWrap], list[Ciphertext]]:
        """Return keys and data of exactly the categories asked for."""
        asked = signed.request.categories
        wraps = [
            item
            for item in self._vault.wraps(signed.request.consent_id)
            if asked >> item.wrap.category & 1
            and checksum(item.wrap.subject) == checksum(signed.terms.subject)
        ]
        if not wraps:
            self._refuse(signed, Refusal.NO_KEYS)
        keys = {item.wrap.key_id for item in wraps}
        # Data that the company gets no key to does not leave either.
        found = [
            item
            for item in self._vault.ciphertexts(wraps[0].wrap.profile, asked)
            if item.datum.key_id in keys and asked >> item.datum.category & 1
        ]
        return wraps, found

    def _note(
        self, signed: SignedRelease, profile: bytes, found: list[Ciphertext], block: int
    ) -> SignedReceipt:
        request = signed.request
        payload = {
            **_about(signed),
            "event": "disclosure",
            "fields": [[item.datum.field, item.datum.version] for item in found],
            "block": block,
        }
        receipt = self._log.record(
            self._pseudonym(profile), InteractionKind.DISCLOSURE, payload, request.consent_id
        )
        assert receipt.contents is not None  # the operator's own receipts have them
        self._vault.disclose(
            profile,
            request.data_controller,
            request.consent_id,
            request.purposes,
            [item.datum.id for item in found],
            log_id=receipt.receipt.log,
            seq=receipt.contents.interaction.seq,
        )
        return receipt

    def _release(
        self,
        signed: SignedRelease,
        wraps: list[SignedWrap],
        found: list[Ciphertext],
        block: int,
    ) -> Release:
        return Release(
            request=signed.digest,
            consent_id=signed.request.consent_id,
            profile=wraps[0].wrap.profile,
            domain=self._consents.domain,
            block=block,
            wraps=tuple(wraps),
            fields=tuple(
                ReleasedField(
                    item.datum.field,
                    item.datum.category,
                    item.datum.version,
                    item.datum.key_id,
                    item.sealed,
                )
                for item in found
            ),
        )

    def _refuse(self, signed: SignedRelease, reason: Refusal) -> NoReturn:
        """Put a refusal into the log of the customer whom it is about, and raise it."""
        profile = self._profile_of(signed)
        if profile is not None and self._book.may_note(profile, int(self._clock())):
            self._log.record(
                self._pseudonym(profile),
                InteractionKind.OTHER,
                {**_about(signed), "event": "release-refused", "reason": reason.value},
                signed.request.consent_id,
            )
        raise ReleaseRefused(reason)

    def _profile_of(self, signed: SignedRelease) -> bytes | None:
        """Return whom a request is about; ``None`` if the vault does not know."""
        wraps = self._vault.wraps(signed.request.consent_id)
        if wraps:
            return wraps[0].wrap.profile
        if signed.terms.consent_id != signed.request.consent_id:
            return None
        # The wraps go with the consent, the link to the identity only with an erasure.
        subject = checksum(signed.terms.subject)
        keys = self._vault.keys
        return keys.profile_of(SIGNER, subject) or keys.profile_of(SUBJECT, subject)

    def _pseudonym(self, profile: bytes) -> bytes:
        return self._log.pseudonym(self._customer_of(profile))


def require_fresh_head(connection: Connection, now: int, most: int) -> int:
    """Return the number of the newest block that any node knows, if it is not old.

    Args:
        connection: The chain.
        now: Unix seconds.
        most: Oldest head that is believed, seconds.

    Raises:
        NodeStale: It is older.
        NodeProblem: No node answers.
    """
    heads = [
        item for item in connection.ask_each("eth_getBlockByNumber", ["latest", False]) if item
    ]
    newest = max(
        ((int(head["timestamp"], 16), int(head["number"], 16)) for head in heads), default=None
    )
    if newest is None:
        newest = (connection.block_timestamp(), connection.block_number())
    age = now - newest[0]
    if age > most:
        raise NodeStale(age, most)
    return newest[1]


def _about(signed: SignedRelease) -> dict[str, Any]:
    request = signed.request
    return {
        "request": "0x" + signed.digest.hex(),
        "company": request.data_controller,
        "purposes": _terms(request.purposes, codes.PURPOSES),
        "categories": _terms(request.categories, codes.CATEGORIES),
    }


def _terms(bits: int, table: tuple[codes.Code, ...]) -> list[str]:
    return [each.term for each in table if bits >> each.bit & 1]
