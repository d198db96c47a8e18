/**
 * The page of the site: what customers see first, the widget's look, and which sites may embed it.
 */

import { get, put } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { loadContent, session } from "./session.js";
import { field, form, section } from "./settings_parts.js";
import { title } from "./words.js";

/** @import {SiteSettings} from "./types.js" */

const MOST = 8;
const FIRST_COLOR = "#1d5c4d";
const THEMES = [["", "As the page says"], ["auto", "As the visitor's device"], ["light", "Light"], ["dark", "Dark"]];

/** @returns {Promise<Node[]>} */
export async function sitePage() {
  /** @type {[SiteSettings, unknown]} */
  const [site] = await Promise.all([get("/settings"), loadContent()]);
  const name = h("input", { type: "text", maxlength: 80, value: site.name, "data-testid": "site-name" });
  const welcome = h("textarea", { rows: 4, dir: "auto", placeholder: site.usual_welcome, value: site.welcome.join("\n\n"), "data-testid": "site-welcome" });
  const suggested = chooser(site.suggested);
  const color = colorField(site.color);
  const theme = h("select", { "data-testid": "site-theme" }, THEMES.map(([value, words]) => h("option", { value, selected: value === site.theme }, words)));
  const isFixed = site.fixed.includes("allowed_origins");
  const origins = h("input", { type: "text", maxlength: 4000, value: site.allowed_origins, disabled: isFixed, spellcheck: "false", "data-testid": "site-origins" });
  const files = h("input", { type: "checkbox", id: "site-files", "data-testid": "site-files" });
  files.checked = site.files;
  const save = async () => {
    await put("/settings", {
      files: files.checked, name: name.value, theme: theme.value, color: color.value(), suggested: suggested.value(),
      welcome: welcome.value.split(/\n\s*\n/).map((text) => text.trim()).filter(Boolean),
      ...(isFixed ? {} : { allowed_origins: origins.value }),
    });
    return "Saved. Customers see it within seconds.";
  };
  return [form({ testid: "site", label: "Save", save },
    section("What customers see first", null,
      field("Name of the desk", name),
      field("Welcome", welcome, "An empty line between two makes them take turns. Left empty, the desk's usual words stand."),
      suggested.element),
    section("The widget", null, h("div", { class: "fields" }, color.element, field("Theme", theme, "Wins over what the page says.")),
      h("div", { class: "field" }, h("label", { for: "site-files" }, files, " Customers may send files and pictures"))),
    section("Which sites may embed it", null,
      field("Origins", origins, isFixed
        ? "Set by FRONTDESK_ALLOWED_ORIGINS on the server, and changed there."
        : "Such as https://shop.example, separated by commas; * for any.")))];
}

/** @param {string} chosen @returns {{element: Node, value: () => string}} */
function colorField(chosen) {
  const color = h("input", { type: "color", value: chosen || FIRST_COLOR, "data-testid": "site-color" });
  const own = h("input", { type: "checkbox", id: "site-own-color", "data-testid": "site-own-color" });
  own.checked = Boolean(chosen);
  color.addEventListener("input", () => { own.checked = true; });
  const element = h("div", { class: "field" }, h("label", { for: "site-color" }, "Colour"),
    h("div", { class: "color-row" }, color, h("label", { for: "site-own-color" }, own, "Use it; else the page's or the widget's own")));
  color.id = "site-color";
  return { element, value: () => (own.checked ? color.value : "") };
}

/**
 * The intents that the widget offers at the start, in their order.
 * @param {readonly string[]} names
 */
function chooser(names) {
  let chosen = [...names];
  const shown = h("ul", { class: "chips", role: "list", "aria-label": "Suggested questions" });
  const add = h("select", { id: "site-suggest", "data-testid": "site-suggest" });
  const draw = () => {
    fill(shown, chosen.map((name) => h("li", { "data-testid": "suggested" }, wordsOf(name),
      h("button", {
        class: "icon-button", type: "button", "aria-label": `Remove ${wordsOf(name)}`,
        onclick: () => { chosen = chosen.filter((one) => one !== name); draw(); add.focus(); },
      }, icon("close")))));
    const left = session.intents.filter(({ name }) => !chosen.includes(name));
    fill(add, h("option", { value: "" }, chosen.length < MOST ? "Add a question…" : `${MOST} are the most`), left.map(({ name }) => h("option", { value: name }, wordsOf(name))));
    add.disabled = chosen.length >= MOST;
  };
  add.addEventListener("change", () => {
    if (add.value) chosen = [...chosen, add.value];
    draw();
  });
  draw();
  const element = h("div", { class: "field" }, h("label", { for: "site-suggest" }, "Suggested questions"), shown, add);
  return { element, value: () => chosen };
}

/** As customers read it. @param {string} name */
const wordsOf = (name) => session.intents.find((intent) => intent.name === name)?.title ?? title(name);
