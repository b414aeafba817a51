"""Labels: the QR code anybody sees, the key under the seal, the chip that answers.

The visible code is the item's GS1 Digital Link with the place where it is on record, so a phone
that knows nothing finds the right chain and ledger. It can be copied; so it only says what to ask.
The key under the seal shows once that the seal was broken: a copied label then contradicts the
ledger. A chip holds a key that cannot be copied and answers a fresh challenge.

Source: contracts/provenance/IItemLedger.sol; GS1 Digital Link URI Syntax 1.2, section 4.10
(extension parameters).
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from crmdapp.chain._secret_files import create_secret, read_secret
from crmdapp.chain._signed_json import SignedJson, read_struct
from crmdapp.chain._whole import require_whole
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.addresses import parse_address, require_address
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import KeystoreCorrupt, KeystoreMissing, UsageError, VerificationFailed
from crmdapp.provenance.devices import Device, check_device, device_json, read_device
from crmdapp.provenance.gs1.digital_link import (
    CANONICAL_DOMAIN,
    DigitalLink,
    parse_digital_link,
)
from crmdapp.provenance.item_intents import ledger_domain
from crmdapp.provenance.item_models import ITEM_MAX, DeviceKey, DeviceSignature, item_of

CHALLENGE_SECONDS = 300
"""How old a challenge may be when its answer is looked at."""

_KIND = "tag key"
_CHAIN, _LEDGER, _ISSUER = "chain", "ledger", "issuer"
_SEAL = "seal="
_CHAIN_MAX = (1 << 63) - 1


class TagLinkIncomplete(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """A link is a GS1 Digital Link, but does not say where the item is on record."""


class ChipAnswerStale(VerificationFailed):
    """A chip's answer is to another challenge, or to an old one: it may be a recording."""


@dataclass(frozen=True, slots=True)
class TagLink:
    """What stands on a label.

    Attributes:
        link: The item's identifier.
        chain_id: The chain on which it is on record.
        ledger: Address of the ItemLedger there.
        issuer: Who commissioned the item.
        seal: The private key under the seal, 32 bytes; ``None`` in the code that everybody sees.
    """

    link: DigitalLink
    chain_id: int
    ledger: str
    issuer: str
    seal: bytes | None = field(default=None, repr=False)

    @property
    def item(self) -> int:
        """The item's id."""
        return item_of(self.issuer, self.link.identity)

    @property
    def domain(self) -> Domain:
        """What is signed for."""
        return ledger_domain(self.chain_id, self.ledger)

    @property
    def visible(self) -> TagLink:
        """The label without what is under the seal."""
        return replace(self, seal=None)

    def uri(self, domain: str = CANONICAL_DOMAIN) -> str:
        """Return the text of the QR code.

        Args:
            domain: What it begins with, such as the brand's own address.
        """
        own = ((_CHAIN, str(self.chain_id)), (_LEDGER, self.ledger), (_ISSUER, self.issuer))
        others = tuple(pair for pair in self.link.attributes if pair[0] not in dict(own))
        text = replace(self.link, attributes=(*others, *own)).uri(domain)
        if self.seal is None:
            return text
        # A fragment: whoever opens the link in a browser does not send the key to its server.
        return f"{text}#{_SEAL}{urlsafe_b64encode(self.seal).decode().rstrip('=')}"


def tag_link(link: DigitalLink, chain_id: int, ledger: str, issuer: str) -> TagLink:
    """Return what stands on the label of an item.

    Raises:
        UsageError: The link names a kind of product, or an address is none.
    """
    if not link.is_instance and link.qualifier("10") is None:
        raise UsageError(
            f"{link.identity} names a kind of product, not an item.",
            hint="Add a serial number (21), or a lot (10).",
        )
    chain = require_whole("chain_id", chain_id, _CHAIN_MAX, least=1)
    return TagLink(link, chain, require_address(ledger), require_address(issuer))


def parse_tag_link(text: str) -> TagLink:
    """Return what a QR code says.

    Raises:
        Gs1IdentifierInvalid: It is no GS1 Digital Link.
        TagLinkIncomplete: It does not say where the item is on record.
    """
    visible, _, fragment = text.strip().partition("#")
    link = parse_digital_link(visible)
    said = dict(link.attributes)
    missing = [name for name in (_CHAIN, _LEDGER, _ISSUER) if not said.get(name)]
    if missing:
        raise TagLinkIncomplete(
            f"The link does not name {' and '.join(missing)}.",
            why="It may be a label of a product that is on no ledger.",
            hint="Scan the code on the item itself, or name the item with --issuer.",
        )
    chain = said[_CHAIN]
    if not (chain.isascii() and chain.isdigit() and 0 < int(chain[:20]) <= _CHAIN_MAX):
        raise TagLinkIncomplete(f"chain is no chain id: {chain[:40]!r}.")
    places = [_address(said, name) for name in (_LEDGER, _ISSUER)]
    kept = tuple(pair for pair in link.attributes if pair[0] not in (_CHAIN, _LEDGER, _ISSUER))
    plain = replace(link, attributes=kept)
    return TagLink(plain, int(chain), places[0], places[1], _seal(fragment))


