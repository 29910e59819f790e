// The list of sites: a drop there is a new site. The name may come first or last; then everything goes by itself.

import { onFiles } from "./drop.js";
import { announce, make } from "./page.js";
import { createSite } from "./send.js";
import { described, fault, upload } from "./upload.js";
import { say } from "./words.js";

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
    onFiles(form, (picked) => this.take(picked));
    form.addEventListener("submit", (event) => {
      if (!this.picked) return; // a name alone is a plain form
      event.preventDefault();
      this.publish();
    });
  }

  take(picked) {
    const wrong = fault(picked, this.form.dataset);
    if (wrong) this.say(wrong);
    else if (this.site) upload(document.getElementById("uploads"), this.site, picked, "");
    else this.askName(picked);
  }

  askName(picked) {
    this.picked = picked;
    const said = say("new_site.ready", { what: described(picked) });
    this.part("ask").textContent = said;
    this.part("create").textContent = say("new_site.publish");
    announce(said);
    if (this.name.value) this.form.requestSubmit();
    else this.suggest(picked.name);
  }

  suggest(name) {
    this.name.value = suggestion(name);
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
    const list = document.getElementById("uploads");
    const picked = this.picked;
    this.picked = null;
    this.site = site.name;
    this.form.replaceWith(make("h2", site.name, { id: "new-heading" }));
    await upload(list, site.name, picked, "");
    const way = make("p", "");
    way.append(make("a", say("new_site.go", { site: site.name }), { class: "button", href: `/sites/${site.name}` }));
    list.append(way);
  }

  say(sentence) {
    this.form.querySelector(".notice")?.remove();
    const place = this.site ? document.getElementById("uploads") : this.form;
    place.prepend(make("p", sentence, { class: "notice notice-bad", role: "alert" }));
  }

  part(name) {
    return this.form.querySelector(`[data-part="${name}"]`);
  }
}

/** A site's name made from a file's or folder's, or nothing. */
function suggestion(name) {
  const base = name.replace(/(\/index\.html?|\/)$/i, "").replace(/\.(zip|tar|tgz|tar\.gz|tar\.zst|html?)$/i, "");
  const clean = base.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 48).replace(/^-+|-+$/g, "");
  return clean === "index" || /^\d+-[a-z]+$/.test(clean) ? "" : clean;
}
