/**
 * The parts of the reports page: figures with what they were before, charts with the tables behind them,
 * and tables with their CSV. What was never measured is said in words.
 */

import { bars, heat, miniBar } from "./charts.js";
import { download } from "./csv.js";
import { h, icon } from "./dom.js";
import { duration } from "./time.js";
import { OUT_OF_SCOPE, count, percent, plural, title } from "./words.js";

/** @import {Row} from "./csv.js" */
/** @import {Part, Point} from "./charts.js" */
/** @import {Figures, Report, SeriesPoint} from "./report_types.js" */

/** @type {Part[]} */
const ACTIONS = [{ name: "answered", tone: "tone-answered" }, { name: "asked back", tone: "tone-asked" }, { name: "handed over", tone: "tone-handed" }];
/** @type {Part[]} */
const MOODS = [{ name: "negative", tone: "tone-negative" }, { name: "neutral", tone: "tone-neutral" }, { name: "positive", tone: "tone-positive" }];
const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const FEW = 30;

/** @param {number|null|undefined} seconds */
const took = (seconds) => (typeof seconds === "number" ? duration(1000 * seconds) : "–");

// --- figures -----------------------------------------------------------------------------------------

/** @param {Report} now */
export function tiles(now) {
  const { before } = now;
  const shares = (/** @type {Figures} */ { turns }) => {
    const decided = turns.total - turns.none;
    return (/** @type {number} */ part) => (decided ? part / decided : null);
  };
  const of = (/** @type {Figures} */ { turns }, /** @type {"answered"|"asked"|"handed"} */ what) => shares(/** @type {Figures} */ ({ turns }))(
    what === "answered" ? turns.answer : what === "asked" ? turns.clarify + turns.ask : turns.handoff);
  return h("dl", { class: "tiles", "data-testid": "tiles" },
    tile("Messages", count(now.messages.customer), moved(now.messages.customer, before?.messages.customer, "number"), plural(now.conversations, "conversation")),
    tile("Answered", percent(of(now, "answered")), moved(of(now, "answered"), before && of(before, "answered"), "share", 1), "of what the desk decided"),
    tile("Asked back", percent(of(now, "asked")), moved(of(now, "asked"), before && of(before, "asked"), "share")),
    tile("Handed over", percent(of(now, "handed")), moved(of(now, "handed"), before && of(before, "handed"), "share", -1)),
    precisionTile(now),
    tile("First response", took(now.first_response.median), moved(now.first_response.median, before?.first_response.median, "time", -1),
      now.first_response.count ? `median; 9 of 10 within ${took(now.first_response.p90)}` : "no ticket was replied to"),
    tile("Resolution", took(now.resolution.median), moved(now.resolution.median, before?.resolution.median, "time", -1),
      now.resolution.count ? `median; 9 of 10 within ${took(now.resolution.p90)}` : "no ticket was resolved"),
    tile("Satisfaction", now.ratings.average === null ? "–" : `${now.ratings.average.toFixed(1)} of 5`, moved(now.ratings.average, before?.ratings.average, "stars", 1),
      now.ratings.count ? plural(now.ratings.count, "rating") : "nobody has rated"),
    tile("Thumbs", now.ratings.helpful + now.ratings.unhelpful ? percent(now.ratings.helpful / (now.ratings.helpful + now.ratings.unhelpful)) : "–", null,
      now.ratings.helpful + now.ratings.unhelpful ? `${count(now.ratings.helpful)} up, ${count(now.ratings.unhelpful)} down` : "nobody has said"));
}

/** @param {string} name @param {string} value @param {Node|null|false|undefined} change @param {string} [more] */
function tile(name, value, change, more = "") {
  return h("div", { class: "tile", data: { name } }, h("dt", {}, name), h("dd", {}, h("strong", {}, value), change, more && h("span", { class: "soft" }, more)));
}

/** @param {Report} now */
function precisionTile({ precision: { share, of, low, high } }) {
  if (share === null) return tile("Right answers", "not known", null, "nobody has labelled an answer of this time: confirm or correct readings in tickets");
  const within = `${percent(low)} to ${percent(high)}`;
  return tile("Right answers", percent(share), null, `by ${plural(of, "label")}; likely ${within}${of < FEW ? ": too few to be sure" : ""}`);
}

/**
 * What changed against the period before; good and bad are told by words and arrows, not by colour alone.
 * @param {number|null} now
 * @param {number|null|undefined} before
 * @param {"number"|"share"|"time"|"stars"} unit
 * @param {1|-1|0} [better] which direction is good
 */
