/**
 * `<desk-review>`: what to decide next. A list by value on the left; on the right one proposal with its
 * messages and the one decision that it wants. What is accepted here, the next training learns.
 */

import { ApiError, explain, get, post } from "./api.js";
import { openCorrection } from "./correction.js";
import { fill, h, icon, keycap } from "./dom.js";
import { isTyping } from "./keys.js";
import { address, go, place } from "./router.js";
import { changes, loadContent, session } from "./session.js";
import { announce, toast } from "./toast.js";
import { OUT_OF_SCOPE, plural, title } from "./words.js";

/** @import {Message, Proposal} from "./types.js" */

const PAGE = 50;
const SHOWN = 40;
const KINDS = { label: "Label", intent: "New intent", answer: "Missing answer" };

export class DeskReview extends HTMLElement {
  constructor() {
    super();
    /** @type {Proposal[]} */
    this.proposals = [];
    this.open_ = 0;
    this.current = "";
    this.loaded = false;
    this.problem = "";
    this.busy = false;
    /** @type {Map<string, Set<number>>} places that do not belong, by proposal */
    this.left = new Map();
    /** @type {Map<string, {name: string, title: string, answer: string}>} as edited, by proposal */
    this.edited = new Map();
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.list = h("ul", { class: "rows", role: "list", "data-testid": "review-list" });
    this.foot = h("div", { class: "list-foot" });
    this.page = h("div", { class: "review-page", "data-testid": "review-page" });
    this.append(
      h("div", { class: "review-list" },
        h("div", { class: "review-top" }, h("h2", {}, "To decide"), h("p", { class: "soft" }, "The most valuable first. One decision labels many.")),
        h("div", { class: "list-scroll" }, this.list, this.foot)),
      this.page);
    changes.addEventListener("content", () => this.render());
  }

  /** @param {string|null} id */
  open(id) {
    const changed = this.current !== (id ?? "");
    this.current = id ?? "";
    this.toggleAttribute("opened", Boolean(id));
    if (!this.loaded) return void this.refresh();
    if (!changed && this.page?.firstChild) return;
    this.render();
    if (!id) return;
    this.page?.scrollTo(0, 0);
    this.page?.querySelector("h2")?.focus({ preventScroll: true });
    this.list?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }

  /** How many wait, from the desk's events. @param {number} open */
  tell(open) {
    if (this.busy || open === this.open_) return;
    this.count(open);
    if (place().page === "review") void this.refresh();
    else this.loaded = false;
  }

  /** @param {number} open */
  count(open) {
    this.open_ = open;
    this.dispatchEvent(new Event("count"));
  }

  async refresh() {
    try {
      const { proposals, open } = await get(`/review?limit=${Math.max(PAGE, this.proposals.length)}`);
      this.proposals = proposals;
      this.problem = "";
      this.count(open);
    } catch (error) {
      this.problem = explain(error);
    }
    this.loaded = true;
    this.render();
  }

  async more() {
    try {
      const { proposals, open } = await get(`/review?limit=${PAGE}&offset=${this.proposals.length}`);
      const known = new Set(this.proposals.map(({ id }) => id));
      this.proposals.push(...proposals.filter((/** @type {Proposal} */ { id }) => !known.has(id)));
      this.count(open);
      this.renderList();
    } catch (error) {
      toast(explain(error), { tone: "bad" });
    }
  }

  get proposal() {
    return this.proposals.find(({ id }) => id === this.current);
  }

  // --- keys ----------------------------------------------------------------------------------------

  /** @param {number} step */
  move(step) {
    const at = this.proposals.findIndex(({ id }) => id === this.current);
    const next = this.proposals[at < 0 ? 0 : at + step];
    if (next) go({ page: "review", id: next.id });
  }

  /** Enter: what has the focus, else what the open proposal wants. */
  enter() {
    const active = document.activeElement;
    if (active instanceof HTMLElement && active.matches("button, summary, .review-list a")) return active.click();
    if (!this.proposal) return this.move(1);
    this.page?.querySelector("form")?.requestSubmit();
  }

  // --- the list ------------------------------------------------------------------------------------

  render() {
    this.renderList();
    const typing = this.page?.contains(document.activeElement) && isTyping(document.activeElement);
    if (!typing || !this.proposal) this.renderPage();
  }

