// A button with data-copy puts that text on the clipboard and says so.

import { announce } from "./page.js";
import { say } from "./words.js";

const SAID_FOR = 2000; // ms

/** Serve all such buttons, also those that come later. */
export function watchCopyButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
}

async function copy(button) {
  const said = (await written(button.dataset.copy)) ? say("copy.done") : say("copy.failed");
  announce(said);
  button.dataset.label ??= button.textContent;
  button.textContent = said;
  setTimeout(() => {
    button.textContent = button.dataset.label;
  }, SAID_FOR);
}

async function written(text) {
  try {
    await navigator.clipboard.writeText(text); // not there on plain http, except on localhost
    return true;
  } catch {
    return false;
  }
}
