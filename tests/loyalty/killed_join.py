"""A process that joins the network and may kill itself half way; run by the joining's crash test.

Usage: killed_join.py URL HUB JOURNAL PARTNER [POINT]; for POINT see ``killed_sender``. It dies when
it comes to that point for the first time.
"""

import sys

from crmdapp.chain import Journal, LocalSigner, Sender, SendPolicy, connect
from crmdapp.loyalty import LoyaltyClient, ProgramConfig
from crmdapp.loyalty.joining import JoinPlan, join
from tests.chain import killed_sender
from tests.fixtures.anvil import DEV_KEYS

KEY = "join: Nook"
DEPOSIT = 900_000


def shop_plan(partner: int, **changes) -> JoinPlan:
    """What the shop decides."""
    values = {
        "config": ProgramConfig("Nook", "NOOK", 2, tiers=(500,)),
        "on_ramp": 12_000,
        "off_ramp": 8_000,
        "issuer": LocalSigner(DEV_KEYS[1]).address,
        "budget": 5_000,
        "deposit": DEPOSIT,
        "limits": ((partner, 600_000),),
    }
    return JoinPlan(**{**values, **changes})


def main() -> None:
    url, hub, journal_path, partner = sys.argv[1:5]
    if len(sys.argv) > 5:
        killed_sender.FATAL_TIME = 1
        cls, name, after = killed_sender.POINTS[sys.argv[5]]
        killed_sender.kill_at(cls, name, after=after)
    with connect(url) as connection, Journal(journal_path) as journal:
        policy = SendPolicy(poll=0.02, timeout=60)
        sender = Sender(connection, LocalSigner(DEV_KEYS[4]), journal, policy=policy)
        join(LoyaltyClient(connection, hub, sender), shop_plan(int(partner)), key=KEY)


if __name__ == "__main__":
    main()
