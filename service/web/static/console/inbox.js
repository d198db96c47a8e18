/**
 * `<desk-inbox>`: the list of tickets. Asks the desk for a page, then follows the live events: a changed
 * ticket moves to its place, a new one appears there, without a reload and without losing the focus.
 */

import { explain, get, isAborted } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { drafts, load, store } from "./drafts.js";
import { address } from "./router.js";
import { rowOf, signatureOf } from "./row.js";
import { changes, session } from "./session.js";
import { isUnread, tickets } from "./tickets.js";
import { announce } from "./toast.js";
import { VIEWS, compare, holds, queryOf } from "./views.js";
import { customerName, OUT_OF_SCOPE, reason, SENTIMENTS, title } from "./words.js";

/** @import {Ticket, Counts} from "./types.js" */
/** @import {Filter, Order, ViewName} from "./views.js" */

const PAGE = 100;
const REMEMBER = "frontdesk.inbox";

export class DeskInbox extends HTMLElement {
  constructor() {
    super();
    /** @type {Filter} */
    this.filter = { view: "active", intent: "", sentiment: "", q: "", order: "priority", ...remembered() };
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
    /** @type {Record<string, ReturnType<typeof setTimeout>|undefined>} */
    this.timers = {};
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.build();
    tickets.addEventListener("change", (event) => this.apply(/** @type {CustomEvent} */ (event).detail));
    drafts.addEventListener("change", (event) => this.patch(/** @type {CustomEvent} */ (event).detail));
    changes.addEventListener("content", () => this.fillIntents());
  }

  build() {
    this.search = h("input", {
      type: "search", placeholder: "Search tickets", "aria-label": "Search tickets", maxlength: 200,
      "data-testid": "search", autocomplete: "off", spellcheck: "false",
      oninput: () => this.later("search", 120, () => this.change({ q: this.search?.value ?? "" })),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.searchKey(event),
    });
    this.intents = this.select("intent", "Intent", "filter-intent");
    this.sentiments = this.select("sentiment", "Sentiment", "filter-sentiment");
    fill(this.sentiments, option("", "Sentiment"), SENTIMENTS.map((name) => option(name, title(name))));
    this.orders = this.select("order", "Order", "filter-order");
    fill(this.orders, option("priority", "Most urgent"), option("newest", "Newest"), option("oldest", "Oldest"));
    this.fillIntents();
    this.list = h("ul", { class: "rows", role: "list", "data-testid": "ticket-list" });
    this.foot = h("div", { class: "list-foot" });
    this.scroller = h("div", { class: "list-scroll" }, this.list, this.foot);
    this.append(
      h("div", { class: "list-head" },
        h("div", { class: "search" }, icon("search"), this.search, h("kbd", { "aria-hidden": "true" }, "/")),
        h("div", { class: "filters" }, this.intents, this.sentiments, this.orders)),
      this.scroller,
    );
    this.showFilter();
  }

  /** @param {"intent"|"sentiment"|"order"} name @param {string} label @param {string} testid */
  select(name, label, testid) {
    return h("select", {
      "aria-label": label, "data-testid": testid,
      onchange: (/** @type {Event} */ event) =>
        this.change({ [name]: /** @type {HTMLSelectElement} */ (event.target).value }),
    });
  }

  fillIntents() {
    if (!this.intents) return;
    const groups = Map.groupBy(session.intents, ({ group }) => group);
    fill(this.intents, option("", "Intent"),
      [...groups].map(([group, intents]) => h("optgroup", { label: title(group) },
        intents.map(({ name }) => option(name, title(name))))),
      option(OUT_OF_SCOPE, title(OUT_OF_SCOPE)));
    this.intents.value = this.filter.intent;
  }

  // --- filter --------------------------------------------------------------------------------------

  /** @param {ViewName} view */
  show(view) {
    if (view === this.filter.view) return;
    const closed = view === "returned" || view === "resolved";
    const wasClosed = this.filter.view === "returned" || this.filter.view === "resolved";
    this.change({ view, ...(closed === wasClosed ? {} : { order: closed ? "newest" : "priority" }) });
  }

  /** @param {Partial<Filter>} change */
  change(change) {
    this.filter = { ...this.filter, ...change };
    const { view, order } = this.filter;
    store(REMEMBER, JSON.stringify({ view, order }));
    this.showFilter();
    this.cursor = "";
    this.loaded = false;
    this.dispatchEvent(new Event("filter"));
    void this.refresh({ anew: true });
  }

  showFilter() {
    if (!this.orders || !this.intents || !this.sentiments || !this.search) return;
    this.orders.value = this.filter.order;
    this.intents.value = this.filter.intent;
    this.sentiments.value = this.filter.sentiment;
    if (this.search.value !== this.filter.q) this.search.value = this.filter.q;
    for (const select of [this.intents, this.sentiments]) select.classList.toggle("on", Boolean(select.value));
  }

  clearFilter() {
    this.change({ intent: "", sentiment: "", q: "" });
  }

  focusSearch() {
    this.search?.focus();
    this.search?.select();
  }

