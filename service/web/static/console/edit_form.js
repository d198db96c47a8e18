/**
 * The editor of one item of content, whatever its kind: fields, preview, save, delete with undo, history.
 * What is typed is kept as a draft until it is saved; who was faster is shown beside what one wrote.
 */

import { ApiError, explain, post, put, remove } from "./api.js";
import { diffOf } from "./diff.js";
import { fill, h, icon } from "./dom.js";
import { keepEdit, readEdit } from "./edit_drafts.js";
import { showField } from "./edit_fields.js";
import { openHistory, undoLast } from "./edit_history.js";
import { isMac } from "./keys.js";
import { timeOf } from "./time.js";
import { toast } from "./toast.js";

/** @import {Field, Shown} from "./edit_fields.js" */

/**
 * @typedef {object} Kind
 * @property {string} kind as history has it
 * @property {string} noun
 * @property {string} path below /api/v1
 * @property {string} one the field of the answer that holds the item
 * @property {string|null} key the field that names it; null for what there is one of
 * @property {Field[]} fields
 * @property {(values: Record<string, any>) => Node|null} [preview]
 * @property {(values: Record<string, any>, item: Record<string, any>|null) => Record<string, any>} [body] what is sent of the values
 * @property {(item: Record<string, any>) => Record<string, any>} [values] what is edited of an item
 * @property {boolean} [forgets] history does not keep it
 */

/** One form; its `element` is put wherever it is edited. */
export class EditForm {
  /**
   * @param {Kind} kind
   * @param {Record<string, any>|null} item null makes a new one
   * @param {{initial?: Record<string, any>, scope?: string, saved?: (item: any, answer: any) => void, left?: () => void,
   *   extra?: Node|null, fixed?: string[]}} [options] `scope` tells drafts of new items apart; `fixed` fields are not shown; `extra` stands beside the buttons
   */
  constructor(kind, item, { initial = {}, scope = "", saved = () => {}, left = () => {}, extra = null, fixed = [] } = {}) {
    this.kind = kind;
    this.item = item;
    this.initial = initial;
    this.saved = saved;
    this.left = left;
    this.busy = false;
    this.draftName = item ? this.nameOf(item) : `+${scope}`;
    const kept = readEdit(kind.kind, this.draftName);
    /** @type {string|null} what is edited; a draft remembers its own */
    this.version = kept ? kept.version : item?.version ?? null;
    /** @type {Map<string, Shown>} */
    this.shown = new Map();
    for (const field of kind.fields) {
      if (fixed.includes(field.name) || (item && field.fixed)) continue;
      this.shown.set(field.name, showField(field, () => this.changed()));
    }
    this.build(extra);
    this.write(this.base());
    if (kept) this.write({ ...this.base(), ...kept.values });
    this.changed();
  }

  /** @param {Record<string, any>} item */
  nameOf(item) {
    return String(this.kind.key ? item[this.kind.key] : this.kind.kind);
  }

  get path() {
    const { kind, item } = this;
    return item && kind.key ? `${kind.path}/${encodeURIComponent(this.nameOf(item))}` : kind.path;
  }

  /** What the fields show when nothing is edited. */
  base() {
    return this.item ? this.kind.values?.(this.item) ?? this.item : this.initial;
  }

