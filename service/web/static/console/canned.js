/**
 * Canned replies: fetched once and again when they change, offered with the desk's templates, and the
 * dialog in which they are made, edited and removed.
 */

import { explain, get, post, put, remove } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { closeOutside } from "./keys.js";
import { session } from "./session.js";
import { toast } from "./toast.js";
import { title } from "./words.js";

/** @typedef {{id: string, name: string, text: string, own: boolean, updated_at: string}} Canned */
/** @typedef {{kind: "own"|"team"|"template", name: string, label: string, text: string, words: string}} Ready a reply that only needs to be taken */

/** @type {Canned[]} */
let known = [];

/** Fires "change" when they were fetched anew. */
export const cannedReplies = new EventTarget();

export async function loadCanned() {
  known = (await get("/canned-replies")).canned_replies;
  cannedReplies.dispatchEvent(new Event("change"));
}

export const WHOSE = { own: "mine", team: "team", template: "template" };

/** Everything that can be taken: one's own, the team's, the desk's templates. @returns {Ready[]} */
export function readyReplies() {
  const canned = known.map(({ name, text, own }) => /** @type {Ready} */ ({
    kind: own ? "own" : "team", name, label: name, text, words: "",
  }));
  const templates = session.templates.map(({ name, intent, text }) => /** @type {Ready} */ ({
    kind: "template", name, label: title(name), text: text.trim(), words: title(intent),
  }));
  return [...canned.filter(({ kind }) => kind === "own"), ...canned.filter(({ kind }) => kind === "team"), ...templates];
}

/** The dialog that keeps them. @param {string} [text] of a new one, as it was written */
export function openCanned(text = "") {
  new CannedDialog(text).open();
}

class CannedDialog {
  /** @param {string} text */
  constructor(text) {
    /** @type {string} the one that is edited; none is a new one */
    this.id = "";
    this.list = h("ul", { class: "canned-list", role: "list", "aria-label": "Canned replies" });
    this.name = h("input", { type: "text", id: "canned-name", maxlength: 80, required: true, autocomplete: "off", "data-testid": "canned-name" });
    this.text = h("textarea", { id: "canned-text", rows: 7, maxlength: 8000, required: true, dir: "auto", "data-testid": "canned-text" });
    this.own = h("input", { type: "checkbox", "data-testid": "canned-own" });
    this.error = h("p", { class: "error", role: "alert", hidden: true });
    this.heading = h("h3", {}, "A new reply");
    this.removeButton = h("button", { class: "button", type: "button", hidden: true, "data-testid": "canned-remove", onclick: () => void this.removeIt() }, "Remove");
    this.saveButton = h("button", { class: "button primary", type: "submit", "data-testid": "canned-save" }, "Save");
    this.dialog = h("dialog", {
      class: "dialog canned", "aria-labelledby": "canned-title", "data-testid": "canned", onclick: closeOutside, onclose: () => this.closed(),
    },
      h("header", {}, h("h2", { id: "canned-title" }, "Canned replies"),
        h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => this.dialog.close() }, icon("close"))),
      h("div", { class: "canned-body" },
        h("div", { class: "canned-side" },
          h("button", { class: "button", type: "button", "data-testid": "canned-new", onclick: () => this.edit(null) }, icon("plus"), "New reply"), this.list),
        h("form", { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void this.save(); } },
          this.heading,
          h("label", { for: "canned-name" }, "Name"), this.name,
          h("label", { for: "canned-text" }, "Text"), this.text,
          h("p", { class: "soft" }, "{customer_name}, {operator_name} and the desk's facts are filled in; what is not known is asked for before it is sent."),
          h("label", { class: "check" }, this.own, h("span", {}, "Only for me")),
          this.error, h("footer", {}, this.removeButton, this.saveButton))));
    this.follow = () => this.draw();
    this.text.value = text;
  }

  open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.name.focus();
    cannedReplies.addEventListener("change", this.follow);
    this.draw();
    void loadCanned().catch((error) => this.fail(`The list may be old. ${explain(error)}`));
  }

  closed() {
    cannedReplies.removeEventListener("change", this.follow);
    this.dialog.remove();
  }

  draw() {
    fill(this.list, known.length ? known.map((reply) => h("li", {}, h("button", {
      class: "canned-item", type: "button", "aria-pressed": String(reply.id === this.id), "data-testid": "canned-item", onclick: () => this.edit(reply),
    }, h("span", {}, h("bdi", {}, reply.name)), h("span", { class: "tag" }, WHOSE[reply.own ? "own" : "team"]))))
      : h("li", { class: "soft" }, "None yet. Write the first one."));
  }

  /** @param {Canned|null} reply */
  edit(reply) {
    this.id = reply?.id ?? "";
    this.heading.textContent = reply ? "Edit the reply" : "A new reply";
    this.name.value = reply?.name ?? "";
    this.text.value = reply?.text ?? "";
    this.own.checked = reply?.own ?? false;
    this.removeButton.hidden = !reply;
    this.fail("");
    this.draw();
    this.name.focus();
  }

  async save() {
    const body = { name: this.name.value.trim(), text: this.text.value.trim(), own: this.own.checked };
    if (!body.name || !body.text) return this.fail("A reply needs a name and a text.");
    this.saveButton.disabled = true;
    try {
      await (this.id ? put(`/canned-replies/${encodeURIComponent(this.id)}`, body) : post("/canned-replies", body));
      this.edit(null);
      toast("Saved. Type / in a reply to use it.");
      await loadCanned();
    } catch (error) {
      this.fail(`Not saved. ${explain(error)}`);
    } finally {
      this.saveButton.disabled = false;
    }
  }

  async removeIt() {
    const { id } = this;
    const reply = known.find((one) => one.id === id);
    try {
      await remove(`/canned-replies/${encodeURIComponent(id)}`);
      this.edit(null);
      await loadCanned();
      if (reply) toast("Removed.", { label: "Undo", act: () => void restore(reply) });
    } catch (error) {
      this.fail(`Not removed. ${explain(error)}`);
    }
  }

  /** @param {string} words */
  fail(words) {
    this.error.hidden = !words;
    this.error.textContent = words;
  }
}

/** @param {Canned} reply */
async function restore({ name, text, own }) {
  try {
    await post("/canned-replies", { name, text, own });
    await loadCanned();
  } catch (error) {
    toast(`Not brought back. ${explain(error)}`, { tone: "bad" });
  }
}
