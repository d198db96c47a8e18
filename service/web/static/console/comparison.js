/**
 * What changes from one release to another: the replies that customers would see differ, in groups, those
 * that matter most first. Shows the report of `frontdesk releases diff`.
 */

import { h, icon } from "./dom.js";
import { absolute, timeOf } from "./time.js";
import { count, percent, plural, score, title } from "./words.js";

/** @import {Comparison, Said, Side} from "./types.js" */

/** In the report's order. @type {Record<string, [string, "bad"|"good"|"plain"]>} */
const KINDS = {
  other_intent: ["Answered as something else", "bad"],
  answer_lost: ["No longer answered", "bad"],
  answer_gained: ["Answered now", "good"],
  other_action: ["Asks back or hands over instead", "plain"],
  other_template: ["The same intent with another answer", "plain"],
  other_words: ["The same in other words, or with other choices", "plain"],
};

/** @type {Record<string, string>} */
const ACTIONS = { answer: "answers", clarify: "asks which was meant", ask: "asks for", handoff: "hands over", none: "says nothing" };

/** @param {Comparison} report */
export function comparisonOf(report) {
  const { before, after, groups } = report;
  const kinds = [...new Set(groups.map(({ kind }) => kind))];
  return h("div", { class: "comparison", "data-testid": "comparison" },
    h("p", { class: "comparison-words" }, changed(report)),
    h("dl", { class: "figures" },
      shares("Answered", before.answered_share, after.answered_share),
      shares("Handed over", before.handoff_share, after.handoff_share)),
    kinds.map((kind) => {
      const [words, tone] = KINDS[kind] ?? [title(kind), "plain"];
      const those = groups.filter((group) => group.kind === kind);
      const total = those.reduce((sum, group) => sum + group.count, 0);
      return h("section", { "data-testid": `kind-${kind}` },
        h("h4", { data: { tone } }, words, h("span", { class: "count" }, count(total))),
        those.map((group) => groupOf(group, those.length === 1)));
    }),
    h("p", { class: "soft" }, `Compared `, timeOf(report.at), `, with conversations since ${absolute(report.since)}. Customers might have gone on otherwise: what they wrote next is what they really wrote.`));
}

/** @param {Comparison} report */
function changed({ messages, changed: number, changed_share: share, with_person: withPerson }) {
  if (!messages) return "Nobody wrote to the desk in these days, so there is nothing to compare.";
  const others = withPerson ? ` ${count(withPerson)} more went to a person anyway.` : "";
  if (!number) return `No reply to ${plural(messages, "real message")} changes.${others}`;
  return `${count(number)} of ${count(messages)} replies to real messages ${number === 1 ? "changes" : "change"} (${percent(share)}).${others}`;
}

/** @param {string} label @param {number} before @param {number} after */
function shares(label, before, after) {
  return h("div", {}, h("dt", {}, label), h("dd", {}, percent(before), h("span", { class: "soft" }, " → "), percent(after)));
}

/** @param {Comparison["groups"][number]} group @param {boolean} open */
function groupOf(group, open) {
  const rest = group.count - group.examples.length;
  return h("details", { class: "change", open, "data-testid": "change" },
    h("summary", {}, icon("chevron"),
      h("span", { class: "change-sides" }, side(group.from), h("span", { class: "soft" }, " → "), side(group.to)),
      h("span", { class: "count" }, count(group.count))),
    h("ul", { role: "list" }, group.examples.map((example) => h("li", {},
      h("blockquote", { dir: "auto" }, example.text),
      h("div", { class: "change-replies" }, reply("Before", example.before), reply("After", example.after))))),
    rest > 0 && h("p", { class: "soft" }, `and ${count(rest)} more like these.`));
}

/** @param {Side} side */
function side({ action, intent, template }) {
  const answer = template && template !== intent ? ` (${title(template)})` : "";
  return h("span", {}, title(ACTIONS[action] ?? action), intent ? [": ", h("strong", {}, title(intent)), answer] : null);
}

/** @param {string} label @param {Said} said */
function reply(label, said) {
  return h("div", {}, h("h5", {}, label),
    h("p", { dir: "auto" }, said.reply || h("span", { class: "soft" }, "No words.")),
    said.suggestions.length > 0 && h("ul", { class: "change-choices", role: "list" }, said.suggestions.map((text) => h("li", {}, text))),
    h("p", { class: "soft" }, [title(said.reason), said.confidence !== null && `${title(said.read)} ${score(said.confidence)}`].filter(Boolean).join(" · ")));
}
