// The wallet of the browser: found by EIP-6963, asked by EIP-1193, only when somebody presses a button.
// Source: https://eips.ethereum.org/EIPS/eip-6963, https://eips.ethereum.org/EIPS/eip-1193
"use strict";

const crmdapp = (() => {
  const REJECTED = 4001;
  const wallets = new Map();
  let chosen = null;

  window.addEventListener("eip6963:announceProvider", (event) => {
    const { info, provider } = event.detail || {};
    if (!info || !provider || typeof provider.request !== "function") return;
    wallets.set(String(info.uuid), { name: String(info.name), provider });
    document.dispatchEvent(new CustomEvent("crmdapp:wallets"));
  });
  window.dispatchEvent(new Event("eip6963:requestProvider"));

  class Refused extends Error {}

  const body = () => document.body.dataset;
  const wanted = () => "0x" + Number(body().chainId).toString(16);

  function tell(text, bad = false) {
    const place = document.getElementById("wallet-status");
    place.textContent = text;
    place.className = bad ? "told bad" : "told";
    place.hidden = !text;
  }

  function choose() {
    const found = [...wallets.values()];
    if (!found.length) throw new Error("No wallet was found in this browser.");
    if (chosen) return Promise.resolve(chosen);
    if (found.length === 1) return Promise.resolve(found[0]);
    return new Promise((resolve, reject) => {
      const dialog = document.createElement("dialog");
      dialog.setAttribute("aria-labelledby", "wallet-choice");
      const title = document.createElement("h2");
      title.id = "wallet-choice";
      title.textContent = "Which wallet?";
      const list = document.createElement("ul");
      for (const wallet of found) {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = wallet.name;
        button.addEventListener("click", () => { dialog.close(); resolve(wallet); });
        item.append(button);
        list.append(item);
      }
      dialog.append(title, list);
      dialog.addEventListener("cancel", () => reject(new Refused()));
      dialog.addEventListener("close", () => dialog.remove());
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  async function ask(provider, method, params = []) {
    try {
      return await provider.request({ method, params });
    } catch (problem) {
      if (problem && problem.code === REJECTED) throw new Refused();
      throw new Error((problem && problem.message) || "The wallet did not answer.");
    }
  }

  // Gives the wallet and the account, on the chain of this page.
  async function connect() {
    const wallet = await choose();
    const accounts = await ask(wallet.provider, "eth_requestAccounts");
    if (!accounts.length) throw new Error("The wallet shows no account.");
    chosen = wallet;
    await matchChain(wallet.provider);
    const own = body().account;
    const account = own
      ? accounts.find((item) => item.toLowerCase() === own.toLowerCase())
      : accounts[0];
    if (!account) throw new Error("The wallet's account is not the one you signed in with.");
    return { provider: wallet.provider, account };
  }

  async function matchChain(provider) {
    const banner = document.getElementById("chain-banner");
    let chain = await ask(provider, "eth_chainId");
    if (Number(chain) !== Number(wanted())) {
      try {
        await ask(provider, "wallet_switchEthereumChain", [{ chainId: wanted() }]);
        chain = await ask(provider, "eth_chainId");
      } catch (problem) {
        if (!(problem instanceof Refused)) chain = await ask(provider, "eth_chainId");
      }
    }
    const fits = Number(chain) === Number(wanted());
    banner.hidden = fits;
    banner.textContent = fits ? "" : "Your wallet is on chain " + Number(chain)
      + ", this page is about chain " + Number(wanted()) + ". Switch the chain in your wallet.";
    if (!fits) throw new Error("The wallet is on another chain.");
    if (typeof provider.on === "function" && !provider.crmdappWatched) {
      provider.crmdappWatched = true;
      provider.on("chainChanged", (now) => { banner.hidden = Number(now) === Number(wanted()); });
    }
  }

  async function sign(typedData) {
    const { provider, account } = await connect();
    return ask(provider, "eth_signTypedData_v4", [account, JSON.stringify(typedData)]);
  }

  function hex(text) {
    return "0x" + [...new TextEncoder().encode(text)]
      .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async function signText(text) {
    const { provider, account } = await connect();
    return ask(provider, "personal_sign", [hex(text), account]);
  }

  // Sends JSON to this server and gives its answer; a problem document becomes an Error.
  async function post(url, data, headers = {}) {
    const answer = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      headers: {
        "Content-Type": "application/json",
        "X-CSRF-Token": body().csrf,
        "Accept": "application/json",
        ...headers,
      },
      body: JSON.stringify(data),
    });
    const kind = answer.headers.get("content-type") || "";
    const found = kind.includes("json") ? await answer.json() : {};
    if (!answer.ok) {
      const problem = new Error(found.detail || "The server refused (" + answer.status + ").");
      problem.document = found;
      throw problem;
    }
    return found;
  }

  // Runs what a button asks for: says what happens, is calm when the person says no.
  async function run(button, work, refused = "You said no. Nothing was signed.") {
    button.disabled = true;
    tell("Waiting for your wallet…");
    try {
      const said = await work();
      tell(said || "");
    } catch (problem) {
      if (problem instanceof Refused) tell(refused);
      else tell([problem.message, (problem.document || {}).hint].filter(Boolean).join(" "), true);
    } finally {
      button.disabled = false;
    }
  }

  // A form's fields as JSON; empty ones are left out, checkboxes are true or false.
  function fields(form) {
    const data = {};
    for (const input of form.elements) {
      if (!input.name || input.name === "csrf_token" || input.disabled) continue;
      if (input.type === "checkbox") data[input.name] = input.checked;
      else if (input.type === "radio") { if (input.checked) data[input.name] = input.value; }
      else if (input.value !== "") data[input.name] = input.value;
    }
    return data;
  }

  // <form data-intent="prepare url" [data-done="url"]>: prepared, signed, carried out.
  async function intend(form) {
    const typedData = await post(form.dataset.intent, fields(form));
    const signature = await sign(typedData);
    tell("Signed. Waiting for the chain…");
    const done = await post("/v1/intents", { typedData, signature });
    document.cookie = "crmdapp_sent=1; path=/; max-age=10; samesite=strict"; // the next page waits for it
    form.dispatchEvent(new CustomEvent("crmdapp:done", { bubbles: true, detail: done }));
    if (form.dataset.done) window.location.assign(form.dataset.done);
    return done.state === "pending"
      ? "Sent. The chain has not confirmed it yet."
      : "Done, in block " + done.block + ".";
  }

  const HASH = /^0x[0-9a-f]{64}$/i;
  const LOOK = 700;
  const pause = (length) => new Promise((resolve) => setTimeout(resolve, length));

  // The receipt as the wallet's own node gives it; null if there is none when the time is over.
  async function receiptOf(provider, hash, seconds) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      let found = null;
      try {
        found = await provider.request({ method: "eth_getTransactionReceipt", params: [hash] });
      } catch { /* a node that does not answer now may answer at the next look */ }
      if (found && found.blockHash) return found;
      if (Date.now() >= end) return null;
      await pause(LOOK);
    }
  }

  // <form data-transaction data-step>: the wallet sends it, once; then the form goes to the server
  // again with the transaction's hash. A page that is loaded again goes on with what was sent.
  async function send(form) {
    const { provider, account } = await connect();
    const place = "crmdapp-" + form.dataset.seal;
    let hash = window.sessionStorage.getItem(place);
    if (!hash) {
      const unsigned = JSON.parse(form.dataset.transaction);
      const asked = { ...unsigned, from: account, chainId: wanted() };
      hash = await ask(provider, "eth_sendTransaction", [asked]);
      if (!HASH.test(String(hash))) throw new Error("The wallet did not tell the transaction's hash.");
      window.sessionStorage.setItem(place, hash);
    }
    tell("Sent. Waiting until it is in a block: " + hash);
    const receipt = await receiptOf(provider, hash, Number(form.dataset.wait));
    if (!receipt) {
      form.querySelector("button").textContent = "Look again";
      return "It was sent, and is not in a block yet: " + hash + ". Look again later. If you sped it up "
        + "or cancelled it in your wallet, go back and see what the page says before you repeat it.";
    }
    if (Number(receipt.status) !== 1) window.sessionStorage.removeItem(place);
    const sent = form.querySelector("[data-sent]");
    const step = JSON.parse(form.dataset.step);
    sent.value = JSON.stringify([...step.slice(0, -1), hash]);
    sent.disabled = false;
    document.cookie = "crmdapp_sent=1; path=/; max-age=10; samesite=strict";
    HTMLFormElement.prototype.submit.call(form); // a field may be called submit
    return Number(receipt.status) === 1
      ? "It is in block " + Number(receipt.blockNumber) + ". One moment…"
      : "The contract refused it when its turn came. Nothing but the fee was taken. One moment…";
  }

  async function signIn(button) {
    const { account } = await connect();
    const { nonce, message } = await post("/sign-in/challenge", { address: account });
    const signature = await signText(message);
    const done = await post("/sign-in/wallet", { nonce, signature, next: button.dataset.next || "/" });
    window.location.assign(done.next);
    return "Signed in.";
  }

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("wallet-sign-in");
    if (button) {
      button.disabled = false;
      button.addEventListener("click", () => run(button, () => signIn(button)));
    }
    for (const form of document.querySelectorAll("form[data-transaction]")) {
      const pressed = form.querySelector("button");
      pressed.disabled = false;
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        run(pressed, () => send(form), "You said no. Nothing was sent.");
      });
    }
    for (const form of document.querySelectorAll("form[data-intent]")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const pressed = event.submitter || form.querySelector("button");
        run(pressed, () => intend(form));
      });
    }
  });

  return { sign, signText, connect, post, run, tell, fields, Refused };
})();
