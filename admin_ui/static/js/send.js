// Sends an upload to the API and tells how many bytes have gone.

import { csrf } from "./page.js";
import { say } from "./words.js";

const TYPES = [
  [/\.zip$/i, "application/zip"],
  [/\.tar$/i, "application/x-tar"],
  [/\.(tgz|tar\.gz)$/i, "application/gzip"],
  [/\.tar\.zst$/i, "application/zstd"],
];

/** What went wrong, as a sentence for people; `signIn` when only signing in again helps. */
export class Refused extends Error {
  constructor(sentence, { limit = null, signIn = false, cancelled = false } = {}) {
    super(sentence);
    this.limit = limit;
    this.signIn = signIn;
    this.cancelled = cancelled;
  }
}

/** Make a site. Raises Refused. */
export async function createSite(name) {
  const answer = await fetch("/api/v1/sites", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
    body: JSON.stringify({ name }),
  }).catch(() => null);
  if (!answer) throw lost();
  if (!answer.ok) throw refusal(answer.status, await answer.text());
  return answer.json();
}

/** One upload on its way: `done` becomes the deploy as the server answered it, or fails with Refused. */
export class Sending {
  constructor(site, picked, message, onBytes) {
    this.request = new XMLHttpRequest();
    this.done = new Promise((resolve, reject) => {
      this.request.upload.onprogress = (event) => onBytes(event.loaded, event.lengthComputable ? event.total : 0);
      this.request.onload = () => finished(this.request, resolve, reject);
      this.request.onerror = () => reject(lost());
      this.request.onabort = () => reject(new Refused(say("upload.cancelled"), { cancelled: true }));
    });
    const query = new URLSearchParams({ message });
    if (picked.archive) query.set("filename", picked.files[0].file.name);
    this.request.open("POST", `/api/v1/sites/${encodeURIComponent(site)}/deploys?${query}`);
    this.request.setRequestHeader("X-CSRF-Token", csrf());
    this.request.send(this.body(picked));
  }

  cancel() {
    this.request.abort();
  }

  body(picked) {
    if (picked.archive) {
      const { file } = picked.files[0];
      const type = TYPES.find(([name]) => name.test(file.name))?.[1] ?? "application/octet-stream";
      this.request.setRequestHeader("Content-Type", type);
      return file;
    }
    const form = new FormData();
    for (const { path, file } of picked.files) form.append("files", file, path);
    return form;
  }
}

function finished(request, resolve, reject) {
  if (request.status === 202) resolve(JSON.parse(request.responseText));
  else reject(refusal(request.status, request.responseText));
}

function refusal(status, text) {
  try {
    const problem = JSON.parse(text);
    return new Refused(problem.detail, { limit: problem.limit ?? null, signIn: status === 401 });
  } catch {
    return new Refused(say("upload.status", { status }));
  }
}

function lost() {
  return new Refused(say("upload.lost"));
}