  renderList() {
    if (!this.list || !this.foot) return;
    fill(this.list, this.proposals.map((proposal) => {
      const { id, kind, count } = proposal;
      return h("li", {}, h("a", {
        class: "row", href: address({ page: "review", id }), "aria-current": id === this.current ? "page" : null,
        data: { id }, "data-testid": "proposal",
      },
        h("span", { class: "row-top" }, h("span", { class: "tag", data: { kind } }, KINDS[kind]),
          h("span", { class: "row-wait" }, plural(count, "message"))),
        h("span", { class: "row-text", dir: "auto" }, headline(proposal)),
        h("span", { class: "row-foot" }, h("span", { class: "row-reason" }, cost(proposal)))));
    }));
    const left = this.open_ - this.proposals.length;
    fill(this.foot, !this.loaded && [1, 2, 3].map(() => h("div", { class: "skeleton" }, h("span"), h("span"), h("span"))),
      left > 0 && this.loaded && h("button", { class: "button", type: "button", onclick: () => void this.more() }, `Show ${Math.min(left, PAGE)} more`));
  }

  // --- one proposal --------------------------------------------------------------------------------

  renderPage() {
    if (!this.page) return;
    if (this.problem) {
      return fill(this.page, h("div", { class: "empty", role: "alert" }, icon("close"), h("h2", {}, "The queue could not be loaded"), h("p", {}, this.problem),
        h("button", { class: "button", type: "button", onclick: () => void this.refresh() }, "Try again")));
    }
    if (!this.loaded) return fill(this.page);
    const { proposal } = this;
    if (!proposal) return fill(this.page, this.nothing());
    const form = { label: () => this.labelForm(proposal), intent: () => this.intentForm(proposal), answer: () => this.answerForm(proposal) }[proposal.kind]();
    fill(this.page,
      h("header", { class: "intent-head" },
        h("a", { class: "icon-button back", href: address({ page: "review", id: null }), "aria-label": "Back to the queue" }, icon("back")),
        h("div", {}, h("h2", { tabindex: "-1", dir: "auto" }, question(proposal)), h("p", { class: "intent-says", "data-testid": "review-why" }, why(proposal)))),
      h("div", { class: "review-body" }, form, this.texts(proposal)));
  }

  nothing() {
    if (this.proposals.length) {
      return h("div", { class: "empty" }, icon("check"), h("h2", {}, this.current ? "This is decided already." : "Choose what to decide"),
        h("p", {}, "Press ", keycap("j"), " for the next one."));
    }
    return h("div", { class: "empty", "data-testid": "review-empty" }, icon("check"), h("h2", {}, "Nothing to decide. Nice."),
      h("p", {}, "What the desk is not sure of appears here after the night, and when an admin runs frontdesk review."));
  }

  /** @param {Proposal} proposal */
  labelForm(proposal) {
    const intent = session.intents.find(({ name }) => name === proposal.intent);
    const known = intent || proposal.intent === OUT_OF_SCOPE;
    const says = intent ? `“${intent.title}”` : "Not something the desk should answer";
    return this.form(proposal, () => known ? this.accept(proposal, { intent: proposal.intent }) : this.choose(proposal), [
      known ? h("p", { class: "suggested" }, h("span", { class: "soft" }, "The desk thinks of "), h("strong", {}, title(proposal.intent)), h("span", { class: "soft" }, ` ${says}`))
        : h("p", { class: "suggested soft" }, "The desk has no idea what these are."),
    ], known ? `Label as ${title(proposal.intent)}` : "Choose an intent", known && this.chooseButton(proposal, "Another intent"));
  }

  /** @param {Proposal} proposal */
  intentForm(proposal) {
    const draft = this.draft(proposal);
    const name = this.field(draft, "name", "Name", { pattern: "[a-z][a-z0-9_]*", maxlength: 100, required: true, spellcheck: "false", autocapitalize: "off", title: "Small letters, digits and underscores; begins with a letter" });
    const says = this.field(draft, "title", "What a customer would choose", { maxlength: 200, required: true });
    return this.form(proposal, () => this.accept(proposal, { ...draft, answer: draft.answer.trim() }), [
      h("div", { class: "review-pair" }, says, name), this.answerField(draft, "Answer", false),
    ], "Make this intent", this.chooseButton(proposal, "An intent we have"));
  }

  /** @param {Proposal} proposal */
  answerForm(proposal) {
    const draft = this.draft(proposal);
    return this.form(proposal, () => this.accept(proposal, { answer: draft.answer.trim() }), [this.answerField(draft, "Answer", true)], "Save the answer");
  }

