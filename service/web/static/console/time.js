/**
 * Times that tick. `<desk-time>` shows how long ago something was and renews only its own text, only
 * when that text changes; a thousand of them cost one timer.
 */

import { now } from "./api.js";
import { h } from "./dom.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Waiting longer than this is shown as late. */
const LATE = HOUR;

/** @type {Set<DeskTime>} */
const shown = new Set();

export class DeskTime extends HTMLElement {
  constructor() {
    super();
    this.due = 0;
    this.label = document.createElement("time");
  }

  connectedCallback() {
    if (!this.label.isConnected) this.append(this.label);
    shown.add(this);
    this.renew(now());
  }

  disconnectedCallback() {
    shown.delete(this);
  }

  /** @param {number} at the present, in ms */
  renew(at) {
    const instant = Date.parse(this.getAttribute("at") ?? "");
    if (Number.isNaN(instant)) return;
    const age = Math.max(0, at - instant);
    const mode = this.getAttribute("mode");
    if (mode === "due") return this.renewDue(at, instant);
    const waiting = mode === "waiting";
    const text = waiting ? duration(age) : ago(age, instant);
    if (this.label.textContent !== text) this.label.textContent = text;
    if (!this.label.title) {
      this.label.dateTime = this.getAttribute("at") ?? "";
      this.label.title = (waiting ? "Waiting since " : "") + absolute(instant);
    }
    if (waiting) this.toggleAttribute("late", age > LATE);
    this.due = at + (age < MINUTE ? SECOND : age < HOUR ? 5 * SECOND : MINUTE);
  }

  /** A promise that runs: amber from `warn` on, red when it is over. @param {number} at @param {number} instant */
  renewDue(at, instant) {
    const left = instant - at;
    const text = left >= 0 ? duration(left) : `${duration(-left)} late`;
    if (this.label.textContent !== text) this.label.textContent = text;
    if (!this.label.title) {
      this.label.dateTime = this.getAttribute("at") ?? "";
      this.label.title = `Due ${absolute(instant)}`;
    }
    this.dataset.tone = left < 0 ? "red" : at >= Date.parse(this.getAttribute("warn") ?? "") ? "amber" : "calm";
    this.due = at + (Math.abs(left) < HOUR ? SECOND : 5 * SECOND);
  }
}

customElements.define("desk-time", DeskTime);

/** Renew every time that is due; `all` after a sleep. */
export function tick(all = false) {
  const at = now();
  for (const time of shown) if (all || time.due <= at) time.renew(at);
}

setInterval(tick, SECOND);
document.addEventListener("visibilitychange", () => tick(true));

/**
 * @param {string|null|undefined} at ISO 8601
 * @param {"ago"|"waiting"} [mode]
 */
export function timeOf(at, mode = "ago") {
  return at ? h(/** @type {any} */ ("desk-time"), { at, mode }) : null;
}

/** How long is left of a promise. @param {string} at @param {string|null} warn when it turns amber */
export function timeUntil(at, warn) {
  return h(/** @type {any} */ ("desk-time"), { at, warn, mode: "due" });
}

/** "45 s", "12 min", "1 h 05", "3 d" @param {number} age ms */
export function duration(age) {
  if (age < MINUTE) return `${Math.floor(age / SECOND)} s`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`;
  if (age < DAY) {
    const minutes = Math.floor((age % HOUR) / MINUTE);
    return `${Math.floor(age / HOUR)} h ${String(minutes).padStart(2, "0")}`;
  }
  return `${Math.floor(age / DAY)} d`;
}

/** @param {number} age ms @param {number} instant */
function ago(age, instant) {
  if (age < 45 * SECOND) return "just now";
  if (age < HOUR) return `${Math.max(1, Math.round(age / MINUTE))} min ago`;
  if (age < DAY) return `${Math.round(age / HOUR)} h ago`;
  if (age < 7 * DAY) return `${Math.round(age / DAY)} d ago`;
  return dayOf(instant);
}

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const yearFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const fullFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "medium" });

/** @param {string|number} at */
export const clock = (at) => clockFormat.format(new Date(at));

const shortFormat = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** "Tue 24 Nov, 09:00" @param {string|number} at */
export const moment = (at) => shortFormat.format(new Date(at));

/** @param {string|number} at */
export const absolute = (at) => fullFormat.format(new Date(at));

/** "Today", "Yesterday", "Tuesday 3 March", "3 Mar 2025" @param {string|number} at */
export function dayOf(at) {
  const day = new Date(at);
  const today = new Date(now());
  if (day.toDateString() === today.toDateString()) return "Today";
  const yesterday = new Date(today);
  yesterday.setDate(today.getDate() - 1);
  if (day.toDateString() === yesterday.toDateString()) return "Yesterday";
  const near = today.getTime() - day.getTime() < 180 * DAY;
  return near ? dayFormat.format(day) : yearFormat.format(day);
}
