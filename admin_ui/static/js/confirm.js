// A link with data-confirm leads to a page that asks; with scripts that page's form is asked in a dialog instead, and
// what it leads to is shown without leaving, where that is the page one is on.

import { freshen } from "./fresh.js";
import { announce, make, suspect } from "./page.js";
import { say } from "./words.js";

/** Serve all such links, also those that come later. */
export function watchConfirmations() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-confirm]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    ask(link.href).catch(() => {
      location.href = link.href;
    });
  });
}

/** Ask before forms marked data-ask, and send those marked data-send, which need no question, without leaving the page. */
export function watchForms() {
  document.addEventListener("submit", async (event) => {
    const asking = event.target.closest("form[data-ask]");
    if (asking) {
      event.preventDefault();
      await askFor(asking);
      return;
    }
    const form = event.target.closest("form[data-send]");
    if (!form || event.defaultPrevented) return;
    event.preventDefault();
    event.submitter.disabled = true; // once is enough
    await sendForm(form, event.submitter);
    event.submitter.disabled = false;
  });
}

/** Send a form and show what came of it here, if it leads back here; else go where it leads. False: it was refused. */
export async function sendForm(form, button) {
  const body = new URLSearchParams(new FormData(form));
  if (button?.name) body.set(button.name, button.value);
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } }).catch(() => null);
  return answer ? shown(form, answer) : lost(form);
}

async function shown(form, answer) {
  if (answer.ok && new URL(answer.url).pathname !== location.pathname) {
    location.href = answer.url;
    return true;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok) return refuse(form, page.querySelector("main p:not([hidden])")?.textContent ?? answer.statusText);
  await freshen();
  tell(page.getElementById("notice"));
  return true;
}

async function ask(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  open(await questionIn(answer)); // throws for any other page: it is then visited
}

/** A form that is asked about may have nothing to ask, or be refused: what came of it is then shown. */
async function askFor(form) {
  const body = new URLSearchParams(new FormData(form));
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer) return lost(form);
  const question = await questionIn(answer.clone());
  return question ? open(question) : shown(form, answer);
}

async function questionIn(answer) {
  return new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("confirm");
}

function open(question) {
  const form = document.adoptNode(question);
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-label", form.getAttribute("aria-label"));
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  form.querySelector("[data-close]").addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
  form.addEventListener("submit", async (event) => {
    if ("leaves" in form.dataset) return; // its answer is a page that is shown once
    event.preventDefault();
    const button = event.submitter;
    button.disabled = true; // once is enough
    if (await sendForm(form, button)) dialog.close();
    button.disabled = false;
  });
  document.body.append(dialog);
  dialog.showModal();
}

function lost(form) {
  suspect();
  return refuse(form, say("confirm.lost"));
}

function refuse(form, sentence) {
  form.querySelector("[role=alert]")?.remove();
  form.querySelector(".dialog-acts, button").before(make("p", sentence, { class: "notice notice-bad", role: "alert" }));
  return false;
}

/** The notice of a page that was not gone to, at the top of this one. */
function tell(notice) {
  document.getElementById("notice")?.remove();
  if (!notice) return;
  document.getElementById("main").prepend(document.adoptNode(notice));
  announce(notice.textContent);
}
