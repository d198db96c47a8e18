/**
 * The nights of learning: how each ended and why, and on opening one, the checks of its verdict.
 */

import { explain, get, now } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { clock, dayOf, duration } from "./time.js";
import { count, percent, plural, title } from "./words.js";

/** @import {Check, Night, NightDetail, Release} from "./types.js" */

const FRESH_MS = 30 * 3600 * 1000;

/** @type {Record<string, [string, string]>} words and tone */
const OUTCOMES = { promoted: ["Promoted", "good"], kept: ["Champion kept", "plain"], failed: ["Failed", "bad"] };

/** @type {Record<string, string>} what a night does next, by how far it is */
const DOING = { begun: "Gathering rows", frozen: "Training", trained: "Judging", judged: "Deciding" };

/** @type {Record<string, string>} */
const CHECKS = {
  better: "Better in all", intents: "No intent pays for it", golden: "Golden cases", promise: "Promise kept",
  moods: "Moods and facts", calibration: "Honest confidence", latency: "Speed", size: "Size",
};

/**
 * @param {Night[]} nights
 * @param {{running: boolean, unreadable: string[], open: Set<string|undefined>, releases: Release[]}} with_
 */
export function nightsOf(nights, { running, unreadable, open, releases }) {
  return [
    unreadable.length > 0 && h("p", { class: "notice", "data-testid": "unreadable" },
      `${plural(unreadable.length, "night")} cannot be read and ${unreadable.length === 1 ? "is" : "are"} left out: ${unreadable.join(", ")}.`),
    nights.length ? h("div", { class: "nights" }, nights.map((night, at) => row(night, running && at === 0, open.has(night.id), releases)))
      : !unreadable.length && h("div", { class: "empty", "data-testid": "no-nights" }, icon("clock"), h("h2", {}, "The first night has not run yet"),
        h("p", {}, "Every night ", h("code", {}, "frontdesk retrain"), " learns from what operators corrected by day, and promotes the new release only when it is proven better. A timer starts it; the documentation says how.")),
  ];
}

/** @param {Night} night @param {boolean} isRunning @param {boolean} isOpen @param {Release[]} releases */
function row(night, isRunning, isOpen, releases) {
  const [words, tone] = OUTCOMES[night.stage] ?? (isRunning ? [DOING[night.stage] ?? "Running", "accent"] : ["Cut off", "warn"]);
  const body = h("div", { class: "night-body" });
  let asked = false;
  const load = () => {
    if (asked) return;
    asked = true;
    void fillNight(body, night, releases);
  };
  const details = h("details", {
    class: "night", data: { night: night.id }, open: isOpen, "data-testid": "night",
    ontoggle: () => { if (details.open) load(); },
  },
    h("summary", {}, icon("chevron"),
      h("span", { class: "night-when" }, `${dayOf(night.begun_at)}, ${clock(night.begun_at)}`),
      h("span", { class: "tag", data: { tone } }, words),
      h("span", { class: "night-reason" }, night.reason || (isRunning ? "It is under way." : isFresh(night) ? "The next one goes on with it." : "It was never brought to an end."))),
    body);
  return details;
}

/** One that is older begins anew. @param {Night} night */
const isFresh = ({ begun_at: at }) => now() - Date.parse(at) < FRESH_MS;

/** @param {HTMLElement} body @param {Night} night @param {Release[]} releases */
async function fillNight(body, night, releases) {
  fill(body, h("p", { class: "soft" }, "Loading…"));
  try {
    /** @type {NightDetail} */
    const { verdict } = await get(`/nights/${encodeURIComponent(night.id)}`);
    const release = releases.find(({ id }) => id === night.release);
    fill(body,
      verdict ? [checksOf(verdict.checks), h("p", { class: "soft" }, judgedBy(verdict))]
        : h("p", {}, `${night.reason} `, h("span", { class: "soft" }, "There is no verdict: nothing was judged.")),
      h("dl", { class: "facts" },
        fact("Took", night.ended_at && duration(Date.parse(night.ended_at) - Date.parse(night.begun_at))),
        fact("Training", night.training_seconds ? duration(1000 * night.training_seconds) : ""),
        fact("Rows", night.rows ? `${count(night.rows)}, and ${count(night.held_out)} held out` : ""),
        fact("Left out", leftOut(night)),
        fact("Challenger", night.release, true), fact("Champion then", night.champion, true)),
      release?.report && h("p", {}, h("a", { class: "button", href: `/api/v1/releases/${encodeURIComponent(release.id)}/report`, target: "_blank", rel: "noopener" }, "Report of the challenger")));
  } catch (error) {
    fill(body, h("p", { class: "error", role: "alert" }, explain(error)));
  }
}

/** Whose labels stand out from everybody else's, and so were not learned. @param {Night} night */
function leftOut({ left_out: labels }) {
  return Object.entries(labels).map(([name, number]) => `${plural(number, "label")} of ${name}, who stands out`).join("; ");
}

/** @param {Check[]} checks */
function checksOf(checks) {
  return h("table", { class: "checks", "data-testid": "checks" },
    h("thead", { class: "sr" }, h("tr", {}, h("th", { scope: "col" }, "Check"), h("th", { scope: "col" }, "Outcome"), h("th", { scope: "col" }, "Reason"))),
    h("tbody", {}, checks.map(({ name, passed, told }) => h("tr", { data: { passed: String(passed) }, "data-testid": "check" },
      h("th", { scope: "row" }, CHECKS[name] ?? title(name)),
      h("td", { class: "check-outcome" }, icon(passed ? "check" : "close"), passed ? "Passed" : "Failed"),
      h("td", {}, told)))));
}

/** @param {{rows: number, corrected: number, set_aside: number}} verdict */
function judgedBy({ rows, corrected, set_aside: aside }) {
  if (!rows) return "No message judged it but the golden cases.";
  const seen = aside ? ` ${count(aside)} more were set aside, as one of the two knows them or their like.` : "";
  return `Judged on ${plural(rows, "message")}, ${count(corrected)} of them (${percent(corrected / rows)}) corrected by operators.${seen}`;
}

/** @param {string} label @param {string|null} value @param {boolean} [code] */
function fact(label, value, code = false) {
  return value ? h("div", {}, h("dt", {}, label), h("dd", code ? { class: "code" } : {}, value)) : null;
}
