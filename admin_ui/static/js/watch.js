// Follows a deploy until it is finished: by the server's events, and by asking where those do not come through.

import { suspect } from "./page.js";
import { say } from "./words.js";

const ASK_EVERY = 1000; // ms
const SILENCE = 30; // times without an answer before giving up
const AT_ONCE = 2; // streams of a window: a browser has six connections to a host that speaks HTTP/1.1

let streams = 0;

/**
 * Call `onChange` with the deploy now and after each change, `onLog` with new lines of its log and how many came before
 * them; the promise becomes the deploy once it is finished, or asks.
 */
export function watch(id, onChange, onLog = () => {}) {
  if (streams >= AT_ONCE) return ask(id, onChange, onLog);
  streams += 1;
  return new Promise((resolve, reject) => {
    let failures = 0;
    const source = new EventSource(`/api/v1/deploys/${id}/events`);
    source.addEventListener("deploy", (event) => {
      const deploy = JSON.parse(event.data);
      onChange(deploy);
      if (!rests(deploy)) return;
      source.close();
      resolve(deploy);
    });
    source.addEventListener("log", (event) => {
      const { lines, after } = JSON.parse(event.data);
      onLog(lines, after);
    });
    source.onerror = () => {
      suspect();
      if (source.readyState !== EventSource.CLOSED && (failures += 1) < 3) return; // it connects again by itself
      source.close();
      ask(id, onChange, onLog).then(resolve, reject);
    };
  }).finally(() => {
    streams -= 1;
  });
}

async function ask(id, onChange, onLog) {
  for (let silent = 0; silent < SILENCE; silent += 1) {
    const answer = await fetch(`/api/v1/deploys/${id}`).catch(() => null);
    if (answer?.ok) {
      silent = 0;
      const deploy = await answer.json();
      onLog(deploy.log, 0);
      onChange(deploy);
      if (rests(deploy)) return deploy;
    } else if (answer?.status === 401 || answer?.status === 404) {
      throw new Error((await answer.json()).detail);
    }
    await new Promise((done) => setTimeout(done, ASK_EVERY));
  }
  throw new Error(say("upload.silent"));
}

const FINISHED = ["ready", "expired", "failed", "cancelled", "superseded"];

/** Whether nothing more happens to a deploy by itself: it is finished, or somebody has to answer its question. */
export function rests(deploy) {
  return FINISHED.includes(deploy.state) || deploy.state === "asking";
}
