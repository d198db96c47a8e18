/**
 * The page of one's own account: name, password, two-factor sign-in, sessions.
 */

import { call, explain, get, put, remove } from "./api.js";
import { h } from "./dom.js";
import { session } from "./session.js";
import { ask, field, form, renew, section } from "./settings_parts.js";
import { timeOf } from "./time.js";
import { toast } from "./toast.js";
import { twoFactor } from "./two_factor.js";
import { plural } from "./words.js";

/** @import {Account, Session} from "./types.js" */

const MIN_LENGTH = 10;
const MIN_DIFFERENT = 5;

/** @returns {Promise<Node[]>} */
export async function accountPage() {
  /** @type {Account} */
  const account = await get("/account");
  return [aboutMe(account), password(account), twoFactor(account), sessions(account)];
}

/** @param {Account} account */
function aboutMe({ operator }) {
  const name = h("input", { type: "text", maxlength: 80, autocomplete: "name", value: operator.name, "data-testid": "account-name" });
  return section("About me", null, form({
    testid: "account", label: "Save",
    save: async () => {
      const told = await put("/account", { name: name.value });
      session.operator = told.operator;
      document.getElementById("settings")?.dispatchEvent(new Event("renamed"));
      return "Your name is saved.";
    },
  },
    field("Name", name, "Customers and colleagues read it beside your replies."),
    h("dl", { class: "facts" },
      h("div", {}, h("dt", {}, "E-mail"), h("dd", {}, operator.email)),
      h("div", {}, h("dt", {}, "Role"), h("dd", {}, operator.role)))));
}

/** @param {Account} account */
function password({ operator }) {
  const old = h("input", { type: "password", autocomplete: "current-password", "data-testid": "password-old" });
  const fresh = h("input", { type: "password", autocomplete: "new-password", maxlength: 1000, "data-testid": "password-new" });
  const strength = h("span", { class: "strength", role: "status", "data-testid": "strength" });
  const judge = () => {
    const problem = weakness(fresh.value);
    strength.textContent = fresh.value ? problem || "Long enough." : "";
    strength.dataset.tone = problem ? "bad" : "good";
  };
  fresh.addEventListener("input", judge);
  return section("Password", "A new password signs you out everywhere else.", form({
    testid: "password", label: "Change the password",
    save: async () => {
      await put("/account/password", { old: old.value, new: fresh.value });
      old.value = fresh.value = "";
      judge();
      renew();
      return "Your password is changed. You are signed in here only.";
    },
  },
    h("input", { type: "hidden", name: "username", autocomplete: "username", value: operator.email }),
    field("Password so far", old),
    field("New password", fresh, "At least 10 characters. Several words that do not belong together are good."),
    strength));
}

/** What is wrong with a password, as far as it can be said here; the desk looks closer. @param {string} password */
function weakness(password) {
  const missing = MIN_LENGTH - [...password].length;
  if (missing > 0) return `${plural(missing, "more character")}, please.`;
  if (new Set(password.toLowerCase()).size < MIN_DIFFERENT) return "Too few different characters.";
  return "";
}

/** @param {Account} account */
function sessions({ sessions: all }) {
  const others = all.filter(({ current }) => !current);
  return section("Where I am signed in", "What you do not know: sign it out, and change your password.",
    h("ul", { class: "rows-list", role: "list" }, all.map(sessionRow)),
    others.length > 0 && h("div", {}, h("button", {
      class: "button", type: "button", "data-testid": "sign-out-others",
      onclick: () => ask({
        heading: "Sign out everywhere else?", words: `${plural(others.length, "other session")} will end. This one stays.`, label: "Sign out the others",
        act: async () => {
          const { ended } = await call("DELETE", "/account/sessions");
          renew();
          return `${plural(ended, "session")} ended.`;
        },
      }),
    }, "Sign out everywhere else")));
}

/** @param {Session} one */
function sessionRow(one) {
  const device = one.device || "Unknown device";
  return h("li", { "data-testid": "session" },
    h("div", { class: "row-main" },
      h("strong", {}, device), one.current && h("span", { class: "tag", data: { tone: "good" } }, "this one"),
      h("p", { class: "soft" }, one.address || "unknown address", " · here ", timeOf(one.seen_at), " · since ", timeOf(one.created_at))),
    !one.current && h("button", {
      class: "button", type: "button", "aria-label": `Sign out ${device}`, "data-testid": "session-end",
      onclick: async () => {
        try {
          await remove(`/account/sessions/${encodeURIComponent(one.id)}`);
          renew();
        } catch (error) {
          toast(`Not signed out. ${explain(error)}`, { tone: "bad" });
        }
      },
    }, "Sign out"));
}
