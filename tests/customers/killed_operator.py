"""A company that keeps its log and may kill itself half way; run by the crash tests.

Usage: killed_operator.py URL CONTRACT FOLDER COUNT WORK [POINT]. WORK is ``anchor`` or ``erase``.
Each receipt is printed as it is given out. POINT is where it kills itself, at the third call:
``added`` (an interaction and its receipt are written, not yet safe), ``given`` (its receipt was
given out), ``planned`` (a batch is written down), ``leased``, ``signed``, ``sent``, ``mined``
(seen, not yet written down by the sender), ``settling`` (not yet by the log), ``settled``;
``closed`` (the last interaction of a customer is in), ``locked`` (its keys are about to go),
``keyless`` (they are gone, its payloads are not) or ``erased`` (all is gone).
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from crmdapp.chain import Journal, LocalSigner, Sender, SendPolicy, connect
from crmdapp.chain.connection import Connection
from crmdapp.chain.journal import Journal as JournalClass
from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.leaves import InteractionKind
from crmdapp.customers.log_journal import LogJournal
from crmdapp.customers.log_keys import LogKeys
from crmdapp.customers.log_rows import Recording
from crmdapp.customers.operator import LogOperator
from tests.chain.killed_sender import FATAL_TIME, kill_at
from tests.fixtures.anvil import DEV_KEYS

COMPANY = DEV_KEYS[4]
CUSTOMERS = tuple(f"0x{0xC0FFEE + n:040x}" for n in range(3))
SECRET = "allergic to peanuts"
PER_BATCH = 2

ANCHOR_POINTS = {
    "added": (Recording, "add", True),
    "planned": (LogJournal, "plan", True),
    "leased": (JournalClass, "lease", True),
    "signed": (JournalClass, "record_signed", True),
    "sent": (Connection, "broadcast", True),
    "mined": (JournalClass, "record_mined", False),
    "settling": (LogJournal, "settle", False),
    "settled": (LogJournal, "settle", True),
}
ERASE_POINTS = {
    "closed": (Recording, "close", True),
    "locked": (LogKeys, "destroy", False),
    "keyless": (LogKeys, "destroy", True),
    "erased": (LogJournal, "erase", True),
}
POINTS = {**ANCHOR_POINTS, **ERASE_POINTS}


def main() -> None:
    url, contract, folder, count, work = sys.argv[1:6]
    point = sys.argv[6] if len(sys.argv) > 6 else ""
    if point in POINTS:
        cls, name, after = POINTS[point]
        kill_at(cls, name, after=after)
    place = Path(folder)
    signer = LocalSigner(COMPANY)
    with (
        connect(url) as connection,
        Journal(place / "sent.sqlite3") as sent,
        LogJournal(place / "interactions.sqlite3") as journal,
        LogKeys(place / "keys.sqlite3") as keys,
    ):
        sender = Sender(connection, signer, sent, policy=SendPolicy(poll=0.02, timeout=60))
        client = LogClient(connection, contract, sender)
        operator = LogOperator(client, journal, keys, signer=signer, clock=time.time)
        note(operator, int(count), point)
        if work == "erase":
            for customer in CUSTOMERS:
                pseudonym = operator.known_pseudonym(customer)
                if pseudonym is not None:
                    operator.erase(pseudonym)
        operator.anchor(most=PER_BATCH)


def note(operator: LogOperator, count: int, point: str) -> None:
    """Note interactions of all customers, except of those that are erased."""
    pseudonyms = dict(zip(CUSTOMERS, operator.pseudonyms(CUSTOMERS), strict=True))
    for number in range(count):
        receipt = operator.record(
            pseudonyms[CUSTOMERS[number % len(CUSTOMERS)]],
            InteractionKind.SUPPORT_NOTE,
            {"text": SECRET, "number": number},
            key=f"ticket-{number}",
        )
        print(json.dumps(receipt.to_json()), flush=True)
        if point == "given" and number + 1 == FATAL_TIME:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
