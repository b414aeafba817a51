"""Whether a signed intent could be carried out now: what the relayer looks at before taking one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdapp.chain.calls import Call, encode
from crmdapp.chain.errors import IntentExpired, IntentNonceUsed, IntentSignatureInvalid
from crmdapp.errors import ContractError, TransactionReverted
from crmdapp.loyalty.errors import (
    ERC6909InsufficientBalance,
    OrderUsed,
    ProgramIssuerOnly,
    ProgramNotConnected,
)
from crmdapp.loyalty.intent_journal import IntentJournal
from crmdapp.loyalty.intents import RedeemIntent, SignedIntent

if TYPE_CHECKING:
    from crmdapp.loyalty.client import LoyaltyClient

ERC1271_GAS = 150_000
"""Gas the hub lets a smart account spend on judging a signature."""

_ERC1271_SELECTOR = bytes.fromhex("1626ba7e")

# Most gas an intent may take in a batch: signed by a key, or by a smart account, and per byte.
_GAS_BY_KEY = 50_000
_GAS_BY_ACCOUNT = 210_000
_GAS_PER_BYTE = 40


class IntentChecks:
    """Judges intents for one hub and one submitting account.

    Args:
        client: The hub, with the account that submits.
        journal: What was taken before.
    """

    def __init__(self, client: LoyaltyClient, journal: IntentJournal) -> None:
        self._client = client
        self._submitter = client.sender.address
        self._journal = journal
        self._connection = client.connection
        self._genesis = client.connection.genesis_hash
        self._issued: set[int] = set()

    def require_usable(self, signed: SignedIntent) -> int:
        """Return the most gas the intent may take in a batch, if it could be carried out now.

        Raises:
            ContractError: It could not, as the twin of the hub's error.
            NodeProblem: The node could not be asked.
        """
        gas = self._require_signature(signed)
        self._require_in_time(signed)
        self._require_unused(signed)
        self._require_allowed(signed)
        self._require_balance(signed)
        return gas

    def _require_signature(self, signed: SignedIntent) -> int:
        """Return the most gas the intent may take, having checked the signature."""
        gas = _GAS_PER_BYTE * len(signed.signature)
        if signed.signed_by_key():
            return gas + _GAS_BY_KEY
        if self._is_accepted_by_account(signed):
            return gas + _GAS_BY_ACCOUNT
        raise IntentSignatureInvalid(signed.intent.from_, signed.digest)

    def _is_accepted_by_account(self, signed: SignedIntent) -> bool:
        """Ask the smart account at the holder's address (ERC-1271), within the hub's gas."""
        account = signed.intent.from_
        if not self._connection.code(account):
            return False
        question = encode(
            ("bytes32", "bytes"), (signed.digest, signed.signature), "isValidSignature"
        )
        call = Call(account, _ERC1271_SELECTOR + question, function="isValidSignature")
        # Beside the account's own gas: 21,000 for the call, and its data.
        gas = ERC1271_GAS + 21_000 + _GAS_PER_BYTE * len(call.data)
        try:
            answer = self._connection.eth_call(call, sender=self._client.hub.address, gas=gas)
        except TransactionReverted:
            return False
        return answer[:32] == _ERC1271_SELECTOR.ljust(32, b"\0")

    def _require_in_time(self, signed: SignedIntent) -> None:
        now = self._connection.block_timestamp()
        if signed.intent.deadline < now:
            raise IntentExpired(signed.intent.deadline, now)

    def _require_unused(self, signed: SignedIntent) -> None:
        intent = signed.intent
        if isinstance(intent, RedeemIntent):
            used = self._client.hub.read("isOrderUsed", intent.merchant, intent.order_id)
        else:
            used = self._client.hub.read("isNonceUsed", intent.from_, intent.nonce)
        if used:
            raise taken(signed)

    def _require_allowed(self, signed: SignedIntent) -> None:
        intent = signed.intent
        if not isinstance(intent, RedeemIntent):
            return
        merchant = intent.merchant
        if merchant not in self._issued:
            if self._client.issuer(merchant, self._submitter).budget == 0:
                raise ProgramIssuerOnly(merchant, self._submitter)
            self._issued.add(merchant)
        if merchant != intent.program and self._client.hub.read("pricesOf", intent.program)[0] == 0:
            raise ProgramNotConnected(intent.program)

    def _require_balance(self, signed: SignedIntent) -> None:
        intent = signed.intent
        balance = self._client.balance(intent.program, intent.from_)
        left = balance - self._journal.reserved(self._genesis, signed)
        if intent.points > left:
            raise ERC6909InsufficientBalance(
                intent.from_, max(0, left), intent.points, intent.program
            )


def taken(signed: SignedIntent) -> ContractError:
    """Return the error for an order or nonce that is taken."""
    intent = signed.intent
    if isinstance(intent, RedeemIntent):
        return OrderUsed(intent.merchant, intent.order_id)
    return IntentNonceUsed(intent.from_, intent.nonce)
