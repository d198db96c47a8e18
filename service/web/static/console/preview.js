/**
 * Content as a customer will see it: a reply with its variables filled in, those that are missing marked;
 * an article with its headings and lists. Everything stays text: nothing that was written becomes markup.
 */

import { h, linked } from "./dom.js";
import { facts } from "./facts.js";
import { title } from "./words.js";

const VARIABLE = /(\{[a-z][a-z0-9_]*\})/;

/** @typedef {{told: string, tone: "good"|"warn"|"bad"}} Remark */

/** @param {string} text a template's */
export function previewReply(text) {
  /** @type {Map<string, Remark>} */
  const remarks = new Map();
  const parts = text.split(VARIABLE).flatMap((part, at) => (at % 2 ? [variable(part.slice(1, -1), remarks)] : linked(part)));
  return h("figure", { class: "preview" },
    h("figcaption", {}, "As a customer sees it"),
    h("p", { class: "preview-bubble", dir: "auto", "data-testid": "preview" }, parts),
    remarks.size > 0 && h("ul", { class: "preview-remarks", role: "list" }, [...remarks].map(([name, { told, tone }]) =>
      h("li", { data: { tone } }, h("code", {}, `{${name}}`), ` ${told}`))));
}

/** @param {string} name @param {Map<string, Remark>} remarks */
function variable(name, remarks) {
  const { facts: known, slots } = facts();
  const slot = slots.find((one) => one.name === name);
  if (known[name]) return h("span", { class: "filled", title: `The fact ${name}` }, known[name]);
  if (slot) {
    remarks.set(name, { tone: "good", told: `is what the customer says: ${slot.title}. The desk asks for it when it is missing.` });
    return h("mark", { data: { tone: "good" } }, slot.title);
  }
  if (name in known) {
    remarks.set(name, { tone: "warn", told: "is a fact that has no value yet. Until it has, the desk hands over instead." });
    return h("mark", { data: { tone: "warn" } }, `${title(name)} is missing`);
  }
  remarks.set(name, { tone: "bad", told: "is neither a fact nor a slot of this desk. It cannot be saved." });
  return h("mark", { data: { tone: "bad" } }, `{${name}}`);
}

/** @param {string} heading @param {string} text an article's, in Markdown */
export function previewArticle(heading, text) {
  const blocks = text.trim().split(/\n\s*\n/).filter(Boolean);
  return h("figure", { class: "preview" },
    h("figcaption", {}, "As it reads"),
    h("div", { class: "preview-article", dir: "auto", "data-testid": "preview" },
      h("p", { class: "preview-title" }, heading), blocks.map(block)));
}

/** @param {string} text */
function block(text) {
  const lines = text.split("\n");
  const isList = lines.every((line) => /^\s*([-*]|\d+\.)\s/.test(line));
  if (isList) return h("ul", {}, lines.map((line) => h("li", {}, strong(line.replace(/^\s*([-*]|\d+\.)\s+/, "")))));
  const head = /^#{1,6}\s+(.*)$/.exec(lines[0]);
  if (head) return h("div", {}, h("p", { class: "preview-heading" }, head[1]), lines.length > 1 && block(lines.slice(1).join("\n")));
  return h("p", {}, strong(lines.join(" ")));
}

/** **Bold**, and links as text. @param {string} text */
function strong(text) {
  return text.split(/\*\*([^*]+)\*\*/).flatMap((part, at) => (at % 2 ? [h("strong", {}, part)] : linked(part)));
}
