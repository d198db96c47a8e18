/**
 * `<desk-releases>`: which release speaks for the desk, which others there are, and how every night of
 * learning ended. Admins promote and roll back here; operators look.
 */

import { ApiError, explain, get } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { closeOutside } from "./keys.js";
import { nightsOf } from "./nights.js";
import { openPromotion } from "./promotion.js";
import { session } from "./session.js";
import { clock, dayOf, timeOf } from "./time.js";
import { trialPanel } from "./trial.js";
import { count, percent, plural, size } from "./words.js";

/** @import {Night, Release, Releases} from "./types.js" */
/** @import {Aim} from "./promotion.js" */

const LOOK_MS = 10_000;

export class DeskReleases extends HTMLElement {
  constructor() {
    super();
    this.drawn = "";
    /** @type {ReturnType<typeof setInterval>|undefined} */
    this.timer = undefined;
    /** @type {Releases|null} */
    this.told = null;
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.acts = h("div", { class: "releases-acts" });
    this.body = h("div", { class: "releases-body", "data-testid": "releases" }, skeleton());
    this.append(
      h("header", { class: "releases-head" },
        h("div", {}, h("h2", {}, "Releases"), h("p", { class: "soft" }, "Which model speaks for the desk, and what the nights have learned.")),
        this.acts),
      this.body);
  }

  /** @param {boolean} isHere whether this is the page that is looked at */
  show(isHere) {
    clearInterval(this.timer);
    if (!isHere) return;
    void this.refresh();
    this.timer = setInterval(() => {
      if (document.visibilityState === "visible") void this.refresh();
    }, LOOK_MS);
  }

  async refresh() {
    try {
      const [told, nights] = await Promise.all([get("/releases/overview"), get("/nights")]);
      const drawn = JSON.stringify([told, nights, session.operator?.role]);
      if (drawn === this.drawn) return;
      this.drawn = drawn;
      this.told = told;
      this.draw(told, nights);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return clearInterval(this.timer);
      if (!this.body || (this.drawn && this.body.querySelector("[data-testid=releases-error]"))) return;
      const problem = h("p", { class: "error", role: "alert", "data-testid": "releases-error" }, explain(error));
      if (this.drawn) this.body.prepend(problem);
      else fill(this.body, problem, h("div", {}, h("button", { class: "button", type: "button", onclick: () => void this.refresh() }, "Try again")));
      this.drawn = this.drawn && "out of date";
    }
  }

  /** @param {Releases} told @param {{nights: Night[], running: boolean, unreadable: string[]}} nights */
  draw(told, { nights, running, unreadable }) {
    if (!this.body || !this.acts) return;
    const champion = told.releases.find(({ id }) => id === told.champion);
    const others = told.releases.filter(({ id }) => id !== told.champion);
    const before = others.find(({ id }) => id === told.previous);
    fill(this.acts,
      isLead() && champion && others.length > 0 && h("button", { class: "button", type: "button", "data-testid": "open-trial", onclick: showTrial }, icon("clock"), "Trial"),
      isAdmin() && champion && before && h("button", {
        class: "button", type: "button", "data-testid": "rollback", onclick: () => this.ask(before, "rollback"),
      }, icon("undo"), "Roll back"));
    const open = new Set([...this.body.querySelectorAll("details[open][data-night]")].map((night) => /** @type {HTMLElement} */ (night).dataset.night));
    fill(this.body,
      problemOf(told),
      section("The champion", champion ? this.card(champion, told, nights)
        : h("p", { class: "soft" }, told.releases.length ? "No release has been promoted yet." : "There is no release yet: the first training makes one (", h("code", {}, "frontdesk train"), ").")),
      others.length > 0 && section("Other releases", others.map((release) => this.card(release, told, nights))),
      section("Nights", nightsOf(nights, { running, unreadable, open, releases: told.releases })));
  }

  /** @param {Release} release @param {Releases} told @param {Night[]} nights */
  card(release, told, nights) {
    const isChampion = release.id === told.champion;
    const night = nights.find(({ id }) => id === release.night);
    return h("article", { class: "release", data: isChampion ? { champion: "" } : {}, "data-testid": "release" },
      h("header", {},
        h("h4", {}, nameOf(release)),
        isChampion && standing(release.id, told.serving),
        release.id === told.serving && !isChampion && h("span", { class: "tag", data: { tone: "accent" }, "data-testid": "speaks" }, "speaks now"),
        release.id === told.previous && !isChampion && h("span", { class: "tag" }, "champion before"),
        release.erased && h("span", { class: "tag", data: { tone: "bad" }, "data-testid": "erased" }, "learned from erased messages"),
        h("div", { class: "release-acts" },
          release.report && h("a", { class: "button", href: `/api/v1/releases/${encodeURIComponent(release.id)}/report`, target: "_blank", rel: "noopener", "data-testid": "report" }, "Report"),
          isAdmin() && !isChampion && h("button", { class: "button", type: "button", "data-testid": "promote", onclick: () => this.ask(release, "promote") }, "Promote"))),
      figuresOf(release),
      this.diffLine(release, isChampion, told),
      release.erased && h("p", { class: "release-line", data: { tone: "bad" } }, erasedWords(release.erased.texts)),
      h("p", { class: "release-line soft" },
        h("span", {}, night ? `From the night of ${nameOf({ created_at: night.begun_at }).replace(/^(Today|Yesterday)/, (day) => day.toLowerCase())}` : "Trained by hand, or by a night that is no longer kept",
          ` · ${size(release.size)} · `),
        h("span", { class: "code" }, release.id)));
  }

