/**
 * What an operator has written and not yet sent, per ticket, kept in this browser until it is sent.
 * Reply and note are kept apart, so that a note can never slip out as a reply.
 */

import { session } from "./session.js";

/**
 * @typedef {object} Draft
 * @property {"reply"|"note"} mode
 * @property {string} reply
 * @property {string} note
 * @property {string|null} template the template that the reply was taken from
 * @property {{clientId: string, mode: string, text: string, files?: string}|null} attempt the last post, to repeat it safely
 */

/** @type {Map<string, string>} what the browser would not keep */
const memory = new Map();

/** Fires "change" with the ticket's id when a draft comes or goes, "elsewhere" when another tab wrote it. */
export const drafts = new EventTarget();

/** @param {string} ticketId */
const keyOf = (ticketId) => `frontdesk.draft.${session.operator?.id ?? ""}.${ticketId}`;

addEventListener("storage", ({ key }) => {
  if (!session.operator || !key?.startsWith(keyOf(""))) return;
  const detail = key.slice(keyOf("").length);
  drafts.dispatchEvent(new CustomEvent("change", { detail }));
  drafts.dispatchEvent(new CustomEvent("elsewhere", { detail }));
});

/** @param {string} ticketId @returns {Draft} */
export function readDraft(ticketId) {
  const empty = { mode: /** @type {"reply"} */ ("reply"), reply: "", note: "", template: null, attempt: null };
  try {
    return { ...empty, ...JSON.parse(load(keyOf(ticketId)) ?? "{}") };
  } catch {
    return empty;
  }
}

/** @param {string} ticketId @param {Draft} draft */
export function saveDraft(ticketId, draft) {
  const had = hasDraft(ticketId);
  const empty = !draft.reply.trim() && !draft.note.trim();
  store(keyOf(ticketId), empty ? null : JSON.stringify(draft));
  if (had === empty) drafts.dispatchEvent(new CustomEvent("change", { detail: ticketId }));
}

/** The ticket was erased. @param {string} ticketId */
export function forgetDraft(ticketId) {
  store(keyOf(ticketId), null);
}

/** @param {string} ticketId */
export function hasDraft(ticketId) {
  return load(keyOf(ticketId)) !== null;
}

/** @param {string} key @returns {string|null} */
export function load(key) {
  try {
    return memory.get(key) ?? localStorage.getItem(key); // a full store keeps what was there before
  } catch {
    return memory.get(key) ?? null;
  }
}

/** @param {string} key @param {string|null} value */
export function store(key, value) {
  memory.delete(key);
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    if (value !== null) memory.set(key, value);
  }
}
