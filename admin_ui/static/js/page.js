// The page as a whole: what shows only with scripts, parts that are swapped, what is read out, the form's proof.

import { tellTimes } from "./times.js";

/** Show what needs scripts and hide what is for pages without them. */
export function improve(root) {
  for (const element of root.querySelectorAll("[data-scripts]")) element.hidden = false;
  for (const element of root.querySelectorAll("[data-no-scripts]")) element.hidden = true;
  tellTimes(root);
}

/** Fetch HTML and put each of its top elements, or the one with this id, in the place of the one with the same id. */
export async function refresh(address, id = "") {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const element of id ? fresh.querySelectorAll(`#${id}`) : [...fresh.body.children]) {
    improve(element);
    document.getElementById(element.id)?.replaceWith(document.adoptNode(element));
  }
}

/** Have a sentence read out by screen readers. */
export function announce(sentence) {
  document.getElementById("announcement").textContent = sentence;
}

/** A request came to nothing: away.js sees whether the server is there. */
export function suspect() {
  document.dispatchEvent(new CustomEvent("lost"));
}

/** What the server wants to see with every change. */
export function csrf() {
  return document.querySelector("meta[name=csrf]").content;
}

/** An element with text and attributes. */
export function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
