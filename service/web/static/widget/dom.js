/**
 * Small tools for building elements without markup strings: elements, icons, and text with safe links.
 */

/**
 * An element with attributes and children. `on…` properties are listeners; `true` sets an empty attribute,
 * `false`, null and undefined set nothing.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children strings become text, never markup
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else setAttribute(element, name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map(asNode));
  return element;
}

/** @param {any} child @returns {Node | string} */
const asNode = (child) => child;

/** @param {Element} element @param {string} name @param {unknown} value */
export function setAttribute(element, name, value) {
  const text = value === true ? '' : value === false || value === null || value === undefined ? null : String(value);
  if (text === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Sets text only when it differs, so that screen readers are not told the same twice. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Drawn on a 24 by 24 grid with a round pen. */
const PATHS = {
  chat: 'M20.5 11.6c0 4.2-3.8 7.6-8.5 7.6-1.2 0-2.4-.2-3.4-.6L4 20l1.3-3.7a7 7 0 0 1-1.8-4.7C3.5 7.4 7.3 4 12 4s8.5 3.4 8.5 7.6Z',
  down: 'm6 9.5 6 6 6-6',
  close: 'm6.5 6.5 11 11m0-11-11 11',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  send: 'M12 19.5v-14m-6 6 6-6 6 6',
  person: 'M12 12.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 7.5c.8-3.3 3.8-5 7.5-5s6.7 1.7 7.5 5',
  save: 'M12 4.5v10m-4.5-4 4.5 4.5 4.5-4.5M5 19.5h14',
  check: 'm5.5 12.5 4.5 4.5 8.5-9.5',
  clock: 'M12 7.5V12l3 2m5.5-2a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0Z',
  alert: 'M12 8v4.5m0 3.4v.1m8.5-4a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0Z',
  up: 'M7.5 10.5v9H4.8a.8.8 0 0 1-.8-.8v-7.4c0-.4.4-.8.8-.8h2.7Zm0 0 3.6-6.4c1.5 0 2.4 1.1 2.2 2.5l-.5 3.2h5.1c1.3 0 2.2 1.2 1.9 2.4l-1.3 5.4a2.5 2.5 0 0 1-2.4 1.9H7.5',
};

/** @param {keyof typeof PATHS | `M${string}`} name one of ours, or a path of one's own */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const path = document.createElementNS(space, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  const drawn = /** @type {Record<string, string>} */ (PATHS)[name];
  svg.setAttribute('class', drawn ? `icon i-${name}` : 'icon');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', drawn ?? name);
  svg.append(path);
  return svg;
}

const URLS = /https?:\/\/[^\s<>"“”«»]+/gi;

/**
 * Text as nodes, with http and https addresses as links. Everything else stays text.
 * @param {string} text
 */
export function linked(text) {
  const nodes = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(URLS)) {
    const shown = trimmed(match[0]);
    const url = parsed(shown);
    if (!url) continue;
    const at = match.index ?? 0;
    nodes.append(text.slice(from, at));
    nodes.append(h('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow', part: 'link' }, shown));
    from = at + shown.length;
  }
  nodes.append(text.slice(from));
  return nodes;
}

/** Without the punctuation of the sentence around it; a closing bracket stays if it was opened inside. @param {string} url */
function trimmed(url) {
  for (;;) {
    const last = url.slice(-1);
    const open = { ')': '(', ']': '[', '}': '{' }[last];
    const unopened = open && url.split(open).length < url.split(last).length;
    if (!unopened && !/[.,;:!?'’*_…。，、！？]/.test(last)) return url;
    url = url.slice(0, -1);
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    const url = new URL(text);
    return url.hostname && /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
}
