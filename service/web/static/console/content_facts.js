/**
 * `<content-facts>`: what the desk knows of itself and its answers print: opening hours, prices, addresses.
 */

import { explain } from "./api.js";
import { FACTS } from "./content_kinds.js";
import { fill, h } from "./dom.js";
import { EditForm } from "./edit_form.js";
import { loadFacts } from "./facts.js";
import { loadContent } from "./session.js";
import { toast } from "./toast.js";

export class ContentFacts extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    this.body = h("div", {}, h("p", { class: "soft" }, "One moment …"));
    this.append(h("div", { class: "section-page" }, h("h2", {}, "Facts"),
      h("p", { class: "soft" }, "Written once, printed by every answer that names them."), this.body));
  }

  /** @param {string|null} _id */
  open(_id) {
    if (!this.form?.isChanged) void this.refresh();
  }

  contentChanged() {
    if (!this.hidden && !this.form?.isChanged && !this.contains(document.activeElement)) void this.refresh();
  }

  async refresh() {
    if (!this.body) return;
    try {
      const known = await loadFacts();
      this.form = new EditForm(FACTS, known, {
        saved: () => { toast("Saved. Answers print it from now on."); void this.refresh(); void loadContent(); },
      });
      fill(this.body, h("div", { class: "card" }, this.form.element));
    } catch (error) {
      fill(this.body, h("p", { class: "error", role: "alert" }, explain(error)),
        h("button", { class: "button", type: "button", onclick: () => void this.refresh() }, "Try again"));
    }
  }
}

customElements.define("content-facts", ContentFacts);
