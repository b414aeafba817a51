"""What the parts of the sample share: the chain and its time, keys, ether, and what is done."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from crmdapp.chain import _files, node
from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.sender import Sender
from crmdapp.chain.transactions import SendPolicy
from crmdapp.errors import FundsMissing

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Keystore
    from crmdapp.chain.client import ContractClient
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.journal import Journal
    from crmdapp.chain.manifest import Manifest

    ClientT = TypeVar("ClientT", bound="ContractClient")

DAY = 86_400
PAST = 392 * DAY
"""How long the story is, on a chain that began so long ago; on others it is as long as they are."""

_ETHER = 10 * 10**18
_POLL = 0.02  # seconds between two looks for a receipt


class Stage:
    """Where the sample is told.

    Args:
        connection: A chain of one's own.
        manifest: What is deployed on it.
        journal: Where transactions are written down.
        keystore: Where the keys of :data:`~crmdapp.sample.story.ROLES` go.
        password: Opens them.
        state: The state folder, where the vault and the log are.

    Attributes:
        folder: The sample's own files.
        begins_at: When the story begins, Unix seconds.
        ends_at: When it ends: the time of this machine when it was begun, or the chain's.
    """

    def __init__(
        self,
        connection: Connection,
        manifest: Manifest,
        journal: Journal,
        keystore: Keystore,
        password: str,
        state: Path,
    ) -> None:
        self.connection = connection
        self.manifest = manifest
        self.state = state
        self.folder = state / "sample"
        self.password = password
        self._journal, self._keystore = journal, keystore
        self._senders: dict[str, Sender] = {}
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._record = self._read()
        self.begins_at = self._record.begins_at
        self.ends_at = self._record.ends_at

    # ----------------------------------------------------------------- what is done

    def once(self, part: str, tell: Callable[[Stage], None]) -> bool:
        """Tell a part of the story unless it was told; return whether it was told now."""
        if part in self._record.done:
            return False
        tell(self)
        self._record.done.append(part)
        self._write(self._record)
        return True

    # ----------------------------------------------------------------- people

    def signer(self, *names: object) -> LocalSigner:
        """Return the key of somebody; the same for the same names in this state folder."""
        return LocalSigner(self.secret("key", *names))

    def secret(self, *names: object) -> bytes:
        """Return 32 bytes that only this state folder knows."""
        seed = bytes.fromhex(self._record.seed)
        return keccak(seed + repr(names).encode())

    def keep(self, role: str, key: bytes | None = None) -> None:
        """Put the key of a role into the keystore as ``sample-<role>``, unless it is there.

        Args:
            role: The role.
            key: Its private key, if it is not that of :meth:`signer`.
        """
        name = f"sample-{role}"
        if all(item.name != name for item in self._keystore.list()):
            self._keystore.add(name, key or self.secret("key", role), self.password)

    def sender(self, role: str) -> Sender:
        """Return who sends the transactions of a role; it is given ether if it has none."""
        if role not in self._senders:
            signer = self.signer(role)
            self.fund(signer.address)
            policy = SendPolicy(poll=_POLL)
            self._senders[role] = Sender(self.connection, signer, self._journal, policy=policy)
        return self._senders[role]

    def client(self, kind: type[ClientT], role: str | None = None) -> ClientT:
        """Return contracts as a role uses them, or as anybody sees them."""
        sender = None if role is None else self.sender(role)
        return kind.at(self.connection, self.manifest, sender)

    def fund(self, address: str, wei: int = _ETHER) -> None:
        """Give an address ether of the node's own account, if it has less than half of that.

        Raises:
            FundsMissing: The node has no account to give from.
        """
        if self.connection.balance(address) >= wei // 2:
            return
        own = self.connection.request("eth_accounts")
        if not own:
            raise FundsMissing("The node has no account of its own to give from.")
        message = {"from": own[0], "to": address, "value": hex(wei)}
        tx_hash = str(self.connection.request("eth_sendTransaction", [message]))
        while self.connection.receipt(tx_hash) is None:
            time.sleep(_POLL)

    # ----------------------------------------------------------------- time

    @property
    def now(self) -> int:
        """Time of the chain, Unix seconds."""
        return self.connection.block_timestamp()

    def moment(self, share: float) -> int:
        """Return the time at which so much of the story, 0 to 1, is over."""
        return self.begins_at + int((self.ends_at - self.begins_at) * share)

    def reach(self, share: float) -> None:
        """Let the chain's time be that of a share of the story, unless it is later."""
        self.advance_to(self.moment(share))

    def advance_to(self, timestamp: int) -> None:
        """Make a block of that time, unless the chain is past it."""
        if timestamp > self.now:
            node.move_clock(self.connection, timestamp)

    # ----------------------------------------------------------------- inside

    def _read(self) -> _Record:
        """Return what is known of the story on this chain; begin it if nothing is."""
        genesis = self.connection.genesis_hash.hex()
        try:
            found = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            found = {}
        if found.get("genesis") == genesis:
            return _Record(**found)
        now = self.now
        record = _Record(genesis, secrets.token_hex(32), now, max(now, int(time.time())), [])
        self._write(record)
        return record

    def _write(self, record: _Record) -> None:
        _files.replace(self._path, json.dumps(asdict(record), indent=2).encode())

    @property
    def _path(self) -> Path:
        return self.folder / "story.json"


@dataclass(slots=True)
class _Record:
    """The file that remembers the story: which chain, from which seed, what is told."""

    genesis: str
    seed: str = field(repr=False)
    begins_at: int
    ends_at: int
    done: list[str]
