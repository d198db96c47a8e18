/**
 * `<desk-selection>`: which tickets of the list are selected, and the bar of what can be done with all of
 * them at once. Keeps ids, so that a row may move, change or leave the list and stay selected.
 */

import { fill, h, icon } from "./dom.js";
import { assign, change, snooze, tag } from "./moves.js";
import { announce } from "./toast.js";
import { plural } from "./words.js";

/** @import {Ticket} from "./types.js" */

/** @type {Record<"claim"|"resolve"|"return"|"reopen", string>} */
const DONE = { claim: "Claimed.", resolve: "Resolved.", return: "Returned to the bot.", reopen: "Reopened." };

export class DeskSelection extends HTMLElement {
  constructor() {
    super();
    /** @type {Set<string>} */
    this.ids = new Set();
    this.anchor = "";
    this.busy = false;
    /** @type {(id: string) => Ticket|undefined} */
    this.ticket = () => undefined;
    /** @type {() => string[]} the ids in the list, in their order */
    this.listed = () => [];
  }

  connectedCallback() {
    this.draw();
  }

  get size() {
    return this.ids.size;
  }

  /** @param {string} id @param {boolean} [on] */
  toggle(id, on = !this.ids.has(id)) {
    if (on) this.ids.add(id);
    else this.ids.delete(id);
    this.anchor = id;
    this.changed([id]);
  }

  /** From the one that was last chosen to this one, as it is there. @param {string} id */
  reach(id) {
    const listed = this.listed();
    const [from, to] = [listed.indexOf(this.anchor), listed.indexOf(id)].sort((a, b) => a - b);
    if (from < 0) return this.toggle(id, true);
    const reached = listed.slice(from, to + 1);
    for (const one of reached) this.ids.add(one);
    this.changed(reached);
  }

  /** All that are listed, or none when all of them are. */
  all() {
    const listed = this.listed();
    if (listed.length && listed.every((id) => this.ids.has(id))) return this.clear();
    for (const id of listed) this.ids.add(id);
    this.changed(listed);
  }

  clear() {
    const before = [...this.ids];
    this.ids.clear();
    this.anchor = "";
    this.changed(before);
  }

  /** Tickets that are gone for good. @param {string[]} gone */
  forget(gone) {
    for (const id of gone) this.ids.delete(id);
    this.changed(gone);
  }

  tickets() {
    return [...this.ids].flatMap((id) => this.ticket(id) ?? []);
  }

  /** @param {string[]} ids */
  changed(ids) {
    this.draw();
    announce(this.size ? `${plural(this.size, "ticket")} selected` : "Nothing selected");
    this.dispatchEvent(new CustomEvent("change", { detail: ids }));
  }

  /** @param {(list: Ticket[]) => Promise<Ticket[]>} act */
  async do(act) {
    if (this.busy) return;
    this.busy = true;
    this.setAttribute("aria-busy", "true");
    try {
      const changed = await act(this.tickets());
      // What could not be changed stays selected, to be tried another way.
      if (changed.length) {
        for (const { id } of changed) this.ids.delete(id);
        this.changed(changed.map(({ id }) => id));
      }
    } finally {
      this.busy = false;
      this.removeAttribute("aria-busy");
    }
  }

  /** @param {"claim"|"resolve"|"return"|"reopen"} verb */
  press(verb) {
    return this.do((list) => change(list, verb, {}, DONE[verb]));
  }

  draw() {
    this.hidden = !this.size;
    const away = this.size - this.listed().filter((id) => this.ids.has(id)).length;
    const signature = `${this.size}:${away}`;
    if (this.dataset.drawn === signature) return;
    const focused = this.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.testid : undefined;
    this.dataset.drawn = signature;
    fill(this,
      h("span", { class: "selected", "data-testid": "selected" }, `${this.size} selected`, away > 0 && h("span", { class: "soft" }, ` (${away} not shown)`)),
      h("button", { class: "icon-button", type: "button", "aria-label": "Select nothing", title: "Select nothing (Esc)", "data-testid": "bulk-clear", onclick: () => this.clear() }, icon("close")),
      this.button("claim", "Claim", "person", () => this.press("claim")),
      this.button("assign", "Assign", "people", () => this.do(assign)),
      this.button("tag", "Tag", "tag", () => this.do(tag)),
      this.button("snooze", "Snooze", "clock", () => this.do(snooze)),
      this.button("resolve", "Resolve", "check", () => this.press("resolve")));
    if (focused) /** @type {HTMLElement|null} */ (this.querySelector(`[data-testid="${focused}"]`))?.focus();
  }

  /** @param {string} name @param {string} label @param {string} image @param {() => void} act */
  button(name, label, image, act) {
    return h("button", { class: "quiet", type: "button", title: label, "data-testid": `bulk-${name}`, onclick: act }, icon(image), h("span", {}, label));
  }
}

customElements.define("desk-selection", DeskSelection);
