/**
 * `<desk-past>`: whose ticket it is and what was before, in the details. Earlier conversations open in
 * place, to be read only. Of a customer whom the site has not vouched for there is no past, and it says so.
 */

import { explain, get, isAborted } from "./api.js";
import { fill, h, icon, linked } from "./dom.js";
import { filesOf } from "./files.js";
import { address } from "./router.js";
import { absolute, dayOf, timeOf } from "./time.js";
import { plural, STATUS } from "./words.js";

/** @import {Message, Ticket, TicketStatus} from "./types.js" */
/** @typedef {{id: string, status: TicketStatus, subject: string, reason_text: string, intent: string|null, owner: string|null, created_at: string, resolved_at: string|null}} PastTicket */
/** @typedef {{conversation_id: string, status: string, began: string, created_at: string, updated_at: string, messages: number, answered: number, rating: number|null, tickets: PastTicket[]}} Past */
/** @typedef {{customer: {name: string|null, email: string|null, identifier: string|null, verified: boolean, since: string}|null, conversations: Past[]}} Told */

export class DeskPast extends HTMLElement {
  constructor() {
    super();
    /** @type {Ticket|null} */
    this.ticket = null;
    this.asked = "";
    /** @type {AbortController|null} */
    this.request = null;
  }

  /** Whose past; asked for once it can be seen, and again when the ticket changes hands. @param {Ticket} ticket */
  show(ticket) {
    if (this.ticket?.id !== ticket.id) {
      this.request?.abort();
      this.asked = "";
      fill(this);
    }
    this.ticket = ticket;
    if (this.offsetParent !== null && this.asked !== `${ticket.id} ${ticket.status}`) void this.ask(ticket);
  }

  /** @param {Ticket} ticket */
  async ask(ticket) {
    this.asked = `${ticket.id} ${ticket.status}`;
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    try {
      const told = await get(`/tickets/${encodeURIComponent(ticket.id)}/past`, { signal: request.signal });
      if (this.request === request) this.draw(ticket, told);
    } catch (error) {
      if (isAborted(error) || this.request !== request) return;
      this.asked = "";
      fill(this, h("section", {}, h("h3", {}, "Before"), h("p", { class: "soft", role: "alert" }, `Not loaded. ${explain(error)}`),
        h("button", { class: "button", type: "button", onclick: () => void this.ask(ticket) }, "Try again")));
    }
  }

  /** @param {Ticket} ticket @param {Told} told */
  draw(ticket, { customer, conversations }) {
    const here = conversations.find(({ conversation_id: id }) => id === ticket.conversation_id);
    const earlier = (here?.tickets ?? []).filter(({ id }) => id !== ticket.id);
    const others = conversations.filter((one) => one !== here);
    fill(this, h("section", {},
      h("h3", {}, "Who it is"), h("p", { class: "past-who", data: { verified: String(Boolean(customer?.verified)) }, "data-testid": "past-who" }, ...whoWords(customer))),
      h("section", {}, h("h3", {}, "Before"),
        earlier.length > 0 && h("ul", { class: "past-list", role: "list", "aria-label": "Earlier tickets of this conversation" }, earlier.map((one) => h("li", {},
          h("a", { class: "past-ticket", href: address({ page: "inbox", id: one.id }), "data-testid": "past-ticket" },
            h("span", { class: "past-began" }, h("bdi", {}, one.subject)), h("span", { class: "past-came" }, h("bdi", {}, ticketWords(one)), " · ", dayOf(one.created_at)))))),
        others.length > 0 && h("ul", { class: "past-list", role: "list", "aria-label": "Earlier conversations" }, others.map((past) => this.item(ticket, past))),
        !earlier.length && !others.length && h("p", { class: "soft", "data-testid": "past-none" },
          customer?.verified ? "This is their first conversation." : "Nothing earlier in this conversation.")));
  }

  /** @param {Ticket} ticket @param {Past} past */
  item(ticket, past) {
    const inside = h("div", { class: "past-messages", hidden: true, tabindex: 0, role: "log", "aria-label": "Earlier conversation" });
    const button = h("button", {
      class: "past-open", type: "button", "aria-expanded": "false", "data-testid": "past-conversation",
      onclick: () => void this.toggle(ticket, past, button, inside),
    },
      h("span", { class: "past-began" }, h("bdi", {}, past.began || "Nothing was written")),
      h("span", { class: "past-came" }, h("bdi", {}, cameWords(past)), " · ", h("time", { datetime: past.created_at, title: absolute(past.created_at) }, dayOf(past.created_at))));
    return h("li", {}, button, inside);
  }

  /** @param {Ticket} ticket @param {Past} past @param {HTMLElement} button @param {HTMLElement} inside */
  async toggle(ticket, past, button, inside) {
    inside.hidden = !inside.hidden;
    button.setAttribute("aria-expanded", String(!inside.hidden));
    if (inside.hidden || inside.dataset.loaded) return;
    fill(inside, h("p", { class: "soft" }, "Loading…"));
    try {
      const path = `/tickets/${encodeURIComponent(ticket.id)}/past/${encodeURIComponent(past.conversation_id)}`;
      /** @type {{messages: Message[]}} */
      const { messages } = await get(path);
      inside.dataset.loaded = "yes";
      fill(inside, messages.length < past.messages && h("p", { class: "soft" }, `The last ${plural(messages.length, "message")}.`),
        messages.map((message) => line(message)),
        past.tickets.map(({ id }) => h("a", { class: "link", href: address({ page: "inbox", id }) }, "Open its ticket")));
    } catch (error) {
      fill(inside, h("p", { class: "error", role: "alert" }, explain(error)));
    }
  }
}

customElements.define("desk-past", DeskPast);

/** @param {Told["customer"]} customer */
function whoWords(customer) {
  if (!customer) return [icon("question"), h("span", {}, "A visitor who did not say who it is.")];
  if (customer.verified) {
    return [icon("check"), h("span", {}, "Verified: the site has signed who this is. Known since ", timeOf(customer.since), ".")];
  }
  const claim = [customer.name, customer.email, customer.identifier].filter(Boolean)[0] ?? "somebody";
  return [icon("alarm"), h("span", {}, "Not verified: says to be “", h("bdi", {}, claim),
    "”, and the site has not signed it. Anybody can claim that, so no earlier conversations are shown. Tell nothing that only this person may know.")];
}

/** What came of a conversation. @param {Past} past */
function cameWords({ tickets, answered, rating }) {
  const last = tickets.at(-1);
  const came = last ? ticketWords(last) : answered ? `Answered by the desk (${answered})` : "No answer";
  return rating ? `${came} · rated ${rating} of 5` : came;
}

/** @param {PastTicket} ticket */
function ticketWords({ status, owner }) {
  if (status === "resolved") return owner ? `Resolved by ${owner}` : "Resolved";
  if (status === "claimed") return `With ${owner ?? "a colleague"}`;
  return STATUS[status];
}

/** @param {Message} message */
function line(message) {
  const who = message.note ? `Note by ${message.name ?? "an operator"}`
    : { customer: "Customer", desk: "Desk", operator: message.name ?? "Operator" }[message.author];
  return h("div", { class: "past-line", data: { kind: message.note ? "note" : message.author } },
    h("span", { class: "past-name" }, who, " ", h("time", { datetime: message.at, title: absolute(message.at) }, dayOf(message.at))),
    message.text && h("div", { dir: "auto" }, linked(message.text)), filesOf(message));
}
