/**
 * The history of content: who changed what and when, as differences by words; any version comes back with
 * one click, also of what was deleted. Bringing back is a change itself, so that it can be undone, too.
 */

import { explain, get, post } from "./api.js";
import { diffOf } from "./diff.js";
import { fill, h, icon } from "./dom.js";
import { closeOutside } from "./keys.js";
import { timeOf } from "./time.js";
import { toast } from "./toast.js";
import { title } from "./words.js";

/**
 * @typedef {{id: number, kind: string, name: string, at: string, before: Record<string, any>|null,
 *   after: Record<string, any>|null, operator: {id: string, name: string}|null}} Change
 */

const PAGE = 50;

/** @type {Record<string, string>} */
export const KINDS = { intent: "Intent", template: "Answer", example: "Example", article: "Article", golden_case: "Golden case", facts: "Facts" };

/** What the item was before its last change, as after a deletion. @param {string} kind @param {string} name */
export async function undoLast(kind, name) {
  try {
    /** @type {{changes: Change[]}} */
    const { changes: [last] } = await get(`/content/history?kind=${kind}&name=${encodeURIComponent(name)}&limit=1`);
    await post(`/content/history/${last.id}/restore`, { side: "before" });
    toast("It is back.");
  } catch (error) {
    toast(`Not undone. ${explain(error)}`, { tone: "bad", label: "Try again", act: () => void undoLast(kind, name) });
  }
}

/**
 * A list of changes that grows by pages; of one item, or of all.
 * @param {{kind?: string, name?: string}} [of]
 */
export function historyList({ kind = "", name = "" } = {}) {
  const list = h("ol", { class: "changes", role: "list", "aria-busy": "true", "data-testid": "changes" });
  const foot = h("div", { class: "changes-foot" }, h("p", { class: "soft" }, "One moment …"));
  /** @type {Change|undefined} */
  let last;
  const more = async () => {
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (kind) query.set("kind", kind);
    if (name) query.set("name", name);
    if (last) query.set("before", String(last.id));
    try {
      /** @type {{changes: Change[], more: boolean}} */
      const found = await get(`/content/history?${query}`);
      const isFirst = !last;
      list.setAttribute("aria-busy", "false");
      last = found.changes.at(-1) ?? last;
      list.append(...found.changes.map((change, at) => rowOf(change, { named: !name, newest: Boolean(name) && isFirst && at === 0, renew })));
      fill(foot, !list.children.length && h("p", { class: "soft", "data-testid": "no-changes" }, name
        ? "Nobody has changed this since the desk began to keep its history." : "Nobody has changed anything yet."),
        found.more && h("button", { class: "button", type: "button", "data-testid": "changes-more", onclick: () => void more() }, "Older ones"));
    } catch (error) {
      fill(foot, h("p", { class: "error", role: "alert" }, explain(error)),
        h("button", { class: "button", type: "button", onclick: () => void more() }, "Try again"));
    }
  };
  const renew = () => {
    last = undefined;
    fill(list);
    return more();
  };
  void more();
  return { element: h("div", { class: "history" }, list, foot), renew };
}

/** @param {Change} change @param {{named: boolean, newest: boolean, renew: () => Promise<void>}} options */
function rowOf(change, { named, newest, renew }) {
  const { kind, name, before, after, operator, at } = change;
  const did = before === null ? "added" : after === null ? "deleted" : "changed";
  const restore = async (/** @type {"before"|"after"} */ side) => {
    try {
      await post(`/content/history/${change.id}/restore`, { side });
      toast("It is as it was. The desk answers with it from now on.");
      await renew();
    } catch (error) {
      toast(`Not brought back. ${explain(error)}`, { tone: "bad" });
    }
  };
  const button = (/** @type {"before"|"after"} */ side, /** @type {string} */ words) => h("button", {
    class: "button", type: "button", "data-testid": `restore-${side}`, onclick: () => void restore(side),
  }, icon("undo"), words);
  return h("li", { class: "change-row", "data-testid": "change" },
    h("p", { class: "change-head" },
      h("strong", {}, operator?.name ?? "An import"), ` ${did} ${named ? "" : "this "}`,
      named && [h("span", { class: "tag" }, KINDS[kind] ?? title(kind)), " ", h("bdi", {}, nameOf(change))], " ", timeOf(at)),
    diffOf(before, after),
    h("div", { class: "change-acts" },
      before !== null && button("before", after === null ? "Bring it back" : "Back to before"),
      after !== null && !newest && button("after", "Back to this")));
}

/** @param {Change} change */
function nameOf({ kind, name, before, after }) {
  if (kind === "facts") return "";
  if (kind === "example" || kind === "golden_case") return `“${String((after ?? before)?.text ?? "").slice(0, 60)}”`;
  return title(name);
}

/** One item's history in a dialog. @param {string} kind @param {string} name @param {string} noun */
export function openHistory(kind, name, noun) {
  const dialog = h("dialog", {
    class: "history-sheet", "aria-labelledby": "history-title", "data-testid": "history-sheet", onclick: closeOutside, onclose: () => dialog.remove(),
  },
    h("header", {}, h("h2", { id: "history-title" }, `History of this ${noun}`),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))),
    historyList({ kind, name }).element);
  document.body.append(dialog);
  dialog.showModal();
}
