// d3: scales, formats, shapes, layouts, projections, statistics and the rest of what needs no document.
"use strict";
const { tell } = require("./telling.cjs");
// Its package says that its files are modules, which this one is not.
const d3 = {};
new Function("module", "exports", require("node:fs").readFileSync(process.argv[2], "utf8"))({ exports: d3 }, d3);

const numbers = [5, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, NaN, 8, 9, 7, 9];
const rows = d3.csvParse("name,kind,n\nann,x,1\nbob,y,2\ncyd,x,3\n", d3.autoType);
const tree = { name: "root", children: [{ name: "a", n: 3 }, { name: "b", children: [{ name: "c", n: 4 }, { name: "d", n: 9 }] }] };
const root = () => d3.hierarchy(tree).sum((node) => node.n || 0).sort((a, b) => b.value - a.value);
const placed = (node) => node.descendants().map((each) => [each.data.name, each.x, each.y, each.r, each.x0, each.y1]);
const points = d3.range(30).map((n) => [(n * 37) % 101, (n * 53) % 89]);
const seeded = d3.randomLcg(0.5);
const world = { type: "Polygon", coordinates: [[[-60, -30], [-60, 40], [20, 50], [70, -20], [-60, -30]]] };

const calls = {
  exports: () => Object.keys(d3).sort(),
  statistics: () => ["min", "max", "mean", "median", "deviation", "sum", "extent", "variance", "cumsum", "rank", "mode"].map((name) => d3[name](numbers)),
  quantiles: () => [0, 0.25, 0.5, 0.9, 1].map((p) => d3.quantile(numbers, p)),
  bins: () => d3.bin().thresholds(5)(numbers.filter(isFinite)).map((bin) => [bin.x0, bin.x1, bin.length]),
  groups: () => [d3.group(rows, (d) => d.kind), d3.rollup(rows, (v) => d3.sum(v, (d) => d.n), (d) => d.kind), d3.index(rows, (d) => d.name)],
  sets: () => [d3.union([1, 2], [3]), d3.intersection([1, 2], [2]), d3.difference([1, 2], [2]), d3.cross([1, 2], ["a"]), d3.pairs([1, 2, 3])],
  sorting: () => [d3.ascending(1, 2), d3.sort(rows, (d) => -d.n), d3.bisect([1, 2, 3], 2), d3.least(rows, (d) => d.n), d3.permute(["a", "b"], [1, 0])],
  ticks: () => [d3.ticks(0, 1, 7), d3.nice(0.13, 9.7, 5), d3.tickIncrement(0, 99, 8), d3.range(0, 1, 0.2)],
  linear: () => { const s = d3.scaleLinear([0, 10], [100, 300]).clamp(true).nice(); return [s(3), s(99), s.invert(150), s.ticks(4), s.tickFormat(4, "+%")(0.5)]; },
  logarithmic: () => { const s = d3.scaleLog([1, 1000], [0, 3]).base(2); return [s(8), s.ticks(5), s.invert(1.5), d3.scaleSymlog([-9, 9])(2), d3.scalePow().exponent(0.5)(0.3)]; },
  time: () => { const s = d3.scaleUtc([new Date(0), new Date(1e12)], [0, 1]); return [s(new Date(5e11)), s.ticks(5), s.nice().domain(), s.tickFormat()(new Date(0))]; },
  ordinal: () => { const s = d3.scaleBand(["a", "b", "c"], [0, 90]).padding(0.1).round(true); return [s("b"), s.bandwidth(), s.step(), d3.scalePoint(["a", "b"], [0, 9])("b"), d3.scaleOrdinal(d3.schemeCategory10)("x")]; },
  steps: () => [d3.scaleQuantize([0, 1], ["a", "b"]).thresholds(), d3.scaleQuantile(numbers, [1, 2, 3]).quantiles(), d3.scaleThreshold([0, 1], ["a", "b", "c"])(0.5), d3.scaleSequential(d3.interpolateViridis)(0.3), d3.scaleDiverging([0, 1, 5], d3.interpolateRdBu)(2)],
  schemes: () => Object.keys(d3).filter((k) => /^interpolate[A-Z].*$/.test(k) && d3[k].length === 1).map((k) => [k, String(d3[k](0.37))]),
  interpolation: () => [d3.interpolate("a 10px #f00", "a 20px #00f")(0.3), d3.interpolate({ a: [1, 2] }, { a: [3, 4] })(0.5), d3.interpolateHcl("red", "teal")(0.4), d3.interpolateCubehelixLong("red", "blue")(0.7), d3.interpolateZoom([0, 0, 1], [9, 9, 3])(0.6), d3.piecewise([0, 5, 1])(0.75)],
  transforms: () => d3.interpolateNumberArray([1, 2], [5, 6])(0.25),
  colours: () => ["steelblue", "rgb(10%, 20%, 30%)", "hsl(120, 50%, 30%)", "#abcd", "nonsense"].map((c) => { const x = d3.color(c); return x && [x.formatHex(), String(d3.lab(x)), String(d3.hcl(x)), String(d3.cubehelix(x)), String(x.darker(2)), x.displayable()]; }),
  formats: () => [".2f", ",.0f", "+$,.2f", ".3s", "08.2e", "#x", "~g", "^20", ".0%", "(.2f", "c", "b"].map((f) => [d3.format(f)(1234.567), d3.format(f)(-0.00042)]),
  locale: () => d3.formatLocale({ decimal: ",", thousands: ".", grouping: [3], currency: ["", " €"] }).format("$,.2f")(12345.6),
  dates: () => ["%Y-%m-%dT%H:%M:%S.%LZ", "%A %-d %B, %j, %U %V %u", "%I:%M %p", "%s %Q %q"].map((f) => d3.utcFormat(f)(new Date(1e12))),
  parsing: () => [d3.utcParse("%Y-%m-%d")("2026-11-26"), d3.utcParse("%d/%b/%y")("3/Mar/21"), d3.isoParse("2020-01-01T00:00:00Z"), d3.utcParse("%Y")("x")],
  intervals: () => [d3.utcMonday.floor(new Date(1e12)), d3.utcMonth.range(new Date(0), new Date(1e10)), d3.utcDay.count(new Date(0), new Date(1e11)), d3.utcHour.every(6).ceil(new Date(1e12)), d3.utcYear.offset(new Date(0), 3)],
  text: () => [rows, d3.tsvParseRows("a\tb\n1\t\"x\ty\"\n"), d3.csvFormat(rows), d3.csvFormatRows([["a", 'b"c'], [1, ","]])],
  path: () => { const p = d3.path(); p.moveTo(1, 2); p.arc(5, 5, 3, 0, 4); p.bezierCurveTo(1, 2, 3, 4, 5, 6); p.rect(0, 0, 2, 2); p.closePath(); return String(p); },
  lines: () => ["curveBasis", "curveCardinal", "curveCatmullRom", "curveMonotoneX", "curveNatural", "curveStepAfter", "curveLinearClosed", "curveBundle", "curveBumpX"].map((c) => [c, d3.line().curve(d3[c])(points.slice(0, 7))]),
  areas: () => [d3.area().y0(3)(points.slice(0, 5)), d3.areaRadial()(points.slice(0, 3)), d3.linkHorizontal()({ source: [0, 0], target: [5, 9] }), d3.lineRadial()([[1, 2], [3, 4]])],
  arcs: () => d3.pie().padAngle(0.02)([1, 1, 2, 3, 5]).map(d3.arc().innerRadius(4).outerRadius(9).cornerRadius(1)),
  stacks: () => [d3.stack().keys(["a", "b"]).offset(d3.stackOffsetWiggle).order(d3.stackOrderInsideOut)([{ a: 1, b: 2 }, { a: 3, b: 1 }]), d3.stack().keys(["a"]).offset(d3.stackOffsetExpand)([{ a: 4 }])],
  symbols: () => d3.symbolsFill.concat(d3.symbolsStroke).map((type) => d3.symbol(type, 50)()),
  layouts: () => [d3.tree().size([9, 9]), d3.cluster().size([9, 9]), d3.treemap().size([9, 9]).padding(0.1), d3.partition().size([9, 9]), d3.pack().size([9, 9])].map((layout) => placed(layout(root()))),
  tilings: () => ["treemapBinary", "treemapDice", "treemapSlice", "treemapSliceDice", "treemapSquarify", "treemapResquarify"].map((tile) => placed(d3.treemap().tile(d3[tile]).size([9, 9])(root()))),
  hierarchy: () => { const r = root(); return [r.leaves().length, r.path(r.leaves()[0]).map((n) => n.data.name), r.ancestors().length, r.links().length, d3.stratify().path((d) => d)(["/a", "/a/b"]).height]; },
  force: () => { const nodes = d3.range(6).map((index) => ({ index })); d3.forceSimulation(nodes).force("c", d3.forceManyBody()).force("l", d3.forceLink([{ source: 0, target: 1 }, { source: 2, target: 3 }])).force("x", d3.forceX(3)).force("k", d3.forceCollide(2)).stop().tick(40); return nodes.map((n) => [n.x, n.y].map((v) => v.toFixed(9))); },
  quadtree: () => { const q = d3.quadtree(points); return [q.size(), q.find(40, 40), q.extent()]; },
  delaunay: () => { const d = d3.Delaunay.from(points); return [Array.from(d.hull), Array.from(d.triangles), d.voronoi([0, 0, 100, 100]).cellPolygon(3), d.find(9, 9)]; },
  polygons: () => [d3.polygonHull(points), d3.polygonArea(points), d3.polygonCentroid(points), d3.polygonContains([[0, 0], [9, 0], [9, 9]], [5, 2]), d3.polygonLength(points)],
  contours: () => [d3.contours().size([4, 3]).thresholds([2, 4])([1, 2, 3, 4, 5, 4, 3, 2, 1, 2, 3, 4]), d3.contourDensity().size([90, 90]).bandwidth(9)(points).length],
  projections: () => Object.keys(d3).filter((k) => /^geo[A-Z]/.test(k) && !/Raw$|Transform|Projection|Identity|Path|Stream|Circle|Graticule|Voronoi|Contains|Bounds|Area|Centroid|Distance|Interpolate|Length|Rotation|Clip/.test(k)).map((k) => [k, d3.geoPath(d3[k]())(world), d3[k]().invert && d3[k]().invert([400, 200])]),
  spheres: () => [d3.geoArea(world), d3.geoBounds(world), d3.geoCentroid(world), d3.geoContains(world, [0, 0]), d3.geoDistance([0, 0], [9, 9]), d3.geoLength(world), d3.geoInterpolate([0, 0], [90, 9])(0.4), d3.geoRotation([9, 8, 7])([1, 2]), d3.geoCircle().radius(9)(), d3.geoGraticule10().coordinates.length],
  chords: () => [d3.chord().padAngle(0.1)([[1, 2], [3, 4]]), d3.ribbon().radius(9)(d3.chord()([[1, 2], [3, 4]])[0]), d3.chordDirected()([[0, 1], [2, 0]])],
  eases: () => Object.keys(d3).filter((k) => /^ease/.test(k)).map((k) => [k, d3[k](0.3)]),
  chance: () => ["randomUniform", "randomNormal", "randomExponential", "randomGamma", "randomPoisson", "randomBinomial", "randomWeibull"].map((k) => d3[k].source(seeded)(2, 0.5)()),
  shuffled: () => d3.shuffler(d3.randomLcg(0.1))(d3.range(9)),
  blur: () => [d3.blur([1, 5, 2, 8, 3], 1), d3.fsum([0.1, 0.2, 0.3]), new d3.Adder().add(0.1).add(0.2).valueOf()],
  dispatch: () => { const heard = []; const d = d3.dispatch("x"); d.on("x.a", (v) => heard.push(v)); d.call("x", null, 3); return heard; },
  errors: () => ["format", "timeFormat"].map((k) => { try { return typeof d3[k]("zzz%"); } catch (e) { return e.message; } }),
};
tell(calls);
