// Single keys that lead somewhere, listed under ?. They are quiet while somebody types, and can be switched off in that
// list (WCAG 2.2, 2.1.4), in this browser.

import { make } from "./page.js";
import { say } from "./words.js";

const SWITCH = "dropdock.keys"; // in local storage; "off" or nothing
const SECOND = 1500; // ms in which the second key of two has to come
const TYPED_IN = ":is(input,textarea,select,[contenteditable])";
const QUIET_FIELDS = ":is([type=checkbox],[type=radio],[type=file])";

const PAGES = { s: "/", p: "/people", y: "/history", m: "/system", a: "/account", h: "/help" };

let first = "";

export function watchKeys() {
  addEventListener("keydown", (event) => {
    if (isOff() || isTyping(event) || document.querySelector("dialog[open]")) return;
    const keys = first + event.key;
    first = "";
    const act = acts().find((each) => each.keys.replace(" ", "") === keys)?.act;
    if (act) {
      event.preventDefault();
      act();
    } else if (event.key === "g") {
      first = "g";
      setTimeout(() => (first = ""), SECOND);
    }
  });
  document.addEventListener("click", (event) => event.target.closest("[data-keys]") && show());
  if (location.hash === "#name") document.getElementById("name")?.focus();
}

/** What keys do on this page, in the order of the list. */
function acts() {
  const { site } = document.getElementById("main").dataset;
  const search = document.querySelector("input[type=search]");
  const files = document.querySelector("#dropzone input[multiple], #new-site input[multiple]");
  const found = [{ keys: "?", name: "list", act: show }];
  if (search) found.push({ keys: "/", name: "search", act: () => search.focus() });
  found.push({ keys: "n", name: "new_site", act: newSite });
  if (files) found.push({ keys: "u", name: "upload", act: () => files.click() });
  else if (site) found.push({ keys: "u", name: "upload", act: () => go(`/sites/${site}`) });
  for (const [key, href] of Object.entries(PAGES)) {
    const link = document.querySelector(`header a[href="${href}"]:not(.brand)`);
    const said = key === "a" ? say("keys.account") : link?.textContent.trim(); // the link itself says the e-mail
    if (link) found.push({ keys: `g ${key}`, said, act: () => go(href) });
  }
  return found;
}

function newSite() {
  const name = document.querySelector("#new-site #name");
  if (name) name.focus();
  else go("/#name");
}

function go(href) {
  location.href = href;
}

function isTyping({ target, ctrlKey, altKey, metaKey, isComposing }) {
  if (ctrlKey || altKey || metaKey || isComposing) return true;
  return Boolean(target.closest?.(TYPED_IN)) && !target.matches(QUIET_FIELDS);
}

function show() {
  const dialog = make("dialog", "", { class: "dialog", id: "keys", "aria-labelledby": "keys-heading" });
  const list = make("dl", "", { class: "facts" });
  for (const { keys, name, said } of acts()) {
    const term = make("dt", "");
    term.append(...keys.split(" ").map((key) => make("kbd", key)));
    list.append(term, make("dd", said ? say("keys.go", { page: said }) : say(`keys.${name}`)));
  }
  const close = make("button", say("keys.close"), { class: "button button-main", type: "button" });
  close.addEventListener("click", () => dialog.close());
  const row = make("div", "", { class: "dialog-acts" });
  row.append(close);
  const stack = make("div", "", { class: "stack" });
  stack.append(make("h1", say("keys.title"), { id: "keys-heading" }), list, switching(), row);
  dialog.append(stack);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
}

function switching() {
  const label = make("label", "", { class: "row" });
  const box = make("input", "", { type: "checkbox" });
  box.checked = !isOff();
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(SWITCH);
    else localStorage.setItem(SWITCH, "off");
  });
  label.append(box, make("span", say("keys.switch")));
  return label;
}

function isOff() {
  try {
    return localStorage.getItem(SWITCH) === "off";
  } catch {
    return false; // storage is switched off
  }
}
