"""What registrars sign: a citizen, known by a nullifier alone, votes by a fresh key.

The nullifier is HMAC(the registrars' key, the citizen's official id, the election): the same
however often somebody comes and whatever profiles they have, different in every election, and
without the key nobody can even try ids on it. All registrars of an election hold the same key.
Nothing here needs a node.

Source: contracts/ballots/IVoterRoll.sol; FIPS 198-1 (HMAC); UAX #15 (NFKC); EIP-712; ERC-2098.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.ballots.faults import (
    CitizenNotAttested,
    RegistrarKeyCorrupt,
    RegistrarKeyMissing,
    RegistrationMixed,
    RegistrationQuorumMissing,
)
from crmdapp.ballots.models import NUMBER_MAX
from crmdapp.chain._secret_files import create_secret, read_secret
from crmdapp.chain._signed_json import SignedJson, read_struct
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.chain.signed import DEADLINE_MAX, compact, long_form, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData, recover
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.ballots.models import Election
    from crmdapp.chain.accounts import Signer
    from crmdapp.customers.attestations import AttestationClient

KEY_KIND = "registrars key"
KEY_BYTES = 32
ID_MAX = 500
"""Most characters of an official id."""

_TAG = b"crmdapp.ballots.v1.nullifier"


@dataclass(frozen=True, slots=True)
class RegistrationIntent(TypedData):
    """What a registrar signs.

    Attributes:
        election: Number of the election, from 1.
        precinct: Where the citizen votes, from 0.
        nullifier: 32 bytes, see :func:`nullifier`.
        voter: A fresh key's address; not zero.
        deadline: Last second, Unix time below 2^40, in which it can be registered.
    """

    TYPE: ClassVar[str] = (
        "Registration(uint64 election,uint16 precinct,bytes32 nullifier,address voter,"
        "uint40 deadline)"
    )

    election: int
    precinct: int
    nullifier: bytes
    voter: str
    deadline: int


@dataclass(frozen=True, slots=True)
class SignedRegistration:
    """A registration with the signatures of some registrars, as files hold it.

    Attributes:
        intent: What was signed.
        domain: The roll and chain it is meant for.
        signatures: 64 bytes each (ERC-2098), by rising address of their signers.
    """

    intent: RegistrationIntent
    domain: Domain
    signatures: tuple[bytes, ...]

    @property
    def digest(self) -> bytes:
        """The 32 bytes that were signed."""
        return self.intent.digest(self.domain)

    @property
    def signers(self) -> tuple[str, ...]:
        """Who signed, in the order of the signatures.

        Raises:
            IntentSignatureInvalid: One is no signature of anybody.
        """
        return tuple(_signer(self.digest, signature) for signature in self.signatures)

    @property
    def row(self) -> tuple[Any, ...]:
        """The registration as the roll takes it."""
        _, *values = self.intent.values
        return tuple(values)

    def require_quorum(self, election: Election) -> SignedRegistration:
        """Return the registration with just the signatures that an election's roll takes.

        Raises:
            VerificationFailed: It is for another election.
            RegistrationQuorumMissing: Too few of the election's registrars signed.
            RegistrationSignerInvalid: Somebody signed who is no registrar of the election.
            IntentSignatureInvalid: One is no signature of anybody.
        """
        from crmdapp.ballots.errors import RegistrationSignerInvalid

        if self.intent.election != election.number:
            raise VerificationFailed(
                f"This registration is for election {self.intent.election}, not {election.number}."
            )
        signed = dict(zip(self.signers, self.signatures, strict=True))
        for signer in signed:
            if signer not in election.registrars:
                raise RegistrationSignerInvalid(self.intent.nullifier, signer)
        if len(signed) < election.registrar_quorum:
            raise RegistrationQuorumMissing(
                f"{len(signed)} of {election.registrar_quorum} registrars signed"
                f" for {self.intent.voter}.",
                signed=len(signed),
                needed=election.registrar_quorum,
                hint="Let the others sign the same registration, and join the files.",
            )
        taken = sorted(signed, key=_as_number)[: election.registrar_quorum]
        return replace(self, signatures=tuple(signed[signer] for signer in taken))

    def to_json(self) -> dict[str, Any]:
        """Return ``{"typedData": ..., "signatures": ["0x...", ...]}``."""
        return {
            "typedData": self.intent.to_json(self.domain),
            "signatures": ["0x" + signature.hex() for signature in self.signatures],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedRegistration:
        """Return the registration that :meth:`to_json` gave; signatures are not checked.

        Raises:
            UsageError: It is no signed registration; the message names the field.
        """
        fields = SignedJson(data, "signed registration", "Registration")
        intent = read_struct(RegistrationIntent, fields.message)
        signatures = [_read_signature(text) for text in fields.outer.items("signatures")]
        return cls(require_registration(intent), fields.domain(), tuple(signatures))


def roll_domain(chain_id: int, roll: str) -> Domain:
    """Return what registrars sign for: the voter roll at an address."""
    return Domain("VoterRoll", "1", chain_id, require_address(roll))


def nullifier(key: bytes, official_id: str, election: int) -> bytes:
    """Return what stands for a citizen on the roll of an election, 32 bytes.

    Args:
        key: The registrars' key, 32 bytes. Secret.
        official_id: As the registry of citizens has it; case, spaces and punctuation do not count.
        election: Number of the election, from 1.

    Raises:
        UsageError: The id holds no letter and no digit, the key has another length, or there can
            be no such election. The message never quotes the id.
    """
    if len(key) != KEY_BYTES:
        raise UsageError(f"The registrars' key has {KEY_BYTES} bytes.")
    number = require_whole("The election's number", election, NUMBER_MAX, least=1)
    message = _TAG + number.to_bytes(8, "big") + normalised(official_id).encode()
    return hmac.digest(key, message, "sha256")


def normalised(official_id: str) -> str:
    """Return an official id as it is hashed: NFKC, folded case, letters and digits alone.

    Raises:
        UsageError: It holds neither, or is too long. The message never quotes it.
    """
    if len(official_id) > ID_MAX:
        raise UsageError(f"An official id is text of at most {ID_MAX} characters.")
    # What is taken away can leave letter and mark side by side that compose: once more, until
    # nothing changes.
    kept, before = _folded(official_id), official_id
    while kept != before:
        kept, before = _folded(kept), kept
    if not kept:
        raise UsageError("An official id holds at least one letter or digit.")
    return kept


def create_registrars_key(path: Path) -> None:
    """Make a new key of the registrars in a file that its owner alone can read.

    Raises:
        UsageError: There is such a file already, or no such folder.
        PermissionDenied: The folder cannot be written.
        DiskFull: The disk is full; nothing is left behind.
    """
    create_secret(path, KEY_KIND, secrets.token_bytes(KEY_BYTES))


def read_registrars_key(path: Path) -> bytes:
    """Return the registrars' key of a file, 32 bytes.

    Raises:
        RegistrarKeyMissing: There is no such file.
        RegistrarKeyCorrupt: It holds something else.
        PermissionDenied: It cannot be read, or others than its owner can read it.
    """
    return read_secret(path, KEY_KIND, missing=RegistrarKeyMissing, corrupt=RegistrarKeyCorrupt)


def sign_registration(
    signer: Signer,
    domain: Domain,
    *,
    election: int,
    precinct: int,
    nullifier: bytes,  # what it is called wherever it is signed
    voter: str,
    deadline: int | datetime,
) -> SignedRegistration:
    """Sign that a citizen votes by a key; the signer has checked who the citizen is.

    Args:
        signer: A registrar.
        domain: From :func:`roll_domain`.
        election: Number of the election, from 1.
        precinct: Where the citizen votes, from 0.
        nullifier: From :func:`nullifier`.
        voter: The address of the citizen's fresh key.
        deadline: Last moment: Unix seconds below 2^40 or an aware datetime.

    Raises:
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    last = require_whole("The deadline", unix_seconds(deadline), DEADLINE_MAX)
    intent = RegistrationIntent(election, precinct, nullifier, require_address(voter), last)
    return countersign(signer, SignedRegistration(require_registration(intent), domain, ()))