function moved(now, before, unit, better = 0) {
  if (now === null || before === null || before === undefined) return null;
  const by = now - before;
  const words = {
    number: before ? `${Math.abs(Math.round((100 * by) / before))} %` : "from none",
    share: `${(100 * Math.abs(by)).toFixed(1)} points`, time: took(Math.abs(by)), stars: Math.abs(by).toFixed(1),
  }[unit];
  const isSame = !by || /^0(\.0)?( |$)/.test(words);
  const tone = isSame || !better ? "" : Math.sign(by) === better ? "good" : "bad";
  const text = isSame ? "as before" : `${by > 0 ? "▲" : "▼"} ${words}`;
  return h("span", { class: "moved", data: { tone }, title: "against the period before" }, text,
    !isSame && h("span", { class: "sr" }, by > 0 ? " more than before" : " less than before"));
}

// --- charts and tables -------------------------------------------------------------------------------

/**
 * @param {string} heading
 * @param {string} name of the file
 * @param {Row[]} rows a table with its head; only a head says that there is nothing
 * @param {{chart?: Node|null, says?: string, empty: string, cells?: (row: Row, at: number) => (Node|string|null|number)[]}} options
 */
export function panel(heading, name, rows, { chart = null, says = "", empty, cells = (row) => row.map(shown) }) {
  const [head, ...body] = rows;
  const table = () => h("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": `${heading}, table` }, h("table", { class: "report-table" },
    h("thead", {}, h("tr", {}, head.map((words) => h("th", { scope: "col" }, String(words))))),
    h("tbody", {}, body.map((row, at) => h("tr", {}, cells(row, at).map((value, column) => (column === 0
      ? h("th", { scope: "row" }, h("bdi", {}, value)) : h("td", {}, value))))))));
  return h("section", { class: "report-panel", "aria-label": heading, data: { name }, "data-testid": `report-${name}` },
    h("header", {}, h("h3", {}, heading),
      body.length > 0 && h("button", { class: "quiet", type: "button", "data-testid": `csv-${name}`, onclick: () => download(name, rows) }, icon("down"), "CSV")),
    says && h("p", { class: "soft" }, says),
    !body.length ? h("p", { class: "nothing soft", "data-testid": "nothing" }, empty)
      : chart ? [chart, h("details", { class: "edit-fold" }, h("summary", {}, icon("chevron"), "As a table"), table())] : table());
}

/** @param {string|number|null} value */
const shown = (value) => (typeof value === "number" ? count(value) : value ?? "–");

/** @param {Report} report */
export function overTime({ series: { unit, points } }) {
  const named = points.map((point) => ({ point, label: labelOf(point.at, unit) }));
  const some = points.some(({ turns }) => turns > 0);
  const head = [title(unit), "Messages", "Answered", "Asked back", "Handed over"];
  const rows = named.map(({ point, label }) => [label, point.turns, point.answered, point.asked, point.handed_over]);
  const moods = named.map(({ point, label }) => [label, point.negative, point.neutral, point.positive]);
  const total = points.reduce((sum, { turns }) => sum + turns, 0);
  const peak = named.reduce((most, entry) => (entry.point.turns > (most?.point.turns ?? 0) ? entry : most), named[0]);
  return [
    panel("What became of messages", "messages", some ? [head, ...rows] : [head], {
      empty: "No customer wrote in this time.",
      says: unit === "hour" ? "By the hour, in your time zone." : `By the ${unit}, in your time zone.`,
      chart: bars({
        title: "What became of messages", parts: ACTIONS, points: pointsOf(named, unit, ({ answered, asked, handed_over: over }) => [answered, asked, over]),
        description: `${count(total)} messages in ${plural(points.length, unit)}; most, ${count(peak?.point.turns ?? 0)}, at ${peak?.label ?? "–"}.`,
      }),
    }),
    panel("Mood over time", "moods", some ? [[title(unit), "Negative", "Neutral", "Positive"], ...moods] : [["Mood"]], {
      empty: "No message was read in this time.",
      chart: bars({
        title: "Mood over time", parts: MOODS, shares: true, points: pointsOf(named, unit, ({ negative, neutral, positive }) => [negative, neutral, positive]),
        description: "The share of negative, neutral and positive messages.",
      }),
    }),
  ];
}

/** @param {{point: SeriesPoint, label: string}[]} named @param {string} unit @param {(point: SeriesPoint) => number[]} counts @returns {Point[]} */
function pointsOf(named, unit, counts) {
  return named.map(({ point, label }) => ({ label, short: unit === "hour" ? `${point.at.slice(11)}:00` : label, counts: counts(point) }));
}

