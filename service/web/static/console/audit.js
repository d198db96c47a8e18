/**
 * The page of the audit log: who did what, when, from where; filtered, page by page, and as a table to keep.
 */

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { wrong } from "./settings_parts.js";
import { absolute, timeOf } from "./time.js";

/** @import {AuditEntry, Colleague} from "./types.js" */
/** @typedef {{entries: AuditEntry[], more: boolean, deeds: {deed: string, text: string}[]}} Log */

const PAGE = 50;

/** @returns {Promise<Node[]>} */
export async function auditPage() {
  /** @type {[Log, {people: Colleague[]}]} */
  const [first, { people }] = await Promise.all([get(`/audit?limit=${PAGE}`), get("/people")]);
  const names = new Map(people.map(({ id, name }) => [id, name]));
  const who = select("Who", "audit-who", [["", "Everybody"], ...people.map(({ id, name }) => /** @type {[string, string]} */ ([id, name]))]);
  const what = select("What", "audit-what", [["", "Everything"], ...first.deeds.map(({ deed, text }) => /** @type {[string, string]} */ ([deed, text]))]);
  const from = day("From", "audit-from");
  const to = day("To", "audit-to");
  const rows = h("tbody", {});
  const table = h("table", { class: "audit", "data-testid": "audit" },
    h("thead", {}, h("tr", {}, ["When", "Who", "What", "To what", "From where"].map((name) => h("th", { scope: "col" }, name)))), rows);
  const older = h("button", { class: "button", type: "button", "data-testid": "audit-older" }, "Older");
  const download = h("a", { class: "button", download: "audit.csv", "data-testid": "audit-csv" }, "Download as CSV");
  const none = h("p", { class: "empty", role: "status", "data-testid": "audit-none" }, "Nothing that fits.");
  const error = h("p", { class: "error", role: "alert", hidden: true });
  let last = 0;
  let turn = 0;

  const query = () => {
    const asked = new URLSearchParams();
    const given = { operator: who.input.value, deed: what.input.value, from: startOf(from.input.value, 0), to: startOf(to.input.value, 1) };
    for (const [name, value] of Object.entries(given)) if (value) asked.set(name, value);
    return asked;
  };
  const show = (/** @type {Log} */ { entries, more }, /** @type {boolean} */ below) => {
    const drawn = entries.map((entry) => row(entry, names));
    if (below) rows.append(...drawn);
    else fill(rows, drawn);
    last = entries.at(-1)?.id ?? last;
    older.hidden = !more;
    none.hidden = rows.childElementCount > 0;
    table.hidden = !none.hidden;
    download.href = `/api/v1/audit.csv?${query()}`;
  };
  const load = async (/** @type {boolean} */ below) => {
    const mine = ++turn;
    const asked = query();
    asked.set("limit", String(PAGE));
    if (below) asked.set("before", String(last));
    try {
      const told = await get(`/audit?${asked}`);
      error.hidden = true;
      if (mine === turn) show(told, below);
    } catch (problem) {
      error.hidden = false;
      error.textContent = wrong(problem);
    }
  };
  for (const { input } of [who, what, from, to]) input.addEventListener("change", () => void load(false));
  older.addEventListener("click", () => void load(true));
  show(first, false);
  return [h("div", { class: "audit-filter" }, who.element, what.element, from.element, to.element, download), error,
    h("div", { class: "audit-scroll" }, table), none, h("div", {}, older)];
}

/** @param {AuditEntry} entry @param {Map<string, string>} names */
function row({ at, who, text, subject, detail, address }, names) {
  return h("tr", { "data-testid": "audit-entry" },
    h("td", { title: absolute(at) }, timeOf(at)),
    h("td", {}, who.name || "A stranger", who.role && who.role !== "desk" && who.role !== "machine" && h("span", { class: "soft" }, ` · ${who.role}`)),
    h("td", {}, text),
    h("td", {}, subject !== who.id && h("span", { class: names.has(subject) ? "" : "code" }, names.get(subject) ?? subject), detail && h("span", { class: "soft" }, subject && subject !== who.id ? ` · ${detail}` : detail)),
    h("td", { class: "code" }, address || "–"));
}

/** @param {string} label @param {string} testid @param {[string, string][]} options */
function select(label, testid, options) {
  const input = h("select", { id: testid, "data-testid": testid }, options.map(([value, words]) => h("option", { value }, words)));
  return { input, element: h("div", { class: "field" }, h("label", { for: testid }, label), input) };
}

/** @param {string} label @param {string} testid */
function day(label, testid) {
  const input = h("input", { type: "date", id: testid, "data-testid": testid });
  return { input, element: h("div", { class: "field" }, h("label", { for: testid }, label), input) };
}

/** The beginning of a day here, some days later, as the desk writes times. @param {string} date @param {number} days */
function startOf(date, days) {
  if (!date) return "";
  const start = new Date(`${date}T00:00:00`);
  start.setDate(start.getDate() + days);
  return Number.isNaN(start.getTime()) ? "" : start.toISOString();
}
