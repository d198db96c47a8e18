/**
 * `<desk-sign-in>`: e-mail and password, and a code where the account wants one; fires "signed-in" with
 * the operator.
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
    this.code = h("input", {
      id: "totp", type: "text", name: "totp", autocomplete: "one-time-code", autocapitalize: "none", spellcheck: "false",
      maxlength: 40, "data-testid": "totp", "aria-describedby": "totp-says",
    });
    this.second = h("div", { class: "second-factor", hidden: true },
      h("label", { for: "totp" }, "Code of your authenticator"), this.code,
      h("p", { class: "soft", id: "totp-says" }, "Without your device: one of your recovery codes."));
    const again = () => this.askCode(false);
    this.email.addEventListener("input", again);
    this.password.addEventListener("input", again);
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
      this.second, this.error, this.button));
  }

  /** @param {string} [notice] why we are here again */
  ask(notice = "") {
    if (!this.notice || !this.error || !this.password || !this.email) return;
    this.notice.hidden = !notice;
    this.notice.textContent = notice;
    this.error.hidden = true;
    this.password.value = "";
    this.askCode(false);
    (this.email.value ? this.password : this.email).focus();
  }

  /** @param {boolean} wanted whether the account wants a code, too */
  askCode(wanted) {
    if (!this.second || !this.code) return;
    this.second.hidden = !wanted;
    this.code.value = "";
    if (wanted) this.code.focus();
  }

  async submit() {
    const { email, password, code, second, button, error } = this;
    if (!email || !password || !code || !second || !button || !error || button.disabled) return;
    const missing = !email.value.trim() ? email : !password.value ? password : null;
    if (missing) return this.fail(missing === email ? "Enter your e-mail address." : "Enter your password.", missing);
    const totp = second.hidden ? null : code.value.trim();
    if (totp === "") return this.fail("Enter the code.", code);
    button.disabled = true;
    button.textContent = "Signing in…";
    error.hidden = true;
    try {
      const { operator } = await post("/sessions", { email: email.value.trim(), password: password.value, ...(totp && { totp }) });
      password.value = "";
      this.askCode(false);
      this.dispatchEvent(new CustomEvent("signed-in", { detail: operator }));
    } catch (problem) {
      if (problem instanceof ApiError && problem.code === "totp_needed") return this.askCode(true);
      if (problem instanceof ApiError && problem.code === "totp_wrong") return this.fail(problem.message, code);
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
    for (const input of [this.email, this.password, this.code]) {
      input?.setAttribute("aria-invalid", String(input === field));
      input?.setAttribute("aria-describedby", "sign-in-error");
    }
    field.focus();
    field.select();
  }
}

customElements.define("desk-sign-in", DeskSignIn);
