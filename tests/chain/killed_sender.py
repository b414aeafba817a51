"""A process that sends transfers and may kill itself half way; run by the crash tests.

Usage: killed_sender.py URL JOURNAL FIRST LAST [POINT]. POINT is where it kills itself, at the third
transaction: ``leased``, ``signed`` (in the journal, not sent), ``sent`` (the node has it) or
``mined`` (the receipt was seen, not yet written down).
"""

import os
import signal
import sys

from crmdapp.chain import Call, Journal, LocalSigner, Sender, SendPolicy, connect
from crmdapp.chain.connection import Connection
from crmdapp.chain.journal import Journal as JournalClass
from tests.fixtures.anvil import DEV_KEYS

FATAL_TIME = 3


def receiver(number: int) -> str:
    return f"0x{0xBEEF0000 + number:040x}"


def kill_at(cls: type, name: str, *, after: bool) -> None:
    original = getattr(cls, name)
    calls = 0

    def deadly(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == FATAL_TIME and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if calls == FATAL_TIME:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(cls, name, deadly)


POINTS = {
    "leased": (JournalClass, "lease", True),
    "signed": (JournalClass, "record_signed", True),
    "sent": (Connection, "broadcast", True),
    "mined": (JournalClass, "record_mined", False),
}


def main() -> None:
    url, path, first, last = sys.argv[1:5]
    if len(sys.argv) > 5:
        cls, name, after = POINTS[sys.argv[5]]
        kill_at(cls, name, after=after)
    with connect(url) as connection, Journal(path) as journal:
        sender = Sender(
            connection, LocalSigner(DEV_KEYS[0]), journal, policy=SendPolicy(poll=0.02, timeout=60)
        )
        items = (
            (f"gift-{n}", Call(receiver(n), value=n + 1)) for n in range(int(first), int(last))
        )
        for _ in sender.send_many(items, window=3):
            pass


if __name__ == "__main__":
    main()
