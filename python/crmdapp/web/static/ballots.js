// Pages of elections and public votes: live turnout, an audit's progress, a public vote by wallet.
"use strict";

(() => {
  const SECONDS = 1000;
  const spaced = (number) => number.toLocaleString("en");

  async function refreshTurnout(place) {
    const answer = await fetch(place.dataset.turnout, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const found = await answer.json();
    const totals = {};
    for (const each of found.precincts) {
      totals[each.question] = (totals[each.question] || 0) + each.ballots;
      const cell = place.querySelector(`[data-place="${each.question}.${each.precinct}"]`);
      if (cell) cell.textContent = spaced(each.ballots);
    }
    for (const figure of place.querySelectorAll("[data-ballots]")) {
      figure.textContent = spaced(totals[figure.dataset.ballots] || 0);
    }
    for (const figure of place.querySelectorAll("[data-voters]")) {
      figure.textContent = spaced(found.voters);
    }
  }

  async function vote(form) {
    const option = Number(crmdapp.fields(form).option);
    const { provider, account } = await crmdapp.connect();
    const call = await crmdapp.post(form.dataset.pollCall, { voter: account, option });
    try {
      await provider.request({
        method: "eth_sendTransaction",
        params: [{ from: account, to: call.to, data: call.data, value: call.value }],
      });
    } catch (problem) {
      if (problem && problem.code === 4001) throw new crmdapp.Refused();
      throw problem;
    }
    return "Sent. Your vote stands here as soon as the chain has it: load the page again.";
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll("[data-turnout]")) {
      setInterval(() => refreshTurnout(place).catch(() => {}), 3 * SECONDS);
    }
    for (const place of document.querySelectorAll("[data-reload]")) {
      setTimeout(() => window.location.reload(), Number(place.dataset.reload) * SECONDS);
    }
    for (const form of document.querySelectorAll("form[data-poll-call]")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        crmdapp.run(event.submitter || form.querySelector("button"), () => vote(form));
      });
    }
  });
})();
