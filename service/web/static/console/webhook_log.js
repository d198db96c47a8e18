/**
 * The log of a webhook: every delivery with its tries and answers, by what was not taken, page by page; each can
 * be sent again. Looks again by itself only while one is about to be tried.
 */

import { explain, get, now, post } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { moment, timeOf } from "./time.js";
import { toast } from "./toast.js";
import { plural } from "./words.js";

/** @import {Delivery, Try, Webhook} from "./types.js" */
/** @typedef {{element: HTMLLIElement, update: (delivery: Delivery) => void}} Entry */

const PAGE = 20;
const MOST = 200;
const SOON = 3000;
const LOOK = 1000;

/**
 * @param {Webhook} webhook
 * @returns {{element: HTMLElement, refresh: () => Promise<void>}} hidden, and empty until it is first refreshed
 */
export function deliveryLog(webhook) {
  const path = `/webhooks/${encodeURIComponent(webhook.id)}/deliveries`;
  const filter = h("select", { "aria-label": "Which deliveries", "data-testid": "log-filter", onchange: () => { entries = new Map(); void refresh(); } },
    h("option", { value: "no" }, "All deliveries"), h("option", { value: "yes" }, "Not taken"));
  const again = h("button", { class: "button", type: "button", onclick: () => void refresh() }, "Refresh");
  const older = h("button", { class: "button", type: "button", hidden: true, "data-testid": "log-older", onclick: () => void load(last) }, "Older");
  const none = h("p", { class: "soft", hidden: true, role: "status", "data-testid": "log-none" });
  const error = h("p", { class: "error", role: "alert", hidden: true, "data-testid": "log-error" });
  const list = h("ul", { class: "hook-list", role: "list" });
  const element = h("div", { class: "hook-log", hidden: true, "data-testid": "hook-log" }, h("div", { class: "hook-log-head" }, filter, again), error, list, none, h("div", {}, older));
  /** @type {Map<string, Entry>} */
  let entries = new Map();
  let last = "";
  let turn = 0;
  let timer = 0;

  const draw = (/** @type {Delivery[]} */ deliveries, /** @type {boolean} */ below) => {
    const drawn = deliveries.map((delivery) => {
      const known = entries.get(delivery.id) ?? entry(delivery, `${path}/${encodeURIComponent(delivery.id)}`, webhook.active, refresh);
      known.update(delivery);
      return /** @type {[string, Entry]} */ ([delivery.id, known]);
    });
    entries = new Map(below ? [...entries, ...drawn] : drawn);
    const wanted = [...entries.values()].map((one) => one.element);
    // What is there already stays where it is, with the focus and what was unfolded.
    wanted.forEach((one, place) => { if (list.children[place] !== one) list.insertBefore(one, list.children[place] ?? null); });
    while (list.children.length > wanted.length) list.lastElementChild?.remove();
    none.hidden = entries.size > 0;
    none.textContent = filter.value === "yes" ? "Everything was taken." : "Nothing was sent yet.";
  };

  const query = (/** @type {string} */ before) => {
    const many = before ? PAGE : Math.min(MOST, Math.max(PAGE, entries.size));
    return new URLSearchParams({ limit: String(many), failed: filter.value, ...(before && { before }) });
  };
  const load = async (/** @type {string} */ before) => {
    const mine = ++turn;
    clearTimeout(timer);
    try {
      /** @type {{deliveries: Delivery[], more: boolean}} */
      const told = await get(`${path}?${query(before)}`);
      if (mine !== turn) return;
      error.hidden = true;
      draw(told.deliveries, Boolean(before));
      last = told.deliveries.at(-1)?.id ?? last;
      older.hidden = !told.more;
      const soon = told.deliveries.some(({ next_at }) => next_at && Date.parse(next_at) < now() + SOON);
      if (soon && !before) timer = window.setTimeout(() => { if (element.isConnected && !element.hidden) void refresh(); }, LOOK);
    } catch (problem) {
      if (mine !== turn) return;
      error.hidden = false;
      error.textContent = explain(problem);
    }
  };
  const refresh = () => load("");
  return { element, refresh };
}

/**
 * @param {Delivery} first @param {string} path @param {boolean} active @param {() => Promise<void>} refresh
 * @returns {Entry}
 */
function entry(first, path, active, refresh) {
  const head = h("summary", { class: "hook-delivery-head" });
  const body = h("div", { class: "hook-delivery" });
  let tries = -1; // of those that are drawn
  const unfold = async () => {
    try {
      const { delivery } = await get(path);
      tries = delivery.tries;
      fill(body, whole(delivery), active && h("div", {}, resend));
    } catch (problem) {
      fill(body, h("p", { class: "error", role: "alert" }, explain(problem)));
    }
  };
  const resend = h("button", {
    class: "button", type: "button", "data-testid": "send-again", "aria-label": `Send ${first.event} again`,
    onclick: async () => {
      try {
        await post(`${path}/again`);
        toast("Sent again.");
      } catch (problem) {
        toast(explain(problem), { tone: "bad" });
      }
      void refresh();
    },
  }, "Send again");
  const details = h("details", { ontoggle: () => { if (details.open) void unfold(); } }, head, body);
  const element = h("li", { "data-testid": "delivery" }, details);
  return {
    element,
    update: (delivery) => {
      fill(head, summary(delivery));
      if (details.open && delivery.tries !== tries) void unfold();
    },
  };
}

/** @param {Delivery} delivery */
function summary({ event, state, created_at, tries, last, next_at }) {
  const [words, tone] = state === "delivered" ? ["taken", "good"] : state === "failed" ? ["given up", "bad"] : tries ? ["again", "warn"] : ["waiting", ""];
  const how = last && (last.status ? `${last.status} in ${took(last)}` : last.problem);
  return [
    icon("chevron"),
    h("span", { class: "tag", data: tone ? { tone } : {}, "data-testid": "delivery-state" }, words),
    h("span", { class: "code" }, event),
    h("span", { class: "soft hook-how" }, [tries > 1 && plural(tries, "try", "tries"), how, tries > 0 && next_at && `next ${moment(next_at)}`].filter(Boolean).join(" · ")),
    h("span", { class: "soft hook-when" }, timeOf(created_at)),
  ];
}

/** "120 ms", "15.0 s" @param {{took_ms: number}} one */
const took = ({ took_ms }) => (took_ms < 1000 ? `${took_ms} ms` : `${(took_ms / 1000).toFixed(1)} s`);

/** @param {Delivery} delivery */
function whole({ id, told = [], body }) {
  return [
    h("p", { class: "soft" }, "webhook-id ", h("span", { class: "code" }, id)),
    told.length ? h("ol", { class: "hook-tries" }, told.map(attempt)) : h("p", { class: "soft" }, "Not tried yet."),
    h("h4", {}, "What is sent"),
    h("pre", { class: "code", tabindex: "0", "aria-label": "What is sent", "data-testid": "delivery-body" }, JSON.stringify(body, null, 2)),
  ].flat();
}

/** @param {Try} one */
function attempt({ at, status, problem, answer, took_ms }) {
  return h("li", { "data-testid": "try" },
    h("p", {}, h("strong", {}, status ? String(status) : problem), h("span", { class: "soft" }, ` · ${took({ took_ms })} · `, timeOf(at))),
    answer && h("pre", { class: "code", tabindex: "0", "aria-label": "What it answered", "data-testid": "try-answer" }, answer));
}
