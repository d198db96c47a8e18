/**
 * `<desk-inbox>`: the list of tickets. Asks the desk for a page, then follows the live events: a changed
 * ticket moves to its place, a new one appears there, without a reload and without losing the focus.
 */

import { ApiError, explain, get, isAborted } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { drafts, load, store } from "./drafts.js";
import { openFilters } from "./filter_menu.js";
import { isSnoozed } from "./moves.js";
import { goesByTime, readQuery } from "./query.js";
import { address } from "./router.js";
import { rowOf, signatureOf } from "./row.js";
import "./selection.js";
import { isUnread, tickets } from "./tickets.js";
import { announce } from "./toast.js";
import { VIEWS, compare, holds, queryOf } from "./views.js";
import { customerName, reason } from "./words.js";

/** @import {Ticket, Counts, SavedView} from "./types.js" */
/** @import {DeskSelection} from "./selection.js" */
/** @import {Filter, Order, ViewName} from "./views.js" */

const PAGE = 100;
const REMEMBER = "frontdesk.inbox";
/** How often a search that goes by time is asked anew. */
const AGAIN = 20_000;

export class DeskInbox extends HTMLElement {
  constructor() {
    super();
    /** @type {Filter} */
    this.filter = { view: "active", saved: "", q: "", order: "priority", ...remembered() };
    /** @type {Map<string, Ticket>} every ticket heard of */
    this.known = new Map();
    /** @type {string[]} ids as listed */
    this.order = [];
    /** @type {Map<string, HTMLLIElement>} */
    this.rows = new Map();
    /** @type {Counts|null} */
    this.counts = null;
    this.more = false;
    this.loaded = false;
    this.cursor = "";
    this.current = "";
    /** @type {AbortController|null} */
    this.request = null;
    /** @type {AbortController|null} */
    this.paging = null;
    /** @type {Set<string>|null} tickets that events told of while the list was being asked for */
    this.heard = null;
    /** @type {Record<string, ReturnType<typeof setTimeout>|undefined>} */
    this.timers = {};
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.build();
    tickets.addEventListener("change", (event) => this.apply(/** @type {CustomEvent} */ (event).detail));
    drafts.addEventListener("change", (event) => this.patch(/** @type {CustomEvent} */ (event).detail));
    setInterval(() => {
      if (this.loaded && goesByTime(this.filter.q) && document.visibilityState === "visible") void this.refresh();
    }, AGAIN);
  }

  build() {
    this.search = h("input", {
      type: "search", placeholder: "Search tickets", "aria-label": "Search tickets", "aria-describedby": "search-hint", maxlength: 500,
      "data-testid": "search", autocomplete: "off", spellcheck: "false",
      oninput: () => this.later("typed", 120, () => this.change({ q: this.search?.value ?? "" })),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.searchKey(event),
    });
    this.hint = h("p", { id: "search-hint", class: "search-hint", role: "status", "data-testid": "search-hint" });
    this.menu = h("button", { class: "quiet", type: "button", "data-testid": "filter-menu", onclick: () => this.openMenu() }, icon("filter"), "Filter", h("span", { class: "filter-count" }));
    this.saver = h("button", {
      class: "quiet", type: "button", "data-testid": "save-view", title: "Keep this search in the side bar",
      onclick: () => this.dispatchEvent(new Event("save")),
    }, icon("plus"), "Save view");
    this.orders = h("select", {
      "aria-label": "Order", "data-testid": "filter-order",
      onchange: (/** @type {Event} */ event) => this.change({ order: /** @type {any} */ (event.target).value }),
    }, option("priority", "Most urgent"), option("newest", "Newest"), option("oldest", "Oldest"));
    this.selection = /** @type {DeskSelection} */ (document.createElement("desk-selection"));
    this.selection.ticket = (id) => this.known.get(id);
    this.selection.listed = () => this.order;
    this.selection.addEventListener("change", (event) => {
      for (const id of /** @type {CustomEvent} */ (event).detail) this.patch(id);
    });
    this.list = h("ul", { class: "rows", role: "list", "data-testid": "ticket-list" });
    this.foot = h("div", { class: "list-foot" });
    this.scroller = h("div", { class: "list-scroll" }, this.list, this.foot);
    this.append(
      h("div", { class: "list-head" },
        h("div", { class: "search" }, icon("search"), this.search, h("kbd", { "aria-hidden": "true" }, "/")),
        this.hint,
        h("div", { class: "filters" }, this.menu, this.saver, this.orders)),
      this.scroller, this.selection,
    );
    this.showFilter();
  }

