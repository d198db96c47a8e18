/**
 * What operators say of messages: posted, settled, taken back, and the dialog to say it in. Training
 * learns from it.
 */

import { explain, post, remove } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { session } from "./session.js";
import { closeOutside } from "./keys.js";
import { OUT_OF_SCOPE, ranked, score, SENTIMENTS, title } from "./words.js";

/** @import {Conflict, Correction, Message, Trace} from "./types.js" */
/** @typedef {{intent?: string, sentiment?: string, template?: string}} Labels */
/** @typedef {{name: string, group: string, title: string, words: string, score?: number}} Choice */
/** @typedef {{ask?: string, save?: typeof correct}} Ways how what is said is asked for and saved, when it is for several messages */

/**
 * Post what a message was.
 * @param {Message} message
 * @param {Labels} labels
 * @returns {Promise<Correction>}
 */
export async function correct(message, labels) {
  return (await post(`/messages/${message.id}/correction`, labels)).correction;
}

const MOST = 1000; // messages in one call; the desk settles the rest of their conflict with them

/**
 * Say what messages of which colleagues said different things were in the end.
 * @param {string[]} messages
 * @param {Labels} labels
 * @returns {Promise<Correction[]>}
 */
export async function settle(messages, { intent, sentiment }) {
  const labels = { ...(intent ? { intent } : {}), ...(sentiment ? { sentiment } : {}) };
  return (await post("/labels/settle", { messages: messages.slice(0, MOST), ...labels })).corrections;
}

/**
 * Settle a message, and with it all that say the same.
 * @param {Message} message
 * @param {Labels} labels
 * @returns {Promise<Correction>}
 */
export async function settleAll({ id, conflict }, labels) {
  const [settled] = await settle([id, ...(conflict?.messages ?? [])], labels);
  return settled;
}

/**
 * Take a label back; what counts then, null when nothing does.
 * @param {Message} message
 * @param {Correction} label
 * @returns {Promise<Correction|null>}
 */
export async function undo(message, label) {
  return (await remove(`/messages/${message.id}/correction?label=${encodeURIComponent(label.id)}`)).correction;
}

/**
 * What each colleague said where they differ, once each: the choices when it is settled.
 * @param {Conflict} conflict
 * @returns {{names: string[], labels: Labels}[]}
 */
export function sayings({ fields, said }) {
  /** @type {Map<string, {names: string[], labels: Labels}>} */
  const found = new Map();
  for (const label of said) {
    const labels = Object.fromEntries(fields.filter((field) => label[field]).map((field) => [field, label[field]]));
    const key = JSON.stringify(labels);
    const { names } = found.get(key) ?? { names: [] };
    const name = label.operator.id === session.operator?.id ? "You" : label.operator.name;
    found.set(key, { names: [...new Set([...names, name])], labels });
  }
  return [...found.values()];
}

/** Labels in words: "Track order, negative". @param {Labels} labels */
export function inWords({ intent, sentiment }) {
  return [intent && title(intent), sentiment && title(sentiment).toLowerCase()].filter(Boolean).join(", ");
}

/** The reading's own labels: what "Reading is right" confirms. @param {Message} message */
export function labelsOf({ reading }) {
  return {
    ...(reading?.intent ? { intent: reading.intent.label } : {}),
    ...(reading?.sentiment ? { sentiment: reading.sentiment.label } : {}),
  };
}

/**
 * @param {Message} message
 * @param {Trace|undefined} trace its intents are offered first
 * @param {(correction: Correction) => void} saved
 * @param {Ways} [ways]
 */
export function openCorrection(message, trace, saved, ways = {}) {
  new CorrectionDialog(message, trace, saved, ways).open();
}

