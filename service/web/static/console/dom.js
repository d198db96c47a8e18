/**
 * Building elements. Every text goes in as a text node: what a customer wrote is never markup.
 */

/** @typedef {Node|string|number|null|undefined|false} Child */

/**
 * Make an element: `h("button", {class: "quiet", onclick: send}, "Send")`.
 *
 * Functions named `on…` become listeners, `data` fills the dataset, everything else is an attribute;
 * null, undefined and false leave an attribute out. Style attributes are refused (CSP).
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [props]
 * @param {...(Child|Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "style" || name === "innerHTML") throw new Error(`${name} is not allowed`);
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value") /** @type {any} */ (element).value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...nodes(children));
  return element;
}

/**
 * @param {(Child|Child[])[]} children
 * @returns {(Node|string)[]}
 */
export function nodes(children) {
  /** @type {(Node|string)[]} */
  const flat = [];
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false || child === "") continue;
    flat.push(child instanceof Node ? child : String(child));
  }
  return flat;
}

/**
 * Replace what is inside an element.
 * @param {Element} element
 * @param {...(Child|Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/** @type {Record<string, string>} Paths on a 16 px grid, drawn with a 1.5 px stroke. */
const PATHS = {
  paper: "M4 1.500h5l3 3v10H4zM9 1.500v3h3M6 8h4M6 11h4",
  clip: "m13 7.500-5.300 5.300a3.300 3.300 0 0 1-4.700-4.700l5.500-5.400a2.200 2.200 0 0 1 3.100 3.100L6.200 11.200a1 1 0 0 1-1.500-1.500L9.500 5",
  inbox: "M2 9.5 4 3h8l2 6.5V13H2V9.5Zm0 0h3.6c.2 1.2 1.2 2 2.4 2s2.2-.8 2.4-2H14",
  person: "M8 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM3 13.5c.5-2.4 2.5-4 5-4s4.500 1.600 5 4",
  hand: "M8 2v6m0-6v0M4 8.500a4 4 0 0 0 8 0M4 6v3m8-3v3",
  tray: "M8 2.500v7m-3-3 3 3 3-3M2.500 10v3.500h11V10",
  bot: "M3.500 6h9v7h-9zM8 3.500V6m-2 3.200v.6m4-.6v.6M1.500 8.500v2m13-2v2",
  check: "m3 8.500 3.200 3.200L13 4.800",
  back: "M9.800 3.500 5.300 8l4.500 4.500",
  undo: "M3 6.500h6.500a3.500 3.500 0 0 1 0 7H6M3 6.500l3-3m-3 3 3 3",
  review: "M2.500 3.500h7m-7 4h5m-5 4h3.500m2-.500 2.300 2.300L14 9",
  search: "M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9Zm3.300-1.200 3.200 3.200",
  book: "M3 3.500c2-.8 4-.8 5 .5 1-1.300 3-1.300 5-.5v9c-2-.8-4-.8-5 .5-1-1.300-3-1.300-5-.5zM8 4v9",
  stack: "m8 2 6 3-6 3-6-3zM2.500 8 8 10.800 13.500 8M2.500 11 8 13.800 13.500 11",
  note: "M3 2.500h10v7L9.500 13.500H3zM13 9.500H9.500v4",
  pencil: "m3 13 .6-2.700 7-7 2.100 2.100-7 7zM9.500 4.500l2 2",
  close: "m4 4 8 8m0-8-8 8",
  alarm: "M8 2.500 14 13H2L8 2.500Zm0 4v3m0 1.700v.2",
  settings: "M2.500 4.500h5m4 0h2M2.500 11.500h2m4 0h5M9.500 6.200a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400ZM6.500 13.200a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400Z",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9.500V8l2.300 1.500",
  eye: "M1.500 8S4 3.500 8 3.500 14.500 8 14.500 8 12 12.500 8 12.500 1.500 8 1.500 8Zm6.500 2a2 2 0 1 0 0-4 2 2 0 0 0 0 4",
  bell: "M8 2.500a4 4 0 0 0-4 4c0 3.500-1.500 4.500-1.500 4.500h11S12 10 12 6.500a4 4 0 0 0-4-4Zm-1.500 11h3",
  panel: "M2.500 3h11v10h-11zM10 3v10",
  reach: "M2 4h12v8.500H2zM2 4.500l6 4.500 6-4.500",
  leave: "M6.500 2.500h-4v11h4M6 8h7.500m-2.800-3L13.500 8l-2.800 3",
  question: "M5.800 6a2.200 2.200 0 1 1 3.300 1.900c-.7.4-1.100.8-1.100 1.600m0 2.300v.2",
  scales: "M8 2.500v11M5 13.500h6M3 4.500h10M3 4.500 1.200 9a2 2 0 0 0 3.600 0zM13 4.500 11.200 9a2 2 0 0 0 3.600 0z",
  chart: "M2.500 2.500v11h11M5.500 11V8m3 3V4.500m3 6.500V6.500",
  down: "M8 3v9.500m-4-4 4 4 4-4",
  hourglass: "M4.500 2.500h7m-7 11h7M5.500 2.500V5L8 8l2.500-3V2.500m-5 11V11L8 8l2.500 3v2.500",
  more: "M3.500 8h.01M8 8h.01M12.500 8h.01",
  filter: "M2.500 4h11m-9 4h7m-5 4h3",
  people: "M6 7.500a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400ZM1.800 13c.4-2.200 2.100-3.500 4.200-3.500s3.800 1.300 4.200 3.500M10.500 3.300a2.200 2.200 0 0 1 0 4M12 9.800c1.200.5 2 1.600 2.300 3.200",
  tag: "M2.500 2.500h5l6 6-5 5-6-6zM5.500 5.500h.01",
  merge: "M4 2.500v3c0 2.500 4 2.500 4 5v3m4-11v3c0 2.500-4 2.500-4 5m-2-2 2 2 2-2",
  up: "M8 13V3.500m-4 4 4-4 4 4",
  chevron: "m4.500 6.500 3.500 3.500 3.500-3.500",
  plus: "M8 3v10M3 8h10",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  negative: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5.700 10.800c1.300-1.500 3.300-1.500 4.600 0M6 6.300v.4m4-.4v.4",
  neutral: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5.800 9.800h4.400M6 6.300v.4m4-.4v.4",
  positive: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5.700 9.300c1.300 1.700 3.300 1.700 4.600 0M6 6.300v.4m4-.4v.4",
};

