/**
 * The desk's facts and slots, which previews fill in; fetched when first asked for and after every edit.
 */

import { get } from "./api.js";

/** @typedef {{facts: Record<string, string>, version: string, slots: {name: string, title: string}[], used: Record<string, string[]>}} Facts */

/** @type {Facts} */
let known = { facts: {}, version: "", slots: [], used: {} };

/** What is known now. */
export const facts = () => known;

/** @returns {Promise<Facts>} */
export async function loadFacts() {
  known = await get("/facts");
  return known;
}
