/**
 * `<desk-content>`: the desk's intents, each with its answers (templates) and examples; what is saved here
 * holds for the next message.
 */

import { explain, get, post, put } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { address } from "./router.js";
import { changes, loadContent, session } from "./session.js";
import { toast } from "./toast.js";
import { plural, title } from "./words.js";

/** @import {Example, Intent, Template} from "./types.js" */

export class DeskContent extends HTMLElement {
  constructor() {
    super();
    this.name = "";
    this.drawn = "";
    /** @type {Map<string, string>} edited and not yet saved, by template */
    this.edited = new Map();
    /** @type {AbortController|null} */
    this.request = null;
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.search = h("input", {
      type: "search", placeholder: "Search intents and answers", "aria-label": "Search intents and answers",
      "data-testid": "content-search", oninput: () => this.renderList(),
    });
    this.list = h("nav", { class: "intents", "aria-label": "Intents" });
    this.page = h("div", { class: "intent-page", "data-testid": "intent-page" });
    this.append(
      h("div", { class: "content-list" },
        h("div", { class: "list-head" }, h("div", { class: "search" }, icon("search"), this.search)), this.list),
      this.page);
    changes.addEventListener("content", () => this.contentChanged());
  }

  /** @param {string|null} name */
  open(name) {
    const changed = this.name !== (name ?? "");
    this.name = name ?? "";
    this.toggleAttribute("opened", Boolean(name));
    this.renderList();
    if (changed || !this.page?.firstChild) this.renderPage();
  }

  /** Somebody saved content: renew what is not being edited. */
  contentChanged() {
    this.renderList();
    if (this.signature() === this.drawn) return;
    if (!this.page?.contains(document.activeElement) && !this.edited.size) this.renderPage();
  }

  renderList() {
    if (!this.list) return;
    const words = (this.search?.value ?? "").toLowerCase().trim();
    const found = session.intents.filter((intent) => !words || textOf(intent).includes(words));
    const groups = Map.groupBy(found, ({ group }) => group);
    fill(this.list, [...groups].map(([group, intents]) => h("section", {},
      h("h2", {}, title(group)),
      h("ul", { role: "list" }, intents.map(({ name, title: says, examples }) => h("li", {},
        h("a", { href: address({ page: "content", id: name }), "aria-current": name === this.name ? "page" : null, "data-testid": "intent" },
          h("span", { class: "intent-name" }, title(name)), h("span", { class: "intent-title" }, says),
          examples !== undefined && h("span", { class: "count", title: plural(examples, "example") }, String(examples)))))))),
    !found.length && h("p", { class: "empty" }, "No intent has these words."));
  }

  /** What the page shows of the content, to see whether it changed. */
  signature() {
    return JSON.stringify([
      session.intents.filter(({ name }) => name === this.name).map((intent) => ({ ...intent, examples: 0 })),
      session.templates.filter(({ intent }) => intent === this.name),
    ]);
  }

  renderPage() {
    if (!this.page) return;
    this.drawn = this.signature();
    const intent = session.intents.find(({ name }) => name === this.name);
    if (!intent) {
      return fill(this.page, h("div", { class: "empty" }, icon("book"), h("h2", {}, this.name ? "There is no such intent." : "Choose an intent"),
        h("p", {}, "Its answers and examples appear here.")));
    }
    const answers = session.templates.filter((template) => template.intent === intent.name);
    this.examples = h("div", { class: "examples" }, h("p", { class: "soft" }, "Loading…"));
    fill(this.page,
      h("header", { class: "intent-head" },
        h("a", { class: "icon-button back", href: address({ page: "content", id: null }), "aria-label": "Back to the intents" }, icon("back")),
        h("div", {}, h("h2", {}, title(intent.name)), h("p", { class: "intent-says" }, `“${intent.title}”`))),
      h("div", { class: "intent-body" },
        intent.description && h("p", { class: "soft" }, intent.description),
        h("p", { class: "facts-line" },
          intent.action === "handoff" ? "Handed over to a person." : "Answered by the desk.",
          intent.slots?.length ? ` Asks for: ${intent.slots.map((slot) => title(slot).toLowerCase()).join(", ")}.` : ""),
        h("h3", {}, "Answers"),
        answers.length ? answers.map((template) => this.templateForm(template)) : h("p", { class: "soft" }, "This intent has no answer yet."),
        h("h3", {}, "Examples"),
        h("p", { class: "soft" }, "What customers write when they mean this. Training learns from them."),
        this.exampleForm(intent), this.examples));
    void this.loadExamples(intent);
  }

