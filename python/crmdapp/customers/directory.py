"""What lookups and a rotation ask of the registry, about one scope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from crmdapp.customers.models import CustomerStatus
from crmdapp.customers.tags import TagSpace

if TYPE_CHECKING:
    from crmdapp.customers.events import CustomerRegistered, CustomersMerged, TagLinked
    from crmdapp.customers.registry import RegistryClient


class ChainDirectory:
    """The profiles of a scope, as the chain has them now; keeps nothing.

    Args:
        client: The registry.
        scope: The scope, below 2^24.
    """

    def __init__(self, client: RegistryClient, scope: int) -> None:
        self._client = client
        self._scope = scope

    @property
    def space(self) -> TagSpace:
        """Where tags become ids."""
        connection = self._client.connection
        return TagSpace(connection.chain_id, self._client.contract.address, self._scope)

    def resolve(self, id_: bytes) -> bytes | None:
        """Return the profile that an id leads to, through link and merge; ``None`` if none."""
        return self._client.resolve(id_)

    def status_of(self, id_: bytes) -> CustomerStatus:
        """Return the status of that profile; ``NONE`` if there is none."""
        cid = self.resolve(id_)
        return CustomerStatus.NONE if cid is None else self._client.customer(cid).status

    def has_open_merge(self, cid: bytes) -> bool:
        """Return whether a merge into the profile can still be undone."""
        now = self._client.connection.block_timestamp()
        for log in self._client.events("CustomersMerged", into=cid):
            merge = self._client.merge_of(cast("CustomersMerged", log.event).from_)
            if merge is not None and merge.into == cid and merge.closes_at.timestamp() > now:
                return True
        return False

    def live_ids(self) -> Iterator[bytes]:
        """Yield every id of the scope, linked ones included, whose profile is not erased."""
        for log in self._client.events("CustomerRegistered", "TagLinked"):
            event = cast("CustomerRegistered | TagLinked", log.event)
            # A tag's id and the profile it is linked to are of one scope.
            profile = self._client.customer(event.cid)
            if profile.scope == self._scope and profile.status is not CustomerStatus.ERASED:
                yield getattr(event, "id", event.cid)
