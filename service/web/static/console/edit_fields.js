/**
 * The fields of an editor: each an element with its label, its help, and a place for what is wrong with it.
 */

import { fill, h, icon } from "./dom.js";
import { plural, title } from "./words.js";

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label
 * @property {"line"|"text"|"choice"|"checks"|"facts"|"group"} as
 * @property {(field: Field, id: string, described: string, changed: () => void) => Input} [make] for a group: its own input
 * @property {() => [string, string][]} [choices] values with their words
 * @property {string} [help]
 * @property {boolean} [fixed] only chosen when it is made
 * @property {number} [rows]
 * @property {() => Record<string, string[]>} [used] for facts: which templates use which
 *
 * @typedef {object} Shown
 * @property {HTMLElement} element
 * @property {() => any} read
 * @property {(value: any) => void} write
 * @property {(words: string) => void} blame what is wrong with it; nothing when it is empty
 * @property {() => void} focus
 * @property {() => string} [explains] what is wrong before the desk is asked; nothing where that is not known
 */

let last = 0;

/** @param {Field} field @param {() => void} changed @returns {Shown} */
export function showField(field, changed) {
  const id = `field-${++last}`;
  const problem = h("p", { class: "field-problem", id: `${id}-problem`, hidden: true });
  const help = field.help ? h("p", { class: "field-help", id: `${id}-help` }, field.help) : null;
  const described = [help && `${id}-help`, `${id}-problem`].filter(Boolean).join(" ");
  const input = (field.make ?? MAKE[field.as])(field, id, described, changed);
  const isGroup = ["checks", "facts", "group"].includes(field.as);
  const label = isGroup ? h("legend", {}, field.label) : h("label", { for: id }, field.label);
  const element = h(isGroup ? "fieldset" : "div", { class: "field", data: { as: field.as } }, label, input.element, help, problem);
  return {
    element,
    read: input.read,
    write: input.write,
    focus: input.focus,
    explains: input.explains,
    blame: (words) => {
      problem.hidden = !words;
      problem.textContent = words;
      // A group's own parts know which of them is meant.
      for (const box of field.as === "group" ? [] : element.querySelectorAll("input, textarea, select")) {
        if (words) box.setAttribute("aria-invalid", "true");
        else box.removeAttribute("aria-invalid");
      }
    },
  };
}

/** @typedef {Omit<Shown, "blame">} Input */

/** @type {Record<string, (field: Field, id: string, described: string, changed: () => void) => Input>} */
const MAKE = {
  line: (field, id, described, changed) => plain(h("input", {
    id, type: "text", maxlength: 200, dir: "auto", "aria-describedby": described, "data-testid": `edit-${field.name}`, oninput: changed,
  })),
  text: (field, id, described, changed) => plain(h("textarea", {
    id, rows: field.rows ?? 4, maxlength: 100_000, dir: "auto", "aria-describedby": described, "data-testid": `edit-${field.name}`, oninput: changed,
  })),
  choice: (field, id, described, changed) => {
    const select = h("select", { id, "aria-describedby": described, "data-testid": `edit-${field.name}`, onchange: changed });
    const renew = (/** @type {string} */ value) => {
      const choices = field.choices?.() ?? [];
      if (!choices.some(([known]) => known === value)) choices.push([value, title(value) || "–"]);
      fill(select, choices.map(([known, words]) => h("option", { value: known }, words)));
      select.value = value;
    };
    renew("");
    return { element: select, read: () => select.value || null, write: (value) => renew(value ?? ""), focus: () => select.focus() };
  },
  checks: (field, id, described, changed) => {
    const box = h("div", { class: "checks-box", "data-testid": `edit-${field.name}` });
    /** @type {Set<string>} */
    let chosen = new Set();
    const draw = () => {
      const choices = field.choices?.() ?? [];
      for (const name of chosen) if (!choices.some(([known]) => known === name)) choices.push([name, title(name)]);
      fill(box, choices.length ? choices.map(([value, words]) => h("label", { class: "check" },
        h("input", {
          type: "checkbox", value, checked: chosen.has(value), "aria-describedby": described,
          onchange: (/** @type {Event} */ event) => {
            if (/** @type {HTMLInputElement} */ (event.target).checked) chosen.add(value);
            else chosen.delete(value);
            changed();
          },
        }), words)) : h("p", { class: "soft" }, "There is nothing to choose from."));
    };
    return {
      element: box,
      read: () => [...chosen],
      write: (value) => { chosen = new Set(value ?? []); draw(); },
      focus: () => box.querySelector("input")?.focus(),
    };
  },
  facts: (field, id, described, changed) => factsInput(field, described, changed),
};

/** @param {HTMLInputElement|HTMLTextAreaElement} element @returns {Input} */
function plain(element) {
  return { element, read: () => element.value, write: (value) => { element.value = value ?? ""; }, focus: () => element.focus() };
}

/** Names and values, a row each. @param {Field} field @param {string} described @param {() => void} changed @returns {Input} */
function factsInput(field, described, changed) {
  const list = h("ul", { class: "facts-rows", role: "list" });
  /** @param {string} name @param {string} value @param {boolean} fresh */
  const row = (name, value, fresh) => {
    const users = field.used?.()[name]?.length ?? 0;
    const nameBox = h("input", {
      type: "text", class: "fact-name code", maxlength: 100, value: name, "aria-label": "Name of the fact", "data-testid": "fact-name",
      readonly: !fresh, placeholder: "name", oninput: changed,
    });
    const valueBox = h("input", {
      type: "text", class: "fact-value", maxlength: 2000, value, dir: "auto", "aria-label": `Value of ${name || "the fact"}`,
      "aria-describedby": described, placeholder: "not known: replies with it are not sent", "data-testid": "fact-value", oninput: changed,
    });
    return h("li", { data: { fact: name } }, nameBox, valueBox,
      h("span", { class: "fact-used soft" }, fresh ? "" : users ? `used ${plural(users, "time")}` : "not used"),
      h("button", {
        class: "icon-button", type: "button", "aria-label": `Remove ${name || "the fact"}`, title: "Remove", "data-testid": "fact-remove",
        onclick: (/** @type {Event} */ event) => { /** @type {HTMLElement} */ (event.currentTarget).closest("li")?.remove(); changed(); },
      }, icon("close")));
  };
  const add = h("button", {
    class: "button", type: "button", "data-testid": "fact-add",
    onclick: () => { list.append(row("", "", true)); /** @type {HTMLElement|null} */ (list.querySelector("li:last-child input"))?.focus(); },
  }, icon("plus"), "Add a fact");
  const element = h("div", { class: "facts-box" }, list, h("div", {}, add));
  return {
    element,
    read: () => Object.fromEntries([...list.children].map((item) => [...item.querySelectorAll("input")].map((box) => box.value.trim()))
      .filter(([name, value]) => name || value)),
    write: (value) => fill(list, Object.entries(value ?? {}).map(([name, text]) => row(name, String(text), false))),
    focus: () => list.querySelector("input")?.focus(),
  };
}
