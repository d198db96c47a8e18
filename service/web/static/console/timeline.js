/**
 * What a conversation shows, in order: day separators, messages and what happened to the ticket. Pure.
 */

import { dayOf } from "./time.js";
import { reason } from "./words.js";

/** @import {Message, Ticket} from "./types.js" */

/**
 * @typedef {{kind: "day", key: string, text: string}
 *   | {kind: "event", key: string, text: string, at: string}
 *   | {kind: "message", key: string, message: Message, follows: boolean}} Item
 */

/** The same author within this time speaks on under the same heading. */
const BREATH = 5 * 60_000;

/** @param {Message[]} messages by seq @param {Ticket} ticket @param {boolean} [earlier] there are more messages before these @returns {Item[]} */
export function timeline(messages, ticket, earlier) {
  const events = happened(ticket).filter(({ at }) => !earlier || at >= messages[0].at);
  /** @type {Item[]} */
  const items = [];
  let day = "";
  /** @type {Message|null} */
  let last = null;
  /** @param {string} at */
  const turnDay = (at) => {
    const today = dayOf(at);
    if (today === day) return;
    day = today;
    last = null;
    items.push({ kind: "day", key: `day:${at.slice(0, 10)}:${items.length}`, text: today });
  };
  /** @param {string} until */
  const tell = (until) => {
    while (events.length && events[0].at < until) {
      const event = /** @type {{key: string, text: string, at: string}} */ (events.shift());
      turnDay(event.at);
      items.push({ kind: "event", ...event });
      last = null;
    }
  };
  for (const message of messages) {
    tell(message.at);
    turnDay(message.at);
    items.push({ kind: "message", key: message.id, message, follows: follows(last, message) });
    last = message;
  }
  tell("9999");
  return items;
}

/** @param {Message|null} before @param {Message} message */
function follows(before, message) {
  return before !== null && before.author === message.author && Boolean(before.note) === Boolean(message.note)
    && before.name === message.name && Date.parse(message.at) - Date.parse(before.at) < BREATH;
}

/** @param {Ticket} ticket */
function happened(ticket) {
  const events = [{ key: "event:created", at: ticket.created_at, text: `Handed over · ${reason(ticket)}` }];
  if (ticket.claimed_at && ticket.owner) {
    events.push({ key: "event:claimed", at: ticket.claimed_at, text: `Claimed by ${ticket.owner.name}` });
  }
  if (ticket.resolved_at && ticket.status === "resolved") {
    events.push({ key: "event:resolved", at: ticket.resolved_at, text: "Resolved" });
  }
  if (ticket.status === "returned") {
    events.push({ key: "event:returned", at: ticket.resolved_at ?? ticket.updated_at, text: "Returned to the bot" });
  }
  return events.sort((a, b) => (a.at < b.at ? -1 : 1));
}
