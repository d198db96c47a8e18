/**
 * The desk's words: how names, scores and states are said to people. Pure functions.
 */

/** @import {Ticket, Score} from "./types.js" */

export const OUT_OF_SCOPE = "out_of_scope";

export const SENTIMENTS = /** @type {const} */ (["negative", "neutral", "positive"]);

/** "refund_status" -> "Refund status" @param {string|null|undefined} name */
export function title(name) {
  if (!name) return "";
  const words = name.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {number|null|undefined} score */
export function score(score) {
  return typeof score === "number" ? score.toFixed(2) : "–";
}

/** @param {Ticket} ticket */
export function customerName(ticket) {
  const { name, email, identifier } = ticket.customer ?? {};
  return name || email || identifier || `Visitor ${ticket.conversation_id.slice(-4)}`;
}

/** @param {string} name */
export function initials(name) {
  const words = name.replace(/@.*|[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, "").split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...word][0]?.toUpperCase() ?? "").join("");
}

/** The ticket's reason, as a sentence without its full stop. @param {Ticket} ticket */
export function reason(ticket) {
  const words = (ticket.reason_text || title(ticket.reason)).trim().replace(/\.$/, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @type {Record<string, string>} */
export const STATUS = { open: "Open", claimed: "Claimed", returned: "With the bot", resolved: "Resolved" };

/** How a customer wants to be reached, who has left an address. @param {"email"|"phone"} kind */
export function reachWords(kind) {
  return `Wants to be reached by ${kind === "email" ? "e-mail" : "phone"}`;
}

/**
 * Scores that come as a list or as an object, most likely first.
 * @param {Score[]|Record<string, number>|undefined} scores
 * @returns {Score[]}
 */
export function ranked(scores) {
  const list = Array.isArray(scores)
    ? [...scores]
    : Object.entries(scores ?? {}).map(([label, confidence]) => ({ label, confidence }));
  return list.sort((a, b) => b.confidence - a.confidence);
}

/** @param {number} count @param {string} one @param {string} [many] */
export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/** "12,345" @param {number} number */
export const count = (number) => number.toLocaleString("en-GB");

/** "96.1 %" @param {number|null|undefined} share between 0 and 1 */
export function percent(share) {
  return typeof share === "number" ? `${(100 * share).toFixed(1)} %` : "–";
}

/** "97 MB" @param {number} bytes */
export function size(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`;
}
