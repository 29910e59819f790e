// Vue's whole build: reactivity, the template compiler, and the renderer on a document of plain objects.
"use strict";
const { tell } = require("./telling.cjs");
console.warn = console.info = () => {}; // its advice; what is compared is what it makes
const Vue = require(process.argv[2]);

const node = (tag, text) => ({ tag, text, attributes: {}, children: [], parent: null });
const operations = {
  createElement: (tag) => node(tag), createText: (text) => node("#", text), createComment: (text) => node("!", text),
  setText: (n, text) => { n.text = text; }, setElementText: (n, text) => { n.children = [node("#", text)]; },
  insert(child, parent, anchor) {
    operations.remove(child);
    const place = anchor ? parent.children.indexOf(anchor) : parent.children.length;
    parent.children.splice(place, 0, child);
    child.parent = parent;
  },
  remove(child) {
    if (child.parent) child.parent.children = child.parent.children.filter((each) => each !== child);
    child.parent = null;
  },
  parentNode: (n) => n.parent,
  nextSibling: (n) => (n.parent ? n.parent.children[n.parent.children.indexOf(n) + 1] || null : null),
  patchProp(n, key, before, after) { if (after == null) delete n.attributes[key]; else n.attributes[key] = typeof after === "function" ? "function" : after; },
};
const { createApp } = Vue.createRenderer(operations);
const written = (n) => (n.text !== undefined && !n.children.length ? `${n.tag}${n.text}` : `<${n.tag}${Object.entries(n.attributes).map(([k, v]) => ` ${k}=${JSON.stringify(v)}`).join("")}>${n.children.map(written).join("")}</>`);
const mounted = (template, setup = () => ({}), components = {}) => {
  const root = node("root");
  const app = createApp({ template, setup, components });
  app.config.warnHandler = () => {};
  app.mount(root);
  return root;
};
const flushed = (template, state, change) => {
  const reactive = Vue.reactive(state);
  const root = mounted(template, () => ({ s: reactive }), { Child });
  const before = written(root);
  change(reactive);
  pending.push(Vue.nextTick().then(() => [before, written(root)]));
};
const pending = [];
const Child = { props: { a: { type: Number, default: 3 } }, emits: ["out"], template: "<i :data-a='a'><slot :n='a + 1'>none</slot><slot name='end'/></i>" };
flushed("<ul><li v-for='n in s.list' :key='n'>{{ n }}</li></ul>", { list: [1, 2, 3, 4] }, (s) => { s.list = [4, 2, 9, 1]; });
flushed("<p v-if='s.on'>yes</p><b v-else-if='s.n > 2'>many</b><i v-else>no</i>", { on: true, n: 3 }, (s) => { s.on = false; });
flushed("<p :class=\"['a', { b: s.b }]\" :style='{ color: s.c }' v-bind='s.more' @click='s.n++'>{{ s.c.toUpperCase() }}</p>", { b: true, c: "red", more: { id: "x" }, n: 0 }, (s) => { s.b = false; s.c = "teal"; s.more = {}; });
flushed("<Child :a='s.n'><template #default='{ n }'>{{ n }}</template><template #end>end</template></Child><Child/>", { n: 5 }, (s) => { s.n = 8; });
flushed("<div><template v-for='(v, k, at) in s.map' :key='k'>{{ at }}{{ k }}={{ v }};</template></div>", { map: { a: 1, b: 2 } }, (s) => { delete s.map.a; s.map.c = 3; });
flushed("<div v-once>{{ s.n }}</div><div v-memo='[s.m]'>{{ s.n }}</div><span v-text='s.n'/>", { n: 1, m: 1 }, (s) => { s.n = 2; });
flushed("<component :is=\"s.tag\">{{ s.list.map((n) => n * 2).join() }}</component>", { tag: "h1", list: [1] }, (s) => { s.tag = "h2"; s.list.push(7); });

