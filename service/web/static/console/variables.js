/**
 * Variables in the text of a reply, `{order_number}`: filled from facts, or found to be filled by hand.
 * Pure functions; the desk's own are in `service/replies.py`.
 */

const VARIABLE = /\{([a-z][a-z0-9_]*)\}/g;

/**
 * The text with what is known filled in, once: a fact that looks like a variable stays as it is.
 * @param {string} text
 * @param {Record<string, string>} facts
 */
export function fillIn(text, facts) {
  return text.replace(VARIABLE, (whole, name) => (Object.hasOwn(facts, name) && facts[name]) || whole);
}

/**
 * Where something must still be filled in.
 * @param {string} text
 * @returns {{name: string, from: number, to: number}[]}
 */
export function gapsOf(text) {
  return [...text.matchAll(VARIABLE)].map((match) => ({
    name: match[1], from: match.index, to: match.index + match[0].length,
  }));
}

/**
 * The text in pieces, those that are gaps marked.
 * @param {string} text
 * @returns {{text: string, gap: boolean}[]}
 */
export function pieces(text) {
  /** @type {{text: string, gap: boolean}[]} */
  const found = [];
  let from = 0;
  for (const gap of gapsOf(text)) {
    found.push({ text: text.slice(from, gap.from), gap: false }, { text: text.slice(gap.from, gap.to), gap: true });
    from = gap.to;
  }
  found.push({ text: text.slice(from), gap: false });
  return found.filter((piece) => piece.text);
}
