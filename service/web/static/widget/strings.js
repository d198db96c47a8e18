/**
 * Every word that the widget says, in the customer's language. The tables are in strings/, one file each, and
 * only the one that is needed is loaded, English where that fails. To add a language, add its file and its code
 * to LANGUAGES (docs/widget.md). `{name}` marks are filled in by `fill`.
 *
 * @typedef {typeof import('./strings/en.js').default} Strings
 */

export const LANGUAGES = ['ar', 'de', 'en', 'es', 'fr', 'zh'];
const RIGHT_TO_LEFT = ['ar'];

/**
 * The table for the first wanted language that there is one for; English when there is none, or when it cannot
 * be loaded. Rejects when English cannot either.
 * @param {ReadonlyArray<string | undefined | null>} wanted language tags, best first
 * @returns {Promise<{strings: Strings, locale: string, dir: string}>}
 */
export async function stringsFor(wanted) {
  const tags = wanted.map((tag) => (tag ?? '').toLowerCase().replace(/_/g, '-'));
  const language = tags.map((tag) => tag.split('-')[0] ?? '').find((code) => LANGUAGES.includes(code)) ?? 'en';
  try {
    const { default: strings } = await import(`./strings/${language}.js`);
    return { strings, locale: localeOf(language, tags), dir: RIGHT_TO_LEFT.includes(language) ? 'rtl' : 'ltr' };
  } catch (error) {
    if (language === 'en') throw error;
    console.warn(`frontdesk: no words in "${language}":`, error);
    return stringsFor(['en']);
  }
}

/** Of the language, the country's own way to write times and numbers, if anybody names a country. @param {string} language @param {string[]} tags */
function localeOf(language, tags) {
  try {
    return Intl.getCanonicalLocales(tags.find((tag) => tag.startsWith(`${language}-`)) ?? language)[0] ?? language;
  } catch {
    return language; // a malformed tag
  }
}

/**
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (mark, key) => (key in values ? String(values[key]) : mark));
}

/**
 * `count` things, in the language's own plural form: `key_one`, `key_other`, …
 * @param {Strings} strings @param {string} locale @param {string} key @param {number} count
 */
export function plural(strings, locale, key, count) {
  const words = /** @type {Record<string, string>} */ (strings);
  const form = new Intl.PluralRules(locale).select(count);
  const text = words[`${key}_${form}`] ?? words[`${key}_other`] ?? '';
  return fill(text, { count: new Intl.NumberFormat(locale).format(count) });
}
