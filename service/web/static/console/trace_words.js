/**
 * A trace in words: what a message looked like, what the desk did and why, and what lay nearest.
 * Pure functions, so that a test can go through every reason that the router has.
 */

import { ranked, title } from "./words.js";

/** @import {Trace} from "./types.js" */
/** @typedef {{text: string, strong?: boolean}} Piece */

/** "91 %" @param {number|null|undefined} share */
export const share = (share) => (typeof share === "number" ? `${Math.round(100 * share)} %` : "–");

/** "order_number" -> "order number" @param {string|null|undefined} name */
const lower = (name) => title(name).toLowerCase();

/** The clause after "because", by the router's reason. @type {Record<string, (trace: Trace) => string>} */
export const BECAUSE = {
  certain: (trace) => `that is sure enough${compared(trace, "certainty", "answer")}`,
  chosen: () => "the customer chose what was meant",
  slot_given: () => "the customer gave the fact that was missing",
  slot_missing: ({ route }) => (route.slot ? `the answer needs the ${lower(route.slot)}, and the customer has not given it`
    : "the answer needs a fact that the customer has not given"),
  unclear: (trace) => `several intents are possible${compared(trace, "certainty", "answer")}`,
  new_intent: ({ route }) => (route.choices?.length ? `it resembles “${title(route.choices[0])}”, which the release has not learned yet`
    : "it resembles an intent that the release has not learned yet"),
  new_example: ({ route }) => (route.choices?.length ? `it resembles an example of “${title(route.choices[0])}” that is newer than the release`
    : "it resembles an example that is newer than the release"),
  out_of_scope: (trace) => `it is unlike anything that the desk knows${compared(trace, "in_scope", "in_scope")}`,
  asked_for_person: () => "the customer asked for a person",
  person_needed: ({ route }) => (route.intent ? `“${title(route.intent)}” is something that only a person can do`
    : "only a person can do what the customer wants"),
  upset: () => "the customer is upset and there is no answer for that",
  upset_again: () => "the customer is upset again",
  unclear_again: () => "the desk had asked back already",
  slot_not_given: ({ route }) => `the customer did not give ${route.slot ? `the ${lower(route.slot)}` : "the fact"} that was asked for`,
  low_confidence: (trace) => `the desk does not know what the customer wants${compared(trace, "certainty", "clarify")}`,
  no_template: ({ route }) => `there is no template for ${route.intent ? `“${title(route.intent)}”` : "the intent"}`,
  missing_fact: () => "the template needs a fact that the desk does not have",
  only_files: () => "the message is files without words, which no model reads",
  engine_away: () => "no model could read the message",
  owner_changed: () => "the conversation changed hands while the desk was thinking",
  requested: () => "the customer pressed the button for a person",
  with_person: () => "a person has the conversation",
};

/** @type {Record<string, (route: Trace["route"]) => string>} */
const DID = {
  answer: (route) => (route.template ? `Answered with “${title(route.template)}”` : "Answered"),
  clarify: (route) => (route.choices?.length ? `Asked which was meant, ${route.choices.map((name) => `“${title(name)}”`).join(" or ")},` : "Asked what was meant"),
  ask: (route) => (route.slot ? `Asked for the ${lower(route.slot)}` : "Asked back"),
  handoff: () => "Handed over",
  none: () => "Said nothing",
};

/**
 * "Looked like **Refund status** (91 %), negative (88 %). Handed over because …. Nearest: …"
 * @param {Trace} trace
 * @returns {Piece[]}
 */
export function traceWords(trace) {
  return [...looked(trace), { text: ` ${routeSentence(trace)}` }, ...nearest(trace)];
}

/** What the desk did and why. @param {Trace} trace */
export function routeSentence(trace) {
  const { route } = trace;
  const did = (DID[route.action] ?? (() => title(route.action)))(route);
  const because = BECAUSE[route.reason]?.(trace) ?? route.reason_text ?? lower(route.reason);
  return because ? `${did} because ${because}.` : `${did}.`;
}

/** @param {Trace} trace @returns {Piece[]} */
function looked({ reading }) {
  if (!reading) return [{ text: "The desk could not read this message." }];
  const [intent] = ranked(reading.intents);
  const [mood] = ranked(reading.sentiments);
  const felt = mood ? `, ${mood.label} (${share(mood.confidence)}).` : ".";
  if (!intent) return [{ text: `Looked like nothing that the desk knows${felt}` }];
  return [{ text: "Looked like " }, { text: title(intent.label), strong: true }, { text: ` (${share(intent.confidence)})${felt}` }];
}

/** The nearest template and example, with how near they are. @param {Trace} trace @returns {Piece[]} */
function nearest({ hits, reading }) {
  if (!reading) return [];
  const found = ["template", "example", "passage"]
    .map((kind) => (hits ?? []).find((hit) => hit.kind === kind))
    .filter((hit) => hit !== undefined)
    .map((hit) => `the ${hit.kind} “${hit.kind === "template" ? title(hit.id) : shortened(hit.text ?? hit.id)}” (${hit.score.toFixed(2)})`);
  return [{ text: found.length ? ` Nearest: ${found.join(", ")}.` : " Nothing near enough was found." }];
}

/** @param {string} text */
const shortened = (text) => (text.length > 60 ? `${text.slice(0, 59).trimEnd()}…` : text);

/** " (certainty 63 %, needed 70 %)", where both are known. @param {Trace} trace @param {"certainty"|"in_scope"} figure @param {string} threshold */
function compared({ reading, thresholds }, figure, threshold) {
  const has = reading?.[figure];
  const needs = thresholds?.[threshold];
  if (typeof has !== "number" || typeof needs !== "number") return "";
  return ` (${figure === "certainty" ? "certainty" : "known"} ${share(has)}, needed ${share(needs)})`;
}
