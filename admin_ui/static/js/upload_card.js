// One upload as the page shows it: bytes sent, then the server's steps, then the address or what went wrong.

import { announce, make } from "./page.js";
import { say, seconds, size } from "./words.js";

export class UploadCard {
  constructor(list, title) {
    const template = document.getElementById("upload-card");
    this.element = template.content.cloneNode(true).firstElementChild;
    this.part("title").textContent = title;
    list.prepend(this.element);
    this.element.scrollIntoView({ block: "nearest" }); // what was dropped at the top may be shown below the fold
  }

  /** Have the cancel button call this. */
  onCancel(cancel) {
    this.part("cancel").addEventListener("click", cancel);
  }

  /** Another upload has to be sent first. */
  queued() {
    this.figure("receive", "waiting", 0, say("upload.queued"));
  }

  /** So many bytes have left the browser. */
  sent(done, total) {
    const percent = total ? Math.floor((100 * done) / total) : 0;
    const all = total > 0 && done >= total;
    this.figure("receive", "running", percent, all ? say("upload.arriving") : say("upload.so_far", { done: size(done), total: size(total) }));
  }

  /** Everything is with the server: from here on its page has the button that calls it off. */
  accepted(deploy) {
    this.part("cancel").remove();
    this.show(deploy);
    announce(say("upload.received", deploy));
  }

  /** Where the deploy stands. */
  show(deploy) {
    this.match(deploy.steps);
    for (const step of deploy.steps) {
      const percent = step.state === "done" ? 100 : step.total ? Math.floor((100 * step.done) / step.total) : null;
      const figure = step.state === "done" ? seconds(step.seconds) : step.total ? `${percent} %` : "";
      this.figure(step.name, step.state, percent, figure);
    }
    this.warn(deploy.problems.find((problem) => problem.code === "no_index"));
  }

  /** A build has steps of its own: they are made where they come. */
  match(steps) {
    let before = null;
    for (const { name } of steps) {
      let element = this.element.querySelector(`[data-step="${name}"]`);
      if (!element) {
        element = before.cloneNode(true);
        element.dataset.step = name;
        element.querySelector("[data-label]").textContent = say(`steps.${name}`);
        element.querySelector("progress").setAttribute("aria-label", say(`steps.${name}`));
        before.after(element);
      }
      before = element;
    }
  }

  /** What its author should hear at once, before it is live; the page lists the rest below. */
  warn(problem) {
    const warning = this.part("warning");
    if (!problem || !warning.hidden) return;
    warning.textContent = problem.message;
    warning.hidden = false;
  }

  /** How the deploy ended. */
  end(deploy) {
    if (deploy.state === "asking") this.asks(deploy);
    else if (deploy.state !== "ready") this.fail(deploy.error.detail, deploy.error.limit);
    else if (deploy.live) this.live(deploy);
    else this.replaced(deploy);
  }

  /** Somebody has to say how it is built: its page has the buttons. */
  asks(deploy) {
    this.element.dataset.outcome = "asking";
    this.outcome(make("p", deploy.detection.why));
    const way = make("a", say("upload.choose"), { class: "button button-main", href: `/deploys/${deploy.id}` });
    this.outcome(way);
    announce(say("upload.asks", deploy));
    way.focus();
  }

  /** It came to nothing; `again` is called by a button when trying again can help. */
  fail(sentence, limit = null, again = null) {
    this.element.dataset.outcome = "failed";
    this.part("cancel")?.remove();
    for (const step of this.element.querySelectorAll('[data-state="running"]')) step.dataset.state = "failed";
    const more = limit ? ` ${say("upload.limit", limit)}` : "";
    this.outcome(make("p", sentence + more, { class: "notice notice-bad", role: "alert" }));
    if (again) this.outcome(this.again(again));
  }

  /** Only signing in again helps. */
  signIn() {
    const next = encodeURIComponent(location.pathname);
    this.outcome(make("a", say("upload.sign_in"), { class: "button", href: `/sign-in?next=${next}` }));
  }

  live(deploy) {
    this.element.dataset.outcome = "live";
    const address = make("a", deploy.url, { class: "address", href: deploy.url, target: "_blank", rel: "noopener" });
    const copy = make("button", say("copy.button"), { class: "button button-small", type: "button", "data-copy": deploy.url });
    const row = make("div", "", { class: "row" });
    row.append(address, copy);
    this.outcome(make("p", say("upload.live", deploy)));
    this.outcome(row);
    announce(say("upload.live", deploy));
    address.focus();
  }

  replaced(deploy) {
    this.element.dataset.outcome = "ready";
    this.outcome(make("p", say("upload.replaced", deploy)));
  }

  again(again) {
    const button = make("button", say("upload.again"), { class: "button", type: "button" });
    button.addEventListener("click", () => {
      this.element.remove();
      again();
    });
    return button;
  }

  outcome(element) {
    this.part("outcome").append(element);
  }

  figure(name, state, percent, figure) {
    const step = this.element.querySelector(`[data-step="${name}"]`);
    step.dataset.state = state;
    step.querySelector("[data-state-word]").textContent = say(`step_states.${state}`);
    step.querySelector(".step-figure").textContent = figure;
    const bar = step.querySelector("progress");
    if (percent === null) bar.removeAttribute("value");
    else bar.value = percent;
  }

  part(name) {
    return this.element.querySelector(`[data-part="${name}"]`);
  }
}
