/**
 * The widget as it would look, in the page where its look is set: the real view, with a conversation that is played.
 * Nothing of it talks to the desk. What the colour does to text is said in words.
 */

import { fill, h } from "./dom.js";

/** @typedef {{color: string, theme: string, side: string, spacing: string, radius: string, font: string, locale: string,
 *   name: string, welcome: string, suggested: string[]}} Look */

const TEXT = 4.5; // least contrast of text, by WCAG 2.2 AA
const PLAYED = /** @type {const} */ ([["customer", "Where is my parcel?"], ["desk", "It is on its way, and should be with you tomorrow."]]);

/** @typedef {{view: any, stringsFor: Function, color: any, grounds: {light: string, dark: string}}} Widget */
/** @type {Promise<Widget>|null} one view for all visits of the page: it listens to the window */
let made = null;

/** @returns {{element: HTMLElement, show: (look: Look) => void}} */
export function lookPreview() {
  const stage = h("div", { class: "look-preview", "data-testid": "look-preview", role: "group", "aria-label": "Preview of the widget" });
  const words = h("div", { class: "look-words", role: "status", "data-testid": "look-contrast" });
  let last = 0;
  const show = async (/** @type {Look} */ look) => {
    const turn = ++last;
    try {
      const widget = await (made ??= make());
      const table = await widget.stringsFor([look.locale, document.documentElement.lang]);
      if (turn !== last) return;
      if (widget.view.host.parentNode !== stage) stage.append(widget.view.host);
      stage.dataset.mode = isDark(look.theme) ? "dark" : "light";
      widget.view.configure(lookOf(look, table));
      if (!widget.view.opened) widget.view.open({ focus: false });
      fill(words, contrastWords(look, widget));
    } catch {
      made = null;
      fill(words, h("p", {}, "The preview could not be loaded."));
    }
  };
  return { element: h("div", { class: "look-fields" }, stage, words), show: (look) => void show(look) };
}

/** @returns {Promise<Widget>} */
async function make() {
  const [{ View }, { stringsFor }, color, { GROUND }] = await Promise.all([
    import("../widget/view.js"), import("../widget/strings.js"), import("../widget/color.js"), import("../widget/styles.js"),
  ]);
  const table = await stringsFor(["en"]);
  const memory = { get: () => null, set: () => {}, remove: () => {} };
  const view = new View(lookOf(null, table), /** @type {any} */ (played()), { session: /** @type {any} */ (memory), emit: () => {} });
  return { view, stringsFor, color, grounds: GROUND };
}

/** As the widget takes it; a page says nothing here. @param {Look|null} look @param {any} table */
function lookOf(look, table) {
  const { theme = "", name = "", welcome = "", suggested = [], ...traits } = look ?? {};
  return {
    name: name || "frontdesk", welcome, longest: 4000, suggested: suggested.map((text) => ({ text })),
    themes: [{ ...traits, mode: theme }], ...table,
  };
}

/** A conversation as the view reads one, in which nothing happens. */
function played() {
  const at = new Date().toISOString();
  const items = PLAYED.map(([author, text], index) => ({
    key: `${index}`, id: `${index}`, kind: "message", author, name: null, text, at, state: "sent", suggestions: [], ratable: false,
  }));
  return {
    status: "desk", operator: null, typing: null, network: "ok", startedOver: false, loading: false, thinking: false, unread: 0, asking: null, expectation: null,
    items: () => items, markRead() {}, writing() {}, send() {}, askForPerson() {}, tryNow() {}, outbox: { retry() {}, discard() {} },
  };
}

/** @param {string} mode */
const isDark = (mode) => mode === "dark" || (mode !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);

/** Whether text on the colour can be read, and what the widget does where it could not. @param {Look} look @param {Widget} widget */
function contrastWords(look, { color, grounds }) {
  const modes = /** @type {const} */ (["light", "dark"]).filter((mode) => !["light", "dark"].includes(look.theme) || look.theme === mode);
  const wanted = look.color || "#1d5c4d";
  return modes.map((mode) => {
    const { fill: ground, on } = color.accents(wanted, grounds[mode]);
    const [under, over] = [ground, on].map((text) => rgbOf(text));
    const ratio = color.contrast(under, over);
    const own = color.parse(wanted);
    const changed = own && String(own) !== String(under);
    const told = `${mode === "light" ? "Light" : "Dark"}: text on the colour ${ratio.toFixed(1)} : 1, ${ratio >= TEXT ? "readable (WCAG AA)" : "too little for small text (WCAG AA)"}`;
    return h("p", { data: { tone: ratio >= TEXT && !changed ? "good" : "warn" } },
      changed ? `${told}. The colour itself would not stand out from the panel: the widget makes it ${mode === "light" ? "darker" : "lighter"}.` : `${told}.`);
  });
}

/** "rgb(1 2 3)" as numbers. @param {string} text */
const rgbOf = (text) => (text.match(/\d+/g) ?? []).map(Number);
