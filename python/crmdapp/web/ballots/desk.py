"""What a server keeps for elections: definitions, a relay, the bulletin board, audits, a booth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Depends, Request

from crmdapp.ballots.box import BoxClient
from crmdapp.store.index.database import position_in
from crmdapp.store.index.errors import IndexEmpty
from crmdapp.web.ballots.auditing import AuditDesk
from crmdapp.web.ballots.booth_memory import BoothMemory
from crmdapp.web.ballots.bulletin import BulletinBoard
from crmdapp.web.ballots.definitions import FOLDER, DefinitionShelf
from crmdapp.web.ballots.relaying import BallotRelay
from crmdapp.web.context import Context, ContextDep

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crmdapp.chain.client import ContractClient
    from crmdapp.chain.sender import Sender
    from crmdapp.store.index import Position

ClientT = TypeVar("ClientT", bound="ContractClient")

_LOCK = Lock()


class BallotsDesk:
    """The parts of one server that elections need, each made when it is first used.

    Args:
        context: What all requests share.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._folder = context.settings.state_dir / "ballots"

    @cached_property
    def shelf(self) -> DefinitionShelf:
        """The definitions that were published here."""
        return DefinitionShelf(self._folder / FOLDER)

    @cached_property
    def relay(self) -> BallotRelay:
        """The relay of sealed ballots."""
        with _LOCK:
            return BallotRelay(self.client(BoxClient), self._folder)

    @cached_property
    def board(self) -> BulletinBoard:
        """The bulletin board."""
        return BulletinBoard(lambda: self.client(BoxClient))

    @cached_property
    def audits(self) -> AuditDesk:
        """The audits."""
        return AuditDesk(self.context.connection, self.context.manifest)

    @cached_property
    def booth(self) -> BoothMemory:
        """The ballots of the voters of this machine."""
        with _LOCK:
            return BoothMemory(self._folder / "booth.sqlite3")

    def client(self, kind: type[ClientT], sender: Sender | None = None) -> ClientT:
        """Return a client that remembers nothing of earlier requests.

        Raises:
            ContractMissing: The contract is not deployed.
        """
        connection, manifest = self.context.connection, self.context.manifest
        reader = self.context.reader(kind)  # looked once whether there is code
        deployed = manifest[kind.CONTRACT]
        client = kind(connection, reader.contract.address, sender, since_block=deployed.block)
        if hasattr(client, "_manifest"):
            client._manifest = manifest
        return client

    @contextmanager
    def indexed(self) -> Iterator[tuple[Session, Position]]:
        """Give the index, and the block that it is as of.

        Raises:
            IndexEmpty: It has no block yet.
            StoreProblem: It cannot be read.
        """
        with self.context.index.reading() as session:
            position = position_in(session)
            if position is None:
                raise IndexEmpty("The index has no block yet.", hint="Look again in a moment.")
            yield session, position

    def close(self) -> None:
        """Close the files that were opened."""
        for name in ("relay", "booth"):
            if name in self.__dict__:
                self.__dict__[name].close()


def desk_of(request: Request, context: ContextDep) -> BallotsDesk:
    """Return the desk of the app that serves a request."""
    found: BallotsDesk | None = getattr(request.app.state, "ballots", None)
    if found is None or found.context is not context:
        with _LOCK:
            found = getattr(request.app.state, "ballots", None)
            if found is None or found.context is not context:
                found = request.app.state.ballots = BallotsDesk(context)
    assert found is not None  # it was just made
    return found


DeskDep = Annotated[BallotsDesk, Depends(desk_of)]
"""The desk: ``desk: DeskDep``."""
