/**
 * Who is there: what the desk tells of colleagues and customers, and what it is told of us. A tab says
 * which ticket it has open every five seconds while it is looked at; what it does not renew ends by itself.
 * Never says what is written.
 */

import { call } from "./api.js";
import { session } from "./session.js";

/** @typedef {"looking"|"writing"|"noting"} State */
/** @typedef {{ticket_id: string, operator: {id: string, name: string}, state: State}} Present */

const RENEW = 5000;
/** So long after the last key somebody counts as writing. */
const PAUSE = 4000;

/** Fires "change" with the ids of tickets where somebody came, left or began to write. */
export const people = new EventTarget();

/** @type {Present[]} */
let operators = [];
/** @type {Set<string>} conversations whose customer writes */
let typing = new Set();

/** @param {{operators: Present[], typing: string[]}} told all of it, as the desk tells it */
export function setPresent(told) {
  const before = byTicket(operators);
  operators = told.operators.filter(({ operator }) => operator.id !== session.operator?.id);
  typing = new Set(told.typing);
  const after = byTicket(operators);
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter((id) => before.get(id) !== after.get(id));
  people.dispatchEvent(new CustomEvent("change", { detail: changed }));
}

/** Without a connection nobody knows who is there. */
export function forgetPresent() {
  setPresent({ operators: [], typing: [] });
}

/** What a customer wrote has come. @param {string} conversationId */
export function heardCustomer(conversationId) {
  if (typing.delete(conversationId)) people.dispatchEvent(new CustomEvent("change", { detail: [] }));
}

/** Colleagues who have a ticket open. @param {string} ticketId */
export function othersAt(ticketId) {
  return operators.filter((one) => one.ticket_id === ticketId);
}

/** @param {string} conversationId */
export function customerTypes(conversationId) {
  return typing.has(conversationId);
}

/** @type {[State, string, string][]} what matters most comes first */
const DOES = [
  ["writing", "is writing a reply", "are writing replies"],
  ["noting", "is writing a note", "are writing notes"],
  ["looking", "is looking at this", "are looking at this"],
];

/** ["Ana is writing a reply", "Ben and 3 others are looking at this"] @param {Present[]} present */
export function presenceWords(present) {
  return DOES.flatMap(([state, one, many]) => {
    const names = present.filter((each) => each.state === state).map(({ operator }) => operator.name);
    if (names.length < 2) return names.map((name) => `${name} ${one}`);
    return [`${names[0]} and ${names.length === 2 ? names[1] : `${names.length - 1} others`} ${many}`];
  });
}

/** @param {Present[]} present @returns {Map<string, string>} */
function byTicket(present) {
  return new Map([...Map.groupBy(present, ({ ticket_id: id }) => id)].map(([id, all]) => [id, JSON.stringify(all)]));
}

// --- what we tell --------------------------------------------------------------------------------

const tab = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
/** @type {string|null} */
let here = null;
/** @type {State} */
let state = "looking";
let told = "";
/** @type {ReturnType<typeof setTimeout>|undefined} */
let pause;

/** This tab has a ticket open, or none. @param {string|null} ticketId */
export function lookAt(ticketId) {
  if (here === ticketId) return;
  here = ticketId;
  rest();
}

/** A key was pressed in a reply or a note. @param {"reply"|"note"} mode */
export function write(mode) {
  clearTimeout(pause);
  pause = setTimeout(rest, PAUSE);
  state = mode === "note" ? "noting" : "writing";
  void renew();
}

/** Nothing is being written any more. */
export function rest() {
  clearTimeout(pause);
  state = "looking";
  void renew();
}

/** Before signing out, while the desk still knows who says so; never takes long. */
export async function leave() {
  here = null;
  await Promise.race([renew(), new Promise((resolve) => setTimeout(resolve, 1000))]);
}

/** Say what changed; `again` says it anyway. */
async function renew(again = false) {
  if (!session.operator || document.body.dataset.state !== "in") return void (told = "");
  const shown = document.visibilityState === "visible" ? here : null;
  const saying = JSON.stringify([shown, shown && state]);
  if (saying === told && !(again && shown)) return;
  told = saying;
  const body = shown ? { tab, ticket_id: shown, state } : { tab, ticket_id: null };
  try {
    await call("POST", "/presence", body, { keepalive: true });
  } catch {
    told = ""; // said again with the next beat
  }
}

setInterval(() => void renew(true), RENEW);
document.addEventListener("visibilitychange", () => void renew());
addEventListener("pagehide", () => {
  const leaving = here;
  here = null;
  void renew();
  here = leaving; // a page that comes back from the cache is where it was
});
