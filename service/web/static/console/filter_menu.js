/**
 * The filter menu: what can be asked of a ticket, as a form. It writes words into the search box, where
 * they can be read, changed and kept as a view.
 */

import { get } from "./api.js";
import { h, icon } from "./dom.js";
import { closeOutside } from "./keys.js";
import { readQuery, writeQuery } from "./query.js";
import { session } from "./session.js";
import { OUT_OF_SCOPE, SENTIMENTS, STATUS, title } from "./words.js";

/** @typedef {[value: string, text: string][]} Options */

const LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pl", "pt", "tr", "ar", "zh", "ja", "ko"];

/**
 * @param {string} q
 * @param {(q: string) => void} use called with the new words
 */
export async function openFilters(q, use) {
  const [colleagues, tags] = await Promise.all([
    get("/colleagues").then(({ operators }) => operators, () => []),
    get("/tags").then((body) => body.tags, () => []),
  ]);
  const { filters, rest } = readQuery(q);
  const names = new Intl.DisplayNames(["en"], { type: "language" });
  /** @type {[string, string, Options][]} */
  const fields = [
    ["status", "Status", [["active", "Active"], .../** @type {Options} */ (Object.entries(STATUS))]],
    ["owner", "Owner", [["me", "Me"], ["none", "Nobody"], ...colleagues.filter((/** @type {{id: string}} */ { id }) => id !== session.operator?.id)
      .map((/** @type {{name: string}} */ { name }) => [name, name])]],
    ["priority", "Priority", ["urgent", "high", "normal", "low"].map((name) => [name, title(name)])],
    ["sentiment", "Sentiment", SENTIMENTS.map((name) => [name, title(name)])],
    ["intent", "Intent", [...session.intents.map(({ name }) => /** @type {[string, string]} */ ([name, title(name)])), [OUT_OF_SCOPE, title(OUT_OF_SCOPE)]]],
    ["tag", "Tag", [...tags.map((/** @type {{name: string}} */ { name }) => [name, name]), ["none", "No tag"]]],
    ["waiting", "Waiting longer than", [["10m", "10 minutes"], ["1h", "1 hour"], ["4h", "4 hours"], ["1d", "1 day"], ["3d", "3 days"]]],
    ["is", "It is", [["unanswered", "Unanswered"], ["due", "About to be late"], ["overdue", "Overdue"], ["snoozed", "Snoozed"], ["merged", "Merged"]]],
    ["language", "Language", LANGUAGES.map((code) => [code, names.of(code) ?? code])],
  ];
  const selects = new Map(fields.map(([name, label, options]) => [name, selectOf(name, label, options, filters[name] ?? "")]));
  const came = /** @type {HTMLElement|null} */ (document.activeElement);
  const finish = (/** @type {string} */ words) => { use(words); dialog.close(); };
  const dialog = h("dialog", {
    class: "choose filter-menu", "aria-labelledby": "filter-title", "data-testid": "filter-dialog", onclick: closeOutside,
    onclose: () => { dialog.remove(); if (came?.isConnected) came.focus({ preventScroll: true }); },
  },
    h("form", {
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        finish(writeQuery(Object.fromEntries([...selects].map(([name, select]) => [name, select.value])), rest));
      },
    },
      h("header", {}, h("h2", { id: "filter-title" }, "Filter tickets"),
        h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))),
      h("div", { class: "filter-fields" }, fields.map(([name, label]) => h("label", {}, label, /** @type {HTMLElement} */ (selects.get(name))))),
      h("div", { class: "choose-acts" },
        h("button", { class: "button", type: "button", onclick: () => finish(rest) }, "Clear"),
        h("button", { class: "button primary", type: "submit", "data-testid": "filter-apply" }, "Show"))));
  document.body.append(dialog);
  dialog.showModal();
  selects.get("status")?.focus();
}

/** @param {string} name @param {string} label @param {Options} options @param {string} value */
function selectOf(name, label, options, value) {
  // What was typed and is in no list is kept.
  const known = options.some(([option]) => option.toLowerCase() === value.toLowerCase());
  const select = h("select", { "aria-label": label, "data-testid": `filter-${name}` },
    h("option", { value: "" }, "Any"), value && !known && h("option", { value }, value),
    options.map(([option, text]) => h("option", { value: option }, text)));
  select.value = options.find(([option]) => option.toLowerCase() === value.toLowerCase())?.[0] ?? value;
  return select;
}
