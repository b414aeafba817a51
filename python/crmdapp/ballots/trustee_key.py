"""A trustee's one key file, and all that follows from it.

The file holds 32 random bytes, encrypted under a password as the key file of an account is (Web3
Secret Storage v3, scrypt). Everything secret of a trustee, in every election and round, is derived
from them and from what is public: the key e_j, the deal's polynomial and pad, the proofs. So
nothing else has to be kept, a backup of the file is a backup of the trustee, and a process that was
killed, or a second machine, makes the same key and the same deal, byte for byte. Complaints and
shares need no such thing: the nonces of their proofs are hedged.

Source: RFC 6979 (why a nonce may follow from secret and statement); Web3 Secret Storage Definition.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from crmdapp.ballots import ceremony as protocol
from crmdapp.ballots.deal import Deal, make_deal
from crmdapp.ballots.faults import TrusteeKeyForeign
from crmdapp.ballots.group import POINT_BYTES, Point, encode_point, multiply_base
from crmdapp.ballots.nonces import DerivedNonces, Nonces
from crmdapp.ballots.transcripts import address_word, word
from crmdapp.chain._files import OWN, create, require_creatable
from crmdapp.chain._secret_files import read_private
from crmdapp.chain.accounts import SCRYPT_COST, fresh_key
from crmdapp.errors import KeystoreCorrupt, KeystoreMissing, UsageError, WrongPassword

KIND: Final = "trustee-key"

_NO_KEY = bytes(POINT_BYTES)


class TrusteeKey:
    """A trustee's secret, opened.

    Args:
        seed: 32 bytes from :meth:`create`; nobody else has reason to name them.

    Raises:
        ValueError: It has another length.
    """

    __slots__ = ("_seed",)

    def __init__(self, seed: bytes) -> None:
        if len(seed) != 32:
            raise ValueError("a trustee's seed has 32 bytes")
        self._seed = seed

    @classmethod
    def create(cls, path: Path, password: str, *, cost: int = SCRYPT_COST) -> TrusteeKey:
        """Draw a new key and write its file, encrypted, for its owner alone.

        Args:
            path: The file; never one that exists.
            password: Opens it.
            cost: Work factor N of scrypt, a power of two.

        Raises:
            UsageError: The password is empty, there is such a file, or no such folder.
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; nothing is left behind.
        """
        from eth_account import Account

        if not password:
            raise UsageError("A key file needs a password that is not empty.")
        require_creatable(path)
        seed = fresh_key()
        sealed = dict(Account.encrypt(seed, password, kdf="scrypt", iterations=cost))
        del sealed["address"]  # it is no account, and nobody shall send anything there
        body = {"crmdapp": KIND, **sealed}
        create(path, json.dumps(body, indent=2).encode() + b"\n", mode=OWN)
        return cls(seed)

    @classmethod
    def open(cls, path: Path, password: str) -> TrusteeKey:
        """Return the key in a file that :meth:`create` made.

        Raises:
            KeystoreMissing: There is no such file.
            KeystoreCorrupt: It is damaged, or no trustee's key file.
            WrongPassword: The password does not open it.
            PermissionDenied: It cannot be read, or others than its owner can read it.
        """
        seed = _opened(_sealed(path), password, path)
        if len(seed) != 32:
            raise _corrupt(path, "it holds no seed of 32 bytes")
        return cls(seed)

    @staticmethod
    def require_file(path: Path) -> None:
        """Check that there is a trustee's key file, before anybody is asked for its password.

        Raises:
            KeystoreMissing: There is no such file.
            KeystoreCorrupt: It is damaged, or no trustee's key file.
            PermissionDenied: It cannot be read, or others than its owner can read it.
        """
        _sealed(path)

    def secret(self, ceremony: bytes, j: int) -> int:
        """Return e_j of one round of one election, 1 to r - 1.

        Args:
            ceremony: CEREMONY, 32 bytes.
            j: The trustee's index, from 1.
        """
        return protocol.new_key(ceremony, j, DerivedNonces(self._seed, b"secret"))

    def key_message(self, ceremony: bytes, j: int, trustee: str) -> bytes:
        """Return what trustee j registers: E || A || z, 224 bytes, the same at every call.

        Args:
            ceremony: CEREMONY, 32 bytes.
            j: The trustee's index, from 1.
            trustee: Its address.
        """
        nonces = DerivedNonces(self._seed, b"key-message")
        return protocol.key_message(ceremony, j, trustee, self.secret(ceremony, j), nonces)

    def require_own(self, ceremony: bytes, j: int, E: Point) -> None:
        """Check that a registered key is this file's.

        Raises:
            TrusteeKeyForeign: It is another's.
        """
        if multiply_base(self.secret(ceremony, j)) != E:
            raise TrusteeKeyForeign(
                f"The key that trustee {j} registered is not of this key file.",
                why="It is another trustee's file, a new one, or made for another election.",
                hint="Use the file, or a backup of the file, that registered the key.",
            )

    def deal(
        self, ceremony: bytes, i: int, dealer: str, threshold: int, keys: Sequence[Point | None]
    ) -> bytes:
        """Return the deal of dealer i, the same at every call with the same arguments.

        With any other it has other secrets throughout, so that two deals never share a polynomial:
        not even if a node lies about the others' keys, or about the threshold.

        Args:
            ceremony: CEREMONY, 32 bytes.
            i: The dealer's index, from 1.
            dealer: Its address.
            threshold: t, 1 to n.
            keys: E_1 to E_n; ``None`` for a trustee who has none.

        Raises:
            DealRefused: The threshold or the index is out of range.
        """
        scope = b"".join(
            (
                b"deal",
                ceremony,
                word(i),
                address_word(dealer),
                word(threshold),
                word(len(keys)),
                *(_NO_KEY if E is None else encode_point(E) for E in keys),
            )
        )
        return make_deal(ceremony, i, dealer, threshold, keys, DerivedNonces(self._seed, scope))

    def complaint(self, deal: Deal, j: int) -> bytes:
        """Return trustee j's complaint about a deal, 416 bytes; see :func:`ceremony.complain`."""
        return protocol.complain(deal, j, self.secret(deal.ceremony, j), self.nonces())

    def nonces(self) -> Nonces:
        """Return hedged nonces, for proofs that need not come out the same again."""
        return Nonces(self._seed)

    def __repr__(self) -> str:
        return "TrusteeKey(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A trustee's key is not copied between processes.")


