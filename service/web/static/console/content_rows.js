/**
 * Rows of content that unfold into their editor: examples and golden cases, wherever they are listed.
 */

import { ACTIONS, EXAMPLE, GOLDEN, annotate } from "./content_kinds.js";
import { fill, h, icon } from "./dom.js";
import { readEdit } from "./edit_drafts.js";
import { EditForm } from "./edit_form.js";
import { toast } from "./toast.js";
import { title } from "./words.js";

/** @import {Example} from "./types.js" */
/** @typedef {{id: string, text: string, intent: string, action: string, version: string}} GoldenCase */

/** What the lint says of an example that was just saved. @param {{kind: string, told: string}[]|undefined} doubts @param {string} done */
export function tellDoubts(doubts, done) {
  if (doubts?.length) toast(`${done} But: ${doubts.map(({ told }) => told).join(" ")}`, { tone: "bad", ms: 15_000 });
  else toast(done);
}

/**
 * @param {Example} example
 * @param {{intent?: boolean, saved: () => void}} options whether to say its intent
 */
export function exampleRow(example, { intent = true, saved }) {
  const { source, contested, sentiment } = example;
  return unfolding(EXAMPLE, example, "example", saved, (/** @type {Example} */ now) => exampleRow(now, { intent, saved }),
    h("span", { class: "item-text", dir: "auto" }, annotate(example)),
    intent && h("span", { class: "tag" }, title(example.intent) || "no intent"),
    sentiment && h("span", { class: "tag" }, sentiment),
    source === "correction" && h("span", { class: "tag" }, "from a message"),
    contested?.length ? h("span", { class: "tag", data: { priority: "high" } }, "not agreed on") : null);
}

/** @param {GoldenCase} golden @param {() => void} saved */
export function goldenRow(golden, saved) {
  const action = ACTIONS.find(([name]) => name === golden.action)?.[1] ?? title(golden.action);
  return unfolding(GOLDEN, golden, "golden", saved, (/** @type {GoldenCase} */ now) => goldenRow(now, saved),
    h("span", { class: "item-text", dir: "auto" }, golden.text),
    h("span", { class: "tag" }, title(golden.intent)), h("span", { class: "tag" }, action.toLowerCase()));
}

/**
 * @param {import("./edit_form.js").Kind} kind
 * @param {any} item
 * @param {string} name
 * @param {() => void} saved
 * @param {(item: any) => HTMLElement} again the row of what was saved
 * @param {...(Node|string|null|false|undefined)} shown
 */
function unfolding(kind, item, name, saved, again, ...shown) {
  const row = h("li", { "data-testid": name, data: { id: item.id } });
  const button = h("button", { class: "row-button", type: "button", title: "Edit", "data-testid": `${name}-open`, onclick: () => open(true) }, ...shown);
  const fold = () => {
    fill(row, button);
    button.focus();
  };
  const open = (/** @type {boolean} */ byHand) => {
    const form = new EditForm(kind, item, {
      saved: (now, { doubts }) => {
        const fresh = again({ ...item, ...now });
        row.replaceWith(fresh);
        fresh.querySelector("button")?.focus();
        tellDoubts(doubts, "Saved.");
        saved();
      },
      left: () => { row.remove(); saved(); },
      extra: h("button", { class: "quiet", type: "button", onclick: fold }, icon("chevron"), "Fold"),
    });
    fill(row, form.element);
    if (byHand) form.focus();
  };
  if (readEdit(kind.kind, item.id)) open(false);
  else fill(row, button);
  return row;
}
