// Why something did not happen.

import { suspect } from "./page.js";
import { say } from "./words.js";

/** What went wrong, as a sentence for people; `signIn` when only signing in again helps, `final` when nothing does. */
export class Refused extends Error {
  constructor(sentence, { limit = null, signIn = false, cancelled = false, final = false } = {}) {
    super(sentence);
    this.limit = limit;
    this.signIn = signIn;
    this.cancelled = cancelled;
    this.final = final;
  }
}

/** From an answer of the API. */
export function refusal(status, text) {
  try {
    const problem = JSON.parse(text);
    return new Refused(problem.detail, { limit: problem.limit ?? null, signIn: status === 401 });
  } catch {
    return new Refused(say("upload.status", { status }));
  }
}

/** Nothing was answered. */
export function lost() {
  suspect();
  return new Refused(say("upload.lost"));
}
