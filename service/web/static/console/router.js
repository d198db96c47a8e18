/**
 * Addresses within the console: `#/`, `#/tickets/tkt_…`, `#/content`, `#/content/refund_status`,
 * `#/examples`, `#/articles/returns` and other sections of content, `#/review`, `#/review/prp_…`,
 * `#/releases`, `#/reports`, `#/settings/people`.
 */

/** Of the content page, besides its intents. */
const SECTIONS = /** @type {const} */ (["examples", "articles", "golden", "facts", "history", "try"]);

/** @typedef {typeof SECTIONS[number]} Section */
/** @typedef {{page: "inbox"|"content"|"review"|"releases"|"reports"|"settings", id: string|null, section?: Section}} Place */

/** @returns {Place} */
export function place() {
  const [, first = "", second = ""] = location.hash.split("/");
  const id = second ? decoded(second) : null;
  if (first === "releases" || first === "reports") return { page: first, id: null };
  const section = SECTIONS.find((name) => name === first);
  if (section) return { page: "content", section, id };
  if (first === "content" || first === "review" || first === "settings") return { page: first, id };
  return { page: "inbox", id: first === "tickets" ? id : null };
}

/** An address that was cut or typed may be no encoding of anything: then it is what it says. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {Place} to */
export function address(to) {
  if (to.page === "releases" || to.page === "reports") return `#/${to.page}`;
  const id = to.id ? encodeURIComponent(to.id) : "";
  const first = to.section ?? to.page;
  if (to.page !== "inbox") return id ? `#/${first}/${id}` : `#/${first}`;
  return id ? `#/tickets/${id}` : "#/";
}

/** @param {Place} to */
export function go(to) {
  location.hash = address(to);
}

/** @param {(place: Place) => void} follow */
export function onMove(follow) {
  addEventListener("hashchange", () => follow(place()));
}
