/**
 * Two-factor sign-in on the account page: set up by a picture to scan, confirmed by a code, with recovery codes
 * that are shown once.
 */

import { post } from "./api.js";
import { h } from "./dom.js";
import { askPassword, dialog, field, form, renew, section, showOnce } from "./settings_parts.js";
import { plural } from "./words.js";

/** @import {Account} from "./types.js" */
/** @typedef {{secret: string, address: string, picture: string}} Begun */

const KEEP = "Each of them signs you in once without your device. Keep them where your device is not; they are shown only now.";
const FEW = 3;

/** @param {Account} account */
export function twoFactor({ two_factor: isOn, recovery_codes: left }) {
  const says = "Besides the password, a code that an authenticator app on your telephone shows. Who has learned your password cannot get in with it alone.";
  if (!isOn) {
    return section("Two-factor sign-in", says, h("div", {}, h("button", { class: "button", type: "button", "data-testid": "totp-begin", onclick: begin }, "Set it up")));
  }
  return section("Two-factor sign-in", says,
    h("p", { "data-testid": "totp-state" }, h("span", { class: "tag", data: { tone: "good" } }, "on"), " ", `${plural(left, "recovery code")} left.`),
    left < FEW && h("p", { class: "notice" }, "Make new recovery codes before the last one is used."),
    h("div", { class: "acts" },
      h("button", { class: "button", type: "button", "data-testid": "totp-codes", onclick: renewCodes }, "New recovery codes"),
      h("button", { class: "button", type: "button", "data-testid": "totp-off", onclick: switchOff }, "Switch it off")));
}

function begin() {
  askPassword({
    heading: "Two-factor sign-in", words: "You will scan a picture with an authenticator app. Confirm first that it is you.", label: "Go on",
    act: async (proof) => scan(await post("/account/totp", proof)),
  });
}

/** @param {Begun} begun */
function scan({ secret, picture }) {
  const code = h("input", { type: "text", inputmode: "numeric", autocomplete: "one-time-code", maxlength: 12, "data-testid": "totp-code" });
  const shown = dialog("Scan this picture", "totp-scan", form({
    testid: "totp-confirm", label: "Switch it on",
    save: async () => {
      const { recovery_codes: codes } = await post("/account/totp/confirm", { code: code.value });
      shown.close();
      renew();
      showOnce("Your recovery codes", KEEP, codes);
      return "Two-factor sign-in is on.";
    },
  },
    h("p", {}, "Scan it with your authenticator app, then enter the code that the app shows."),
    h("img", { class: "qr", src: picture, alt: "QR code for an authenticator app; the same as the secret below", width: 196, height: 196, "data-testid": "totp-picture" }),
    h("p", { class: "soft" }, "Or type the secret into the app:"),
    h("code", { class: "secret", "data-testid": "totp-secret" }, grouped(secret)),
    field("Code", code)));
  code.focus();
}

function renewCodes() {
  askPassword({
    heading: "New recovery codes", words: "The codes that you have are void then.", label: "Make new ones", twoFactor: true,
    act: async (proof) => {
      const { recovery_codes: codes } = await post("/account/totp/codes", proof);
      renew();
      showOnce("Your recovery codes", KEEP, codes);
    },
  });
}

function switchOff() {
  askPassword({
    heading: "Switch two-factor sign-in off?", words: "Your password alone will be enough then.", label: "Switch it off", twoFactor: true,
    act: async (proof) => {
      await post("/account/totp/off", proof);
      renew();
      return "Two-factor sign-in is off.";
    },
  });
}

/** In fours, as people copy it. @param {string} secret */
const grouped = (secret) => secret.match(/.{1,4}/g)?.join(" ") ?? secret;
