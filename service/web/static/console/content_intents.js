/**
 * `<content-intents>`: the desk's intents, each with its answers (templates) and examples; what is saved
 * here holds for the next message.
 */

import { explain, get } from "./api.js";
import { EXAMPLE, INTENT, TEMPLATE } from "./content_kinds.js";
import { exampleRow, tellDoubts } from "./content_rows.js";
import { fill, h, icon } from "./dom.js";
import { readEdit } from "./edit_drafts.js";
import { EditForm } from "./edit_form.js";
import { address, go, place } from "./router.js";
import { loadContent, session } from "./session.js";
import { toast } from "./toast.js";
import { count, plural, title } from "./words.js";

/** @import {Example, Intent, Template} from "./types.js" */

const NEW = "+new";
const PAGE = 100;

export class ContentIntents extends HTMLElement {
  constructor() {
    super();
    this.name = "";
    this.drawn = "";
    this.shown = PAGE;
    /** @type {EditForm[]} */
    this.forms = [];
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.search = h("input", {
      type: "search", placeholder: "Search", "aria-label": "Search intents and answers",
      "data-testid": "content-search", oninput: () => this.renderList(),
    });
    this.list = h("nav", { class: "intents", "aria-label": "Intents" });
    this.page = h("div", { class: "intent-page", "data-testid": "intent-page" });
    this.append(
      h("div", { class: "content-list" },
        h("div", { class: "list-head" }, h("div", { class: "search" }, icon("search"), this.search),
          h("a", { class: "button", href: address({ page: "content", id: NEW }), "data-testid": "intent-new" }, icon("plus"), "Intent")), this.list),
      this.page);
  }

  /** @param {string|null} name */
  open(name) {
    const changed = this.name !== (name ?? "");
    this.name = name ?? "";
    this.shown = PAGE;
    this.toggleAttribute("opened", Boolean(name));
    this.renderList();
    if (changed || !this.page?.firstChild) this.renderPage();
  }

  /** Somebody saved content: renew what is not being edited. */
  contentChanged() {
    this.renderList();
    const active = /** @type {HTMLElement|null} */ (document.activeElement);
    const focused = /** @type {HTMLElement|undefined} */ (active?.closest("form.edit") ?? undefined);
    const isTyped = this.forms.some((form) => form.isChanged || (form.element === focused && active?.matches("input, textarea, select")));
    if (this.signature() !== this.drawn && !isTyped) {
      this.renderPage();
      const again = this.forms.find(({ element }) => focused && element.dataset.name === focused.dataset.name && element.dataset.kind === focused.dataset.kind);
      /** @type {HTMLElement|null|undefined} */ (again?.element.querySelector(`[data-testid="${active?.dataset.testid}"]`))?.focus();
    } else if (this.examples && !this.examples.contains(document.activeElement)) void this.loadExamples();
  }

  renderList() {
    if (!this.list) return;
    const words = (this.search?.value ?? "").toLowerCase().trim();
    const found = session.intents.filter((intent) => !words || textOf(intent).includes(words));
    const groups = Map.groupBy(found, ({ group }) => group);
    fill(this.list, [...groups].map(([group, intents]) => h("section", {},
      h("h3", {}, title(group)),
      h("ul", { role: "list" }, intents.map(({ name, title: says, examples }) => h("li", {},
        h("a", { href: address({ page: "content", id: name }), "aria-current": name === this.name ? "page" : null, "data-testid": "intent" },
          h("span", { class: "intent-name" }, title(name)), h("span", { class: "intent-title" }, says),
          examples !== undefined && h("span", { class: "count", title: plural(examples, "example") }, String(examples)))))))),
    !found.length && h("p", { class: "empty" }, session.intents.length ? "No intent has these words." : "This desk has no intents yet."));
  }

  /** What the page shows of the content, to see whether it changed. */
  signature() {
    return JSON.stringify([
      session.intents.filter(({ name }) => name === this.name).map((intent) => ({ ...intent, examples: 0 })),
      answersTo(this.name).map(({ name, version }) => [name, version]),
    ]);
  }

  renderPage() {
    if (!this.page) return;
    this.drawn = this.signature();
    this.forms = [];
    this.examples = undefined;
    if (this.name === NEW) return this.renderNew();
    const intent = session.intents.find(({ name }) => name === this.name);
    if (!intent) {
      return fill(this.page, h("div", { class: "empty" }, icon("book"), h("h3", {}, this.name ? "There is no such intent." : "Choose an intent"),
        h("p", {}, "Its answers and examples appear here.")));
    }
    const edit = this.form(new EditForm(INTENT, intent, { saved: () => void loadContent(), left: () => this.left() }));
    const answers = answersTo(intent.name);
    this.examples = h("div", { class: "examples", "aria-busy": "true", "data-testid": "examples" }, h("p", { class: "soft" }, "One moment …"));
    this.answers = h("div", { class: "answers" }, answers.map((template) => this.answer(template)));
    fill(this.page,
      h("header", { class: "intent-head" },
        h("a", { class: "icon-button back", href: address({ page: "content", id: null }), "aria-label": "Back to the intents" }, icon("back")),
        h("div", {}, h("h2", {}, title(intent.name)), h("p", { class: "intent-says" }, `“${intent.title}”`))),
      h("div", { class: "intent-body" },
        intent.description && h("p", { class: "soft" }, intent.description),
        h("p", { class: "facts-line" },
          intent.action === "handoff" ? "Handed over to a person." : "Answered by the desk.",
          intent.slots?.length ? ` Asks for: ${intent.slots.map((slot) => title(slot).toLowerCase()).join(", ")}.` : ""),
        h("details", { class: "edit-fold", open: Boolean(readEdit("intent", intent.name)), "data-testid": "intent-edit" }, h("summary", {}, icon("chevron"), "Edit this intent"), edit),
        h("h3", {}, "Answers"),
        !answers.length && h("p", { class: "soft" }, intent.action === "handoff" ? "None: a person answers." : "This intent has no answer yet, so a person gets its messages."),
        this.answers, this.newAnswer(intent),
        h("h3", {}, "Examples"),
        h("p", { class: "soft" }, "What customers write when they mean this. Training learns from them."),
        this.newExample(intent), this.examples));
    void this.loadExamples();
  }

