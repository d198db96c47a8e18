/**
 * How the widget looks, as far as a desk or a page may say it. Each trait comes from the first of these that
 * says something sensible: the server, the script tag's attributes, CSS variables (`--frontdesk-radius: 8px`
 * on any element around the widget), our own default. Nothing else that a page says reaches a style.
 *
 * @typedef {{color: string, mode: string, radius: string, font: string, side: string, spacing: string}} Theme
 */

/** @type {Theme} */
const DEFAULTS = {
  color: '#1d5c4d',
  mode: 'auto',
  radius: '18px',
  font: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif',
  side: '', // where lines end in the language
  spacing: '20px',
};
const LENGTHS = /^(\d{1,4}(\.\d+)?(px|rem|em|vw|vh)?\s*){1,2}$/;

/** @type {Record<keyof Theme, (value: string) => boolean>} */
const SENSIBLE = {
  color: (value) => CSS.supports('color', value),
  mode: (value) => ['auto', 'light', 'dark'].includes(value),
  radius: (value) => LENGTHS.test(value),
  font: (value) => CSS.supports('font-family', value),
  side: (value) => ['left', 'right'].includes(value),
  spacing: (value) => LENGTHS.test(value),
};

/**
 * @param {HTMLElement} host whose CSS variables count
 * @param {...Record<string, unknown>} said what is said otherwise, what counts most first
 * @returns {Theme}
 */
export function themeOf(host, ...said) {
  const page = getComputedStyle(host);
  const traits = /** @type {Array<keyof Theme>} */ (Object.keys(DEFAULTS)).map((name) => {
    const offered = [...said.map((one) => one[name]), page.getPropertyValue(`--frontdesk-${name}`)];
    const values = offered.map((value) => String(value ?? '').trim());
    return [name, values.find((value) => value && SENSIBLE[name](value)) ?? DEFAULTS[name]];
  });
  return Object.fromEntries(traits);
}

/** The lengths of a trait: one or two; a bare number is pixels. @param {string} text @returns {[string, string]} */
export function lengths(text) {
  const [one = '0', two = one] = text.split(/\s+/).map((part) => (/\d$/.test(part) ? `${part}px` : part));
  return [one, two];
}
