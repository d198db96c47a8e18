/**
 * The trial of a challenger beside the champion: its figures, where the two disagree, begin and stop.
 *
 * `trialPanel()` is an element for any place; it asks the desk again every few seconds while it is shown. Leads look;
 * only admins begin and stop.
 */

import { explain, get, isAborted, post, remove } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { session } from "./session.js";
import { timeOf } from "./time.js";
import { plural, title } from "./words.js";

/**
 * @typedef {{count: number, of: number, share: number|null, low: number, high: number}} Share
 * @typedef {{conversations: number, turns: number, stood_in: number, handed_over: Share, answered: Share, unhelpful: Share}} Arm
 * @typedef {{action: string, intent: string|null, template: string|null, reply: string, confidence: number|null}} Side
 * @typedef {{conversation_id: string, message_id: string, at: string, text: string, kind: string, champion: Side, challenger: Side}} Disagreement
 * @typedef {object} Told
 * @property {{id: string, release: string, champion: string, mode: "shadow"|"canary", share: number, started_at: string,
 *   ended_at: string|null, reason: string}|null} trial
 * @property {boolean} running
 * @property {boolean|null} ready
 * @property {string|null} problem
 * @property {{compared: number, changed: Share, kinds: Record<string, number>, dropped: number, failed: number}} [shadow]
 * @property {Disagreement[]} [disagreements]
 * @property {{challenger: Arm, champion: Arm, next_look: number, level: number}} [canary]
 */

const EVERY = 10_000;

/** @type {Record<string, string>} */
const KINDS = {
  other_intent: "Answered as something else",
  answer_lost: "No longer answered",
  answer_gained: "Answered now",
  other_action: "Asks back or hands over instead",
  other_template: "Another template",
  other_words: "Other words or choices",
};

/** @type {Record<string, string>} */
const DOES = { answer: "Answers", clarify: "Asks what was meant", ask: "Asks for a fact", handoff: "Hands over" };

export function trialPanel() {
  return new DeskTrial();
}

class DeskTrial extends HTMLElement {
  constructor() {
    super();
    /** @type {AbortController|null} */
    this.request = null;
    /** @type {ReturnType<typeof setInterval>|undefined} */
    this.timer = undefined;
    this.drawn = "";
  }

  connectedCallback() {
    this.dataset.testid = "trial";
    if (!this.firstChild) fill(this, h("p", { class: "soft" }, "Loading…"));
    void this.refresh();
    this.timer = setInterval(() => document.visibilityState === "visible" && void this.refresh(), EVERY);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    this.request?.abort();
  }

  async refresh() {
    this.request?.abort();
    this.request = new AbortController();
    try {
      this.show(await get("/releases/trial", { signal: this.request.signal }));
    } catch (error) {
      if (isAborted(error)) return;
      if (this.drawn) return this.complain(`These figures are old. ${explain(error)}`);
      fill(this, h("p", { class: "error", role: "alert" }, explain(error)));
    }
  }

  /** @param {Told} told */
  show(told) {
    this.querySelector(".trial-problem")?.remove();
    const now = JSON.stringify(told);
    if (now === this.drawn) return;
    // What is being chosen, and what was opened, stays as it is.
    const form = told.running ? null : this.querySelector("form");
    const opened = new Set([...this.querySelectorAll("details[open]")].map((one) => /** @type {HTMLElement} */ (one).dataset.message));
    this.drawn = now;
    const { trial, shadow, canary, disagreements } = told;
    fill(this,
      trial && header(told, () => this.stop(trial.id)),
      told.running && told.ready === false && h("p", { class: "notice", role: "status" },
        told.problem && told.problem !== LOADING ? `The challenger cannot read: ${told.problem}` : "The challenger is being loaded; customers go first."),
      trial && !told.running && trial.reason && h("p", { class: "trial-reason", "data-testid": "trial-reason" }, trial.reason),
      shadow && shadowFigures(shadow),
      canary && canaryFigures(canary),
      disagreements && disagreementsOf(disagreements, opened),
      !told.running && (isAdmin() ? form ?? this.form(trial === null)
        : !trial && h("p", { class: "soft", "data-testid": "no-trial" }, "There was no trial yet. An admin can begin one.")));
  }

  /** @param {string} words */
  complain(words) {
    this.querySelector(".trial-problem")?.remove();
    this.prepend(h("p", { class: "error trial-problem", role: "alert" }, words));
  }

