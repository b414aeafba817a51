"""A process that imports a list and may kill itself half way; run by the import's crash test.

Usage: killed_import.py STORE KEYS FILE REJECTS [POINT CALLS]: the process dies of SIGKILL at the
end of that many calls of the point.
"""

import os
import signal
import sys
from pathlib import Path

from crmdapp.customers.importing import importer
from crmdapp.customers.importing.chunks import ChunkWriter
from crmdapp.customers.importing.importer import Importer, plan_import
from crmdapp.customers.importing.journal import ImportJournal
from crmdapp.customers.importing.rejects import RejectsFile
from crmdapp.customers.matching import match_key
from crmdapp.store.database import open_store
from crmdapp.store.epochs import vault_domain
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.vault import Vault
from tests.customers.importing.conftest import CHAIN, PEPPER, REGISTRY, SPACE

POINTS = {
    "adopted": (Vault, "adopt"),
    "sealed": (Vault, "write_many"),
    "prepared": (ChunkWriter, "prepare"),
    "rejected": (RejectsFile, "sync"),
    "recorded": (ChunkWriter, "record"),
    "noted": (ImportJournal, "move"),
}
"""Where the process can die: what was called, on which class."""


def kill_after(kind, name, calls):
    real = getattr(kind, name)
    done = []

    def dying(self, *args, **options):
        found = real(self, *args, **options)
        done.append(1)
        if len(done) == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(kind, name, dying)


def main():
    importer.CHUNK = 10
    url, keys_path, path, rejects = sys.argv[1:5]
    with open_store(url) as store, OperatorKeys(keys_path) as keys:
        vault = Vault(store, keys, vault_domain(CHAIN, REGISTRY))
        work = Importer(store, vault, PEPPER, SPACE, match_key(keys))
        if len(sys.argv) > 5:
            kill_after(*POINTS[sys.argv[5]], int(sys.argv[6]))
        work.run(plan_import(path), rejects=Path(rejects))


if __name__ == "__main__":
    main()