def _sealed(path: Path) -> Mapping[str, Any]:
    absent = KeystoreMissing(
        f"There is no trustee's key file {path}.",
        hint="Name yours, or put back the copy you keep of it. A new one: "
        "crmdapp elections ceremony init FILE",
    )
    try:
        body = json.loads(read_private(path, "trustee's key file", absent))
    except (ValueError, RecursionError):
        raise _corrupt(path, "it is not JSON; perhaps it was cut off") from None
    if not isinstance(body, dict) or body.get("crmdapp") != KIND:
        raise _corrupt(path, "it is the key file of an account, or of something else")
    return body


def _opened(body: Mapping[str, Any], password: str, path: Path) -> bytes:
    from eth_account import Account

    try:
        return bytes(Account.decrypt(dict(body), password))
    except ValueError as problem:
        if "MAC mismatch" not in str(problem):
            raise _corrupt(path, "its encryption parameters are not usable") from None
    except (KeyError, TypeError, AttributeError, NotImplementedError):
        raise _corrupt(path, "its encryption parameters are not usable") from None
    raise WrongPassword(
        f"The password does not open the trustee's key file {path}.",
        hint="Try again; there is no way to recover a lost password.",
    )


def _corrupt(path: Path, why: str) -> KeystoreCorrupt:
    return KeystoreCorrupt(
        f"{path} is not a usable key file of a trustee.",
        why=why,
        hint="Put back the copy you keep of it; without an intact file nothing can be decrypted.",
    )
