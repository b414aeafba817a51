"""Sending from an account whose key is in its person's browser.

The handler of a form sends through a :class:`WalletSender` as through any other sender. What the
person's wallet has not sent yet ends the handler with :class:`UnconfirmedError`. The page that
answers has the wallet send it and then sends the form again, with the transaction's hash. The
handler runs anew, finds what was sent under each key, and goes on to its next transaction or to its
end. So handlers know nothing of wallets, and one that sends several transactions has them confirmed
one after the other.

Nothing is believed of the browser. A hash counts only with the seal of what this server asked this
visitor for by this form, and only for the transaction that the chain knows under it.
"""

from __future__ import annotations

import hmac
import json
import re
import time
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain._pricing import Pricing
from crmdapp.chain.addresses import checksum
from crmdapp.chain.calls import Call
from crmdapp.chain.decode import as_bytes, as_int
from crmdapp.chain.sender import Sender
from crmdapp.chain.transactions import Receipt, SendPolicy, SentTransaction, Simulation, receipt_of
from crmdapp.errors import (
    ContractError,
    NodeProblem,
    ReceiptTimeout,
    TransactionReverted,
    UsageError,
)
from crmdapp.web.errors import ConfirmationForeign

if TYPE_CHECKING:
    from crmdapp.web.context import Context
    from crmdapp.web.security.sessions import Person, SentForm

STEPS_MAX = 64
"""Most transactions of one form."""

_DELEGATED = bytes.fromhex("ef0100")
"""How the code of a key's account begins that has delegated to a contract (EIP-7702)."""

