// Pages of elections and public votes: live turnout, an audit's progress.
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

  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll("[data-turnout]")) {
      setInterval(() => refreshTurnout(place).catch(() => {}), 3 * SECONDS);
    }
    for (const place of document.querySelectorAll("[data-reload]")) {
      setTimeout(() => window.location.reload(), Number(place.dataset.reload) * SECONDS);
    }
  });
})();
