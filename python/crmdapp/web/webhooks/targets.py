"""Where a webhook may lead: to the internet, never into the network that the server stands in."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crmdapp.web.errors import RequestProblem

if TYPE_CHECKING:
    from crmdapp.web.settings import Settings

URL_MAX = 500
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class WebhookUrlRefused(RequestProblem):
    """The address is none that webhooks are sent to."""

    status = 422


@dataclass(frozen=True, slots=True)
class Target:
    """An address, resolved and allowed.

    Attributes:
        scheme: ``https``, or ``http`` where the settings allow it.
        host: Name in it.
        port: Port.
        path: Path and query.
        ip: The network address that was checked, and that is connected to.
    """

    scheme: str
    host: str
    port: int
    path: str
    ip: str


def target_of(url: str, settings: Settings) -> Target:
    """Return where an address leads.

    A private address is allowed to a local server, and for hosts that the settings name.

    Raises:
        WebhookUrlRefused: It is not https, malformed, resolves to nothing, or to an address that
            is not of the public internet.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _refused("it is malformed") from None
    if not host or parts.username is not None or not url.isascii() or len(url) > URL_MAX:
        raise _refused("it is malformed, or holds a user name")
    trusted = settings.local or host in settings.webhook_hosts
    if parts.scheme != "https" and not (trusted and parts.scheme == "http"):
        raise _refused("it does not begin with https://")
    wanted = port or (443 if parts.scheme == "https" else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, wanted, path, _resolve(host, wanted, trusted=trusted))


def is_public(address: str) -> bool:
    """Return whether a network address is of the public internet."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is not None:
            return is_public(str(inner))
        if found in _NAT64:
            return False
    return found.is_global and not found.is_multicast


def _resolve(host: str, port: int, *, trusted: bool) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _refused("its host cannot be resolved") from None
    addresses = [str(item[4][0]).partition("%")[0] for item in found]
    # One private address among public ones is enough to refuse: which one is used is chance.
    if not addresses or not (trusted or all(is_public(item) for item in addresses)):
        raise _refused("its host is not on the public internet")
    return addresses[0]


def _refused(why: str) -> WebhookUrlRefused:
    return WebhookUrlRefused(
        "Webhooks cannot be sent to this address.",
        why=f"{why[0].upper()}{why[1:]}.",
        hint="Name an https address that the internet reaches.",
    )
