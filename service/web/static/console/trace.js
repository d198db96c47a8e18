/**
 * "Why?": the trace of a turn, first in words, then in numbers.
 */

import { h } from "./dom.js";
import { absolute } from "./time.js";
import { traceWords } from "./trace_words.js";
import { ranked, score, title } from "./words.js";

/** @import {Trace, Hit, Score} from "./types.js" */

/** @param {Trace} trace */
export function traceCard(trace) {
  const { reading, route } = trace;
  const intents = ranked(reading?.intents).slice(0, 5);
  return h("section", { class: "trace", "aria-label": "Why the desk did this", "data-testid": "trace" },
    h("p", { class: "trace-words", "data-testid": "trace-words" }, traceWords(trace).map(({ text, strong }) => (strong ? h("strong", {}, text) : text))),
    reading && h("div", { class: "trace-grid" },
      part("Intents", h("div", { class: "bars" }, intents.map((intent, at) => bar(intent, at === 0)))),
      h("div", {},
        part("Sentiment", h("div", { class: "bars" },
          ranked(reading?.sentiments).map((sentiment, at) => bar(sentiment, at === 0)))),
        part("Facts in the message", entitiesOf(trace))),
      h("div", { class: "trace-wide" }, part("Found", hitsOf(trace.hits ?? [])))),
    h("dl", { class: "trace-facts" },
      fact("Action", `${title(route.action)} · ${title(route.reason)}`),
      fact("Known", score(reading?.in_scope)),
      fact("Certainty", score(reading?.certainty)),
      flatten(trace.thresholds).map(([name, value]) => fact(`Threshold: ${name}`, value)),
      fact("Release", trace.release ?? "", true),
      fact("Took", timings(trace.took_ms)),
      trace.at && fact("Read", absolute(trace.at))));
}

/** @param {string} heading @param {HTMLElement} content */
function part(heading, content) {
  return h("div", {}, h("h3", {}, heading), content);
}

/** @param {Score} score_ @param {boolean} first */
function bar({ label, confidence }, first) {
  const track = h("span", { class: "bar-track", "aria-hidden": "true" }, h("span", { class: "bar-fill" }));
  track.style.setProperty("--share", String(Math.max(0, Math.min(1, confidence))));
  return h("div", { class: "bar", ...(first ? { "data-first": true } : {}) },
    h("span", { class: "bar-label", title: label }, title(label)), track,
    h("span", { class: "bar-score" }, score(confidence)));
}

/** @param {Hit[]} hits */
function hitsOf(hits) {
  if (!hits.length) return h("p", { class: "soft" }, "Nothing near enough.");
  return h("ol", { class: "hits" }, hits.slice(0, 6).map((hit) => h("li", {},
    h("span", { class: "bar-score" }, score(hit.score)),
    h("span", { class: "hit-text", title: hit.text ?? hit.id }, h("bdi", {}, hit.text ?? hit.id)),
    h("span", { class: "hit-kind" },
      [title(hit.kind), hit.intent && title(hit.intent), hit.lexical && `wording ${score(hit.lexical)}`, hit.fresh && "newer than the release"]
        .filter(Boolean).join(" · ")))));
}

/** @param {Trace} trace */
function entitiesOf({ reading, route }) {
  const slots = Object.entries(route.slots ?? {});
  const entities = reading?.entities ?? [];
  if (!entities.length && !slots.length) return h("p", { class: "soft" }, "None.");
  const named = new Map([...entities.map(({ label, text }) => /** @type {[string, string]} */ ([label, text])), ...slots]);
  return h("dl", { class: "entities" }, [...named].map(([label, text]) =>
    h("div", {}, h("dt", {}, title(label)), h("dd", {}, h("bdi", {}, text)))));
}

/** @param {string} name @param {string} value @param {boolean} [code] */
function fact(name, value, code = false) {
  return value && value !== "–"
    ? h("div", {}, h("dt", {}, name), h("dd", code ? { class: "code" } : {}, value))
    : null;
}

/**
 * Thresholds as pairs of words, however deep they are nested.
 * @param {Record<string, unknown>|null|undefined} thresholds
 * @param {string} [within]
 * @returns {[string, string][]}
 */
function flatten(thresholds, within = "") {
  return Object.entries(thresholds ?? {}).flatMap(([name, value]) => {
    const words = [within, title(name).toLowerCase()].filter(Boolean).join(" ");
    if (value !== null && typeof value === "object") {
      return flatten(/** @type {Record<string, unknown>} */ (value), words);
    }
    return [/** @type {[string, string]} */ ([words, typeof value === "number" ? score(value) : String(value)])];
  });
}

/** @param {Record<string, number>|null|undefined} took */
function timings(took) {
  return Object.entries(took ?? {})
    .map(([step, ms]) => `${title(step).toLowerCase()} ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`)
    .join(" · ");
}