  /** @param {Node|null} extra */
  build(extra) {
    const { kind, item } = this;
    this.problem = h("p", { class: "error", role: "alert", "data-testid": "edit-error", hidden: true });
    this.conflict = h("div", { class: "conflict-panel", hidden: true, tabindex: "-1", "data-testid": "edit-conflict" });
    this.preview = h("div", { class: "edit-preview", "data-testid": "edit-preview", hidden: true });
    this.unsaved = h("span", { class: "unsaved", role: "status", "data-testid": "edit-unsaved" });
    this.saveButton = h("button", { class: "button primary", type: "submit", "data-testid": "edit-save", title: isMac ? "⌘ S" : "Ctrl + S" }, item ? "Save" : "Add");
    this.discardButton = h("button", { class: "button", type: "button", "data-testid": "edit-discard", onclick: () => this.discard() }, item ? "Discard" : "Cancel");
    this.element = h("form", {
      class: "edit", novalidate: true, data: { kind: kind.kind, name: this.draftName }, "data-testid": `edit-${kind.kind}`,
      onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void this.save(); },
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.keyed(event),
    },
      ...[...this.shown.values()].map(({ element }) => element), this.preview, this.problem, this.conflict,
      h("div", { class: "edit-foot" },
        item && !kind.forgets && h("button", { class: "quiet", type: "button", "data-testid": "edit-history", onclick: () => this.openHistory() }, icon("clock"), "History"),
        item && kind.key && h("button", { class: "quiet", type: "button", "data-testid": "edit-delete", onclick: () => void this.remove() }, icon("close"), "Delete"),
        extra, this.unsaved, this.discardButton, this.saveButton));
  }

  /** @param {KeyboardEvent} event */
  keyed(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !(event.key === "s" || event.key === "Enter")) return;
    event.preventDefault();
    void this.save();
  }

  read() {
    return Object.fromEntries([...this.shown].map(([name, { read }]) => [name, read()]));
  }

  /** @param {Record<string, any>} values */
  write(values) {
    for (const [name, { write }] of this.shown) write(values[name]);
  }

  get isChanged() {
    const base = this.base();
    return Object.entries(this.read()).some(([name, value]) => plainly(value) !== plainly(base[name]));
  }

  changed() {
    const { isChanged } = this;
    const values = this.read();
    keepEdit(this.kind.kind, this.draftName, isChanged ? { values, version: this.version } : null);
    if (this.unsaved) this.unsaved.textContent = isChanged && this.item ? "Not saved yet" : "";
    if (this.saveButton) this.saveButton.disabled = this.busy || (!isChanged && Boolean(this.item));
    if (this.discardButton) this.discardButton.hidden = Boolean(this.item) && !isChanged;
    const shown = this.kind.preview?.({ ...this.base(), ...values }) ?? null;
    if (this.preview) {
      this.preview.hidden = !shown;
      fill(this.preview, shown);
    }
  }

  discard() {
    keepEdit(this.kind.kind, this.draftName, null);
    this.version = this.item?.version ?? null;
    this.write(this.base());
    this.clear();
    this.changed();
    if (!this.item) this.left();
  }

  clear() {
    if (this.problem) this.problem.hidden = true;
    if (this.conflict) this.conflict.hidden = true;
    for (const { blame } of this.shown.values()) blame("");
  }

  async save() {
    if (this.busy || (this.item && !this.isChanged)) return;
    this.clear();
    const slip = [...this.shown.values()].find(({ explains }) => explains?.());
    if (slip) return this.refuse(slip.explains?.() ?? "", slip);
    this.setBusy(true);
    const values = { ...this.fixedValues(), ...this.read() };
    const body = this.kind.body?.(values, this.item) ?? values;
    try {
      const answer = this.item || !this.kind.key ? await put(this.path, { ...body, version: this.version }) : await post(this.kind.path, body);
      const item = this.kind.one ? answer[this.kind.one] : answer;
      keepEdit(this.kind.kind, this.draftName, null);
      if (this.item) {
        this.item = { ...this.item, ...item };
        this.version = item.version;
      }
      this.setBusy(false);
      this.saved(item, answer);
    } catch (error) {
      this.setBusy(false);
      this.failed(error);
    }
  }

  /** What a new item has besides its fields. @returns {Record<string, any>} */
  fixedValues() {
    const known = this.kind.fields.map(({ name }) => name);
    const from = this.item ?? this.initial;
    return Object.fromEntries(known.filter((name) => !this.shown.has(name) && name in from && !(this.item && name === this.kind.key)).map((name) => [name, from[name]]));
  }

  /** @param {boolean} busy */
  setBusy(busy) {
    this.busy = busy;
    this.changed();
  }

  /** @param {unknown} error */
  failed(error) {
    if (error instanceof ApiError && error.code === "edited" && this.item) return this.showConflict(error.problem);
    if (error instanceof ApiError && error.status === 404 && this.item) return this.showConflict({ current: null, version: "" });
    let blamed = null;
    for (const { field, message } of error instanceof ApiError ? error.errors : []) {
      const shown = this.shown.get(field.split(".")[0]);
      shown?.blame(message);
      blamed ??= shown;
    }
    this.refuse(explain(error), blamed);
  }

  /** @param {string} words @param {Shown|null} blamed */
  refuse(words, blamed) {
    if (!this.problem) return;
    this.problem.hidden = false;
    this.problem.textContent = `Not saved. ${words}`;
    blamed?.focus();
  }

  /** Somebody was faster: both versions, and the choice. @param {Record<string, any>} problem */
  showConflict({ current, version, edited_by: by, edited_at: at }) {
    if (!this.conflict) return;
    const theirs = current && (this.kind.values?.(current) ?? current);
    const mine = this.read();
    const shownOf = (/** @type {Record<string, any>} */ values) => Object.fromEntries(Object.keys(mine).map((name) => [name, values[name]]));
    const keep = () => {
      this.version = version;
      if (!current) [this.initial, this.item] = [{ ...this.item }, null];
      void this.save();
    };
    const take = () => {
      keepEdit(this.kind.kind, this.draftName, null);
      if (!current) return this.left();
      this.item = { ...this.item, ...current, version };
      this.discard();
    };
    this.conflict.hidden = false;
    fill(this.conflict, conflictOf({ by, at, theirs: current && shownOf(theirs), mine, keep, take }));
    this.conflict.focus();
  }

  async remove() {
    if (!this.item || this.busy) return;
    const { kind, item } = this;
    const name = this.nameOf(item);
    this.clear();
    this.setBusy(true);
    try {
      await remove(`${this.path}?version=${encodeURIComponent(this.version ?? "")}`);
      keepEdit(kind.kind, this.draftName, null);
      toast(`The ${kind.noun} was deleted.`, { label: "Undo", ms: 15_000, act: () => void undoLast(kind.kind, name) });
      this.left();
    } catch (error) {
      this.setBusy(false);
      this.failed(error);
    }
  }

  openHistory() {
    if (this.item) openHistory(this.kind.kind, this.nameOf(this.item), this.kind.noun);
  }

  focus() {
    [...this.shown.values()][0]?.focus();
  }
}