  // --- filter --------------------------------------------------------------------------------------

  /** @param {ViewName} view */
  show(view) {
    if (view === this.filter.view && !this.filter.saved) return;
    const closed = view === "returned" || view === "resolved";
    const wasClosed = this.filter.view === "returned" || this.filter.view === "resolved";
    const words = this.filter.saved ? { saved: "", q: "" } : {};
    this.change({ view, ...words, ...(closed === wasClosed ? {} : { order: closed ? "newest" : "priority" }) });
  }

  /** @param {SavedView} saved */
  showSaved({ id, q, order }) {
    this.change({ view: "all", saved: id, q, order });
  }

  openMenu() {
    void openFilters(this.filter.q, (q) => this.change({ q }));
  }

  /** @param {Partial<Filter>} change */
  change(change) {
    this.filter = { ...this.filter, ...change };
    if (this.filter.view === "all" && !this.filter.saved && !this.filter.q.trim()) this.filter.view = "active"; // a search of all is over
    const { order } = this.filter;
    const view = this.filter.view === "all" ? "active" : this.filter.view;
    store(REMEMBER, JSON.stringify({ view, order }));
    this.showFilter();
    this.cursor = "";
    this.loaded = false;
    this.dispatchEvent(new Event("filter"));
    void this.refresh({ anew: true });
  }

  showFilter() {
    if (!this.orders || !this.search || !this.menu) return;
    this.orders.value = this.filter.order;
    if (this.search.value.trim() !== this.filter.q.trim()) this.search.value = this.filter.q;
    const count = Object.keys(readQuery(this.filter.q).filters).length;
    this.menu.classList.toggle("on", count > 0);
    /** @type {HTMLElement} */ (this.menu.lastElementChild).textContent = count ? String(count) : "";
  }

  clearFilter() {
    this.change({ q: "" });
  }

  /** What is wrong with what is typed; the list stays as it was. @param {string} words */
  showHint(words) {
    if (this.hint && this.hint.textContent !== words) this.hint.textContent = words;
    if (words) this.search?.setAttribute("aria-invalid", "true");
    else this.search?.removeAttribute("aria-invalid");
  }

  focusSearch() {
    this.search?.focus();
    this.search?.select();
  }

  /** @param {KeyboardEvent} event */
  searchKey(event) {
    if (event.isComposing) return; // Enter takes a half-written Chinese or Japanese word
    if (event.key === "Escape") {
      if (this.filter.q || this.search?.value) this.change({ q: "" });
      this.search?.blur();
      event.preventDefault();
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      this.move(1);
    }
  }

  // --- asking the desk -----------------------------------------------------------------------------

  /** Fetch what is shown; every page of it, so that nothing listed is stale. */
  async refresh({ anew = false } = {}) {
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    if (anew || !this.loaded) this.later("skeleton", 150, () => this.showSkeleton(request));
    if (anew) this.paging?.abort();
    /** @type {Ticket[]} */
    const found = [];
    const heard = (this.heard = new Set());
    try {
      let page;
      do {
        page = await this.page(found.length, request.signal);
        found.push(...page);
      } while (page.length === PAGE && !anew && found.length < this.order.length);
      this.more = page.length === PAGE;
    } catch (error) {
      this.cancel("skeleton");
      if (isAborted(error)) return;
      if (error instanceof ApiError && error.status === 422 && this.filter.q) return this.wrongQuery(error);
      return this.showError(error);
    }
    this.cancel("skeleton");
    this.showHint("");
    const fresh = this.loaded ? found.filter(({ id }) => !this.known.has(id)).map(({ id }) => id) : [];
    for (const ticket of found) this.learn(ticket);
    this.order = [...new Set(found.map(({ id }) => id))];
    this.loaded = true;
    this.heard = null;
    // What changed while the answer was on its way may be newer than it.
    if (!this.filter.q && this.filter.view !== "all") for (const id of heard) this.place(/** @type {Ticket} */ (this.known.get(id)));
    if (anew && this.scroller) this.scroller.scrollTop = 0;
    this.render();
    for (const id of fresh) this.glow(id);
  }