  /** @param {string} id of the trial that is shown: somebody may have begun another */
  async stop(id) {
    try {
      this.show(await remove(`/releases/trial?id=${encodeURIComponent(id)}`));
    } catch (error) {
      this.complain(`Not stopped. ${explain(error)}`);
    }
  }

  /** @param {boolean} first */
  form(first) {
    const release = h("select", { id: "trial-release", "data-testid": "trial-release", required: true });
    const mode = h("select", { id: "trial-mode", "data-testid": "trial-mode" },
      h("option", { value: "shadow" }, "Shadow: reads, answers nothing"), h("option", { value: "canary" }, "Canary: answers its share"));
    const share = h("input", { id: "trial-share", type: "number", min: 0.1, max: 100, step: 0.1, value: 20, required: true, "data-testid": "trial-share" });
    const begin = h("button", { class: "button primary", type: "submit", disabled: true, "data-testid": "trial-begin" }, "Begin");
    const none = h("p", { class: "soft", hidden: true }, "There is no release but the champion. A training makes one.");
    mode.addEventListener("change", () => {
      share.max = mode.value === "canary" ? "50" : "100";
      share.value = mode.value === "canary" ? "5" : "20";
    });
    get("/releases").then((/** @type {{releases: {id: string}[], champion: string|null}} */ { releases, champion }) => {
      const others = releases.filter(({ id }) => id !== champion);
      fill(release, others.map(({ id }) => h("option", { value: id }, id)));
      begin.disabled = !others.length;
      none.hidden = others.length > 0;
    }).catch((error) => this.complain(explain(error)));
    return h("form", {
      class: "trial-form", "aria-label": "Begin a trial",
      onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        begin.disabled = true;
        try {
          this.show(await post(`/releases/${encodeURIComponent(release.value)}/trial`, { mode: mode.value, share: Number(share.value) / 100 }));
        } catch (error) {
          this.complain(`Not begun. ${explain(error)}`);
        }
        begin.disabled = false;
      },
    },
      h("h3", {}, first ? "Try a release beside the champion" : "Begin another"),
      h("p", { class: "soft" }, "A shadow shows which replies would change. A canary answers, and is stopped when it does worse."),
      h("div", { class: "trial-fields" },
        h("div", {}, h("label", { for: "trial-release" }, "Release"), release),
        h("div", {}, h("label", { for: "trial-mode" }, "How"), mode),
        h("div", {}, h("label", { for: "trial-share" }, "Share in %"), share), begin),
      none);
  }
}

customElements.define("desk-trial", DeskTrial);

const isAdmin = () => session.operator?.role === "admin";

/** The desk's word for a model that is on its way. */
const LOADING = "The model is being loaded.";

/** @param {Told} told @param {() => void} stop */
function header({ trial, running }, stop) {
  if (!trial) return null;
  const does = trial.mode === "shadow" ? "reads" : "answers";
  return h("header", { class: "trial-head" },
    h("div", {},
      h("h3", {}, h("span", { "data-testid": "trial-title" }, title(trial.mode)),
        h("span", { class: "tag", data: { running }, "data-testid": "trial-state" }, running ? "Running" : "Ended")),
      h("p", { class: "soft" }, h("span", { class: "code" }, trial.release),
        ` ${running ? does : `${trial.mode === "shadow" ? "read" : "answered"}`} ${percent(trial.share)} of the conversations beside `,
        h("span", { class: "code" }, trial.champion), " · begun ", timeOf(trial.started_at))),
    running && isAdmin() && h("button", { class: "button", type: "button", onclick: stop, "data-testid": "trial-stop" }, "Stop"));
}

/** @param {NonNullable<Told["shadow"]>} shadow */
function shadowFigures({ compared, changed, kinds, dropped, failed }) {
  const most = Math.max(1, ...Object.values(kinds));
  const found = Object.entries(kinds).filter(([, count]) => count);
  return h("div", {},
    h("dl", { class: "trial-figures" },
      figure("Messages read", String(compared)),
      figure("Another reply", changed.share === null ? "–" : percent(changed.share), changed.of ? within(changed) : "nothing read yet"),
      figure("Not read", String(dropped + failed), failed ? `${dropped} for lack of time, ${failed} failed` : "for lack of time")),
    found.length > 0 && h("ul", { class: "trial-kinds", role: "list" }, found.map(([kind, count]) => {
      const track = h("span", { class: "bar-track", "aria-hidden": "true" }, h("span", { class: "bar-fill" }));
      track.style.setProperty("--share", String(count / most));
      return h("li", {}, h("span", {}, KINDS[kind] ?? title(kind)), track, h("span", { class: "bar-score" }, String(count)));
    })));
}

