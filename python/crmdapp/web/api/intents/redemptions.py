"""Redemptions travel in batches: those that come while a batch is on its way share the next one.

Every intent taken is in the relayer's journal before the request waits for it, so a server that is
killed loses none: the next one submits what is left.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from crmdapp.errors import CrmdappError, ReceiptTimeout
from crmdapp.loyalty.intent_journal import IntentJournal
from crmdapp.loyalty.relayer import Relayer
from crmdapp.web.errors import RequestConflict

if TYPE_CHECKING:
    from crmdapp.loyalty.client import LoyaltyClient
    from crmdapp.loyalty.intent_journal import RelayedIntent
    from crmdapp.loyalty.intents import SignedIntent
    from crmdapp.web.context import Context

_FINAL = ("mined", "skipped", "rejected")


class IntentSkipped(RequestConflict):
    """The contract left the intent out of its batch; it stays usable.

    Attributes:
        reason: Name of the contract's error.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"The contract did not carry out the redemption: {reason}.")
        self.reason = reason


class Redemptions:
    """Takes redemptions for one account and submits them in batches.

    Args:
        context: What all requests share.
        client: The hub, with the account that submits.
    """

    def __init__(self, context: Context, client: LoyaltyClient) -> None:
        self._journal = IntentJournal(context.settings.state_dir / "intents.sqlite3")
        self._genesis = context.connection.genesis_hash
        self._relayer = Relayer(client, self._journal)
        self._patience = context.settings.patience
        self._changed = threading.Condition()
        self._waiting = True  # what an earlier process left
        self._round = 0
        self._problem: CrmdappError | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="crmdapp-redeem", daemon=True)
        self._thread.start()

    def carry_out(self, signed: SignedIntent) -> RelayedIntent:
        """Take a redemption and wait until it is mined, as long as a request may.

        Raises:
            ContractError: It could not be carried out, as the twin of the contract's error.
            IntentSkipped: It could have been, and something came between.
            ReceiptTimeout: It is taken and not mined yet.
            CrmdappError: It is taken, and its batch could not be sent now.
        """
        taken = self._relayer.accept(signed)
        if taken.state not in _FINAL:
            taken = self._await(taken)
        if taken.state != "mined":
            raise IntentSkipped(taken.reason)
        return taken

    def stop(self) -> None:
        """Finish the batch under way and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()
        self._journal.close()

    def _await(self, taken: RelayedIntent) -> RelayedIntent:
        deadline = time.monotonic() + self._patience
        with self._changed:
            self._waiting = True
            self._changed.notify_all()
            wanted = self._round + 2  # a round under way may have begun before this one was taken
            while True:
                found = self._journal.find(self._genesis, taken.digest)
                if found is not None and found.state in _FINAL:
                    return found
                if self._round >= wanted and self._problem is not None:
                    raise self._problem
                left = deadline - time.monotonic()
                if left <= 0 or self._stopping:
                    raise ReceiptTimeout(
                        "The redemption is taken and not mined yet.",
                        tx_hash=(found.tx_hash if found else None) or "",
                    )
                self._changed.wait(left)

    def _run(self) -> None:
        while self._next():
            problem: CrmdappError | None = None
            try:
                report = self._relayer.flush()
                if report.problems:
                    problem = report.problems[0].error
            except CrmdappError as found:
                problem = found
            with self._changed:
                self._problem = problem
                self._round += 1
                if problem is not None and not self._stopping:
                    self._waiting = True
                self._changed.notify_all()
            if problem is not None:
                time.sleep(0.5)

    def _next(self) -> bool:
        """Wait for something to submit; ``False`` when it is time to end."""
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            self._waiting = False
            return not self._stopping
