// React's server renderer: elements, attributes, hooks, context, suspense, and what it refuses.
"use strict";
const { tell } = require("./telling.cjs");
const React = require("react");
const server = require(process.argv[2]);
console.error = () => {}; // its advice; what is compared is what it makes

const h = React.createElement;
const Theme = React.createContext("light");
function Counter({ from }) {
  const [count, setCount] = React.useState(() => from * 2);
  if (count < 20) setCount(count + 7);
  const ref = React.useRef("r");
  const id = React.useId();
  const memo = React.useMemo(() => count + 1, [count]);
  const [state, dispatch] = React.useReducer((s, a) => s + a, 1);
  if (state < 5) dispatch(2);
  return h("p", { id, "data-memo": memo }, count, ref.current, state, React.useContext(Theme));
}
class Old extends React.Component {
  constructor(props) { super(props); this.state = { n: 1 }; }
  static getDerivedStateFromProps(props) { return { n: props.n }; }
  render() { return h("b", null, this.state.n); }
}
const Memo = React.memo(function Inner({ a }) { return h("i", null, a); });
const Forward = React.forwardRef((props, ref) => h("input", { ...props, ref }));
const Broken = () => { throw new TypeError("no"); };
const shown = {
  text: ["a", 1, "<&\"'>", null, false, "b"],
  attributes: h("a", { href: "/x?a=1&b=2", className: "c", htmlFor: "f", tabIndex: 3, hidden: true, disabled: false, "aria-label": "l", "data-x": { toString: () => "obj" }, onClick() {}, contentEditable: "true", spellCheck: false, download: true }),
  style: h("div", { style: { color: "red", marginTop: 3, lineHeight: 2, WebkitLineClamp: 2, "--own": 4, zIndex: 1, flex: 0, msTransition: "x" } }),
  form: h("form", null, h("input", { defaultValue: "v", defaultChecked: true, type: "checkbox" }), h("textarea", { defaultValue: "\n<t>" }), h("select", { defaultValue: ["b"], multiple: true }, h("option", { value: "a" }, "A"), h("option", { value: "b" }, "B"))),
  html: h("div", { dangerouslySetInnerHTML: { __html: "<b>raw</b>" } }),
  svg: h("svg", { viewBox: "0 0 1 1", xlinkHref: "#a", strokeWidth: 2 }, h("path", { d: "M0 0", clipPath: "url(#x)" })),
  lists: h("ul", null, [1, 2, 3].map((n) => h("li", { key: n }, n)), h(React.Fragment, null, "x", h("hr"))),
  hooks: h("div", null, h(Counter, { from: 3 }), h(Theme.Provider, { value: "dark" }, h(Counter, { from: 11 }))),
  classes: h(Old, { n: 9 }),
  memo: h(Memo, { a: "m" }),
  forward: h(Forward, { placeholder: "p" }),
  strict: h(React.StrictMode, null, h(React.Profiler, { id: "p", onRender() {} }, "in")),
  suspense: h(React.Suspense, { fallback: "wait" }, h(React.lazy(() => new Promise(() => {})))),
  custom: h("my-element", { class: "k", some: "thing", flag: true }),
  document: h("html", null, h("head", null, h("title", null, "T"), h("meta", { charSet: "utf-8" }), h("link", { rel: "stylesheet", href: "a.css", precedence: "x" }), h("script", { async: true, src: "a.js" })), h("body", null, "body")),
  broken: h(Broken),
  nested: h("p", null, h("p", null, h("table", null, h("tr", null, h("td"))))),
  badName: h("a b"),
  voidWithChildren: h("br", null, "x"),
  object: h("p", null, { a: 1 }),
  deep: Array.from({ length: 60 }).reduce((inner, _, n) => h("div", { title: n }, inner), "core"),
};
const calls = { exports: () => Object.keys(server).sort() };
for (const [name, element] of Object.entries(shown)) {
  calls[`string ${name}`] = () => server.renderToString(element, { identifierPrefix: "t" });
  calls[`static ${name}`] = () => server.renderToStaticMarkup(element);
}
tell(calls);