  /** What the desk answered, unless an event has told of something later. @param {Ticket} ticket */
  learn(ticket) {
    const before = this.known.get(ticket.id);
    if (!before || before.updated_at <= ticket.updated_at) this.known.set(ticket.id, ticket);
  }

  /** A filter that cannot be, perhaps half typed: say so below the search. @param {ApiError} error */
  wrongQuery(error) {
    this.showHint(error.message);
    if (this.loaded || !this.list) return;
    this.loaded = true;
    this.list.querySelectorAll(":scope > .skeleton").forEach((row) => row.remove());
    this.render();
  }

  /** Tickets that were erased. @param {string[]} gone */
  forget(gone) {
    this.order = this.order.filter((id) => !gone.includes(id));
    for (const id of gone) this.known.delete(id);
    this.selection?.forget(gone);
    if (this.loaded) this.render();
    void this.refresh();
  }

  async loadMore() {
    if (this.paging && !this.paging.signal.aborted) return;
    const paging = new AbortController();
    this.paging = paging;
    this.foot?.querySelector("button")?.setAttribute("disabled", "");
    try {
      const page = await this.page(this.order.length, paging.signal);
      for (const ticket of page) this.learn(ticket);
      this.order = [...new Set([...this.order, ...page.map(({ id }) => id)])];
      this.more = page.length === PAGE;
    } catch (error) {
      if (!isAborted(error)) this.showError(error);
      return;
    } finally {
      if (this.paging === paging) this.paging = null;
    }
    this.render();
  }

  /** @param {number} offset @param {AbortSignal} signal @returns {Promise<Ticket[]>} */
  async page(offset, signal) {
    const body = await get(`/tickets?${queryOf(this.filter, PAGE, offset)}`, { signal });
    this.setCounts(body.counts);
    return body.tickets;
  }

  async refreshCounts() {
    try {
      this.setCounts((await get("/tickets?limit=1")).counts);
    } catch {
      // The next event or reconnect asks again.
    }
  }

  /** @param {Counts|undefined} counts */
  setCounts(counts) {
    if (!counts) return;
    this.counts = counts;
    this.dispatchEvent(new Event("counts"));
  }

  // --- following the events ------------------------------------------------------------------------

  /** @param {Ticket} ticket */
  apply(ticket) {
    const before = this.known.get(ticket.id);
    if (before && before.updated_at > ticket.updated_at) return;
    this.heard?.add(ticket.id);
    this.known.set(ticket.id, before?.found && this.filter.q ? { ...ticket, found: before.found } : ticket);
    if (!this.loaded) return;
    this.count(before, ticket);
    if (this.filter.q || this.filter.view === "all") {
      // Not put off by the next event, or a busy desk would never be asked.
      this.timers.search ??= setTimeout(() => {
        this.timers.search = undefined;
        void this.refresh();
      }, 600);
    } else {
      this.place(ticket);
    }
    this.render(ticket.id);
    const wrote = ticket.unanswered_since !== before?.unanswered_since && ticket.last_author === "customer";
    if (!before || wrote) this.glow(ticket.id);
    if (!before && ticket.status === "open") {
      announce(`New ticket from ${customerName(ticket)}: ${reason(ticket)}`);
    }
  }

  /** Put a changed ticket where the order wants it; out, when the view does not hold it. @param {Ticket} ticket */
  place(ticket) {
    const { filter, known } = this;
    const rest = this.order.filter((id) => id !== ticket.id);
    const listed = rest.length < this.order.length;
    this.order = rest;
    if (!holds(filter, ticket)) return;
    const at = rest.findIndex((id) => compare[filter.order](ticket, /** @type {Ticket} */ (known.get(id))) < 0);
    if (at >= 0) rest.splice(at, 0, ticket.id);
    else if (listed || !this.more) rest.push(ticket.id);
  }