/** "2026-03-01T14" -> "1 Mar, 14:00" @param {string} at @param {"hour"|"day"|"month"} unit */
function labelOf(at, unit) {
  const [year, month, day = 1] = at.slice(0, 10).split("-").map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  const words = new Intl.DateTimeFormat("en-GB", unit === "month" ? { month: "short", year: "numeric", timeZone: "UTC" } : { day: "numeric", month: "short", timeZone: "UTC" }).format(date);
  return unit === "hour" ? `${words}, ${at.slice(11)}:00` : words;
}

/** @param {Report} report */
export function busiest({ hours }) {
  const all = hours.flat();
  const most = Math.max(...all);
  const [day, hour] = [Math.floor(all.indexOf(most) / 24), all.indexOf(most) % 24];
  const head = ["Weekday", ...Array.from({ length: 24 }, (_, at) => `${String(at).padStart(2, "0")}:00`)];
  return panel("Busiest hours", "hours", most > 0 ? [head, ...hours.map((row, at) => [WEEKDAYS[at], ...row])] : [head], {
    empty: "No customer wrote in this time.", says: "When customers write, in your time zone.",
    chart: most > 0 ? heat({
      title: "Busiest hours", rows: WEEKDAYS, table: hours,
      description: `Messages by weekday and hour; most, ${count(most)}, on ${WEEKDAYS[day]} at ${hour}:00.`,
    }) : null,
  });
}

/** @param {string} name */
const intentName = (name) => (name === OUT_OF_SCOPE ? "Out of scope" : title(name));

/** @param {Report} report */
export function byIntent({ intents }) {
  const head = ["Intent", "Messages", "Answered", "Asked back", "Handed over", "Share answered", "Negative", "Neutral", "Positive"];
  const rows = intents.map((one) => [intentName(one.intent), one.turns, one.answered, one.asked, one.handed_over,
    one.answered_share, one.negative, one.neutral, one.positive]);
  return panel("Intents", "intents", [head.slice(0, 9), ...rows], {
    empty: "No message was read in this time.", says: "Most frequent first, with how many of each the desk answered by itself.",
    cells: (row, at) => [...row.slice(0, 5).map(shown), percent(intents[at].answered_share),
      ...[row[6], row[7]].map(shown), h("span", { class: "with-bar" }, shown(row[8]), miniBar([intents[at].negative, intents[at].neutral, intents[at].positive], MOODS))],
  });
}

/** @param {Report} report @param {boolean} everybody */
export function byOperator({ operators }, everybody) {
  const head = ["Operator", "Conversations", "Replies", "Resolved", "First response (median)", "9 of 10 within", "Satisfaction", "Ratings"];
  const rows = operators.map(({ operator, conversations, replies, resolved, first_response: first, ratings }) => [
    operator.name, conversations, replies, resolved, first.median, first.p90, ratings.average, ratings.count]);
  return panel(everybody ? "Operators" : "You", "operators", [head, ...rows], {
    empty: everybody ? "Nobody replied in this time." : "You handled nothing in this time.",
    says: everybody ? "" : "Your own figures; leads and admins see everybody's.",
    cells: (row, at) => [...row.slice(0, 4).map(shown), took(operators[at].first_response.median), took(operators[at].first_response.p90),
      operators[at].ratings.average === null ? "–" : Number(operators[at].ratings.average).toFixed(1), shown(row[7])],
  });
}

/** @param {Report} report @param {Record<string, string>} words of the reasons */
export function whyHandedOver({ handoff_reasons: reasons }, words) {
  const rows = Object.entries(reasons).map(([reason, number]) => [words[reason] ?? title(reason), number]);
  return panel("Why people took over", "reasons", [["Reason", "Tickets"], ...rows], { empty: "No ticket was opened in this time." });
}

/** @param {Report} report */
export function byAnswer({ templates, unused }) {
  const rows = templates.map(({ template, used, helpful, unhelpful }) => [title(template), used, helpful, unhelpful]);
  return [
    panel("Answers", "answers", [["Answer", "Sent", "Thumbs up", "Thumbs down"], ...rows], { empty: "No answer was sent in this time." }),
    panel("Never used", "unused", [["Content", "Kind"], ...unused.templates.map((name) => [title(name), "answer"]), ...unused.intents.map((name) => [intentName(name), "intent"])], {
      empty: "Every answer was sent, and every intent was met.", says: "Answers that were not sent and intents that nobody had, in this time.",
    }),
  ];
}
