/**
 * One message of a conversation; under a customer's, what the desk read in it.
 */

import { conflictOf } from "./agreement.js";
import { h, icon, linked } from "./dom.js";
import { filesOf } from "./files.js";
import { session } from "./session.js";
import { absolute, clock } from "./time.js";
import { moodOf } from "./row.js";
import { score, title } from "./words.js";

/** @import {Labels} from "./correction.js" */
/** @import {Correction, Message} from "./types.js" */

/**
 * @typedef {object} Acts
 * @property {(message: Message) => void} why
 * @property {(message: Message) => void} correct
 * @property {(message: Message) => void} confirm
 * @property {(message: Message) => void} undo
 * @property {(message: Message, labels: Labels|null) => void} settle with these labels, or others if null
 */

/**
 * @param {Message} message
 * @param {{customer: string, follows: boolean, traced: boolean, explained: boolean, acts: Acts}} look
 *   `follows` when the same author spoke just before; `explained` when its trace is open
 */
export function messageOf(message, look) {
  const kind = message.note ? "note" : message.author;
  return h("article", {
    class: "message", data: { kind, id: message.id }, "data-testid": `message-${kind}`,
    ...(look.follows ? { "data-follows": true } : {}),
  },
    !look.follows && h("header", { class: "message-head" },
      kind === "note" && icon("note"), kind === "desk" && icon("bot"),
      h("span", { class: "message-name" }, h("bdi", {}, speaker(message, look.customer))),
      kind === "desk" && message.reply_to && message.action && h("span", { class: "message-action" }, ACTIONS[message.action] ?? title(message.action)),
      h("time", { datetime: message.at, title: absolute(message.at) }, clock(message.at))),
    message.text && h("div", { class: "bubble", dir: "auto", title: look.follows ? absolute(message.at) : null }, linked(message.text)),
    filesOf(message),
    choicesOf(message),
    kind === "customer" && readingOf(message, look),
    kind === "customer" && message.conflict && conflictOf(message.conflict, (labels) => look.acts.settle(message, labels)),
    feedbackOf(message));
}

/** @type {Record<string, string>} */
const ACTIONS = { answer: "answered", clarify: "asked which was meant", ask: "asked back", handoff: "handed over" };

/** @param {Message} message @param {string} customer */
function speaker(message, customer) {
  if (message.note) return `Note by ${operatorName(message)}`;
  if (message.author === "customer") return customer;
  if (message.author === "desk") return "Desk";
  const name = operatorName(message);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** @param {Message} message */
function operatorName({ name }) {
  return name && name === session.operator?.name ? "you" : name || "an operator";
}

/** @param {Message} message */
function choicesOf({ author, action, suggestions }) {
  if (author !== "desk" || action !== "clarify" || !suggestions?.length) return null;
  return h("ul", { class: "choices", "aria-label": "Choices offered" },
    suggestions.map(({ text }) => h("li", { dir: "auto" }, text)));
}

/** @param {Message} message @param {{traced: boolean, explained: boolean, acts: Acts}} look */
function readingOf(message, { traced, explained, acts }) {
  const { reading, correction, text } = message;
  return h("footer", { class: "reading", "data-testid": "reading" },
    intentChip(message), moodChip(message),
    traced && !reading && !correction && h("span", { class: "soft" }, text ? "Not read: no model was there." : "Not read: no model looks at files."),
    (traced || reading) && h("button", {
      class: "quiet", type: "button", "aria-expanded": String(explained), "data-testid": "why",
      onclick: () => acts.why(message),
    }, "Why?"),
    text && button("correct", correction ? "Change" : reading ? "Correct" : "Label it", "pencil", () => acts.correct(message)),
    !isSaid(correction) && reading && button("confirm", "Reading is right", "check", () => acts.confirm(message)),
    correction && button("undo", "Undo", "undo", () => acts.undo(message)));
}

/** Whether somebody said it, rather than that it follows from a reply. @param {Correction|null|undefined} correction */
function isSaid(correction) {
  return correction?.kind === "correction" || correction?.kind === "confirmation";
}

/** @param {string} testid @param {string} label @param {string} image @param {() => void} act */
function button(testid, label, image, act) {
  return h("button", { class: "quiet", type: "button", "data-testid": testid, onclick: act }, icon(image), label);
}

/** @param {Message} message */
function intentChip({ reading, correction }) {
  const was = reading?.intent;
  const label = correction?.intent ?? was?.label;
  if (!label) return null;
  const state = !correction ? "read" : correction.intent && was && correction.intent !== was.label ? "corrected" : "confirmed";
  const who = correction?.operator.name;
  const by = isSaid(correction) ? `${who} ${state} it` : `so it was by the reply of ${who}`;
  const hint = {
    read: `The desk's reading: ${score(was?.confidence)} sure`,
    corrected: `The desk read ${title(was?.label)} ${score(was?.confidence)}; ${by}`,
    confirmed: `${by.charAt(0).toUpperCase()}${by.slice(1)}`,
  }[state];
  return h("span", { class: "chip", data: { state }, title: hint, "data-testid": "intent-chip" },
    state === "corrected" && was && h("s", {}, title(was.label)),
    h("span", {}, title(label)),
    state === "read" ? h("span", { class: "chip-score" }, score(was?.confidence))
      : [icon(isSaid(correction) ? "check" : "note"), h("span", { class: "sr" }, state)]);
}

/** @param {Message} message */
function moodChip({ reading, correction }) {
  const label = correction?.sentiment ?? reading?.sentiment?.label;
  if (!label) return null;
  const corrected = Boolean(correction?.sentiment && reading && correction.sentiment !== reading.sentiment?.label);
  return h("span", { class: "chip", data: { state: corrected ? "corrected" : "read", sentiment: label }, "data-testid": "sentiment-chip" },
    moodOf(label), h("span", { "aria-hidden": "true" }, title(label)),
    correction?.sentiment ? null : h("span", { class: "chip-score" }, score(reading?.sentiment?.confidence)));
}

/** @param {Message} message */
function feedbackOf({ feedback }) {
  if (!feedback) return null;
  const words = [
    feedback.helpful === true && "The customer found this helpful.",
    feedback.helpful === false && "The customer did not find this helpful.",
    feedback.rating && `The customer gave ${feedback.rating} of 5.`,
    feedback.comment && `“${feedback.comment}”`,
  ].filter(Boolean);
  return words.length ? h("p", { class: "feedback", dir: "auto" }, words.join(" ")) : null;
}