_HASH = re.compile(r"0x[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction that a form needs.

    Attributes:
        key: Idempotency key that the handler sends it under.
        to: Where it goes.
        value: Wei sent along.
        digest: Keccak-256 of its data, hex.
        seal: Proof that this server asked this visitor for it by this form, hex.
        hash: Hash of what the wallet sent, 0x hex; empty before.
    """

    key: str
    to: str
    value: int
    digest: str
    seal: str = ""
    hash: str = ""

    def to_text(self) -> str:
        """Return what the field of the form holds."""
        return json.dumps(
            [self.key, self.to, str(self.value), self.digest, self.seal, self.hash],
            separators=(",", ":"),
        )

    @classmethod
    def from_text(cls, text: str) -> Step:
        """Return the step that a form names.

        Raises:
            ConfirmationForeign: The text is none of this server's.
        """
        try:
            key, to, value, digest, seal, tx_hash = (str(part) for part in json.loads(text))
            step = cls(key, to, int(value), digest, seal, tx_hash.lower())
        except (ValueError, TypeError, RecursionError):
            raise _foreign("") from None
        if not _HASH.fullmatch(step.hash):
            raise _foreign("")
        return step


class UnconfirmedError(Exception):
    """A handler needs a transaction that only the person's wallet can send.

    It is no problem of the request, so no handler takes it for one.

    Attributes:
        account: Who is to send it.
        call: What it does.
        costs: What sending it would do and cost, tried on the chain's present state.
        step: The step, sealed, still without a hash.
        done: What the wallet has sent for the form before.
        form: The form that needs it.
    """

    def __init__(
        self,
        account: str,
        call: Call,
        costs: Simulation,
        step: Step,
        done: tuple[Step, ...],
        form: SentForm,
    ) -> None:
        super().__init__(f"{call} is not confirmed")
        self.account, self.call, self.costs = account, call, costs
        self.step, self.done, self.form = step, done, form


class WalletSender(Sender):
    """Has a person's wallet send, one form at a time.

    Args:
        context: The server's.
        person: Who sends; the form that the request bears is theirs.
    """

    def __init__(self, context: Context, person: Person) -> None:
        # No key and no nonces here, so nothing of the base class's set-up.
        self.connection = context.connection
        self.journal = context.journal
        self.policy = SendPolicy(
            timeout=context.settings.patience, confirmations=context.settings.confirmations
        )
        self._owner = person.address
        self._pricing = Pricing(context.connection, person.address, self.policy)
        self._secret = context.secret("wallet")
        self._form = person.form
        self._steps = {} if person.form is None else self._read(person.form)

    @property
    def address(self) -> str:
        """The account that sends."""
        return self._owner

    def pending(self) -> list[SentTransaction]:
        """Return nothing: the wallet keeps what it has sent."""
        return []

    def status(self, hash_or_key: str) -> SentTransaction:
        """Return what the wallet has sent for the form under that key, or with that hash.

        The page has waited for its block, so this does too: then it is known whether it was
        carried out.

        Raises:
            UsageError: It has sent no such thing.
            ConfirmationForeign: It sent another transaction than it was asked for.
            ReceiptTimeout: It is not in a block yet.
        """
        for step in self._steps.values():
            if hash_or_key in (step.key, step.hash):
                sent = self._sent(step)
                found = self._settled(sent, self.policy.timeout, self.policy.confirmations)
                state = "mined" if found.status == 1 else "reverted"
                return replace(sent, state=state, block=found.block)
        raise UsageError("The wallet has not sent this yet.")

    def send(
        self,
        call: Call,
        *,
        key: str | None = None,
        gas: int | None = None,
        again_if_reverted: bool = False,  # noqa: ARG002 - a new form asks anew
    ) -> SentTransaction:
        """Return what the wallet has sent for ``call``, or have it asked.

        Raises:
            UnconfirmedError: The wallet has to send it first.
            ContractError: The contract would refuse, as the twin of its error; nobody was asked.
            FundsMissing: The account cannot pay; nobody was asked.
            ConfirmationForeign: The wallet sent another transaction than it was asked for.
            UsageError: The request bears no form that could be sent again.
        """
        data = call.data
        name = key or "call/" + keccak(f"{call.to} {call.value} ".encode() + data).hex()
        if name in self._steps:
            return self._sent(self._steps[name], call)
        if self._form is None or call.to is None or len(self._steps) >= STEPS_MAX:
            raise UsageError(
                "A browser's wallet cannot send this from here.",
                hint="Use the command line, or sign in with a key file on your own machine.",
            )
        self._require_plain()
        costs = self._tried(call, gas)
        step = Step(name, call.to, call.value, keccak(data).hex())
        sealed = replace(step, seal=self._seal(step, self._form))
        done = tuple(self._steps.values())
        raise UnconfirmedError(self._owner, call, costs, sealed, done, self._form)

    def wait(
        self,
        tx: SentTransaction | str,
        *,
        timeout: float | None = None,
        confirmations: int | None = None,
    ) -> Receipt:
        """Return the receipt once the transaction is in a block that stays.

        Raises:
            ReceiptTimeout: It is still pending; it has not failed.
            ContractError: It was mined and reverted, as the twin of the contract's error.
            TransactionReverted: It was mined and reverted without a reason.
            NodeProblem: The node could not be asked.
        """
        sent = self.status(tx) if isinstance(tx, str) else tx
        found = self._settled(
            sent,
            self.policy.timeout if timeout is None else timeout,
            self.policy.confirmations if confirmations is None else confirmations,
        )
        if found.status != 1:
            raise self._reason(sent, found)
        return found

    # ----------------------------------------------------------------- inside

    def _require_pending(self, tx: SentTransaction | str) -> SentTransaction:  # noqa: ARG002
        raise UsageError("Speed it up, or cancel it, in the wallet that sent it.")

    def _require_plain(self) -> None:
        """Refuse an account that is a contract: what it sends has another hash and sender."""
        code = self.connection.code(self._owner)
        if code and not code.startswith(_DELEGATED):
            raise UsageError(
                "Your account is a contract, and this page cannot follow what its wallet sends.",
                hint="Make the same call in the account's own application.",
            )

    def _tried(self, call: Call, gas: int | None) -> Simulation:
        if gas is None:
            return self._pricing.simulate(call)
        self._pricing.tried(call, gas)
        fees = self._pricing.fees.suggest()
        cost = self._pricing.require_funds(call, gas, fees)
        return Simulation(gas, fees.max_fee, fees.tip, cost, b"")

    def _read(self, form: SentForm) -> dict[str, Step]:
        """Return the steps that the form names, by key.

        Raises:
            ConfirmationForeign: One was not asked for by this form, or of another visitor.
        """
        steps = [Step.from_text(text) for text in form.steps[:STEPS_MAX]]
        for step in steps:
            if not hmac.compare_digest(step.seal.encode(), self._seal(step, form).encode()):
                raise _foreign(step.hash)
        return {step.key: step for step in steps}

    def _seal(self, step: Step, form: SentForm) -> str:
        asked = [step.key, step.to, str(step.value), step.digest]
        said = [self._owner, form.visitor, form.action, *form.fields, asked]
        return hmac.new(self._secret, json.dumps(said).encode(), sha256).hexdigest()

    def _sent(self, step: Step, call: Call | None = None) -> SentTransaction:
        tx = self._transaction(step.hash)
        fits = (
            checksum(tx["from"]) == checksum(self._owner)
            and tx.get("to") is not None
            and checksum(tx["to"]) == step.to
            and as_int(tx["value"]) == step.value
            and keccak(as_bytes(tx["input"])).hex() == step.digest
        )
        if not fits:
            raise _foreign(step.hash)
        return SentTransaction(
            id=0,
            key=step.key,
            state="signed",
            nonce=as_int(tx["nonce"]),
            hash=step.hash,
            hashes=(step.hash,),
            to=step.to,
            value=step.value,
            gas=as_int(tx["gas"]),
            max_fee=as_int(tx.get("maxFeePerGas") or tx.get("gasPrice") or 0),
            tip=as_int(tx.get("maxPriorityFeePerGas") or 0),
            function="" if call is None else call.function,
            contract="" if call is None else call.contract,
            block=None,
        )

    def _transaction(self, tx_hash: str) -> dict[str, Any]:
        """Return a transaction as JSON-RPC data; the wallet's node may know it before this one."""
        deadline = time.monotonic() + self.policy.timeout
        while True:
            found = self.connection.request("eth_getTransactionByHash", [tx_hash])
            if isinstance(found, dict) and str(found.get("hash", "")).lower() == tx_hash:
                return found
            if time.monotonic() >= deadline:
                raise _pending(tx_hash)
            time.sleep(self.policy.poll)

    def _settled(self, sent: SentTransaction, timeout: float, depth: int) -> Receipt:
        deadline = time.monotonic() + timeout
        while (found := self._mined(sent, depth)) is None:
            if time.monotonic() >= deadline:
                raise _pending(sent.hash)
            time.sleep(self.policy.poll)
        return found

    def _mined(self, sent: SentTransaction, depth: int) -> Receipt | None:
        raw = self.connection.receipt(sent.hash)
        if raw is None or raw.get("blockHash") is None:
            return None
        found = receipt_of(raw, sent.key, sent.nonce or 0)
        block = self.connection.block(found.block)
        if block is None or block["hash"] != raw["blockHash"]:
            return None  # some nodes keep the receipts of blocks that were replaced
        if depth > 1 and self.connection.block_number() - found.block + 1 < depth:
            return None
        return found

    def _reason(self, sent: SentTransaction, receipt: Receipt) -> TransactionReverted:
        """Return why a mined transaction was reverted, found by replaying it at its block."""
        raw = self._transaction(sent.hash)
        call = Call(sent.to, as_bytes(raw["input"]), sent.value)
        reason = TransactionReverted(
            f"The transaction {sent.hash} was mined, but the contract refused it.",
            why="Nothing was changed; only the network's fee was paid.",
            hint="Look at the page again: something may have changed just before.",
        )
        for block in (max(0, receipt.block - 1), receipt.block):
            try:
                self.connection.eth_call(call, sender=self._owner, block=block, gas=sent.gas)
            except ContractError as refused:
                reason = refused
                break
            except (TransactionReverted, NodeProblem):
                continue
        reason.tx_hash, reason.block = receipt.hash, receipt.block
        return reason


def sender_for(context: Context, person: Person) -> Sender:
    """Return what sends for a person: a key that is opened here, or the person's wallet.

    A key here is the key file that the person opened, or an account of the person's own address
    that whoever runs the server opened; the person has proven to be that address by signing in.
    """
    own = (item for item in context.settings.signers.values() if item.address == person.address)
    signer = person.signer or next(own, None)
    return WalletSender(context, person) if signer is None else context.sender_of(signer)


def _pending(tx_hash: str) -> ReceiptTimeout:
    return ReceiptTimeout(
        f"The transaction {tx_hash} is not in a block yet.",
        tx_hash=tx_hash,
        why="It has not failed and may still be mined.",
        hint="Look in your wallet, and at this page again, before you repeat it.",
    )


def _foreign(tx_hash: str) -> ConfirmationForeign:
    return ConfirmationForeign(
        f"The transaction {tx_hash} is not what this form asked for."
        if tx_hash
        else "What the wallet sent is not what this form asked for.",
        hint="Look in your wallet what it sent, and load this page again, before you repeat it.",
    )