/**
 * What to choose from where somebody else was faster; without `theirs` it was deleted.
 * @param {{by?: string, at?: string, theirs: Record<string, any>|null, mine: Record<string, any>, keep: () => void, take: () => void}} both
 * @returns {import("./dom.js").Child[]}
 */
export function conflictOf({ by, at, theirs, mine, keep, take }) {
  return [
    h("p", {}, h("strong", {}, by ?? "Somebody", theirs ? " saved another version " : " deleted this "), at ? timeOf(at) : "meanwhile", "."),
    ...(theirs ? [h("p", { class: "soft" }, "Struck out is theirs, underlined is yours:"), diffOf(theirs, mine)]
      : [h("p", { class: "soft" }, "What you wrote is still here.")]),
    h("div", { class: "conflict-acts" },
      h("button", { class: "button primary", type: "button", "data-testid": "keep-mine", onclick: keep }, theirs ? "Save mine over it" : "Add it again with mine"),
      h("button", { class: "button", type: "button", "data-testid": "take-theirs", onclick: take }, theirs ? "Take theirs" : "Leave it deleted")),
  ];
}

/** To compare values: nothing is nothing, in whichever way it is written. @param {any} value */
function plainly(value) {
  const empty = value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);
  return empty ? "" : JSON.stringify(Array.isArray(value) ? [...value].sort() : value);
}
