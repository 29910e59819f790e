// What will happen, said before anything is sent: files, bytes, the top of the site, and what would not work. Limits and
// rules are the server's (drop_zone in admin_ui/context/sites.py, builds/names.py), which looks again at what arrives.

import { LEFT_OUT } from "./entries.js";
import { listZip } from "./zip_list.js";
import { files as counted, say, size } from "./words.js";

const SHOWN = 5; // names in a sentence
const INDEX = /^index\.html?$/i;
const PAGE = /\.html?$/i;
// SAVED_WITH_PAGE in builds/names.py.
const SAVED_WITH_PAGE =
  /^(\.files|-(Dateien|filer)|_(archivos|arquivos|bestanden|bylos|datoteke|dosyalar|elemei|failid|fails|fajlovi|ficheiros|fichiers|files?|fitxategiak|fitxers|pliki|soubory|tiedostot))$/;
// What a page is made for when it is alone: SHOWN in builds/lone_file.py.
const SHOWN_ALONE = /^[^/]+\.(pdf|txt|md|markdown|png|jpe?g|gif|webp|avif|svg|mp4|m4v|webm|ogv|mp3|m4a|ogg|opus|wav|flac)$/i;
const NOT_OPENED = /\.(rar|7z|t?xz|t?bz2|tbz)$/i; // NOT_OPENED in builds/multipart_archive.py
const SOURCE = /^(package\.json|(hugo|zola|config|book|zensical)\.(toml|ya?ml)|mkdocs\.ya?ml|_config\.ya?ml|conf\.py|pelicanconf\.py)$/;
const PROGRAM = /\.(php|phtml|aspx?|jsp|cfm)$/i; // RUN_ELSEWHERE in builds/tree.py
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *([.:].*)?$/i;

/**
 * Look at what was dropped. `refusal` is a sentence when the server would not take it; `doubts` are sentences that ask
 * for a second look; `facts` say what will be sent. With neither it can go at once.
 */
export async function review(picked, limits) {
  const inside = picked.archive ? await listed(picked) : picked.files.map(({ path, file }) => ({ path, size: file.size }));
  const refusal = refused(picked, inside, limits);
  const { top, paths } = topOf(inside ?? []);
  return { refusal, facts: facts(picked, inside, top), doubts: refusal || !inside ? [] : doubts(picked, paths) };
}

async function listed(picked) {
  if (!/\.zip$/i.test(picked.files[0].path)) return null; // of a tar only its size is known
  const inside = await listZip(picked.files[0].file);
  return inside && inside.filter(({ path }) => !LEFT_OUT.test(path)); // a Mac packs its own notes with everything
}

function facts(picked, inside, top) {
  const found = [];
  if (inside) found.push(say("review.holds", { files: counted(inside.length), size: size(sum(inside)) }));
  if (picked.archive) found.push(say("review.archive", { size: size(picked.bytes) }));
  if (top) found.push(say("review.top", { folder: `${top}/` }));
  if (picked.leftOut) found.push(say("review.left_out", { files: counted(picked.leftOut) }));
  return found;
}

function refused(picked, inside, limits) {
  if (picked.files.length === 0 || inside?.length === 0) return say("review.nothing");
  if (picked.files.length === 1 && NOT_OPENED.test(picked.files[0].path)) return say("review.not_opened");
  if (picked.bytes > limits.upload_size) return over("upload_size", size(picked.bytes), size(limits.upload_size));
  if (!inside) return null;
  if (inside.length > limits.entries) return over("entries", counted(inside.length), counted(limits.entries));
  if (sum(inside) > limits.unpacked_size) return over("unpacked_size", size(sum(inside)), size(limits.unpacked_size));
  const large = inside.filter((each) => each.size > limits.file_size);
  if (large.length) return say("review.large", { names: names(large), most: size(limits.file_size), limit: "file_size" });
  const bad = inside.filter(({ path }) => !isSafe(path, limits));
  return bad.length ? say("review.names", { names: names(bad) }) : null;
}

function over(limit, is, most) {
  return say("review.over", { is, most, limit });
}

function doubts(picked, paths) {
  if (paths.some((path) => SOURCE.test(path))) return picked.doubts ?? [];
  const program = paths.find((path) => PROGRAM.test(path));
  const found = program ? [say("review.program", { path: program })] : [];
  return [...(picked.doubts ?? []), ...found, ...noStart(paths)];
}

function noStart(paths) {
  const alone = paths.length === 1 && SHOWN_ALONE.test(paths[0]);
  // a single page becomes the start page
  if (paths.some((path) => INDEX.test(path)) || hasLonePage(paths) || alone) return [];
  const nearest = paths.filter((path) => INDEX.test(path.split("/").at(-1))).sort((a, b) => a.length - b.length)[0];
  return [nearest ? say("review.index_below", { path: nearest }) : say("review.no_index")];
}

/** Whether there is one page, at the top, but for those that a browser saved with it. */
function hasLonePage(paths) {
  const pages = paths.filter((path) => PAGE.test(path));
  const [page, ...more] = pages.filter((path) => !path.includes("/"));
  if (!page || more.length) return false;
  const stem = page.slice(0, page.lastIndexOf("."));
  const folders = pages.filter((path) => path !== page).map((path) => path.split("/")[0]);
  return folders.every((name) => name.startsWith(stem) && SAVED_WITH_PAGE.test(name.slice(stem.length)));
}

/** The one folder around everything, which the server steps into, and the paths below it. */
function topOf(inside) {
  const tops = new Set(inside.map(({ path }) => (path.includes("/") ? path.split("/")[0] : "")));
  const top = tops.size === 1 ? [...tops][0] : "";
  return { top, paths: inside.map(({ path }) => (top ? path.slice(top.length + 1) : path)) };
}

function isSafe(path, limits) {
  const parts = path.split("/").filter((part) => part && part !== ".");
  if (new TextEncoder().encode(path).length > limits.path_length || parts.length > limits.path_depth + 1) return false;
  if (/[\u0000-\u001f\u007f-\u009f\\]/.test(path) || path.startsWith("/")) return false;
  return !parts.some((part) => /^[. ]+$/.test(part) || /^[a-z]:/i.test(part) || DEVICE.test(part));
}

function names(found) {
  const shown = found.slice(0, SHOWN).map(({ path }) => say("review.quoted", { path }));
  const more = found.length - shown.length;
  return shown.join(", ") + (more ? ` ${say("review.more", { count: more })}` : "");
}

function sum(inside) {
  return inside.reduce((bytes, each) => bytes + each.size, 0);
}
