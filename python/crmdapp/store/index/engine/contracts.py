"""The contracts whose events are kept: those of the manifest, and those that they create."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from crmdapp.chain import artifacts
from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import checksum, contract_address
from crmdapp.chain.manifest import Manifest
from crmdapp.loyalty.events import ProgramCreated

HUB, FACE, HOUSE = "PointsHub", "PointsToken", "ClearingHouse"
_CREATED_TOPIC = "0x" + ProgramCreated.topic.hex()


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract that is followed.

    Attributes:
        address: Where it is.
        name: Its name in the manifest; of a created one, its artifact's.
        contract: Name of its artifact.
        block: Block it was deployed in; 0 if not known.
    """

    address: str
    name: str
    contract: str
    block: int


class Contracts:
    """What is followed, by address in lower case."""

    def __init__(self, found: Sequence[Contract]) -> None:
        self._by_address = {item.address.lower(): item for item in found}
        hubs = [item.address for item in found if item.name == HUB]
        self._factory = contract_address(hubs[0], 1) if hubs else ""
        self._hub = hubs[0].lower() if hubs else ""

    @classmethod
    def of(cls, manifest: Manifest) -> Contracts:
        """Return the contracts of a manifest, and the clearing house that a hub creates."""
        found = [
            Contract(item.address, item.name, item.contract, item.block)
            for item in manifest
            if item.address
        ]
        houses = [
            Contract(contract_address(item.address, 2), HOUSE, HOUSE, item.block)
            for item in found
            if item.name == HUB and HOUSE not in manifest
        ]
        return cls(found + houses)

    @property
    def first_block(self) -> int:
        """The block of the first deployment; 0 if it is not known of one."""
        return min((item.block for item in self._by_address.values()), default=0)

    def __iter__(self) -> Iterator[Contract]:
        return iter(list(self._by_address.values()))  # the fetching thread may add to it

    def __len__(self) -> int:
        return len(self._by_address)

    def get(self, address: str) -> Contract | None:
        """Return the contract at an address, lower case; ``None`` if it is not followed."""
        return self._by_address.get(address)

    def addresses(self) -> tuple[str, ...]:
        """Return the addresses, lower case."""
        return tuple(self._by_address)

    def add(self, contract: Contract) -> None:
        """Follow a contract."""
        self._by_address[contract.address.lower()] = contract

    def keep(self, block: int) -> None:
        """Stop following what was created after a block."""
        for address, item in list(self._by_address.items()):
            if item.name == FACE and item.block > block:
                del self._by_address[address]

    def discover(self, logs: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """Follow what the contracts created according to these logs.

        Returns:
            Addresses of what was not followed before, lower case.
        """
        new: list[str] = []
        for log in logs:
            topics = log["topics"]
            if topics and topics[0] == _CREATED_TOPIC and log["address"].lower() == self._hub:
                face = self._face(int(topics[1], 16), int(log["blockNumber"], 16))
                if face is not None:
                    new.append(face.address.lower())
        return tuple(new)

    def _face(self, program: int, block: int) -> Contract | None:
        if program % 2 == 0:
            return None  # only odd programs have a face that emits events
        address = create2_address(self._factory, program.to_bytes(32, "big"), _face_code_hash())
        if address.lower() in self._by_address:
            return None
        face = Contract(address, FACE, FACE, block)
        self.add(face)
        return face


def create2_address(factory: str, salt: bytes, code_hash: bytes) -> str:
    """Return the address of a contract that a factory creates.

    Source: EIP-1014.
    """
    digest = keccak(b"\xff" + bytes.fromhex(factory[2:]) + salt + code_hash)
    return checksum("0x" + digest[12:].hex())


@cache
def _face_code_hash() -> bytes:
    return keccak(artifacts.load(FACE).init_code())
