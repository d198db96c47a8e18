/**
 * The page of the site: what customers see first, the widget's look, and which sites may embed it.
 */

import { ApiError, get, put } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { conflictOf } from "./edit_form.js";
import { lookPreview } from "./look_preview.js";
import { loadContent, session } from "./session.js";
import { field, form, renew, section } from "./settings_parts.js";
import { toast } from "./toast.js";
import { title } from "./words.js";

/** @import {SiteSettings} from "./types.js" */

const MOST = 8;
const FIRST_COLOR = "#1d5c4d";
const SAVED = "Saved. Customers see it within seconds.";
const THEMES = [["", "As the page says"], ["auto", "As the visitor's device"], ["light", "Light"], ["dark", "Dark"]];
const SIDES = [["", "As the page says, else where lines end"], ["left", "Left"], ["right", "Right"]];
const LANGUAGES = [["", "As the page or the visitor's browser says"], ["ar", "العربية"], ["de", "Deutsch"], ["en", "English"], ["es", "Español"], ["fr", "Français"], ["zh", "中文"]];

/** @returns {Promise<Node[]>} */
export async function sitePage() {
  /** @type {[SiteSettings, {facts: Record<string, string>}, unknown]} */
  const [site, { facts }] = await Promise.all([get("/settings"), get("/facts"), loadContent()]);
  const name = h("input", { type: "text", maxlength: 80, value: site.name, "data-testid": "site-name" });
  const welcome = h("textarea", { rows: 4, dir: "auto", placeholder: site.usual_welcome, value: site.welcome.join("\n\n"), "data-testid": "site-welcome" });
  const suggested = chooser(site.suggested);
  const color = colorField(site.color);
  const theme = chosen("site-theme", THEMES, site.theme);
  const side = chosen("site-side", SIDES, site.side);
  const locale = chosen("site-locale", LANGUAGES, site.locale);
  const line = (/** @type {string} */ name, /** @type {string} */ value, /** @type {string} */ usual) =>
    h("input", { type: "text", maxlength: 200, value, placeholder: usual, spellcheck: "false", autocomplete: "off", "data-testid": `site-${name}` });
  const spacing = line("spacing", site.spacing, "20px");
  const radius = line("radius", site.radius, "18px");
  const font = line("font", site.font, "The visitor's system's");
  const isFixed = site.fixed.includes("allowed_origins");
  const origins = h("input", { type: "text", maxlength: 4000, value: site.allowed_origins, disabled: isFixed, spellcheck: "false", "data-testid": "site-origins" });
  const files = h("input", { type: "checkbox", id: "site-files", "data-testid": "site-files" });
  files.checked = site.files;
  let shown = site.allowed_origins;
  // Only what was edited here: whoever saves something else leaves as it is who may embed the widget.
  const opened = () => (isFixed || origins.value === shown ? {} : { allowed_origins: origins.value });
  const mine = () => ({
    files: files.checked, name: name.value, welcome: welcome.value.split(/\n\s*\n/).map((text) => text.trim()).filter(Boolean), suggested: suggested.value(),
    color: color.value(), theme: theme.value, side: side.value, spacing: spacing.value.trim(), radius: radius.value.trim(), font: font.value.trim(), locale: locale.value,
  });
  let { version } = site;
  const conflict = h("div", { class: "conflict-panel", hidden: true, tabindex: "-1", "data-testid": "site-conflict" });
  const save = async () => {
    conflict.hidden = true;
    try {
      const saved = await put("/settings", { ...mine(), ...opened(), version });
      version = saved.version;
      shown = origins.value = saved.allowed_origins;
      return SAVED;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "edited") throw error;
      const { current: theirs, version: now, edited_by: by, edited_at: at } = error.problem;
      const keep = () => {
        version = now;
        save().then((said) => said && toast(said), (problem) => toast(problem.message, { tone: "bad" }));
      };
      const ours = { ...mine(), ...opened() };
      const { allowed_origins: _, ...rest } = theirs;
      fill(conflict, conflictOf({ by, at, theirs: "allowed_origins" in ours ? theirs : rest, mine: ours, keep, take: renew }));
      conflict.hidden = false;
      conflict.focus();
    }
  };
  const preview = lookPreview();
  const show = () => preview.show({
    ...mine(), welcome: (welcome.value.split(/\n\s*\n/)[0] || site.usual_welcome).replace(/\{(\w+)\}/g, (mark, name) => facts[name] || mark), suggested: suggested.value().map(wordsOf),
  });
  const made = form({ testid: "site", label: "Save", save },
    section("What customers see first", null,
      field("Name of the desk", name),
      field("Welcome", welcome, "An empty line between two makes them take turns. Left empty, the desk's usual words stand."),
      suggested.element),
    section("How the widget looks", "What is set here wins over what a page says; what is left empty is the page's to say.", h("div", { class: "look" },
      h("div", { class: "look-fields" }, color.element, field("Theme", theme), field("Side", side),
        field("Space to the edge", spacing, "A length such as 24px, or two: from the side, from below."),
        field("Corners", radius, "A length such as 6px, at most 28px; 0 for square ones."),
        field("Letters", font, "Fonts that your pages load can be named: Inter, sans-serif."),
        field("Language", locale, "Of the widget's own words; answers are in the content's.")),
      preview.element),
      h("div", { class: "field" }, h("label", { for: "site-files" }, files, " Customers may send files and pictures"))),
    section("Which sites may embed it", null,
      field("Origins", origins, isFixed
        ? "Set by FRONTDESK_ALLOWED_ORIGINS on the server, and changed there."
        : "Such as https://shop.example, separated by commas; * for any.")),
    conflict);
  for (const name of ["input", "change", "click"]) {
    made.addEventListener(name, ({ target }) => target instanceof Element && !target.closest(".look-preview") && show());
  }
  show();
  return [made];
}

/** @param {string} testid @param {string[][]} choices @param {string} value */
function chosen(testid, choices, value) {
  return h("select", { "data-testid": testid }, choices.map(([one, words]) => h("option", { value: one, selected: one === value }, words)));
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
