// Every page of a site: whatever is dropped, chosen or pasted there is published on it. Where the page has no place for
// what goes on, it is shown in a tray at its foot.

import { onDrop, onPick } from "./drop.js";
import { fromFiles } from "./entries.js";
import { make } from "./page.js";
import { onPaste } from "./pasted.js";
import { cutOff } from "./sending_notes.js";
import { takeUp, upload } from "./upload.js";
import { UploadCard } from "./upload_card.js";
import { say, size } from "./words.js";

export function dropOnSite() {
  const { site } = document.getElementById("main").dataset;
  if (!site || !document.getElementById("upload-card")) return;
  const form = document.getElementById("dropzone");
  const take = (picked) => upload(list(), site, picked, messageOf(form));
  onDrop(take);
  onPaste((files, doubts) => take({ ...fromFiles(files), doubts }));
  if (form) {
    form.addEventListener("submit", (event) => event.preventDefault()); // Enter in the message has nothing to send
    onPick(form, take);
  }
  for (const note of cutOff(site)) tellCutOff(note);
  lookForOthers();
  document.addEventListener("fresh", lookForOthers);
}

function messageOf(form) {
  const field = form?.querySelector("#message");
  if (!field) return "";
  const { value } = field;
  field.value = "";
  return value;
}

function list() {
  const there = document.getElementById("uploads");
  if (there) return there;
  const tray = make("section", "", { id: "uploads", class: "tray", "aria-label": say("upload.tray") });
  document.getElementById("main").append(tray);
  return tray;
}

/** What was being sent when this page was left. */
function tellCutOff({ name, done, total }) {
  const card = new UploadCard(list(), name);
  card.fail(total ? say("upload.cut_off_at", { done: size(done), total: size(total) }) : say("upload.cut_off"));
}

/** The deploys of the list that are under way, wherever they were begun. */
function lookForOthers() {
  const badges = [...document.querySelectorAll("#deploys :is(.badge-queued,.badge-working)")];
  const links = badges.map((badge) => badge.closest("tr").querySelector("a[href^='/deploys/']"));
  takeUp(list, links.map((link) => ({ id: link.pathname.split("/")[2], title: link.textContent })));
}
