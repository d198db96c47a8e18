/**
 * The list that "/" opens while a reply is written: canned replies and templates, narrowed as one types,
 * each shown as it would stand in the reply before it is taken. Belongs to the composer, which it asks
 * what is known and gives what was taken.
 */

import { openCanned, readyReplies, WHOSE } from "./canned.js";
import { fill, h, keycap } from "./dom.js";
import { fitting } from "./fuzzy.js";
import { announce } from "./toast.js";
import { fillIn, pieces } from "./variables.js";
import { plural } from "./words.js";

/** @import {Ready} from "./canned.js" */

/** A slash at the beginning or after a space, and up to three words behind it. */
const ASKED = /(?:^|\s)\/((?:[^\s/]{1,40}(?: [^\s/]{0,40}){0,2})?)$/u;
const MOST = 40;

export class SlashList {
  /**
   * @param {HTMLTextAreaElement} text
   * @param {{facts: () => Record<string, string>, take: (ready: Ready, from: number, to: number) => void}} composer
   */
  constructor(text, composer) {
    this.text = text;
    this.composer = composer;
    /** @type {Ready[]} */
    this.found = [];
    this.active = 0;
    this.from = -1;
    this.dismissed = -1;
    this.words = "";
    this.list = h("div", { class: "slash-list", role: "listbox", id: "slash-list", tabindex: 0, "aria-label": "Replies to take" });
    this.preview = h("div", { class: "slash-preview", dir: "auto", tabindex: 0, role: "group", "aria-label": "As it would stand in the reply", "data-testid": "slash-preview" });
    this.element = h("div", {
      class: "slash", hidden: true, "data-testid": "slash",
      onmousedown: (/** @type {Event} */ event) => event.preventDefault(), // the text keeps the focus
    },
      h("div", { class: "slash-body" }, this.list, this.preview),
      h("div", { class: "slash-foot" }, h("span", {}, keycap("↑"), keycap("↓"), " choose, ", keycap("Enter"), " takes, ", keycap("Esc"), " closes"),
        h("button", { class: "quiet", type: "button", tabindex: -1, "data-testid": "slash-manage", onclick: () => { this.close(); openCanned(); } }, "Edit canned replies")));
    text.setAttribute("aria-autocomplete", "list");
    text.addEventListener("blur", () => this.close());
    document.addEventListener("selectionchange", () => document.activeElement === text && this.follow());
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** The text or the place in it has changed. */
  follow() {
    const { text } = this;
    const place = text.selectionStart;
    const asked = place === text.selectionEnd && !text.readOnly ? ASKED.exec(text.value.slice(0, place)) : null;
    if (!asked) {
      this.dismissed = -1;
      return this.close();
    }
    const from = place - asked[1].length - 1;
    if (from === this.dismissed) return;
    if (this.isOpen && from === this.from && asked[1] === this.words) return;
    this.from = from;
    this.words = asked[1];
    this.found = fitting(asked[1], readyReplies(), ({ label, words, text: said }) => [label, words, said]).slice(0, MOST);
    this.active = 0;
    if (!this.found.length) return asked[1] ? this.close() : this.showEmpty();
    this.list.hidden = false;
    this.draw();
    this.element.hidden = false;
    text.setAttribute("aria-controls", "slash-list");
    announce(plural(this.found.length, "reply", "replies"));
  }

  showEmpty() {
    this.list.hidden = true;
    fill(this.preview, "There are no canned replies and no templates yet.");
    this.element.hidden = false;
  }

  draw() {
    fill(this.list, this.found.map(({ kind, label }, at) => h("div", {
      class: "slash-option", role: "option", id: `slash-${at}`, "aria-selected": String(at === this.active), "data-testid": "slash-option",
      onclick: () => this.take(at), onmousemove: () => at !== this.active && this.choose(at),
    }, h("span", { class: "slash-name" }, h("bdi", {}, label)), h("span", { class: "tag", data: { kind } }, WHOSE[kind]))));
    this.show();
  }

  /** @param {number} at */
  choose(at) {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = at;
    this.list.children[at]?.setAttribute("aria-selected", "true");
    this.show();
  }

  show() {
    const ready = this.found[this.active];
    this.text.setAttribute("aria-activedescendant", `slash-${this.active}`);
    this.list.children[this.active]?.scrollIntoView({ block: "nearest" });
    fill(this.preview, pieces(fillIn(ready.text, this.composer.facts())).map(({ text, gap }) =>
      (gap ? h("mark", { title: "To be filled in" }, text) : text)));
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was ours */
  key(event) {
    if (!this.isOpen || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) this.choose((this.active + step + this.found.length) % this.found.length);
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && this.found.length) this.take(this.active);
    else if (event.key === "Escape") {
      this.dismissed = this.from;
      this.close();
    } else return false;
    event.preventDefault();
    return true;
  }

  /** @param {number} at */
  take(at) {
    const { from } = this;
    const ready = this.found[at];
    this.close();
    this.composer.take(ready, from, this.text.selectionStart);
  }

  close() {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.found = [];
    this.text.removeAttribute("aria-activedescendant");
    this.text.removeAttribute("aria-controls");
  }
}
