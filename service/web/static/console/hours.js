/**
 * The page of hours and promises: when people work, how soon they reply, and whether a customer who waits may leave
 * an address. What it comes to is said in words while one edits; the desk works that out.
 */

import { ApiError, explain, get, post } from "./api.js";
import { fill, h } from "./dom.js";
import { EditForm } from "./edit_form.js";
import { WEEK, hoursInput } from "./hours_fields.js";
import { promisesInput } from "./promises_fields.js";
import { section, wrong } from "./settings_parts.js";
import { toast } from "./toast.js";

/** @import {Promises} from "./types.js" */
/** @import {Kind} from "./edit_form.js" */

const PAUSE_MS = 350; // of typing, before the desk is asked what it comes to
const CLOCKS = /** @type {const} */ (["first_reply", "next_reply", "resolution"]);

/** @returns {Promise<Node[]>} */
export async function hoursPage() {
  const promises = await get("/promises");
  const form = new EditForm(kindOf(preview()), promises, {
    saved: () => toast("Saved. The clocks of tickets follow at once, customers who wait within seconds."),
  });
  return [h("div", { class: "setting-form hours-form" }, form.element)];
}

/** @param {{element: HTMLElement, ask: (body: object) => void}} shown @returns {Kind} */
function kindOf({ element, ask }) {
  return {
    kind: "promises", noun: "page", path: "/promises", one: "", key: null, forgets: true,
    fields: [
      { name: "hours", label: "Business hours", as: "group", make: hoursInput },
      { name: "sla", label: "How soon people reply", as: "group", make: promisesInput, help: "30m, 8h or 2d of business hours, by the priority that was read. An empty field promises nothing." },
      {
        name: "contact_form", label: "A customer who waits may leave an e-mail address or phone number", as: "choice",
        choices: () => [["away", "While the desk is closed, and when nobody is there"], ["closed", "Only while the desk is closed"], ["never", "Never"]],
      },
    ],
    values: plainOf,
    body: (values) => bodyOf(values),
    preview: (values) => {
      ask(bodyOf({ ...values, sla: understood(values.sla) }));
      return element;
    },
  };
}

/** As the fields have it: every day and every clock, in one order. @param {Record<string, any>} promises */
function plainOf({ sla, hours, contact_form }) {
  return {
    hours: hours && { timezone: hours.timezone, days: Object.fromEntries(WEEK.map((day) => [day, hours.days[day] ?? []])), closed: [...hours.closed].sort() },
    sla: Object.fromEntries(CLOCKS.map((clock) => [clock, ordered(sla?.[clock] ?? {})])),
    contact_form,
  };
}

/** @param {Record<string, number>} minutes */
const ordered = (minutes) => Object.fromEntries(Object.entries(minutes).sort(([one], [two]) => (one < two ? -1 : 1)));

/** As the desk wants it. @param {Record<string, any>} values */
function bodyOf({ hours, sla, contact_form }) {
  const promised = CLOCKS.some((clock) => Object.keys(sla?.[clock] ?? {}).length);
  return { hours, sla: promised ? sla : null, contact_form };
}

/** Without what is no time yet. @param {Record<string, Record<string, any>>} sla */
const understood = (sla) => Object.fromEntries(Object.entries(sla).map(([clock, promised]) =>
  [clock, Object.fromEntries(Object.entries(promised).filter(([, minutes]) => typeof minutes === "number"))]));

/** What it comes to, in the desk's words; asked for when one pauses. */
function preview() {
  const told = h("div", { class: "hours-words", role: "status", "data-testid": "hours-preview" });
  const element = section("What this means", null, told);
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  let asked = "";
  const ask = (/** @type {object} */ body) => {
    const text = JSON.stringify(body);
    if (text === asked) return;
    asked = text;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      try {
        const { is_open: isOpen, now, examples } = await post("/promises/preview", body);
        if (text !== asked) return;
        fill(told, h("p", { class: "hours-now", data: { open: isOpen } }, now), examples.length
          ? h("ul", { role: "list" }, examples.map((/** @type {string} */ words) => h("li", {}, words)))
          : h("p", { class: "soft" }, "Nothing is promised: tickets have no clocks."));
      } catch (error) {
        if (text === asked) fill(told, h("p", { class: "field-problem" }, error instanceof ApiError && error.status === 422 ? wrong(error) : explain(error)));
      }
    }, PAUSE_MS);
  };
  return { element, ask };
}
