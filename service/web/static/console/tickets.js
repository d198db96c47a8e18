/**
 * What an operator does with a ticket, and the news of tickets that every view listens to.
 * Somebody else being first is no error here: it is told kindly and the ticket is fetched anew.
 */

import { ApiError, explain, get, post } from "./api.js";
import { load, store } from "./drafts.js";
import { isMine, session } from "./session.js";
import { toast } from "./toast.js";
import { STATUS } from "./words.js";

/** @import {Ticket} from "./types.js" */
/** @typedef {"claim"|"return"|"resolve"|"reopen"} Verb */

/** Fires "change" with a ticket, whether it was changed here or elsewhere. */
export const tickets = new EventTarget();

/** @param {Ticket} ticket */
export function publish(ticket) {
  tickets.dispatchEvent(new CustomEvent("change", { detail: ticket }));
}

/** @type {Set<string>} */
const busy = new Set();

const DONE = { claim: "", return: "Returned to the bot.", resolve: "Resolved.", reopen: "" };

/**
 * Claim, return, resolve or reopen; a second press while the first is on its way does nothing.
 * @param {Verb} verb
 * @param {Ticket} ticket
 * @returns {Promise<Ticket|null>} the ticket afterwards; null when it did not happen
 */
export async function act(verb, ticket) {
  if (busy.has(ticket.id)) return null;
  busy.add(ticket.id);
  try {
    const { ticket: after } = await post(`/tickets/${ticket.id}/${verb}`);
    markSeen(after);
    publish(after);
    const undo = verb === "resolve" || verb === "return";
    if (DONE[verb]) toast(DONE[verb], undo ? { label: "Undo", act: () => void act("reopen", after) } : {});
    return after;
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) toast(await conflict(ticket, error));
    else if (!(error instanceof ApiError && error.status === 401)) {
      toast(explain(error), { tone: "bad", label: "Try again", act: () => void act(verb, ticket) });
    }
    return null;
  } finally {
    busy.delete(ticket.id);
  }
}

/**
 * Fetch a ticket that somebody else changed first, tell every view, and say what happened.
 * @param {Ticket} ticket
 * @param {ApiError} error
 */
export async function conflict(ticket, error) {
  try {
    const { ticket: fresh } = await get(`/tickets/${ticket.id}`);
    publish(fresh);
    if (fresh.owner && !isMine(fresh) && fresh.status === "claimed") {
      return `${fresh.owner.name} took this a moment ago.`;
    }
    if (fresh.status !== ticket.status) {
      return `Somebody was faster: this ticket is now ${STATUS[fresh.status].toLowerCase()}.`;
    }
  } catch {
    // The conflict itself is still worth saying.
  }
  return error.message;
}

/** What may be done with a ticket now. @param {Ticket} ticket @returns {Verb[]} */
export function possible(ticket) {
  if (ticket.status === "open") return ["claim", "return", "resolve"];
  if (ticket.status === "claimed") return isMine(ticket) ? ["return", "resolve"] : [];
  return ["reopen"];
}

// --- what this operator has seen -------------------------------------------------------------------

const KEPT = 1000;
let seenBy = "";
/** @type {Map<string, string>} ticket id -> `updated_at` when it was last looked at */
let seen = new Map();

function remember() {
  const key = `frontdesk.seen.${session.operator?.id ?? ""}`;
  if (seenBy !== key) {
    seenBy = key;
    try {
      seen = new Map(JSON.parse(load(key) ?? "[]"));
    } catch {
      seen = new Map();
    }
  }
  return key;
}

/** @param {Ticket} ticket */
export function markSeen(ticket) {
  const key = remember();
  if ((seen.get(ticket.id) ?? "") >= ticket.updated_at) return;
  seen.delete(ticket.id);
  seen.set(ticket.id, ticket.updated_at);
  while (seen.size > KEPT) seen.delete(/** @type {string} */ (seen.keys().next().value));
  store(key, JSON.stringify([...seen]));
}

/** New or changed since this operator looked, and theirs to care about. @param {Ticket} ticket */
export function isUnread(ticket) {
  remember();
  const active = ticket.status === "open" || (ticket.status === "claimed" && isMine(ticket));
  return active && (seen.get(ticket.id) ?? "") < ticket.updated_at;
}
