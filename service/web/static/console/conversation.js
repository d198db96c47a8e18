/**
 * `<desk-conversation>`: one ticket, opened. Shows what is cached at once, fetches the truth, and then
 * follows the live messages; redraws only what changed, so that an open trace or a selection stays.
 */

import { ApiError, explain, get, isAborted } from "./api.js";
import "./composer.js";
import { correct, labelsOf, openCorrection, settleAll, undo } from "./correction.js";
import { detailsOf } from "./details.js";
import { fill, h, icon, keycap } from "./dom.js";
import { forgetDraft } from "./drafts.js";
import { gist } from "./files.js";
import { messageOf } from "./message.js";
import { noteOwn } from "./notify.js";
import "./past.js";
import { customerTypes, heardCustomer, lookAt, othersAt, people, presenceWords } from "./presence.js";
import { resolve } from "./resolving.js";
import { address } from "./router.js";
import { moodOf, priorityTag, why } from "./row.js";
import { isMine } from "./session.js";
import { ticketFacts, ticketTools } from "./ticket_tools.js";
import { act, markSeen, possible, tickets } from "./tickets.js";
import { timeOf } from "./time.js";
import { timeline } from "./timeline.js";
import { announce, toast } from "./toast.js";
import { traceCard } from "./trace.js";
import { customerName, initials, reason, STATUS } from "./words.js";

/** @import {Message, Ticket, TicketDetail, Trace, Correction} from "./types.js" */
/** @import {Labels} from "./correction.js" */
/** @import {DeskComposer} from "./composer.js" */
/** @import {DeskPast} from "./past.js" */
/** @import {Verb} from "./tickets.js" */
/** @import {Item} from "./timeline.js" */

const CACHED = 30;
const NEAR_END = 80;

/** @type {Record<Verb, {label: string, icon: string, key: string}>} */
const BUTTONS = {
  claim: { label: "Claim", icon: "person", key: "c" },
  return: { label: "Return to bot", icon: "bot", key: "b" },
  resolve: { label: "Resolve", icon: "check", key: "e" },
  reopen: { label: "Reopen", icon: "undo", key: "" },
};

export class DeskConversation extends HTMLElement {
  constructor() {
    super();
    this.ticketId = "";
    /** @type {TicketDetail|null} */
    this.detail = null;
    /** @type {Map<string, TicketDetail>} */
    this.cache = new Map();
    /** @type {Map<string, HTMLElement>} what stands in the log, by item */
    this.drawn = new Map();
    /** @type {Set<string>} messages whose trace is open */
    this.explained = new Set();
    /** @type {{conversation_id: string, message: Message}[]} told live while the ticket itself is still on its way */
    this.early = [];
    this.pinned = true;
    /** @type {AbortController|null} */
    this.request = null;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.head = h("header", { class: "conv-head" });
    this.reason = h("div", { class: "conv-reason", "data-testid": "conversation-reason" });
    this.items = h("div", { class: "log-items" });
    this.more = h("button", { class: "button more", type: "button", hidden: true, "data-testid": "earlier", onclick: () => void this.loadEarlier() }, "Earlier messages");
    this.log = h("div", {
      class: "log", role: "log", "aria-label": "Conversation", tabindex: 0, "data-testid": "log",
      onscroll: () => this.scrolled(),
    }, this.more, this.items);
    // The composer grows and shrinks: who reads the end goes on reading the end.
    new ResizeObserver(() => this.pinned && this.toEnd()).observe(this.log);
    this.newer = h("button", { class: "newer", type: "button", hidden: true, onclick: () => this.toEnd(true) }, icon("down"), "New message");
    this.composer = /** @type {DeskComposer} */ (document.createElement("desk-composer"));
    this.composer.addEventListener("sent", (event) => {
      this.add(/** @type {CustomEvent} */ (event).detail);
      this.toEnd();
    });
    this.here = h("p", { class: "conv-here", role: "status", "data-testid": "presence" });
    this.facts = h("div", { class: "details-facts" });
    this.past = /** @type {DeskPast} */ (document.createElement("desk-past"));
    this.details = h("aside", { class: "details", id: "details", "aria-label": "Details", "data-testid": "details" }, this.facts, this.past);
    this.main = h("div", { class: "conv-main" }, this.reason, h("div", { class: "log-frame" }, this.log, this.newer), this.here, this.composer);
    this.notice = h("div", { class: "conv-notice" });
    this.append(this.head, h("div", { class: "conv-body" }, this.main, this.details), this.notice);
    tickets.addEventListener("change", (event) => this.applyTicket(/** @type {CustomEvent} */ (event).detail));
    people.addEventListener("change", () => this.renderHere());
    document.addEventListener("visibilitychange", () => this.seen());
    this.clear();
  }