  /** Count at once what we know, and ask the desk soon for the truth. @param {Ticket|undefined} before @param {Ticket} after */
  count(before, after) {
    if (before && signatureOfCounts(before) === signatureOfCounts(after)) return;
    if (this.counts && before?.status !== after.status) {
      const counts = { ...this.counts, [after.status]: this.counts[after.status] + 1 };
      if (before) counts[before.status] = Math.max(0, counts[before.status] - 1);
      counts.active = Math.max(0, counts.active + Number(VIEWS.active.holds(after)) - Number(Boolean(before && VIEWS.active.holds(before))));
      this.setCounts(counts);
    }
    this.timers.counts ??= setTimeout(() => {
      this.timers.counts = undefined;
      void this.refreshCounts();
    }, 1500);
  }

  // --- drawing -------------------------------------------------------------------------------------

  /** Bring the list in line with the order; draws every row, or only the one that changed. @param {string} [changed] */
  render(changed) {
    const { list } = this;
    if (!list || !this.loaded) return;
    const focused = document.activeElement?.closest("li")?.dataset.id;
    const picking = document.activeElement instanceof HTMLInputElement;
    const listed = new Set(this.order);
    for (const [id, row] of this.rows) {
      if (listed.has(id)) continue;
      row.remove();
      this.rows.delete(id);
    }
    list.querySelectorAll(":scope > .skeleton").forEach((row) => row.remove());
    let next = list.firstElementChild;
    for (const id of this.order) {
      let row = this.rows.get(id);
      if (!row) this.rows.set(id, (row = h("li", { data: { id }, "data-testid": "ticket" })));
      if (!changed || id === changed || !row.firstChild) this.patch(id);
      if (row === next) next = row.nextElementSibling;
      else list.insertBefore(row, next);
    }
    if (focused && this.contains(this.rows.get(focused) ?? null)) this.focusRow(focused, picking);
    list.setAttribute("aria-busy", "false");
    this.selection?.draw();
    this.showFoot();
  }

  /** Redraw one row if anything in it changed. @param {string} id */
  patch(id) {
    const ticket = this.known.get(id);
    const row = this.rows.get(id);
    if (!ticket || !row) return;
    const picked = this.selection?.ids.has(id) ?? false;
    row.toggleAttribute("data-picked", picked);
    const look = { current: id === this.current, unread: isUnread(ticket) };
    const signature = signatureOf(ticket, look) + picked;
    if (row.dataset.signature === signature) return;
    const focused = row.contains(document.activeElement) && document.activeElement instanceof HTMLAnchorElement;
    row.dataset.signature = signature;
    const link = rowOf(ticket, look, address({ page: "inbox", id }));
    const box = row.querySelector("input") ?? this.boxOf(id);
    box.checked = picked;
    box.setAttribute("aria-label", `Select ${customerName(ticket)}`);
    if (row.lastElementChild) row.lastElementChild.replaceWith(link);
    else row.append(h("label", { class: "pick" }, box), link);
    if (focused) this.focusRow(id);
  }

  /** @param {string} id */
  boxOf(id) {
    return h("input", {
      type: "checkbox", "data-testid": "pick",
      onclick: (/** @type {MouseEvent} */ event) => {
        if (event.shiftKey) this.selection?.reach(id);
        else this.selection?.toggle(id);
      },
    });
  }

  showFoot() {
    const { foot } = this;
    if (!foot) return;
    // Left alone while it says the same, so that a press on its button is never lost to a redraw.
    const { view, q, saved } = this.filter;
    const wider = this.canWiden();
    const state = this.order.length ? `more:${this.more}:${wider}` : JSON.stringify([view, q.trim(), saved]);
    const button = foot.querySelector("button");
    if (this.paging === null) button?.removeAttribute("disabled");
    if (foot.dataset.state === state) return;
    foot.dataset.state = state;
    if (this.order.length === 0) return fill(foot, this.emptyState());
    fill(foot, this.more
      ? h("button", { class: "button", type: "button", "data-testid": "load-more", onclick: () => this.loadMore() }, "Load more")
      : wider && this.widener());
  }

  /** Whether the search is in one of the views only. */
  canWiden() {
    const { q, view, saved } = this.filter;
    return Boolean(q.trim()) && view !== "all" && !saved && !readQuery(q).filters.status;
  }

  widener() {
    return h("button", {
      class: "button", type: "button", "data-testid": "search-all", onclick: () => this.change({ view: "all" }),
    }, "Search all tickets");
  }

  clearFoot() {
    if (!this.foot) return;
    delete this.foot.dataset.state;
    fill(this.foot);
  }

