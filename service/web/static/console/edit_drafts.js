/**
 * Edits of content that are not saved yet, kept in this browser until they are: a reload, a lost session
 * or another page loses nothing. Each remembers which version it began with.
 */

import { load, store } from "./drafts.js";
import { session } from "./session.js";

/** @typedef {{values: Record<string, any>, version: string|null}} Edit */

/** @param {string} kind @param {string} name */
const keyOf = (kind, name) => `frontdesk.edit.${session.operator?.id ?? ""}.${kind}.${name}`;

/** @param {string} kind @param {string} name @returns {Edit|null} */
export function readEdit(kind, name) {
  try {
    const kept = JSON.parse(load(keyOf(kind, name)) ?? "null");
    return kept?.values ? kept : null;
  } catch {
    return null;
  }
}

/** @param {string} kind @param {string} name @param {Edit|null} edit null forgets it */
export function keepEdit(kind, name, edit) {
  store(keyOf(kind, name), edit && JSON.stringify(edit));
}

/** A customer was erased: what was being edited of messages may be hers, and nothing tells which. */
export function forgetExamples() {
  try {
    for (const key of Object.keys(localStorage)) {
      if (/^frontdesk\.edit\.[^.]*\.example\.[^+]/.test(key)) store(key, null);
    }
  } catch {
    // This browser keeps nothing.
  }
}
