/**
 * The words of the search box that are filters ("owner:me tag:vip"), for the filter menu and for saved
 * views. Pure. What they mean, and what is wrong with them, is the desk's to say.
 */

const PART = /-?\w+:"[^"]*"?|"[^"]*"?|\S+/g;
const FILTER = /^(-?)(\w+):"?([^"]*)"?$/;

/** What the menu can set; anything else that is typed stays as it is. */
export const FILTERS = /** @type {const} */ ([
  "status", "owner", "intent", "sentiment", "tag", "priority", "waiting", "is", "language",
]);
/** @type {Record<string, string>} */
const OTHER_NAMES = { label: "tag", lang: "language", mood: "sentiment" };

/**
 * @param {string} q
 * @returns {{filters: Record<string, string>, rest: string}} the first filter of each name, and the rest as typed
 */
export function readQuery(q) {
  /** @type {Record<string, string>} */
  const filters = {};
  const rest = [];
  for (const part of q.match(PART) ?? []) {
    const [, negated, written = "", value = ""] = FILTER.exec(part) ?? [];
    const name = OTHER_NAMES[written.toLowerCase()] ?? written.toLowerCase();
    const known = /** @type {readonly string[]} */ (FILTERS).includes(name);
    if (known && value && !negated && !(name in filters)) filters[name] = value;
    else rest.push(part);
  }
  return { filters, rest: rest.join(" ") };
}

/** @param {Record<string, string>} filters @param {string} rest */
export function writeQuery(filters, rest) {
  const parts = Object.entries(filters).filter(([, value]) => value).map(([name, value]) => filterOf(name, value));
  return [...parts, rest.trim()].filter(Boolean).join(" ");
}

/** One filter as it is typed. @param {string} name @param {string} value */
export function filterOf(name, value) {
  return /\s/.test(value) ? `${name}:"${value}"` : `${name}:${value}`;
}

/** Whether time alone changes what is found. @param {string} q */
export const goesByTime = (q) => /\b(is|waiting):/i.test(q);