/** @param {string} name @param {string} value @param {string} [more] */
function figure(name, value, more = "") {
  return h("div", {}, h("dt", {}, name), h("dd", {}, h("strong", {}, value), more && h("span", { class: "soft" }, more)));
}

/** @param {NonNullable<Told["canary"]>} canary */
function canaryFigures({ challenger, champion, next_look, level }) {
  /** @type {[string, "handed_over"|"answered"|"unhelpful"][]} */
  const rows = [["Handed over", "handed_over"], ["Turns answered", "answered"], ["Rated unhelpful", "unhelpful"]];
  return h("div", {},
    h("div", { class: "trial-scroll" }, h("table", { class: "trial-arms", "data-testid": "trial-arms" },
      h("thead", {}, h("tr", {}, h("td", {}),
        h("th", { scope: "col" }, "Challenger", h("span", { class: "soft" }, plural(challenger.conversations, "conversation"))),
        h("th", { scope: "col" }, "Champion", h("span", { class: "soft" }, plural(champion.conversations, "conversation"))))),
      h("tbody", {}, rows.map(([name, key]) => h("tr", {}, h("th", { scope: "row" }, name),
        [challenger, champion].map((arm) => h("td", {}, shareCell(arm[key])))))))),
    h("p", { class: "soft trial-rule" },
      `Bars are 95 % intervals. The desk compares at 20, 40, 80 … conversations of the challenger's, next at ${next_look}, and stops it when more `
      + `conversations are handed over or rated unhelpful than chance explains; an equal release is stopped with a chance of at most ${percent(level)}.`,
      challenger.stood_in > 0 && ` The champion stood in for ${plural(challenger.stood_in, "turn")}.`));
}

/** @param {Share} share */
function shareCell(share) {
  if (share.share === null) return h("span", { class: "soft" }, "–");
  const reach = h("span", { class: "reach", "aria-hidden": "true" }, h("span", { class: "reach-line" }), h("span", { class: "reach-dot" }));
  for (const [name, value] of /** @type {[string, number][]} */ ([["--low", share.low], ["--high", share.high], ["--at", share.share]])) {
    reach.style.setProperty(name, String(value));
  }
  return [h("span", { class: "trial-share" }, h("strong", {}, percent(share.share)), h("span", { class: "soft" }, `${share.count} of ${share.of}`)),
    reach, h("span", { class: "soft trial-within" }, within(share))];
}

/** @param {Disagreement[]} found @param {Set<string|undefined>} opened */
function disagreementsOf(found, opened) {
  return h("section", { class: "trial-found", "aria-label": "Disagreements" },
    h("h3", {}, "Where they disagree"),
    found.length ? h("ul", { role: "list" }, found.map((one) => h("li", { "data-testid": "disagreement" },
      h("details", { data: { message: one.message_id }, open: opened.has(one.message_id) },
        h("summary", {}, h("span", { class: "trial-text", dir: "auto" }, one.text), h("span", { class: "tag" }, KINDS[one.kind] ?? title(one.kind)), timeOf(one.at)),
        h("div", { class: "trial-sides" }, side("Champion said", one.champion), side("Challenger would say", one.challenger))))))
      : h("div", { class: "empty" }, icon("check"), h("p", {}, "None yet. The newest appear here.")));
}

/** @param {string} name @param {Side} said */
function side(name, { action, intent, reply, confidence }) {
  return h("div", {}, h("h4", {}, name),
    h("p", { class: "soft" }, [DOES[action] ?? title(action), intent && title(intent), confidence !== null && `read with ${confidence.toFixed(2)}`].filter(Boolean).join(" · ")),
    reply && h("blockquote", { dir: "auto" }, reply));
}

/** @param {Share} share */
const within = ({ low, high }) => `${(100 * low).toFixed(1)} to ${percent(high)}`;

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(share === 1 || share === 0 ? 0 : 1)} %`;
