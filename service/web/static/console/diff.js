/**
 * What changed between two texts, by words; and between two versions of an item, by fields. Pure but for
 * the elements that it makes.
 */

import { h } from "./dom.js";
import { title } from "./words.js";

/** @typedef {{text: string, is: "same"|"gone"|"new"}} Piece */

/** Words beyond which texts are shown as replaced: comparing takes the product of both. */
const MOST_PRODUCT = 4_000_000;

/**
 * @param {string} before
 * @param {string} after
 * @returns {Piece[]}
 */
export function diffWords(before, after) {
  const one = words(before);
  const two = words(after);
  let start = 0;
  while (start < one.length && start < two.length && one[start] === two[start]) start++;
  let end = 0;
  while (end < Math.min(one.length, two.length) - start && one[one.length - 1 - end] === two[two.length - 1 - end]) end++;
  const middle = compare(one.slice(start, one.length - end), two.slice(start, two.length - end));
  return join([
    ...one.slice(0, start).map((text) => piece(text, "same")), ...middle,
    ...one.slice(one.length - end).map((text) => piece(text, "same")),
  ]);
}

/** Words with the spaces after them, so that joined they are the text. @param {string} text */
const words = (text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];

/** @param {string} text @param {Piece["is"]} is @returns {Piece} */
const piece = (text, is) => ({ text, is });

/** By the longest common subsequence. @param {string[]} one @param {string[]} two @returns {Piece[]} */
function compare(one, two) {
  if (!one.length || !two.length || one.length * two.length > MOST_PRODUCT) {
    return [...one.map((text) => piece(text, "gone")), ...two.map((text) => piece(text, "new"))];
  }
  const width = two.length + 1;
  const longest = new Uint32Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = two.length - 1; j >= 0; j--) {
      longest[i * width + j] = one[i] === two[j] ? longest[(i + 1) * width + j + 1] + 1
        : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  /** @type {Piece[]} */
  const pieces = [];
  let [i, j] = [0, 0];
  while (i < one.length || j < two.length) {
    if (i < one.length && j < two.length && one[i] === two[j]) {
      pieces.push(piece(one[i++], "same"));
      j++;
    } else if (j >= two.length || (i < one.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
      pieces.push(piece(one[i++], "gone"));
    } else pieces.push(piece(two[j++], "new"));
  }
  return pieces;
}

/** Neighbours of one kind as one piece; a space between changed words is not what stayed the same. @param {Piece[]} pieces */
function join(pieces) {
  /** @type {Piece[]} */
  const joined = [];
  let [gone, fresh] = ["", ""];
  const flush = () => {
    if (gone) joined.push(piece(gone, "gone"));
    if (fresh) joined.push(piece(fresh, "new"));
    [gone, fresh] = ["", ""];
  };
  pieces.forEach(({ text, is }, at) => {
    const between = is === "same" && !text.trim() && (gone || fresh) && pieces[at + 1] && pieces[at + 1].is !== "same";
    if (is === "gone" || between) gone += text;
    if (is === "new" || between) fresh += text;
    if (is !== "same" || between) return;
    flush();
    const last = joined.at(-1);
    if (last?.is === "same") last.text += text;
    else joined.push(piece(text, "same"));
  });
  flush();
  return joined;
}

/** A value of an item as text. @param {unknown} value @returns {string} */
export function told(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map((entry) => (typeof entry === "object" ? JSON.stringify(entry) : String(entry))).join(", ");
  if (typeof value === "object") return Object.entries(value).map(([name, text]) => `${name}: ${told(text)}`).join("\n");
  return String(value);
}

/**
 * The fields that differ, each as words struck out and words put in; for screen readers in words, too.
 * @param {Record<string, unknown>|null} before
 * @param {Record<string, unknown>|null} after
 */
export function diffOf(before, after) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const changed = names.filter((name) => told(before?.[name]) !== told(after?.[name]));
  return h("dl", { class: "diff", "data-testid": "diff" }, changed.map((name) => h("div", {},
    h("dt", {}, title(name)),
    h("dd", { dir: "auto" }, diffWords(told(before?.[name]), told(after?.[name])).map(({ text, is }) =>
      is === "same" ? text : h(is === "gone" ? "del" : "ins", {}, text))))));
}
