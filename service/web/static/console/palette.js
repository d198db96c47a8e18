/**
 * The command palette: everything that can be done now, every page, ticket and reply, found by a few
 * letters. Commands come from the table of keys; what else there is, the console offers (`offer`).
 */

import { get, isAborted } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { fitting } from "./fuzzy.js";
import { closeOutside, commands, keysOf } from "./keys.js";
import { customerName, plural, STATUS } from "./words.js";

/** @import {Ticket} from "./types.js" */
/**
 * @typedef {object} Entry
 * @property {string} section
 * @property {string} label
 * @property {string} [more] beside it, and searched, too
 * @property {string} [keys]
 * @property {() => void} act
 */

const MOST = { nothing: 12, typed: 8 };
const PAUSE = 180;

/** @type {(() => Entry[])[]} */
const sources = [];

/** Let the palette find more. @param {() => Entry[]} source asked each time when it opens */
export function offer(source) {
  sources.push(source);
}

/** @type {(ticket: Ticket) => void} */
let openTicket = () => {};

/** @param {(ticket: Ticket) => void} open what choosing a ticket does */
export function onTicket(open) {
  openTicket = open;
}

/** @type {Palette|null} the last one: a browser says later that a dialog was closed */
let last = null;

/** Open it. */
export function openPalette() {
  last?.closed();
  last = new Palette();
  last.open();
}

class Palette {
  constructor() {
    this.entries = [...commands().map(({ section, says, key, shown, act }) => /** @type {Entry} */ ({
      section, label: says, keys: shown ?? key, act,
    })), ...sources.flatMap((source) => source())];
    /** @type {Entry[]} tickets that the desk found */
    this.tickets = [];
    /** @type {Entry[]} */
    this.found = [];
    this.active = 0;
    /** @type {AbortController|null} */
    this.request = null;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    this.input = h("input", {
      type: "text", role: "combobox", "aria-expanded": "true", "aria-autocomplete": "list", "aria-controls": "palette-list",
      "aria-label": "What would you like to do?", placeholder: "Do, go or find…", autocomplete: "off", spellcheck: "false",
      "data-testid": "palette-input", oninput: () => this.search(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    });
    this.list = h("div", { class: "palette-list", role: "listbox", id: "palette-list", "aria-label": "Found" });
    this.none = h("p", { class: "palette-none soft", hidden: true }, "Nothing is called so.");
    this.told = h("p", { class: "sr", role: "status" });
    this.dialog = h("dialog", {
      class: "palette", "aria-label": "Commands", "data-testid": "palette", onclick: closeOutside, onclose: () => this.closed(),
    }, h("div", { class: "palette-head" }, icon("search"), this.input), this.list, this.none, this.told);
  }

  open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.input.focus();
    this.search();
  }

  closed() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.dialog.remove();
  }

  search() {
    const typed = this.input.value.trim();
    clearTimeout(this.timer);
    this.request?.abort();
    this.tickets = [];
    if (typed.length >= 2) this.timer = setTimeout(() => void this.ask(typed), PAUSE);
    this.draw(typed);
  }

  /** Let the desk look through what was said. @param {string} typed */
  async ask(typed) {
    const request = new AbortController();
    this.request = request;
    try {
      const { tickets } = await get(`/tickets?q=${encodeURIComponent(typed)}&order=newest&limit=6`, { signal: request.signal });
      if (this.request !== request) return;
      this.tickets = tickets.map((/** @type {Ticket} */ ticket) => ({
        section: "Tickets", label: customerName(ticket), more: `${STATUS[ticket.status]} · ${ticket.subject}`, act: () => openTicket(ticket),
      }));
      const chosen = this.found[this.active];
      this.draw(typed);
      this.choose(Math.max(0, this.found.indexOf(chosen))); // what is pointed at does not move away
    } catch (error) {
      if (!isAborted(error)) this.told.textContent = "Tickets could not be searched.";
    }
  }

  /** @param {string} typed */
  draw(typed) {
    const fits = fitting(typed, this.entries, ({ label, section, more }) => [label, `${label} ${more ?? ""}`, `${section} ${label}`]);
    // With nothing typed: what the keys do here and now; a whole catalogue would bury it.
    const shown = typed ? fits.slice(0, MOST.typed) : fits.filter(({ keys }) => keys).slice(0, MOST.nothing);
    this.found = [...shown, ...this.tickets];
    this.active = 0;
    this.list.hidden = !this.found.length; // a list of nothing is none, for screen readers
    this.none.hidden = !this.list.hidden;
    fill(this.list, this.found.map((entry, at) => h("div", {
      class: "palette-option", role: "option", id: `palette-${at}`, "aria-selected": String(at === this.active), "data-testid": "palette-option",
      onclick: () => this.act(at), onmousemove: () => at !== this.active && this.choose(at),
    },
      h("span", { class: "palette-section" }, entry.section),
      h("span", { class: "palette-label" }, h("bdi", {}, entry.label)),
      entry.more && h("span", { class: "palette-more" }, h("bdi", {}, entry.more)),
      entry.keys && h("span", { class: "palette-keys", "aria-hidden": "true" }, keysOf(entry.keys)))));
    this.told.textContent = plural(this.found.length, "entry", "entries");
    this.point();
  }

  /** @param {number} at */
  choose(at) {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = at;
    this.list.children[at]?.setAttribute("aria-selected", "true");
    this.point();
  }

  point() {
    if (this.found.length) this.input.setAttribute("aria-activedescendant", `palette-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.list.children[this.active]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) this.choose((this.active + step + this.found.length) % this.found.length);
    else if (event.key === "Enter" && !event.repeat) this.act(this.active);
    else return;
    event.preventDefault();
  }

  /** @param {number} at */
  act(at) {
    const entry = this.found[at];
    if (!entry) return;
    this.dialog.close();
    entry.act();
  }
}
