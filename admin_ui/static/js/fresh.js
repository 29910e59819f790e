// Keeps a page in step with the server: its parts marked data-fresh are fetched anew when the site it is about, or any on
// a page about none, has changed, whoever changed it.

import { announce, improve } from "./page.js";

const ASK_EVERY = 5000; // ms, where the server has no room for another stream or a proxy lets none through
const ASK_FOR = 60_000; // ms, until a stream is tried again
const TRIES = 2; // connections that fail one after the other before the page asks
const TYPED_IN = ":is(input,textarea,select):not([type=checkbox])";
const TAKES_FOCUS = ":is(a,button,input,summary,[tabindex])";

let running = null;
let again = false;

/** Listen for as long as the window can be seen; one that is hidden keeps no connection from the others. */
export function keepFresh() {
  if (!parts().length) return;
  const follower = new Follower(document.querySelector("meta[name=news]").content);
  const look = () => (document.hidden ? follower.stop() : follower.start());
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", () => follower.stop());
  addEventListener("pageshow", look);
  look();
}

/** Fetch this page and put its parts in place; calls that come meanwhile are answered by one more look. */
export function freshen() {
  again = true;
  running ??= (async () => {
    while (again) {
      again = false;
      await lookAgain().catch(() => {}); // the server may be away for a moment
    }
    running = null;
  })();
  return running;
}

class Follower {
  constructor(revision) {
    this.revision = revision;
    this.source = null;
    this.asking = null;
  }

  start() {
    if (this.source || this.asking) return;
    this.source = new EventSource(`/events?after=${this.revision}`);
    this.failures = 0;
    this.source.onopen = () => (this.failures = 0);
    this.source.onerror = () => {
      this.failures += 1;
      const lost = this.source?.readyState === EventSource.CLOSED; // else it connects again by itself
      if (lost || this.failures >= TRIES) this.ask();
    };
    const { site } = document.getElementById("main").dataset;
    for (const name of ["sites", "gone", "all"]) {
      this.source.addEventListener(name, (event) => {
        this.revision = event.lastEventId;
        const { sites } = JSON.parse(event.data);
        if (!site || !sites || sites.includes(site)) freshen();
      });
    }
  }

  stop() {
    this.source?.close();
    this.source = null;
    clearInterval(this.asking);
    this.asking = null;
  }

  ask() {
    this.stop();
    const since = Date.now();
    this.asking = setInterval(() => {
      freshen();
      if (Date.now() - since < ASK_FOR) return;
      this.stop();
      this.start();
    }, ASK_EVERY);
  }
}

function parts() {
  return [...document.querySelectorAll("[data-fresh]")];
}

async function lookAgain() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (answer.status === 404) return gone();
  if (!answer.ok || answer.redirected) return; // signed out: whatever is done next says so
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  improve(page);
  for (const part of parts()) {
    const fresh = page.getElementById(part.id);
    if (fresh && !part.isEqualNode(fresh) && !isTyped(part)) replace(part, document.adoptNode(fresh));
  }
  document.dispatchEvent(new CustomEvent("fresh"));
}

/** Who types in a part, or has a list open in it, goes on undisturbed. */
function isTyped(part) {
  const active = document.activeElement;
  return part.contains(active) && active.matches(TYPED_IN);
}

/** Put a part in place; what had the focus has it still, as far as it is there. */
function replace(part, fresh) {
  const focused = part.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  part.replaceWith(fresh);
  if (!focused) return;
  const takers = [...fresh.querySelectorAll(TAKES_FOCUS)];
  const place = takers.find((each) => nameOf(each) === focused) ?? fresh;
  if (place === fresh) fresh.tabIndex = -1;
  place.focus({ preventScroll: true });
}

function nameOf(element) {
  const says = ["id", "href", "name"].map((name) => element.getAttribute(name));
  return [element.tagName, ...says, element.textContent].join("\n");
}

function gone() {
  const notice = document.getElementById("gone");
  if (!notice.hidden) return;
  notice.hidden = false;
  announce(notice.textContent);
}
