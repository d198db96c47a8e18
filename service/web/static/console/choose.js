/**
 * One small dialog for every choice: a field that narrows a list, which the arrow keys walk and Enter
 * takes. Used to give tickets away, put them off, tag and merge them, and for the views' menu.
 */

import { fill, h, icon } from "./dom.js";
import { closeOutside } from "./keys.js";

/**
 * @typedef {object} Choice
 * @property {string} label
 * @property {string} [hint] beside it
 * @property {string} [color] of a tag
 * @property {string} [image] an icon's name
 * @property {boolean} [on] it is so already
 * @property {any} value
 */
/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} [placeholder]
 * @property {Choice[]} choices
 * @property {(text: string) => Choice|null} [typed] what the text itself could mean
 * @property {string} [note] a placeholder: asks for a note, too
 * @property {string} [empty] said when there is nothing to choose
 */

let count = 0;

/**
 * Ask; null when it was called off.
 * @param {Question} question
 * @returns {Promise<{value: any, note: string}|null>}
 */
export function choose(question) {
  const id = `choose-${++count}`;
  /** @type {Choice[]} */
  let shown = [];
  let at = 0;
  /** @type {(answer: {value: any, note: string}|null) => void} */
  let answer = () => {};
  const came = /** @type {HTMLElement|null} */ (document.activeElement);

  const input = h("input", {
    type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": `${id}-list`, "aria-autocomplete": "list",
    "aria-label": question.placeholder ?? question.title, placeholder: question.placeholder ?? "", autocomplete: "off",
    spellcheck: "false", maxlength: 200, "data-testid": "choose-input", oninput: () => { at = 0; draw(); }, onkeydown: key,
  });
  const list = h("ul", { id: `${id}-list`, class: "choose-list", role: "listbox", "aria-label": question.title });
  const none = h("p", { class: "soft choose-none", role: "status" });
  const note = question.note
    ? h("input", { type: "text", class: "choose-note", placeholder: question.note, "aria-label": question.note, maxlength: 2000, "data-testid": "choose-note", onkeydown: key })
    : null;
  const dialog = h("dialog", { class: "choose", "aria-labelledby": `${id}-title`, "data-testid": "choose", onclick: closeOutside, onclose: () => end(null) },
    h("header", {}, h("h2", { id: `${id}-title` }, question.title),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))),
    note, input, list, none);

  function draw() {
    const words = input.value.trim().toLowerCase();
    shown = question.choices.filter(({ label, hint }) => `${label} ${hint ?? ""}`.toLowerCase().includes(words));
    const typed = input.value.trim() ? question.typed?.(input.value.trim()) : null;
    if (typed) shown.push(typed);
    at = Math.min(at, Math.max(0, shown.length - 1));
    fill(list, shown.map((choice, place) => h("li", {
      id: `${id}-${place}`, role: "option", "aria-selected": String(place === at), "data-testid": "choice",
      // Before the field loses the focus, and the list with it its place.
      onpointerdown: (/** @type {Event} */ event) => event.preventDefault(), onclick: () => take(choice),
    },
      choice.color ? h("span", { class: "swatch", data: { color: choice.color } }) : choice.image && icon(choice.image),
      h("span", { class: "choice-label" }, h("bdi", {}, choice.label)),
      choice.on && h("span", { class: "choice-on" }, icon("check"), h("span", { class: "sr" }, "chosen")),
      choice.hint && h("span", { class: "choice-hint" }, choice.hint))));
    none.textContent = shown.length ? "" : question.choices.length ? "Nothing fits." : question.empty ?? "There is nothing to choose.";
    mark();
  }

  function mark() {
    for (const [place, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(place === at));
    const item = list.children[at];
    if (item) input.setAttribute("aria-activedescendant", item.id);
    else input.removeAttribute("aria-activedescendant");
    item?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.isComposing) return;
    if (event.repeat && event.key === "Enter") return event.preventDefault(); // held: it answers one question, not the next one
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) at = (at + step + shown.length) % shown.length;
    else if (event.key === "Enter" && event.target === note) input.focus(); // first for whom, then done
    else if (event.key === "Enter" && shown[at]) take(shown[at]);
    else return;
    event.preventDefault();
    mark();
  }

  /** @param {Choice} choice */
  function take(choice) {
    end({ value: choice.value, note: note?.value.trim() ?? "" });
    dialog.close();
  }

  /** @param {{value: any, note: string}|null} given */
  function end(given) {
    answer(given);
    answer = () => {};
    if (!dialog.isConnected) return;
    queueMicrotask(() => {
      dialog.remove();
      if (came?.isConnected) came.focus({ preventScroll: true });
    });
  }

  document.body.append(dialog);
  draw();
  dialog.showModal();
  input.focus();
  return new Promise((resolve) => { answer = resolve; });
}

/**
 * Ask for one line of text; null when it was called off.
 * @param {{title: string, label: string, value?: string, action: string, check?: {label: string, on: boolean}|null}} question
 * @returns {Promise<{text: string, checked: boolean}|null>}
 */
export function ask({ title, label, value = "", action, check = null }) {
  const id = `ask-${++count}`;
  const came = /** @type {HTMLElement|null} */ (document.activeElement);
  return new Promise((resolve) => {
    const input = h("input", { type: "text", id, value, maxlength: 60, required: true, autocomplete: "off", "data-testid": "ask-input" });
    const box = check && h("input", { type: "checkbox", "data-testid": "ask-check", ...(check.on ? { checked: true } : {}) });
    /** @param {{text: string, checked: boolean}|null} given */
    const end = (given) => {
      resolve(given);
      if (!dialog.isConnected) return;
      queueMicrotask(() => { dialog.remove(); if (came?.isConnected) came.focus({ preventScroll: true }); });
    };
    const dialog = h("dialog", { class: "choose", "aria-labelledby": `${id}-title`, "data-testid": "ask", onclick: closeOutside, onclose: () => end(null) },
      h("form", {
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          end(input.value.trim() ? { text: input.value.trim(), checked: Boolean(box?.checked) } : null);
          dialog.close();
        },
      },
        h("header", {}, h("h2", { id: `${id}-title` }, title),
          h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))),
        h("label", { for: id }, label), input,
        box && h("label", { class: "check" }, box, check.label),
        h("div", { class: "choose-acts" }, h("button", { class: "button primary", type: "submit", "data-testid": "ask-save" }, action))));
    document.body.append(dialog);
    dialog.showModal();
    input.select();
  });
}
