// Sends files by their digests: the server says which it has not, and only those go. What was sent waits there for a
// day, so that an upload that was cut off goes on where it was when the same files are dropped again.

import { Post, request } from "./send.js";
import { Refused } from "./refused.js";
import { say } from "./words.js";

const BUNDLE = 4 * 1024 * 1024; // bytes of small files that go together
const SMALL = 1024 * 1024; // bytes; larger ones go alone

/** Whether this browser can: only pages from this machine or over HTTPS may use its cryptography. */
export function canDigest() {
  return Boolean(globalThis.crypto?.subtle);
}

/** One upload on its way, like `Sending` in send.js. `on.reading` and `on.bytes` are told done and total bytes. */
export class Digested {
  constructor(site, picked, message, on) {
    this.stopped = false;
    this.post = null;
    this.listing = null;
    this.on = on;
    this.done = this.run(site, picked, message);
  }

  cancel() {
    this.stopped = true;
    this.post?.cancel();
    if (this.listing) request(`/listings/${this.listing}`, { method: "DELETE" }).catch(() => {}); // it ends by itself too
  }

  async run(site, picked, message) {
    const files = await this.read(picked);
    const query = new URLSearchParams({ message });
    const listed = files.map(({ path, sha, file }) => [path, sha, file.size]);
    const opened = await request(`/sites/${encodeURIComponent(site)}/listings?${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ files: listed }),
    });
    this.listing = opened.id;
    this.check();
    await this.send(missing(files, opened.missing), opened.missing_bytes);
    const deploy = await request(`/listings/${opened.id}/finish`, { method: "POST" });
    this.listing = null;
    return deploy;
  }

  /** The digest of every file, one after the other. */
  async read(picked) {
    const found = [];
    let done = 0;
    for (const { path, file } of picked.files) {
      this.check();
      found.push({ path, file, sha: hex(await crypto.subtle.digest("SHA-256", await bytes(file))) });
      done += file.size;
      this.on.reading(done, picked.bytes);
    }
    return found;
  }

  async send(files, total) {
    let before = 0;
    this.on.bytes(0, total);
    for (const part of parts(files)) {
      this.check();
      const body = part.length > 1 || part[0].file.size < SMALL ? bundle(part) : part[0].file;
      const way = body instanceof File ? ["PUT", `/contents/${part[0].sha}`] : ["POST", "/contents"];
      this.post = new Post(...way, body, "application/octet-stream", (done) => this.on.bytes(Math.min(total, before + done), total));
      await this.post.done;
      before += part.reduce((sum, { file }) => sum + file.size, 0);
      this.on.bytes(before, total);
    }
  }

  check() {
    if (this.stopped) throw new Refused(say("upload.cancelled"), { cancelled: true });
  }
}

function missing(files, wanted) {
  const left = new Set(wanted);
  return files.filter(({ sha }) => left.delete(sha)); // the same content goes once
}

/** Small files together, up to a bundle's size; each large one alone. */
function* parts(files) {
  let part = [];
  let size = 0;
  for (const each of files) {
    if (each.file.size >= SMALL) {
      yield [each];
      continue;
    }
    if (size + each.file.size > BUNDLE) {
      yield part;
      [part, size] = [[], 0];
    }
    part.push(each);
    size += each.file.size;
  }
  if (part.length) yield part;
}

/** Before each content its length as 8 bytes, the most significant first. */
function bundle(part) {
  return new Blob(part.flatMap(({ file }) => [lengthOf(file), file]));
}

function lengthOf(file) {
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(file.size));
  return length.buffer;
}

async function bytes(file) {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new Refused(say("upload.unreadable", { name: file.name }));
  }
}

function hex(digest) {
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
