"""A relayer of a folder that may kill itself half way; run by the relayer's crash tests.

Usage: killed_relay.py URL BOX FOLDER ROLE POINT. FOLDER holds ``inbox`` and both journals. POINT is
one of :data:`POINTS`: where it kills itself, and at which time it comes there.
"""

import os
import signal
import sys
from pathlib import Path

from crmdapp.ballots import relay_inbox
from crmdapp.ballots.box import BoxClient
from crmdapp.ballots.relay import Relay
from crmdapp.ballots.relay_journal import RelayJournal
from crmdapp.chain import Journal, Sender, SendPolicy, connect
from crmdapp.chain.connection import Connection
from tests.ballots.station import signer_of

PER_BATCH = 2

# Class or module, what it does, the fatal time, and whether it is killed after doing it.
POINTS = {
    "taking": (RelayJournal, "take", 1, False),
    "taken": (RelayJournal, "take", 1, True),
    "putting away": (relay_inbox, "_put_away", 2, False),
    "forming": (RelayJournal, "_form", 2, True),
    "formed": (RelayJournal, "form", 1, True),
    "leased": (Journal, "lease", 2, True),
    "signed": (Journal, "record_signed", 2, True),
    "sent": (Connection, "broadcast", 2, True),
    "all sent": (Connection, "broadcast", 3, True),
    "mined": (Journal, "record_mined", 2, False),
    "settling": (RelayJournal, "settle", 2, False),
    "settled": (RelayJournal, "settle", 2, True),
}


def kill_at(place: object, name: str, fatal: int, after: bool) -> None:
    original = getattr(place, name)
    calls = 0

    def deadly(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == fatal and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if calls == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(place, name, deadly)


def main() -> None:
    url, address, folder, role, point = sys.argv[1:]
    if point in POINTS:
        kill_at(*POINTS[point])
    place = Path(folder)
    with connect(url) as connection, Journal(place / "journal.sqlite3") as sent:
        sender = Sender(connection, signer_of(role), sent, policy=SendPolicy(poll=0.02))
        box = BoxClient(connection, address, sender)
        relay = Relay.with_journal(box, place / "relay.sqlite3", most=PER_BATCH)
        with relay.journal:
            relay_inbox.take_folder(relay, place / "inbox")
            relay.work()


if __name__ == "__main__":
    main()
