/**
 * The inbox's views and orders: what each asks the desk for, and whether a ticket that has just changed
 * belongs to it and where. Pure; the desk's own answer stays the truth.
 */

import { isMine } from "./session.js";

/** @import {Ticket, Counts} from "./types.js" */

/**
 * @typedef {object} View
 * @property {string} label
 * @property {string} icon
 * @property {Record<string, string>} query
 * @property {(ticket: Ticket) => boolean} holds
 * @property {(counts: Counts) => number|undefined} count
 * @property {[string, string]} empty
 */

/** @typedef {"active"|"mine"|"unassigned"|"returned"|"resolved"} ViewName */
/** @typedef {"priority"|"newest"|"oldest"} Order */
/** @typedef {{view: ViewName, intent: string, sentiment: string, q: string, order: Order}} Filter */

/** @type {Record<ViewName, View>} */
export const VIEWS = {
  active: {
    label: "Active", icon: "inbox", query: { status: "active" },
    holds: ({ status }) => status === "open" || status === "claimed",
    count: ({ open, claimed }) => open + claimed,
    empty: ["Nobody is waiting. Nice.", "New tickets appear here by themselves."],
  },
  mine: {
    label: "Mine", icon: "person", query: { status: "active", owner: "me" },
    holds: (ticket) => ticket.status === "claimed" && isMine(ticket),
    count: ({ mine }) => mine,
    empty: ["Nothing on your plate.", "Tickets that you claim appear here."],
  },
  unassigned: {
    label: "Unassigned", icon: "tray", query: { status: "open", owner: "none" },
    holds: ({ status }) => status === "open",
    count: ({ open }) => open,
    empty: ["Everything has somebody.", "Tickets that nobody has claimed appear here."],
  },
  returned: {
    label: "Returned", icon: "bot", query: { status: "returned" },
    holds: ({ status }) => status === "returned",
    count: ({ returned }) => returned,
    empty: ["Nothing was returned to the bot.", "Conversations that you give back appear here."],
  },
  resolved: {
    label: "Resolved", icon: "check", query: { status: "resolved" },
    holds: ({ status }) => status === "resolved",
    count: ({ resolved }) => resolved,
    empty: ["Nothing resolved yet.", "Resolved tickets are kept here."],
  },
};

/** @param {Filter} filter @param {number} limit @param {number} offset */
export function queryOf({ view, intent, sentiment, q, order }, limit, offset) {
  const query = new URLSearchParams(VIEWS[view].query);
  for (const [name, value] of Object.entries({ intent, sentiment, q: q.trim() })) {
    if (value) query.set(name, value);
  }
  query.set("order", order);
  query.set("limit", String(limit));
  if (offset) query.set("offset", String(offset));
  return query.toString();
}

/** Whether a changed ticket belongs in the list; a search is left to the desk. @param {Filter} filter @param {Ticket} ticket */
export function holds(filter, ticket) {
  return VIEWS[filter.view].holds(ticket)
    && (!filter.intent || ticket.intent === filter.intent)
    && (!filter.sentiment || ticket.sentiment === filter.sentiment);
}

const RANK = { urgent: 0, high: 1, normal: 2, low: 3 };

/** @type {Record<Order, (a: Ticket, b: Ticket) => number>} */
export const compare = {
  priority: (a, b) => RANK[a.priority] - RANK[b.priority] || order(waitingSince(a), waitingSince(b)),
  newest: (a, b) => order(b.created_at, a.created_at),
  oldest: (a, b) => order(a.created_at, b.created_at),
};

/** @param {Ticket} ticket */
const waitingSince = (ticket) => ticket.unanswered_since ?? "9999";

/** @param {string} a @param {string} b */
const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
