// Takes what was dropped, chosen or pasted all the way to a live site: looked at, sent, followed. Uploads are sent one
// after the other, so that the one dropped last is the one that ends up live; what the server does goes on beside.

import { Digested, canDigest } from "./digest.js";
import { freshen } from "./fresh.js";
import { Refused } from "./refused.js";
import { review } from "./review.js";
import { Sending, request } from "./send.js";
import { finishedSending, nowSending } from "./sending_notes.js";
import { keepStanding } from "./standing.js";
import { told } from "./told.js";
import { UploadCard } from "./upload_card.js";
import { watch } from "./watch.js";
import { say } from "./words.js";

const PATIENCE = 3000; // ms: a list that cannot be fetched keeps nobody from the address

const followed = new Set(); // the deploys that have a card
let turn = Promise.resolve();
let underWay = 0;

addEventListener("beforeunload", (event) => {
  if (underWay > 0) event.preventDefault(); // leaving would end the sending
});

/** What the server takes, by the names of its settings. */
export function limits() {
  return JSON.parse(document.getElementById("upload-card").dataset.limits);
}

/** Publish `picked` (see entries.js) on a site; shows a card in `list`. With `sure` doubts ask nobody. Never throws. */
export async function upload(list, site, picked, message, { sure = false } = {}) {
  const card = new UploadCard(list, picked.name);
  try {
    const found = await review(picked, limits());
    card.reviewed(found.facts);
    if (found.refusal) throw new Refused(found.refusal, { final: true });
    if (found.doubts.length && !sure) await card.ask(found.doubts);
    const deploy = await inTurn(card, () => send(card, site, picked, message));
    await follow(card, deploy, { mine: true });
  } catch (error) {
    failed(card, error, () => upload(list, site, picked, message, { sure: true }));
    await freshen();
  }
}

/** Show a card for each deploy under way that has none: after a reload, and for those that others make. */
export function takeUp(listOf, deploys) {
  for (const { id, title } of deploys.filter((each) => !followed.has(each.id))) {
    const card = new UploadCard(listOf(), title);
    follow(card, { id }, { mine: false }).catch((error) => failed(card, error, null));
  }
}

async function follow(card, deploy, { mine }) {
  followed.add(deploy.id);
  card.onCancel(() => callOff(card, deploy.id));
  if (mine) card.accepted(deploy);
  freshen();
  const ended = await watch(deploy.id, (now) => card.show(now));
  await atMost(PATIENCE, freshen()); // who reads that it is live finds it so in the list
  card.end(await told(ended), { mine, undo: () => undo(ended) });
  if (card.standing) keepStanding(card, ended);
}

function callOff(card, deploy) {
  request(`/deploys/${deploy}/cancel`, { method: "POST" }).catch((error) => card.tell(error.message));
}

/** Take back that a deploy went live; what is live then, or null. */
async function undo(deploy) {
  await request(`/deploys/${deploy.id}/undo`, { method: "POST" });
  const [{ live }] = await Promise.all([request(`/sites/${encodeURIComponent(deploy.site)}`, {}), freshen()]);
  return live;
}

function atMost(time, promise) {
  return Promise.race([promise, new Promise((done) => setTimeout(done, time))]);
}

async function inTurn(card, step) {
  let cancelled = false;
  card.onCancel(() => {
    cancelled = true;
  });
  if (underWay > 0) card.queued();
  underWay += 1;
  const mine = turn.then(() => {
    if (cancelled) throw new Refused(say("upload.cancelled"), { cancelled });
    return step();
  });
  turn = mine.catch(() => {});
  return mine.finally(() => {
    underWay -= 1;
  });
}

async function send(card, site, picked, message) {
  const note = nowSending(site, picked.name);
  const on = {
    reading: (done, total) => card.read(done, total),
    bytes: (done, total) => {
      card.sent(done, total);
      note.sent(done, total);
    },
  };
  card.sent(0, picked.bytes);
  const sending = picked.archive || !canDigest() ? new Sending(site, picked, message, on) : new Digested(site, picked, message, on);
  card.onCancel(() => sending.cancel());
  try {
    return await sending.done;
  } finally {
    finishedSending(note);
  }
}

function failed(card, error, again) {
  const refused = error instanceof Refused ? error : new Refused(error.message);
  card.fail(refused.message, refused.limit, refused.signIn || refused.final ? null : again);
  if (refused.signIn) card.signIn();
}