  /**
   * @param {Proposal} proposal
   * @param {() => unknown} submit
   * @param {(Node|false)[]} fields
   * @param {string} label
   * @param {Node|false} [more]
   */
  form(proposal, submit, fields, label, more = false) {
    this.error = h("p", { class: "error", role: "alert", hidden: true });
    return h("form", {
      class: "decision", data: { kind: proposal.kind },
      onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(); },
    }, fields, this.error,
      h("div", { class: "decision-acts" },
        h("button", { class: "button primary", type: "submit", "data-testid": "review-accept" }, label, keycap("↵")),
        more,
        h("button", { class: "button", type: "button", "data-testid": "review-dismiss", onclick: () => void this.dismiss() }, "Dismiss", keycap("d"))));
  }

  /** What is typed is kept until it is decided. @param {Proposal} proposal */
  draft({ id, name, title: says, answer }) {
    const draft = this.edited.get(id) ?? { name, title: says, answer };
    this.edited.set(id, draft);
    return draft;
  }

  /**
   * @param {{name: string, title: string, answer: string}} draft
   * @param {"name"|"title"} key
   * @param {string} label
   * @param {Record<string, any>} props
   */
  field(draft, key, label, props) {
    const input = h("input", {
      type: "text", value: draft[key], "data-testid": `review-${key}`, autocomplete: "off", ...props,
      oninput: () => { draft[key] = input.value; },
    });
    return h("label", {}, h("span", {}, label), input);
  }

  /** @param {{answer: string}} draft @param {string} label @param {boolean} required */
  answerField(draft, label, required) {
    const area = h("textarea", {
      rows: 3, maxlength: 8000, dir: "auto", value: draft.answer, required, "data-testid": "review-answer",
      placeholder: required ? "" : "Without one the desk hands these over, and asks for an answer here later.",
      oninput: () => { draft.answer = area.value; },
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) area.form?.requestSubmit();
      },
    });
    return h("label", {}, h("span", {}, label, !required && h("span", { class: "soft" }, " (optional)")), area);
  }

  /** @param {Proposal} proposal @param {string} label */
  chooseButton(proposal, label) {
    return h("button", { class: "button", type: "button", "data-testid": "review-choose", onclick: () => this.choose(proposal) }, label, keycap("l"));
  }

  /** @param {Proposal} proposal */
  texts(proposal) {
    const left = this.left.get(proposal.id) ?? new Set();
    this.left.set(proposal.id, left);
    const { texts, count } = proposal;
    const list = h("ul", { role: "list", class: "review-texts" });
    const row = ({ place: at, text, message_id: message }) => {
      const box = h("input", {
        type: "checkbox", checked: !left.has(at), "data-testid": "review-text",
        onchange: () => { box.checked ? left.delete(at) : left.add(at); head(); },
      });
      return h("li", {}, h("label", {}, box, h("span", { dir: "auto" }, text), !message && h("span", { class: "tag" }, "past ticket")));
    };
    const line = h("p", { class: "soft" });
    const head = () => {
      const kept = texts.length - left.size;
      fill(line, proposal.kind === "answer" ? "What customers wrote. Nothing is labelled."
        : `${left.size ? `${kept} of ${texts.length} belong` : `All ${texts.length} belong`}; uncheck what does not.`,
      count > texts.length && ` It stands for ${count - texts.length} more.`);
    };
    head();
    fill(list, texts.slice(0, SHOWN).map(row));
    const rest = texts.slice(SHOWN);
    const more = rest.length > 0 && h("button", { class: "button", type: "button", onclick: () => { list.append(...rest.map(row)); /** @type {HTMLElement} */ (more).remove(); } }, `Show all ${texts.length}`);
    return h("section", { "aria-label": "Messages", data: { kind: proposal.kind } }, line, list, more);
  }

  // --- decisions -----------------------------------------------------------------------------------

  /** Label with an intent that is there. @param {Proposal} [proposal] */
  choose(proposal = this.proposal) {
    if (!proposal || proposal.kind === "answer") return;
    const message = /** @type {Message} */ ({
      text: proposal.texts.slice(0, 3).map(({ text }) => text).join("\n"),
    });
    openCorrection(message, undefined, () => {}, {
      ask: `What ${proposal.count === 1 ? "is this" : `are these ${proposal.count}`} really?`,
      save: async (_, { intent, sentiment }) => {
        await this.decide("accept", proposal, { intent, sentiment, ...(proposal.kind === "intent" ? { answer: "" } : {}) }, intent ? `Labelled as ${title(intent)}.` : "Labelled.");
        return { intent: intent ?? null, sentiment: sentiment ?? null, template: null };
      },
    });
  }

  /** @param {Proposal} proposal @param {object} body */
  async accept(proposal, body) {
    if (this.busy) return;
    const done = {
      label: `Labelled as ${title(proposal.intent)}.`,
      intent: "The intent is there. The next training learns it.",
      answer: "Saved. The desk answers with it from now on.",
    }[proposal.kind];
    try {
      await this.decide("accept", proposal, body, done);
    } catch (error) {
      this.fail(error);
    }
  }

  async dismiss() {
    if (!this.proposal || this.busy) return;
    try {
      await this.decide("dismiss", this.proposal, {}, "Dismissed. It does not come back.");
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Decide and go on to the next one; throws what the operator can mend.
   * @param {"accept"|"dismiss"} verb
   * @param {Proposal} proposal
   * @param {object} body
   * @param {string} done
   */
  async decide(verb, proposal, body, done) {
    if (this.busy) throw new ApiError(409, { detail: "The decision before it is still being saved." });
    this.busy = true;
    const left = [...this.left.get(proposal.id) ?? []];
    try {
      await post(`/review/${proposal.id}/${verb}`, verb === "accept" ? { ...body, ...(left.length ? { left_out: left } : {}) } : {});
      toast(done);
    } catch (error) {
      if (!(error instanceof ApiError && [404, 409].includes(error.status))) throw error;
      // Somebody else was first, or the queue is a new one: neither is this operator's to mend.
      toast(error.status === 404 ? "The queue was made anew meanwhile." : error.message, { tone: "bad" });
      void this.refresh();
    } finally {
      this.busy = false;
    }
    this.drop(proposal.id);
    if (verb === "accept" && proposal.kind !== "label") void loadContent().catch(() => {});
  }

  /** @param {string} id */
  drop(id) {
    const at = this.proposals.findIndex((proposal) => proposal.id === id);
    if (at < 0) return;
    this.proposals.splice(at, 1);
    this.left.delete(id);
    this.edited.delete(id);
    this.count(Math.max(0, this.open_ - 1));
    const next = this.proposals[Math.min(at, this.proposals.length - 1)];
    if (this.current === id) go({ page: "review", id: next?.id ?? null });
    this.renderList();
    announce(plural(this.open_, "proposal") + " left");
    if (!next && this.open_) void this.refresh();
  }

  /** @param {unknown} error */
  fail(error) {
    if (!this.error) return;
    this.error.hidden = false;
    this.error.textContent = `Not saved. ${explain(error)}`;
  }
}

customElements.define("desk-review", DeskReview);

/** What the row is known by. @param {Proposal} proposal */
function headline({ kind, title: says, intent, texts }) {
  if (kind === "intent") return says;
  if (kind === "answer") return title(intent);
  return texts[0]?.text ?? "";
}

/** @param {Proposal} proposal */
function question({ kind, title: says, intent, count }) {
  if (kind === "intent") return `Is “${says}” an intent of its own?`;
  if (kind === "answer") return `${title(intent)} has no answer`;
  return count === 1 ? "What is this message about?" : `What are these ${count} messages about?`;
}

/** What it cost, in a few words. @param {Proposal} proposal */
function cost({ handed_over: over, unhelpful, share }) {
  const parts = [over && `${over} handed over`, unhelpful && `${unhelpful} rated badly`, share >= 0.001 && `${percent(share)} of the traffic`];
  return parts.filter(Boolean).join(" · ");
}

/** Why it is there: "34 like messages, 21 were handed over, the desk was 41 % sure." @param {Proposal} proposal */
function why({ kind, source, count, handed_over: over, unhelpful, confidence, share }) {
  const what = source === "history" ? plural(count, "past ticket") : kind === "answer" ? plural(count, "message") : plural(count, "like message");
  const parts = [
    count === 1 && source !== "history" ? "1 message" : what,
    over && `${over} ${over === 1 ? "was" : "were"} handed over`,
    unhelpful && `${unhelpful} ${unhelpful === 1 ? "was" : "were"} rated badly`,
    confidence !== null && `the desk ${count === 1 ? "is" : "is on average"} ${percent(confidence)} sure`,
    share >= 0.001 && `${percent(share)} of the traffic`,
  ];
  return `${parts.filter(Boolean).join(", ")}.`;
}

/** @param {number} share */
const percent = (share) => `${share < 0.1 ? Math.round(share * 1000) / 10 : Math.round(share * 100)}\u00a0%`;
