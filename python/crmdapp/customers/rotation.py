"""Replacing a pepper, or a member's key, without ever making a second profile of anybody.

1. :func:`begin` puts the next pepper beside the one in force. From now on every lookup asks both
   (:meth:`Taggers.find`), and whoever is new is registered under the next one.
2. :func:`plan` says which new tags must be linked to which profiles; an attestor signs them and
   ``linkMany`` puts them on chain. As often as it takes: what is linked is not planned again.
3. :func:`retire` puts the next pepper in the place of the old one and overwrites the old; not
   before every live profile can be found without it.

A profile that another was merged into waits until the merge can no longer be undone: a tag linked
in between would stay with the wrong one of the two.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crmdapp.chain._files import replace, sync_folder
from crmdapp.chain._secret_files import create_secret
from crmdapp.customers.identifiers import Identifier
from crmdapp.customers.models import CustomerStatus
from crmdapp.customers.registry_signing import TagLinkRecord
from crmdapp.customers.tags import (
    PEPPER_LENGTH,
    FoundTag,
    StatusOf,
    Tagger,
    TagSpace,
    find,
    next_path,
    read_pepper,
)
from crmdapp.errors import CrmdappError, PermissionDenied, UsageError


class Directory(Protocol):
    """What a rotation asks of the registry, about one scope."""

    def resolve(self, id_: bytes) -> bytes | None:
        """Return the profile that an id leads to, through link and merge; ``None`` if none."""
        ...

    def status_of(self, id_: bytes) -> CustomerStatus:
        """Return the status of that profile; ``NONE`` if there is none."""
        ...

    def has_open_merge(self, cid: bytes) -> bool:
        """Return whether a merge into the profile can still be undone."""
        ...

    def live_ids(self) -> Iterable[bytes]:
        """Return every id of the scope, linked ones included, whose profile is not erased."""
        ...


class RotationUnfinished(CrmdappError):  # noqa: N818 - named for the problem
    """Somebody could no longer be found if the old pepper were destroyed now.

    Args:
        links: Tags that are still to be linked.
        waiting: Identifiers that wait until a merge is final.
        conflicts: Identifiers that lead to one profile under the old and to another under the new.
        unaccounted: Ids on chain that belong to none of the identifiers given.
    """

    def __init__(
        self, *, links: int = 0, waiting: int = 0, conflicts: int = 0, unaccounted: int = 0
    ) -> None:
        super().__init__(
            "The old pepper is still needed; it was left alone.",
            why=f"{links:,} tags are not linked yet, {waiting:,} wait for a merge to become final,"
            f" {conflicts:,} lead to two profiles, {unaccounted:,} ids on chain belong to no"
            " identifier that was given.",
            hint="Link what the plan names, merge the pairs it names, give all identifiers, and"
            " name the ids that nobody holds the identifier of.",
        )
        self.links = links
        self.waiting = waiting
        self.conflicts = conflicts
        self.unaccounted = unaccounted


@dataclass(frozen=True, slots=True)
class Taggers:
    """The taggers in force: one, or during a rotation two.

    Attributes:
        current: What customers are known under.
        next: What takes its place; ``None`` outside of a rotation.
    """

    current: Tagger
    next: Tagger | None = None

    def find(self, identifier: Identifier, space: TagSpace, status_of: StatusOf) -> FoundTag:
        """Return where an identifier's profile is, or the free tag to register it under.

        Both taggers are asked before anybody counts as new.

        Raises:
            GenerationsExhausted: Every generation that was looked at is erased.
        """
        newest = find(self.next or self.current, identifier, space, status_of)
        if self.next is None or newest.is_known:
            return newest
        older = find(self.current, identifier, space, status_of)
        return older if older.is_known else newest


@dataclass(frozen=True, slots=True)
class RotationPlan:
    """What is left to do before the old tagger can go.

    Attributes:
        links: Tags of the next tagger and the profiles they are to lead to, for ``linkMany``.
        waiting: Identifiers of profiles into which a merge can still be undone.
        conflicts: Pairs of profiles (old, new) of one identifier; merge them.
        done: Identifiers that lead to the same profile under both.
        unknown: Identifiers without a profile under the old tagger.
        ids: Ids that belong to the identifiers, under both taggers.
        old_ids: Those under the old tagger, which nobody can compute once it is gone.
    """

    links: tuple[TagLinkRecord, ...]
    waiting: int
    conflicts: tuple[tuple[bytes, bytes], ...]
    done: int
    unknown: int
    ids: frozenset[bytes]
    old_ids: frozenset[bytes] = frozenset()

    @property
    def is_finished(self) -> bool:
        """Whether everybody known can be found with the next tagger alone."""
        return not (self.links or self.waiting or self.conflicts)


def open_taggers(path: Path | str) -> Taggers:
    """Return the pepper of a file and, during a rotation, the next one.

    Raises:
        PepperMissing: There is no such file.
        PepperCorrupt: One of them is no pepper file.
        PermissionDenied: One cannot be read, or others than its owner can read it.
    """
    current = read_pepper(path)
    following = next_path(path)
    return Taggers(current, read_pepper(following) if following.exists() else None)


def begin(path: Path | str) -> Taggers:
    """Put a fresh pepper beside the one in force; returns both.

    Raises:
        PepperMissing: There is no such file.
        PepperCorrupt: It is no pepper file.
        UsageError: A rotation is under way already.
        PermissionDenied: A file cannot be read or written, or others can read it.
        DiskFull: The disk is full; nothing is left behind.
    """
    read_pepper(path)
    if next_path(path).exists():
        raise UsageError(
            f"The pepper {path} is being replaced already.", hint="End that rotation first."
        )
    create_secret(next_path(path), "pepper", secrets.token_bytes(PEPPER_LENGTH))
    return open_taggers(path)


def plan(
    taggers: Taggers, identifiers: Iterable[Identifier], space: TagSpace, directory: Directory
) -> RotationPlan:
    """Return what is left to do for these identifiers; does nothing.

    Args:
        taggers: Both.
        identifiers: Everybody's, each in its normal form.
        space: Where tags become ids.
        directory: The registry.

    Raises:
        UsageError: There is no rotation.
        GenerationsExhausted: Every generation of somebody that was looked at is erased.
    """
    if taggers.next is None:
        raise UsageError("No rotation is under way.", hint="Begin one first.")
    links: dict[bytes, TagLinkRecord] = {}
    conflicts: dict[tuple[bytes, bytes], None] = {}
    ids: set[bytes] = set()
    old_ids: set[bytes] = set()
    waiting = done = unknown = 0
    for identifier in identifiers:
        old = find(taggers.current, identifier, space, directory.status_of)
        new = find(taggers.next, identifier, space, directory.status_of)
        ids |= {found.id for found in (old, new) if found.is_known}
        old_ids |= {old.id} if old.is_known else set()
        cid, other = _profile(old, directory), _profile(new, directory)
        if cid is None:
            unknown += 1
        elif other == cid:
            done += 1
        elif other is not None:
            conflicts[cid, other] = None
        elif old.id != cid and directory.has_open_merge(cid):
            waiting += 1
        else:
            links[new.tag] = TagLinkRecord(new.tag, cid)
    return RotationPlan(
        tuple(links.values()),
        waiting,
        tuple(conflicts),
        done,
        unknown,
        frozenset(ids),
        frozenset(old_ids),
    )


def _profile(found: FoundTag, directory: Directory) -> bytes | None:
    return directory.resolve(found.id) if found.is_known else None


def require_finished(
    taggers: Taggers,
    identifiers: Iterable[Identifier],
    space: TagSpace,
    directory: Directory,
    *,
    given_up: Collection[bytes] = (),
) -> RotationPlan:
    """Return the plan if everybody on chain can be found with the next tagger alone.

    Args:
        taggers: Both.
        identifiers: Everybody's, each in its normal form.
        space: Where tags become ids.
        directory: The registry.
        given_up: Ids on chain that no lookup will ever need: of profiles that registered
            themselves, or of which nobody holds the identifier any more.

    Raises:
        RotationUnfinished: Somebody could not.
        UsageError: There is no rotation.
    """
    left = plan(taggers, identifiers, space, directory)
    unaccounted = sum(
        each not in left.ids and each not in given_up for each in directory.live_ids()
    )
    if unaccounted or not left.is_finished:
        raise RotationUnfinished(
            links=len(left.links),
            waiting=left.waiting,
            conflicts=len(left.conflicts),
            unaccounted=unaccounted,
        )
    return left


def retire(
    path: Path | str,
    identifiers: Iterable[Identifier],
    space: TagSpace,
    directory: Directory,
    *,
    given_up: Collection[bytes] = (),
) -> RotationPlan:
    """Put the next pepper in the place of the old one, which is overwritten and gone.

    What was copied elsewhere, backups included, must be destroyed there; so must what a disk that
    remaps its blocks may keep. See :func:`require_finished` for the arguments. The ids that the old
    pepper led to stay on chain: a file beside the pepper keeps them, for the next rotation.

    Raises:
        RotationUnfinished: Somebody could no longer be found; nothing was changed.
        UsageError: There is no rotation.
        PepperMissing: There is no such file.
        PepperCorrupt: One of them is no pepper file.
        PermissionDenied: A file cannot be read or written, or others can read it.
    """
    past = retired_ids(path) | frozenset(given_up)
    found = require_finished(open_taggers(path), identifiers, space, directory, given_up=past)
    target = Path(path)
    try:
        # Written first: a rotation that dies here is ended by the same call.
        lines = sorted("0x" + each.hex() for each in past | found.old_ids)
        replace(retired_path(path), "".join(f"{line}\n" for line in lines).encode())
        with target.open("r+b") as former:
            # In this order: whatever happens in between, one whole pepper stands under the name.
            next_path(target).replace(target)
            sync_folder(target.parent)
            former.write(bytes(os.fstat(former.fileno()).st_size))
            former.flush()
            os.fsync(former.fileno())
    except OSError as problem:
        raise PermissionDenied(
            f"The old pepper {target} cannot be replaced or overwritten.",
            why=str(problem.strerror),
        ) from None
    return found


def retired_path(path: Path | str) -> Path:
    """Return where the ids are kept that destroyed peppers led to; they are public, on chain."""
    return Path(f"{path}.retired")


def retired_ids(path: Path | str) -> frozenset[bytes]:
    """Return the ids that destroyed peppers led to: no lookup needs them any more.

    Raises:
        UsageError: The file beside the pepper holds something else, or cannot be read.
    """
    kept = retired_path(path)
    if not kept.exists():
        return frozenset()
    try:
        return frozenset(
            bytes.fromhex(line.removeprefix("0x")) for line in kept.read_text("ascii").split()
        )
    except (OSError, ValueError):
        raise UsageError(f"{kept} is no list of ids.", hint="Put back a copy of it.") from None
