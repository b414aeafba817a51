"""A process that registers voters or freezes a roll and may kill itself half way.

Usage: killed_registrar.py URL MANIFEST JOURNAL ELECTION FILE|freeze [POINT]. FILE holds signed
registrations, one in each line; POINT is as in tests/chain/killed_sender.py. Two voters are sent
in each transaction.
"""

import sys
from pathlib import Path

from crmdapp.ballots import roll
from crmdapp.ballots.registration import SignedRegistration
from crmdapp.ballots.roll import RollClient
from crmdapp.chain import Journal, Manifest, Sender, SendPolicy, connect
from tests.ballots.station import signer_of
from tests.chain.killed_sender import POINTS, kill_at

ROLE = "town hall"


def main() -> None:
    url, manifest, journal_path, election, what = sys.argv[1:6]
    if len(sys.argv) > 6:
        cls, name, after = POINTS[sys.argv[6]]
        kill_at(cls, name, after=after)
    roll.BATCH_GAS = 100_000
    with connect(url) as connection, Journal(journal_path) as journal:
        policy = SendPolicy(poll=0.02, timeout=60)
        sender = Sender(connection, signer_of(ROLE), journal, policy=policy)
        client = RollClient.at(connection, Manifest.load(manifest), sender)
        if what == "freeze":
            client.freeze(int(election))
        else:
            lines = Path(what).read_text().splitlines()
            client.register(int(election), [SignedRegistration.from_json(each) for each in lines])


if __name__ == "__main__":
    main()
