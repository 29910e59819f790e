// Words and figures in the language of the page; the same rules as admin_ui/words.py.

const language = document.documentElement.lang;
const texts = JSON.parse(document.querySelector("meta[name=words]").content);
const plurals = new Intl.PluralRules(language);
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** A text below `scripts` in the language's file, with its values; `count` chooses the form of one that counts. */
export function say(key, values = {}) {
  const text = texts[key];
  const form = typeof text === "string" ? text : (text[plurals.select(values.count)] ?? text.other);
  const shown = Number.isInteger(values.count) ? { ...values, count: whole.format(values.count) } : values;
  return form.replace(/\{(\w+)\}/g, (_, name) => shown[name]);
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** A size in decimal units: 1.2 MB. */
export function size(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? tenths : whole;
  return `${digits.format(value)} ${UNITS[unit]}`;
}

/** A number of files. */
export function files(count) {
  return say("files", { count });
}

/** A length of time in seconds: 40 ms, 1.4 s, 12 s; nothing for nothing. */
export function seconds(value) {
  if (value === 0) return "";
  if (value < 0.9995) return `${(value * 1000).toFixed(0)} ms`;
  return `${(value < 9.95 ? tenths : whole).format(value)} s`;
}
