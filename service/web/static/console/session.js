/**
 * Who works here, and the desk's intents and templates, which several views need.
 */

import { get } from "./api.js";

/** @import {Operator, Intent, Template} from "./types.js" */

export const session = {
  /** @type {Operator|null} */
  operator: null,
  /** @type {Intent[]} */
  intents: [],
  /** @type {Template[]} */
  templates: [],
};

/** Fires "content" when intents and templates were fetched anew. */
export const changes = new EventTarget();

/** @param {{owner?: {id: string}|null}} ticket */
export function isMine(ticket) {
  return Boolean(session.operator && ticket.owner?.id === session.operator.id);
}

export async function loadContent() {
  const [intents, templates] = await Promise.all([get("/intents"), get("/templates")]);
  session.intents = intents.intents;
  session.templates = templates.templates;
  changes.dispatchEvent(new Event("content"));
}
