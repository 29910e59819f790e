// What a ZIP archive says it holds: its directory stands at its end, so that little of a large file is read
// (APPNOTE.TXT 6.3.10, 4.3). Only a look beforehand: the server opens it as if it lied.

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const END_SIZE = 22;
const COMMENT = 65535; // bytes, the longest after the end
const MOST = 32 * 1024 * 1024; // bytes of a directory that are read
const FULL = 0xffffffff; // the value stands in its 64-bit place

/** The files of an archive as {path, size}; null where that cannot be told. */
export async function listZip(file) {
  try {
    const place = await directoryOf(file);
    return place && place.size <= MOST ? entries(await view(file, place.at, place.size), place.count) : null;
  } catch {
    return null; // damaged, or changed while it was read: the server says what is wrong
  }
}

async function directoryOf(file) {
  const from = Math.max(0, file.size - END_SIZE - COMMENT);
  const tail = await view(file, from, file.size - from);
  for (let at = tail.byteLength - END_SIZE; at >= 0; at -= 1) {
    if (tail.getUint32(at, true) !== END) continue;
    const found = { count: tail.getUint16(at + 10, true), size: tail.getUint32(at + 12, true), at: tail.getUint32(at + 16, true) };
    const is64 = found.at === FULL || found.size === FULL || found.count === 0xffff;
    return is64 ? directory64(file, tail, at - 20) : found;
  }
  return null;
}

async function directory64(file, tail, at) {
  if (at < 0 || tail.getUint32(at, true) !== LOCATOR_64) return null;
  const end = await view(file, Number(tail.getBigUint64(at + 8, true)), 56);
  if (end.getUint32(0, true) !== END_64) return null;
  const [count, size, start] = [32, 40, 48].map((place) => Number(end.getBigUint64(place, true)));
  return { count, size, at: start };
}

function entries(directory, count) {
  const found = [];
  let at = 0;
  for (let number = 0; number < count; number += 1) {
    if (directory.getUint32(at, true) !== ENTRY) return null;
    const [name, extra, comment] = [28, 30, 32].map((place) => directory.getUint16(at + place, true));
    const path = text(directory, at + 46, name);
    const size = fullSize(directory, at, at + 46 + name, extra);
    if (!path.endsWith("/")) found.push({ path, size });
    at += 46 + name + extra + comment;
  }
  return found;
}

function fullSize(directory, at, from, length) {
  const size = directory.getUint32(at + 24, true);
  if (size !== FULL) return size;
  for (let place = from; place + 12 <= from + length; place += 4 + directory.getUint16(place + 2, true)) {
    if (directory.getUint16(place, true) === 1) return Number(directory.getBigUint64(place + 4, true));
  }
  return size;
}

function text(directory, at, length) {
  return new TextDecoder().decode(new Uint8Array(directory.buffer, directory.byteOffset + at, length));
}

async function view(file, from, size) {
  return new DataView(await file.slice(from, from + size).arrayBuffer());
}
