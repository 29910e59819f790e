// The page of a deploy under way: shown anew at each change, so that what the server renders is all there is; only the
// log, which may be long, grows line by line.

import { freshen } from "./fresh.js";
import { refresh } from "./page.js";
import { watch } from "./watch.js";

const UNDER_WAY = "[data-watch], .card-question";

let following = false;
let whole = false; // whether the log is, and in the language of the page

/** Follow the deploy now, and again when it goes on after an answer. */
export function watchDeploy() {
  if (!document.getElementById("progress")) return;
  whole = !document.querySelector(UNDER_WAY);
  follow();
  document.addEventListener("fresh", () => {
    follow();
    settle();
  });
}

function follow() {
  const progress = document.querySelector("[data-watch]");
  if (!progress || following) return;
  following = true;
  const log = new Log();
  let last = Promise.resolve();
  const again = () => {
    last = last.then(() => refresh(location.pathname + "/progress")).catch(() => {});
  };
  watch(progress.dataset.watch, again, (lines, after) => log.add(lines, after))
    .catch(() => {}) // the page stays as it is, and says what it knows
    .then(() => last)
    .then(() => {
      following = false;
      whole = document.documentElement.lang === "en"; // the lines came as they were written
      return freshen();
    });
}

/** Once it has ended, which may have been too quick to follow: the log as the server shows it. */
function settle() {
  if (whole || following || document.querySelector(UNDER_WAY)) return;
  whole = true;
  refresh(location.pathname, "log").catch(() => {}); // it stays as it is
}

class Log {
  constructor() {
    this.element = document.getElementById("log");
  }

  add(lines, after) {
    const known = Number(this.element.dataset.lines);
    const fresh = lines.slice(Math.max(0, known - after));
    if (fresh.length === 0) return;
    const text = this.element.querySelector(".log");
    const follows = text.scrollHeight - text.scrollTop - text.clientHeight < 40; // px: who reads above stays there
    text.append(fresh.map((line) => `${line.at.slice(11, 19)}  ${line.text}\n`).join(""));
    this.element.dataset.lines = after + lines.length;
    this.element.hidden = false;
    if (follows) text.scrollTop = text.scrollHeight;
  }
}
