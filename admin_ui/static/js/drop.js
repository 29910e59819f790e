// Dropping anywhere on the page, and choosing files or a folder with buttons.

import { bringsFiles, chosen, dropped } from "./entries.js";

/** Call `take` with what is dropped on the page. */
export function onDrop(take) {
  let depth = 0; // dragenter and dragleave come for every element on the way
  const over = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dropping", depth > 0);
  };
  addEventListener("dragenter", (event) => bringsFiles(event) && over(1));
  addEventListener("dragleave", (event) => bringsFiles(event) && over(-1));
  addEventListener("dragover", (event) => bringsFiles(event) && event.preventDefault());
  addEventListener("drop", async (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    over(-depth);
    take(await dropped(event.dataTransfer));
  });
}

/** Call `take` with what is chosen in a file field of `form`. */
export function onPick(form, take) {
  form.classList.add("dropzone-ready");
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      if (input.files.length === 0) return;
      const picked = chosen(input);
      input.value = ""; // so that choosing the same file again is a change
      take(picked);
    });
  }
}
