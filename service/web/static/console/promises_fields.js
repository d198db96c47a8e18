/**
 * The field of promises: how soon people reply first, reply again and resolve, by priority. Times are written as in
 * the content's files: 30m, 8h, 2d.
 */

import { h } from "./dom.js";
import { title } from "./words.js";

/** @import {Field, Input} from "./edit_fields.js" */
/** @import {Sla} from "./types.js" */

const PRIORITIES = ["urgent", "high", "normal", "low"];
const CLOCKS = /** @type {const} */ ([["first_reply", "First reply"], ["next_reply", "Next reply"], ["resolution", "Resolved"]]);
/** @type {Record<string, number>} */
const SIZES = { d: 1440, h: 60, m: 1 };
const SPAN = /^(\d{1,6}) ?(m|min|h|d)$/;

/** @param {Field} _field @param {string} _id @param {string} described @param {() => void} changed @returns {Input} */
export function promisesInput(_field, _id, described, changed) {
  const problem = h("p", { class: "field-problem", role: "alert", hidden: true, "data-testid": "promises-problem" });
  /** @type {Map<string, HTMLInputElement>} */
  const boxes = new Map();
  const check = () => {
    const bad = [...boxes].filter(([, { value }]) => value.trim() && minutesOf(value) === null);
    for (const [, box] of boxes) box.removeAttribute("aria-invalid");
    for (const [, box] of bad) box.setAttribute("aria-invalid", "true");
    problem.hidden = !bad.length;
    problem.textContent = bad.length ? `“${bad[0][1].value}” (${bad[0][1].ariaLabel}) is no time such as 30m, 8h or 2d.` : "";
  };
  const cell = (/** @type {string} */ clock, /** @type {string} */ name, /** @type {string} */ priority) => {
    const box = h("input", {
      type: "text", maxlength: 9, autocomplete: "off", spellcheck: "false", "aria-label": `${name}, ${priority}`, "aria-describedby": described, placeholder: "–",
      "data-testid": `promise-${clock}-${priority}`, oninput: () => { check(); changed(); },
    });
    boxes.set(`${clock}.${priority}`, box);
    return box;
  };
  const element = h("div", { class: "promises-box" },
    h("table", { class: "promises" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Priority"), CLOCKS.map(([, name]) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, PRIORITIES.map((priority) => h("tr", {}, h("th", { scope: "row" }, title(priority)),
        CLOCKS.map(([clock, name]) => h("td", {}, cell(clock, name, priority))))))),
    problem);
  return {
    element,
    read: () => Object.fromEntries(CLOCKS.map(([clock]) => [clock, Object.fromEntries([...PRIORITIES].sort()
      .map((priority) => [priority, boxes.get(`${clock}.${priority}`)?.value.trim() ?? ""])
      .filter(([, text]) => text)
      // What is no time stays as it is: it is not saved, and not lost.
      .map(([priority, text]) => [priority, minutesOf(text) ?? text]))])),
    write: (/** @type {Sla|null} */ sla) => {
      for (const [clock] of CLOCKS) {
        for (const priority of PRIORITIES) {
          const box = boxes.get(`${clock}.${priority}`);
          const value = sla?.[clock]?.[priority];
          if (box) box.value = typeof value === "number" ? spanText(value) : value ?? "";
        }
      }
      check();
    },
    focus: () => ([...boxes.values()].find((box) => box.ariaInvalid === "true") ?? boxes.values().next().value)?.focus(),
    explains: () => problem.textContent ?? "",
  };
}

/** @param {string} text @returns {number|null} */
function minutesOf(text) {
  const [, amount, unit] = SPAN.exec(text.trim().toLowerCase()) ?? [];
  const minutes = Number(amount) * SIZES[unit?.[0] ?? ""];
  return minutes > 0 ? minutes : null;
}

/** @param {number} minutes */
function spanText(minutes) {
  const [unit, size] = Object.entries(SIZES).find(([, one]) => minutes % one === 0) ?? ["m", 1];
  return `${minutes / size}${unit}`;
}
