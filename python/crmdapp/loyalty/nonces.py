"""Numbers for signed intents: neighbours of each other, and never the same twice.

A contract keeps 256 of a signer's numbers in one word of its storage. The first use of a word
costs 17,100 gas more than any later one, so it pays to take neighbours. A number must not be given
to two intents, though: only one of them could ever be carried out. The chain knows the numbers
that were used, but not those that are signed and still on their way; so they are counted here.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from crmdapp.chain._database import Database
from crmdapp.chain.addresses import require_address
from crmdapp.chain.typed_data import Domain

SCHEMA_VERSION = 1

_WORD_NUMBERS = 256
_WORD_BITS = 248
_SCHEMA = """
CREATE TABLE words (
    chain_id TEXT NOT NULL,
    contract TEXT NOT NULL,
    signer TEXT NOT NULL,
    word TEXT NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (chain_id, contract, signer)
) STRICT;
"""


class NonceBook(Database):
    """Which numbers of each signer were taken; safe to share between threads and processes.

    Every book begins a word of its own, drawn at random. So two machines that hold the same key,
    such as the buyer of a card and who was given it, never take the same number, and neither does
    a book whose file was lost. A copy of a file would repeat the other's numbers: give each
    machine its own.

    Args:
        path: The file; created, with its folder, if missing.

    Raises:
        JournalProblem: The file is damaged, of another version, or no such file.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path, what="nonce book", schema=_SCHEMA, version=SCHEMA_VERSION)

    def take(self, domain: Domain, signer: str) -> int:
        """Return a number below 2^256 that no intent of the signer carries yet.

        It is on the disk as taken before it is returned, and stays so if it is never used.

        Args:
            domain: The contract and chain that the intent is signed for.
            signer: Address of the key that signs.

        Raises:
            UsageError: The signer or the contract is no address.
            JournalProblem: Another process holds the file, or it is damaged.
            DiskFull: The disk is full; the number was not taken.
        """
        contract = require_address(domain.verifying_contract)
        owner = (str(domain.chain_id), contract, require_address(signer))
        with self._writing() as db:
            row = db.execute(
                "SELECT word, taken FROM words WHERE chain_id = ? AND contract = ? AND signer = ?",
                owner,
            ).fetchone()
            if row is None or row["taken"] >= _WORD_NUMBERS:
                word, taken = secrets.randbits(_WORD_BITS), 0
            else:
                word, taken = int(row["word"], 16), row["taken"]
            db.execute(
                "INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?, ?)",
                (*owner, f"{word:062x}", taken + 1),
            )
        return word << 8 | taken
