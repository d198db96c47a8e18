/**
 * `<content-try>`: what the desk would answer now, and why. Nothing is written; what is saved elsewhere
 * shows here as soon as the model's index has taken it in.
 */

import { explain, post } from "./api.js";
import { EXAMPLE, GOLDEN } from "./content_kinds.js";
import { tellDoubts } from "./content_rows.js";
import { fill, h } from "./dom.js";
import { EditForm } from "./edit_form.js";
import { loadContent } from "./session.js";
import { traceCard } from "./trace.js";
import { OUT_OF_SCOPE, title } from "./words.js";

/** @import {Trace} from "./types.js" */
/** @typedef {{trace: Trace, reply: {text: string, suggestions: {text: string}[]}|null}} Said */
/** @typedef {Said & {behind: boolean, challenger: {release: string, problem: string|null, said: Said|null}|null}} Tried */

const AGAIN_MS = 300;
const MOST_TIMES = 10;

export class ContentTry extends HTMLElement {
  constructor() {
    super();
    this.turn = 0;
    this.tried = "";
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.text = h("textarea", {
      id: "try-text", rows: 3, maxlength: 8000, dir: "auto", placeholder: "Where is my order?", "data-testid": "try-text",
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        void this.ask();
      },
    });
    this.challenger = h("input", { type: "checkbox", "data-testid": "try-challenger" });
    this.status = h("p", { class: "soft", role: "status", "data-testid": "try-status" });
    this.answer = h("div", { class: "tried", "data-testid": "tried" });
    this.append(h("div", { class: "section-page" }, h("h2", {}, "Test box"),
      h("p", { class: "soft" }, "What would the desk answer now? Nothing of it is kept, and no report counts it."),
      h("form", { class: "card try-form", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void this.ask(); } },
        h("label", { for: "try-text" }, "A customer writes"), this.text,
        h("div", { class: "edit-foot" },
          h("label", { class: "check" }, this.challenger, "Ask the release on trial, too"), this.status,
          h("button", { class: "button primary", type: "submit", "data-testid": "try-ask" }, "Try it"))),
      this.answer));
  }

  get search() {
    return this.text;
  }

  /** @param {string|null} _id */
  open(_id) {
    this.text?.focus();
  }

  /** An edit was saved: what is shown may be old. */
  contentChanged() {
    if (!this.hidden && this.tried && this.text?.value.trim() === this.tried && !this.answer?.querySelector("form")) void this.ask();
  }

  async ask(times = 0) {
    const text = this.text?.value.trim() ?? "";
    if (!text || !this.answer || !this.status) return;
    const turn = ++this.turn;
    this.status.textContent = times ? "Taking in the newest edit …" : "Reading …";
    try {
      /** @type {Tried} */
      const tried = await post("/try", { text, challenger: this.challenger?.checked ?? false });
      if (turn !== this.turn) return;
      this.tried = text;
      this.draw(text, tried);
      if (!tried.behind) this.status.textContent = "";
      else if (times < MOST_TIMES) setTimeout(() => { if (turn === this.turn) void this.ask(times + 1); }, AGAIN_MS);
      else this.status.textContent = "The newest edit is not in yet; this is the answer from before it.";
    } catch (error) {
      if (turn !== this.turn) return;
      this.status.textContent = "";
      fill(this.answer, h("p", { class: "error", role: "alert", "data-testid": "try-error" }, explain(error)));
    }
  }

  /** @param {string} text @param {Tried} tried */
  draw(text, tried) {
    const { trace, challenger } = tried;
    const intent = trace.route.intent ?? trace.reading?.intents[0]?.label ?? "";
    if (!this.answer) return;
    // A form that is being filled in stays when the answer is renewed.
    const open = /** @type {HTMLElement|null} */ (this.answer.querySelector(".add-place:has(form)"));
    const place = open ?? h("div", { class: "add-place" });
    fill(this.answer,
      h("div", { class: "tried-sides", data: { sides: challenger ? "2" : "1" } }, side(challenger ? "The champion" : "The desk", tried),
        challenger && (challenger.said ? side("The release on trial", challenger.said)
          : h("section", { class: "card" }, h("h3", {}, "The release on trial"), h("p", { class: "notice" }, challenger.problem ?? "It cannot be asked now.")))),
      this.challenger?.checked && !challenger && h("p", { class: "notice" }, "No release is on trial."),
      h("div", { class: "tried-acts" },
        h("button", { class: "button", type: "button", "data-testid": "make-golden", onclick: () => make(place, GOLDEN, { text, intent: intent || OUT_OF_SCOPE, action: trace.route.action }) }, "Make this a golden case"),
        h("button", { class: "button", type: "button", "data-testid": "make-example", onclick: () => make(place, EXAMPLE, { text, intent, sentiment: null }) }, "Make this an example")),
      place);
  }
}

customElements.define("content-try", ContentTry);

/** @param {string} who @param {Said} said */
function side(who, { trace, reply }) {
  return h("section", { class: "card tried-side", "aria-label": who, "data-testid": "tried-side" },
    h("h3", {}, who),
    reply && h("div", { class: "tried-reply" }, h("p", { class: "preview-bubble", dir: "auto", "data-testid": "tried-reply" }, reply.text),
      reply.suggestions.length > 0 && h("ul", { class: "tried-choices", role: "list", "aria-label": "Buttons" }, reply.suggestions.map(({ text }) => h("li", {}, h("bdi", {}, text))))),
    h("details", { class: "edit-fold", open: true }, h("summary", {}, `Why ${title(trace.route.action).toLowerCase()}?`), traceCard(trace)));
}

/** @param {HTMLElement} place @param {import("./edit_form.js").Kind} kind @param {Record<string, any>} initial */
function make(place, kind, initial) {
  const close = () => fill(place);
  const form = new EditForm(kind, null, {
    scope: "try", initial, left: close,
    saved: (_item, { doubts }) => { close(); tellDoubts(doubts, `The ${kind.noun} was added.`); void loadContent(); },
  });
  form.write(initial);
  fill(place, h("div", { class: "card" }, h("h3", {}, `A new ${kind.noun}`), form.element));
  form.focus();
}