  // --- opening -------------------------------------------------------------------------------------

  /** @param {string|null} id */
  open(id) {
    if (!id) return this.clear();
    if (id === this.ticketId) return this.seen(); // back from another page
    this.keep();
    this.ticketId = id;
    lookAt(id);
    this.detail = null;
    this.early = [];
    this.drawn.clear();
    this.explained.clear();
    if (this.items) fill(this.items);
    const cached = this.cache.get(id);
    if (cached) this.show(cached, true);
    else this.showLoading();
    void this.refresh();
  }

  clear() {
    this.keep();
    this.request?.abort();
    this.ticketId = "";
    lookAt(null);
    this.detail = null;
    this.early = [];
    this.dataset.state = "none";
    if (this.notice) {
      fill(this.notice, h("div", { class: "empty", "data-testid": "conversation-empty" },
        icon("inbox"), h("h2", {}, "No ticket is open"),
        h("p", {}, keycap("j"), keycap("k"), " move, ", keycap("Enter"), " opens, ", keycap("?"), " shows every key.")));
    }
  }

  keep() {
    if (!this.detail) return;
    this.cache.delete(this.ticketId);
    this.cache.set(this.ticketId, this.detail);
    if (this.cache.size > CACHED) this.cache.delete(/** @type {string} */ (this.cache.keys().next().value));
  }

  async refresh() {
    if (!this.ticketId) return;
    clearTimeout(this.timer);
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    try {
      const detail = await get(`/tickets/${encodeURIComponent(this.ticketId)}`, { signal: request.signal });
      if (this.request === request) this.show(detail, !this.detail);
    } catch (error) {
      if (isAborted(error) || this.request !== request) return;
      this.showError(error);
    }
  }

  /** The ticket was erased: nothing of it stays on the page. @param {string} id */
  forget(id) {
    this.cache.delete(id);
    forgetDraft(id);
    if (id !== this.ticketId) return;
    this.request?.abort();
    this.detail = null;
    this.drawn.clear();
    this.explained.clear();
    for (const part of [this.head, this.reason, this.here, this.items, this.facts, this.past]) if (part) fill(part);
    delete this.head?.dataset.signature;
    delete this.here?.dataset.words;
    this.composer?.forget();
    this.showError(new ApiError(404));
  }

  refreshSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), 400);
  }

  /** @param {TicketDetail} detail @param {boolean} first */
  show(detail, first) {
    const stay = first || this.atEnd();
    const before = this.detail?.messages ?? [];
    const from = detail.messages[0];
    // A message that arrived live while the answer was on its way stays.
    const live = this.early.splice(0).filter((told) => told.conversation_id === detail.ticket.conversation_id);
    const later = [...before, ...live.map(({ message }) => message)].filter(({ seq }) => seq > (detail.messages.at(-1)?.seq ?? 0));
    // So do earlier ones, unless more was said meanwhile than an answer holds: then there is a gap between.
    const earlier = before.some(({ id }) => id === from?.id) ? before.filter(({ seq }) => seq < from.seq) : [];
    const older = this.detail?.ticket && this.detail.ticket.updated_at > detail.ticket.updated_at;
    this.detail = {
      ...detail,
      ticket: older && this.detail ? this.detail.ticket : detail.ticket,
      messages: [...earlier, ...detail.messages, ...later],
      earlier: earlier.length ? this.detail?.earlier : detail.earlier,
      suggestions: detail.suggestions ?? [],
      traces: { ...(earlier.length ? this.detail?.traces : {}), ...detail.traces },
      facts: detail.facts ?? {},
    };
    this.dataset.state = "open";
    if (this.notice) fill(this.notice);
    this.render();
    for (const message of detail.messages) this.composer?.arrived(detail.ticket, message);
    this.seen();
    if (stay) this.toEnd();
  }

  /** The page of messages before the first one that is shown; what is read stays where it stands. */
  async loadEarlier() {
    const { detail, log, more } = this;
    const first = detail?.messages[0];
    if (!detail || !first || !log || more?.getAttribute("aria-disabled")) return;
    more?.setAttribute("aria-disabled", "true");
    try {
      const told = await get(`/tickets/${encodeURIComponent(this.ticketId)}/messages?before=${first.seq}`);
      const { detail: now } = this; // another object by now, if the ticket was fetched meanwhile
      if (!now || now.ticket.id !== detail.ticket.id || now.messages[0]?.id !== first.id) return;
      now.messages.unshift(...told.messages);
      now.traces = { ...told.traces, ...now.traces };
      now.earlier = told.earlier;
      const fromEnd = log.scrollHeight - log.scrollTop;
      this.render();
      log.scrollTop = log.scrollHeight - fromEnd;
      announce(`${told.messages.length} earlier messages.`);
      if (more?.hidden) log.focus({ preventScroll: true }); // the button that was pressed is gone
    } catch (error) {
      toast(`Not loaded. ${explain(error)}`, { tone: "bad", label: "Try again", act: () => void this.loadEarlier() });
    } finally {
      more?.removeAttribute("aria-disabled");
    }
  }

  showLoading() {
    this.dataset.state = "loading";
    if (!this.notice) return;
    fill(this.notice, h("div", { class: "conv-skeleton", "aria-busy": "true", "aria-label": "Loading" },
      h("span", {}), h("span", {}), h("span", {}), h("span", {})));
  }

  /** @param {unknown} error */
  showError(error) {
    if (this.detail) return toast(`This conversation may be out of date. ${explain(error)}`, { tone: "bad", label: "Try again", act: () => this.refresh() });
    const missing = error instanceof ApiError && error.status === 404;
    this.dataset.state = "error";
    if (!this.notice) return;
    fill(this.notice, h("div", { class: "empty", role: "alert", "data-testid": "conversation-error" },
      h("h2", {}, missing ? "There is no such ticket." : "The conversation could not be loaded."),
      h("p", {}, missing ? "It may have been erased." : explain(error)),
      missing ? h("a", { class: "button", href: address({ page: "inbox", id: null }) }, "Back to the inbox")
        : h("button", { class: "button", type: "button", onclick: () => { this.showLoading(); void this.refresh(); } }, "Try again")));
  }

  // --- following -----------------------------------------------------------------------------------

  /** @param {Ticket} ticket */
  applyTicket(ticket) {
    const cached = this.cache.get(ticket.id);
    if (cached && cached.ticket.updated_at <= ticket.updated_at) cached.ticket = merged(cached.ticket, ticket);
    if (!this.detail || ticket.id !== this.ticketId || this.detail.ticket.updated_at > ticket.updated_at) return;
    const stay = this.atEnd();
    this.detail.ticket = merged(this.detail.ticket, ticket);
    if (ticket.contact) this.refreshSoon(); // where the customer wants to be reached is in no event
    this.render();
    this.seen();
    if (stay) this.toEnd();
  }

  /** A message that was told live. @param {{conversation_id: string, message: Message}} news */
  applyMessage({ conversation_id: conversationId, message }) {
    // The answer that is under way may be older than this.
    if (!this.detail && this.ticketId) this.early.push({ conversation_id: conversationId, message });
    if (!this.detail || this.detail.ticket.conversation_id !== conversationId) return;
    const isNew = this.add(message);
    if (message.author === "customer") {
      heardCustomer(conversationId);
      if (isNew) announce(`${customerName(this.detail.ticket)} wrote: ${gist(message)}`);
      this.refreshSoon();
    }
  }

  /** @param {Message} message @returns {boolean} whether it was not there yet */
  add(message) {
    if (!this.detail) return false;
    const stay = this.atEnd();
    const { messages, ticket } = this.detail;
    this.composer?.arrived(ticket, message);
    const at = messages.findIndex(({ id }) => id === message.id);
    if (at >= 0) messages[at] = { ...messages[at], ...message };
    else {
      messages.push(message);
      messages.sort((a, b) => a.seq - b.seq);
    }
    this.renderLog();
    if (stay) this.toEnd();
    else if (at < 0) this.newer?.removeAttribute("hidden");
    return at < 0;
  }

  /** The operator looks at it: it is no longer unread. */
  seen() {
    if (!this.detail || document.visibilityState !== "visible" || !this.isShown()) return;
    const { ticket } = this.detail;
    markSeen(ticket);
    this.dispatchEvent(new CustomEvent("seen", { detail: ticket.id }));
  }

  isShown() {
    return this.offsetParent !== null;
  }

  // --- drawing -------------------------------------------------------------------------------------

  render() {
    if (!this.detail) return;
    const { ticket, suggestions, facts } = this.detail;
    this.renderHead(ticket);
    this.renderLog();
    this.renderHere();
    this.composer?.show(ticket, suggestions, facts, this.detail.files ?? null);
    if (this.facts) fill(this.facts, detailsOf(this.detail, () => this.toggleDetails()));
    this.past?.show(ticket);
  }

  /** Who else is here, and who writes. */
  renderHere() {
    if (!this.detail || !this.here) return;
    const { ticket } = this.detail;
    const words = presenceWords(othersAt(ticket.id));
    const typing = customerTypes(ticket.conversation_id) ? `${customerName(ticket)} is writing…` : "";
    const all = [...words, typing].filter(Boolean);
    if (this.here.dataset.words === all.join("\n")) return;
    const stay = this.atEnd();
    this.here.dataset.words = all.join("\n");
    fill(this.here,
      words.length ? [icon("person"), h("span", {}, h("bdi", {}, words.join(" · ")))] : null,
      typing && h("span", { class: "typing", "data-testid": "customer-typing" }, h("span", { class: "dots", "aria-hidden": "true" }), h("bdi", {}, typing)));
    if (stay) this.toEnd();
  }

  /** @param {Ticket} ticket */
  renderHead(ticket) {
    if (!this.head || !this.reason) return;
    const name = customerName(ticket);
    const signature = JSON.stringify([ticket, document.body.dataset.details]);
    if (this.head.dataset.signature === signature) return;
    this.head.dataset.signature = signature;
    const focused = this.head.contains(document.activeElement)
      ? /** @type {HTMLElement} */ (document.activeElement).dataset.testid : undefined;
    const others = ticket.status === "claimed" && !isMine(ticket);
    fill(this.head,
      h("a", { class: "icon-button back", href: address({ page: "inbox", id: null }), "aria-label": "Back to the inbox", "data-testid": "back" }, icon("back")),
      h("span", { class: "avatar", "aria-hidden": "true" }, initials(name)),
      h("div", { class: "conv-who" },
        h("h2", { tabindex: -1, "data-testid": "conversation-title" }, h("bdi", {}, name)),
        h("p", {}, h("span", { class: "status", data: { status: ticket.status }, "data-testid": "status" }, statusWords(ticket)),
          h("span", { class: "conv-subject", title: ticket.subject }, h("bdi", {}, ticket.subject)))),
      h("div", { class: "conv-acts" },
        others && h("span", { class: "taken" }, h("bdi", {}, ticket.owner?.name), " is handling this"),
        possible(ticket).map((verb) => this.actButton(verb, ticket)),
        ticketTools(ticket),
        h("button", {
          class: "icon-button", type: "button", "aria-label": "Details", title: "Details (i)", "aria-controls": "details",
          "data-testid": "toggle-details", onclick: () => this.toggleDetails(),
        }, icon("panel"))));
    const active = ticket.status === "open" || ticket.status === "claimed";
    fill(this.reason, priorityTag(ticket), h("span", { title: reason(ticket) }, why(ticket)), moodOf(ticket.sentiment), ticketFacts(ticket),
      active && ticket.unanswered_since
        ? h("span", { class: "reason-wait" }, icon("clock"), "waiting ", timeOf(ticket.unanswered_since, "waiting"))
        : h("span", { class: "reason-wait" }, "opened ", timeOf(ticket.created_at)));
    if (focused) {
      const again = this.head.querySelector(`[data-testid="${focused}"]`) ?? this.head.querySelector("h2");
      /** @type {HTMLElement} */ (again).focus({ preventScroll: true });
    }
  }

  /** @param {Verb} verb @param {Ticket} ticket */
  actButton(verb, ticket) {
    const { label, icon: image, key } = BUTTONS[verb];
    const primary = verb === "claim" || (verb === "resolve" && ticket.status === "claimed");
    return h("button", {
      class: primary ? "button primary" : "button", type: "button", data: { verb }, "data-testid": `act-${verb}`,
      title: key ? `${label} (${key})` : label, onclick: () => this.do(verb),
    }, icon(image), h("span", { class: "label" }, label), key && keycap(key));
  }

  renderLog() {
    if (!this.detail || !this.items) return;
    const { messages, ticket, earlier } = this.detail;
    this.more?.toggleAttribute("hidden", !earlier);
    const items = timeline(messages, ticket, earlier);
    const keys = new Set(items.map(({ key }) => key));
    for (const [key, element] of this.drawn) {
      if (keys.has(key)) continue;
      element.remove();
      this.drawn.delete(key);
    }
    let next = this.items.firstElementChild;
    for (const item of items) {
      const before = this.drawn.get(item.key);
      const element = this.draw(item);
      if (before && before === next) next = element; // renewed where it stood
      if (element === next) next = element.nextElementSibling;
      else this.items.insertBefore(element, next);
    }
  }

  /** @param {Item} item @returns {HTMLElement} the element that stands for it, renewed if it changed */
  draw(item) {
    const explained = item.kind === "message" && this.explained.has(item.key);
    const trace = item.kind === "message" ? this.detail?.traces[item.key] : undefined;
    const signature = JSON.stringify([item, explained, explained ? trace : Boolean(trace)]);
    const before = this.drawn.get(item.key);
    if (before?.dataset.signature === signature) return before;
    const element = this.build(item, explained, trace);
    element.dataset.signature = signature;
    this.drawn.set(item.key, element);
    if (before) {
      const focused = before.contains(document.activeElement)
        ? /** @type {HTMLElement} */ (document.activeElement).dataset.testid : undefined;
      before.replaceWith(element);
      if (focused) /** @type {HTMLElement|null} */ (element.querySelector(`[data-testid="${focused}"]`))?.focus({ preventScroll: true });
    }
    return element;
  }

  /** @param {Item} item @param {boolean} explained @param {Trace|undefined} trace */
  build(item, explained, trace) {
    if (item.kind === "day") return h("div", { class: "day", role: "separator" }, h("span", {}, item.text));
    if (item.kind === "event") {
      return h("p", { class: "event" }, h("span", {}, h("bdi", {}, item.text)), timeOf(item.at));
    }
    const customer = this.detail ? customerName(this.detail.ticket) : "";
    const element = messageOf(item.message, {
      customer, follows: item.follows, traced: Boolean(trace), explained,
      acts: {
        why: (message) => void this.why(message),
        correct: (message) => this.correct(message),
        confirm: (message) => void this.say(message, correct, labelsOf(message), "Confirmed."),
        undo: (message) => message.correction && void this.undo(message, message.correction),
        settle: (message, labels) => this.settle(message, labels),
      },
    });
    if (explained) element.append(trace ? traceCard(trace) : h("p", { class: "trace soft" }, "Loading…"));
    return element;
  }

  scrolled() {
    this.pinned = this.atEnd();
    if (this.pinned) this.newer?.setAttribute("hidden", "");
  }

  atEnd() {
    const { log } = this;
    return !log || log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
  }

  toEnd(smooth = false) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.log?.scrollTo({ top: this.log.scrollHeight, behavior: smooth && !still ? "smooth" : "instant" });
    this.newer?.setAttribute("hidden", "");
  }

  // --- acting --------------------------------------------------------------------------------------

  /** @param {Verb} verb */
  async do(verb) {
    const ticket = this.detail?.ticket;
    if (!ticket || !possible(ticket).includes(verb)) return;
    noteOwn(ticket.id);
    if (verb === "resolve") await resolve(ticket);
    else await act(verb, ticket);
  }

  toggleDetails() {
    const wide = matchMedia("(min-width: 1280px)").matches;
    const shown = document.body.dataset.details ?? (wide ? "yes" : "no");
    document.body.dataset.details = shown === "yes" ? "no" : "yes";
    if (this.detail) this.past?.show(this.detail.ticket);
  }

  focusTitle() {
    this.querySelector("h2")?.focus({ preventScroll: true });
  }

  /** @param {Message} message */
  async why(message) {
    const detail = this.detail;
    if (!detail) return;
    if (this.explained.has(message.id)) this.explained.delete(message.id);
    else this.explained.add(message.id);
    this.renderLog();
    this.drawn.get(message.id)?.querySelector(".trace")?.scrollIntoView({ block: "nearest" });
    if (!this.explained.has(message.id) || detail.traces[message.id]) return;
    try {
      detail.traces[message.id] = await get(`/messages/${message.id}/trace`);
    } catch (error) {
      this.explained.delete(message.id);
      toast(error instanceof ApiError && error.status === 404 ? "There is no trace of this message." : explain(error), { tone: "bad" });
    }
    if (this.detail === detail) this.renderLog();
    this.drawn.get(message.id)?.querySelector(".trace")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {Message} message */
  correct(message) {
    openCorrection(message, this.detail?.traces[message.id], (correction) => this.said(message, correction, "Saved. The next training learns from it."));
  }

  /** @param {Message} message @param {Labels|null} labels */
  settle(message, labels) {
    const words = "Settled. The next training learns from it.";
    if (labels) void this.say(message, settleAll, labels, words);
    else openCorrection(message, this.detail?.traces[message.id], (correction) => this.said(message, correction, words), { save: settleAll });
  }

  /** @param {Message} message @param {typeof correct} post @param {Labels} labels @param {string} words */
  async say(message, post, labels, words) {
    try {
      this.said(message, await post(message, labels), words);
    } catch (error) {
      toast(`Not saved. ${explain(error)}`, { tone: "bad", label: "Try again", act: () => void this.say(message, post, labels, words) });
    }
  }

  /** @param {Message} message @param {Correction} correction @param {string} words */
  said(message, correction, words) {
    this.setCorrection(message, correction);
    toast(words, { label: "Undo", act: () => void this.undo(message, correction) });
  }

  /** @param {Message} message @param {Correction} label */
  async undo(message, label) {
    try {
      this.setCorrection(message, await undo(message, label));
      toast("Taken back.");
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        this.refreshSoon();
        return toast(explain(error));
      }
      toast(`Not taken back. ${explain(error)}`, { tone: "bad", label: "Try again", act: () => void this.undo(message, label) });
    }
  }

  /** @param {Message} message @param {Correction|null} correction */
  setCorrection(message, correction) {
    const shown = this.detail?.messages.find(({ id }) => id === message.id);
    if (!shown) return;
    shown.correction = correction;
    this.renderLog();
    this.refreshSoon(); // who contradicts whom is the desk's to say
  }

  /** A label or a customer's rating was told live. @param {{conversation_id: string}} news */
  applyLabel({ conversation_id: conversationId }) {
    if (this.detail?.ticket.conversation_id === conversationId) this.refreshSoon();
  }
}

customElements.define("desk-conversation", DeskConversation);

/** What the inbox tells of a customer is less than what the ticket's own page told. @param {Ticket} before @param {Ticket} after */
function merged(before, after) {
  return { ...before, ...after, customer: after.customer ? { ...before.customer, ...after.customer } : before.customer };
}

/** @param {Ticket} ticket */
function statusWords(ticket) {
  return ticket.status === "claimed" && isMine(ticket) ? "Yours" : STATUS[ticket.status];
}