def require_attested(
    attestations: AttestationClient,
    uid: bytes,
    *,
    topic: int,
    level: int,
    attestors: Iterable[str],
) -> None:
    """Check, before signing, that attestors whom the registrars trust vouch for a citizen.

    The attestation stays off the roll: what is signed afterwards names the nullifier alone, so
    nobody can tell from the chain which profile registered.

    Args:
        attestations: The registry of attestations.
        uid: Of the statement about the citizen, 32 bytes.
        topic: Its topic, such as residence.
        level: The lowest level that will do.
        attestors: Those whom the registrars trust.

    Raises:
        CitizenNotAttested: Too few of them stand by it now.
    """
    if not attestations.is_valid(uid, topic, level, attestors):
        raise CitizenNotAttested(
            f"Statement 0x{uid.hex()} of topic {topic} is not attested at level {level}.",
            why="It never was, was revoked, disowned, or has expired.",
            hint="Do not register this citizen before it is.",
        )


def countersign(signer: Signer, signed: SignedRegistration) -> SignedRegistration:
    """Return a registration with one registrar's signature more.

    Raises:
        UsageError: The signer has signed it already.
        KeyProblem: The signer cannot sign.
        IntentSignatureInvalid: A signature that is there is nobody's.
    """
    if signer.address in signed.signers:
        raise UsageError(f"{signer.address} has signed this registration already.")
    own = compact(signed.intent.sign(signer, signed.domain))
    return join_signatures([signed, replace(signed, signatures=(own,))])