def new_tag_key(path: Path) -> LocalSigner:
    """Make a key to go under a label's seal, and write it to a new file with mode 0600.

    Raises:
        UsageError: There is such a file already, or no such folder.
        PermissionDenied: The folder cannot be written.
        DiskFull: The disk is full; nothing is left behind.
    """
    while True:
        key = secrets.token_bytes(32)
        try:
            signer = LocalSigner(key)
        except UsageError:  # beyond the curve's order: 2^-128
            continue
        break
    create_secret(path, _KIND, key)
    return signer


def read_tag_key(path: Path) -> bytes:
    """Return the key that :func:`new_tag_key` wrote.

    Raises:
        KeystoreMissing: There is no such file.
        KeystoreCorrupt: It holds something else.
        PermissionDenied: It cannot be read, or others than its owner can read it.
    """
    return read_secret(path, _KIND, missing=KeystoreMissing, corrupt=KeystoreCorrupt)


# --------------------------------------------------------------------------- chips


@dataclass(frozen=True, slots=True)
class ChipChallenge(TypedData):
    """What a chip is asked to sign; no contract knows it.

    Attributes:
        item: The item that it says it belongs to.
        nonce: 32 random bytes.
        issued_at: When it was asked, Unix seconds.
    """

    TYPE: ClassVar[str] = "ChipChallenge(uint256 item,bytes32 nonce,uint40 issuedAt)"

    item: int
    nonce: bytes
    issued_at: int


@dataclass(frozen=True, slots=True)
class ChipAnswer:
    """What a chip signed.

    Attributes:
        challenge: What it was asked, as it says.
        key: Its public key.
        domain: The contract and chain it is meant for.
        signature: By the chip.
    """

    challenge: ChipChallenge
    key: DeviceKey
    domain: Domain
    signature: DeviceSignature

    def check(self, asked: ChipChallenge, *, now: int) -> None:
        """Check that the chip signed the challenge that was asked, and in time.

        Whether the chip is the item's, the chain says.

        Args:
            asked: What was asked.
            now: Unix seconds.

        Raises:
            ChipAnswerStale: It answers another challenge, or too late.
            DeviceSignatureInvalid: It did not sign.
        """
        if self.challenge != asked:
            raise ChipAnswerStale(
                "The chip answers another challenge than was asked.",
                why="An answer recorded earlier would look like this.",
                hint="Ask again with a new challenge.",
            )
        if not 0 <= now - asked.issued_at <= CHALLENGE_SECONDS:
            raise ChipAnswerStale(
                f"The challenge is {now - asked.issued_at} s old, more than {CHALLENGE_SECONDS} s.",
                hint="Ask again with a new challenge.",
            )
        check_device(self.key.device, self.key, asked.digest(self.domain), self.signature)

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON data."""
        return device_json(self.challenge, self.domain, self.key, self.signature)

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> ChipAnswer:
        """Return the answer that :meth:`to_json` gave.

        Raises:
            UsageError: It is none; the message names the field.
        """
        fields = SignedJson(data, "chip's answer", "ChipChallenge")
        challenge = read_struct(ChipChallenge, fields.message)
        return cls(challenge, *read_device(fields.outer, fields.domain()))


def new_challenge(item: int, *, now: int) -> ChipChallenge:
    """Return a fresh challenge for an item's chip."""
    require_whole("item", item, ITEM_MAX)
    return ChipChallenge(item, secrets.token_bytes(32), now)


def read_challenge(data: Mapping[str, Any] | str | bytes) -> tuple[ChipChallenge, Domain]:
    """Return the challenge in typed data, as ``TypedData.to_json`` wrote it, and its domain.

    Raises:
        UsageError: It is none; the message names the field.
    """
    fields = SignedJson(data, "challenge", "ChipChallenge")
    return read_struct(ChipChallenge, fields.message), fields.domain()


def answer_challenge(device: Device, domain: Domain, challenge: ChipChallenge) -> ChipAnswer:
    """Answer a challenge as a chip does."""
    return ChipAnswer(challenge, device.key, domain, device.sign(challenge, domain))


def _address(said: Mapping[str, str], name: str) -> str:
    try:
        return parse_address(said[name])
    except ValueError as problem:
        raise TagLinkIncomplete(f"{name}: {problem}.") from None


def _seal(fragment: str) -> bytes | None:
    if not fragment.startswith(_SEAL):
        return None
    text = fragment.removeprefix(_SEAL)
    try:
        key = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (BinasciiError, ValueError):
        key = b""
    if len(key) != 32:  # nothing of it is quoted: it may be half of a key
        raise TagLinkIncomplete("What stands under the seal is no key.", hint="Scan it again.")
    return key
