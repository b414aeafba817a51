// The code of a gift: taken out of the address at once, held by this tab alone until it is collected.
// What stands after # is never sent to a server.
"use strict";

(() => {
  const PLACE = "crmdapp-gift";

  function taken() {
    const code = window.location.hash.slice(1);
    if (code) {
      window.history.replaceState(null, "", window.location.pathname);
      window.sessionStorage.setItem(PLACE, code);
    }
    return window.sessionStorage.getItem(PLACE);
  }

  const code = taken();
  document.addEventListener("DOMContentLoaded", () => {
    const field = document.getElementById("code");
    const collect = document.querySelector("form[data-gift=spend]");
    if (collect) {
      collect.addEventListener("submit", () => window.sessionStorage.removeItem(PLACE));
    } else if (code && field && !document.querySelector("main [role=alert]")) {
      field.value = code;
    }
    const look = document.querySelector("form[data-gift=look]");
    look.addEventListener("submit", () => {
      if (!document.body.dataset.account) window.sessionStorage.setItem(PLACE, field.value.trim());
    });
  });
})();