  /** @param {Release} release @param {boolean} isChampion @param {Releases} told */
  diffLine(release, isChampion, { champion, previous }) {
    const { diff } = release;
    if (!champion || (isChampion && !previous) || (!diff && !isAdmin())) return null;
    const look = isAdmin() && h("button", { class: "link", type: "button", "data-testid": "look", onclick: () => this.ask(release, "look") },
      diff ? "Show them" : "Compare");
    const words = !diff ? `Not compared with ${isChampion ? "the champion before" : "the champion"} yet.`
      : diff.stale ? "Compared with another release than today's: out of date."
        : `${isChampion ? "It changed" : "It would change"} ${count(diff.changed ?? 0)} of ${plural(diff.messages ?? 0, "reply", "replies")}`;
    return h("p", { class: "release-line", "data-testid": "diff-line" }, words, diff && !diff.stale && [", compared ", timeOf(diff.at), "."].filter(Boolean), " ", look);
  }

  /** @param {Release} release @param {Aim} aim */
  ask(release, aim) {
    openPromotion({ release: release.id, name: nameOf(release), champion: this.told?.champion ?? null, aim }, () => void this.refresh());
  }
}

customElements.define("desk-releases", DeskReleases);

/** A release beside the champion, before it is promoted. */
function showTrial() {
  const dialog = h("dialog", { class: "trial-dialog", "aria-labelledby": "trial-heading", onclick: closeOutside, onclose: () => dialog.remove() },
    h("header", {}, h("h2", { id: "trial-heading" }, "Trial of a release"),
      h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))),
    trialPanel());
  document.body.append(dialog);
  dialog.showModal();
}

const isAdmin = () => session.operator?.role === "admin";
const isLead = () => isAdmin() || session.operator?.role === "lead";

/** @param {{created_at: string}} release */
const nameOf = ({ created_at: at }) => `${dayOf(at)}, ${clock(at)}`;

/** @param {string} heading @param {...any} content */
function section(heading, ...content) {
  return h("section", {}, h("h3", {}, heading), content.flat());
}

/** @param {string} champion @param {string|null} serving */
function standing(champion, serving) {
  const waits = serving !== null && serving !== champion;
  return h("span", { class: "tag", data: { tone: waits ? "warn" : "good" } }, waits ? "champion, not loaded" : "champion");
}

/** What the server cannot use, or is still taking over. @param {Releases} told */
function problemOf({ champion, serving, problem, releases }) {
  if (problem) {
    return h("div", { class: "error", role: "alert", "data-testid": "release-problem" }, h("p", {}, problem),
      h("p", {}, serving ? `The release ${serving} speaks on. ${isAdmin() ? "Promote another release, or roll back." : "An admin can promote another release, or roll back."}`
        : releases.length ? "Nobody reads customers' messages now: they all go to people." : ""));
  }
  if (champion && serving && champion !== serving) {
    return h("p", { class: "notice", role: "status", "data-testid": "taking-over" }, "The champion is being loaded. Until then the release before speaks.");
  }
  return null;
}

/** @param {Release} release */
function figuresOf({ figures }) {
  const { accuracy, out_of_scope: outside, precision, promised, kept, answered } = figures;
  return h("dl", { class: "figures" },
    figure("Intents read rightly", percent(accuracy)),
    figure("Out of scope noticed", percent(outside)),
    figure("Answered", percent(answered)),
    figure("Right among the answers", percent(precision),
      promised !== null && h("span", { class: "figure-note", data: { tone: kept === false ? "bad" : "good" } },
        kept !== null && icon(kept ? "check" : "close"), `${percent(promised)} promised`)));
}

/** @param {string} label @param {string} value @param {Node|false|null} [note] */
function figure(label, value, note) {
  return h("div", {}, h("dt", {}, label), h("dd", {}, value, note));
}

/** @param {number|null} texts */
function erasedWords(texts) {
  return `${texts === null ? "It may have learned from" : `It learned from ${plural(texts, "message")} of`} customers who were erased since. The next training without them replaces it.`;
}

function skeleton() {
  return h("div", { class: "skeleton", "aria-hidden": "true" }, h("span"), h("span"), h("span"));
}
