/**
 * The keyboard: one table of keys, which drives both the listener and the help sheet.
 */

import { h, keycap, icon } from "./dom.js";

/** @typedef {{key: string, says: string, section: string, act: () => void, shown?: string}} Binding */

/** Keys that go on while they are held; others act once, for they may decide something for good. */
const REPEATING = ["j", "k", "ArrowDown", "ArrowUp"];

/** @type {Binding[]} */
const bindings = [];

/** @param {string} section @param {[string, string, () => void, string?][]} rows key, words, act, shown as */
export function bind(section, rows) {
  for (const [key, says, act, shown] of rows) bindings.push({ section, key, says, act, shown });
}

export const isMac = /mac|iphone|ipad/i.test(navigator.platform);
export const sendKeys = isMac ? ["⌘", "Enter"] : ["Ctrl", "Enter"];

/** @param {EventTarget|null} target */
export function isTyping(target) {
  return target instanceof HTMLElement
    && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
    && !target.matches("input[type=checkbox]");
}

/** @param {() => boolean} isActive whether the console takes keys now */
export function listen(isActive) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!isActive() || document.querySelector("dialog[open]")) return;
    if (isTyping(event.target) && event.key !== "Escape") return;
    const binding = bindings.find(({ key }) => key === event.key);
    if (!binding) return;
    event.preventDefault();
    if (event.repeat && !REPEATING.includes(event.key)) return;
    binding.act();
  });
}

/** @type {HTMLDialogElement|null} */
let sheet = null;

/** Show every key there is. */
export function showHelp() {
  sheet ??= document.body.appendChild(buildSheet());
  if (!sheet.open) sheet.showModal();
}

function buildSheet() {
  const sections = [...new Set(bindings.map(({ section }) => section))];
  const close = () => sheet?.close();
  return h("dialog", { class: "sheet", "aria-labelledby": "help-title", "data-testid": "help", onclick: closeOutside },
    h("header", {},
      h("h2", { id: "help-title" }, "Keyboard"),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: close }, icon("close"))),
    h("div", { class: "sheet-columns" }, sections.map((section) => h("section", {},
      h("h3", {}, section),
      h("dl", {}, rowsOf(section))))),
    h("p", { class: "soft" }, "In the composer: ", sendKeys.map(keycap),
      " sends, Enter starts a new line, Esc leaves."));
}

/** @param {string} section */
function rowsOf(section) {
  return bindings.filter((binding) => binding.section === section && binding.says).map(({ key, says, shown }) =>
    h("div", {}, h("dt", {}, (shown ?? key).split(" ").map((part) => h("kbd", {}, part))), h("dd", {}, says)));
}

/** A click on the backdrop closes a dialog. @param {MouseEvent} event */
export function closeOutside(event) {
  if (event.target instanceof HTMLDialogElement && event.target === event.currentTarget) event.target.close();
}
