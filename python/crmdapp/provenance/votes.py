"""A curator's vote, hidden until it is shown: commit first, reveal later.

The salt keeps a vote from being guessed between the two steps. It is drawn here, kept in a file
that only its owner can read, and shown nowhere else.

Source: contracts/provenance/ICuratorBoard.sol.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from crmdapp.chain._files import OWN, create
from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain.addresses import require_address
from crmdapp.errors import UsageError

_WORD = 32


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote and the salt that hides it.

    Attributes:
        case_id: The case, 32 bytes.
        curator: Who votes.
        is_aye: For the opener of the case.
        salt: 32 random bytes; secret until the vote is shown.
    """

    FORMAT: ClassVar[str] = "crmdapp-ballot/1"

    case_id: bytes
    curator: str
    is_aye: bool
    salt: bytes = field(repr=False)

    @classmethod
    def draw(cls, case_id: bytes, curator: str, is_aye: bool) -> Ballot:
        """Return a vote with a new salt."""
        return cls(case_id, require_address(curator), is_aye, secrets.token_bytes(_WORD))

    @property
    def commitment(self) -> bytes:
        """What is committed: keccak256(abi.encode(caseId, curator, isAye, salt))."""
        curator = bytes(12) + bytes.fromhex(self.curator[2:])
        return keccak(self.case_id + curator + bytes(31) + bytes([self.is_aye]) + self.salt)

    def write(self, path: Path) -> None:
        """Write it to a new file, mode 0600, before it is committed.

        Raises:
            UsageError: There is such a file already, or no such folder.
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; nothing is left behind.
        """
        body = {
            "format": self.FORMAT,
            "caseId": "0x" + self.case_id.hex(),
            "curator": self.curator,
            "isAye": self.is_aye,
            "salt": "0x" + self.salt.hex(),
        }
        create(path, (json.dumps(body, indent=2) + "\n").encode(), mode=OWN)

    @classmethod
    def read(cls, path: Path) -> Ballot:
        """Return the vote that :meth:`write` kept.

        Raises:
            UsageError: The file is missing or no ballot; the message does not quote it.
        """
        try:
            fields = JsonFields.parse(path.read_bytes(), "ballot")
        except OSError as problem:
            raise UsageError(
                f"{path} cannot be read: {problem.strerror}.",
                hint="A vote is shown with the file that was written when it was committed.",
            ) from None
        if fields.text("format") != cls.FORMAT:
            raise UsageError(f"{path} is no ballot.")
        return cls(
            fields.word("caseId"),
            fields.address("curator"),
            fields.truth("isAye"),
            _salt(fields.secret("salt", str)),
        )


def _salt(text: str) -> bytes:
    try:
        salt = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        salt = b""
    if len(salt) != _WORD:
        raise UsageError("The ballot's salt is missing or not usable.")
    return salt
