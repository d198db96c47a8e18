/**
 * `<desk-settings>`: the frame of the settings pages. Everybody has an account and tokens; hours and promises are
 * the leads', people, the site, webhooks and the audit log the admins'. What one may is decided by the desk; here it only
 * decides what is shown.
 */

import { accountPage } from "./account.js";
import { ApiError, explain } from "./api.js";
import { tokensPage } from "./api_tokens.js";
import { auditPage } from "./audit.js";
import { fill, h } from "./dom.js";
import { hoursPage } from "./hours.js";
import { peoplePage } from "./people.js";
import { address } from "./router.js";
import { session } from "./session.js";
import { skeleton } from "./settings_parts.js";
import { sitePage } from "./site_settings.js";
import { webhooksPage } from "./webhooks.js";

/** @typedef {{name: string, heading: string, says: string, least: "operator"|"lead"|"admin", draw: () => Promise<Node[]>}} Page */

const RISING = ["operator", "lead", "admin"];
/** @type {Page[]} */
const PAGES = [
  { name: "account", heading: "My account", says: "Your name, your password, and where you are signed in.", least: "operator", draw: accountPage },
  { name: "tokens", heading: "API tokens", says: "For programs that work with the desk. A token may do what its owner may.", least: "operator", draw: tokensPage },
  { name: "hours", heading: "Hours", says: "When people work, how soon they reply, and what customers hear meanwhile.", least: "lead", draw: hoursPage },
  { name: "people", heading: "People", says: "Who works here, and what each of them may.", least: "admin", draw: peoplePage },
  { name: "site", heading: "Site", says: "What customers see first, how the widget looks, and who may embed it.", least: "admin", draw: sitePage },
  { name: "webhooks", heading: "Webhooks", says: "Other systems that hear of what happens here.", least: "admin", draw: webhooksPage },
  { name: "audit", heading: "Audit log", says: "Who did what, when and from where. Nobody can change it.", least: "admin", draw: auditPage },
];

/** @param {Page} page */
const isMine = ({ least }) => RISING.indexOf(session.operator?.role ?? "") >= RISING.indexOf(least);

export class DeskSettings extends HTMLElement {
  constructor() {
    super();
    this.drawing = 0;
    this.shown = "";
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.tabs = h("nav", { class: "settings-tabs", "aria-label": "Settings" });
    this.head = h("div", {});
    this.body = h("div", { class: "settings-body", "data-testid": "settings", tabindex: "-1" });
    this.append(h("header", { class: "settings-head" }, this.head, this.tabs), this.body);
    this.addEventListener("renew", () => void this.draw());
  }

  /** @param {string|null} name */
  open(name) {
    const mine = PAGES.filter(isMine);
    const page = PAGES.find((one) => one.name === (name ?? "account"));
    if (!this.tabs || !this.head) return;
    fill(this.tabs, mine.map((one) => h("a", {
      href: address({ page: "settings", id: one.name }), "aria-current": one === page ? "page" : null, "data-testid": `settings-${one.name}`,
    }, one.heading)));
    this.tabs.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    fill(this.head, h("h2", {}, page?.heading ?? "Settings"), page && h("p", { class: "soft" }, page.says));
    this.page = page;
    this.shown = "";
    void this.draw();
  }

  async draw() {
    const { page, body } = this;
    if (!body) return;
    const turn = ++this.drawing;
    if (!page) return fill(body, h("p", { class: "empty" }, "There is no such page."));
    if (!isMine(page)) {
      const whose = page.least === "lead" ? "leads' and the admins'" : "admins'";
      return fill(body, h("p", { class: "empty", "data-testid": `${page.least}s-only` }, `This page is the ${whose}. Ask one of them.`));
    }
    if (this.shown !== page.name) fill(body, skeleton());
    try {
      const content = await page.draw();
      if (turn !== this.drawing) return;
      fill(body, content);
      this.shown = page.name;
      // What had the focus is gone when a change has drawn the page anew.
      if (document.activeElement === document.body) body.focus({ preventScroll: true });
    } catch (error) {
      if (turn !== this.drawing || (error instanceof ApiError && error.status === 401)) return;
      fill(body, h("p", { class: "error", role: "alert", "data-testid": "settings-error" }, explain(error)),
        h("div", {}, h("button", { class: "button", type: "button", onclick: () => void this.draw() }, "Try again")));
    }
  }
}

customElements.define("desk-settings", DeskSettings);
