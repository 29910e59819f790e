// Figures as people read them; the same rules as admin_ui/words.py.

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** A size in decimal units: 1.2 MB. */
export function size(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A number of files. */
export function files(count) {
  return count === 1 ? "1 file" : `${count.toLocaleString("en")} files`;
}

/** A length of time in seconds: 40 ms, 1.4 s, 12 s; nothing for nothing. */
export function seconds(value) {
  if (value === 0) return "";
  if (value < 0.9995) return `${(value * 1000).toFixed(0)} ms`;
  return `${value.toFixed(value < 9.95 ? 1 : 0)} s`;
}