def join_signatures(parts: Iterable[SignedRegistration]) -> SignedRegistration:
    """Return one registration with the signatures of all files of it, each registrar's once.

    Raises:
        UsageError: There is none.
        RegistrationMixed: They are of different registrations.
        IntentSignatureInvalid: One is no signature of anybody.
    """
    all_parts = list(parts)
    if not all_parts:
        raise UsageError("There is no registration to join.")
    first = all_parts[0]
    signed: dict[str, bytes] = {}
    for part in all_parts:
        if part.digest != first.digest:
            raise RegistrationMixed(
                "The files are of different registrations.",
                why="Election, precinct, nullifier, voter, deadline, roll or chain differ.",
                hint="Join what registrars signed of one registration.",
            )
        signed |= zip(part.signers, part.signatures, strict=True)
    ordered = sorted(signed, key=_as_number)
    return replace(first, signatures=tuple(signed[signer] for signer in ordered))


def require_registration(intent: RegistrationIntent) -> RegistrationIntent:
    """Return a registration that the roll could take.

    Raises:
        RegistrationVoterZero: Nobody would vote.
        UsageError: A value is out of its range.
    """
    from crmdapp.ballots.errors import RegistrationVoterZero

    if intent.voter == ZERO_ADDRESS:
        raise RegistrationVoterZero(intent.nullifier)
    intent.struct_hash()
    return intent


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # Marks stay: they tell letters apart in scripts where nothing else does.
    return "".join(each for each in folded if unicodedata.category(each)[0] in "LMN")


def _signer(digest: bytes, signature: bytes) -> str:
    try:
        return recover(digest, long_form(signature))
    except VerificationFailed:
        raise IntentSignatureInvalid(ZERO_ADDRESS, digest) from None


def _read_signature(text: object) -> bytes:
    try:
        signature = compact(bytes.fromhex(str(text).removeprefix("0x")))
    except ValueError:
        signature = b""
    if len(signature) != 64:
        raise UsageError("signatures must hold 64 or 65 bytes in hex each.")
    return signature


def _as_number(address: str) -> int:
    return int(address, 16)
