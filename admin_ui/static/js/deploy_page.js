// The page of a deploy under way: shown anew at each change, so that what the server renders is all there is; only the
// log, which may be long, grows line by line.

import { refresh } from "./page.js";
import { watch } from "./watch.js";

export function watchDeploy() {
  const progress = document.querySelector("[data-watch]");
  if (!progress) return;
  const log = new Log();
  let last = Promise.resolve();
  const again = () => {
    last = last.then(() => refresh(location.pathname + "/progress")).catch(() => {});
  };
  watch(progress.dataset.watch, again, (lines, after) => log.add(lines, after))
    .then(() => last)
    .then(() => location.reload(), again);
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
