// One upload as the page shows it: what will be sent, bytes, the server's steps, then the address or what went wrong.

import { announce, make } from "./page.js";
import { Refused } from "./refused.js";
import { told } from "./told.js";
import { say, seconds, size } from "./words.js";

const OBSTACLES = ["locked", "live_changed"]; // what kept it from going live, among what was found
const WARNED = ["not_run", "no_index"]; // what its author should hear at once
const UNDO_FOR = 10 * 60_000; // ms; as UNDO_FOR in admin_ui/context/sites.py

export class UploadCard {
  constructor(list, title) {
    const template = document.getElementById("upload-card");
    this.element = template.content.cloneNode(true).firstElementChild;
    this.part("title").textContent = title;
    this.cancel = () => {};
    this.standing = null; // once it has gone live
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.quarter = 0;
    list.prepend(this.element);
    this.element.scrollIntoView({ block: "nearest" }); // what was dropped at the top may be shown below the fold
  }

  /** Have the cancel button call this from now on. */
  onCancel(cancel) {
    this.cancel = cancel;
  }

  /** What will be sent. */
  reviewed(facts) {
    this.part("facts").textContent = facts.join(" · ");
  }

  /** Wait until somebody has looked at the doubts and sends it all the same. */
  ask(doubts) {
    this.element.dataset.outcome = "asks";
    const box = this.part("doubts");
    box.append(...doubts.map((doubt) => make("p", doubt)));
    const button = make("button", say("upload.send"), { class: "button button-main", type: "button" });
    box.append(button);
    box.hidden = false;
    announce([...doubts, say("upload.send_or_cancel")].join(" "));
    button.focus();
    return new Promise((resolve, reject) => {
      button.addEventListener("click", () => {
        box.hidden = true; // it was read; the server says what it finds
        delete this.element.dataset.outcome;
        resolve();
      });
      this.onCancel(() => reject(new Refused(say("upload.cancelled"), { cancelled: true })));
    });
  }

  /** Another upload has to be sent first. */
  queued() {
    this.figure("receive", "waiting", 0, say("upload.queued"));
  }

  /** So much has been read, to find out what the server has already. */
  read(done, total) {
    this.figure("receive", "running", 0, say("upload.reading", { done: size(done), total: size(total) }));
  }

  /** So many bytes have left the browser. */
  sent(done, total) {
    const percent = total ? Math.floor((100 * done) / total) : 0;
    const all = total > 0 && done >= total;
    const figure = all ? say("upload.arriving") : say("upload.sent", { done: size(done), total: size(total) });
    this.figure("receive", "running", percent, figure);
    const quarter = Math.floor(percent / 25);
    if (quarter > this.quarter && !all) announce(say("upload.percent", { percent: quarter * 25 }));
    this.quarter = quarter;
  }

  /** Everything is with the server. */
  accepted(deploy) {
    this.show(deploy);
    announce(say("upload.received", { number: deploy.number }));
  }

