// Cards of deploys that went live say so for as long as it is so: another deploy, a rollback or an undo may follow, here or
// in another window.

import { request } from "./send.js";

const cards = new Map(); // by the id of the deploy: its card and site

document.addEventListener("fresh", lookAgain);

/** From now on have a card say whether its deploy is live. */
export function keepStanding(card, { id, site }) {
  cards.set(id, { card, site });
  lookAgain(); // an older upload may have ended after a newer one
}

function lookAgain() {
  const sites = new Set([...cards.values()].map(({ site }) => site));
  for (const site of sites) look(site).catch(() => {}); // what is fresh next time is looked at again
}

async function look(site) {
  const { live } = await request(`/sites/${encodeURIComponent(site)}`, {});
  for (const [id, { card, site: own }] of cards) if (own === site) card.stands(live?.deploy === id);
}
