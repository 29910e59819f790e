// The page of a site: whatever is dropped or chosen there is published at once.

import { onFiles } from "./drop.js";
import { make } from "./page.js";
import { fault, upload } from "./upload.js";

export function dropOnSite() {
  const form = document.getElementById("dropzone");
  if (!form) return;
  const list = document.getElementById("uploads");
  form.addEventListener("submit", (event) => event.preventDefault()); // Enter in the message has nothing to send
  onFiles(form, (picked) => {
    const wrong = fault(picked, form.dataset);
    if (wrong) {
      list.prepend(make("p", wrong, { class: "notice notice-bad", role: "alert" }));
      return;
    }
    const field = form.querySelector("#message");
    upload(list, form.dataset.site, picked, field.value);
    field.value = "";
  });
}
