/**
 * One line of the inbox: who waits, for how long, why, and in what mood.
 */

import { h, icon } from "./dom.js";
import { hasDraft } from "./drafts.js";
import { othersAt, presenceWords } from "./presence.js";
import { isMine } from "./session.js";
import { timeOf, timeUntil } from "./time.js";
import { customerName, initials, reachWords, reason, title } from "./words.js";

/** @import {Clock, Found, Tag, Ticket} from "./types.js" */
/** @typedef {{current: boolean, unread: boolean}} Look */

/** Equal for two states of a ticket that look the same. @param {Ticket} ticket @param {Look} look */
export function signatureOf(ticket, look) {
  return JSON.stringify([
    look, hasDraft(ticket.id), othersAt(ticket.id), customerName(ticket), ticket.status, ticket.priority, reason(ticket),
    ticket.intent, ticket.sentiment, ticket.owner, ticket.unanswered_since, ticket.last_text,
    ticket.last_author, waits(ticket) || ticket.updated_at, ticket.raised, ticket.tags, ticket.sla, ticket.snoozed_until,
    ticket.merged_into, ticket.found, ticket.contact,
  ]);
}

/** @param {Ticket} ticket @param {Look} look @param {string} href */
export function rowOf(ticket, look, href) {
  const name = customerName(ticket);
  return h("a", {
    href, class: "row", "aria-current": look.current ? "true" : null, data: { priority: ticket.priority },
    ...(look.unread ? { "data-unread": true } : {}),
  },
    h("span", { class: "row-top" },
      look.unread && h("span", { class: "dot", title: "New or changed" }, h("span", { class: "sr" }, "Unread. ")),
      h("span", { class: "row-name" }, h("bdi", {}, name)),
      hasDraft(ticket.id) && h("span", { class: "tag tag-draft" }, "Draft"),
      waits(ticket)
        ? h("span", { class: "row-wait", "data-testid": "waiting" }, icon("clock"), timeOf(waits(ticket), "waiting"))
        : h("span", { class: "row-wait" }, timeOf(ticket.updated_at))),
    ticket.found ? foundOf(ticket.found) : h("span", { class: "row-text", dir: "auto" }, speaker(ticket), wordsOf(ticket)),
    h("span", { class: "row-foot" },
      priorityTag(ticket),
      h("span", { class: "row-reason", title: reason(ticket), "data-testid": "reason" }, why(ticket)),
      clockOf(ticket),
      moodOf(ticket.sentiment),
      ticket.contact && h("span", { class: "fact", title: reachWords(ticket.contact), "data-testid": "row-contact" },
        icon("reach"), h("span", { class: "sr" }, reachWords(ticket.contact))),
      presenceOf(ticket),
      ticket.owner && h("span", {
        class: "owner", title: isMine(ticket) ? "Yours" : `${ticket.owner.name} is handling this`,
        ...(isMine(ticket) ? { "data-mine": true } : {}),
      }, h("span", { class: "sr" }, "Owner: "), initials(ticket.owner.name))),
    ticket.tags?.length ? h("span", { class: "row-tags" }, ticket.tags.map(tagChip)) : null);
}

/**
 * Why a ticket stands where it does: "Negative and waiting 12 min"; the time ticks.
 * @param {Ticket} ticket
 * @returns {(Node|string|null)[]}
 */
export function why(ticket) {
  const { raised, sentiment, priority, sla } = ticket;
  const since = waits(ticket);
  const waiting = since ? [timeOf(since, "waiting")] : [];
  if (raised === "overdue" || raised === "due") {
    const what = due(ticket) === sla?.reply ? "A reply" : "The resolution";
    return [`${what} is ${raised === "due" ? "due soon" : "overdue"}`];
  }
  if (raised === "negative" || (!raised && priority === "urgent" && sentiment === "negative")) {
    return since ? ["Negative and waiting ", ...waiting] : ["Negative"];
  }
  if (raised === "waiting") return ["Waiting ", ...waiting];
  return [reason(ticket)];
}

/** The promise that is due first. @param {Ticket} ticket @returns {Clock|null} */
function due({ sla }) {
  const { reply = null, resolution = null } = sla ?? {};
  if (!reply || !resolution) return reply ?? resolution;
  return reply.due_at <= resolution.due_at ? reply : resolution;
}

/** How long is left of what was promised. @param {Ticket} ticket */
export function clockOf(ticket) {
  const clock = due(ticket);
  if (!clock || (ticket.status !== "open" && ticket.status !== "claimed")) return null;
  const what = clock === ticket.sla?.reply ? "Reply due in" : "Resolution due in";
  return h("span", { class: "clock", "data-testid": "clock" }, icon("hourglass"), h("span", { class: "sr" }, `${what} `), timeUntil(clock.due_at, clock.warn_at));
}

/** @param {Tag} tag */
export function tagChip({ name, color }) {
  return h("span", { class: "tag-chip", data: { color }, "data-testid": "tag" }, h("bdi", {}, name));
}

const WHERE = { message: "", note: "Note: ", subject: "Subject: ", tag: "Tag: ", customer: "Customer: " };

/** Where a search found its words, with the hits marked. @param {Found} found */
function foundOf({ where, pieces, author }) {
  const who = where === "message" && author && author !== "customer" ? (author === "desk" ? "Bot: " : "Operator: ") : WHERE[where];
  return h("span", { class: "row-text", dir: "auto", "data-testid": "found" }, who && h("span", { class: "row-speaker" }, who),
    pieces.map(({ text, hit }) => (hit ? h("mark", {}, text) : text)));
}

/** Colleagues who have it open, small. @param {Ticket} ticket */
function presenceOf(ticket) {
  const others = othersAt(ticket.id);
  if (!others.length) return null;
  const words = presenceWords(others).join(", ");
  const shown = others.slice(0, 2).map(({ operator }) => initials(operator.name));
  const writes = others.some(({ state }) => state !== "looking");
  return h("span", { class: "row-here", title: words, data: { writes: String(writes) }, "data-testid": "row-presence" },
    icon(writes ? "pencil" : "eye"), h("span", { class: "sr" }, `${words}. `), h("span", { "aria-hidden": "true" }, others.length > 2 ? `${shown.join(" ")} +${others.length - 2}` : shown.join(" ")));
}

/** Since when somebody has been waiting for a person. @param {Ticket} ticket */
function waits(ticket) {
  return ticket.status === "open" || ticket.status === "claimed" ? ticket.unanswered_since : null;
}

/** What was last said; the desk's own goodbye tells nothing, so the subject stands for it. @param {Ticket} ticket */
function wordsOf({ last_author: author, last_text: text, subject }) {
  return (author === "desk" && subject) || text || subject;
}

/** @param {Ticket} ticket */
function speaker(ticket) {
  if (ticket.last_author !== "operator") return null;
  const who = isMine(ticket) ? "You" : ticket.owner?.name ?? "Operator";
  return h("span", { class: "row-speaker" }, h("bdi", {}, who), ": ");
}

/** @param {Ticket} ticket */
export function priorityTag({ priority }) {
  if (priority === "normal") return null;
  return h("span", { class: "tag", data: { priority }, "data-testid": "priority" }, title(priority));
}

/** A small face; in words for screen readers and on hover. @param {string|null|undefined} sentiment */
export function moodOf(sentiment) {
  if (!sentiment) return null;
  return h("span", { class: "mood", data: { sentiment }, title: title(sentiment) },
    icon(sentiment), h("span", { class: "sr" }, title(sentiment)));
}
