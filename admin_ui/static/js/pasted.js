// What is pasted on a page: files, or the text of a page. Who types in a field pastes there, and not here.

import { say } from "./words.js";

const IN_A_FIELD = ":is(input,textarea,select,[contenteditable])";
const DOCTYPE = '<!doctype html>';
const MARKUP = /^\s*<(!doctype|html|head|body|[a-z][a-z0-9-]*[\s>/])/i;

/** Call `take` with files that are pasted, as {path, file}; `doubts` says what somebody should look at first. */
export function onPaste(take) {
  document.addEventListener("paste", (event) => {
    if (event.target.closest?.(IN_A_FIELD) || document.querySelector("dialog[open]")) return;
    const { files } = event.clipboardData;
    const page = files.length ? null : pageOf(event.clipboardData);
    if (!files.length && !page) return;
    event.preventDefault();
    if (page) take([{ path: "index.html", file: page }], [say("review.pasted")]);
    else take([...files].map((file) => ({ path: file.name, file })), []);
  });
}

/** A page's source as it was copied; else what a browser or word processor copied, made a page. */
function pageOf(clipboard) {
  const plain = clipboard.getData("text/plain");
  const rich = clipboard.getData("text/html");
  if (!MARKUP.test(plain) && !rich) return null;
  const html = MARKUP.test(plain) ? plain : rich;
  return new File([/<html[\s>]/i.test(html) ? html : wrapped(html)], "index.html", { type: "text/html" });
}

function wrapped(body) {
  const heading = new DOMParser().parseFromString(body, "text/html").querySelector("h1, h2")?.textContent.trim();
  const title = (heading || say("review.pasted_title")).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const { lang } = document.documentElement;
  return [DOCTYPE, '<html lang="', lang, '">', '<meta charset="utf-8">', `<title>${title}</title>`, body].join("");
}
