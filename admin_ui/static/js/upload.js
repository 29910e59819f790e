// Takes what was dropped or chosen all the way to a live site. Uploads are sent one after the other, so that the one
// dropped last is the one that ends up live; what the server does with them goes on beside.

import { freshen } from "./fresh.js";
import { Refused, Sending } from "./send.js";
import { UploadCard } from "./upload_card.js";
import { watch } from "./watch.js";
import { files, say, size } from "./words.js";

const PATIENCE = 3000; // ms: a list that cannot be fetched keeps nobody from the address

let turn = Promise.resolve();
let under_way = 0;

addEventListener("beforeunload", (event) => {
  if (under_way > 0) event.preventDefault(); // leaving would end the sending
});

/** Publish `picked` (see entries.js) on a site; shows a card in `list`. Never throws. */
export async function upload(list, site, picked, message) {
  const card = new UploadCard(list, described(picked));
  try {
    const sent = await inTurn(card, () => send(card, site, picked, message));
    card.accepted(sent);
    freshen();
    const ended = await watch(sent.id, (deploy) => card.show(deploy));
    await atMost(PATIENCE, freshen()); // who reads that it is live finds it so in the list
    card.end(ended);
  } catch (error) {
    failed(card, error, () => upload(list, site, picked, message));
    await freshen();
  }
}

function atMost(time, promise) {
  return Promise.race([promise, new Promise((done) => setTimeout(done, time))]);
}

/** What was picked, in words: its name, how many files, how large, how many are left out. */
export function described(picked) {
  const count = picked.archive ? [] : [files(picked.files.length)];
  const left = picked.leftOut ? [say("upload.left_out", { count: picked.leftOut })] : [];
  return `${picked.name} (${[...count, size(picked.bytes), ...left].join(", ")})`;
}

/** Why something should not be sent at all, or null. */
export function fault(picked, { most, mostWords }) {
  if (picked.files.length === 0) return say("upload.empty");
  if (picked.bytes > Number(most)) return say("upload.too_large", { size: size(picked.bytes), most: mostWords });
  return null;
}

async function inTurn(card, step) {
  let cancelled = false;
  card.onCancel(() => {
    cancelled = true;
  });
  if (under_way > 0) card.queued();
  under_way += 1;
  const mine = turn.then(() => {
    if (cancelled) throw new Refused(say("upload.cancelled"), { cancelled });
    return step();
  });
  turn = mine.catch(() => {});
  return mine.finally(() => {
    under_way -= 1;
  });
}

function send(card, site, picked, message) {
  card.sent(0, picked.bytes);
  const sending = new Sending(site, picked, message, (done, total) => card.sent(done, total));
  card.onCancel(() => sending.cancel());
  return sending.done;
}

function failed(card, error, again) {
  const refused = error instanceof Refused ? error : new Refused(error.message);
  card.fail(refused.message, refused.limit, refused.signIn ? null : again);
  if (refused.signIn) card.signIn();
}