const calls = {
  exports: () => Object.keys(Vue).sort(),
  reactive: () => { const s = Vue.reactive({ a: { b: 1 }, l: [1], m: new Map([["k", 1]]), s: new Set([1]) }); const heard = []; Vue.watch(() => [s.a.b, s.l.length, s.m.get("k"), s.s.size], (now, old) => heard.push([now, old]), { flush: "sync" }); s.a.b = 2; s.l.push(5); s.m.set("k", 9); s.s.add(4); s.a = { b: 7 }; return heard; },
  computed: () => { const n = Vue.ref(1); let runs = 0; const twice = Vue.computed(() => { runs++; return n.value * 2; }); const first = [twice.value, twice.value]; n.value = 5; return [first, twice.value, runs]; },
  writable: () => { const n = Vue.ref(1); const c = Vue.computed({ get: () => n.value + 1, set: (v) => { n.value = v - 1; } }); c.value = 10; return [n.value, c.value]; },
  refs: () => { const s = Vue.reactive({ x: 1, y: Vue.ref(2) }); const { x } = Vue.toRefs(s); x.value = 4; return [s.x, s.y, Vue.isRef(x), Vue.unref(x), Vue.toRaw(s).y.value, Vue.isProxy(s)]; },
  readonly: () => { const r = Vue.readonly({ a: { b: 1 } }); r.a.b = 2; return [r.a.b, Vue.isReadonly(r.a), Vue.isReactive(Vue.shallowReactive({ a: {} }).a)]; },
  scope: () => { const scope = Vue.effectScope(); const n = Vue.ref(0); const seen = []; scope.run(() => Vue.watchEffect(() => seen.push(n.value), { flush: "sync" })); n.value = 1; scope.stop(); n.value = 2; return seen; },
  arrays: () => { const list = Vue.reactive([3, 1, 2]); return [list.includes(1), list.slice().sort(), list.indexOf(2), list.splice(0, 1), [...list], list.map((n) => n * 2)]; },
  vnodes: () => [Vue.h("div", { class: ["a", { b: 1 }], style: [{ color: "red" }, "top: 1px"] }, [Vue.h("b"), "x"]), Vue.h(Child, { a: 1 }, () => "s"), Vue.cloneVNode(Vue.h("i", { id: "x" }), { class: "k" }), Vue.mergeProps({ class: "a", onX: 1 }, { class: "b", onX: 2 })].map((v) => [typeof v.type === "string" ? v.type : "component", v.props || v, v.shapeFlag]),
  normalised: () => [Vue.normalizeClass(["a", { b: true, c: 0 }, ["d"]]), Vue.normalizeStyle(["a:b;c: d", { e: 1 }]), Vue.toDisplayString({ a: [1, new Map([[1, 2]])] }), Vue.camelize("a-b-c"), Vue.capitalize("abc"), Vue.toHandlerKey("some-event")],
  static: () => written(mounted("<main><h1 id='t'>Title</h1><p>a <b>b</b> c</p><!-- gone --><pre>\n  kept\n</pre></main>")),
  events: () => { const seen = []; const Emitter = { emits: ["hi"], setup(_, { emit }) { emit("hi", 1, 2); return () => Vue.h("u"); } }; return [written(mounted("<Emitter @hi='(...all) => seen.push(...all)'/>", () => ({ seen }), { Emitter })), seen]; },
  provided: () => { const Reads = { setup: () => () => Vue.inject("k", "none") }; return written(mounted("<Reads/>", () => { Vue.provide("k", "given"); return {}; }, { Reads })); },
  lifecycle: () => { const seen = []; mounted("<p/>", () => { Vue.onBeforeMount(() => seen.push("before")); Vue.onMounted(() => seen.push("mounted")); return {}; }); return seen; },
  teleport: () => written(mounted("<Suspense><b>in</b></Suspense><KeepAlive><Child/></KeepAlive>", undefined, { Child })),
  compileErrors: () => ["<p v-if>", "<p v-for='x'>", "<div><span></div>", "{{ a b }}", "<p v-model='1 + 1'>"].map((t) => { const found = []; try { Vue.compile(t, { onError: (e) => found.push(e.code) }); } catch (e) { found.push(e.name); } return found; }),
};
Promise.all(pending).then((results) => tell({ ...calls, updates: () => results }));
