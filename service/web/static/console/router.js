/**
 * Addresses within the console: `#/`, `#/tickets/tkt_…`, `#/content`, `#/content/refund_status`.
 */

/** @typedef {{page: "inbox"|"content", id: string|null}} Place */

/** @returns {Place} */
export function place() {
  const [, first = "", second = ""] = location.hash.split("/");
  const id = second ? decodeURIComponent(second) : null;
  return first === "content" ? { page: "content", id } : { page: "inbox", id: first === "tickets" ? id : null };
}

/** @param {Place} to */
export function address(to) {
  const id = to.id ? encodeURIComponent(to.id) : "";
  if (to.page === "content") return id ? `#/content/${id}` : "#/content";
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
