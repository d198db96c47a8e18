/**
 * `<content-examples>`, `<content-articles>`, `<content-golden>`: lists with a search, where a row unfolds
 * into its editor.
 */

import { explain, get } from "./api.js";
import { ARTICLE, EXAMPLE, GOLDEN } from "./content_kinds.js";
import { exampleRow, goldenRow, tellDoubts } from "./content_rows.js";
import { fill, h, icon } from "./dom.js";
import { readEdit } from "./edit_drafts.js";
import { EditForm } from "./edit_form.js";
import { address, go, place } from "./router.js";
import { loadContent, session } from "./session.js";
import { toast } from "./toast.js";
import { OUT_OF_SCOPE, count, plural, title } from "./words.js";

/** @import {Kind} from "./edit_form.js" */
/** @import {GoldenCase} from "./content_rows.js" */

const PAGE = 100;
const TYPING_MS = 200;

/** A page with a heading, a search, a way to add, and rows. */
class ContentList extends HTMLElement {
  /** @param {{kind: Kind, heading: string, says: string, initial: Record<string, any>}} of */
  constructor({ kind, heading, says, initial }) {
    super();
    this.kind = kind;
    this.heading = heading;
    this.says = says;
    this.initial = initial;
    this.turn = 0;
  }

  connectedCallback() {
    if (this.firstChild) return;
    const words = `Search ${this.heading.toLowerCase()}`;
    this.search = h("input", { type: "search", placeholder: words, "aria-label": words, "data-testid": "list-search", oninput: () => this.typed() });
    this.filters = h("div", { class: "list-filters" });
    this.total = h("p", { class: "soft", role: "status", "data-testid": "list-total" });
    this.place = h("div", { class: "add-place" });
    this.rows = h("ul", { class: "item-rows", role: "list", "aria-busy": "true", "data-testid": "list-rows" });
    this.foot = h("div", { class: "list-foot" });
    this.append(h("div", { class: "section-page" },
      h("h2", {}, this.heading), h("p", { class: "soft" }, this.says), this.place,
      h("div", { class: "list-tools" }, h("div", { class: "search" }, icon("search"), this.search), this.filters), this.total, this.rows, this.foot));
    this.offerNew();
  }

  /** @param {string|null} _id */
  open(_id) {
    void this.refresh({ gently: true });
  }

  typed() {
    clearTimeout(this.timer);
    const before = this.edited();
    this.timer = setTimeout(() => void this.refresh({ before }), TYPING_MS);
  }

  /** The row that is being edited. */
  edited() {
    return this.rows?.querySelector("form") ?? null;
  }

  offerNew() {
    const { place, kind } = this;
    if (!place) return;
    const close = () => fill(place, h("button", { class: "button", type: "button", "data-testid": "list-new", onclick: () => open(true) }, icon("plus"), `Add ${kind.noun === "example" || kind.noun === "article" ? "an" : "a"} ${kind.noun}`));
    const open = (/** @type {boolean} */ byHand) => {
      const form = new EditForm(kind, null, {
        scope: "list", initial: this.initial, left: close,
        saved: (_item, { doubts }) => { close(); tellDoubts(doubts, "Added."); void this.refresh(); void loadContent(); },
      });
      fill(place, h("div", { class: "card" }, form.element));
      if (byHand) form.focus();
    };
    if (readEdit(kind.kind, "+list")) open(false);
    else close();
  }

  contentChanged() {
    if (!this.hidden) void this.refresh({ gently: true });
  }

  /** @returns {Promise<{rows: HTMLElement[], total: number}>} */
  async fetchRows() {
    return { rows: [], total: 0 };
  }

  /**
   * @param {{gently?: boolean, before?: Element|null}} [options] gently: not while a row is being edited; else
   * not while one is that was not yet when it was asked for, or ``before``
   */
  async refresh({ gently = false, before = this.edited() } = {}) {
    const turn = ++this.turn;
    try {
      const { rows, total } = await this.fetchRows();
      if (turn !== this.turn || !this.rows || !this.foot || !this.total) return;
      if (this.edited() && (gently || this.edited() !== before)) return;
      const focused = /** @type {HTMLElement|null} */ (document.activeElement?.closest("li[data-id]"))?.dataset.id;
      fill(this.rows, rows);
      this.rows.setAttribute("aria-busy", "false");
      if (focused) /** @type {HTMLElement|null} */ (this.rows.querySelector(`li[data-id="${CSS.escape(focused)}"] button`))?.focus();
      this.total.textContent = total ? plural(total, this.kind.noun).replace(/\d+/, (digits) => count(Number(digits))) : "";
      fill(this.foot, !total && h("p", { class: "soft" }, this.search?.value ? "None has these words." : "None yet."), this.more(rows.length, total));
    } catch (error) {
      if (turn === this.turn && this.foot) fill(this.foot, h("p", { class: "error", role: "alert" }, explain(error)),
        h("button", { class: "button", type: "button", onclick: () => void this.refresh() }, "Try again"));
    }
  }

