/**
 * The dialog before another release speaks for the desk: it shows which real replies would change, then asks.
 * It waits for the comparison, and lets an admin in a hurry go on without it.
 */

import { ApiError, explain, get, post } from "./api.js";
import { comparisonOf } from "./comparison.js";
import { fill, h, icon } from "./dom.js";
import { closeOutside } from "./keys.js";
import { duration } from "./time.js";
import { announce, toast } from "./toast.js";

/** @import {Diff} from "./types.js" */
/** @typedef {"promote"|"rollback"|"look"} Aim */

const LOOK_MS = 1500;

/** @type {Record<Aim, {title: string, act: string, now: string, says: string}>} */
const WORDS = {
  promote: {
    title: "Promote this release?", act: "Promote", now: "Promote without comparing",
    says: "It speaks for the desk within seconds. Rolling back takes one step.",
  },
  rollback: {
    title: "Roll back to the release before?", act: "Roll back", now: "Roll back now",
    says: "The release before speaks again within seconds.",
  },
  look: { title: "What changes", act: "Compare again", now: "", says: "" },
};

/**
 * @param {{release: string, name: string, champion: string|null, aim: Aim}} what
 * @param {() => void} done when the champion has changed
 */
export function openPromotion(what, done) {
  new PromotionDialog(what, done).open();
}

class PromotionDialog {
  /** @param {{release: string, name: string, champion: string|null, aim: Aim}} what @param {() => void} done */
  constructor({ release, name, champion, aim }, done) {
    this.release = release;
    this.champion = champion;
    this.aim = aim;
    this.done = done;
    this.begun = 0;
    this.open_ = true;
    const words = WORDS[aim];
    this.body = h("div", { class: "promotion-body", tabindex: "-1", "aria-busy": "true" });
    this.error = h("p", { class: "error", role: "alert", hidden: true, "data-testid": "promotion-error" });
    this.act = h("button", { class: "button", type: "button", "data-testid": "promotion-act", onclick: () => void this.confirm() }, words.act);
    this.dialog = h("dialog", {
      class: "promotion", "aria-labelledby": "promotion-title", "data-testid": "promotion", onclick: closeOutside,
      onclose: () => { this.open_ = false; this.dialog.remove(); },
    },
      h("header", {}, h("div", {}, h("h2", { id: "promotion-title" }, words.title), h("p", { class: "soft" }, name, " ", h("span", { class: "code" }, release))),
        h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => this.dialog.close() }, icon("close"))),
      this.body, this.error,
      h("footer", {}, h("span", { class: "soft" }, words.says),
        h("button", { class: "button", type: "button", onclick: () => this.dialog.close() }, aim === "look" ? "Close" : "Cancel"), this.act));
  }

  open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.ready(false);
    void this.look();
  }

  get path() {
    return `/releases/${encodeURIComponent(this.release)}/diff`;
  }

  /** See what is kept; begin a comparison where none fits. */
  async look() {
    fill(this.body, h("p", { class: "soft" }, "Loading…"));
    await this.trying(async () => {
      /** @type {Diff} */
      const told = await get(this.path);
      if (told.running) return this.follow();
      if (told.diff && (this.aim === "look" || !told.stale)) return this.show(told);
      await this.start();
    });
  }

  async start() {
    this.ready(false);
    await this.trying(async () => {
      await post(this.path, {});
      await this.follow();
    });
  }

  /** Until the comparison is done. */
  async follow() {
    this.begun ||= Date.now();
    const since = h("span", {});
    fill(this.body, h("div", { class: "comparing", role: "status", "data-testid": "comparing" },
      h("h3", {}, "Comparing the replies"),
      h("p", { class: "soft" }, "Both releases read the conversations of the last 7 days, beside the customers of today. That takes a minute or a few. ", since),
      h("div", { class: "progress", role: "progressbar", "aria-label": "Comparing" })));
    while (this.open_) {
      since.textContent = `${duration(Date.now() - this.begun)} so far.`;
      /** @type {Diff} */
      const told = await get(this.path);
      if (!told.running) {
        this.begun = 0;
        if (told.problem || !told.diff || told.stale) return this.fail(told.problem || "The comparison came to nothing.");
        return this.show(told);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** @param {Diff} told */
  show({ diff, stale }) {
    if (!diff) return;
    fill(this.body,
      stale && h("p", { class: "notice", "data-testid": "stale" }, "This was compared with another release than the one that speaks now."),
      whole(() => comparisonOf(diff)));
    this.ready(true);
    announce("The comparison is there.");
  }

  /** @param {string} problem */
  fail(problem) {
    fill(this.body, h("div", { class: "comparing" },
      h("p", { class: "error", role: "alert", "data-testid": "comparison-problem" }, problem),
      h("button", { class: "button", type: "button", onclick: () => void this.start() }, "Try again")));
    this.ready(false);
  }

  /** @param {() => Promise<unknown>} step */
  async trying(step) {
    try {
      await step();
    } catch (error) {
      if (this.open_) this.fail(explain(error));
    }
  }

  /** @param {boolean} compared */
  ready(compared) {
    const { act, now } = WORDS[this.aim];
    this.body.setAttribute("aria-busy", String(!compared));
    this.act.hidden = this.aim === "look" && !compared;
    this.act.textContent = compared ? act : now;
    this.act.classList.toggle("primary", compared && this.aim !== "look");
  }

  async confirm() {
    if (this.aim === "look") return this.start();
    this.error.hidden = true;
    this.act.disabled = true;
    try {
      const { champion } = await get("/releases");
      if (champion !== this.champion) {
        this.champion = champion;
        throw new ApiError(409, { detail: "Somebody else, or a night, has made another release the champion meanwhile. Look again at what changes." });
      }
      await post(`/releases/${encodeURIComponent(this.release)}/promote`);
      this.dialog.close();
      toast(this.aim === "rollback" ? "Rolled back. The release before speaks within seconds." : "Promoted. It speaks within seconds.");
      this.done();
    } catch (error) {
      this.error.hidden = false;
      this.error.textContent = `Nothing was changed. ${explain(error)}`;
      if (error instanceof ApiError && error.status === 409) void this.look();
    }
    this.act.disabled = false;
  }
}

/** A kept file may be of another version. @param {() => HTMLElement} draw */
function whole(draw) {
  try {
    return draw();
  } catch {
    return h("p", { class: "error", role: "alert" }, "The kept comparison cannot be shown. Compare again.");
  }
}
