"""The HTTP API under ``/v1``: for each domain, what an enterprise does with its client.

What a domain's routes are made of::

    from crmdapp.web.api import Caller, ContextDep, CursorDep, Model, Page, Sent, Work
    from crmdapp.web.api import requires, sending

    router = APIRouter(prefix="/v1/loyalty", tags=["loyalty"])

    @router.post("/programs/{program}/awards")
    def award(wanted: Award, work: Annotated[Work, sending("loyalty:write")], ...) -> Sent:
        receipt = work.client(LoyaltyClient).award(..., key=work.key)
        return Sent(tx_hash=receipt.hash, block=receipt.block)
"""

from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound, RequestConflict, RequestInvalid
from crmdapp.web.models import AddressIn, Hash32, Model, Octets, PlainText, Sent, Uint
from crmdapp.web.paging import Cursor, CursorDep, Page
from crmdapp.web.security.callers import Caller, Work, changing, requires, sending

__all__ = [
    "AddressIn",
    "Caller",
    "Context",
    "ContextDep",
    "Cursor",
    "CursorDep",
    "Hash32",
    "Model",
    "NotFound",
    "Octets",
    "Page",
    "PlainText",
    "RequestConflict",
    "RequestInvalid",
    "Sent",
    "Uint",
    "Work",
    "changing",
    "requires",
    "sending",
]
