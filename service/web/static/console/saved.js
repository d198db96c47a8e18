/**
 * `<desk-saved>`: saved views in the side bar, one's own and the team's, with counts. A press shows one;
 * its menu renames, changes, shares, moves and removes it.
 */

import { explain, get, post, put, remove } from "./api.js";
import { ask, choose } from "./choose.js";
import { fill, h, icon } from "./dom.js";
import { session } from "./session.js";
import { toast } from "./toast.js";
import { VIEWS } from "./views.js";

/** @import {SavedView} from "./types.js" */
/** @import {Filter} from "./views.js" */

const SOON = 1500;

export class DeskSaved extends HTMLElement {
  constructor() {
    super();
    /** @type {SavedView[]} */
    this.views = [];
    this.current = "";
    /** @type {() => Filter|null} */
    this.filter = () => null;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    this.drawn = "";
  }

  connectedCallback() {
    this.drawn = "";
    this.draw();
    if (session.operator) void this.refresh();
  }

  async refresh() {
    clearTimeout(this.timer);
    this.timer = undefined;
    try {
      this.views = (await get("/views?counts=yes")).views;
      this.draw();
    } catch {
      // The next change asks again.
    }
  }

  refreshSoon() {
    if (this.views.length) this.timer ??= setTimeout(() => void this.refresh(), SOON);
  }

  /** @param {string} id the view that is shown */
  mark(id) {
    this.current = id;
    this.draw();
  }

  draw() {
    const signature = JSON.stringify([this.views, this.current]);
    if (this.drawn === signature) return;
    this.drawn = signature;
    const focused = /** @type {HTMLElement|null} */ (this.contains(document.activeElement) ? document.activeElement : null)?.id;
    this.hidden = !this.views.length;
    fill(this, h("ul", { class: "views", role: "list", "aria-label": "Saved views" }, this.views.map((view) => h("li", { class: "saved" },
      h("button", {
        class: "view", type: "button", id: `saved-${view.id}`, "aria-pressed": String(view.id === this.current), title: view.shared ? `${view.name} · shared` : view.name,
        "data-testid": "saved-view", onclick: () => this.dispatchEvent(new CustomEvent("show", { detail: view, bubbles: true })),
      }, icon(view.shared ? "people" : "filter"), h("span", { class: "saved-name" }, h("bdi", {}, view.name)),
        h("span", { class: "count" }, countOf(view))),
      view.changeable && h("button", {
        class: "icon-button saved-more", type: "button", id: `more-${view.id}`, "aria-label": `Change ${view.name}`, title: "Change", "data-testid": "saved-more",
        onclick: () => void this.menu(view),
      }, icon("more"))))));
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  /** Keep what the inbox shows. @param {Filter} filter */
  async save(filter) {
    const given = await ask({
      title: "Save this view", label: "Name", action: "Save",
      check: session.operator?.role === "operator" ? null : { label: "Show it to everybody", on: false },
    });
    if (!given) return;
    await this.do(async () => {
      const { view } = await post("/views", { name: given.text, q: wordsOf(filter), order: filter.order, shared: given.checked });
      await this.refresh();
      this.dispatchEvent(new CustomEvent("show", { detail: view, bubbles: true }));
    }, `Saved as ${given.text}.`);
  }

  /** @param {SavedView} view */
  async menu(view) {
    const list = this.views.filter(({ shared }) => shared === view.shared);
    const at = list.findIndex(({ id }) => id === view.id);
    const filter = this.filter();
    const answer = await choose({
      title: view.name, placeholder: "What to do",
      choices: [
        { label: "Rename", image: "pencil", value: "rename" },
        ...(filter ? [{ label: "Show what the inbox shows now", hint: wordsOf(filter), image: "filter", value: "change" }] : []),
        ...(session.operator?.role === "operator" ? [] : [{ label: view.shared ? "Keep it to myself" : "Share with everybody", image: "people", value: "share" }]),
        ...(at > 0 ? [{ label: "Move up", image: "up", value: "up" }] : []),
        ...(at < list.length - 1 ? [{ label: "Move down", image: "down", value: "down" }] : []),
        { label: "Remove", image: "close", value: "remove" },
      ],
    });
    if (answer) await this.change(view, answer.value, list.map(({ id }) => id), at, filter);
  }

  /** @param {SavedView} view @param {string} what @param {string[]} ids @param {number} at @param {Filter|null} filter */
  async change(view, what, ids, at, filter) {
    const path = `/views/${view.id}`;
    if (what === "rename") {
      const given = await ask({ title: "Rename", label: "Name", value: view.name, action: "Rename" });
      if (given) await this.do(() => put(path, { name: given.text }), "Renamed.");
    } else if (what === "change" && filter) {
      await this.do(() => put(path, { q: wordsOf(filter), order: filter.order }), "Changed.");
    } else if (what === "share") {
      await this.do(() => put(path, { shared: !view.shared }), view.shared ? "Only you see it now." : "Everybody sees it now.");
    } else if (what === "up" || what === "down") {
      ids.splice(at + (what === "up" ? -1 : 1), 0, ...ids.splice(at, 1));
      await this.do(() => post("/views/order", { views: ids }), "");
    } else if (what === "remove") {
      const again = { name: view.name, q: view.q, order: view.order, shared: view.shared };
      await this.do(() => remove(path), `${view.name} was removed.`,
        { label: "Undo", act: () => void this.do(() => post("/views", again), "") });
    }
  }

  /** @param {() => Promise<unknown>} call @param {string} done @param {{label: string, act: () => void}} [undo] */
  async do(call, done, undo) {
    try {
      await call();
      await this.refresh();
      if (done) toast(done, undo ?? {});
    } catch (error) {
      toast(explain(error), { tone: "bad" });
    }
  }
}

customElements.define("desk-saved", DeskSaved);

/** What the inbox shows, all in words. @param {Filter} filter */
export function wordsOf({ view, q }) {
  return [VIEWS[view].words, q.trim()].filter(Boolean).join(" ");
}

/** @param {SavedView} view */
function countOf({ count }) {
  return count ? (count >= 1000 ? "1000+" : String(count)) : "";
}
