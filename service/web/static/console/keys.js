/**
 * The keyboard: one table of keys and commands, which drives the listener, the help sheet and the palette.
 */

import { h, icon } from "./dom.js";

/**
 * @typedef {object} Binding
 * @property {string} key empty for what has no key of its own: the palette's alone, or told in the sheet only
 * @property {string} says empty for a second key of the same thing
 * @property {string} section
 * @property {(() => void)|null} act none for what is told only
 * @property {string} [shown] the keys as they are drawn
 * @property {() => boolean} [when] whether it makes sense now; always, without it
 */

/** Keys that go on while they are held; others act once, for they may decide something for good. */
const REPEATING = ["j", "k", "ArrowDown", "ArrowUp"];

/** @type {Binding[]} */
const bindings = [];

/** @param {string} section @param {[string, string, (() => void)|null, string?, (() => boolean)?][]} rows key, words, act, shown as, when */
export function bind(section, rows) {
  for (const [key, says, act, shown, when] of rows) bindings.push({ section, key, says, act, shown, when });
}

/** Everything that can be done now. @returns {(Binding & {act: () => void})[]} */
export function commands() {
  return /** @type {any} */ (bindings.filter(({ says, act, when }) => says && act && (!when || when())));
}

export const isMac = /mac|iphone|ipad/i.test(navigator.platform);
export const sendKeys = isMac ? ["⌘", "Enter"] : ["Ctrl", "Enter"];
export const paletteKeys = isMac ? "⌘ K" : "Ctrl K";

/** @param {EventTarget|null} target */
export function isTyping(target) {
  return target instanceof HTMLElement
    && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
    && !target.matches("input[type=checkbox]");
}

/** @param {() => boolean} isActive whether the console takes keys now @param {() => void} palette what Ctrl+K opens, also while one writes */
export function listen(isActive, palette) {
  document.addEventListener("keydown", (event) => {
    if ((isMac ? event.metaKey : event.ctrlKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!event.repeat && isActive() && !document.querySelector("dialog[open]")) palette();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!isActive() || document.querySelector("dialog[open]")) return;
    if (isTyping(event.target) && event.key !== "Escape") return;
    const binding = bindings.find(({ key, act }) => act && key === event.key);
    if (!binding?.act) return;
    event.preventDefault();
    if (event.repeat && !REPEATING.includes(event.key)) return;
    binding.act();
  });
}

/** Show every key there is. */
export function showHelp() {
  if (document.querySelector("dialog[open]")) return;
  const shown = bindings.filter(({ key, says, shown: as }) => says && (key || as));
  const sections = [...new Set(shown.map(({ section }) => section))];
  const sheet = h("dialog", {
    class: "sheet", "aria-labelledby": "help-title", "data-testid": "help", onclick: closeOutside, onclose: () => sheet.remove(),
  },
    h("header", {},
      h("h2", { id: "help-title" }, "Keyboard"),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => sheet.close() }, icon("close"))),
    h("div", { class: "sheet-columns" }, sections.map((section) => h("section", {},
      h("h3", {}, section),
      h("dl", {}, shown.filter((binding) => binding.section === section).map(({ key, says, shown: as }) =>
        h("div", {}, h("dt", {}, keysOf(as ?? key)), h("dd", {}, says))))))));
  document.body.append(sheet);
  sheet.showModal();
}

/** @param {string} shown the keys, apart by spaces */
export function keysOf(shown) {
  return shown.split(" ").map((part) => h("kbd", {}, part));
}

/** Whether the pointer was last pressed beside the open dialog: who selects a text beyond its edge stays in it. */
let pressedOutside = false;
document.addEventListener("pointerdown", (event) => { pressedOutside = isOutside(event); }, true);

/** @param {MouseEvent} event */
function isOutside({ target, clientX: x, clientY: y }) {
  if (!(target instanceof HTMLDialogElement)) return false;
  const { left, right, top, bottom } = target.getBoundingClientRect();
  return x < left || x > right || y < top || y > bottom;
}

/** A click on the backdrop closes a dialog; one on its own edge does not. @param {MouseEvent} event */
export function closeOutside(event) {
  if (pressedOutside && isOutside(event)) /** @type {HTMLDialogElement} */ (event.currentTarget).close();
}
