"""A process that awards a file and may kill itself half way; run by the award file's crash test.

Usage: killed_award.py URL HUB JOURNAL FILE PROGRAM [POINT]; for POINT see ``killed_sender``.
"""

import sys

from crmdapp.chain import Journal, LocalSigner, Sender, SendPolicy, connect
from crmdapp.loyalty import LoyaltyClient, award_plan
from crmdapp.loyalty.award_file import award_file
from tests.chain.killed_sender import POINTS, kill_at
from tests.fixtures.anvil import DEV_KEYS

SMALL_CHUNK = 20


def main() -> None:
    award_plan.RECORDS_PER_CHUNK = SMALL_CHUNK
    url, hub, journal_path, path, program = sys.argv[1:6]
    if len(sys.argv) > 6:
        cls, name, after = POINTS[sys.argv[6]]
        kill_at(cls, name, after=after)
    with connect(url) as connection, Journal(journal_path) as journal:
        policy = SendPolicy(poll=0.02, timeout=60)
        sender = Sender(connection, LocalSigner(DEV_KEYS[1]), journal, policy=policy)
        award_file(LoyaltyClient(connection, hub, sender), path, int(program), window=3)


if __name__ == "__main__":
    main()
