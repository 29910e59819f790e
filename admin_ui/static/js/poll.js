// What goes on without news being sent: an element with data-poll is fetched anew from there until it has none.

import { refresh } from "./page.js";

const EVERY = 1500; // ms

export function pollWhatGoesOn() {
  const element = document.querySelector("[data-poll]");
  if (!element) return;
  setTimeout(() => {
    refresh(element.dataset.poll)
      .catch(() => {}) // the server may be away for a moment
      .then(pollWhatGoesOn);
  }, EVERY);
}
