/**
 * The shapes that the desk's HTTP surface speaks, for the type checker. Nothing runs here.
 *
 * @typedef {"open"|"claimed"|"returned"|"resolved"} TicketStatus
 * @typedef {"low"|"normal"|"high"|"urgent"} Priority
 * @typedef {"negative"|"neutral"|"positive"} Sentiment
 * @typedef {{id: string, email: string, name: string, role: string}} Operator
 * @typedef {{label: string, confidence: number}} Score
 *
 * @typedef {object} Ticket
 * @property {string} id
 * @property {string} conversation_id
 * @property {TicketStatus} status
 * @property {Priority} priority
 * @property {string} reason
 * @property {string} [reason_text]
 * @property {string} subject
 * @property {string|null} intent
 * @property {Sentiment|null} sentiment
 * @property {{id: string, name: string}|null} owner
 * @property {{name?: string|null, email?: string|null, identifier?: string|null}|null} customer
 * @property {string} created_at
 * @property {string} updated_at
 * @property {string|null} claimed_at
 * @property {string|null} resolved_at
 * @property {string|null} unanswered_since
 * @property {string} last_text
 * @property {"customer"|"desk"|"operator"} last_author
 *
 * @typedef {{intent: string|null, sentiment: string|null, template: string|null, at?: string}} Correction
 * @typedef {{intent: Score|null, sentiment: Score|null, in_scope: number}} Reading
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {number} seq
 * @property {"customer"|"desk"|"operator"} author
 * @property {string} text
 * @property {string} at
 * @property {string} [name]
 * @property {string|null} [action]
 * @property {string|null} [template]
 * @property {string|null} [reply_to]
 * @property {string|null} [client_id]
 * @property {{text: string, intent?: string|null}[]} [suggestions]
 * @property {boolean} [note]
 * @property {Reading|null} [reading]
 * @property {Correction|null} [correction]
 * @property {{helpful?: boolean|null, rating?: number|null, comment?: string|null}|null} [feedback]
 *
 * @typedef {{kind: string, id: string, score: number, intent?: string|null, text?: string, lexical?: number}} Hit
 * @typedef {{start: number, end: number, label: string, text: string}} Entity
 *
 * @typedef {object} Trace
 * @property {string|null} release
 * @property {{text?: string, intents: Score[], sentiments: Score[]|Record<string, number>,
 *   in_scope?: number, certainty?: number, entities?: Entity[]}|null} reading none when no model was there
 * @property {Hit[]|null} [hits]
 * @property {{action: string, reason: string, reason_text?: string, intent?: string|null,
 *   template?: string|null, choices?: string[], slot?: string|null,
 *   slots?: Record<string, string>}} route
 * @property {Record<string, unknown>|null} [thresholds]
 * @property {Record<string, number>|null} [took_ms]
 * @property {string} [at]
 *
 * @typedef {{template: string, intent: string, title: string, text: string, score: number}} Suggestion
 *
 * @typedef {object} TicketDetail
 * @property {Ticket} ticket
 * @property {{id: string, status: string}} conversation
 * @property {Message[]} messages
 * @property {Suggestion[]} suggestions
 * @property {Record<string, Trace>} traces
 *
 * @typedef {{name: string, group: string, title: string, description?: string, slots?: string[],
 *   action?: string, priority?: string, examples?: number}} Intent
 * @typedef {{name: string, intent: string, sentiment?: string|null, text: string}} Template
 * @typedef {{id: string, text: string, intent?: string|null, sentiment?: string|null,
 *   source?: string}} Example
 * @typedef {{open: number, claimed: number, returned: number, resolved: number, mine?: number}} Counts
 */
export {};
