// Sends to the API and tells how many bytes have gone.

import { csrf } from "./page.js";
import { Refused, lost, refusal } from "./refused.js";
import { say } from "./words.js";

const API = "/api/v1";
const TYPES = [
  [/\.zip$/i, "application/zip"],
  [/\.tar$/i, "application/x-tar"],
  [/\.(tgz|tar\.gz)$/i, "application/gzip"],
  [/\.tar\.zst$/i, "application/zstd"],
];

/** Ask the API; what it answers. Raises Refused. */
export async function request(path, { headers = {}, ...how }) {
  const answer = await fetch(API + path, { ...how, headers: { ...headers, "X-CSRF-Token": csrf() } }).catch(() => null);
  if (!answer) throw lost();
  if (!answer.ok) throw refusal(answer.status, await answer.text());
  return answer.status === 204 ? null : answer.json();
}

/** Make a site. Raises Refused. */
export function createSite(name) {
  const headers = { "Content-Type": "application/json" };
  return request("/sites", { method: "POST", headers, body: JSON.stringify({ name }) });
}

/** A body on its way: `done` becomes what the API answers, or fails with Refused. */
export class Post {
  constructor(method, path, body, type, onBytes) {
    this.request = new XMLHttpRequest();
    this.done = new Promise((resolve, reject) => {
      this.request.upload.onprogress = (event) => onBytes(event.loaded, event.lengthComputable ? event.total : 0);
      this.request.onload = () => finished(this.request, resolve, reject);
      this.request.onerror = () => reject(lost());
      this.request.onabort = () => reject(new Refused(say("upload.cancelled"), { cancelled: true }));
    });
    this.request.open(method, API + path);
    this.request.setRequestHeader("X-CSRF-Token", csrf());
    if (type) this.request.setRequestHeader("Content-Type", type);
    this.request.send(body);
  }

  cancel() {
    this.request.abort();
  }
}

/** A whole upload as one body: `done` becomes the deploy. */
export class Sending extends Post {
  constructor(site, picked, message, on) {
    const query = new URLSearchParams({ message });
    const { file } = picked.files[0];
    if (picked.archive) query.set("filename", file.name);
    const type = picked.archive ? (TYPES.find(([name]) => name.test(file.name))?.[1] ?? "application/octet-stream") : "";
    super("POST", `/sites/${encodeURIComponent(site)}/deploys?${query}`, bodyOf(picked), type, on.bytes);
  }
}

function bodyOf(picked) {
  if (picked.archive) return picked.files[0].file;
  const form = new FormData();
  for (const { path, file } of picked.files) form.append("files", file, path);
  return form;
}

function finished(request, resolve, reject) {
  if (request.status < 300) resolve(request.responseText ? JSON.parse(request.responseText) : null);
  else reject(refusal(request.status, request.responseText));
}