const SVG = "http://www.w3.org/2000/svg";

/**
 * A 16 px line icon; hidden from screen readers, so give its button a label.
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 16 16", width: "16", height: "16", fill: "none", stroke: "currentColor",
    "stroke-width": "1.5", "stroke-linecap": "round", "stroke-linejoin": "round",
    "aria-hidden": "true", class: `icon icon-${name}`,
  })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? "");
  svg.append(path);
  return svg;
}

/**
 * A key as it is drawn on a button or in the help sheet.
 * @param {string} key
 */
export function keycap(key) {
  return h("kbd", { "aria-hidden": "true" }, key);
}

const LINK = /https?:\/\/[^\s<>"']+/gi;

/**
 * Text with its http(s) links clickable; everything else stays plain text.
 * @param {string} text
 * @returns {(Node|string)[]}
 */
export function linked(text) {
  /** @type {(Node|string)[]} */
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const address = trimLink(match[0]);
    if (!isWebAddress(address)) continue;
    parts.push(text.slice(from, match.index));
    parts.push(h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address));
    from = match.index + address.length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== "");
}

/**
 * Leave the full stop after a link, and a bracket that was opened before it, outside.
 * @param {string} address
 */
function trimLink(address) {
  let trimmed = address.replace(/[.,;:!?]+$/, "");
  if (trimmed.endsWith(")") && !trimmed.includes("(")) trimmed = trimmed.slice(0, -1);
  return trimmed;
}

/** @param {string} address */
function isWebAddress(address) {
  try {
    return ["http:", "https:"].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}
