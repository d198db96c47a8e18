/**
 * Moving tickets on, one or many: given away, tagged, put off, merged. One ticket is one call, several
 * are one call together, and each has its own result. What happened is told by `tickets`, as ever.
 */

import { ApiError, explain, get, now, post } from "./api.js";
import { choose } from "./choose.js";
import { noteOwn } from "./notify.js";
import { isMine, session } from "./session.js";
import { manageTags } from "./tags.js";
import { conflict, markSeen, publish } from "./tickets.js";
import { moment } from "./time.js";
import { toast } from "./toast.js";
import { customerName, plural, STATUS } from "./words.js";

/** @import {Ticket, Tag} from "./types.js" */
/** @typedef {{id: string, ticket?: Ticket, problem?: {status: number, detail: string}}} Result */

const MOST = 200; // in one request
/** Put off until the customer writes. */
const NEVER = "9999";

/** @param {Ticket} ticket */
export const isSnoozed = ({ snoozed_until: until, status }) =>
  Boolean(until) && (status === "open" || status === "claimed") && Date.parse(String(until)) > now();

/** @param {Ticket} ticket "until Tue 3 Mar, 09:00" */
export function snoozeWords({ snoozed_until: until }) {
  if (!until) return "";
  return until.startsWith(NEVER) ? "until the customer writes" : `until ${moment(until)}`;
}

/**
 * Do one thing with tickets, and say what came of it.
 * @param {Ticket[]} list
 * @param {string} action
 * @param {Record<string, unknown>} body
 * @param {string} done what to say of one; "" for nothing
 * @param {{label: string, act: () => void}} [undo]
 * @returns {Promise<Ticket[]>} those that changed
 */
export async function change(list, action, body, done, undo) {
  for (const { id } of list) noteOwn(id);
  if (list.length === 1) return one(list[0], action, body, done, undo);
  /** @type {Result[]} */
  const results = [];
  try {
    for (let at = 0; at < list.length; at += MOST) {
      const ids = list.slice(at, at + MOST).map(({ id }) => id);
      results.push(...(await post("/tickets/bulk", { tickets: ids, action, ...body })).results);
    }
  } catch (error) {
    toast(explain(error), { tone: "bad", label: "Try again", act: () => void change(list, action, body, done, undo) });
  }
  const changed = results.flatMap(({ ticket }) => ticket ?? []);
  for (const ticket of changed) told(ticket);
  if (results.length) toast(summary(changed.length, results, done), undo && changed.length === list.length ? undo : {});
  return changed;
}

/** @param {Ticket} ticket @param {string} action @param {Record<string, unknown>} body @param {string} done @param {{label: string, act: () => void}} [undo] */
async function one(ticket, action, body, done, undo) {
  try {
    const { ticket: after } = await post(`/tickets/${ticket.id}/${action === "tag" ? "tags" : action}`, body);
    told(after);
    if (done) toast(done, undo ?? {});
    return [after];
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) toast(await conflict(ticket, error));
    else if (!(error instanceof ApiError && error.status === 401)) toast(explain(error), { tone: "bad" });
    return [];
  }
}

/** @param {Ticket} ticket */
function told(ticket) {
  markSeen(ticket);
  publish(ticket);
}

/** "28 tickets: Resolved. 2 not: Ben has this ticket." @param {number} changed @param {Result[]} results @param {string} done */
function summary(changed, results, done) {
  /** @type {Map<string, number>} */
  const problems = new Map();
  for (const { problem } of results) {
    if (problem) problems.set(problem.detail, (problems.get(problem.detail) ?? 0) + 1);
  }
  const good = changed ? [`${plural(changed, "ticket")}: ${done || "Done."}`] : [];
  return [...good, ...[...problems].map(([detail, many]) => `${many} not: ${detail}`)].join(" ");
}

// --- giving away -------------------------------------------------------------------------------------

/** @param {Ticket[]} list */
export async function assign(list) {
  const colleagues = await fetched(async () => (await get("/colleagues")).operators);
  if (!colleagues) return [];
  const me = session.operator?.id;
  const first = colleagues.filter((/** @type {{id: string}} */ { id }) => id === me);
  const answer = await choose({
    title: list.length > 1 ? `Assign ${list.length} tickets` : "Assign", placeholder: "To whom", note: "Note for colleagues (optional)",
    choices: [
      ...[...first, ...colleagues.filter((/** @type {{id: string}} */ { id }) => id !== me)].map((person) => ({
        label: person.name, hint: person.id === me ? "you" : "", image: "person", value: person,
        on: list.every(({ owner }) => owner?.id === person.id),
      })),
      { label: "Nobody", hint: "open for all", image: "tray", value: null },
    ],
  });
  if (!answer) return [];
  const { value, note } = answer;
  return change(list, "assign", { to: value?.id ?? null, ...(note ? { note } : {}) },
    value ? `Assigned to ${value.id === me ? "you" : value.name}.` : "Assigned to nobody.");
}

// --- putting off -------------------------------------------------------------------------------------

