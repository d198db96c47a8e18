/**
 * Finding things by a few letters of them. Pure functions, for the palette and the composer's list.
 */

/** Marks over letters, which nobody types when searching. */
const MARKS = /\p{Mn}/gu;

/** @param {string} text */
export const plain = (text) => text.normalize("NFD").replace(MARKS, "").toLowerCase();

/**
 * How well a text fits what was typed; every word of that must be in it, in pieces if need be.
 * @param {string} typed
 * @param {string} text
 * @returns {number} the higher the better; 0 when it does not fit
 */
export function fit(typed, text) {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  if (!words.length) return 1;
  const within = plain(text);
  let total = 0;
  for (const word of words) {
    const found = fitWord(word, within);
    if (!found) return 0;
    total += found;
  }
  return total / words.length;
}

/** @param {string} word @param {string} text */
function fitWord(word, text) {
  const at = text.indexOf(word);
  if (at === 0) return 100;
  if (at > 0) {
    const starts = text.search(new RegExp(`(?<![\\p{L}\\p{N}])${escape(word)}`, "u"));
    return starts > 0 ? 80 - Math.min(20, starts / 10) : 50 - Math.min(20, at / 10);
  }
  return inPieces(word, text);
}

/** The letters in their order, most of them near each other or at the start of words. @param {string} word @param {string} text */
function inPieces(word, text) {
  if (word.length < 2) return 0;
  let from = 0;
  let jumps = 0;
  for (const letter of word) {
    const at = text.indexOf(letter, from);
    if (at < 0) return 0;
    const starts = at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1]);
    if (at > from && !starts) jumps++;
    from = at + letter.length;
  }
  return jumps * 2 > word.length ? 0 : 30 - 5 * jumps;
}

/** @param {string} word */
const escape = (word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * What fits, the best first; equals stay in their order.
 * @template T
 * @param {string} typed
 * @param {T[]} things
 * @param {(thing: T) => string[]} texts of a thing, the most telling first
 * @returns {T[]}
 */
export function fitting(typed, things, texts) {
  return things
    .map((thing) => ({ thing, score: Math.max(0, ...texts(thing).map((text, at) => fit(typed, text) - 15 * at)) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ thing }) => thing);
}
