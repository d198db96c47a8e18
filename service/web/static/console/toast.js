/**
 * Short messages at the foot of the page, read out by screen readers, with at most one thing to do.
 */

import { h } from "./dom.js";

/** @type {HTMLElement|null} */
let shelf = null;

const TICK = 250;
// What was tapped stays hovered until something else is.
const MINDED = matchMedia("(hover: hover)").matches ? ":hover, :focus-within" : ":focus-within";
const SHOWN = { words: 6000, button: 12_000 };

/**
 * Say something. It goes by itself, but not while somebody points at it, has the focus in it, or has
 * another tab before this one: who wants to press its button need not hurry.
 * @param {string} text
 * @param {{tone?: "plain"|"bad", label?: string, act?: () => void, ms?: number}} [options]
 */
export function toast(text, { tone = "plain", label, act, ms = label ? SHOWN.button : SHOWN.words } = {}) {
  shelf ??= document.body.appendChild(
    h("div", { class: "toasts", role: "status", "aria-live": "polite", "data-testid": "toasts" }),
  );
  const element = h("div", { class: "toast", data: { tone } }, h("span", {}, text));
  let left = ms;
  const clock = setInterval(() => {
    if (!document.hidden && !element.matches(MINDED) && (left -= TICK) <= 0) close();
  }, TICK);
  const close = () => {
    clearInterval(clock);
    element.remove();
  };
  if (label && act) {
    element.append(h("button", { class: "link", type: "button", onclick: () => { close(); act(); } }, label));
  }
  shelf.append(element);
  while (shelf.children.length > 3) shelf.firstElementChild?.remove(); // its clock finds nobody, and ends
}

/** Say something to screen readers only. @param {string} text */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}
