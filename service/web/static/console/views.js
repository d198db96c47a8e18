/**
 * The inbox's views and orders: what each asks the desk for, and whether a ticket that has just changed
 * belongs to it and where. Pure; the desk's own answer stays the truth.
 */

import { now } from "./api.js";
import { isMine } from "./session.js";

/** @import {Ticket, Counts} from "./types.js" */

/**
 * @typedef {object} View
 * @property {string} label
 * @property {string} icon
 * @property {Record<string, string>} query
 * @property {string} words the same, as they are typed
 * @property {(ticket: Ticket) => boolean} holds
 * @property {(counts: Counts) => number|undefined} count
 * @property {[string, string]} empty
 */

/** @typedef {"active"|"mine"|"unassigned"|"snoozed"|"returned"|"resolved"|"all"} ViewName */
/** @typedef {"priority"|"newest"|"oldest"} Order */
/** @typedef {{view: ViewName, saved: string, q: string, order: Order}} Filter `saved` is the id of a saved view, or "" */

/** @type {Record<ViewName, View>} */
export const VIEWS = {
  active: {
    label: "Active", icon: "inbox", query: { status: "active", snoozed: "no" }, words: "status:active -is:snoozed",
    holds: (ticket) => isActive(ticket) && !sleeps(ticket),
    count: ({ active }) => active,
    empty: ["Nobody is waiting. Nice.", "New tickets appear here by themselves."],
  },
  mine: {
    label: "Mine", icon: "person", query: { status: "active", owner: "me", snoozed: "no" }, words: "status:active owner:me -is:snoozed",
    holds: (ticket) => ticket.status === "claimed" && isMine(ticket) && !sleeps(ticket),
    count: ({ mine }) => mine,
    empty: ["Nothing on your plate.", "Tickets that you claim appear here."],
  },
  unassigned: {
    label: "Unassigned", icon: "tray", query: { status: "open", owner: "none", snoozed: "no" }, words: "status:open -is:snoozed",
    holds: (ticket) => ticket.status === "open" && !sleeps(ticket),
    count: ({ unassigned }) => unassigned,
    empty: ["Everything has somebody.", "Tickets that nobody has claimed appear here."],
  },
  snoozed: {
    label: "Snoozed", icon: "clock", query: { status: "active", snoozed: "yes" }, words: "is:snoozed",
    holds: (ticket) => isActive(ticket) && sleeps(ticket),
    count: ({ snoozed }) => snoozed,
    empty: ["Nothing is put off.", "Snoozed tickets wait here, and come back by themselves."],
  },
  returned: {
    label: "Returned", icon: "bot", query: { status: "returned" }, words: "status:returned",
    holds: ({ status }) => status === "returned",
    count: ({ returned }) => returned,
    empty: ["Nothing was returned to the bot.", "Conversations that you give back appear here."],
  },
  resolved: {
    label: "Resolved", icon: "check", query: { status: "resolved" }, words: "status:resolved",
    holds: ({ status }) => status === "resolved",
    count: ({ resolved }) => resolved,
    empty: ["Nothing resolved yet.", "Resolved tickets are kept here."],
  },
  all: {
    label: "All", icon: "filter", query: {}, words: "",
    holds: () => true,
    count: () => undefined,
    empty: ["Nothing here.", "No ticket is what this view looks for."],
  },
};

/** The views that the side bar always shows. */
export const SHOWN = /** @type {ViewName[]} */ (Object.keys(VIEWS)).filter((name) => name !== "all");

/** @param {Ticket} ticket */
function isActive({ status }) {
  return status === "open" || status === "claimed";
}

/** @param {Ticket} ticket */
function sleeps({ snoozed_until: until }) {
  return Boolean(until) && Date.parse(String(until)) > now();
}

/** @param {Filter} filter @param {number} limit @param {number} offset */
export function queryOf({ view, q, order }, limit, offset) {
  const query = new URLSearchParams(VIEWS[view].query);
  if (q.trim()) query.set("q", q.trim());
  query.set("order", order);
  query.set("limit", String(limit));
  if (offset) query.set("offset", String(offset));
  return query.toString();
}

/** Whether a changed ticket belongs in the list; a search is left to the desk. @param {Filter} filter @param {Ticket} ticket */
export function holds(filter, ticket) {
  return VIEWS[filter.view].holds(ticket);
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
