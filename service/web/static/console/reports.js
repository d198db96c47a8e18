/**
 * `<desk-reports>`: how the desk does, over a period that one chooses, beside the period before.
 */

import { ApiError, explain, get, now } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { load, store } from "./drafts.js";
import { busiest, byAnswer, byIntent, byOperator, overTime, tiles, whyHandedOver } from "./report_parts.js";
import { session } from "./session.js";

/** @import {Report} from "./report_types.js" */

const KEPT = "frontdesk.reports.period";
const PERIODS = /** @type {const} */ ([["today", "Today", 1], ["7", "7 days", 7], ["30", "30 days", 30], ["90", "90 days", 90], ["own", "Own", 0]]);

/** Why a person got a conversation, as short as a table wants it. @type {Record<string, string>} */
const REASONS = {
  asked_for_person: "Asked for a person", requested: "Pressed “Talk to a person”", person_needed: "Only a person can do it", upset: "Upset, and no answer for it",
  upset_again: "Upset again", unclear_again: "Asked back already", slot_not_given: "Did not give the fact", low_confidence: "Not sure what it is about",
  no_template: "No answer written", missing_fact: "A fact has no value", engine_away: "No model was there", only_files: "Files without words", out_of_scope: "Out of scope",
};

export class DeskReports extends HTMLElement {
  constructor() {
    super();
    this.period = load(KEPT) ?? "30";
    if (!PERIODS.some(([name]) => name === this.period)) this.period = "30";
    /** @type {AbortController|null} */
    this.request = null;
    this.isHere = false;
  }

  connectedCallback() {
    if (this.firstChild) return;
    const day = (/** @type {string} */ name, /** @type {string} */ words) => h("input", {
      type: "date", "aria-label": words, "data-testid": `report-${name}`, onchange: () => void this.refresh(),
    });
    this.from = day("from", "First day");
    this.to = day("to", "Last day");
    this.own = h("div", { class: "own-period" }, this.from, h("span", { "aria-hidden": "true" }, "–"), this.to);
    this.choice = h("div", { class: "periods", role: "group", "aria-label": "Period" }, PERIODS.map(([name, words]) => h("button", {
      type: "button", class: "period", data: { period: name }, "data-testid": `period-${name}`, onclick: () => this.choose(name),
    }, words)));
    this.body = h("div", { class: "reports-body", "data-testid": "reports", "aria-busy": "false" });
    this.append(h("header", { class: "reports-head" }, h("h2", {}, "Reports"), this.choice, this.own), this.body);
    this.mark();
  }

  /** @param {boolean} isHere whether this is the page that is looked at */
  show(isHere) {
    const came = isHere && !this.isHere;
    this.isHere = isHere;
    if (came) void this.refresh();
  }

  /** @param {string} period */
  choose(period) {
    this.period = period;
    store(KEPT, period);
    this.mark();
    void this.refresh();
  }

  mark() {
    for (const button of this.choice?.querySelectorAll("button") ?? []) button.setAttribute("aria-pressed", String(button.dataset.period === this.period));
    if (!this.own || !this.from || !this.to) return;
    this.own.hidden = this.period !== "own";
    if (this.from.value) return;
    this.from.value = dayName(daysBefore(29));
    this.to.value = dayName(daysBefore(0));
  }

  /** From the beginning of the first day to now, or to the end of the last one. @returns {[Date, Date]|null} */
  span() {
    const days = PERIODS.find(([name]) => name === this.period)?.[2] ?? 30;
    if (days) return [daysBefore(days - 1), new Date(now())];
    if (!this.from?.value || !this.to?.value) return null;
    const [from, last] = [this.from.value, this.to.value].map((value) => new Date(`${value}T00:00:00`));
    const until = new Date(last.getFullYear(), last.getMonth(), last.getDate() + 1);
    return from < until ? [from, until] : null;
  }

  async refresh() {
    if (!this.body) return;
    this.request?.abort();
    const request = this.request = new AbortController();
    const span = this.span();
    if (!span) return fill(this.body, h("p", { class: "notice" }, "Choose a first day that is not after the last one."));
    this.body.setAttribute("aria-busy", "true");
    if (!this.body.firstChild) fill(this.body, h("p", { class: "soft" }, "Counting …"));
    try {
      const report = await fetchReport(span, request.signal);
      if (request === this.request) this.draw(report, span);
    } catch (error) {
      if (request !== this.request) return;
      fill(this.body, h("p", { class: "error", role: "alert", "data-testid": "reports-error" }, explain(error)),
        h("div", {}, h("button", { class: "button", type: "button", onclick: () => void this.refresh() }, "Try again")));
    }
    this.body.setAttribute("aria-busy", "false");
  }

  /** @param {Report} report @param {[Date, Date]} span */
  draw(report, [since, until]) {
    if (!this.body) return;
    const words = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
    const last = new Date(until.getTime() - 1);
    const days = words.format(since) === words.format(last) ? words.format(since) : `${words.format(since)} to ${words.format(last)}`;
    const isQuiet = !report.turns.total && !report.conversations;
    fill(this.body,
      h("p", { class: "soft reports-span", "data-testid": "reports-span" }, `${days}. Arrows compare with as many days before.`),
      isQuiet && h("div", { class: "empty" }, icon("chart"), h("h3", {}, "Nobody wrote in this time."),
        h("p", {}, report.before?.turns.total ? "In the period before, somebody did." : "Figures appear here with the first message.")),
      tiles(report), ...overTime(report), busiest(report), byIntent(report), whyHandedOver(report, REASONS),
      byOperator(report, session.operator?.role !== "operator"), ...byAnswer(report));
  }
}

customElements.define("desk-reports", DeskReports);

/** @param {[Date, Date]} span @param {AbortSignal} signal @returns {Promise<Report>} */
async function fetchReport([since, until], signal) {
  const query = new URLSearchParams({ from: since.toISOString(), to: until.toISOString(), compare: "yes" });
  query.set("zone", Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC");
  try {
    return await get(`/reports?${query}`, { signal });
  } catch (error) {
    // A zone that the desk's machine does not know: its own days are better than none.
    if (!(error instanceof ApiError && error.problem.field === "zone")) throw error;
    query.set("zone", "UTC");
    return get(`/reports?${query}`, { signal });
  }
}

/** Midnight so many days ago, in the viewer's zone. @param {number} days */
function daysBefore(days) {
  const today = new Date(now());
  return new Date(today.getFullYear(), today.getMonth(), today.getDate() - days);
}

/** @param {Date} day */
function dayName(day) {
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}
