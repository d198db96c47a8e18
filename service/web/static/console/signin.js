/**
 * `<desk-sign-in>`: e-mail and password; fires "signed-in" with the operator.
 */

import { ApiError, explain, post } from "./api.js";
import { h } from "./dom.js";

export class DeskSignIn extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    this.email = h("input", {
      id: "email", type: "email", name: "email", autocomplete: "username", required: true, "data-testid": "email",
      autocapitalize: "none", spellcheck: "false",
    });
    this.password = h("input", {
      id: "password", type: "password", name: "password", autocomplete: "current-password", required: true, "data-testid": "password",
    });
    this.notice = h("p", { class: "notice", hidden: true, role: "status" });
    this.error = h("p", { class: "error", role: "alert", hidden: true, id: "sign-in-error", "data-testid": "sign-in-error" });
    this.button = h("button", { class: "button primary", type: "submit", "data-testid": "sign-in" }, "Sign in");
    this.append(h("form", {
      class: "sign-in", novalidate: true, "aria-labelledby": "sign-in-title",
      onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void this.submit(); },
    },
      h("span", { class: "mark", "aria-hidden": "true" }),
      h("h1", { id: "sign-in-title" }, "Sign in to frontdesk"),
      h("p", { class: "soft" }, "For the people who answer customers."),
      this.notice,
      h("label", { for: "email" }, "E-mail"), this.email,
      h("label", { for: "password" }, "Password"), this.password,
      this.error, this.button));
  }

  /** @param {string} [notice] why we are here again */
  ask(notice = "") {
    if (!this.notice || !this.error || !this.password || !this.email) return;
    this.notice.hidden = !notice;
    this.notice.textContent = notice;
    this.error.hidden = true;
    this.password.value = "";
    (this.email.value ? this.password : this.email).focus();
  }

  async submit() {
    const { email, password, button, error } = this;
    if (!email || !password || !button || !error || button.disabled) return;
    const missing = !email.value.trim() ? email : !password.value ? password : null;
    if (missing) return this.fail(missing === email ? "Enter your e-mail address." : "Enter your password.", missing);
    button.disabled = true;
    button.textContent = "Signing in…";
    error.hidden = true;
    try {
      const { operator } = await post("/sessions", { email: email.value.trim(), password: password.value });
      password.value = "";
      this.dispatchEvent(new CustomEvent("signed-in", { detail: operator }));
    } catch (problem) {
      const wrong = problem instanceof ApiError && [401, 403, 422].includes(problem.status);
      this.fail(wrong ? "This e-mail and password do not go together." : explain(problem), password);
    } finally {
      button.disabled = false;
      button.textContent = "Sign in";
    }
  }

  /** @param {string} words @param {HTMLInputElement} field */
  fail(words, field) {
    if (!this.error) return;
    this.error.hidden = false;
    this.error.textContent = words;
    for (const input of [this.email, this.password]) {
      input?.setAttribute("aria-invalid", String(input === field));
      input?.setAttribute("aria-describedby", "sign-in-error");
    }
    field.focus();
    field.select();
  }
}

customElements.define("desk-sign-in", DeskSignIn);
