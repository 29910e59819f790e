// Notes of what this tab is sending, which outlive the page: files do not, so that after a reload it can only be said
// what was cut off, and how to go on.

const KEY = "dropdock.sending";

/** Note that something is being sent to a site; `sent` is told how much of it has gone. */
export function nowSending(site, name) {
  const note = { id: crypto.randomUUID?.() ?? String(Math.random()), site, name, done: 0, total: 0 };
  let shown = 0;
  note.sent = (done, total) => {
    Object.assign(note, { done, total });
    if (performance.now() - shown < 250) return; // ms
    shown = performance.now();
    write([...others(note), plain(note)]);
  };
  write([...others(note), plain(note)]);
  return note;
}

export function finishedSending(note) {
  write(others(note));
}

/** What was being sent to a site when the page was left; each is told once. */
export function cutOff(site) {
  const notes = read();
  write(notes.filter((each) => each.site !== site));
  return notes.filter((each) => each.site === site);
}

function others(note) {
  return read().filter((each) => each.id !== note.id);
}

function plain({ id, site, name, done, total }) {
  return { id, site, name, done, total };
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return []; // storage is switched off, or somebody else's
  }
}

function write(notes) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(notes));
  } catch {
    // without storage nothing can be said after a reload
  }
}
