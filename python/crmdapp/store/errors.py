"""What can go wrong with the store, the vault and the key files, by name."""

from __future__ import annotations

from crmdapp.errors import (
    EXIT_NODE,
    CrmdappError,
    KeyProblem,
    UsageError,
    VerificationFailed,
)

# --------------------------------------------------------------------------- the store


class StoreProblem(CrmdappError):
    """The store of sealed data cannot be opened, read or written."""


class StoreLocked(StoreProblem):
    """Another process holds the store longer than this one waits."""


class StoreCorrupt(StoreProblem):
    """The store's file is damaged, or no store."""


class StoreUnreachable(StoreProblem):
    """The database server does not answer, or does not let this user in."""

    exit_code = EXIT_NODE


class StoreVersionUnknown(StoreProblem):
    """The store was written by another release, whose tables differ."""


class StoreDriverMissing(UsageError):
    """The driver of the database server is not installed."""


# --------------------------------------------------------------------------- key files


class KeyFileProblem(KeyProblem):
    """A key file of the store or of a customer cannot be used."""


class KeyFileMissing(KeyFileProblem):
    """There is no such key file."""


class KeyFileExists(KeyFileProblem):
    """There is such a key file already; none is ever overwritten."""


class KeyFileCorrupt(KeyFileProblem):
    """The key file is damaged, or no key file."""


class KeyFileLocked(KeyFileProblem):
    """Another process holds the key file."""


# --------------------------------------------------------------------------- recovery shares


class SharesProblem(KeyProblem):
    """The shares give no secret."""


class ShareInvalid(SharesProblem):
    """A share is damaged, mistyped or none at all."""


class SharesTooFew(SharesProblem):
    """Fewer shares than it takes.

    Args:
        message: What happened.
        given: How many different shares there are.
        needed: How many it takes.
    """

    def __init__(
        self, message: str = "", *, given: int = 0, needed: int = 0, why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.given = given
        self.needed = needed


class SharesMixed(SharesProblem):
    """The shares are of different sets."""


class SharesWrong(SharesProblem):
    """Every share is well formed, and together they give no secret: one of them was forged."""


# --------------------------------------------------------------------------- the vault


class SealedInvalid(VerificationFailed):
    """Sealed data does not open: another key, another context, or altered."""


class GranteeKeyInvalid(UsageError):
    """A public key is no X25519 key that anybody could hold the private half of."""


class WrapInvalid(VerificationFailed):
    """A wrapped key is not what the customer made for this consent."""


class BundleInvalid(VerificationFailed):
    """Published keys are not the customer's, or contradict those published before."""


class ErasureInvalid(VerificationFailed):
    """A request to erase is not the customer's."""


class EpochClosed(CrmdappError):
    """Nothing can be sealed for a category: the customer has published no key that is open."""


class ProfileUnknown(UsageError):
    """The vault has no such profile: never seen, or erased."""


class ProfileKnown(UsageError):
    """The vault has the profile already."""


class CustodyProblem(UsageError):
    """The profile's keys are the customer's and not the company's, or the other way round."""


class DatumUnknown(UsageError):
    """The vault has no such datum."""