  /** @param {KeyboardEvent} event */
  searchKey(event) {
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
    try {
      let page;
      do {
        page = await this.page(found.length, request.signal);
        found.push(...page);
      } while (page.length === PAGE && !anew && found.length < this.order.length);
      this.more = page.length === PAGE;
    } catch (error) {
      this.cancel("skeleton");
      if (!isAborted(error)) this.showError(error);
      return;
    }
    this.cancel("skeleton");
    const fresh = this.loaded ? found.filter(({ id }) => !this.known.has(id)).map(({ id }) => id) : [];
    for (const ticket of found) this.known.set(ticket.id, ticket);
    this.order = [...new Set(found.map(({ id }) => id))];
    this.loaded = true;
    if (anew && this.scroller) this.scroller.scrollTop = 0;
    this.render();
    for (const id of fresh) this.glow(id);
    this.countMine().catch(() => {});
  }

  /** Tickets that were erased. @param {string[]} gone */
  forget(gone) {
    this.order = this.order.filter((id) => !gone.includes(id));
    for (const id of gone) this.known.delete(id);
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
      for (const ticket of page) this.known.set(ticket.id, ticket);
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
      await this.countMine();
    } catch {
      // The next event or reconnect asks again.
    }
  }

  /** The desk counts by status; how many are this operator's own is asked for beside. */
  async countMine() {
    const query = new URLSearchParams({ ...VIEWS.mine.query, limit: String(PAGE) });
    const { tickets: mine } = await get(`/tickets?${query}`);
    if (this.counts) this.setCounts({ ...this.counts, mine: mine.length });
  }

  /** @param {Counts|undefined} counts */
  setCounts(counts) {
    if (!counts) return;
    this.counts = { mine: this.counts?.mine, ...counts };
    this.dispatchEvent(new Event("counts"));
  }

  // --- following the events ------------------------------------------------------------------------

  /** @param {Ticket} ticket */
  apply(ticket) {
    const before = this.known.get(ticket.id);
    if (before && before.updated_at > ticket.updated_at) return;
    this.known.set(ticket.id, ticket);
    if (!this.loaded) return;
    this.count(before, ticket);
    if (this.filter.q) {
      this.later("search", 600, () => void this.refresh());
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
    if (before?.status === after.status && before.owner?.id === after.owner?.id) return;
    if (this.counts && before?.status !== after.status) {
      const counts = { ...this.counts, [after.status]: this.counts[after.status] + 1 };
      if (before) counts[before.status] = Math.max(0, counts[before.status] - 1);
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
    if (focused && this.contains(this.rows.get(focused) ?? null)) this.focusRow(focused);
    list.setAttribute("aria-busy", "false");
    this.showFoot();
  }

  /** Redraw one row if anything in it changed. @param {string} id */
  patch(id) {
    const ticket = this.known.get(id);
    const row = this.rows.get(id);
    if (!ticket || !row) return;
    const look = { current: id === this.current, unread: isUnread(ticket) };
    const signature = signatureOf(ticket, look);
    if (row.dataset.signature === signature) return;
    const focused = row.contains(document.activeElement);
    row.dataset.signature = signature;
    row.replaceChildren(rowOf(ticket, look, address({ page: "inbox", id })));
    if (focused) this.focusRow(id);
  }

  showFoot() {
    const { foot } = this;
    if (!foot) return;
    // Left alone while it says the same, so that a press on its button is never lost to a redraw.
    const { view, intent, sentiment, q } = this.filter;
    const state = this.order.length ? `more:${this.more}` : JSON.stringify([view, intent, sentiment, q.trim()]);
    const button = foot.querySelector("button");
    if (this.paging === null) button?.removeAttribute("disabled");
    if (foot.dataset.state === state) return;
    foot.dataset.state = state;
    if (this.order.length === 0) return fill(foot, this.emptyState());
    fill(foot, this.more && h("button", {
      class: "button", type: "button", "data-testid": "load-more", onclick: () => this.loadMore(),
    }, "Load more"));
  }

  clearFoot() {
    if (!this.foot) return;
    delete this.foot.dataset.state;
    fill(this.foot);
  }

  emptyState() {
    const { intent, sentiment, q, view } = this.filter;
    const filtered = Boolean(intent || sentiment || q.trim());
    const [head, text] = filtered ? ["Nothing matches.", "Try fewer filters or other words."] : VIEWS[view].empty;
    return h("div", { class: "empty", "data-testid": "inbox-empty" },
      icon(filtered ? "search" : view === "active" ? "check" : VIEWS[view].icon),
      h("h2", {}, head), h("p", {}, text),
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

  /** @param {string} id */
  focusRow(id) {
    this.rows.get(id)?.querySelector("a")?.focus({ preventScroll: true });
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

/** @returns {Partial<Filter>} */
function remembered() {
  try {
    const { view, order } = JSON.parse(load(REMEMBER) ?? "{}");
    return { ...(view in VIEWS ? { view } : {}), ...(order in compare ? { order } : {}) };
  } catch {
    return {};
  }
}

/** @param {string} value @param {string} text */
function option(value, text) {
  return h("option", { value }, text);
}
