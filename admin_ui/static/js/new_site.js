// The list of sites: a drop there is a new site. The name may come first or last; then everything goes by itself.

import { onDrop, onPick } from "./drop.js";
import { fromFiles } from "./entries.js";
import { announce, make } from "./page.js";
import { onPaste } from "./pasted.js";
import { review } from "./review.js";
import { createSite } from "./send.js";
import { limits, upload } from "./upload.js";
import { say } from "./words.js";

const START_PAGE = /\/index\.html?$/i;
const EXTENSION = /(\.tar)?\.[a-z0-9]{1,8}$/i;

export function newSite() {
  const form = document.getElementById("new-site");
  if (form) new NewSite(form);
}

class NewSite {
  constructor(form) {
    this.form = form;
    this.name = form.elements.name;
    this.picked = null;
    this.site = null; // once it is made, whatever is dropped next goes there
    const take = (picked) => this.take(picked);
    onDrop(take);
    onPick(form, take);
    onPaste((files, doubts) => take({ ...fromFiles(files), doubts }));
    form.addEventListener("submit", (event) => {
      if (!this.picked) return; // a name alone is a plain form
      event.preventDefault();
      this.publish();
    });
  }

  async take(picked) {
    if (this.site) return upload(this.list(), this.site, picked, "");
    const found = await review(picked, limits());
    if (found.refusal) this.say(found.refusal);
    else this.askName(picked, found);
  }

  askName(picked, found) {
    this.form.querySelector(".notice")?.remove();
    this.picked = picked;
    const facts = found.facts.map((fact) => fact.replace(/\.$/, "")).join(" · ");
    const sentences = [say("new_site.ready", { name: picked.name }), facts && `${facts}.`, ...found.doubts, say("new_site.ask")];
    const said = sentences.filter(Boolean).join(" ");
    this.part("ask").textContent = said;
    this.part("create").textContent = say("new_site.publish");
    announce(said);
    if (this.name.value && !found.doubts.length) this.form.requestSubmit();
    else this.suggest(picked.name);
  }

  suggest(name) {
    this.name.value ||= suggestion(name);
    this.name.focus();
    this.name.select();
  }

  async publish() {
    this.form.querySelector(".notice")?.remove();
    try {
      const site = await createSite(this.name.value);
      await this.send(site);
    } catch (error) {
      this.say(error.message);
      this.name.focus();
    }
  }

  async send(site) {
    const picked = this.picked;
    this.picked = null;
    this.site = site.name;
    this.form.replaceWith(make("h2", site.name, { id: "new-heading" }));
    await upload(this.list(), site.name, picked, "", { sure: true }); // its doubts stood where the name was asked
    const way = make("p", "");
    way.append(make("a", say("new_site.go", { site: site.name }), { class: "button", href: `/sites/${site.name}` }));
    this.list().append(way);
  }

  say(sentence) {
    this.form.querySelector(".notice")?.remove();
    const place = this.site ? this.list() : this.form;
    place.prepend(make("p", sentence, { class: "notice notice-bad", role: "alert" }));
  }

  list() {
    return document.getElementById("uploads");
  }

  part(name) {
    return this.form.querySelector(`[data-part="${name}"]`);
  }
}

/** A site's name made from a file's or folder's, or nothing. */
function suggestion(name) {
  const isFolder = name.endsWith("/") || START_PAGE.test(name);
  const base = isFolder ? name.replace(START_PAGE, "") : name.replace(EXTENSION, "");
  const clean = base.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 48).replace(/^-+|-+$/g, "");
  return clean === "index" || /^\d+-\w+$/.test(clean) ? "" : clean;
}
