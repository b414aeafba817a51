"""A process that relays signed intents and may kill itself half way; run by the crash test.

Usage: killed_relayer.py URL HUB FOLDER INTENTS [POINT]. INTENTS is a JSON file of signed intents.
POINT is where it kills itself, at the third call: ``accepted`` (an intent is written down),
``formed`` (a batch is), ``signed``, ``sent``, ``mined`` (seen, not yet written down by the sender)
or ``settled`` (the receipt was read, its outcome not yet written down).
"""

import json
import sys
from pathlib import Path

from crmdapp.chain import Journal, LocalSigner, Sender, SendPolicy, connect
from crmdapp.chain.connection import Connection
from crmdapp.chain.journal import Journal as JournalClass
from crmdapp.loyalty import IntentJournal, LoyaltyClient, Relayer, SignedIntent
from crmdapp.loyalty.intent_journal import IntentJournal as IntentJournalClass
from tests.chain.killed_sender import kill_at
from tests.fixtures.anvil import DEV_KEYS

POINTS = {
    "accepted": (IntentJournalClass, "add", True),
    "formed": (IntentJournalClass, "form", True),
    "signed": (JournalClass, "record_signed", True),
    "sent": (Connection, "broadcast", True),
    "mined": (JournalClass, "record_mined", False),
    "settled": (IntentJournalClass, "settle", False),
}


def main() -> None:
    url, hub, folder, path = sys.argv[1:5]
    if len(sys.argv) > 5:
        cls, name, after = POINTS[sys.argv[5]]
        kill_at(cls, name, after=after)
    place = Path(folder)
    with (
        connect(url) as connection,
        Journal(place / "killed.sqlite3") as journal,
        IntentJournal(place / "killed-intents.sqlite3") as intents,
    ):
        policy = SendPolicy(poll=0.02, timeout=60)
        sender = Sender(connection, LocalSigner(DEV_KEYS[1]), journal, policy=policy)
        relayer = Relayer(LoyaltyClient(connection, hub, sender), intents)
        for item in json.loads(Path(path).read_text()):
            relayer.accept(SignedIntent.from_json(item))
        relayer.flush()


if __name__ == "__main__":
    main()
