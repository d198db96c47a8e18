/**
 * `<desk-alarms>`: what should be looked at now, on top of every view. One is shown, the others are
 * folded away; one that somebody looks after shrinks to a line that says who.
 */

import { explain, get, post } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { load, store } from "./drafts.js";
import { closeOutside } from "./keys.js";
import { address } from "./router.js";
import { session } from "./session.js";
import { timeOf } from "./time.js";
import { announce, toast } from "./toast.js";

/** @import {Alarm, AlarmMessage} from "./types.js" */

const HIDDEN = "frontdesk.alarms.hidden";
const KEPT = 50;

export class DeskAlarms extends HTMLElement {
  constructor() {
    super();
    /** @type {Map<string, Alarm>} those that are active */
    this.active = new Map();
    this.unfolded = false;
    this.loaded = false;
    /** @type {Set<string>} ids on their way to the desk */
    this.busy = new Set();
  }

  /** Ask the desk which there are. */
  async refresh() {
    try {
      /** @type {{alarms: Alarm[]}} */
      const { alarms } = await get("/alarms");
      this.active = new Map(alarms.filter((alarm) => !alarm.ended_at).map((alarm) => [alarm.id, alarm]));
      if (!this.loaded) for (const alarm of this.waiting()) announce(`Alarm. ${alarm.words}`);
      this.loaded = true;
      this.render();
    } catch {
      // The next event or reconnect asks again.
    }
  }

  /** What the desk tells of an alarm. @param {Alarm} alarm */
  apply(alarm) {
    const before = this.active.get(alarm.id);
    if (alarm.ended_at) {
      this.active.delete(alarm.id);
      if (before) toast(`It is over: ${alarm.words}`);
    } else {
      this.active.set(alarm.id, alarm);
      if (!before) announce(`Alarm. ${alarm.words}`);
      const by = alarm.acknowledged;
      if (before && !before.acknowledged && by && by.id !== session.operator?.id) toast(`${by.name} looks after it: ${alarm.words}`);
    }
    this.render();
  }

  /** Forget all, for somebody else may sign in. */
  clear() {
    this.active.clear();
    this.loaded = false;
    this.render();
  }

  /** Those that nobody looks after. */
  waiting() {
    return this.sorted().filter(({ acknowledged }) => !acknowledged);
  }

  /** Surges first: somebody is waiting. */
  sorted() {
    const rank = (/** @type {Alarm} */ { kind }) => (kind === "surge" ? 0 : 1);
    return [...this.active.values()].sort((a, b) => rank(a) - rank(b) || (a.began_at < b.began_at ? 1 : -1));
  }

  render() {
    const focused = /** @type {HTMLElement|null} */ (this.contains(document.activeElement) ? document.activeElement : null);
    const [key, part] = [focused?.closest("li")?.dataset.id, focused?.dataset.part];
    const waiting = this.waiting();
    const taken = this.sorted().filter(({ id, acknowledged }) => acknowledged && !hidden().includes(id));
    const shown = this.unfolded ? waiting : waiting.slice(0, 1);
    const more = waiting.length - 1;
    this.hidden = waiting.length + taken.length === 0;
    fill(this, h("ul", { role: "list" },
      shown.map((alarm, number) => this.waitingRow(alarm, number === 0 ? more : 0)),
      taken.map((alarm) => this.takenRow(alarm))));
    if (part) /** @type {HTMLElement|null} */ (this.querySelector(`li[data-id="${key}"] [data-part="${part}"]`))?.focus();
  }

  /** @param {Alarm} alarm @param {number} more how many are folded behind it */
  waitingRow(alarm, more) {
    const fold = () => {
      this.unfolded = !this.unfolded;
      this.render();
    };
    return h("li", { class: "alarm", data: { id: alarm.id, kind: alarm.kind }, "data-testid": "alarm" },
      icon("alarm"),
      h("p", { class: "alarm-words" }, ...emphasised(alarm), " ", h("span", { class: "alarm-since" }, "Began ", timeOf(alarm.began_at))),
      h("div", { class: "alarm-acts" },
        more > 0 && h("button", {
          class: "link", type: "button", data: { part: "fold" }, "aria-expanded": String(this.unfolded), "data-testid": "alarm-more", onclick: fold,
        }, this.unfolded ? "Fewer" : `${more} more`),
        h("button", { class: "button", type: "button", data: { part: "see" }, "data-testid": "alarm-see", onclick: () => openAlarm(alarm) }, "See messages"),
        h("button", {
          class: "button", type: "button", data: { part: "acknowledge" }, "data-testid": "alarm-acknowledge",
          "aria-disabled": this.busy.has(alarm.id) ? "true" : null, onclick: () => this.acknowledge(alarm),
        }, "Acknowledge")));
  }

