// The page of a deploy under way: shown anew at each change, so that what the server renders is all there is.

import { refresh } from "./page.js";
import { watch } from "./watch.js";

export function watchDeploy() {
  const progress = document.querySelector("[data-watch]");
  if (!progress) return;
  let last = Promise.resolve();
  const again = () => {
    last = last.then(() => refresh(location.pathname + "/progress")).catch(() => {});
  };
  watch(progress.dataset.watch, again)
    .then(() => last)
    .then(() => location.reload(), again);
}
