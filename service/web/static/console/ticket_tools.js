/**
 * What the open ticket shows and offers beside claim and resolve: tags, snooze, clocks, duplicates; and
 * the menu of moves, by the same keys that work in the list.
 */

import { choose } from "./choose.js";
import { h, icon } from "./dom.js";
import { assign, isSnoozed, merge, snooze, snoozeWords, tag, wake } from "./moves.js";
import { address } from "./router.js";
import { clockOf, tagChip } from "./row.js";
import { session } from "./session.js";
import { reachWords } from "./words.js";

/** @import {Ticket} from "./types.js" */

/** The button that opens the menu of moves. @param {Ticket} ticket */
export function ticketTools(ticket) {
  return h("button", {
    class: "icon-button", type: "button", "aria-label": "More actions", "aria-haspopup": "dialog", title: "Assign, snooze, tag, merge",
    "data-testid": "ticket-more", onclick: () => void openTools(ticket),
  }, icon("more"));
}

/** @param {Ticket} ticket */
async function openTools(ticket) {
  const active = ticket.status === "open" || ticket.status === "claimed";
  const free = active && (ticket.status === "open" || ticket.owner?.id === session.operator?.id);
  const answer = await choose({
    title: "This ticket", placeholder: "What to do",
    choices: [
      ...(free || (active && session.operator?.role !== "operator") ? [{ label: "Assign to somebody", hint: "a", image: "person", value: assign }] : []),
      ...(isSnoozed(ticket) ? [{ label: "Wake now", image: "alarm", value: wake }] : []),
      ...(free ? [{ label: "Snooze", hint: "s", image: "clock", value: snooze }] : []),
      { label: "Tags", hint: "t", image: "tag", value: tag },
      ...(free ? [{ label: "Merge into another ticket", hint: "m", image: "merge", value: ([only]) => merge(only) }] : []),
    ],
  });
  await answer?.value([ticket]);
}

/** What is true of the ticket, for the line below its head. @param {Ticket} ticket @returns {(HTMLElement|null|false|undefined)[]} */
export function ticketFacts(ticket) {
  return [
    isSnoozed(ticket) && h("span", { class: "fact", "data-testid": "snoozed" }, icon("clock"), `Snoozed ${snoozeWords(ticket)}`),
    ticket.merged_into && h("a", { class: "fact", href: address({ page: "inbox", id: ticket.merged_into }), "data-testid": "merged" }, icon("merge"), "Duplicate of another ticket"),
    ticket.contact && h("span", { class: "fact", "data-testid": "wants-contact" }, icon("reach"), reachWords(ticket.contact)),
    clockOf(ticket),
    ...(ticket.tags ?? []).map(tagChip),
  ];
}
