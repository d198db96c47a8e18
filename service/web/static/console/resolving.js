/**
 * Resolving in one step with what the ticket was about: a small dialog that one key answers. It asks only
 * when the message that decides it has no label yet, and not on a device where that is switched off.
 */

import { explain, get } from "./api.js";
import { correct, openCorrection } from "./correction.js";
import { device, setDevice } from "./device.js";
import { h, icon, keycap } from "./dom.js";
import { closeOutside } from "./keys.js";
import { session } from "./session.js";
import { act } from "./tickets.js";
import { toast } from "./toast.js";
import { share } from "./trace_words.js";
import { OUT_OF_SCOPE, ranked, title } from "./words.js";

/** @import {Message, Score, Ticket, TicketDetail, Trace} from "./types.js" */

/** Reasons of messages that say nothing of what the customer wants, as in `service/implied.py`. */
const PASSING = ["slot_given", "slot_not_given", "asked_for_person", "chosen", "only_files"];
const CHOICES = 4;

/** The ticket that is being looked at for it: a second press must not resolve past the question. */
let looking = "";

/** Resolve a ticket; ask before what it was about, if nobody has said. @param {Ticket} ticket */
export async function resolve(ticket) {
  if (!device().askAtResolve || document.querySelector("dialog[open]")) return void act("resolve", ticket);
  if (looking === ticket.id) return;
  looking = ticket.id;
  /** @type {TicketDetail|null} */
  let detail = null;
  try {
    detail = await get(`/tickets/${encodeURIComponent(ticket.id)}`);
  } catch {
    // Resolving says what is wrong, if it is more than a hiccup.
  } finally {
    looking = "";
  }
  const message = detail && toAsk(detail);
  if (!detail || !message || document.querySelector("dialog[open]")) return void act("resolve", ticket);
  ask(detail.ticket, message, detail.traces[message.id]);
}

/**
 * The message that says what the ticket is about: the last before it was opened that the desk has read and
 * that is more than a word in passing; none when that has a label.
 * @param {TicketDetail} detail
 * @returns {Message|null}
 */
export function toAsk({ ticket, messages, traces }) {
  const telling = messages.filter((message) => message.author === "customer" && message.reading?.intent
    && !PASSING.includes(traces[message.id]?.route.reason ?? ""));
  const opened = telling.filter(({ at }) => at <= ticket.created_at);
  const found = opened.at(-1) ?? telling[0];
  return found && !found.correction ? found : null;
}

/** @param {Trace|undefined} trace @returns {Score[]} likely intents that there are, as far as is known yet */
function choicesOf(trace) {
  const known = new Set([...session.intents.map(({ name }) => name), OUT_OF_SCOPE]);
  const read = ranked(trace?.reading?.intents);
  return (session.intents.length ? read.filter(({ label }) => known.has(label)) : read).slice(0, CHOICES);
}

/** @param {Ticket} ticket @param {Message} message @param {Trace|undefined} trace */
function ask(ticket, message, trace) {
  const choices = choicesOf(trace);
  const problem = h("p", { class: "error", role: "alert", hidden: true });
  let saving = false;
  const done = () => {
    dialog.close();
    void act("resolve", ticket);
  };
  /** @param {string} intent */
  const say = async (intent) => {
    if (saving) return;
    saving = true;
    try {
      await correct(message, { intent });
      done();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = `Not saved. ${explain(error)}`;
    } finally {
      saving = false;
    }
  };
  const other = () => {
    dialog.close();
    openCorrection(message, trace, () => void act("resolve", ticket));
  };
  const always = h("input", { type: "checkbox", checked: true, "data-testid": "resolving-always", onchange: () => {
    setDevice({ askAtResolve: always.checked });
    if (!always.checked) toast("Resolving no longer asks on this device. “This device” brings it back.");
  } });
  const dialog = h("dialog", {
    class: "dialog resolving", "aria-labelledby": "resolving-title", "data-testid": "resolving", onclick: closeOutside, onclose: () => dialog.remove(),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      // Who still holds the keys that opened this has not answered it yet.
      if (event.repeat && event.key === "Enter") event.preventDefault();
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const choice = choices[Number(event.key) - 1];
      if (choice) void say(choice.label);
      else if (event.key === "o") other();
      else if (event.key === "0") done();
      else return;
      event.preventDefault();
    },
  },
    h("header", {}, h("h2", { id: "resolving-title" }, "What was this about?"),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close, do not resolve", onclick: () => dialog.close() }, icon("close"))),
    h("blockquote", { dir: "auto", tabindex: 0 }, message.text),
    h("div", { class: "resolving-choices" },
      choices.map(({ label, confidence }, at) => h("button", {
        class: at ? "button" : "button primary", type: "button", "data-testid": "resolving-choice", autofocus: at === 0, onclick: () => void say(label),
      }, keycap(String(at + 1)), h("span", {}, title(label)), h("span", { class: "chip-score" }, share(confidence)))),
      h("button", { class: "button", type: "button", "data-testid": "resolving-other", onclick: other }, keycap("o"), h("span", {}, "Something else…"))),
    problem,
    h("footer", {},
      h("label", { class: "check" }, always, h("span", {}, "Ask me on this device")),
      h("button", { class: "quiet", type: "button", "data-testid": "resolving-silent", onclick: done }, keycap("0"), "Resolve without saying")));
  document.body.append(dialog);
  dialog.showModal();
}
