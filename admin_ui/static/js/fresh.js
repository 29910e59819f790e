// Keeps a page in step with the server: its parts marked data-fresh are fetched anew when the site it is about, or any on
// a page about none, has changed, whoever changed it. Parts marked data-fresh="people" are about the accounts, and what
// this account may has changed for every page: it then shows no more than that.

import { announce, improve, make, suspect } from "./page.js";
import { say } from "./words.js";

const ASK_EVERY = 5000; // ms, where the server has no room for another stream or a proxy lets none through
const ASK_FOR = 60_000; // ms, until a stream is tried again
const SOMEWHERE = "/help"; // a page that everybody may see
const SLOW = 400; // ms, from which on a page says that it is being fetched anew
const TRIES = 2; // connections that fail one after the other before the page asks
const TYPED_IN = ":is(input,textarea,select):not([type=checkbox])";
const FIELDS = ":is(input:not([type=hidden]),textarea,select)";
const TAKES_FOCUS = ":is(a,button,input,summary,[tabindex])";

let running = null;
let again = false;

/** Listen for as long as the window can be seen; one that is hidden keeps no connection from the others. */
export function keepFresh() {
  const { content } = document.querySelector("meta[name=news]");
  if (!content) return; // an answer to a form: its address shows nothing
  const follower = new Follower(content);
  const look = () => (document.hidden ? follower.stop() : follower.start());
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", () => follower.stop());
  addEventListener("pageshow", look);
  document.addEventListener("back", () => {
    follower.stop(); // it may be asking, or wait with trying again
    look();
    freshen();
  });
  look();
}

/** Fetch this page and put its parts in place; calls that come meanwhile are answered by one more look. */
export function freshen() {
  again = true;
  running ??= (async () => {
    while (again) {
      again = false;
      const slow = setTimeout(setBusy, SLOW, true);
      await lookAgain().catch(suspect); // the server may be away for a moment
      clearTimeout(slow);
      setBusy(false);
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
      suspect();
      this.failures += 1;
      const lost = this.source?.readyState === EventSource.CLOSED; // else it connects again by itself
      if (lost || this.failures >= TRIES) this.ask();
    };
    for (const name of Object.keys(CONCERNS)) {
      this.source.addEventListener(name, (event) => {
        this.revision = event.lastEventId;
        if (CONCERNS[name](JSON.parse(event.data))) freshen();
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

/** Whether what has happened may show on this page, by the name of the event. */
const CONCERNS = {
  sites: ({ sites }) => shows("") && (!site() || sites.includes(site())),
  gone: () => shows(""),
  people: () => shows("people"),
  you: () => true,
  all: () => true,
};

function shows(what) {
  return document.querySelector(`#main [data-fresh="${what}"]`) !== null;
}

function site() {
  return document.getElementById("main").dataset.site;
}

function parts() {
  return [...document.querySelectorAll("[data-fresh]")];
}

async function lookAgain() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (answer.redirected) return leave("signed-out");
  if (answer.status === 404 || answer.status === 403) return renew(await fetch(SOMEWHERE), leave("gone"));
  if (!answer.ok) return;
  if (left()) return location.reload(); // it is there again
  await renew(answer, parts());
  document.dispatchEvent(new CustomEvent("fresh"));
}

/** Put these parts in place as they stand in an answer. */
async function renew(answer, these) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  improve(page);
  for (const part of these) {
    const fresh = page.getElementById(part.id);
    if (!fresh || part.isEqualNode(fresh)) continue;
    if (isTyped(part)) tellChanged(part);
    else replace(part, document.adoptNode(fresh));
  }
}

/** Who types in a part, has a list open in it or has changed a field goes on undisturbed. */
function isTyped(part) {
  const active = document.activeElement;
  return (part.contains(active) && active.matches(TYPED_IN)) || [...part.querySelectorAll(FIELDS)].some(isTouched);
}

function isTouched(field) {
  if (field.matches("select")) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.matches("[type=checkbox],[type=radio]")
    ? field.checked !== field.defaultChecked
    : field.value !== field.defaultValue;
}

/** A form that is being filled in stays, and says that it is not what holds any more. */
function tellChanged(part) {
  const form = part.querySelector("form.form");
  if (!form || form.querySelector("[data-changed]")) return;
  form.prepend(make("p", say("fresh.changed"), { class: "notice notice-warning", "data-changed": "", role: "status" }));
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

function setBusy(busy) {
  for (const part of document.querySelectorAll("#main [data-fresh]")) {
    if (busy) part.setAttribute("aria-busy", "true");
    else part.removeAttribute("aria-busy");
  }
}

function left() {
  return document.querySelector("[data-left]:not([hidden])");
}

/** Say why there is nothing to see here any more, and take away what could be pressed; what is left may change. */
function leave(why) {
  const nav = [document.getElementById("nav")];
  if (left()) return nav;
  const notice = document.getElementById(why);
  const rest = [...document.getElementById("main").children, document.getElementById("upload-card")];
  for (const each of rest) if (each) each.hidden = each !== notice;
  if (why === "signed-out") notice.querySelector("a").search = new URLSearchParams({ next: location.pathname });
  announce(notice.textContent);
  return nav;
}
