// A file's SHA-256, taken in the browser: the file stays on the person's machine.
// Source: https://www.w3.org/TR/WebCryptoAPI/
"use strict";

(() => {
  const hex = (bytes) => [...new Uint8Array(bytes)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");

  async function compare(form) {
    const verdict = form.querySelector("#file-verdict");
    const [file] = form.querySelector("input[type=file]").files;
    const found = hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const own = found === form.dataset.sha256;
    verdict.textContent = (own
      ? "This is the work's file, byte for byte. SHA-256 "
      : "This is not the work's file: at least one byte differs. SHA-256 ") + found;
    verdict.className = own ? "verdict" : "verdict bad";
    verdict.hidden = false;
  }

  document.addEventListener("DOMContentLoaded", () => {
    if (!window.crypto || !crypto.subtle) return;
    for (const form of document.querySelectorAll("form[data-sha256]")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        compare(form).catch(() => form.submit());
      });
    }
  });
})();
