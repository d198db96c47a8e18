/**
 * `<desk-content>`: what people write for the desk, in sections: intents with their answers, examples,
 * articles, golden cases, facts; what changed; and a box to try it all.
 */

import "./content_facts.js";
import "./content_intents.js";
import "./content_lists.js";
import "./content_try.js";
import { h } from "./dom.js";
import { historyList } from "./edit_history.js";
import { loadFacts } from "./facts.js";
import { address } from "./router.js";
import { changes } from "./session.js";

/** @import {Place, Section} from "./router.js" */

/** @type {[Section|"intents", string, string][]} */
const TABS = [
  ["intents", "Intents and answers", "content-intents"], ["examples", "Examples", "content-examples"],
  ["articles", "Articles", "content-articles"], ["golden", "Golden cases", "content-golden"],
  ["facts", "Facts", "content-facts"], ["history", "Changes", "content-changes"], ["try", "Test box", "content-try"],
];

export class DeskContent extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    this.tabs = h("nav", { class: "content-tabs", "aria-label": "Sections of content" }, TABS.map(([section, words]) => h("a", {
      href: address({ page: "content", id: null, section: section === "intents" ? undefined : section }), data: { section }, "data-testid": `tab-${section}`,
    }, words)));
    this.body = h("div", { class: "content-body" });
    this.append(this.tabs, this.body);
    changes.addEventListener("content", () => void this.contentChanged());
  }

  /** @param {Place} to */
  open({ section = /** @type {any} */ ("intents"), id }) {
    if (!this.body || !this.tabs) return;
    for (const tab of this.tabs.querySelectorAll("a")) {
      if (tab.dataset.section !== section) tab.removeAttribute("aria-current");
      else {
        tab.setAttribute("aria-current", "page");
        tab.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    }
    const name = TABS.find(([known]) => known === section)?.[2] ?? "content-intents";
    let shown = /** @type {any} */ (this.body.querySelector(name));
    if (!shown) this.body.append(shown = h(/** @type {any} */ (name), {}));
    for (const other of this.body.children) /** @type {HTMLElement} */ (other).hidden = other !== shown;
    this.toggleAttribute("opened", Boolean(id));
    this.wanted = `${section}/${id}`;
    const { wanted } = this;
    // Previews fill in facts, so these come first; without them the previews say what is missing.
    this.facts ??= loadFacts().then(() => {}, () => { this.facts = undefined; });
    void this.facts.then(() => { if (this.wanted === wanted) shown.open(id); });
  }

  /** @returns {any} the section that is shown */
  current() {
    return [...(this.body?.children ?? [])].find((section) => !(/** @type {HTMLElement} */ (section).hidden));
  }

  /** Where "/" leads. @returns {HTMLInputElement|undefined} */
  get search() {
    return this.current()?.search;
  }

  /** The next row or the one before. @param {number} step */
  move(step) {
    const rows = /** @type {HTMLElement[]} */ ([...(this.current()?.querySelectorAll(".intents a, .row-button") ?? [])]);
    const at = rows.findIndex((row) => row === document.activeElement);
    const here = at < 0 ? rows.findIndex((row) => row.getAttribute("aria-current") === "page") : at;
    rows[Math.max(0, Math.min(rows.length - 1, here + step))]?.focus();
  }

  async contentChanged() {
    if (!this.facts) return;
    await loadFacts().catch(() => {});
    for (const section of this.body?.children ?? []) /** @type {any} */ (section).contentChanged?.();
  }
}

/** Everything that changed, the newest first. */
class ContentChanges extends HTMLElement {
  /** @param {string|null} _id */
  open(_id) {
    const history = historyList();
    this.renew = history.renew;
    this.replaceChildren(h("div", { class: "section-page" }, h("h2", {}, "What changed"),
      h("p", { class: "soft" }, "Every change of content, by whom, and how to take it back."), history.element));
  }

  contentChanged() {
    if (!this.hidden && !this.contains(document.activeElement)) void this.renew?.();
  }
}

customElements.define("content-changes", ContentChanges);
customElements.define("desk-content", DeskContent);
