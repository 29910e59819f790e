// A link with data-confirm leads to a page that asks; with scripts that page's form is asked in a dialog instead.

/** Serve all such links, also those that come later. */
export function watchConfirmations() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-confirm]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    ask(link.href).catch(() => {
      location.href = link.href;
    });
  });
}

async function ask(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = document.adoptNode(page.getElementById("confirm")); // throws for any other page: it is then visited
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-label", form.getAttribute("aria-label"));
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  form.querySelector("[data-close]").addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
}