class CorrectionDialog {
  /** @param {Message} message @param {Trace|undefined} trace @param {(correction: Correction) => void} saved @param {Ways} ways */
  constructor(message, trace, saved, { save, ask = "What was this really?" }) {
    this.message = message;
    this.saved = saved;
    this.ask = ask;
    this.alone = !save;
    this.post = save ?? correct;
    // What is said of several messages: what the desk read in one is no word on the others.
    const known = (/** @type {"intent"|"sentiment"} */ field) => this.alone
      ? message.correction?.[field] ?? message.reading?.[field]?.label
      : message.conflict?.fields.includes(field) && message.correction?.[field];
    this.intent = known("intent") || "";
    this.sentiment = known("sentiment") || "";
    this.active = 0;
    this.searching = false;
    this.choices = choicesOf(trace);
    /** @type {Choice[]} */
    this.found = this.choices;
    this.build();
    this.search("");
  }

  build() {
    this.input = h("input", {
      type: "text", id: "correct-intent", role: "combobox", "aria-expanded": "true", "aria-autocomplete": "list",
      "aria-controls": "correct-list", placeholder: "Search intents", autocomplete: "off", spellcheck: "false",
      "data-testid": "correct-search", oninput: () => this.search(this.input?.value ?? ""),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    });
    this.list = h("div", { id: "correct-list", class: "options", role: "listbox", "aria-label": "Intents" });
    this.template = h("select", { id: "correct-template", "data-testid": "correct-template" });
    this.error = h("p", { class: "error", role: "alert", hidden: true });
    this.save = h("button", { class: "button primary", type: "submit", "data-testid": "correct-save" }, "Save");
    this.dialog = h("dialog", {
      class: "dialog correction", "aria-labelledby": "correct-title", "data-testid": "correction",
      onclick: closeOutside, onclose: () => this.dialog?.remove(),
    }, h("form", { method: "dialog", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void this.submit(); } },
      h("header", {},
        h("h2", { id: "correct-title" }, this.ask),
        h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => this.dialog?.close() }, icon("close"))),
      h("blockquote", { dir: "auto", tabindex: 0 }, this.message.text),
      h("label", { for: "correct-intent" }, "Intent"), this.input, this.list,
      h("fieldset", { class: "moods" }, h("legend", {}, "Sentiment"), h("div", { class: "segments" }, SENTIMENTS.map((name) => this.mood(name)))),
      this.alone && [h("label", { for: "correct-template" }, "Right answer ", h("span", { class: "soft" }, "(optional)")), this.template],
      this.error,
      h("footer", {},
        h("span", { class: "soft" }, "The next training learns from this."),
        h("button", { class: "button", type: "button", onclick: () => this.dialog?.close() }, "Cancel"), this.save)));
    this.fillTemplates();
  }

  open() {
    if (!this.dialog) return;
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.input?.focus();
    this.list?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} name */
  mood(name) {
    const input = h("input", {
      type: "radio", name: "sentiment", value: name, checked: name === this.sentiment,
      onchange: () => { this.sentiment = name; },
    });
    return h("label", { class: "segment", data: { sentiment: name }, "data-testid": `correct-${name}` }, input, icon(name), title(name));
  }

  /** @param {string} words */
  search(words) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    this.searching = wanted.length > 0;
    this.found = this.searching
      ? distinct(this.choices).filter((choice) => wanted.every((word) => choice.words.includes(word)))
        .sort((a, b) => nearness(a, words) - nearness(b, words))
      : this.choices;
    const chosen = this.found.findIndex(({ name }) => name === this.intent);
    this.active = this.searching ? 0 : Math.max(0, chosen);
    this.draw();
  }

  draw() {
    if (!this.list) return;
    let group = "";
    /** @type {HTMLElement[]} */
    const rows = [];
    this.found.forEach((choice, at) => {
      if (!this.searching && choice.group !== group) {
        group = choice.group;
        rows.push(h("div", { class: "options-group", role: "presentation" }, title(group)));
      }
      rows.push(h("div", {
        id: `option-${at}`, class: "option", role: "option", "aria-selected": String(choice.name === this.intent),
        data: { intent: choice.name, ...(at === this.active ? { active: "" } : {}) },
        onclick: () => this.choose(at),
      }, h("span", { class: "option-name" }, title(choice.name)),
      h("span", { class: "option-title" }, choice.title),
      choice.score !== undefined && h("span", { class: "chip-score" }, score(choice.score))));
    });
    fill(this.list, rows.length ? rows : h("p", { class: "soft" }, "No intent has these words."));
    this.input?.setAttribute("aria-activedescendant", this.found.length ? `option-${this.active}` : "");
  }

  /** @param {number} at */
  choose(at) {
    const choice = this.found[at];
    if (!choice) return;
    this.active = at;
    this.intent = choice.name;
    this.draw();
    this.fillTemplates();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.active = Math.max(0, Math.min(this.found.length - 1, this.active + step));
      this.draw();
      this.list?.querySelector("[data-active]")?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && event.repeat) {
      event.preventDefault();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const chosen = this.found[this.active]?.name === this.intent;
      this.choose(this.active);
      if (chosen) void this.submit();
    } else if (event.key === "Enter") {
      event.preventDefault();
      void this.submit();
    }
  }

  fillTemplates() {
    if (!this.template) return;
    const fitting = session.templates.filter(({ intent }) => intent === this.intent);
    fill(this.template, h("option", { value: "" }, fitting.length ? "Not said" : "This intent has no answers"),
      fitting.map(({ name, text }) => h("option", { value: name }, `${title(name)}: ${text.trim().slice(0, 60)}`)));
    this.template.disabled = !fitting.length;
    const was = this.message.correction?.template;
    this.template.value = fitting.some(({ name }) => name === was) ? was ?? "" : "";
  }

  async submit() {
    if (!this.save || !this.error || this.save.disabled) return;
    if (!this.intent && !this.sentiment) return this.fail("Choose an intent or a sentiment first.");
    this.save.disabled = true;
    try {
      const correction = await this.post(this.message, {
        ...(this.intent ? { intent: this.intent } : {}),
        ...(this.sentiment ? { sentiment: this.sentiment } : {}),
        ...(this.template?.value ? { template: this.template.value } : {}),
      });
      this.dialog?.close();
      this.saved(correction);
    } catch (error) {
      this.fail(`Not saved. ${explain(error)}`);
    } finally {
      this.save.disabled = false;
    }
  }

  /** @param {string} words */
  fail(words) {
    if (!this.error) return;
    this.error.hidden = false;
    this.error.textContent = words;
  }
}

