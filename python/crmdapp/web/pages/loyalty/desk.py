"""What the pages share: who may see a program, and what sends for a person."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, TypeVar

from crmdapp.errors import UsageError
from crmdapp.web.api.loyalty.access import require_own
from crmdapp.web.context import Context
from crmdapp.web.security.sessions import Person
from crmdapp.web.view import View
from crmdapp.web.wallets import sender_for

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.client import ContractClient

ClientT = TypeVar("ClientT", bound="ContractClient")

PAGE_ROWS = 50


def signer_of(context: Context, person: Person) -> Signer | None:
    """Return what signs for a person here; ``None`` if only the person's browser can.

    It is the key file the person opened, or an account of the person's own address that whoever
    runs the server opened for it; the person has proven to be that address by signing in.
    """
    if person.signer is not None:
        return person.signer
    own = (item for item in context.settings.signers.values() if item.address == person.address)
    return next(own, None)


def client_of(context: Context, person: Person, kind: type[ClientT]) -> ClientT:
    """Return the client of a contract that sends for a person: by a key here, or by the wallet.

    With a wallet, what it sends is confirmed there first, see :mod:`crmdapp.web.wallets`.
    """
    return kind.at(context.connection, context.manifest, sender_for(context, person))


def own(view: View, person: Person, program: int) -> None:
    """Check that a program is the person's.

    Raises:
        NotFound: It is another's, or does not exist.
    """
    require_own(view, person.address, program)


def form_key(kind: str, given: str) -> str:
    """Return the idempotency key of a form: a form sent twice is carried out once."""
    if len(given) != 32 or not given.isalnum():
        raise UsageError("The form is not complete.", hint="Load the page again.")
    return f"page/{kind}/{given}"


def fresh() -> str:
    """Return the number that a form carries, see :func:`form_key`."""
    return secrets.token_hex(16)
