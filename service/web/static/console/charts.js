/**
 * Charts as SVG: stacked bars over time, a heat map, and a small bar of shares for table cells. Each has a
 * title and a description for who cannot see it; the words around the axes are HTML, so that they keep
 * their size at any width. Colours are CSS classes: they follow the theme.
 */

import { h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 100;
let last = 0;

/** @typedef {{name: string, tone: string}} Part what a colour stands for; `tone` is its class */
/** @typedef {{label: string, short: string, counts: number[]}} Point */

/**
 * @param {string} tag
 * @param {Record<string, string|number>} attributes
 * @param {...(Node|string)} children
 */
function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** @param {number} width @param {number} height @param {string} title @param {string} description @param {string} kind @param {Node[]} children */
function picture(width, height, title, description, kind, children) {
  const id = `chart-${++last}`;
  return s("svg", {
    viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", class: `chart ${kind}`, "aria-labelledby": `${id}-t ${id}-d`,
  }, s("title", { id: `${id}-t` }, title), s("desc", { id: `${id}-d` }, description), ...children);
}

/**
 * Stacked bars, a point each.
 * @param {{title: string, description: string, points: Point[], parts: Part[], shares?: boolean}} options shares: every bar is 100 %
 */
export function bars({ title, description, points, parts, shares = false }) {
  const totals = points.map(({ counts }) => counts.reduce((sum, count) => sum + count, 0));
  const top = shares ? 1 : niceTop(Math.max(...totals, 1));
  const gap = points.length > 60 ? 0.1 : 0.2;
  const drawn = points.flatMap(({ label, counts }, at) => {
    const whole = shares ? totals[at] || 1 : top;
    let y = HEIGHT;
    return counts.map((count, part) => {
      const height = (HEIGHT * count) / whole;
      y -= height;
      return count ? s("rect", { x: at + gap / 2, y, width: 1 - gap, height, class: parts[part].tone },
        s("title", {}, `${label}: ${parts[part].name} ${count} of ${totals[at]}`)) : null;
    }).filter((rect) => rect !== null);
  });
  const lines = [0.25, 0.5, 0.75].map((share) => s("line", { x1: 0, x2: points.length, y1: HEIGHT * share, y2: HEIGHT * share, class: "chart-line" }));
  const marks = [0, Math.floor((points.length - 1) / 2), points.length - 1].filter((at, place, all) => at >= 0 && all.indexOf(at) === place);
  return h("div", { class: "chart-box" },
    h("div", { class: "chart-scale", "aria-hidden": "true" }, h("span", {}, shares ? "100 %" : whole(top)), h("span", {}, shares ? "0 %" : "0")),
    picture(Math.max(1, points.length), HEIGHT, title, description, "chart-bars", [...lines, ...drawn]),
    h("div", { class: "chart-axis", "aria-hidden": "true" }, marks.map((at) => h("span", {}, points[at].short))),
    h("ul", { class: "chart-legend", role: "list" }, parts.map(({ name, tone }) => h("li", {}, h("span", { class: `chart-key ${tone}`, "aria-hidden": "true" }), name))));
}

/**
 * Counts by weekday and hour.
 * @param {{title: string, description: string, table: number[][], rows: string[]}} options
 */
export function heat({ title, description, table, rows }) {
  const most = Math.max(1, ...table.flat());
  const cells = table.flatMap((hours, day) => hours.map((count, hour) => s("rect", {
    x: hour + 0.04, y: day + 0.05, width: 0.92, height: 0.9, class: count ? "heat-cell" : "heat-none",
    "fill-opacity": count ? (0.18 + 0.82 * (count / most)).toFixed(3) : 1,
  }, s("title", {}, `${rows[day]} ${String(hour).padStart(2, "0")}:00: ${count}`))));
  return h("div", { class: "heat-box" },
    h("div", { class: "heat-days", "aria-hidden": "true" }, rows.map((day) => h("span", {}, day.slice(0, 3)))),
    picture(24, table.length, title, description, "chart-heat", cells),
    h("div", { class: "heat-hours", "aria-hidden": "true" }, ["00", "06", "12", "18", "24"].map((hour) => h("span", {}, hour))));
}

/** A bar of shares in a cell; its words stand beside it. @param {number[]} counts @param {Part[]} parts */
export function miniBar(counts, parts) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (!total) return h("span", { class: "soft" }, "–");
  let x = 0;
  const words = parts.map(({ name }, at) => `${counts[at]} ${name}`).join(", ");
  return s("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", class: "chart mini", "aria-label": words },
    ...counts.map((count, at) => {
      const width = (100 * count) / total;
      x += width;
      return s("rect", { x: x - width, y: 0, width, height: 8, class: parts[at].tone });
    }));
}

/** The next of 1, 2, 5, 10, 20 … @param {number} most */
export function niceTop(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= most) ?? most;
}

/** @param {number} number */
const whole = (number) => number.toLocaleString("en-GB");
