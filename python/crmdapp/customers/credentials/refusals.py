"""Why a credential is refused.

No message repeats anything of a credential's contents: names of claims, values and salts are
personal data, and what a forger wrote there may be anything at all.
"""

from __future__ import annotations

from crmdapp.errors import VerificationFailed


class CredentialInvalid(VerificationFailed):
    """A credential, or a presentation of one, is not accepted.

    Args:
        message: What is wrong, one sentence.
        why: The rule it breaks, if the sentence does not say it.
        hint: What the reader can do about it.
    """

    default_hint = "Ask the holder for a new presentation."

    def __init__(self, message: str = "", *, why: str = "", hint: str = "") -> None:
        super().__init__(message, why=why, hint=hint or self.default_hint)


class CredentialMalformed(CredentialInvalid):
    """It is not written the one way the standards allow."""

    default_hint = "It was damaged or forged on its way; do not try to mend it."


class CredentialSignatureInvalid(CredentialInvalid):
    """It was not signed by the key that has to sign it."""

    default_hint = "Do not trust it: it was forged or altered, or its issuer's key has changed."


class CredentialNotYetValid(CredentialInvalid):
    """Its time has not come."""

    default_hint = "Check this computer's clock."


class CredentialExpired(CredentialInvalid):
    """Its time is over."""

    default_hint = "Ask the holder to have it issued anew."


class CredentialRevoked(CredentialInvalid):
    """Those who vouched for it do not stand by it, or not enough of them."""

    default_hint = "Ask the holder for one that is valid."


class KeyBindingInvalid(CredentialInvalid):
    """Who presents it has not proven to be the one it was issued to."""


class DisclosureUnknown(CredentialInvalid):
    """The credential hides nothing at the place that is to be revealed."""

    default_hint = "List the places it hides: SdJwt.places()."
