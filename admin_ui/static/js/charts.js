// Draws each chart of a page from the columns of its table, which stands below it closed, for who would rather read.

import { seconds, size } from "./words.js";

const HEIGHT = 220; // px
const DAY = 86_400; // s
const COLOURS = ["--good", "--accent", "--warning", "--bad"];
const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const STEPS = [...Array(15).keys()].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power)); // from mark to mark
const KINDS = { count: (value) => whole.format(value), size, seconds: (value) => seconds(value) || "0 s" };

class Drawn {
  constructor(figure) {
    this.place = figure.querySelector(".chart-drawing");
    this.table = document.getElementById(figure.dataset.chart);
    this.columns = figure.dataset.columns.split(",").map(Number);
    this.said = KINDS[figure.dataset.kind];
    this.steps = figure.dataset.kind === "seconds" ? {} : { incrs: STEPS }; // there is no half of a request
    this.names = null; // of the rows, where they are not moments
    this.data = this.read();
    figure.hidden = false;
    this.draw();
    new ResizeObserver(() => this.plot.setSize({ width: this.place.clientWidth, height: HEIGHT })).observe(this.place);
  }

  read() {
    const rows = [...this.table.tBodies[0].rows];
    if (rows.some((row) => row.querySelector("a"))) this.names = rows.map((row) => row.cells[0].textContent.trim());
    const places = rows.map((row, place) => (this.names ? place : Number(row.dataset.at)));
    return [places, ...this.columns.map((column) => rows.map((row) => Number(row.cells[column + 1].dataset.value)))];
  }

  draw() {
    this.plot?.destroy();
    const colour = (name) => colourOf(this.place, name);
    const [places] = this.data;
    const when = told(places[places.length - 1] - places[0]);
    const named = (mark) => (this.names ? (this.names[mark] ?? "") : when.format(mark * 1000));
    const exactly = (mark) => (this.names ? this.names[mark] : exact.format(mark * 1000));
    const axis = { stroke: colour("--text-quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const heads = this.table.tHead.rows[0].cells;
    this.plot = new window.uPlot(
      {
        width: this.place.clientWidth,
        height: HEIGHT,
        cursor: { y: false, drag: { x: false, y: false } },
        scales: { x: { time: !this.names }, y: { range: (_, least, most) => [Math.min(0, least), most > 0 ? most * 1.1 : 1] } },
        axes: [
          { ...axis, ...(this.names && { incrs: STEPS }), values: (_, marks) => marks.map(named) },
          { ...axis, ...this.steps, size: 72, values: (_, marks) => marks.map((mark) => this.said(mark)) },
        ],
        series: [
          { label: heads[0].textContent, value: (_, mark) => (mark === null ? "–" : exactly(mark)) },
          ...this.columns.map((column, place) => ({
            label: heads[column + 1].textContent,
            stroke: colour(COLOURS[place]),
            width: 2,
            points: { show: places.length < 3 },
            value: (_, value) => (value === null ? "–" : this.said(value)),
          })),
        ],
      },
      this.data,
      this.place,
    );
  }
}

const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** A token's colour as a drawing can use it, which does not know `var()` and `light-dark()`. */
function colourOf(place, name) {
  const probe = place.appendChild(document.createElement("span"));
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** How a mark of the time axis is written, by how long the whole of it is; UTC, as everywhere. */
function told(length) {
  const fine = length <= 2 * DAY;
  const parts = fine ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(language, { ...parts, timeZone: "UTC" });
}

const drawn = [];
for (const details of document.querySelectorAll("[data-closed-by-scripts]")) details.open = false;
for (const figure of document.querySelectorAll("[data-chart]")) drawn.push(new Drawn(figure));
matchMedia("(prefers-color-scheme:dark)").addEventListener("change", () => drawn.forEach((chart) => chart.draw()));