  /** @param {Template} template */
  templateForm(template) {
    const id = `template-${template.name}`;
    const text = h("textarea", { id, rows: 4, maxlength: 8000, dir: "auto", "data-testid": "template-text", value: this.edited.get(template.name) ?? template.text });
    const save = h("button", { class: "button primary", type: "submit", "data-testid": "template-save" }, "Save");
    const undo = h("button", { class: "button", type: "button" }, "Discard");
    const error = h("p", { class: "error", role: "alert", hidden: true });
    const show = () => {
      const changed = text.value !== template.text;
      if (changed) this.edited.set(template.name, text.value);
      else this.edited.delete(template.name);
      save.disabled = !changed || !text.value.trim();
      undo.hidden = !changed;
    };
    text.addEventListener("input", show);
    undo.addEventListener("click", () => { text.value = template.text; error.hidden = true; show(); });
    show();
    return h("form", {
      class: "template", data: { name: template.name }, "data-testid": "template",
      onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        if (save.disabled) return;
        save.disabled = true;
        try {
          await put(`/templates/${encodeURIComponent(template.name)}`, { intent: template.intent, sentiment: template.sentiment ?? null, text: text.value });
          template.text = text.value;
          this.drawn = this.signature();
          error.hidden = true;
          toast("Saved. The desk answers with it from now on.");
        } catch (problem) {
          error.hidden = false;
          error.textContent = `Not saved. ${explain(problem)}`;
        }
        show();
      },
    },
      h("label", { for: id }, title(template.name),
        template.sentiment && h("span", { class: "tag" }, `when ${template.sentiment}`)),
      text, h("div", { class: "template-foot" }, h("span", { class: "soft" }, slotsIn(template.text)), error, undo, save));
  }

  /** @param {Intent} intent */
  exampleForm(intent) {
    const text = h("input", { type: "text", maxlength: 2000, placeholder: "Add an example, in a customer's words", "aria-label": "New example", "data-testid": "example-text", dir: "auto" });
    const button = h("button", { class: "button", type: "submit", "data-testid": "example-add" }, icon("plus"), "Add");
    return h("form", {
      class: "example-form",
      onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        if (!text.value.trim() || button.disabled) return;
        button.disabled = true;
        try {
          await post("/examples", { text: text.value.trim(), intent: intent.name });
          text.value = "";
          await this.loadExamples(intent);
          void loadContent().catch(() => {});
        } catch (problem) {
          toast(`Not added. ${explain(problem)}`, { tone: "bad" });
        }
        button.disabled = false;
        text.focus();
      },
    }, text, button);
  }

  /** @param {Intent} intent */
  async loadExamples(intent) {
    const { examples: place } = this;
    if (!place) return;
    try {
      /** @type {{examples: Example[], total?: number}} */
      const { examples, total = 0 } = await get(`/examples?intent=${encodeURIComponent(intent.name)}`);
      if (this.examples !== place) return;
      fill(place, examples.length
        ? [h("ul", { role: "list" }, examples.map(({ text, source, contested }) => h("li", { dir: "auto", "data-testid": "example" }, text,
          source === "correction" && h("span", { class: "tag" }, "from a message"),
          contested?.length ? h("span", { class: "tag", data: { priority: "high" } }, "not agreed on") : null))),
        total > examples.length && h("p", { class: "soft" }, `and ${plural(total - examples.length, "older one")}.`)]
        : h("p", { class: "soft" }, "None yet."));
    } catch (error) {
      fill(place, h("p", { class: "error", role: "alert" }, explain(error)));
    }
  }
}

customElements.define("desk-content", DeskContent);

/** @param {Intent} intent */
function textOf({ name, title: says, group, description = "" }) {
  const answers = session.templates.filter(({ intent }) => intent === name).map(({ text }) => text);
  return [title(name), says, group, description, ...answers].join(" ").toLowerCase();
}

/** @param {string} text */
function slotsIn(text) {
  const slots = [...new Set(text.match(/\{[a-z_]+\}/g) ?? [])];
  return slots.length ? `Filled in when sent: ${slots.join(", ")}` : "";
}
