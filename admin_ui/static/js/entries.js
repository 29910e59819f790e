// What was dropped or chosen, as a plain list of {path, file}; folders are walked.

import { files as counted } from "./words.js";

/** Paths of what is no part of a site. */
export const LEFT_OUT = /(^|\/)(__MACOSX|\.git|\.DS_Store|Thumbs\.db)(\/|$)|^([^/]+\/)?node_modules\//;
const ARCHIVE = /\.(zip|tar|tgz|tar\.gz|tar\.zst)$/i;

/** Whether a drag brings files, and not a piece of text. */
export function bringsFiles(event) {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}

/** What a drop brings. Call it at once: the browser forgets the items when the event is over. */
export function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return Promise.resolve(pick(listed(transfer.files)));
  return Promise.all(entries.map((entry) => walk(entry, ""))).then((found) => pick(found.flat()));
}

/** What was chosen in a file field. */
export function chosen(input) {
  return pick(listed(input.files));
}

/** Files as {path, file}, from wherever. */
export function fromFiles(files) {
  return pick(files);
}

function listed(files) {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

function pick(found) {
  const files = found.filter(({ path }) => !LEFT_OUT.test(path));
  return {
    files,
    leftOut: found.length - files.length,
    bytes: files.reduce((sum, { file }) => sum + file.size, 0),
    archive: files.length === 1 && ARCHIVE.test(files[0].path),
    name: nameOf(files),
  };
}

function nameOf(files) {
  if (files.length === 0) return "";
  const top = files[0].path.split("/")[0];
  if (files.length === 1) return files[0].path;
  return files.every(({ path }) => path.startsWith(`${top}/`)) ? `${top}/` : counted(files.length);
}

async function walk(entry, above) {
  const path = above + entry.name;
  if (entry.isFile) return [{ path, file: await new Promise((done, failed) => entry.file(done, failed)) }];
  if (LEFT_OUT.test(`${path}/`)) return [];
  const inside = await children(entry);
  return (await Promise.all(inside.map((child) => walk(child, `${path}/`)))).flat();
}

/** All entries of a folder: a reader hands out a hundred at most per call, and none when it is done. */
async function children(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