/** @param {Ticket[]} list */
export async function snooze(list) {
  const sleeping = list.every(isSnoozed);
  const answer = await choose({
    title: list.length > 1 ? `Snooze ${list.length} tickets` : "Snooze", placeholder: "Until when: 20m, 3h, 2d, 2026-12-24 09:00",
    choices: [
      ...(sleeping ? [{ label: "Wake now", image: "alarm", value: "wake" }] : []),
      ...times().map(([label, at]) => ({ label, hint: moment(at), image: "clock", value: new Date(at).toISOString() })),
      { label: "Until the customer writes", image: "hand", value: null },
    ],
    typed: (text) => {
      const at = momentOf(text);
      return at ? { label: text, hint: moment(at), image: "clock", value: new Date(at).toISOString() } : null;
    },
  });
  if (!answer) return [];
  if (answer.value === "wake") return wake(list);
  const until = answer.value ? `until ${moment(answer.value)}` : "until the customer writes";
  return change(list, "snooze", answer.value ? { until: answer.value } : {}, `Snoozed ${until}.`,
    { label: "Undo", act: () => void wake(list) });
}

/** @param {Ticket[]} list */
export const wake = (list) => change(list, "wake", {}, "Back in the inbox.");

/** @returns {[string, number][]} */
function times() {
  const today = new Date(now());
  /** @param {number} days @param {number} hour */
  const day = (days, hour) => new Date(today.getFullYear(), today.getMonth(), today.getDate() + days, hour).getTime();
  const monday = (8 - today.getDay()) % 7 || 7;
  /** @type {[string, number][]} */
  const all = [
    ["In an hour", now() + 3_600_000], ["In four hours", now() + 4 * 3_600_000], ["This evening", day(0, 18)],
    ["Tomorrow morning", day(1, 9)], ["Monday morning", day(monday, 9)], ["In a week", day(7, 9)],
  ];
  return all.filter(([label, at]) => at > now() && !(label === "Monday morning" && monday === 1));
}

const UNITS = /** @type {Record<string, number>} */ ({ s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 });

/** @param {string} text @returns {number|null} */
export function momentOf(text) {
  const [, number, unit] = /^(\d{1,4})\s*(s|min|m|h|d|w)$/i.exec(text) ?? [];
  const at = number ? now() + Number(number) * UNITS[unit.toLowerCase()] : /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d)?$/.test(text) ? Date.parse(text.length === 10 ? `${text}T09:00` : text.replace(" ", "T")) : NaN;
  return at > now() ? at : null;
}

// --- tags --------------------------------------------------------------------------------------------

/** @param {Ticket[]} list */
export async function tag(list) {
  const tags = await fetched(async () => (await get("/tags")).tags);
  if (!tags) return [];
  /** @param {string} name */
  const has = (name) => list.every((ticket) => ticket.tags?.some((tag_) => same(tag_.name, name)));
  const answer = await choose({
    title: list.length > 1 ? `Tag ${list.length} tickets` : "Tags", placeholder: "Find a tag or type a new one",
    empty: "There is no tag yet: type one.",
    choices: [
      ...tags.map((/** @type {Tag} */ { name, color }) => ({ label: name, color, value: name, on: has(name) })),
      ...(session.operator?.role === "operator" || !tags.length ? [] : [{ label: "Manage tags", hint: "rename, colour, remove", image: "pencil", value: manageTags }]),
    ],
    typed: (text) => (tags.some((/** @type {Tag} */ { name }) => same(name, text)) || /["\n]/.test(text) || text.length > 40
      ? null : { label: text, hint: "new tag", image: "plus", value: text }),
  });
  if (!answer) return [];
  if (answer.value === manageTags) {
    await manageTags();
    return [];
  }
  const off = has(answer.value);
  const [doing, undoing] = off ? ["remove", "add"] : ["add", "remove"];
  return change(list, "tag", { [doing]: [answer.value] }, off ? `No longer tagged ${answer.value}.` : `Tagged ${answer.value}.`,
    { label: "Undo", act: () => void change(list, "tag", { [undoing]: [answer.value] }, "Taken back.") });
}

/** @param {string} a @param {string} b */
const same = (a, b) => a.trim().toLowerCase() === b.trim().toLowerCase();

// --- merging -----------------------------------------------------------------------------------------

/** @param {Ticket} ticket */
export async function merge(ticket) {
  const others = await fetched(async () => (await get(`/tickets/${ticket.id}/mergeable`)).tickets);
  if (!others) return [];
  const answer = await choose({
    title: `Merge into another ticket of ${customerName(ticket)}`, placeholder: "Find a ticket", note: "Note for colleagues (optional)",
    empty: "This customer has no other active ticket.",
    choices: others.map((/** @type {Ticket} */ other) => ({
      label: other.subject, hint: other.owner ? (isMine(other) ? "yours" : other.owner.name) : STATUS[other.status], image: "inbox", value: other,
    })),
  });
  if (!answer) return [];
  return change([ticket], "merge", { into: answer.value.id, ...(answer.note ? { note: answer.note } : {}) },
    "Merged. The messages stay in both conversations.");
}

/** @template T @param {() => Promise<T>} ask @returns {Promise<T|null>} */
async function fetched(ask) {
  try {
    return await ask();
  } catch (error) {
    toast(explain(error), { tone: "bad" });
    return null;
  }
}
