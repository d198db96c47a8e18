/**
 * Where colleagues do not agree what a message is: the mark at a message, and the dialog that lists all
 * of them and how often each operator is contradicted.
 */

import { explain, get } from "./api.js";
import { inWords, sayings, settle } from "./correction.js";
import { fill, h, icon } from "./dom.js";
import { closeOutside } from "./keys.js";
import { plural } from "./words.js";

/** @import {Labels} from "./correction.js" */
/** @import {Agreement, Conflict} from "./types.js" */

/**
 * Who said what, and the choice among it; null when something else was meant.
 * @param {Conflict} conflict
 * @param {(labels: Labels|null) => void} choose
 */
export function conflictOf(conflict, choose) {
  const said = sayings(conflict);
  const alike = conflict.messages.length;
  return h("div", { class: "conflict", role: "group", "aria-label": "Colleagues do not agree", "data-testid": "conflict" },
    h("p", {}, said.map(({ names, labels }, at) => [at ? ", " : "", h("strong", {}, h("bdi", {}, names.join(" and "))), ` said ${inWords(labels)}`]).flat(), "."),
    h("p", { class: "soft" }, alike > 1 ? `Of ${alike} messages that say the same. ` : "", "No training learns it until it is settled."),
    h("div", { class: "conflict-acts" },
      said.map(({ labels }) => h("button", {
        class: "button", type: "button", "data-testid": "settle", onclick: () => choose(labels),
      }, `It is ${inWords(labels)}`)),
      h("button", { class: "quiet", type: "button", "data-testid": "settle-other", onclick: () => choose(null) }, "Something else")));
}

/** @param {(conflict: Conflict, saved: () => void) => void} other asks what else the messages are */
export function openAgreement(other) {
  const list = h("div", { class: "agreement-list", "aria-busy": "true" }, h("p", { class: "soft" }, "Loading…"));
  const close = () => dialog.close();
  const dialog = h("dialog", {
    class: "dialog agreement", "aria-labelledby": "agreement-title", "data-testid": "agreement",
    onclick: closeOutside, onclose: () => dialog.remove(),
  },
    h("header", {}, h("h2", { id: "agreement-title" }, "Do colleagues agree?"),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: close }, icon("close"))),
    list);
  document.body.append(dialog);
  dialog.showModal();
  /** @type {Agreement[]|undefined} compared once: that takes the desk seconds */
  let figures;
  const load = async () => {
    try {
      /** @type {{conflicts: Conflict[], operators?: Agreement[]}} */
      const { conflicts, operators } = await get(`/labels/conflicts${figures ? "" : "?operators=yes"}`);
      figures ??= operators ?? [];
      fill(list, figuresOf(figures), conflictsOf(conflicts, choose));
    } catch (error) {
      fill(list, h("p", { class: "error", role: "alert" }, explain(error)),
        h("button", { class: "button", type: "button", onclick: () => void load() }, "Try again"));
    }
    list.removeAttribute("aria-busy");
  };
  /** @param {Conflict} conflict @param {Labels|null} labels @param {HTMLElement} place */
  const choose = async (conflict, labels, place) => {
    if (!labels) return other(conflict, () => void load());
    try {
      await settle(conflict.messages, labels);
      await load();
    } catch (error) {
      place.append(h("p", { class: "error", role: "alert" }, `Not saved. ${explain(error)}`));
    }
  };
  void load();
}

/** @param {Agreement[]} operators */
function figuresOf(operators) {
  if (!operators.length) return null;
  return h("section", {},
    h("h3", {}, "How often others say the same"),
    h("div", { class: "agreement-frame" }, h("table", { class: "agreement-table" },
      h("thead", {}, h("tr", {}, ["Operator", "Agree", "Compared", "Desk read so", "Read", "Overruled", "Labels"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, operators.map((one) => h("tr", { "data-testid": "operator-agreement" },
        h("th", { scope: "row" }, h("bdi", {}, one.operator.name),
          one.stands_out && h("span", { class: "tag", data: { priority: "high" } }, "stands out")),
        h("td", {}, one.agreement === null ? "–" : `${Math.round(100 * one.agreement)} %`),
        h("td", {}, String(one.compared)),
        h("td", {}, one.read ? `${Math.round(100 * (1 - one.read_otherwise / one.read))} %` : "–"), h("td", {}, String(one.read)),
        h("td", {}, String(one.overruled)), h("td", {}, String(one.labels))))))),
    h("p", { class: "soft" }, "Compared with what others said of the most similar messages, and with what the desk read before it was told. Trainings leave out the labels of a colleague who stands out. Nobody is right by definition: look at the messages before you speak to anybody."));
}

/** @param {Conflict[]} conflicts @param {(conflict: Conflict, labels: Labels|null, place: HTMLElement) => void} choose */
function conflictsOf(conflicts, choose) {
  if (!conflicts.length) return h("section", {}, h("div", { class: "empty" }, icon("check"), h("h2", {}, "Nothing to settle."), h("p", {}, "Where two colleagues say different things of a message, it appears here.")));
  return h("section", {}, h("h3", {}, `${plural(conflicts.length, "contradiction")} to settle`),
    conflicts.map((conflict) => {
      const place = h("article", { class: "agreement-item" }, h("blockquote", { dir: "auto" }, conflict.said[0]?.text ?? ""));
      place.append(conflictOf(conflict, (labels) => choose(conflict, labels, place)));
      return place;
    }));
}