  /** Where the deploy stands. */
  show(deploy) {
    this.match(deploy.steps);
    for (const step of deploy.steps) {
      const far = step.total > 1 ? Math.floor((100 * step.done) / step.total) : null; // of one command nobody knows
      const percent = step.state === "done" ? 100 : far;
      const running = percent === null ? "" : `${percent} %`;
      this.figure(step.name, step.state, percent, step.state === "done" ? seconds(step.seconds) : running);
    }
    if (deploy.problems.some(({ code }) => WARNED.includes(code))) this.warned ??= told(deploy).then((said) => this.warn(said));
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
  warn(deploy) {
    const warning = this.part("warning");
    const found = WARNED.flatMap((wanted) => deploy.problems.filter(({ code }) => code === wanted));
    warning.textContent = found.map(({ message }) => message).join(" ");
    warning.hidden = false;
  }

  /** How the deploy ended. Who sent it is led to the address; others go on with what they do. */
  end(deploy, { mine, undo }) {
    this.part("cancel").remove();
    if (deploy.state === "asking") this.asks(deploy, mine);
    else if (deploy.state === "ready" && deploy.live) this.live(deploy, mine, undo);
    else if (deploy.state === "ready") this.replaced(deploy);
    else this.fail(deploy.error?.detail ?? "", deploy.error?.limit);
  }

  /** Somebody has to say how it is built: its page has the buttons. */
  asks(deploy, mine) {
    this.element.dataset.outcome = "asking";
    this.outcome(make("p", deploy.detection.why));
    const way = make("a", say("upload.choose"), { class: "button button-main", href: `/deploys/${deploy.id}` });
    this.outcome(way);
    announce(say("upload.asks", { number: deploy.number }));
    if (mine) way.focus();
  }

  /** It came to nothing; `again` is called by a button when trying again can help. */
  fail(sentence, limit = null, again = null) {
    this.element.dataset.outcome = "failed";
    this.part("cancel")?.remove();
    for (const step of this.element.querySelectorAll('[data-state="running"]')) step.dataset.state = "failed";
    const more = limit ? ` (${say("upload.limit", { name: limit.name, value: limit.value })})` : "";
    this.outcome(make("p", sentence + more, { class: "notice notice-bad", role: "alert" }));
    if (again) this.outcome(this.again(again));
  }

  /** Only signing in again helps. */
  signIn() {
    const next = encodeURIComponent(location.pathname);
    this.outcome(make("a", say("upload.sign_in"), { class: "button", href: `/sign-in?next=${next}` }));
  }

  live(deploy, mine, undo) {
    this.element.dataset.outcome = "live";
    const outside = { href: deploy.url, target: "_blank", rel: "noopener" };
    const address = make("a", deploy.url, { class: "address", ...outside });
    const row = make("div", "", { class: "row" });
    row.append(
      address,
      make("a", say("upload.open"), { class: "button button-small", ...outside }),
      make("button", say("copy.button"), { class: "button button-small", type: "button", "data-copy": deploy.url }),
      this.undoing(undo),
    );
    const said = make("p", say("upload.live", { number: deploy.number }));
    this.outcome(said);
    this.outcome(row);
    this.standing = { said, row, number: deploy.number };
    announce(say("upload.is_live", { number: deploy.number, url: deploy.url }));
    if (mine) address.focus();
  }

  /** What it says of a deploy that went live, while that is so and once it is not; it may be again. */
  stands(isLive) {
    if (!this.standing) return;
    const { said, row, number } = this.standing;
    this.element.dataset.outcome = isLive ? "live" : "ready";
    said.textContent = isLive ? say("upload.live", { number }) : say("upload.was_live", { number });
    row.hidden = !isLive;
  }

  undoing(undo) {
    const button = make("button", say("upload.undo"), { class: "button button-small", type: "button" });
    setTimeout(() => button.remove(), UNDO_FOR);
    button.addEventListener("click", async () => {
      button.disabled = true; // once is enough
      try {
        this.undone(await undo());
      } catch (error) {
        button.disabled = false;
        this.tell(error.message);
      }
    });
    return button;
  }

  undone(live) {
    this.standing = null;
    this.element.dataset.outcome = "undone";
    const said = make("p", live ? say("upload.undone", { number: live.number }) : say("upload.taken_off"), { tabindex: "-1" });
    this.part("outcome").replaceChildren(said);
    announce(said.textContent);
    said.focus();
  }

  replaced(deploy) {
    this.element.dataset.outcome = "ready";
    const why = deploy.problems.find((problem) => OBSTACLES.includes(problem.code));
    this.outcome(make("p", why ? why.message : say("upload.replaced", { number: deploy.number })));
  }

  /** Something did not work, and everything is as it was. */
  tell(sentence) {
    this.element.querySelector("[data-part=told]")?.remove();
    const told = make("p", sentence, { class: "notice notice-bad", role: "alert", "data-part": "told" });
    this.outcome(told);
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
    if (state === "running" && step.dataset.state !== "running" && name !== "receive") {
      announce(step.querySelector("[data-label]").textContent);
    }
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
