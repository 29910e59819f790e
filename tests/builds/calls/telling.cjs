// How a result is told, so that the same call on two copies of a library can be compared: by what others can see of it.
"use strict";

function told(value, depth = 0, seen = new Set()) {
  if (typeof value === "function") return "function";
  if (typeof value === "symbol") return String(value);
  if (typeof value === "bigint" || value === undefined || Object.is(value, -0)) return `${typeof value} ${value}`;
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value === null || typeof value !== "object") return value;
  if (seen.has(value)) return "seen above";
  if (depth > 8) return "deep";
  seen.add(value);
  if (value instanceof Error) return `${value.name}`;
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value instanceof RegExp) return String(value);
  if (value instanceof Map) return { map: [...value].map((pair) => told(pair, depth + 1, seen)) };
  if (value instanceof Set) return { set: [...value].map((each) => told(each, depth + 1, seen)) };
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value, (each) => told(each, depth + 1, seen));
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, told(value[key], depth + 1, seen)]));
}

// The outcome of a call: what it returns, or what kind of error it ends with (messages of the engine name variables).
function outcome(call) {
  try {
    return told(call());
  } catch (error) {
    return `throws ${error && error.name}`;
  }
}

module.exports = {
  outcome,
  tell(calls) {
    const outcomes = Object.entries(calls).map(([name, call]) => [name, outcome(call)]);
    process.stdout.write(JSON.stringify(outcomes));
  },
};
