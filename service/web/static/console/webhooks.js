/**
 * The page of webhooks: which addresses hear of what, made, changed, tested and switched off; each with its log
 * (`webhook_log.js`). Secrets are shown once.
 */

import { explain, get, post, put, remove } from "./api.js";
import { h } from "./dom.js";
import { ask, askPassword, dialog, field, form, proof, renew, section, showOnce } from "./settings_parts.js";
import { timeOf } from "./time.js";
import { toast } from "./toast.js";
import { deliveryLog } from "./webhook_log.js";
import { plural } from "./words.js";

/** @import {Account, Webhook} from "./types.js" */
/** @typedef {{event: string, text: string}} EventWords */

const ONCE = "The receiver checks with it that a call is the desk's. It is shown only now.";
const WHY = { gone: "switched off: it answered 410 Gone", failing: "switched off: it took nothing for days" };

/** @returns {Promise<Node[]>} */
export async function webhooksPage() {
  /** @type {[{webhooks: Webhook[], events: EventWords[]}, Account]} */
  const [{ webhooks, events }, account] = await Promise.all([get("/webhooks"), get("/account")]);
  return [
    section("Addresses", null, webhooks.length
      ? h("ul", { class: "rows-list", role: "list" }, webhooks.map((one) => row(one, events, account.two_factor)))
      : h("p", { class: "soft", "data-testid": "no-webhooks" }, "Nobody hears of anything yet.")),
    adding(events, account.two_factor),
  ];
}

/** @param {EventWords[]} events @param {boolean} twoFactor */
function adding(events, twoFactor) {
  const asked = inputs(events, twoFactor);
  return section("Add a webhook", "The desk posts to it, signed, whenever one of these happens; the receiver needs no library of ours.", form({
    testid: "webhook-add", label: "Add",
    save: async () => {
      const { webhook, secret } = await post("/webhooks", asked.value());
      renew();
      showOnce(`The secret of ${hostOf(webhook.address)}`, ONCE, [secret]);
    },
  }, ...asked.elements));
}

/** With the password: what is sent there goes on when this session has ended. @param {EventWords[]} events @param {boolean} twoFactor @param {Webhook} [known] */
function inputs(events, twoFactor, known) {
  const { fields, told } = proof(twoFactor);
  const address = h("input", {
    type: "text", name: "address", inputmode: "url", maxlength: 2000, autocomplete: "off", spellcheck: "false", value: known?.address ?? "",
    placeholder: "https://crm.example/hooks/desk", "data-testid": "webhook-address",
  });
  const description = h("input", { type: "text", maxlength: 200, autocomplete: "off", value: known?.description ?? "", "data-testid": "webhook-description" });
  const chosen = events.map(({ event, text }) => ({ event, text, input: checkbox(known?.events.includes(event) ?? false, `event-${event}`) }));
  const texts = checkbox(known?.with_texts ?? false, "webhook-texts");
  return {
    elements: [
      h("div", { class: "fields" }, field("Address", address), field("Description", description, "What listens there.")),
      h("fieldset", { class: "hook-events" }, h("legend", {}, "Events"), chosen.map(({ event, text, input }) =>
        h("label", {}, input, h("span", {}, h("span", { class: "code" }, event), h("span", { class: "soft" }, text))))),
      h("label", { class: "hook-texts" }, texts, h("span", {}, "With texts",
        h("span", { class: "soft" }, "Customers' words leave the desk with it. Without, only ids and labels do."))),
      h("div", { class: "fields" }, ...fields),
    ],
    value: () => ({
      ...(told().password && told()), // else what is wrong with the rest would be said last
      address: address.value, description: description.value, with_texts: texts.checked,
      events: chosen.filter(({ input }) => input.checked).map(({ event }) => event),
    }),
  };
}

/** @param {boolean} checked @param {string} testid */
const checkbox = (checked, testid) => h("input", { type: "checkbox", checked, "data-testid": testid });

