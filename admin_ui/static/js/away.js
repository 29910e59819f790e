// While the server cannot be reached the page says so, calmly, and keeps forms from being sent to nobody, with all that was
// typed in them. Once it is back, that goes away and the page catches up.

import { make } from "./page.js";
import { say } from "./words.js";

const ALIVE = "/healthz";
const PATIENCE = 5000; // ms until no answer is none
const NOW_AND_THEN = 15_000; // ms: a connection may be gone without a word
const FIRST_PAUSE = 500; // ms between looks while the server is away; it doubles up to the longest
const LONGEST_PAUSE = 5000;
const SAID_FOR = 4000; // ms that it is back

let away = false;
let looking = null;
let held = null; // a form that waits for whether the server is there
let passing = null; // one that is on its way, because it is

export function watchServer() {
  document.addEventListener("lost", look);
  for (const name of ["offline", "online"]) addEventListener(name, look);
  document.addEventListener("visibilitychange", lookIfSeen);
  setInterval(lookIfSeen, NOW_AND_THEN);
  addEventListener("submit", hold); // on the window: what scripts send by themselves was taken before
}

function lookIfSeen() {
  if (!document.hidden) look();
}

/** See whether the server is there; where it is not, say so and look again until it is. */
function look() {
  looking ??= (async () => {
    let pause = FIRST_PAUSE;
    while (!(await isThere())) {
      if (!away) gone(say("away.gone"));
      await new Promise((done) => setTimeout(done, pause));
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    }
    looking = null;
    if (away) back();
  })();
  return looking;
}

async function isThere() {
  const answer = await fetch(ALIVE, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
  return answer !== null && answer.status < 500; // else a proxy says that there is nobody behind it
}

function gone(sentence) {
  away = true;
  tell(sentence, "notice notice-warning");
}

function back() {
  away = false;
  tell(say("away.back"), "notice notice-good");
  setTimeout(() => away || place().replaceChildren(), SAID_FOR);
  document.dispatchEvent(new CustomEvent("back"));
}

/** A form that would leave the page goes only where somebody takes it; else it stays as it was filled in. */
async function hold(event) {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || form === passing || form.method === "dialog") return;
  event.preventDefault();
  if (form === held) return; // pressed twice
  held = form;
  const there = await isThere();
  held = null;
  if (there) {
    passing = form;
    form.requestSubmit(submitter);
    passing = null;
  } else {
    gone(say("away.not_sent"));
    look();
  }
}

function tell(sentence, kind) {
  place().replaceChildren(make("p", sentence, { class: kind }));
}

function place() {
  return document.getElementById("away");
}
