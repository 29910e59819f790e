// Times as people say them, “3 minutes ago”; the exact time stays in the element's title.

import { say } from "./words.js";

const UNITS = [ // as the server has them, so that nothing changes when the page is there
  ["year", 365 * 86400],
  ["month", 30 * 86400],
  ["week", 7 * 86400],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];
const FRESH_EVERY = 30_000; // ms; the smallest unit shown is a minute

const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });

/** Write each time below `root` as the span from now. */
export function tellTimes(root) {
  for (const element of root.querySelectorAll("time[data-ago]")) element.textContent = ago(element.dateTime);
}

/** Do so again and again. */
export function keepTimesFresh() {
  setInterval(() => tellTimes(document), FRESH_EVERY);
}

function ago(moment) {
  const seconds = (Date.now() - new Date(moment)) / 1000;
  const unit = UNITS.find(([, length]) => Math.abs(seconds) >= length);
  return unit ? words.format(-Math.round(seconds / unit[1]), unit[0]) : say("times.now");
}
