/**
 * What a customer may expect who waits for a person: how soon, in which place, or when the desk is open again;
 * and a form for an address, so that somebody can get back to him. Loaded only then, with words of its own. It
 * follows what the desk says, and never holds anybody up: the conversation goes on beside it.
 *
 * Parts: waiting, waiting-said, waiting-offer, waiting-form, waiting-kind, waiting-value, waiting-about,
 * waiting-send, waiting-cancel.
 *
 * @typedef {import('./api.js').Expectation} Expectation
 * @typedef {{kind: 'email' | 'phone', value: string, about: string}} Contact
 * @typedef {typeof import('./waiting/en.js').default} Words
 */
import { ApiError } from './api.js';
import { h, setText } from './dom.js';
import { fill } from './strings.js';
import { dress } from './styles.js';

const KINDS = /** @type {const} */ (['email', 'phone']);
/** Enough to tell a slip; the desk looks more closely. */
const SENSIBLE = { email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/, phone: /^\+?[\d ()./-]{6,40}$/ };
const WEEK = 6; // days within which the name of a day is enough

export const css = `
.waiting { flex: none; margin: 16px 0 6px; padding: 12px 14px; border: 1px solid var(--line); border-radius: var(--round); display: grid; gap: 10px; font-size: 14px; scroll-margin-block: 10px; }
.waiting:focus { outline: none; }
.waiting p { margin: 0; overflow-wrap: anywhere; }
.waiting .hopes { display: flex; gap: 10px; }
.waiting .hopes::before { content: ""; flex: none; inline-size: 8px; block-size: 8px; margin-block-start: 6px; border-radius: 50%; background: var(--wait); }
.waiting .hopes > span { min-inline-size: 0; }
.waiting form { display: grid; gap: 10px; }
.waiting fieldset { display: flex; flex-wrap: wrap; gap: 6px 18px; border: 0; margin: 0; padding: 0; min-inline-size: 0; }
.waiting legend { padding: 0; margin-block-end: 4px; font-weight: 620; }
.waiting .kind { display: inline-flex; align-items: center; gap: 7px; min-block-size: 28px; cursor: pointer; }
.waiting .kind input { inline-size: 17px; block-size: 17px; margin: 0; accent-color: var(--fill); }
.waiting .line { display: grid; gap: 4px; }
.waiting :is(.line input, textarea) { font: inherit; color: inherit; inline-size: 100%; margin: 0; padding: 8px 10px; border: 1px solid var(--edge); border-radius: min(10px, var(--round)); background: var(--ground); font-size: 15px; }
.waiting [aria-invalid="true"] { border-color: var(--bad); }
.waiting textarea { min-block-size: 60px; resize: vertical; }
.full .waiting :is(.line input, textarea) { font-size: 16px; }
.waiting .acts { display: flex; flex-wrap: wrap; gap: 8px; }
.waiting .submit { padding: 8px 18px 9px; border-radius: var(--round); background: var(--fill); color: var(--on-fill); font-weight: 600; }
.waiting .plain { justify-self: start; padding: 7px 14px 8px; border: 1px solid var(--edge); border-radius: var(--round); text-align: start; font-weight: 600; }
.waiting .plain:hover { background: var(--hover); }
.waiting .submit[aria-disabled="true"] { background: var(--bubble); color: var(--soft); cursor: default; }
.waiting .bad { color: var(--bad); }
@media (forced-colors: active) { .waiting .hopes::before { background: CanvasText; } .waiting .submit { border: 1px solid CanvasText; } }
`;

/** The words in the widget's language, English where they cannot be had. @param {string} locale @returns {Promise<Words>} */
export async function wordsFor(locale) {
  const language = /^[a-z]{2}/.exec(locale)?.[0] ?? 'en';
  const { default: words } = await import(`./waiting/${language}.js`).catch(() => import('./waiting/en.js'));
  return words;
}

