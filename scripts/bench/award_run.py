"""Award a file once, in a process of its own, and report its time and memory as JSON.

python -m scripts.bench.award_run RPC HUB FILE
"""

from __future__ import annotations

import json
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

from crmdapp.chain import Journal, LocalSigner, Sender, connect
from crmdapp.loyalty.award_file import award_file
from crmdapp.loyalty.client import LoyaltyClient
from crmdapp.loyalty.models import ProgramConfig
from tests.fixtures.anvil import DEV_KEYS

UNLIMITED = 2**48 - 1  # an issuer's budget


def main() -> int:
    """Open a program, award the file, print the figures; returns the exit code."""
    rpc, hub, path = sys.argv[1:]
    signer = LocalSigner(DEV_KEYS[0])
    with tempfile.TemporaryDirectory() as folder, connect(rpc) as connection:
        sender = Sender(connection, signer, Journal(Path(folder) / "journal.sqlite"))
        client = LoyaltyClient(connection, hub, sender)
        config = ProgramConfig(
            name="Coffee Corner", symbol="BEAN", validity=4, cap=0, has_token=False, tiers=()
        )
        program = client.create_program(config)
        client.set_issuer(program.id, signer.address, UNLIMITED)
        clock, own = time.perf_counter(), time.process_time()
        award_file(client, Path(path), program.id)
        figures = {
            "seconds": time.perf_counter() - clock,
            "own_seconds": time.process_time() - own,
            "peak": peak_memory(),
        }
    print(json.dumps(figures))
    return 0


def peak_memory() -> int:
    """Return the most memory this process held, in bytes.

    Linux counts what the parent held before the exec into `ru_maxrss`, so ask for this process's
    own high-water mark where there is one.
    """
    status = Path("/proc/self/status")
    if status.is_file() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    sys.exit(main())