  emptyState() {
    const { q, view, saved } = this.filter;
    const filtered = Boolean(q.trim()) && !saved;
    const wider = this.canWiden();
    const head = wider ? `Nothing in “${VIEWS[view].label}” matches.` : "Nothing matches.";
    const [heading, text] = filtered ? [head, "Try fewer filters or other words."] : VIEWS[view].empty;
    return h("div", { class: "empty", "data-testid": "inbox-empty" },
      icon(filtered ? "search" : view === "active" ? "check" : VIEWS[view].icon),
      h("h2", {}, heading), h("p", {}, text),
      wider && this.widener(),
      filtered && h("button", { class: "button", type: "button", onclick: () => this.clearFilter() }, "Clear filters"));
  }

  /** @param {AbortController} request */
  showSkeleton(request) {
    if (this.request !== request || !this.list || !this.foot) return;
    this.rows.clear();
    this.clearFoot();
    this.list.setAttribute("aria-busy", "true");
    fill(this.list, Array.from({ length: 7 }, () => h("li", { class: "skeleton", "aria-hidden": "true" },
      h("span", {}), h("span", {}), h("span", {}))));
  }

  /** @param {unknown} error */
  showError(error) {
    if (!this.foot) return;
    if (!this.loaded) {
      this.rows.clear();
      if (this.list) fill(this.list);
    }
    this.foot.dataset.state = "error";
    fill(this.foot, h("div", { class: "empty", role: "alert", "data-testid": "inbox-error" },
      h("h2", {}, this.loaded ? "The list may be out of date." : "The inbox could not be loaded."),
      h("p", {}, explain(error)),
      h("button", { class: "button", type: "button", onclick: () => this.refresh() }, "Try again")));
  }

  /** @param {string} id */
  glow(id) {
    const row = this.rows.get(id);
    if (!row) return;
    row.classList.add("fresh");
    setTimeout(() => row.classList.remove("fresh"), 2500);
  }

  // --- moving about --------------------------------------------------------------------------------

  /** @param {string|null} id the ticket that is open */
  setCurrent(id) {
    const before = this.current;
    this.current = id ?? "";
    if (this.current) this.cursor = this.current;
    this.patch(before);
    this.patch(this.current);
  }

  /** @param {number} step */
  move(step) {
    if (!this.order.length) return;
    const at = this.order.indexOf(this.focused()?.id ?? this.cursor);
    const to = at < 0 ? 0 : Math.min(this.order.length - 1, Math.max(0, at + step));
    this.cursor = this.order[to];
    this.focusRow(this.cursor);
    this.rows.get(this.cursor)?.scrollIntoView({ block: "nearest" });
    if (to === this.order.length - 1 && this.more) void this.loadMore();
  }

  /** @param {string} id @param {boolean} [box] its check box rather than itself */
  focusRow(id, box = false) {
    this.rows.get(id)?.querySelector(box ? "input" : "a")?.focus({ preventScroll: true });
  }

  /** Select the row that the keys are at. */
  pick() {
    const id = this.focused()?.id ?? this.cursor;
    if (this.order.includes(id)) this.selection?.toggle(id);
  }

  /** The ticket whose row has the focus. */
  focused() {
    const row = document.activeElement?.closest("li");
    return row && this.contains(row) ? this.known.get(row.dataset.id ?? "") : undefined;
  }

  /** @param {string} name @param {number} ms @param {() => void} act */
  later(name, ms, act) {
    this.cancel(name);
    this.timers[name] = setTimeout(act, ms);
  }

  /** @param {string} name */
  cancel(name) {
    clearTimeout(this.timers[name]);
  }
}

customElements.define("desk-inbox", DeskInbox);

/** What of a ticket the side bar counts. @param {Ticket} ticket */
function signatureOfCounts(ticket) {
  return `${ticket.status}:${ticket.owner?.id ?? ""}:${isSnoozed(ticket)}`;
}

/** @returns {Partial<Filter>} */
function remembered() {
  try {
    const { view, order } = JSON.parse(load(REMEMBER) ?? "{}");
    return { ...(view in VIEWS && view !== "all" ? { view } : {}), ...(order in compare ? { order } : {}) };
  } catch {
    return {};
  }
}

/** @param {string} value @param {string} text */
function option(value, text) {
  return h("option", { value }, text);
}