  /** @param {number} _shown @param {number} _total @returns {HTMLElement|null} */
  more(_shown, _total) {
    return null;
  }
}

class ContentExamples extends ContentList {
  constructor() {
    super({ kind: EXAMPLE, heading: "Examples", says: "What customers write, and what they mean by it. Training learns from them.", initial: { text: "", intent: "", sentiment: null } });
    this.most = PAGE;
  }

  connectedCallback() {
    super.connectedCallback();
    this.intent = h("select", { "aria-label": "Intent", "data-testid": "list-intent", onchange: () => { this.most = PAGE; void this.refresh(); } });
    if (this.filters && !this.filters.firstChild) this.filters.append(this.intent);
  }

  typed() {
    this.most = PAGE;
    super.typed();
  }

  async fetchRows() {
    this.fillIntents();
    const query = new URLSearchParams({ limit: String(this.most) });
    if (this.search?.value.trim()) query.set("q", this.search.value.trim());
    if (this.intent?.value) query.set("intent", this.intent.value);
    const { examples, total } = await get(`/examples?${query}`);
    return { rows: examples.map((/** @type {any} */ example) => exampleRow(example, { saved: () => void this.refresh({ gently: true }) })), total };
  }

  fillIntents() {
    const { intent } = this;
    if (!intent || intent.length === session.intents.length + 2) return;
    const chosen = intent.value;
    fill(intent, h("option", { value: "" }, "Every intent"), [...session.intents.map(({ name }) => name), OUT_OF_SCOPE].map((name) => h("option", { value: name }, title(name))));
    intent.value = chosen;
  }

  /** @param {number} shown @param {number} total */
  more(shown, total) {
    if (shown >= total || this.most >= 1000) return shown < total ? h("p", { class: "soft" }, "Search to see the others.") : null;
    return h("button", { class: "button", type: "button", "data-testid": "list-more", onclick: () => { this.most = Math.min(1000, this.most + 300); void this.refresh(); } }, "Older ones");
  }
}

class ContentGolden extends ContentList {
  constructor() {
    super({ kind: GOLDEN, heading: "Golden cases", says: "Messages that must never break: a release that answers one of them worse than the champion is not promoted.", initial: { text: "", intent: "", action: "answer" } });
  }

  async fetchRows() {
    /** @type {{golden: GoldenCase[]}} */
    const { golden } = await get("/golden");
    const words = (this.search?.value ?? "").toLowerCase().trim();
    const found = golden.filter(({ text, intent }) => !words || `${text} ${title(intent)}`.toLowerCase().includes(words));
    return { rows: found.map((one) => goldenRow(one, () => void this.refresh({ gently: true }))), total: found.length };
  }
}

class ContentArticles extends ContentList {
  constructor() {
    super({ kind: ARTICLE, heading: "Articles", says: "Longer help. Whoever answers a ticket sees the passages that the desk finds in it.", initial: { id: "", title: "", text: "", intents: [] } });
    /** @type {string|null} */
    this.opened = null;
  }

  /** @param {string|null} id */
  open(id) {
    this.opened = id;
    void this.refresh();
  }

  async fetchRows() {
    const { articles } = await get("/articles");
    const words = (this.search?.value ?? "").toLowerCase().trim();
    const found = articles.filter((/** @type {any} */ { title: heading, text }) => !words || `${heading} ${text}`.toLowerCase().includes(words));
    return { rows: found.map((/** @type {any} */ article) => this.row(article)), total: found.length };
  }

  /** @param {any} article */
  row(article) {
    const { id, title: heading, text, intents } = article;
    const isOpen = this.opened === id || Boolean(readEdit("article", id));
    const close = () => {
      this.opened = null;
      // The desk's answer may come when somebody looks at something else by now.
      if (place().id === id) go({ page: "content", section: "articles", id: null });
      void this.refresh();
    };
    if (!isOpen) {
      return h("li", { "data-testid": "article", data: { id } }, h("button", {
        class: "row-button", type: "button", "data-testid": "article-open", onclick: () => location.assign(address({ page: "content", section: "articles", id })),
      }, h("span", { class: "item-text" }, h("bdi", {}, heading)), h("span", { class: "soft" }, plural(text.split(/\s+/).filter(Boolean).length, "word")),
      intents.length > 0 && h("span", { class: "tag" }, plural(intents.length, "intent"))));
    }
    const form = new EditForm(ARTICLE, article, { saved: () => { toast("Saved."); close(); }, left: close,
      extra: h("button", { class: "quiet", type: "button", onclick: close }, icon("chevron"), "Fold") });
    return h("li", { "data-testid": "article", data: { id } }, form.element);
  }
}

customElements.define("content-examples", ContentExamples);
customElements.define("content-golden", ContentGolden);
customElements.define("content-articles", ContentArticles);
