/**
 * What an operator is about to send along: files on their way up, and those that are there. Kept in this page
 * per ticket, and apart for reply and note, so that a colleague's paper can never slip out to the customer.
 */

import { ApiError, explain } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { sizeWords } from "./files.js";
import { uploadFile } from "./uploading.js";

/** @import {FileLimits, FileShape} from "./types.js" */
/**
 * @typedef {object} Item
 * @property {string} clientId the same for every attempt
 * @property {File} file
 * @property {number} share of it that is up, 0 to 1
 * @property {string} error
 * @property {boolean} final the desk does not want it: trying again is no use
 * @property {FileShape|null} done what the desk made of it
 * @property {string} picture an address to show it by, empty if it is none
 * @property {AbortController|null} call
 * @property {HTMLElement|null} element
 */

export class FileTray {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** @type {Map<string, Item[]>} by ticket and mode */
    this.kept = new Map();
    this.key = "";
    this.ticketId = "";
    /** @type {FileLimits|null} */
    this.limits = null;
    this.list = h("ul", { class: "tray-list", role: "list", "aria-label": "Files to send" });
    this.problem = h("p", { class: "tray-problem", role: "alert", hidden: true, "data-testid": "tray-problem" });
    this.element = h("div", { class: "tray", hidden: true, "data-testid": "tray" }, this.list, this.problem);
  }

  /** @param {string} ticketId @param {"reply"|"note"} mode @param {FileLimits|null} limits */
  show(ticketId, mode, limits) {
    this.limits = limits;
    const key = keyOf(ticketId, mode);
    if (key === this.key) return;
    this.key = key;
    this.ticketId = ticketId;
    this.say("");
    this.draw();
  }

  get items() {
    return this.kept.get(this.key) ?? [];
  }

  /** Whether something is on its way or has failed: a message must not leave it behind unnoticed. */
  get busy() {
    return this.items.some(({ done }) => !done);
  }

  /** Ids of what can go with the message. @returns {string[]} */
  get ready() {
    return this.items.flatMap(({ done }) => (done ? [done.id] : []));
  }

  /** @param {Iterable<File>} files */
  add(files) {
    this.say("");
    for (const file of files) {
      const told = this.refusal(file);
      if (told) {
        this.say(told);
        continue;
      }
      const clientId = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
      const picture = /^image\/(png|jpeg|gif|webp)$/.test(file.type) ? URL.createObjectURL(file) : "";
      /** @type {Item} */
      const item = { clientId, file, share: 0, error: "", final: false, done: null, picture, call: null, element: null };
      this.kept.set(this.key, [...this.items, item]);
      void this.upload(item, this.ticketId);
    }
    this.draw();
  }

  /** @param {File} file */
  refusal({ name, size }) {
    const { limits } = this;
    if (limits && this.items.length >= limits.count) return `A message takes ${limits.count} files.`;
    if (!size) return `“${name}” is empty, or a folder.`;
    if (limits && size > limits.bytes) return `“${name}” is too large: ${sizeWords(size)}, and ${sizeWords(limits.bytes)} is the most.`;
    return "";
  }

  /** @param {Item} item @param {string} ticketId */
  async upload(item, ticketId) {
    const call = new AbortController();
    Object.assign(item, { call, error: "", share: 0 });
    this.redraw(item);
    try {
      item.done = await uploadFile(`/tickets/${encodeURIComponent(ticketId)}/files`, item, (share) => {
        item.share = share;
        this.redraw(item);
      }, call.signal);
    } catch (error) {
      if (call.signal.aborted) return;
      const kind = error instanceof ApiError && error.code === "unsupported_media_type";
      item.final = error instanceof ApiError && error.status >= 400 && error.status < 500 && ![401, 429].includes(error.status);
      item.error = kind ? "Files of this kind cannot be sent." : error instanceof ApiError && error.code === "file_unchecked" ? error.message : explain(error);
    }
    item.call = null;
    this.redraw(item);
  }

  /** @param {Item} item */
  discard(item) {
    item.call?.abort();
    if (item.picture) URL.revokeObjectURL(item.picture);
    for (const [key, items] of this.kept) this.keep(key, items.filter((one) => one !== item));
    this.say("");
    this.draw();
  }

  /** These have gone out. @param {string} ticketId @param {"reply"|"note"} mode @param {string[]} ids */
  sent(ticketId, mode, ids) {
    const key = keyOf(ticketId, mode);
    const items = this.kept.get(key) ?? [];
    for (const { done, picture } of items) if (done && ids.includes(done.id) && picture) URL.revokeObjectURL(picture);
    this.keep(key, items.filter(({ done }) => !done || !ids.includes(done.id)));
    if (key === this.key) this.draw();
  }

  /** Neither kept nor sent. @param {string} ticketId @param {("reply"|"note")[]} [modes] */
  forget(ticketId, modes = ["reply", "note"]) {
    for (const mode of modes) {
      for (const item of this.kept.get(keyOf(ticketId, mode)) ?? []) this.discard(item);
    }
  }

  /** @param {string} key @param {Item[]} items */
  keep(key, items) {
    if (items.length) this.kept.set(key, items);
    else this.kept.delete(key);
  }

  /** @param {string} words */
  say(words) {
    this.problem.hidden = !words;
    fill(this.problem, words);
    this.element.hidden = !words && !this.items.length;
  }

  draw() {
    fill(this.list, this.items.map((item) => {
      item.element = h("li", { class: "tray-item", "data-testid": "tray-item" });
      this.fillItem(item);
      return item.element;
    }));
    this.list.hidden = !this.items.length;
    this.element.hidden = !this.items.length && this.problem.hidden;
    this.changed();
  }

  /** @param {Item} item */
  redraw(item) {
    const bar = item.element?.querySelector("progress");
    if (bar && !item.done && !item.error) {
      bar.value = item.share;
      return;
    }
    this.fillItem(item);
    this.changed();
  }

  /** @param {Item} item */
  fillItem(item) {
    const { element, file, done, error, final, picture } = item;
    if (!element) return;
    const focused = element.contains(document.activeElement);
    const name = done?.name ?? file.name;
    element.dataset.state = done ? "done" : error ? "failed" : "sending";
    fill(element,
      picture ? thumbnail(picture) : icon("paper"),
      h("span", { class: "tray-words" }, h("span", { class: "file-name" }, h("bdi", {}, name)),
        done ? h("span", { class: "file-size" }, sizeWords(done.size))
          : error ? h("span", { class: "tray-error", role: "alert" }, error)
            : h("progress", { max: 1, value: item.share, "aria-label": `Uploading ${name}` })),
      error && !final && h("button", { class: "quiet", type: "button", "data-testid": "tray-retry", onclick: () => void this.upload(item, this.ticketId) }, "Try again"),
      h("button", { class: "icon-button", type: "button", "aria-label": `Remove ${name}`, title: "Remove", "data-testid": "tray-remove", onclick: () => this.discard(item) }, icon("close")));
    if (focused) element.querySelector("button")?.focus();
  }
}

/** @param {string} ticketId @param {"reply"|"note"} mode */
const keyOf = (ticketId, mode) => `${ticketId}/${mode}`;

/** The file itself, small; a sheet of paper where it is no picture after all. @param {string} src */
function thumbnail(src) {
  const image = h("img", { src, alt: "", width: 36, height: 36 });
  image.addEventListener("error", () => image.replaceWith(icon("paper")), { once: true });
  return image;
}
