/**
 * The panel beside a conversation: who the customer is, what they told us, and where the ticket stands.
 */

import { h, icon } from "./dom.js";
import { timeOf } from "./time.js";
import { announce } from "./toast.js";
import { customerName, plural, reachWords, STATUS, title } from "./words.js";

/** @import {TicketDetail, Ticket} from "./types.js" */

/** @param {TicketDetail} detail @param {() => void} close */
export function detailsOf(detail, close) {
  const { ticket, messages } = detail;
  const { name, email, identifier } = ticket.customer ?? {};
  const theirs = messages.filter(({ author }) => author === "customer").length;
  return [
    h("header", {}, h("h2", {}, "Details"),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close details", onclick: close }, icon("close"))),
    section("Customer",
      fact("Name", name ?? customerName(ticket)), fact("E-mail", email, true), fact("Identifier", identifier, true),
      fact("Wrote", detail.earlier ? undefined : plural(theirs, "message"))),
    detail.reach ? section(reachWords(detail.reach.kind),
      fact(detail.reach.kind === "email" ? "E-mail" : "Phone", detail.reach.value, true), whole("About", detail.reach.about),
      fact("Left", timeOf(detail.reach.at)), fact("Checked", "By nobody")) : null,
    section("Facts", ...factsOf(detail).map(([label, text]) => fact(title(label), text, true))),
    section("Ticket",
      fact("Status", STATUS[ticket.status]), fact("Priority", title(ticket.priority)),
      fact("Owner", ticket.owner?.name ?? "Nobody yet"),
      fact("Intent", title(ticket.intent)), fact("Sentiment", title(ticket.sentiment)),
      fact("Opened", timeOf(ticket.created_at)), fact("Claimed", timeOf(ticket.claimed_at)),
      fact("Changed", timeOf(ticket.updated_at)), fact("Resolved", timeOf(ticket.resolved_at))),
  ];
}

/** @param {string} heading @param {...(HTMLElement|null)} facts */
function section(heading, ...facts) {
  return facts.some(Boolean) ? h("section", {}, h("h3", {}, heading), h("dl", {}, facts)) : null;
}

/** @param {string} label @param {string|Node|null|undefined} value @param {boolean} [copyable] */
function fact(label, value, copyable = false) {
  if (!value) return null;
  return h("div", {}, h("dt", {}, label),
    h("dd", { title: typeof value === "string" ? value : null }, h("span", {}, h("bdi", {}, value)),
      copyable && h("button", {
        class: "copy", type: "button", "aria-label": `Copy ${label.toLowerCase()}`, title: "Copy",
        onclick: () => void copy(String(value)),
      }, icon("copy"))));
}

/** A text that is read to its end. @param {string} label @param {string} text */
function whole(label, text) {
  return text ? h("div", { class: "whole" }, h("dt", {}, label), h("dd", { dir: "auto" }, text)) : null;
}

/** What the desk gathered from the customer's words, the latest last said. @param {TicketDetail} detail @returns {[string, string][]} */
function factsOf({ messages, traces }) {
  /** @type {Map<string, string>} */
  const facts = new Map();
  for (const { id } of messages) {
    const trace = traces[id];
    for (const { label, text } of trace?.reading?.entities ?? []) facts.set(label, text);
    for (const [label, text] of Object.entries(trace?.route.slots ?? {})) facts.set(label, text);
  }
  return [...facts];
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
  } catch {
    announce("Copying is not possible here");
  }
}
