/**
 * "How did we do?": five faces and room for a few words, when a person has closed the conversation. Loaded only
 * then. Native radio buttons, so that keys and screen readers work as everywhere; it sends nothing by itself.
 *
 * Parts: rating, rating-face, rating-comment, rating-send, rating-close, rating-said.
 *
 * @typedef {{rate: (rating: number, comment: string) => Promise<boolean>, close: () => void}} Deeds
 */
import { h, icon, setText } from './dom.js';
import { dress } from './styles.js';

const LONGEST = 2000; // characters of a comment that the desk takes
/** Mouths from very bad to very good. */
const MOUTHS = ['M8 17c1-2.4 7-2.4 8 0', 'M8.5 16.4c1-1.2 6-1.2 7 0', 'M8.5 15.5h7', 'M8.5 14.6c1 1.4 6 1.4 7 0', 'M7.8 14c1 3.6 7.4 3.6 8.4 0Z'];
const EYES = 'M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0ZM9 9.5v.4m6-.4v.4';

export const css = `
.rating { position: relative; flex: none; margin: 18px 0 6px; scroll-margin-block: 10px; padding: 14px; border: 1px solid var(--line); border-radius: var(--round); display: grid; gap: 12px; }
.rating:focus { outline: none; }
.rating fieldset { border: 0; margin: 0; padding: 0; min-inline-size: 0; }
.rating legend { padding: 0; padding-inline-end: 40px; font-weight: 620; font-size: 14.5px; overflow-wrap: anywhere; }
.rating .close { position: absolute; inset-block-start: 4px; inset-inline-end: 4px; }
.faces { display: flex; justify-content: space-between; max-inline-size: 300px; margin-block-start: 10px; }
.faces label { position: relative; display: grid; place-items: center; inline-size: 44px; block-size: 44px; border-radius: min(14px, var(--round)); color: var(--soft); cursor: pointer; }
.faces label:hover { background: var(--hover); color: var(--ink); }
.faces input { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; margin: 0; opacity: 0; cursor: pointer; }
.faces .icon { inline-size: 30px; block-size: 30px; stroke-width: 1.6; pointer-events: none; }
.faces label:has(:checked) { color: var(--accent); background: var(--person); }
.faces label:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 1px; }
.chosen { margin: 4px 0 0; font-size: 13px; color: var(--soft); }
.chosen:empty { display: none; }
.rating textarea { inline-size: 100%; min-block-size: 64px; resize: vertical; padding: 8px 10px; border: 1px solid var(--edge); border-radius: min(10px, var(--round)); background: var(--ground); font-size: 15px; }
.rating textarea::placeholder { color: var(--soft); opacity: 1; }
.full .rating textarea { font-size: 16px; }
.rating .submit { justify-self: start; padding: 8px 18px 9px; border-radius: var(--round); background: var(--fill); color: var(--on-fill); font-weight: 600; font-size: 14.5px; }
.rating .submit[aria-disabled="true"] { background: var(--bubble); color: var(--soft); cursor: default; }
.rating .bad { margin: 0; color: var(--bad); font-size: 13.5px; }
.rating .said { margin: 0; text-align: center; color: var(--soft); font-size: 14px; }
@media (forced-colors: active) { .faces label:has(:checked) { outline: 2px solid Highlight; } }
`;

/**
 * The card, put before an element of the widget.
 * @param {HTMLElement} place @param {import('./strings.js').Strings} strings @param {Deeds} deeds
 */
export function ratingAt(place, strings, deeds) {
  const card = new Rating(strings, deeds);
  dress(/** @type {ShadowRoot} */ (place.getRootNode()), css);
  place.before(card.element);
  return card;
}

export class Rating {
  #busy = false;

  /** @param {import('./strings.js').Strings} strings @param {Deeds} deeds */
  constructor(strings, deeds) {
    this.#deeds = deeds;
    this.#strings = strings;
    this.#chosen = h('p', { class: 'chosen', 'aria-hidden': 'true' });
    this.#comment = h('textarea', {
      part: 'rating-comment', rows: '2', maxlength: LONGEST, 'aria-label': strings.rate_comment, placeholder: strings.rate_comment, hidden: true,
    });
    this.#send = h('button', { type: 'submit', class: 'submit', part: 'rating-send', hidden: true }, strings.rate_send);
    this.#trouble = h('p', { class: 'bad', role: 'alert', hidden: true });
    const close = h('button', { type: 'button', class: 'tool close', part: 'rating-close', 'aria-label': strings.rate_close, title: strings.rate_close, onclick: () => deeds.close() }, icon('close'));
    this.element = h(
      'form',
      { class: 'rating', part: 'rating', tabindex: '-1', novalidate: true },
      h('fieldset', {}, h('legend', {}, strings.rate_title), h('div', { class: 'faces' }, ...MOUTHS.map((mouth, index) => this.#face(mouth, index + 1))), this.#chosen),
      this.#comment,
      this.#trouble,
      this.#send,
      close,
    );
    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  /** @param {string} mouth @param {number} value */
  #face(mouth, value) {
    const name = /** @type {Record<string, string>} */ (this.#strings)[`rate_${value}`] ?? '';
    const input = h('input', { type: 'radio', name: 'rating', value, 'aria-label': name, part: 'rating-face', onchange: () => this.#choose(value, name) });
    return h('label', { title: name }, input, icon(`${EYES}${mouth}`));
  }

  /** @param {number} value @param {string} name */
  #choose(value, name) {
    this.#value = value;
    setText(this.#chosen, name);
    this.#comment.hidden = this.#send.hidden = false;
    this.element.scrollIntoView({ block: 'nearest' });
  }

  async #submit() {
    if (this.#busy || !this.#value) return;
    this.#busy = true;
    this.#send.setAttribute('aria-disabled', 'true');
    const done = await this.#deeds.rate(this.#value, this.#comment.value.trim());
    this.#busy = false;
    this.#send.removeAttribute('aria-disabled');
    this.#trouble.hidden = done;
    setText(this.#trouble, done ? '' : this.#strings.rate_failed);
    if (!done) return;
    // The thanks take the place and the focus of what was asked.
    const inside = this.element.matches(':focus-within');
    this.element.replaceChildren(h('p', { class: 'said', part: 'rating-said', role: 'status' }, this.#strings.rate_thanks));
    if (inside) this.element.focus({ preventScroll: true });
  }

  /** @type {Deeds} */ #deeds;
  /** @type {import('./strings.js').Strings} */ #strings;
  /** @type {HTMLElement} */ #chosen;
  /** @type {HTMLTextAreaElement} */ #comment;
  /** @type {HTMLElement} */ #send;
  /** @type {HTMLElement} */ #trouble;
  #value = 0;
}
