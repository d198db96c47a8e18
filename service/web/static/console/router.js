/**
 * Addresses within the console: `#/`, `#/tickets/tkt_…`, `#/content`, `#/content/refund_status`,
 * `#/review`, `#/review/prp_…`, `#/releases`, `#/settings/people`.
 */

/** @typedef {{page: "inbox"|"content"|"review"|"releases"|"settings", id: string|null}} Place */

/** @returns {Place} */
export function place() {
  const [, first = "", second = ""] = location.hash.split("/");
  const id = second ? decodeURIComponent(second) : null;
  if (first === "releases") return { page: first, id: null };
  if (first === "content" || first === "review" || first === "settings") return { page: first, id };
  return { page: "inbox", id: first === "tickets" ? id : null };
}

/** @param {Place} to */
export function address(to) {
  if (to.page === "releases") return "#/releases";
  const id = to.id ? encodeURIComponent(to.id) : "";
  if (to.page !== "inbox") return id ? `#/${to.page}/${id}` : `#/${to.page}`;
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
