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
 * @property {"negative"|"waiting"|"due"|"overdue"|null} [raised] why the priority is higher than what was read
 * @property {string} [language]
 * @property {Tag[]} [tags]
 * @property {string|null} [snoozed_until]
 * @property {string|null} [merged_into]
 * @property {"email"|"phone"|null} [contact] how the customer wants to be reached, who has left an address
 * @property {{reply: Clock|null, resolution: Clock|null}} [sla]
 * @property {Found} [found] where a search found its words
 *
 * @typedef {{id: string, name: string, color: string}} Tag
 * @typedef {{warn_at: string|null, due_at: string}} Clock
 * @typedef {{where: "message"|"note"|"subject"|"tag"|"customer", pieces: {text: string, hit: boolean}[],
 *   author: string|null, at: string|null}} Found
 * @typedef {{id: string, name: string, q: string, order: "priority"|"newest"|"oldest", shared: boolean,
 *   owner: Person, changeable: boolean, count: number|null}} SavedView
 *
 * @typedef {"correction"|"confirmation"|"reply"|"takeover"} LabelKind
 * @typedef {{id: string, name: string}} Person
 * @typedef {{id: string, intent: string|null, sentiment: string|null, template: string|null, at: string,
 *   kind: LabelKind, weight: number, operator: Person}} Correction
 * @typedef {{id: string, message_id: string, conversation_id: string, text: string, operator: Person,
 *   kind: LabelKind, intent: string|null, sentiment: string|null, at: string}} Said
 * @typedef {{fields: ("intent"|"sentiment")[], messages: string[], said: Said[]}} Conflict
 * @typedef {{operator: Person, labels: number, overruled: number, compared: number, contradicting: number,
 *   read: number, read_otherwise: number, agreement: number|null, stands_out: boolean}} Agreement
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
 * @property {FileShape[]} [files]
 * @property {boolean} [note]
 * @property {Reading|null} [reading]
 * @property {Correction|null} [correction] what its labels come to
 * @property {Conflict|null} [conflict] operators contradict each other
 * @property {{helpful?: boolean|null, rating?: number|null, comment?: string|null}|null} [feedback]
 *
 * @typedef {{id: string, name: string, type: string, size: number, width: number|null, height: number|null}} FileShape
 * @typedef {{types: string[], bytes: number, count: number}} FileLimits of an upload
 *
 * @typedef {{kind: string, id: string, score: number, intent?: string|null, text?: string, lexical?: number, fresh?: boolean}} Hit
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
 * @typedef {{template: string, intent: string, title: string, text: string, score: number,
 *   found: number|null, confidence: number}} Suggestion
 *
 * @typedef {object} TicketDetail
 * @property {Ticket} ticket
 * @property {{kind: "email"|"phone", value: string, about: string, at: string}|null} [reach] where the customer wants to be reached
 * @property {{id: string, status: string}} conversation
 * @property {Message[]} messages
 * @property {boolean} [earlier] whether there are earlier ones than these
 * @property {Suggestion[]} suggestions
 * @property {Record<string, Trace>} traces
 * @property {Record<string, string>} facts what a reply may name
 * @property {FileLimits} files what may be sent
 *
 * @typedef {{name: string, group: string, title: string, description?: string, slots?: string[],
 *   action?: string, priority?: string, examples?: number, version?: string}} Intent
 * @typedef {{name: string, intent: string, sentiment?: string|null, text: string, version?: string,
 *   used?: number, helpful?: number, unhelpful?: number}} Template
 * @typedef {{id: string, text: string, intent?: string|null, sentiment?: string|null,
 *   source?: string, contested?: string[], version?: string,
 *   entities?: {start: number, end: number, label: string}[]|null, split?: string|null}} Example
 * @typedef {object} Release
 * @property {string} id
 * @property {string} created_at
 * @property {{at: string, texts: number|null}|null} erased
 * @property {Record<"accuracy"|"out_of_scope"|"answered"|"precision"|"promised", number|null> & {kept: boolean|null}} figures
 * @property {number} size in bytes
 * @property {boolean} report
 * @property {string|null} night
 * @property {{at: string|null, before_release: string|null, messages: number|null, changed: number|null, stale: boolean}|null} diff
 *
 * @typedef {{releases: Release[], champion: string|null, previous: string|null, serving: string|null,
 *   problem: string|null}} Releases
 *
 * @typedef {object} Night
 * @property {string} id
 * @property {string} begun_at
 * @property {string|null} ended_at
 * @property {string} stage
 * @property {string|null} champion
 * @property {string|null} release
 * @property {number} rows
 * @property {number} held_out
 * @property {Record<string, number>} left_out
 * @property {number} training_seconds
 * @property {string} reason
 *
 * @typedef {{name: string, passed: boolean, told: string}} Check
 * @typedef {{night: Night, verdict: {checks: Check[], rows: number, corrected: number,
 *   set_aside: number}|null}} NightDetail
 *
 * @typedef {{action: string, intent: string|null, template: string|null}} Side
 * @typedef {{reply: string, suggestions: string[], reason: string, read: string|null,
 *   confidence: number|null}} Said
 * @typedef {{kind: string, from: Side, to: Side, count: number,
 *   examples: {text: string, before: Said, after: Said}[]}} Change
 * @typedef {{messages: number, with_person: number, changed: number, changed_share: number, at: string,
 *   since: string, before: {answered_share: number, handoff_share: number},
 *   after: {answered_share: number, handoff_share: number}, groups: Change[]}} Comparison
 * @typedef {{diff: Comparison|null, stale: boolean, running: boolean, problem: string|null}} Diff
 *
 * @typedef {object} Alarm
 * @property {string} id
 * @property {"surge"|"drift"} kind
 * @property {string} subject an intent, a figure, or nothing for the whole desk
 * @property {string} words
 * @property {string} began_at
 * @property {string|null} ended_at
 * @property {{id: string, name: string, at: string}|null} acknowledged
 *
 * @typedef {{id: string, conversation_id: string, ticket_id: string|null, text: string, at: string}} AlarmMessage
 *
 * @typedef {object} Proposal
 * @property {string} id
 * @property {"label"|"intent"|"answer"} kind
 * @property {"review"|"history"} source
 * @property {string} name
 * @property {string} title
 * @property {string} answer
 * @property {string|null} intent
 * @property {{place: number, text: string, message_id: string|null}[]} texts
 * @property {number} count
 * @property {number} share
 * @property {number} handed_over
 * @property {number} unhelpful
 * @property {number|null} confidence
 *
 * @typedef {"operator"|"lead"|"admin"} Role
 * @typedef {Operator & {disabled: boolean, two_factor: boolean, created_at: string, seen_at: string|null}} Colleague
 * @typedef {{id: string, device: string, address: string, created_at: string, seen_at: string, current: boolean}} Session
 * @typedef {{operator: Operator, two_factor: boolean, recovery_codes: number, sessions: Session[]}} Account
 * @typedef {{id: string, operator_id: string, operator_name: string, name: string, created_at: string,
 *   used_at: string|null}} ApiToken
 * @typedef {{name: string, welcome: string[], usual_welcome: string, suggested: string[], color: string,
 *   theme: string, side: string, spacing: string, radius: string, font: string, locale: string, version: string,
 *   allowed_origins: string, files: boolean, fixed: string[]}} SiteSettings
 * @typedef {{timezone: string, days: Record<string, string[]>, closed: string[]}} Hours
 * @typedef {Record<"first_reply"|"next_reply"|"resolution", Record<string, number>>} Sla minutes by priority
 * @typedef {{sla: Sla|null, hours: Hours|null, contact_form: string, version: string}} Promises
 * @typedef {{id: number, at: string, who: {id: string|null, name: string, role: string}, deed: string, text: string,
 *   subject: string, detail: string, address: string}} AuditEntry
 *
 * @typedef {object} Webhook
 * @property {string} id
 * @property {string} address
 * @property {string} description
 * @property {string[]} events
 * @property {boolean} with_texts
 * @property {boolean} active
 * @property {""|"gone"|"failing"} stopped why the desk has switched it off
 * @property {string|null} failing_since
 * @property {string|null} old_secret_until
 *
 * @typedef {{at: string, status: number|null, problem: string, took_ms: number, answer?: string}} Try
 * @typedef {{id: string, event: string, state: "waiting"|"delivered"|"failed", created_at: string,
 *   next_at: string|null, tries: number, last: Try|null, told?: Try[], body?: object}} Delivery
 *
 * @typedef {{open: number, claimed: number, returned: number, resolved: number,
 *   active: number, mine: number, unassigned: number, snoozed: number}} Counts
 */
export {};
