"""A process that works on a vault and kills itself after a step; run by the crash tests.

Usage: killed_vault.py STORE KEYS STEP WHAT [ARGUMENT]. A step is a change of the store or of the
key file that is on the disk. WHAT is erase CID, withdraw CONSENT, claim FILE or accept FILE.
"""

import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

from crmdapp.store.database import Store, open_store
from crmdapp.store.epochs import KeyPackage, vault_domain
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.vault import Vault
from tests.store.conftest import CHAIN, REGISTRY, START


class Fuse:
    """Kills this process after so many steps."""

    def __init__(self, steps):
        self._left = steps

    def step(self):
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def after_block(self, method):
        @contextmanager
        def counted(*args):
            with method(*args) as given:
                yield given
            self.step()

        return counted

    def after_call(self, method):
        def counted(*args):
            result = method(*args)
            self.step()
            return result

        return counted


def main():
    store_url, key_path, steps, what, argument = sys.argv[1:6]
    with open_store(store_url) as store, OperatorKeys(key_path) as keys:
        vault = Vault(store, keys, vault_domain(CHAIN, REGISTRY), clock=lambda: float(START))
        fuse = Fuse(int(steps))
        Store.writing = fuse.after_block(Store.writing)
        Store.scrub = fuse.after_call(Store.scrub)
        OperatorKeys.changing = fuse.after_block(OperatorKeys.changing)
        OperatorKeys.scrub = fuse.after_call(OperatorKeys.scrub)
        if what == "erase":
            vault.erase(bytes.fromhex(argument))
        elif what == "withdraw":
            vault.withdraw(bytes.fromhex(argument))
        else:
            package = KeyPackage.from_json(Path(argument).read_text())
            bundle = package.bundle.bundle
            if what == "claim":
                vault.claim(bundle.profile, bundle.subject, package)
            else:
                vault.accept(package)
    print("finished")


if __name__ == "__main__":
    main()
