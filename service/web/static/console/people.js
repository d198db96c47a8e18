/**
 * The page of people: who works here, with which role; passwords that are made and shown once.
 */

import { explain, get, post, put, remove } from "./api.js";
import { h } from "./dom.js";
import { session } from "./session.js";
import { ask, field, form, renew, section, showOnce } from "./settings_parts.js";
import { timeOf } from "./time.js";
import { toast } from "./toast.js";
import { initials, plural, title } from "./words.js";

/** @import {Colleague, Role} from "./types.js" */
/** @typedef {{role: Role, may: string}} RoleWords */

const ONCE = "It is shown only now. Tell it to them on a way that others do not read; they can change it in their account.";

/** @returns {Promise<Node[]>} */
export async function peoplePage() {
  /** @type {{people: Colleague[], roles: RoleWords[]}} */
  const { people, roles } = await get("/people");
  return [
    section("Everybody", null, h("ul", { class: "rows-list", role: "list" }, people.map((one) => row(one, roles)))),
    adding(roles),
    section("Roles", "Each may all that the ones before may.", h("dl", { class: "roles" },
      roles.map(({ role, may }) => h("div", {}, h("dt", {}, title(role)), h("dd", {}, may))))),
  ];
}

/** @param {RoleWords[]} roles @param {string} chosen */
const options = (roles, chosen) => roles.map(({ role }) => h("option", { value: role, selected: role === chosen }, title(role)));

/** @param {RoleWords[]} roles */
function adding(roles) {
  const email = h("input", { type: "email", autocomplete: "off", maxlength: 254, "data-testid": "person-email" });
  const name = h("input", { type: "text", autocomplete: "off", maxlength: 80, "data-testid": "person-name" });
  const role = h("select", { "data-testid": "person-role" }, options(roles, "operator"));
  return section("Add somebody", null, form({
    testid: "person-add", label: "Add",
    save: async () => {
      const added = await post("/people", { email: email.value.trim(), role: role.value, ...(name.value.trim() && { name: name.value }) });
      renew();
      showOnce(`The password of ${added.person.name}`, ONCE, [added.password]);
    },
  }, h("div", { class: "fields" }, field("E-mail", email), field("Name", name, "Left empty, it is made of the address."), field("Role", role))));
}

/** @param {Colleague} one @param {RoleWords[]} roles */
function row(one, roles) {
  const isMe = one.id === session.operator?.id;
  const path = `/people/${encodeURIComponent(one.id)}`;
  const role = h("select", { "aria-label": `Role of ${one.name}`, disabled: one.disabled, "data-testid": "role" }, options(roles, one.role));
  role.addEventListener("change", async () => {
    try {
      await put(path, { role: role.value });
      toast(`${one.name} is ${role.value} now.`);
    } catch (error) {
      toast(`Not changed. ${explain(error)}`, { tone: "bad" });
    }
    renew();
  });
  return h("li", { class: one.disabled ? "gone" : "", "data-testid": "person" },
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(one.name)),
    h("div", { class: "row-main" },
      h("strong", { "data-testid": "person-shown" }, one.name), isMe && h("span", { class: "tag" }, "you"),
      one.disabled && h("span", { class: "tag", data: { tone: "bad" }, "data-testid": "disabled" }, "disabled"),
      one.two_factor && h("span", { class: "tag", data: { tone: "good" } }, "two-factor"),
      h("p", { class: "soft" }, h("bdi", {}, one.email), one.seen_at ? [" · here ", timeOf(one.seen_at)].filter(Boolean) : " · not signed in")),
    role,
    h("div", { class: "acts" }, one.disabled
      ? act("Enable", "enable", one, async () => { await put(path, { disabled: false }); return `${one.name} can sign in again.`; })
      : acts(one, path, isMe)));
}

/** One's own password and second factor are changed under My account, which asks for the password. @param {Colleague} one @param {string} path @param {boolean} isMe */
function acts(one, path, isMe) {
  return [
    !isMe && act("New password", "reset", one, async () => {
      const { password } = await post(`${path}/password`);
      showOnce(`The new password of ${one.name}`, ONCE, [password]);
    }, `The password that ${one.name} has is void then, and every session of theirs ends.`),
    act("Sign out", "sign-out-person", one, async () => {
      const { ended } = await remove(`${path}/sessions`);
      return `${plural(ended, "session")} of ${one.name} ended.`;
    }, `${one.name} is signed out everywhere and can sign in again. API tokens go on.`),
    !isMe && one.two_factor && act("Reset two-factor", "reset-totp", one, async () => {
      await remove(`${path}/totp`);
      return `${one.name} signs in with the password alone.`;
    }, `For a lost device. Be sure that it is ${one.name} who asks: the password alone is enough then.`),
    act("Disable", "disable", one, async () => {
      await put(path, { disabled: true });
      return `${one.name} can no longer sign in.`;
    }, `Sessions and API tokens of ${one.name} end at once; their claimed tickets become open again.`),
  ];
}

/**
 * @param {string} label @param {string} testid @param {Colleague} one @param {() => Promise<string|void>} run
 * @param {string} [words] asked before
 */
function act(label, testid, one, run, words) {
  const all = async () => {
    const said = await run();
    renew();
    return said;
  };
  return h("button", {
    class: "button", type: "button", "aria-label": `${label}: ${one.name}`, "data-testid": testid,
    onclick: async () => {
      if (words) return ask({ heading: `${label}: ${one.name}`, words, label, act: all });
      try {
        toast((await all()) ?? "");
      } catch (error) {
        toast(explain(error), { tone: "bad" });
      }
    },
  }, label);
}