/** What the desk thought likely, then everything by group, then "Out of scope". @param {Trace|undefined} trace @returns {Choice[]} */
function choicesOf(trace) {
  const outside = { name: OUT_OF_SCOPE, group: "none of these", title: "Not something the desk should answer", description: "" };
  const known = new Map([...session.intents, outside].map((intent) => [intent.name, intent]));
  const likely = ranked(trace?.reading?.intents).slice(0, 5)
    .filter(({ label }) => known.has(label))
    .map(({ label, confidence }) => ({ ...choice(/** @type {any} */ (known.get(label))), group: "likely", score: confidence }));
  const rest = [...known.values()].map(choice);
  const groups = [...Map.groupBy(rest, ({ group }) => group).values()].flat();
  return [...likely, ...groups];
}

/** @param {{name: string, group: string, title: string, description?: string}} intent @returns {Choice} */
function choice({ name, group, title: says, description = "" }) {
  return { name, group, title: says, words: `${title(name)} ${says} ${description} ${group}`.toLowerCase() };
}

/** A name that begins with what was typed comes first, then one that has it. @param {Choice} choice @param {string} words */
function nearness({ name }, words) {
  const at = title(name).toLowerCase().indexOf(words.trim().toLowerCase());
  return at === 0 ? 0 : at > 0 ? 1 : 2;
}

/** @param {Choice[]} choices */
function distinct(choices) {
  return [...new Map(choices.map((choice) => [choice.name, choice])).values()];
}
