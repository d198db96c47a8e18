/**
 * The field of business hours: spans by weekday, time zone, holidays. A span that ends before it begins ends on the
 * next day; midnight is an end, too.
 */

import { fill, h, icon } from "./dom.js";
import { title } from "./words.js";

/** @import {Field, Input} from "./edit_fields.js" */
/** @import {Hours} from "./types.js" */

export const WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const FIRST = { from: "09:00", to: "17:00" };
const MOST_SPANS = 10;

/** @typedef {{from: string, to: string}} Span */

/** @param {Field} _field @param {string} id @param {string} described @param {() => void} changed @returns {Input} */
export function hoursInput(_field, id, described, changed) {
  /** @type {Record<string, Span[]>} */
  let days = {};
  /** @type {string[]} */
  let closed = [];
  const always = h("input", { type: "checkbox", id: `${id}-always`, "aria-describedby": described, "data-testid": "hours-always", onchange: () => { toggle(); changed(); } });
  const zone = h("select", { id: `${id}-zone`, "data-testid": "hours-zone", onchange: changed });
  const list = h("ul", { class: "hours-days", role: "list" });
  const holidays = h("ul", { class: "chips", role: "list", "aria-label": "Holidays" });
  const date = h("input", { type: "date", id: `${id}-date`, "data-testid": "holiday-date" });
  const again = () => { drawDays(); changed(); };

  const drawDays = () => fill(list, WEEK.map((day) => h("li", { "data-testid": `hours-${day}` },
    h("span", { class: "hours-day" }, title(day)),
    h("div", { class: "hours-spans" },
      days[day]?.length ? days[day].map((span, at) => spanRow(day, span, () => { days[day].splice(at, 1); again(); focusOn(day); }, changed))
        : h("span", { class: "soft" }, "Closed"),
      h("button", {
        class: "quiet", type: "button", "aria-label": `Add hours on ${title(day)}`, "data-testid": "hours-add", hidden: (days[day]?.length ?? 0) >= MOST_SPANS,
        onclick: () => { days[day] = [...(days[day] ?? []), nextSpan(days[day] ?? [])]; again(); focusOn(day); },
      }, icon("plus"), days[day]?.length ? "More" : "Open")))));
  /** @param {string} day */
  const focusOn = (day) => /** @type {HTMLElement|null} */ (list.children[WEEK.indexOf(day)]?.querySelector(".hours-span:last-of-type input, button"))?.focus();

  const drawHolidays = () => fill(holidays, closed.map((day) => h("li", { "data-testid": "holiday" },
    new Date(`${day}T12:00`).toLocaleDateString("en-GB", { dateStyle: "medium" }),
    h("button", {
      class: "icon-button", type: "button", "aria-label": `Remove the holiday ${day}`,
      onclick: () => { closed = closed.filter((one) => one !== day); drawHolidays(); changed(); date.focus(); },
    }, icon("close")))));
  const add = () => {
    if (date.value && !closed.includes(date.value)) closed = [...closed, date.value].sort();
    date.value = "";
    drawHolidays();
    changed();
  };
  const copy = () => {
    for (const day of WEEK.slice(1, 5)) days[day] = (days.monday ?? []).map((span) => ({ ...span }));
    again();
  };
  const times = h("div", { class: "hours-times" },
    h("div", { class: "field" }, h("label", { for: zone.id }, "Time zone"), zone),
    list,
    h("div", {}, h("button", { class: "button", type: "button", "data-testid": "hours-copy", onclick: copy }, icon("copy"), "Monday’s hours for Tuesday to Friday")),
    h("div", { class: "field" }, h("label", { for: date.id }, "Holidays, on which nobody works"), holidays,
      h("div", { class: "hours-holiday" }, date, h("button", { class: "button", type: "button", "data-testid": "holiday-add", onclick: add }, "Add"))));
  const toggle = () => { times.hidden = always.checked; };

  return {
    element: h("div", { class: "hours-box" }, h("label", { class: "check", for: always.id }, always, "Open round the clock"), times),
    read: () => (always.checked ? null : {
      timezone: zone.value,
      days: Object.fromEntries(WEEK.map((day) => [day, (days[day] ?? []).map(spanText)])),
      closed: [...closed],
    }),
    write: (/** @type {Hours|null} */ hours) => {
      always.checked = !hours;
      days = Object.fromEntries(WEEK.map((day, at) => [day, hours ? (hours.days[day] ?? []).map(spanOf) : at < 5 ? [{ ...FIRST }] : []]));
      closed = [...(hours?.closed ?? [])];
      drawZones(zone, hours?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
      drawDays();
      drawHolidays();
      toggle();
    },
    focus: () => always.focus(),
  };
}

/** @param {string} day @param {Span} span @param {() => void} remove @param {() => void} changed */
function spanRow(day, span, remove, changed) {
  const late = h("span", { class: "soft hours-late" });
  const told = () => { late.textContent = span.to !== "00:00" && span.to < span.from ? "the next day" : ""; };
  const time = (/** @type {"from"|"to"} */ end) => h("input", {
    type: "time", value: span[end], "aria-label": `${title(day)}, ${end === "from" ? "from" : "until"}`, "data-testid": `hours-${end}`,
    oninput: (/** @type {Event} */ event) => { span[end] = /** @type {HTMLInputElement} */ (event.target).value; told(); changed(); },
  });
  told();
  return h("span", { class: "hours-span" }, time("from"), "–", time("to"), late,
    h("button", { class: "icon-button", type: "button", "aria-label": `Remove ${span.from} to ${span.to} on ${title(day)}`, onclick: remove }, icon("close")));
}

/** After the last of the day, an hour later. @param {Span[]} spans @returns {Span} */
function nextSpan(spans) {
  const last = spans.at(-1)?.to;
  if (!last) return { ...FIRST };
  const hour = Number(last.slice(0, 2));
  return hour >= 22 || hour === 0 ? { from: "", to: "" } : { from: `${String(hour + 1).padStart(2, "0")}:00`, to: "23:00" };
}

/** The desk's "24:00" is a clock's "00:00". @param {string} text @returns {Span} */
function spanOf(text) {
  const [from, to] = text.split("-").map((side) => side.trim().padStart(5, "0"));
  return { from, to: to === "24:00" ? "00:00" : to };
}

/** @param {Span} span */
const spanText = ({ from, to }) => `${from}-${to === "00:00" ? "24:00" : to}`;

/** @param {HTMLSelectElement} select @param {string} chosen */
function drawZones(select, chosen) {
  const zones = new Set(["UTC", chosen, ...Intl.supportedValuesOf("timeZone")]);
  fill(select, [...zones].sort().map((name) => h("option", { value: name }, name.replaceAll("_", " "))));
  select.value = chosen;
}
