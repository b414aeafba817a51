"""A process that follows a chain and kills itself at a step; run by the crash tests.

Usage: killed_follower.py INDEX RPC MANIFEST STEP. A step is a write into a table, inside of the
transaction, or the end of one.
"""

import os
import signal
import sys

from crmdapp.chain import connect
from crmdapp.chain.manifest import Manifest
from crmdapp.store.index import Follower, Index, open_index
from crmdapp.store.index.engine import source
from crmdapp.store.index.engine.sql import Sql


def main():
    url, rpc, manifest, steps = sys.argv[1:5]
    left = [int(steps)]

    def counted(method):
        def call(*args, **named):
            result = method(*args, **named)
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    source._FIRST_SPAN = source.LONGEST_SPAN = 4
    Sql.insert, Sql.upsert, Sql.delete = map(counted, (Sql.insert, Sql.upsert, Sql.delete))
    with open_index(url) as index, connect(rpc) as connection:
        follower = Follower(index, connection, Manifest.load(manifest))
        Follower.step = counted(Follower.step)
        follower.run()
        follower.close()
    assert isinstance(index, Index)


if __name__ == "__main__":
    main()