  renderNew() {
    const form = new EditForm(INTENT, null, {
      initial: { action: "answer", priority: "normal", slots: [], description: "" },
      saved: ({ name }) => void loadContent().then(() => { if (this.name === NEW) go({ page: "content", id: name }); }), left: () => this.left(),
    });
    if (this.page) {
      fill(this.page, h("header", { class: "intent-head" },
        h("a", { class: "icon-button back", href: address({ page: "content", id: null }), "aria-label": "Back to the intents" }, icon("back")),
        h("h2", {}, "A new intent")), h("div", { class: "intent-body" }, h("div", { class: "card" }, this.form(form))));
    }
    form.focus();
  }

  /** @param {EditForm} form */
  form(form) {
    this.forms.push(form);
    return form.element;
  }

  /** Its intent is gone, or was never made. */
  left() {
    this.forms = [];
    if (place().page === "content" && !place().section) go({ page: "content", id: null });
    void loadContent();
  }

  /** @param {Template} template */
  answer(template) {
    const form = new EditForm(TEMPLATE, template, {
      saved: () => { toast("Saved. The desk answers with it from now on."); void loadContent(); },
      left: () => { this.forms = this.forms.filter((other) => other !== form); card.remove(); void loadContent(); },
    });
    const card = h("section", { class: "card", "aria-label": `Answer ${title(template.name)}`, data: { name: template.name }, "data-testid": "template" },
      h("h4", {}, h("bdi", {}, title(template.name)), template.sentiment && h("span", { class: "tag" }, `when ${template.sentiment}`), usage(template)),
      this.form(form));
    return card;
  }

  /** @param {Intent} intent */
  newAnswer({ name: intent }) {
    const place = h("div", { class: "add-place" });
    const button = h("button", { class: "button", type: "button", "data-testid": "template-new", onclick: () => open(true) }, icon("plus"), "Add an answer");
    const close = () => fill(place, button);
    const open = (/** @type {boolean} */ byHand) => {
      const form = new EditForm(TEMPLATE, null, {
        scope: intent, initial: { intent, name: freeName(intent), text: "", sentiment: null }, fixed: ["intent"],
        saved: () => { toast("Added. The desk answers with it from now on."); this.forms = this.forms.filter((other) => other !== form); close(); void loadContent(); },
        left: () => { this.forms = this.forms.filter((other) => other !== form); close(); },
      });
      fill(place, h("section", { class: "card", "aria-label": "A new answer" }, h("h4", {}, "A new answer"), this.form(form)));
      if (byHand) form.focus();
    };
    if (readEdit("template", `+${intent}`)) open(false);
    else close();
    return place;
  }

  /** @param {Intent} intent */
  newExample({ name: intent }) {
    const form = new EditForm(EXAMPLE, null, {
      scope: intent, initial: { text: "", intent, sentiment: null }, fixed: ["intent", "sentiment"],
      saved: (_item, { doubts }) => {
        form.write({ text: "" });
        form.changed();
        form.focus();
        tellDoubts(doubts, "Added.");
        void loadContent();
      },
    });
    return h("div", { class: "card example-new" }, this.form(form));
  }

  async loadExamples() {
    const { examples: place, name } = this;
    if (!place) return;
    try {
      /** @type {{examples: Example[], total: number}} */
      const { examples, total } = await get(`/examples?intent=${encodeURIComponent(name)}&limit=${this.shown}`);
      if (this.examples !== place || place.querySelector("form")) return;
      place.setAttribute("aria-busy", "false");
      fill(place, examples.length ? h("ul", { role: "list", class: "item-rows" }, examples.map((example) => exampleRow(example, { intent: false, saved: () => void loadContent() })))
        : h("p", { class: "soft" }, "None yet. Twenty are a good start."),
      total > examples.length && h("button", { class: "button", type: "button", onclick: () => { this.shown = Math.min(1000, this.shown + 300); void this.loadExamples(); } },
        `${plural(total - examples.length, "older one")}`));
    } catch (error) {
      fill(place, h("p", { class: "error", role: "alert" }, explain(error)));
    }
  }
}

customElements.define("content-intents", ContentIntents);

/** @param {string} intent */
const answersTo = (intent) => session.templates.filter((template) => template.intent === intent);

/** @param {string} intent */
function freeName(intent) {
  const taken = new Set(session.templates.map(({ name }) => name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? intent : `${intent}_${number}`;
    if (!taken.has(name)) return name;
  }
}

/** How often an answer was sent, and the thumbs for it. @param {Template} template */
function usage({ used = 0, helpful = 0, unhelpful = 0 }) {
  const thumbs = helpful + unhelpful > 0 && `${plural(helpful, "thumb")} up, ${unhelpful} down`;
  return h("span", { class: "usage soft", "data-testid": "usage" }, [used ? `sent ${count(used)} ${used === 1 ? "time" : "times"}` : "never sent", thumbs].filter(Boolean).join(" · "));
}

/** @param {Intent} intent */
function textOf({ name, title: says, group, description = "" }) {
  const answers = answersTo(name).map(({ text }) => text);
  return [title(name), says, group, description, ...answers].join(" ").toLowerCase();
}
