/**
 * The page of API tokens: made and shown once, with their last use, revoked at once. Admins see everybody's.
 */

import { get, post, remove } from "./api.js";
import { h } from "./dom.js";
import { session } from "./session.js";
import { ask, field, form, proof, renew, section, showOnce } from "./settings_parts.js";
import { timeOf } from "./time.js";

/** @import {Account, ApiToken} from "./types.js" */

const ONCE = "Programs send it as “Authorization: Bearer …”. It is shown only now; the desk keeps nothing that it could be read from.";

/** @returns {Promise<Node[]>} */
export async function tokensPage() {
  const isAdmin = session.operator?.role === "admin";
  /** @type {[{tokens: ApiToken[]}, Account]} */
  const [{ tokens }, account] = await Promise.all([get(isAdmin ? "/tokens?of=all" : "/tokens"), get("/account")]);
  const mine = tokens.filter((token) => token.operator_id === session.operator?.id);
  const others = tokens.filter((token) => !mine.includes(token));
  return [
    section("My tokens", null, list(mine, "You have no token.")),
    making(account.two_factor),
    ...(others.length ? [section("Tokens of others", "You see them because you are an admin.", list(others, ""))] : []),
  ];
}

/** A token outlives the session that makes it, so it takes the password once more. @param {boolean} twoFactor */
function making(twoFactor) {
  const name = h("input", { type: "text", name: "name", maxlength: 80, autocomplete: "off", placeholder: "Nightly export", "data-testid": "token-name" });
  const { fields, told } = proof(twoFactor);
  return section("Make a token", null, form({
    testid: "token-make", label: "Make it",
    save: async () => {
      const { token } = await post("/tokens", { name: name.value, ...told() });
      renew();
      showOnce(`The token “${name.value.trim()}”`, ONCE, [token]);
    },
  }, field("Name", name, "What it is for, so that you know it later."), ...fields));
}

/** @param {ApiToken[]} tokens @param {string} none */
function list(tokens, none) {
  if (!tokens.length) return h("p", { class: "soft", "data-testid": "no-tokens" }, none);
  return h("ul", { class: "rows-list", role: "list" }, tokens.map(row));
}

/** @param {ApiToken} token */
function row(token) {
  const name = token.name || "without a name";
  const isMine = token.operator_id === session.operator?.id;
  return h("li", { "data-testid": "token" },
    h("div", { class: "row-main" }, h("strong", {}, name), !isMine && h("span", { class: "tag" }, token.operator_name),
      h("p", { class: "soft" }, "made ", timeOf(token.created_at), " · ", token.used_at ? ["used ", timeOf(token.used_at)] : "never used")),
    h("button", {
      class: "button", type: "button", "aria-label": `Revoke ${name}`, "data-testid": "token-revoke",
      onclick: () => ask({
        heading: `Revoke “${name}”?`, words: "Programs that use it are turned away at once. This cannot be undone.", label: "Revoke",
        act: async () => {
          await remove(`/tokens/${encodeURIComponent(token.id)}`);
          renew();
          return "The token is revoked.";
        },
      }),
    }, "Revoke"));
}
