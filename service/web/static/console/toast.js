/**
 * Short messages at the foot of the page, read out by screen readers, with at most one thing to do.
 */

import { h } from "./dom.js";

/** @type {HTMLElement|null} */
let shelf = null;

/**
 * @param {string} text
 * @param {{tone?: "plain"|"bad", label?: string, act?: () => void, ms?: number}} [options]
 */
export function toast(text, { tone = "plain", label, act, ms = 6000 } = {}) {
  shelf ??= document.body.appendChild(
    h("div", { class: "toasts", role: "status", "aria-live": "polite", "data-testid": "toasts" }),
  );
  const element = h("div", { class: "toast", data: { tone } }, h("span", {}, text));
  const close = () => element.remove();
  if (label && act) {
    element.append(h("button", { class: "link", type: "button", onclick: () => { close(); act(); } }, label));
  }
  shelf.append(element);
  while (shelf.children.length > 3) shelf.firstElementChild?.remove();
  setTimeout(close, ms);
}

/** Say something to screen readers only. @param {string} text */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}
