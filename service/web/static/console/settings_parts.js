/**
 * What the settings pages are made of: sections, forms that say what went wrong, questions before something is
 * lost, and secrets that are shown once.
 */

import { ApiError, explain } from "./api.js";
import { h, icon } from "./dom.js";
import { toast } from "./toast.js";

/** @typedef {import("./dom.js").Child} Child */

let count = 0;

/** @param {string} heading @param {Child} says @param {...(Child|Child[])} content */
export function section(heading, says, ...content) {
  return h("section", { class: "setting" }, h("h3", {}, heading), says && h("p", { class: "soft" }, says), ...content);
}

/**
 * A label, its field and, below it, what is to know of it.
 * @param {string} label @param {HTMLElement} input @param {Child} [hint]
 */
export function field(label, input, hint) {
  input.id ||= `setting-${++count}`;
  const id = `${input.id}-hint`;
  if (hint) input.setAttribute("aria-describedby", id);
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, hint && h("p", { class: "soft", id }, hint));
}

/** What went wrong, for people; of a field only its words. @param {unknown} error */
export function wrong(error) {
  const named = error instanceof ApiError && error.status === 422 ? error.errors[0]?.message : "";
  return named ? named.charAt(0).toUpperCase() + named.slice(1) : explain(error);
}

/**
 * A form with one button; what `save` throws is shown below the input of that name, which is focused, else above the
 * button; what it returns is a short message.
 * @param {{testid: string, label: string, save: () => Promise<string|void>, plain?: boolean}} act
 * @param {...(Child|Child[])} content
 */
export function form({ testid, label, save, plain = false }, ...content) {
  const error = h("p", { class: "error", role: "alert", hidden: true, "data-testid": `${testid}-error` });
  const button = h("button", { class: plain ? "button" : "button primary", type: "submit", "data-testid": `${testid}-save` }, label);
  const foot = h("div", { class: "form-foot" }, button);
  const made = /** @type {HTMLFormElement} */ (h("form", {
    class: "setting-form", "data-testid": testid, novalidate: true,
    onsubmit: async (/** @type {Event} */ event) => {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      error.hidden = true;
      for (const input of made.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
      try {
        const said = await save();
        if (said) toast(said);
      } catch (problem) {
        error.hidden = false;
        error.textContent = wrong(problem);
        const input = made.elements.namedItem(problem instanceof ApiError ? problem.errors[0]?.field ?? "" : "");
        if (input instanceof HTMLElement) {
          input.setAttribute("aria-invalid", "true");
          input.closest(".field")?.append(error); // a long form hides what is at its end
          input.focus();
        } else {
          foot.before(error);
        }
      } finally {
        button.disabled = false;
      }
    },
  }, ...content, error, foot));
  return made;
}

/**
 * @param {string} heading @param {string} testid @param {...(Child|Child[])} content
 * @returns {HTMLDialogElement} open, and gone when it is closed
 */
export function dialog(heading, testid, ...content) {
  const id = `dialog-${++count}`;
  const made = h("dialog", { class: "setting-dialog", "aria-labelledby": id, "data-testid": testid, onclose: () => made.remove() },
    h("header", {}, h("h2", { id }, heading),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => made.close() }, icon("close"))),
    h("div", { class: "setting-dialog-body" }, ...content));
  document.body.append(made);
  made.showModal();
  return made;
}

/**
 * Ask before something that is not easily undone; `act` runs when it is wanted.
 * @param {{heading: string, words: string, label: string, act: () => Promise<string|void>}} question
 */
export function ask({ heading, words, label, act }) {
  const asked = dialog(heading, "question", form({
    testid: "question-form", label,
    save: async () => {
      const said = await act();
      asked.close();
      return said;
    },
  }, h("p", {}, words)));
}

/**
 * Fields for what the desk asks before something that a stolen session must not do: the password and, with
 * two-factor sign-in, a code.
 * @param {boolean} twoFactor
 * @returns {{fields: HTMLElement[], password: HTMLInputElement, told: () => {password: string, totp?: string}}}
 */
export function proof(twoFactor) {
  const password = h("input", { type: "password", name: "password", autocomplete: "current-password", required: true, "data-testid": "confirm-password" });
  const code = h("input", { type: "text", name: "totp", autocomplete: "one-time-code", maxlength: 40, spellcheck: "false", "data-testid": "confirm-code" });
  const fields = [field("Your password", password)];
  if (twoFactor) fields.push(field("Code", code, "From your authenticator app, or a recovery code."));
  return { fields, password, told: () => ({ password: password.value, ...(twoFactor && { totp: code.value }) }) };
}

/**
 * Ask who one is once more; `act` gets it for the desk, and what it throws is shown beside the fields.
 * @param {{heading: string, words: string, label: string, twoFactor?: boolean, act: (proof: {password: string, totp?: string}) => Promise<string|void>}} question
 */
export function askPassword({ heading, words, label, twoFactor = false, act }) {
  const { fields, password, told } = proof(twoFactor);
  const asked = dialog(heading, "password-question", form({
    testid: "password-form", label,
    save: async () => {
      const said = await act(told());
      asked.close();
      return said;
    },
  }, h("p", {}, words), ...fields));
  password.focus();
}

/**
 * A secret that nobody can look up later, with a button that copies it.
 * @param {string} heading @param {string} words @param {string[]} secrets
 */
export function showOnce(heading, words, secrets) {
  const copy = h("button", {
    class: "button", type: "button", "data-testid": "secret-copy",
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(secrets.join("\n"));
        told.textContent = "Copied.";
      } catch {
        told.textContent = "Copying is not allowed here: select it and copy it by hand.";
      }
    },
  }, icon("copy"), "Copy");
  const told = h("span", { class: "soft", role: "status" });
  const done = h("button", { class: "button primary", type: "button", "data-testid": "secret-done", onclick: () => shown.close() }, "I have kept it");
  const shown = dialog(heading, "secret", h("p", {}, words),
    h("ul", { class: "secrets", role: "list" }, secrets.map((secret) => h("li", {}, h("code", { "data-testid": "secret-text" }, secret)))),
    h("div", { class: "form-foot" }, told, copy, done));
  done.focus();
}

/** Three grey lines while something is on its way. */
export function skeleton() {
  return h("div", { class: "skeleton", "aria-hidden": "true" }, h("span"), h("span"), h("span"));
}

/** Fetch and draw the settings page anew: something on it has changed. */
export function renew() {
  document.getElementById("settings")?.dispatchEvent(new Event("renew"));
}
