/**
 * `<desk-composer>`: where an operator writes a reply or a note. Every keystroke is kept as a draft; a
 * post that fails keeps its text and its client id, so that trying again cannot double it.
 */

import { ApiError, explain, post } from "./api.js";
import { fill, h, icon, keycap } from "./dom.js";
import { drafts, readDraft, saveDraft } from "./drafts.js";
import { FileTray } from "./file_tray.js";
import { sendKeys } from "./keys.js";
import { noteOwn } from "./notify.js";
import { rest, write } from "./presence.js";
import { resolve as resolveTicket } from "./resolving.js";
import { isMine } from "./session.js";
import { SlashList } from "./slash.js";
import { act, conflict, publish } from "./tickets.js";
import { fillIn, gapsOf } from "./variables.js";
import { customerName, score, title } from "./words.js";

/** @import {FileLimits, Ticket, Suggestion, Message} from "./types.js" */
/** @import {Ready} from "./canned.js" */
/** @import {Draft} from "./drafts.js" */

/** What is on its way or failed, per ticket; it outlives the composer's showing another one.
 * @type {Map<string, {sending: "reply"|"note"|null, error: string}>} */
const outbox = new Map();

/** Client ids of posts that were seen to arrive. @type {Set<string>} */
const heard = new Set();

export class DeskComposer extends HTMLElement {
  constructor() {
    super();
    /** @type {Ticket|null} */
    this.ticket = null;
    /** @type {Suggestion[]} */
    this.suggestions = [];
    /** @type {Record<string, string>} what a reply may name */
    this.facts = {};
    /** @type {Draft} */
    this.draft = readDraft("");
    /** @type {FileLimits|null} */
    this.limits = null;
    this.tray = new FileTray(() => this.render());
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.offers = h("div", { class: "offers", role: "group", "aria-label": "Suggested replies" });
    this.tabs = {
      reply: this.tab("reply", "Reply", "r"),
      note: this.tab("note", "Note", "n"),
    };
    this.text = h("textarea", {
      rows: 2, maxlength: 8000, dir: "auto", "data-testid": "composer-text",
      oninput: () => this.typed(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      onpaste: (/** @type {ClipboardEvent} */ event) => this.dropped(event, event.clipboardData),
    });
    this.picker = h("input", {
      type: "file", multiple: true, hidden: true, tabindex: -1, "data-testid": "file-input",
      onchange: () => this.picked(),
    });
    this.attachButton = h("button", {
      class: "icon-button", type: "button", "aria-label": "Attach files", title: "Attach files: or paste them, or drop them here",
      "data-testid": "attach", onclick: () => this.picker?.click(),
    }, icon("clip"));
    this.slash = new SlashList(this.text, {
      facts: () => this.facts,
      take: (ready, from, to) => this.takeReady(ready, from, to),
    });
    this.gaps = h("div", { class: "gaps", role: "group", "aria-label": "To be filled in", "data-testid": "gaps", hidden: true });
    this.hint = h("span", { class: "composer-hint" });
    this.sendButton = h("button", { class: "button primary", type: "button", "data-testid": "send", onclick: () => this.send() });
    this.resolveButton = h("button", {
      class: "button", type: "button", "data-testid": "send-resolve", onclick: () => this.send({ resolve: true }),
    }, "Send and resolve");
    this.problem = h("div", { class: "composer-problem", role: "alert", "data-testid": "composer-error", hidden: true });
    this.closed = h("div", { class: "composer-closed", "data-testid": "composer-closed", hidden: true });
    this.box = h("div", { class: "composer-box" },
      h("div", { class: "composer-tabs", role: "group", "aria-label": "What to write" }, this.tabs.reply, this.tabs.note),
      this.closed, this.text, this.gaps, this.tray.element, this.problem,
      h("div", { class: "composer-foot" }, this.attachButton, this.picker, this.hint, this.resolveButton, this.sendButton), this.slash.element);
    this.append(this.offers, this.box);
    this.box.addEventListener("dragover", (event) => this.dragged(event));
    this.box.addEventListener("dragleave", (event) => event.target === this.box && this.box?.removeAttribute("data-over"));
    this.box.addEventListener("drop", (event) => this.dropped(event, event.dataTransfer));
    drafts.addEventListener("elsewhere", (event) => this.writtenElsewhere(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {"reply"|"note"} mode @param {string} label @param {string} key */
  tab(mode, label, key) {
    return h("button", {
      class: "composer-tab", type: "button", "aria-pressed": "false", "data-testid": `mode-${mode}`,
      onclick: () => this.write(mode),
    }, label, keycap(key));
  }

  /** @param {Ticket} ticket @param {Suggestion[]} suggestions @param {Record<string, string>} facts @param {FileLimits|null} limits */
  show(ticket, suggestions, facts, limits) {
    if (this.ticket?.id !== ticket.id) {
      this.draft = readDraft(ticket.id);
      if (!this.draft.reply && !this.draft.note) this.draft.mode = canReply(ticket) ? "reply" : "note";
      this.ticket = ticket;
      this.putText();
    }
    this.ticket = ticket;
    this.facts = facts;
    this.limits = limits;
    this.suggestions = suggestions.slice(0, 3);
    this.render();
  }

  /** The ticket was erased: nothing of it stays. */
  forget() {
    if (this.ticket) this.tray.forget(this.ticket.id);
    this.ticket = null;
    this.suggestions = [];
    this.facts = {};
    this.draft = readDraft("");
    this.putText();
    if (this.offers) fill(this.offers);
    delete this.offers?.dataset.signature;
    for (const name of ["aria-label", "placeholder"]) this.text?.removeAttribute(name);
  }

  /** Put the cursor into a reply or a note. @param {"reply"|"note"} mode */
  write(mode) {
    if (!this.ticket || !this.text) return;
    if (this.draft.mode !== mode) {
      this.draft.mode = mode;
      this.putText();
      saveDraft(this.ticket.id, this.draft);
    }
    this.render();
    if (!this.text.hidden) {
      this.text.focus();
      this.text.setSelectionRange(this.text.value.length, this.text.value.length);
    }
  }

  /** Take a suggested reply into the composer, to be edited. @param {number} at */
  take(at) {
    const suggestion = this.suggestions[at];
    if (!suggestion || !this.ticket || !this.text || !canReply(this.ticket)) return;
    this.write("reply");
    const written = this.draft.reply.trim();
    const untouched = this.suggestions.some(({ text }) => text.trim() === written);
    this.draft.reply = !written || untouched ? suggestion.text.trim() : `${written}\n\n${suggestion.text.trim()}`;
    this.draft.template = suggestion.template;
    this.putText();
    this.typed();
    this.write("reply");
    this.selectGap();
  }

  /** Take a canned reply or a template into the text, in the place of what asked for it. @param {Ready} ready @param {number} from @param {number} to */
  takeReady(ready, from, to) {
    const { text, draft } = this;
    if (!text) return;
    const filled = fillIn(ready.text, this.facts);
    const alone = !`${text.value.slice(0, from)}${text.value.slice(to)}`.trim();
    text.setRangeText(filled, from, to, "end");
    if (ready.kind === "template" && draft.mode === "reply" && (alone || !draft.template)) draft.template = ready.name;
    this.typed();
    this.selectGap(from);
  }

  /** Take what was chosen in the palette: at the end of what is written. @param {Ready} ready */
  insert(ready) {
    if (!this.ticket || !this.text) return;
    if (canReply(this.ticket)) this.write("reply");
    else this.write("note");
    const { value } = this.text;
    if (value.trim() && !value.endsWith("\n")) this.text.setRangeText("\n\n", value.length, value.length, "end");
    this.takeReady(ready, this.text.value.length, this.text.value.length);
  }

  /** Select the first fact that is still to be filled in. @param {number} [from] */
  selectGap(from = 0) {
    const gap = gapsOf(this.text?.value ?? "").find((one) => one.from >= from);
    if (gap) this.text?.setSelectionRange(gap.from, gap.to);
    return gap?.name;
  }

  /** Another tab of this browser has written on: what stands there is newer than what stands here. @param {string} ticketId */
  writtenElsewhere(ticketId) {
    const { ticket, text } = this;
    if (ticket?.id !== ticketId || !text || outbox.get(ticketId)?.sending) return;
    const { mode } = this.draft;
    this.draft = { ...readDraft(ticketId), mode };
    if (text.value !== this.draft[mode]) this.putText();
    this.render();
  }

  putText() {
    if (!this.text) return;
    this.text.value = this.draft[this.draft.mode];
    this.grow();
  }

  typed() {
    if (!this.text || !this.ticket) return;
    this.draft[this.draft.mode] = this.text.value;
    if (!this.draft.reply.trim()) this.draft.template = null;
    const state = outbox.get(this.ticket.id);
    if (state?.error) outbox.delete(this.ticket.id);
    saveDraft(this.ticket.id, this.draft);
    if (this.text.value.trim()) write(this.draft.mode);
    else rest();
    this.grow();
    this.render();
    this.slash?.follow();
  }

  grow() {
    if (!this.text || CSS.supports("field-sizing", "content")) return;
    this.text.style.setProperty("height", "auto");
    this.text.style.setProperty("height", `${this.text.scrollHeight + 2}px`);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (this.slash?.key(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault();
      void this.send({ resolve: event.shiftKey });
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.text?.blur();
    }
  }

  // --- files ---------------------------------------------------------------------------------------

  picked() {
    const { picker } = this;
    if (!picker?.files) return;
    this.attach([...picker.files]);
    picker.value = ""; // the same file can be chosen again
    this.text?.focus();
  }

  /** @param {DragEvent} event */
  dragged(event) {
    if (!this.ticket || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.box?.setAttribute("data-over", "");
  }

  /** Pasted or dropped; words go into the text as ever. @param {Event} event @param {DataTransfer|null} brought */
  dropped(event, brought) {
    this.box?.removeAttribute("data-over");
    // What is copied from a text or a table comes as a picture, too: its words are what is meant.
    if (!brought?.files.length || (brought.getData("text/html") && brought.getData("text/plain"))) return;
    event.preventDefault();
    this.attach([...brought.files]);
  }

  /** @param {File[]} files */
  attach(files) {
    const { ticket, draft } = this;
    if (!ticket || (draft.mode === "reply" && !canReply(ticket))) return;
    this.tray.show(ticket.id, draft.mode, this.limits);
    this.tray.add(files);
  }

  async send({ resolve = false } = {}) {
    const { ticket, draft } = this;
    if (!ticket || outbox.get(ticket.id)?.sending) return;
    const { mode, template } = draft;
    const text = draft[mode].trim();
    const files = this.tray.ready;
    if (this.tray.busy || (!text && !files.length)) return this.text?.focus();
    if (mode === "reply" && !canReply(ticket)) return;
    const gap = mode === "reply" ? this.selectGap() : undefined;
    if (gap) {
      this.text?.focus();
      outbox.set(ticket.id, { sending: null, error: `Fill in the ${title(gap).toLowerCase()} first.` });
      return this.render();
    }
    // The same words posted again are the same message; changed words are a new one.
    if (draft.attempt?.text !== text || draft.attempt.mode !== mode || draft.attempt.files !== files.join()) {
      draft.attempt = { clientId: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, mode, text, files: files.join() };
      saveDraft(ticket.id, draft);
    }
    const { clientId } = draft.attempt;
    const pressed = this.contains(document.activeElement) && document.activeElement !== this.text;
    outbox.set(ticket.id, { sending: mode, error: "" });
    rest(); // before the words themselves, or the customer would see somebody write on
    noteOwn(ticket.id);
    this.render();
    try {
      const body = await post(`/tickets/${ticket.id}/messages`, {
        client_id: clientId, text, ...(files.length ? { files } : {}),
        ...(mode === "note" ? { note: true } : template ? { template } : {}),
      });
      outbox.delete(ticket.id);
      this.sent(ticket, mode, text, files);
      this.announceSent(body);
      // The pressed button is gone or disabled by now: the next words belong here, not to the shortcuts.
      const lost = document.activeElement === document.body || this.contains(document.activeElement);
      if (pressed && lost && this.ticket?.id === ticket.id) this.text?.focus();
      if (resolve && mode === "reply") void resolveTicket(body.ticket ?? ticket);
    } catch (error) {
      if (heard.has(clientId)) {
        outbox.delete(ticket.id);
        this.sent(ticket, mode, text, files);
        return this.render();
      }
      const taken = error instanceof ApiError && error.status === 409;
      const words = taken ? `${await conflict(ticket, error)} Your text is kept.` : `Not sent. ${explain(error)} Your text is kept.`;
      outbox.set(ticket.id, { sending: null, error: words });
    }
    this.render();
  }

  /** Forget what was sent, also if another ticket is shown by now. @param {Ticket} ticket @param {"reply"|"note"} mode @param {string} text @param {string[]} files */
  sent(ticket, mode, text, files) {
    this.tray.sent(ticket.id, mode, files);
    const shown = this.ticket?.id === ticket.id;
    const draft = shown ? this.draft : readDraft(ticket.id);
    draft.attempt = null;
    if (draft[mode].trim() !== text) return saveDraft(ticket.id, draft); // written on in another tab
    const stays = draft.mode === mode; // else the operator writes on in the other one already
    draft[mode] = "";
    if (mode === "reply") draft.template = null;
    if (stays) draft.mode = "reply";
    saveDraft(ticket.id, draft);
    if (shown && stays) this.putText();
  }

  /**
   * A message was told live. If it is the one whose answer got lost, it has arrived after all.
   * @param {Ticket} ticket @param {Message} message
   */
  arrived(ticket, message) {
    if (!message.client_id || message.author !== "operator") return;
    const draft = this.ticket?.id === ticket.id ? this.draft : readDraft(ticket.id);
    if (draft.attempt?.clientId !== message.client_id) return;
    heard.add(message.client_id);
    if (outbox.get(ticket.id)?.sending) return; // its answer may still come
    outbox.delete(ticket.id);
    this.sent(ticket, message.note ? "note" : "reply", message.text.trim(), (message.files ?? []).map(({ id }) => id));
    this.render();
  }

  /** Keep a reply that can no longer go out as a note for colleagues. */
  keepAsNote() {
    if (!this.ticket) return;
    const { draft } = this;
    this.tray.forget(this.ticket.id, ["reply"]); // they were chosen for the customer
    draft.note = [draft.note.trim(), draft.reply.trim()].filter(Boolean).join("\n\n");
    draft.reply = "";
    draft.template = null;
    outbox.delete(this.ticket.id);
    this.write("note");
    this.putText();
    saveDraft(this.ticket.id, draft);
    this.render();
  }

  /** @param {{message: Message, ticket?: Ticket}} body */
  announceSent(body) {
    this.dispatchEvent(new CustomEvent("sent", { detail: body.message, bubbles: true }));
    if (body.ticket) publish(body.ticket);
  }

  // --- drawing -------------------------------------------------------------------------------------

  render() {
    const { ticket, draft, text, tabs, sendButton, resolveButton, problem, hint, closed, box } = this;
    if (!ticket || !text || !tabs || !sendButton || !resolveButton || !problem || !hint || !closed || !box) return;
    const { mode } = draft;
    const state = outbox.get(ticket.id) ?? { sending: null, error: "" };
    this.tray.show(ticket.id, mode, this.limits);
    const blocked = mode === "reply" && !canReply(ticket);
    box.dataset.mode = mode;
    for (const name of /** @type {const} */ (["reply", "note"])) tabs[name].setAttribute("aria-pressed", String(name === mode));
    closed.hidden = !blocked;
    text.hidden = blocked && !draft.reply.trim();
    box.toggleAttribute("data-closed", blocked);
    const closedState = blocked ? JSON.stringify([ticket.status, ticket.owner, text.hidden]) : "";
    if (closed.dataset.state !== closedState) {
      closed.dataset.state = closedState;
      fill(closed, blocked && closedWords(ticket), blocked && ticket.status === "claimed" && !text.hidden
        && h("button", { class: "button", type: "button", "data-testid": "keep-note", onclick: () => this.keepAsNote() }, "Keep as note"));
    }
    const label = mode === "note" ? "Write a note that only colleagues see" : `Reply to ${customerName(ticket)}`;
    text.setAttribute("aria-label", label);
    text.placeholder = mode === "reply" && ticket.status === "open" ? `${label} (this claims the ticket)` : `${label}…`;
    text.readOnly = state.sending === mode || blocked;
    // Not `disabled`: that would drop the focus, and the next letters would be shortcuts.
    const empty = !draft[mode].trim() && !this.tray.ready.length;
    const idle = String(Boolean(state.sending) || empty || this.tray.busy);
    for (const button of [sendButton, resolveButton]) button.setAttribute("aria-disabled", idle);
    sendButton.hidden = blocked;
    this.attachButton?.toggleAttribute("hidden", blocked);
    resolveButton.hidden = blocked || mode === "note";
    fill(sendButton, state.sending ? "Sending…" : state.error.startsWith("Not sent") ? "Try again" : mode === "note" ? "Add note" : "Send");
    fill(hint, ...(blocked ? [] : [sendKeys.map(keycap), h("span", {}, mode === "note" ? "to add" : "to send"), h("span", { class: "composer-slash" }, keycap("/"), " replies")]));
    this.renderGaps();
    problem.hidden = !state.error;
    if (problem.textContent !== state.error) fill(problem, state.error);
    this.renderOffers();
  }

  /** What a reply still lacks, each one a button that leads there. */
  renderGaps() {
    const { gaps, text, draft } = this;
    if (!gaps || !text) return;
    const names = draft.mode === "reply" && !text.readOnly ? gapsOf(draft.reply).map(({ name }) => name) : [];
    gaps.hidden = !names.length;
    if (gaps.dataset.names === names.join()) return;
    gaps.dataset.names = names.join();
    fill(gaps, names.length ? h("span", {}, "Fill in:") : null, names.map((name, at) => h("button", {
      class: "gap", type: "button", "data-testid": "gap", onclick: () => this.toGap(at),
    }, title(name).toLowerCase())));
  }

  /** @param {number} at */
  toGap(at) {
    const gap = gapsOf(this.text?.value ?? "")[at];
    if (!gap) return;
    this.text?.focus();
    this.text?.setSelectionRange(gap.from, gap.to);
  }

  renderOffers() {
    const { ticket, offers } = this;
    if (!offers || !ticket) return;
    const shown = canReply(ticket) && this.draft.mode === "reply" ? this.suggestions : [];
    const signature = JSON.stringify(shown);
    offers.hidden = !shown.length;
    if (offers.dataset.signature === signature) return;
    offers.dataset.signature = signature;
    fill(offers, shown.map((suggestion, at) => h("button", {
      class: "offer", type: "button", title: `${suggestion.text}\n\n${whyOffered(suggestion)}`, "data-testid": "suggestion", onclick: () => this.take(at),
    },
      h("span", { class: "offer-head" }, keycap(String(at + 1)), h("span", { class: "offer-title" }, offerTitle(suggestion)),
        h("span", { class: "chip-score", "data-testid": "offer-score" }, score(suggestion.score), h("span", { class: "sr" }, `. ${whyOffered(suggestion)}`))),
      h("span", { class: "offer-text", dir: "auto" }, suggestion.text))));
  }
}

customElements.define("desk-composer", DeskComposer);

/** Whether a reply by us can go out: the ticket is open or ours. @param {Ticket} ticket */
function canReply(ticket) {
  return ticket.status === "open" || (ticket.status === "claimed" && isMine(ticket));
}

/** @param {Suggestion} suggestion */
function offerTitle({ template, intent }) {
  return title(template || intent);
}

/** Why it is offered, in words. @param {Suggestion} suggestion */
function whyOffered({ template, found, confidence, intent }) {
  const about = `the message looked like ${title(intent)} ${score(confidence)}`;
  return typeof found === "number" ? `Template “${title(template)}” was found at ${score(found)}; ${about}.` : `Not found by its words; ${about}.`;
}

/** @param {Ticket} ticket */
function closedWords(ticket) {
  if (ticket.status === "claimed") {
    return [icon("person"), h("span", {}, `${ticket.owner?.name ?? "A colleague"} is handling this. You can leave a note.`)];
  }
  const words = ticket.status === "resolved" ? "Resolved. Reopen it to reply." : "The bot has this again. Reopen it to reply.";
  return [icon(ticket.status === "resolved" ? "check" : "bot"), h("span", {}, words),
    h("button", { class: "button", type: "button", onclick: () => void act("reopen", ticket) }, "Reopen")];
}
