/**
 * Notifications of this device: for what concerns this operator, only while nobody looks at the console,
 * and once for all of its tabs. Old news, as after a laptop's sleep, rings no more.
 */

import { get, now } from "./api.js";
import { device, isQuiet } from "./device.js";
import { load, store } from "./drafts.js";
import { gist } from "./files.js";
import { go } from "./router.js";
import { isMine, session } from "./session.js";
import { chime, wake } from "./sound.js";
import { customerName, reason } from "./words.js";

/** @import {Message, Ticket} from "./types.js" */
/** @typedef {"new"|"answer"|"assigned"|"overdue"} Kind */

/** News older than this is no news. */
const FRESH = 60_000;
/** So long one tab's telling counts for all of them, and so long a look keeps all of them silent. */
const TOLD = 10_000;
const LOOKED = "frontdesk.looked";

/** Tickets of this operator's. @type {Map<string, Ticket>} */
const mine = new Map();
let learned = false;

/** What this operator did himself a moment ago, by ticket. @type {Map<string, number>} */
const own = new Map();

/** Which tickets are ours; asked at the beginning and whenever the stream begins anew. */
export async function learnMine() {
  try {
    const { tickets } = await get("/tickets?owner=me&status=claimed&limit=200");
    mine.clear();
    for (const ticket of tickets) mine.set(ticket.id, ticket);
    learned = true;
  } catch {
    // The events that follow tell the same, ticket by ticket.
  }
}

/** The operator did something with a ticket: what follows of it is no news. @param {string} ticketId */
export function noteOwn(ticketId) {
  own.set(ticketId, Date.now());
}

/** A ticket was told live. @param {Ticket} ticket */
export function hearTicket(ticket) {
  const before = mine.get(ticket.id);
  const isNow = ticket.status === "claimed" && isMine(ticket);
  if (isNow) mine.set(ticket.id, ticket);
  else mine.delete(ticket.id);
  if (!isFresh(ticket.updated_at)) return;
  if (ticket.status === "open" && ticket.created_at === ticket.updated_at) {
    tell("new", ticket, `New ticket: ${customerName(ticket)}`, reason(ticket));
  } else if (isNow && !before && learned && Date.now() - (own.get(ticket.id) ?? 0) > TOLD) {
    tell("assigned", ticket, `Given to you: ${customerName(ticket)}`, ticket.subject);
  } else if (isNow && before && isLate(ticket) && !isLate(before)) {
    tell("overdue", ticket, `Waits too long: ${customerName(ticket)}`, ticket.subject);
  }
}

/** What was promised for it is due soon, or over; without promises no ticket is. @param {Ticket & {raised?: string|null}} ticket */
const isLate = ({ raised }) => raised === "due" || raised === "overdue";

/** A message was told live. @param {{ticket_id: string|null, message: Message}} news */
export function hearMessage({ ticket_id: ticketId, message }) {
  const ticket = ticketId ? mine.get(ticketId) : undefined;
  if (ticket && message.author === "customer" && isFresh(message.at)) {
    tell("answer", ticket, `${customerName(ticket)} wrote`, gist(message).slice(0, 140), message.id);
  }
}

/** @param {string} at */
const isFresh = (at) => now() - Date.parse(at) < FRESH;

/** @param {Kind} kind @param {Ticket} ticket @param {string} head @param {string} body @param {string} [id] of the news, the same in every tab */
function tell(kind, ticket, head, body, id = ticket.updated_at) {
  const chosen = device();
  if (!session.operator || !chosen[kind] || isQuiet(chosen) || isLookedAt()) return;
  if (!(chosen.desktop || chosen.sound) || isTold(`${kind}:${ticket.id}:${id}`)) return;
  if (chosen.sound) chime();
  if (!chosen.desktop || !("Notification" in window) || Notification.permission !== "granted") return;
  try {
    const shown = new Notification(head, { body, tag: `${kind}:${ticket.id}`, silent: true });
    shown.onclick = () => {
      window.focus();
      go({ page: "inbox", id: ticket.id });
      shown.close();
    };
  } catch {
    // Phones have the name and refuse the use; the news is in the list all the same.
  }
}

/** Whether this tab, or another one of this browser's, is looked at. */
function isLookedAt() {
  return looks() || Date.now() - Number(load(LOOKED) ?? 0) < 3000;
}

const looks = () => document.visibilityState === "visible" && document.hasFocus();

/** What was told a moment ago, so that of several tabs one tells it. @param {string} what */
function isTold(what) {
  const key = "frontdesk.told";
  const kept = (load(key) ?? "").split("\n").filter((line) => Date.now() - Number(line.split(" ")[1]) < TOLD);
  if (kept.some((line) => line.startsWith(`${what} `))) return true;
  store(key, [...kept, `${what} ${Date.now()}`].join("\n"));
  return false;
}

setInterval(() => {
  if (looks()) store(LOOKED, String(Date.now()));
}, 1500);
for (const touch of ["pointerdown", "keydown"]) {
  addEventListener(touch, () => device().sound && wake(), { passive: true });
}
