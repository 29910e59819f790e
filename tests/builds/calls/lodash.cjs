// Every function of lodash, called with many kinds of arguments.
"use strict";
const { tell } = require("./telling.cjs");
const _ = require(process.argv[2]);

const BY_CHANCE_OR_TIME = new Set(["random", "sample", "sampleSize", "shuffle", "now", "uniqueId", "defer", "delay",
  "debounce", "throttle", "runInContext", "noConflict", "template", "mixin"]);
const people = [{ name: "ann", age: 40, tags: ["a", "b"] }, { name: "bob", age: 36, tags: [] }, { name: "cyd", age: 40 }];
const double = (value) => value * 2;
const ARGUMENTS = [
  [],
  [[3, 1, 2, 3, -0, NaN]],
  [[1, [2, [3, [4]]]], 2],
  [[1, 2, 3, 4], double],
  [[1, 2, 3, 4], 2, 1],
  [people, "age"],
  [people, { age: 40 }],
  [people, ["name", "ann"]],
  [people, "tags[0]"],
  [people, (each) => each.age, "x"],
  [{ a: { b: [1, { c: "deep" }] }, z: null }, "a.b[1].c"],
  [{ a: 1, b: { c: 2 } }, { b: { d: 3 } }, { e: [1] }],
  [{ a: 1, b: 2 }, (value, key) => `${key}${value}`],
  ["fooBar --baz_QUX ünïcode", 8],
  ["<b>&amp;</b>", "&"],
  ["abc", 6, "_-"],
  [7.4567, 2],
  [5, 1, -2],
  [0, 10, 3],
  [double, 2],
  [double, [1, 2]],
  [(a, b, c) => [a, b, c], 1, 2, 3],
  [new Map([["k", { v: 1 }]]), "k"],
  [new Set([1, 2])],
  [[1, 2, 3], [2, 3, 4], [5]],
  [["a", "b"], [1, 2]],
  [null, undefined],
  [new Date(0), /x/g],
];

const calls = {};
for (const name of _.functions(_).sort()) {
  if (BY_CHANCE_OR_TIME.has(name)) continue;
  ARGUMENTS.forEach((given, place) => {
    calls[`${name} ${place}`] = () => _[name](..._.cloneDeep(given).map((one, at) => (_.isFunction(given[at]) ? given[at] : one)));
  });
}
calls.chain = () => _.chain(people).filter("age").orderBy(["age", "name"], ["desc", "asc"]).map("name").value();
calls.lazy = () => _(_.range(500)).map((n) => n * 3).filter((n) => n % 2).take(4).reverse().value();
calls.template = () => _.template("<% _.each(list, n => { %><i><%- n %></i><% }) %><%= '${x}' %> ${ list.length }")({ list: ["<", 2] });
calls.curry = () => _.curry((a, b, c) => a + b + c)(1)(2)(3);
calls.flow = () => _.flow([_.add, double])(1, 2);
calls.memoize = () => { let count = 0; const once = _.memoize(() => ++count); once(1); once(1); once(2); return count; };
tell(calls);
