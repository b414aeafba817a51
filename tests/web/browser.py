"""A real Chromium for page tests: wallets announced to the page, pictures, accessibility."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.web.security.sign_in import signed_digest
from tests.fixtures.anvil import Anvil

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ROOT / ".build" / "screens"
CHROMIUM_VARIABLE = "CRMDAPP_CHROMIUM"
REJECTED = 4001

_WALLET = """
(() => {
  const info = { uuid: %(uuid)s, name: %(name)s, icon: "data:,", rdns: "test.wallet" };
  const listeners = {};
  const provider = {
    on: (name, act) => { listeners[name] = act; },
    request: async ({ method, params }) => {
      const found = await window.%(bridge)s(JSON.stringify({ method, params: params || [] }));
      const answer = JSON.parse(found);
      if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
      return answer.result;
    },
  };
  const announce = () => window.dispatchEvent(
    new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();
"""


def find_chromium() -> str:
    """The browser's program; without one the tests are skipped, unless one was promised."""
    named = os.environ.get(CHROMIUM_VARIABLE)
    found = named or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no Chromium")
    return found


class Wallet:
    """A wallet of the browser that holds one key.

    Attributes:
        asked: Methods that the page asked for, in order.
        says_no: Whether its person refuses everything (code 4001).
        chain_id: The chain it is on.
        accounts: Addresses that it shows.
        sent: Hashes of what it sent.
    """

    def __init__(self, signer: LocalSigner, chain_id: int, node: Anvil | None = None) -> None:
        self.signer = signer
        self.chain_id = chain_id
        self.node = node
        self.accounts = [signer.address]
        self.sent: list[str] = []
        self.says_no = False
        self.asked: list[str] = []

    def answer(self, text: str) -> str:
        """What it answers to a request of the page, as JSON."""
        request = json.loads(text)
        self.asked.append(request["method"])
        try:
            return json.dumps({"result": self._result(request["method"], request["params"])})
        except PermissionError:
            return json.dumps({"error": {"code": REJECTED, "message": "User rejected."}})

    def _result(self, method: str, params: list):
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method == "eth_getTransactionReceipt":
            return self.node.rpc(method, *params)
        if self.says_no:
            raise PermissionError
        if method in ("eth_requestAccounts", "eth_accounts"):
            return self.accounts
        if method == "personal_sign":
            text = bytes.fromhex(params[0][2:]).decode()
            return "0x" + self.signer.sign_digest(signed_digest(text)).hex()
        if method == "eth_signTypedData_v4":
            return "0x" + self.signer.sign_digest(digest_of(json.loads(params[1]))).hex()
        if method == "eth_sendTransaction":
            self.sent.append(self._send(params[0]))
            return self.sent[-1]
        if method == "wallet_switchEthereumChain":
            raise PermissionError
        raise AssertionError(f"the page asked for {method}")

    def _send(self, wanted: dict) -> str:
        """Sign with the key what the page asked for, and hand it to the node."""
        assert wanted["from"] == self.signer.address
        assert int(wanted["chainId"], 16) == self.chain_id
        nonce = self.node.rpc("eth_getTransactionCount", self.signer.address, "pending")
        unsigned = {
            "type": 2,
            "chainId": self.chain_id,
            "nonce": int(nonce, 16),
            "to": wanted["to"],
            "value": int(wanted["value"], 16),
            "data": bytes.fromhex(wanted["data"][2:]),
            "gas": int(wanted["gas"], 16),
            "maxFeePerGas": 10**10,
            "maxPriorityFeePerGas": 10**9,
        }
        raw = self.signer.sign_transaction(unsigned)
        return self.node.rpc("eth_sendRawTransaction", "0x" + raw.hex())


def digest_of(typed: dict) -> bytes:
    """What a wallet signs for typed data, by another implementation than the package's."""
    from eth_account import Account
    from eth_account.messages import encode_typed_data
    from eth_utils import keccak

    assert Account is not None
    message = encode_typed_data(full_message=typed)
    return keccak(b"\x19" + message.version + message.header + message.body)


def announce(
    page,
    signer: LocalSigner,
    chain_id: int,
    name: str = "Test wallet",
    node: Anvil | None = None,
) -> Wallet:
    """Let a page find a wallet by EIP-6963, from its next load on; with a node it sends too."""
    wallet = Wallet(signer, chain_id, node)
    bridge = f"wallet_{signer.address[2:10]}"
    page.expose_function(bridge, wallet.answer)
    words = {"uuid": json.dumps(signer.address), "name": json.dumps(name), "bridge": bridge}
    page.add_init_script(_WALLET % words)
    return wallet


def screenshot(page, name: str) -> Path:
    """Keep a picture of the whole page, in light and dark, as an artifact of the tests."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=SCREENS / f"{name}-{scheme}.png", full_page=True)
    return SCREENS / f"{name}-light.png"


def axe(page) -> None:
    """Assert that axe-core finds nothing serious or critical, in light and in dark."""
    # The page's own policy lets no script in: axe is evaluated, not inserted.
    page.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
        serious = [
            f"{item['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
            for item in found["violations"]
            if item["impact"] in ("serious", "critical")
            for node in item["nodes"]
        ]
        assert not serious, f"{page.url} ({scheme}): " + "; ".join(serious)
