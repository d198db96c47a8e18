/**
 * What an operator has chosen for this device: what may ring here and when, and whether resolving asks
 * what it was about. Kept in this browser only. The dialog asks for the browser's permission, by a click.
 */

import { h, icon } from "./dom.js";
import { load, store } from "./drafts.js";
import { closeOutside } from "./keys.js";
import { chime, wake } from "./sound.js";

const KEY = "frontdesk.device";

/**
 * @typedef {object} Device
 * @property {boolean} desktop
 * @property {boolean} sound
 * @property {boolean} new a ticket came
 * @property {boolean} answer a customer wrote in a ticket of mine
 * @property {boolean} assigned a ticket became mine by somebody else
 * @property {boolean} overdue a ticket of mine is about to wait too long
 * @property {boolean} quiet
 * @property {string} from "20:00"
 * @property {string} to
 * @property {boolean} askAtResolve
 */

/** @type {Device} */
const USUAL = {
  desktop: false, sound: false, new: true, answer: true, assigned: true, overdue: true,
  quiet: false, from: "20:00", to: "08:00", askAtResolve: true,
};

/** @returns {Device} */
export function device() {
  try {
    const kept = JSON.parse(load(KEY) ?? "{}");
    const known = Object.entries(USUAL).map(([name, usual]) => [name, typeof kept[name] === typeof usual ? kept[name] : usual]);
    return /** @type {Device} */ (Object.fromEntries(known));
  } catch {
    return { ...USUAL };
  }
}

/** @param {Partial<Device>} change */
export function setDevice(change) {
  store(KEY, JSON.stringify({ ...device(), ...change }));
}

/** Whether nothing may ring now; the hours may lie across midnight. @param {Device} device @param {Date} at */
export function isQuiet({ quiet, from, to }, at = new Date()) {
  if (!quiet || from === to) return false;
  const now = `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
  return from < to ? from <= now && now < to : now >= from || now < to;
}

/** @typedef {"desktop"|"sound"|"new"|"answer"|"assigned"|"overdue"|"quiet"|"askAtResolve"} Switch */

/** Show what can be chosen. */
export function openDevice() {
  const now = device();
  const problem = h("p", { class: "error", role: "alert", hidden: true });
  /** @param {string} words */
  const fail = (words) => {
    problem.textContent = words;
    problem.hidden = !words;
  };
  /** @param {Switch} name @param {string} label @param {string} [more] */
  const choice = (name, label, more) => h("label", { class: "check" },
    h("input", {
      type: "checkbox", checked: now[name], "data-testid": `device-${name}`,
      onchange: (/** @type {Event} */ event) => void toggle(name, /** @type {HTMLInputElement} */ (event.target), fail),
    }),
    h("span", {}, label, more && h("small", { class: "soft" }, more)));
  /** @param {"from"|"to"} name @param {string} label */
  const hour = (name, label) => h("label", {}, label, h("input", {
    type: "time", value: now[name], required: true, "data-testid": `device-${name}`,
    onchange: (/** @type {Event} */ event) => {
      const { value } = /** @type {HTMLInputElement} */ (event.target);
      if (value) setDevice({ [name]: value });
    },
  }));
  const close = () => dialog.close();
  const dialog = h("dialog", {
    class: "dialog device", "aria-labelledby": "device-title", "data-testid": "device", onclick: closeOutside, onclose: () => dialog.remove(),
  },
    h("header", {}, h("h2", { id: "device-title" }, "This device"),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: close }, icon("close"))),
    h("p", { class: "soft" }, "Kept in this browser, for whoever works here. Nothing rings while you look at the console."),
    h("fieldset", {}, h("legend", {}, "How"),
      choice("desktop", "Desktop notifications", "Your browser asks once whether it may."),
      h("div", { class: "check-row" }, choice("sound", "A short sound"),
        h("button", { class: "quiet", type: "button", "data-testid": "device-hear", onclick: () => { wake(); chime(); } }, "Hear it"))),
    h("fieldset", {}, h("legend", {}, "For what"),
      choice("new", "A new ticket"), choice("answer", "A customer writes in a ticket of mine"),
      choice("assigned", "A ticket is given to me"), choice("overdue", "A ticket of mine waits too long")),
    h("fieldset", {}, h("legend", {}, "Quiet hours"),
      choice("quiet", "Nothing rings"), h("div", { class: "hours" }, hour("from", "from"), hour("to", "until"))),
    h("fieldset", {}, h("legend", {}, "Resolving"),
      choice("askAtResolve", "Ask what it was about", "One key answers, and the desk learns from it.")),
    problem);
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {Switch} name @param {HTMLInputElement} input @param {(words: string) => void} fail */
async function toggle(name, input, fail) {
  fail("");
  if (name === "desktop" && input.checked && !(await permitted())) {
    input.checked = false;
    return fail("Your browser does not allow notifications from here. Its settings for this site can change that.");
  }
  if (name === "sound" && input.checked) {
    wake();
    chime();
  }
  setDevice({ [name]: input.checked });
}

async function permitted() {
  if (!("Notification" in window)) return false;
  if (Notification.permission !== "default") return Notification.permission === "granted";
  return (await Notification.requestPermission()) === "granted";
}