/** @param {Webhook} webhook @param {EventWords[]} events @param {boolean} twoFactor */
function row(webhook, events, twoFactor) {
  const path = `/webhooks/${encodeURIComponent(webhook.id)}`;
  const log = deliveryLog(webhook);
  const opener = h("button", {
    class: "button", type: "button", "aria-expanded": "false", "aria-label": `Log: ${hostOf(webhook.address)}`, "data-testid": "webhook-log",
    onclick: () => show(log.element.hidden),
  }, "Log");
  const show = (/** @type {boolean} */ wanted) => {
    log.element.hidden = !wanted;
    opener.setAttribute("aria-expanded", String(wanted));
    if (wanted) void log.refresh();
  };
  const name = hostOf(webhook.address);
  return h("li", { class: "hook", "data-testid": "webhook" },
    h("div", { class: "row-main" },
      h("strong", { class: "code", "data-testid": "webhook-shown" }, webhook.address), ...tags(webhook),
      h("p", { class: "soft" }, [webhook.description, eventsOf(webhook, events)].filter(Boolean).join(" · ")),
      webhook.old_secret_until && h("p", { class: "soft", "data-testid": "webhook-old-secret" }, "The secret before is good for a day after it was replaced."),
      webhook.failing_since && h("p", { class: "hook-failing", "data-testid": "webhook-failing" }, "Nothing was taken since the first failure, ", timeOf(webhook.failing_since), ".")),
    h("div", { class: "acts" }, opener,
      webhook.active && act("Send a test", "webhook-test", name, async () => {
        await post(`${path}/test`);
        show(true);
        return "Sent. The log shows how it went.";
      }),
      act("Change", "webhook-change", name, async () => change(webhook, path, events, twoFactor)),
      act("New secret", "webhook-rotate", name, async () => askPassword({
        twoFactor, heading: `A new secret for ${name}?`, words: "The one so far stays good for a day: until then, every call carries both signatures.", label: "New secret",
        act: async (who) => {
          const { secret } = await post(`${path}/secret`, who);
          renew();
          showOnce(`The new secret of ${name}`, ONCE, [secret]);
        },
      })),
      webhook.active
        ? act("Switch off", "webhook-off", name, async () => ask({
          heading: `Switch ${name} off?`, words: "It hears of nothing until it is on again. What waits for it is given up, and can be sent again from the log later.", label: "Switch off",
          act: async () => { await put(path, { active: false }); renew(); return `${name} is off.`; },
        }))
        : act("Switch on", "webhook-on", name, async () => { await put(path, { active: true }); renew(); return `${name} hears of what happens from now on.`; }),
      act("Remove", "webhook-remove", name, async () => ask({
        heading: `Remove ${name}?`, words: "Its log goes with it, and what waits for it is not sent. This cannot be undone.", label: "Remove",
        act: async () => { await remove(path); renew(); return "The webhook is removed."; },
      }))),
    log.element);
}

/** @param {Webhook} webhook */
function tags(webhook) {
  const tag = (/** @type {string} */ words, /** @type {string} */ tone = "") => h("span", { class: "tag", data: tone ? { tone } : {}, "data-testid": "webhook-state" }, words);
  return [
    webhook.stopped ? tag(WHY[webhook.stopped], "bad") : !webhook.active && tag("off"),
    webhook.active && (webhook.failing_since ? tag("failing", "warn") : tag("on", "good")),
    webhook.with_texts && tag("with texts", "accent"),
  ];
}

/** @param {Webhook} webhook @param {string} path @param {EventWords[]} events @param {boolean} twoFactor */
function change(webhook, path, events, twoFactor) {
  const asked = inputs(events, twoFactor, webhook);
  const opened = dialog(`Change ${hostOf(webhook.address)}`, "webhook-dialog", form({
    testid: "webhook-edit", label: "Save",
    save: async () => {
      await put(path, asked.value());
      opened.close();
      renew();
      return "Saved.";
    },
  }, ...asked.elements));
}

/** @param {Webhook} webhook @param {EventWords[]} events */
function eventsOf(webhook, events) {
  if (webhook.events.length === events.length) return "all events";
  return webhook.events.length > 4 ? plural(webhook.events.length, "event") : webhook.events.join(", ");
}

/** @param {string} address */
function hostOf(address) {
  try {
    return new URL(address).host;
  } catch {
    return address;
  }
}

/** @param {string} label @param {string} testid @param {string} name @param {() => Promise<string|void>} run */
function act(label, testid, name, run) {
  return h("button", {
    class: "button", type: "button", "aria-label": `${label}: ${name}`, "data-testid": testid,
    onclick: async () => {
      try {
        const said = await run();
        if (said) toast(said);
      } catch (error) {
        toast(explain(error), { tone: "bad" });
      }
    },
  }, label);
}
