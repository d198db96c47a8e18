/**
 * A desk chooses one colour; what is readable on and beside it follows from it (WCAG 2 contrast).
 *
 * @typedef {[number, number, number]} Rgb 0 to 255
 */

const FALLBACK = '#1d5c4d'; // what cannot be drawn, such as a transparent colour
const NON_TEXT = 3; // least contrast of a control to its ground
const TEXT = 4.5;

/**
 * @param {string} wanted a CSS colour; one that cannot be read gives the default
 * @param {string} ground the panel's background as `#rrggbb`
 * @returns {{fill: string, on: string, text: string}} of a filled control, of what stands on it, of coloured text
 */
export function accents(wanted, ground) {
  const base = parse(wanted) ?? /** @type {Rgb} */ (parse(FALLBACK));
  const under = /** @type {Rgb} */ (parse(ground));
  const fill = awayFrom(under, base, NON_TEXT);
  const white = /** @type {Rgb} */ ([255, 255, 255]);
  const black = /** @type {Rgb} */ ([16, 20, 19]);
  const on = contrast(fill, white) >= TEXT || contrast(fill, white) >= contrast(fill, black) ? white : black;
  return { fill: css(fill), on: css(on), text: css(awayFrom(under, base, TEXT)) };
}

/** `color`, made darker or lighter until it stands out from `ground`. @param {Rgb} ground @param {Rgb} color @param {number} least */
function awayFrom(ground, color, least) {
  const light = luminance(ground) > 0.4;
  let mixed = color;
  for (let step = 0; step <= 40 && contrast(mixed, ground) < least; step++) {
    // Multiplying keeps the hue; the small addition gets even black off the ground.
    const moved = color.map((part) => (light ? part * (1 - step / 40) : part * (1 + step / 12) + step * 2));
    mixed = /** @type {Rgb} */ (moved.map((part) => Math.min(255, Math.round(part))));
  }
  return mixed;
}

/** Any opaque CSS colour, as the browser itself reads it. @param {string} text @returns {Rgb | null} */
export function parse(text) {
  const pen = document.createElement('canvas').getContext('2d');
  if (!pen || !CSS.supports('color', text)) return null;
  pen.fillStyle = text;
  const hex = /^#([\da-f]{6})$/i.exec(String(pen.fillStyle))?.[1];
  return hex ? /** @type {Rgb} */ ([0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16))) : null;
}

/** @param {Rgb} color */
const css = (color) => `rgb(${color.join(' ')})`;

/** @param {Rgb} a @param {Rgb} b */
export function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (/** @type {number} */ (high) + 0.05) / (/** @type {number} */ (low) + 0.05);
}

/** @param {Rgb} color relative luminance */
function luminance(color) {
  const [r, g, b] = color.map((part) => {
    const value = part / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * /** @type {number} */ (r) + 0.7152 * /** @type {number} */ (g) + 0.0722 * /** @type {number} */ (b);
}