  /** @param {Alarm} alarm */
  takenRow(alarm) {
    const by = alarm.acknowledged;
    const who = by?.id === session.operator?.id ? "You look after it" : `${by?.name} looks after it`;
    return h("li", { class: "alarm alarm-taken", data: { id: alarm.id }, "data-testid": "alarm-taken" },
      h("p", { class: "alarm-words" }, h("strong", {}, who), " · ", alarm.words),
      h("div", { class: "alarm-acts" },
        h("button", { class: "link", type: "button", data: { part: "see" }, onclick: () => openAlarm(alarm) }, "See messages"),
        h("button", {
          class: "icon-button", type: "button", "aria-label": "Hide", title: "Hide", data: { part: "hide" }, "data-testid": "alarm-hide",
          onclick: () => { hide(alarm.id); this.render(); },
        }, icon("close"))));
  }

  /** @param {Alarm} alarm */
  async acknowledge(alarm) {
    if (this.busy.has(alarm.id)) return;
    this.busy.add(alarm.id);
    this.render();
    try {
      const { alarm: after } = await post(`/alarms/${alarm.id}/acknowledge`);
      if (after.ended_at) this.active.delete(after.id);
      else this.active.set(after.id, after);
      if (after.acknowledged.id !== session.operator?.id) toast(`${after.acknowledged.name} was faster.`);
    } catch (error) {
      toast(explain(error), { tone: "bad", label: "Try again", act: () => void this.acknowledge(alarm) });
    } finally {
      this.busy.delete(alarm.id);
      this.render();
    }
  }
}

customElements.define("desk-alarms", DeskAlarms);

/** The words, with what they are about set apart. @param {Alarm} alarm @returns {(Node|string)[]} */
function emphasised({ kind, subject, words }) {
  const about = subject.replaceAll("_", " ");
  const at = kind === "surge" && about ? words.indexOf(about) : -1;
  return at < 0 ? [words] : [words.slice(0, at), h("em", {}, about), words.slice(at + about.length)];
}

/** @returns {string[]} ids of acknowledged alarms that this operator wants out of sight */
function hidden() {
  try {
    return JSON.parse(load(HIDDEN) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {string} id */
function hide(id) {
  store(HIDDEN, JSON.stringify([...hidden(), id].slice(-KEPT)));
}

/** The messages that show an alarm. @param {Alarm} alarm */
function openAlarm(alarm) {
  const list = h("div", { class: "alarm-messages", "data-testid": "alarm-messages" }, h("p", { class: "soft" }, "One moment …"));
  const dialog = h("dialog", {
    class: "alarm-sheet", "aria-labelledby": "alarm-title", "data-testid": "alarm-sheet", onclick: closeOutside, onclose: () => dialog.remove(),
  },
    h("header", {},
      h("h2", { id: "alarm-title" }, alarm.kind === "surge" ? "Negative messages" : "Messages that show it"),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))),
    h("p", {}, alarm.words), list);
  document.body.append(dialog);
  dialog.showModal();
  const fetchThem = async () => {
    try {
      /** @type {{messages: AlarmMessage[]}} */
      const { messages } = await get(`/alarms/${alarm.id}`);
      fill(list, messages.length
        ? h("ul", { role: "list" }, messages.map((message) => rowOf(message, () => dialog.close())))
        : h("p", { class: "soft" }, "They are gone: their customers were erased."));
    } catch (error) {
      fill(list, h("p", { class: "error", role: "alert" }, explain(error)),
        h("button", { class: "button", type: "button", onclick: () => void fetchThem() }, "Try again"));
    }
  };
  void fetchThem();
}

/** @param {AlarmMessage} message @param {() => void} leave */
function rowOf(message, leave) {
  const { ticket_id: ticket, text, at } = message;
  return h("li", {},
    h("p", { class: "alarm-text", dir: "auto" }, text),
    h("p", { class: "soft" }, timeOf(at), " · ",
      ticket ? h("a", { href: address({ page: "inbox", id: ticket }), onclick: leave }, "Open the ticket") : "no ticket"));
}
