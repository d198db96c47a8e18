/**
 * What there is to edit, and how: the fields of every kind of content, in the desk's words.
 */

import { facts } from "./facts.js";
import { previewArticle, previewReply } from "./preview.js";
import { session } from "./session.js";
import { OUT_OF_SCOPE, SENTIMENTS, title } from "./words.js";

/** @import {Kind} from "./edit_form.js" */

/** @returns {[string, string][]} */
const intents = () => session.intents.map(({ name }) => /** @type {[string, string]} */ ([name, title(name)]))
  .sort((a, b) => (a[1] < b[1] ? -1 : 1));
/** @returns {[string, string][]} */
const labels = () => [...intents(), [OUT_OF_SCOPE, "Out of scope"]];
/** @param {string} none @returns {() => [string, string][]} */
const moods = (none) => () => [["", none], ...SENTIMENTS.map((mood) => /** @type {[string, string]} */ ([mood, title(mood)]))];

const NAME_HELP = "Small letters, digits and underscores. It stays: reports and the history know it by this name.";

/** @type {Kind} */
export const INTENT = {
  kind: "intent", noun: "intent", path: "/intents", one: "intent", key: "name",
  fields: [
    { name: "name", label: "Name", as: "line", fixed: true, help: NAME_HELP },
    { name: "group", label: "Group", as: "line", help: "Intents of a group stand together, such as orders or returns." },
    { name: "title", label: "In a customer's words", as: "line", help: "The button when the desk asks “did you mean …?”" },
    { name: "description", label: "What it is about", as: "text", rows: 2 },
    { name: "action", label: "Who answers", as: "choice", choices: () => [["answer", "The desk"], ["handoff", "A person"]] },
    { name: "priority", label: "Priority of its tickets", as: "choice", choices: () => ["low", "normal", "high", "urgent"].map((name) => [name, title(name)]) },
    { name: "slots", label: "Asked for before the reply", as: "checks", choices: () => facts().slots.map(({ name, title: says }) => [name, says]) },
  ],
};

/** @type {Kind} */
export const TEMPLATE = {
  kind: "template", noun: "answer", path: "/templates", one: "template", key: "name",
  fields: [
    { name: "name", label: "Name", as: "line", fixed: true, help: NAME_HELP },
    { name: "text", label: "Text", as: "text", help: "{name} prints a fact or what the customer was asked for." },
    { name: "intent", label: "Answers", as: "choice", choices: intents },
    { name: "sentiment", label: "For customers whose mood is", as: "choice", choices: moods("any") },
  ],
  preview: ({ text }) => (text?.trim() ? previewReply(text) : null),
};

const SPAN = /\[([^[\]]+)\]\(([a-z][a-z0-9_]*)\)/g;

/** "does the [Skye jacket](product) run small"; spans count characters, not code units. @param {Record<string, any>} example @returns {string} */
export function annotate({ text, entities }) {
  const letters = [...text];
  for (const { start, end, label } of [...(entities ?? [])].sort((a, b) => b.start - a.start)) {
    letters.splice(start, end - start, `[${letters.slice(start, end).join("")}](${label})`);
  }
  return letters.join("");
}

/** The inverse. @param {string} written */
export function annotated(written) {
  /** @type {{start: number, end: number, label: string}[]} */
  const entities = [];
  let [text, last] = ["", 0];
  for (const match of written.matchAll(SPAN)) {
    text += written.slice(last, match.index);
    entities.push({ start: [...text].length, end: [...text].length + [...match[1]].length, label: match[2] });
    text += match[1];
    last = match.index + match[0].length;
  }
  return { text: text + written.slice(last), entities: entities.length ? entities : null };
}

/** @type {Kind} */
export const EXAMPLE = {
  kind: "example", noun: "example", path: "/examples", one: "example", key: "id",
  fields: [
    { name: "text", label: "What a customer writes", as: "text", rows: 2, help: "[Skye jacket](product) marks a fact in it." },
    { name: "intent", label: "Intent", as: "choice", choices: () => [["", "None: it teaches sentiment only"], ...labels()] },
    { name: "sentiment", label: "Sentiment", as: "choice", choices: moods("Not said") },
  ],
  values: (item) => ({ ...item, text: annotate(item) }),
  body: ({ text, intent, sentiment }, item) => {
    // Brackets that were meant literally stay so until somebody edits the text.
    const isLiteral = item && !item.entities?.length && text === item.text;
    return { ...(isLiteral ? { text, entities: item.entities ?? null } : annotated(text)), intent, sentiment, split: item?.split ?? null };
  },
};

/** @type {Kind} */
export const ARTICLE = {
  kind: "article", noun: "article", path: "/articles", one: "article", key: "id",
  fields: [
    { name: "id", label: "Id", as: "line", fixed: true, help: "Small letters, digits and hyphens. It stays." },
    { name: "title", label: "Title", as: "line" },
    { name: "text", label: "Text, in Markdown", as: "text", rows: 14 },
    { name: "intents", label: "Helps with", as: "checks", choices: intents },
  ],
  preview: ({ title: heading, text }) => (text?.trim() ? previewArticle(heading ?? "", text) : null),
};

export const ACTIONS = /** @type {const} */ ([["answer", "Answers"], ["clarify", "Asks what is meant"], ["ask", "Asks for a fact"], ["handoff", "Hands over"]]);

/** @type {Kind} */
export const GOLDEN = {
  kind: "golden_case", noun: "golden case", path: "/golden", one: "golden_case", key: "id",
  fields: [
    { name: "text", label: "When a customer writes", as: "text", rows: 2 },
    { name: "intent", label: "It is about", as: "choice", choices: labels },
    { name: "action", label: "And the desk", as: "choice", choices: () => ACTIONS.map(([name, words]) => [name, words]) },
  ],
};

/** @type {Kind} */
export const FACTS = {
  kind: "facts", noun: "facts", path: "/facts", one: "", key: null,
  fields: [{
    name: "facts", label: "Facts", as: "facts", used: () => facts().used,
    help: "What answers print in braces, such as {return_days}. An answer whose fact has no value is not sent: the desk hands over.",
  }],
};