/**
 * The card, put before an element of the widget.
 * @param {HTMLElement} place @param {string} locale @param {import('./conversation.js').Conversation} conversation
 */
export async function cardAt(place, locale, conversation) {
  const card = new Waiting(await wordsFor(locale), locale, (contact) => conversation.leaveContact(contact));
  dress(/** @type {ShadowRoot} */ (place.getRootNode()), css);
  place.before(card.element);
  return card;
}

export class Waiting {
  #busy = false;
  /** @type {Expectation | null} */
  #expected = null;

  /**
   * @param {Words} words @param {string} locale
   * @param {(contact: Contact) => Promise<void>} leave rejects when the desk does not have it
   */
  constructor(words, locale, leave) {
    this.#words = words;
    this.#locale = locale;
    this.#leave = leave;
    this.#said = h('span');
    this.#offer = h('button', { type: 'button', class: 'plain', part: 'waiting-offer', 'aria-expanded': 'false', onclick: () => this.#toggle(true) });
    this.#value = h('input', { id: 'reach', part: 'waiting-value', dir: 'ltr', maxlength: 254, 'aria-describedby': 'reach-bad', oninput: () => this.#blame('') });
    this.#valueLabel = h('label', { for: 'reach' });
    this.#about = h('textarea', { id: 'reach-about', part: 'waiting-about', rows: '2', maxlength: 1000, dir: 'auto' });
    this.#bad = h('p', { class: 'bad', id: 'reach-bad', role: 'alert', hidden: true });
    this.#send = h('button', { type: 'submit', class: 'submit', part: 'waiting-send' }, words.send);
    this.#kinds = KINDS.map((kind, at) => h('input', { type: 'radio', name: 'reach-kind', value: kind, checked: at === 0, part: 'waiting-kind', onchange: () => this.#choose() }));
    this.#form = h(
      'form',
      { part: 'waiting-form', novalidate: true, hidden: true },
      h('fieldset', {}, h('legend', {}, words.how), ...this.#kinds.map((input, at) => h('label', { class: 'kind' }, input, words[KINDS[at] ?? 'email']))),
      h('div', { class: 'line' }, this.#valueLabel, this.#value, this.#bad),
      h('div', { class: 'line' }, h('label', { for: 'reach-about' }, words.about), this.#about),
      h('div', { class: 'acts' }, this.#send, h('button', { type: 'button', class: 'plain', part: 'waiting-cancel', onclick: () => this.#toggle(false) }, words.cancel)),
    );
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#form.addEventListener('reset', (event) => {
      event.preventDefault();
      this.clear();
    });
    this.element = h(
      'section',
      { class: 'waiting', part: 'waiting', tabindex: '-1', 'aria-label': words.label, hidden: true },
      h('p', { class: 'hopes', part: 'waiting-said', role: 'status' }, this.#said),
      this.#offer,
      this.#form,
    );
    this.#choose();
  }

  /** Shows what is to be expected by now; nothing when nobody is waited for. @param {Expectation | null} expected */
  render(expected) {
    this.#expected = expected;
    this.element.hidden = !expected;
    if (!expected) {
      this.#toggle(false);
      return;
    }
    const { form, contact } = expected;
    setText(this.#said, hopes(expected, this.#words, this.#locale, new Date()));
    setText(this.#offer, contact ? this.#words.change : this.#words.offer);
    this.#offer.hidden = !this.#form.hidden || !(form || contact);
  }

  /** @param {boolean} open */
  #toggle(open) {
    if (this.#form.hidden === !open) return;
    const inside = this.element.matches(':focus-within');
    this.#form.hidden = !open;
    this.#offer.hidden = open;
    this.#offer.setAttribute('aria-expanded', String(open));
    this.#blame('');
    if (this.#expected) this.render(this.#expected);
    if (!inside) return;
    if (open) this.#value.focus();
    else (this.#offer.hidden ? this.element : this.#offer).focus({ preventScroll: true });
    this.element.scrollIntoView({ block: 'nearest' });
  }

  /** Forgets what was typed: who comes next to this browser may be somebody else. */
  clear() {
    this.#value.value = this.#about.value = '';
    this.#toggle(false);
  }

  get #kind() {
    return KINDS.find((_, at) => this.#kinds[at]?.checked) ?? 'email';
  }

  #choose() {
    const kind = this.#kind;
    setText(this.#valueLabel, this.#words[`value_${kind}`]);
    this.#value.type = kind === 'email' ? 'email' : 'tel';
    this.#value.autocomplete = kind === 'email' ? 'email' : 'tel';
    this.#blame('');
  }

  /** @param {string} text */
  #blame(text) {
    this.#bad.hidden = !text;
    setText(this.#bad, text);
    if (text) this.#value.setAttribute('aria-invalid', 'true');
    else this.#value.removeAttribute('aria-invalid');
  }

  async #submit() {
    if (this.#busy) return;
    const kind = this.#kind;
    const value = this.#value.value.trim();
    if (!SENSIBLE[kind].test(value)) return this.#refused(this.#words[`bad_${kind}`]);
    this.#busy = true;
    this.#send.setAttribute('aria-disabled', 'true');
    try {
      await this.#leave({ kind, value, about: this.#about.value.trim() });
      this.clear();
    } catch (error) {
      this.#refused(this.#words[error instanceof ApiError && error.status === 422 ? `bad_${kind}` : 'failed']);
    } finally {
      this.#busy = false;
      this.#send.removeAttribute('aria-disabled');
    }
  }

  /** @param {string} text */
  #refused(text) {
    this.#blame(text);
    this.#value.focus();
    this.element.scrollIntoView({ block: 'nearest' });
  }

  /** @type {Words} */ #words;
  #locale = 'en';
  /** @type {(contact: Contact) => Promise<void>} */ #leave;
  /** @type {HTMLElement} */ #said;
  /** @type {HTMLElement} */ #offer;
  /** @type {HTMLFormElement} */ #form;
  /** @type {HTMLInputElement[]} */ #kinds;
  /** @type {HTMLInputElement} */ #value;
  /** @type {HTMLElement} */ #valueLabel;
  /** @type {HTMLTextAreaElement} */ #about;
  /** @type {HTMLElement} */ #bad;
  /** @type {HTMLElement} */ #send;
}

/**
 * All of it in words, in the customer's own time zone.
 * @param {Expectation} expected @param {Words} words @param {string} locale @param {Date} now
 */
export function hopes({ state, place, within, late, opens_at: opens, contact }, words, locale, now) {
  const said = contact ? [words[`left_${contact}`]] : [];
  if (state === 'closed') said.push(opens ? back(new Date(opens), words, locale, now) : words.closed);
  else if (state === 'away') said.push(words.away);
  else if (late) said.push(words.late);
  else said.push(within ? fill(words.within, { time: span(within, locale) }) : words.open);
  if (place) said.push(place === 1 ? words.next : fill(words.place, { place: new Intl.NumberFormat(locale).format(place) }));
  return said.join(' ');
}

/** "10 minutes" or "2 hours". @param {number} minutes @param {string} locale */
function span(minutes, locale) {
  const [amount, unit] = minutes < 60 ? [minutes, 'minute'] : [minutes / 60, 'hour'];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(amount);
}

/** When the desk is open again. @param {Date} opens @param {Words} words @param {string} locale @param {Date} now */
function back(opens, words, locale, now) {
  const midnight = (/** @type {Date} */ at) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
  const days = Math.round((midnight(opens) - midnight(now)) / 86_400_000);
  const time = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' }).format(opens);
  if (days <= 0) return fill(words.back_today, { time });
  if (days === 1) return fill(words.back_tomorrow, { time });
  const day = new Intl.DateTimeFormat(locale, days <= WEEK ? { weekday: 'long' } : { weekday: 'long', day: 'numeric', month: 'long' }).format(opens);
  return fill(words.back_day, { day, time });
}
