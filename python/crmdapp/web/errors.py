"""What can be wrong with a request, each with its HTTP status."""

from __future__ import annotations

from typing import ClassVar

from crmdapp.errors import CrmdappError, UsageError


class WebExtraMissing(UsageError):
    """The packages of the server are not installed."""


class RequestProblem(CrmdappError):
    """Base of what is wrong with a request.

    Attributes:
        status: HTTP status of the answer.
    """

    status: ClassVar[int] = 400


class RequestMalformed(RequestProblem):
    """The body is no JSON, or nested too deep, or a header cannot be read."""


class RequestInvalid(RequestProblem):
    """Fields of the request are missing, unknown, or out of their range.

    Attributes:
        faults: ``(place, reason)`` of each; never a value that was sent.
    """

    status = 422

    def __init__(self, message: str, faults: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message, hint="Compare the request with /openapi.json.")
        self.faults = faults


class CursorInvalid(RequestProblem):
    """The cursor is not one that this list gave out."""


class KeyNeeded(RequestProblem):
    """The request has no API key, or none that is valid."""

    status = 401


class ScopeMissing(RequestProblem):
    """The API key may not do this.

    Attributes:
        needed: Scopes that this takes.
    """

    status = 403

    def __init__(self, message: str, needed: tuple[str, ...]) -> None:
        super().__init__(message, hint="Ask whoever runs the server for a key with these scopes.")
        self.needed = needed


class OriginRefused(RequestProblem):
    """A page of another site made this request."""

    status = 403


class FormExpired(RequestProblem):
    """The form was not made for this visitor, or is too old."""

    status = 403


class ConfirmationForeign(RequestProblem):
    """The wallet sent another transaction than the form asked for, or for another form."""

    status = 422


class SignInNeeded(RequestProblem):
    """Only somebody who has signed in sees this page."""

    status = 401


class SignInRefused(RequestProblem):
    """The signature or password does not prove who signs in."""

    status = 401


class NotFound(RequestProblem):
    """There is no such thing, or none of the caller's."""

    status = 404


class MethodNotAllowed(RequestProblem):
    """The address exists, but not for this method."""

    status = 405


class RequestConflict(RequestProblem):
    """The request cannot be carried out now."""

    status = 409


class RequestInFlight(RequestConflict):
    """An earlier request with the same Idempotency-Key is still being carried out."""


class BodyTooLarge(RequestProblem):
    """The body is larger than the server takes.

    Attributes:
        limit: Most bytes it takes.
    """

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit:,} bytes.")
        self.limit = limit


class MediaTypeUnsupported(RequestProblem):
    """The body has a content type that this address does not take."""

    status = 415


class HostUnknown(RequestProblem):
    """The Host header names a server that this is not."""

    status = 421


class IdempotencyKeyMissing(RequestProblem):
    """A request that changes something came without an Idempotency-Key."""


class IdempotencyKeyReused(RequestProblem):
    """The Idempotency-Key belongs to a request with another body."""

    status = 422


class RateLimited(RequestProblem):
    """Too many requests in a short time.

    Attributes:
        retry_after: Seconds until the next one is taken.
    """

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "Too many requests in a short time.", hint=f"Wait {retry_after} s before the next."
        )
        self.retry_after = retry_after


class NotReady(RequestProblem):
    """The server cannot answer now, and will later."""

    status = 503


class Unforeseen(RequestProblem):
    """A mistake in the server; the request id finds it in the log."""

    status = 500
