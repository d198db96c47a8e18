/**
 * The list of messages: turns items into lines with days, groups and states, and changes only what has
 * changed, so that a screen reader hears each message once and the eye sees nothing jump.
 *
 * @typedef {import('./conversation.js').Item} Item
 * @typedef {{strings: import('./strings.js').Strings, locale: string, desk: string}} Words
 * @typedef {{
 *   retry: (clientId: string) => void, discard: (clientId: string) => void,
 *   rate: (id: string, helpful: boolean) => void, person: () => void,
 *   files: (line: HTMLElement, item: Item) => void,
 * }} Acts
 * @typedef {{
 *   key: string, type: 'day' | 'joined' | 'notice' | 'handoff' | 'message', text: string, item?: Item,
 *   first: boolean, last: boolean, showSent: boolean, offerPerson: boolean,
 * }} Line
 */
import { h, icon, linked, setAttribute, setText } from './dom.js';
import { fill } from './strings.js';

const GROUP_MS = 5 * 60_000;

export class Log {
  /** @type {Acts} */
  #acts;
  /** @type {Map<string, HTMLElement>} */
  #lines = new Map();
  /** @type {WeakMap<HTMLElement, string>} what a line's small print was last made of */
  #printed = new WeakMap();

  /** @param {Acts} acts */
  constructor(acts) {
    this.#acts = acts;
    this.element = h('div', { part: 'log', role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions' });
  }

  /**
   * @param {Item[]} items
   * @param {Words} words
   * @param {{animate: boolean, offerPerson: boolean, startedOver: boolean}} how
   */
  render(items, words, how) {
    setAttribute(this.element, 'aria-label', words.strings.log_label);
    // History that is being loaded is not news.
    setAttribute(this.element, 'aria-live', how.animate ? 'polite' : 'off');
    const lines = asLines(items, words, how);
    const kept = new Set(lines.map((line) => line.key));
    for (const [key, element] of this.#lines) {
      if (kept.has(key)) continue;
      element.remove();
      this.#lines.delete(key);
    }
    let before = /** @type {Element | null} */ (this.element.firstElementChild);
    for (const line of lines) {
      let element = this.#lines.get(line.key);
      if (!element) {
        element = line.type === 'message' ? messageLine() : h('div', { class: 'mark', part: `mark ${line.type}` });
        if (how.animate) element.classList.add('new');
        this.#lines.set(line.key, element);
      }
      if (line.type === 'message') this.#fillMessage(element, line, words);
      else this.#fillMark(element, line, words);
      if (element === before) before = element.nextElementSibling;
      else this.element.insertBefore(element, before);
    }
  }

  /** The element of an item, for scrolling to it. @param {string} key */
  line(key) {
    return this.#lines.get(key);
  }

  /** @param {HTMLElement} element @param {Line} line @param {Words} words */
  #fillMark(element, line, { strings }) {
    const { item, text } = line;
    const print = `${text}|${item?.state ?? ''}`;
    if (this.#printed.get(element) === print) return;
    this.#printed.set(element, print);
    element.replaceChildren(text);
    element.classList.toggle('error', item?.state === 'failed');
    const clientId = item?.client_id;
    if (item?.state !== 'failed' || !clientId) return;
    element.append(
      textButton(strings.retry, 'retry', () => this.#acts.retry(clientId), ''),
      textButton(strings.remove, 'remove', () => this.#acts.discard(clientId), ''),
    );
  }

  /** @param {HTMLElement} element @param {Line} line @param {Words} words */
  #fillMessage(element, line, words) {
    const item = /** @type {Item} */ (line.item);
    const [avatar, name, bubble] = /** @type {[HTMLElement, HTMLElement, HTMLElement]} */ (
      /** @type {unknown} */ ([...element.children])
    );
    const meta = /** @type {HTMLElement} */ (element.lastElementChild);
    const who = author(item, words);
    setAttribute(element, 'data-author', item.author);
    setAttribute(element, 'data-state', item.state);
    setAttribute(element, 'data-id', item.id);
    setAttribute(element, 'data-client-id', item.client_id);
    element.classList.toggle('first', line.first);
    element.classList.toggle('last', line.last);
    setText(avatar, initials(who));
    setText(name, who);
    if (bubble.textContent !== item.text) bubble.replaceChildren(linked(item.text));
    bubble.hidden = !item.text;
    this.#acts.files(element, item);
    this.#fillMeta(meta, line, item, words);
  }

  /**
   * The small print under a message: when, in what state, and what can be done about it.
   * @param {HTMLElement} meta @param {Line} line @param {Item} item @param {Words} words
   */
  #fillMeta(meta, line, item, { strings, locale }) {
    const print = JSON.stringify([line.last, line.showSent, line.offerPerson, item.state, item.error, item.lost, item.helpful, item.ratable, item.at]);
    if (this.#printed.get(meta) === print) return;
    this.#printed.set(meta, print);
    const focused = /** @type {HTMLElement | null} */ (meta.querySelector(':focus'))?.getAttribute('part');
    meta.replaceChildren();
    const { client_id: clientId, id } = item;
    if (item.state === 'sending') {
      meta.append(state('clock', strings.sending));
    } else if (item.state === 'queued') {
      meta.append(state('clock', strings.queued));
    } else if (item.state === 'failed' && clientId) {
      meta.append(
        state('alert', item.error ? `${strings.failed}: ${item.error}` : strings.failed, 'bad'),
        item.lost ? '' : textButton(strings.retry, 'retry', () => this.#acts.retry(clientId)),
        textButton(strings.remove, 'remove', () => this.#acts.discard(clientId)),
      );
    } else if (item.at && (line.last || item.ratable)) {
      meta.append(h('time', { datetime: item.at, title: fullTime(item.at, locale) }, shortTime(item.at, locale)));
      if (line.showSent) meta.append(state('check', strings.sent));
    }
    if (item.ratable && id) {
      meta.append(this.#thumbs(id, item.helpful, strings));
      if (item.helpful === true) meta.append(h('span', {}, strings.thanks));
      if (item.helpful === false) {
        meta.append(h('span', {}, strings.sorry));
        if (line.offerPerson) meta.append(textButton(strings.menu_person, 'offer-person', () => this.#acts.person()));
      }
    }
    if (focused) /** @type {HTMLElement | null} */ (meta.querySelector(`[part="${focused}"]`))?.focus();
  }

  /** @param {string} id @param {boolean | undefined} helpful @param {import('./strings.js').Strings} strings */
  #thumbs(id, helpful, strings) {
    const thumb = (/** @type {boolean} */ up) =>
      h(
        'button',
        {
          type: 'button',
          part: up ? 'thumb-up' : 'thumb-down',
          'aria-label': up ? strings.helpful : strings.not_helpful,
          title: up ? strings.helpful : strings.not_helpful,
          'aria-pressed': String(helpful === up),
          onclick: () => this.#acts.rate(id, up),
        },
        icon('up'),
      );
    return h('span', { class: 'thumbs', part: 'thumbs' }, thumb(true), thumb(false));
  }
}

/** Items with the lines between them. @param {Item[]} items @param {Words} words @param {{offerPerson: boolean, startedOver: boolean}} how */
function asLines(items, { strings, locale }, { offerPerson, startedOver }) {
  /** @type {Line[]} */
  const lines = [];
  const plain = { first: false, last: false, showSent: false, offerPerson: false };
  if (startedOver) lines.push({ ...plain, key: 'notice', type: 'notice', text: strings.started_over });
  let day = '';
  /** @type {Line | null} */
  let previous = null;
  let operator = '';
  for (const [index, item] of items.entries()) {
    const today = item.at ? dayName(item.at, strings, locale) : day;
    if (today && today !== day) {
      if (day || today !== strings.today) { // a conversation of today alone needs no heading
        lines.push({ ...plain, key: `day:${item.at.slice(0, 10)}:${today}`, type: 'day', text: today });
        previous = null;
      }
      day = today;
    }
    if (item.kind === 'handoff') {
      const text = item.state === 'failed' ? `${strings.asking_person_failed} ${item.error ?? ''}` : strings.asking_person;
      lines.push({ ...plain, key: item.key, type: 'handoff', text, item });
      previous = null;
      continue;
    }
    if (item.author === 'operator' && item.name && item.name !== operator) {
      operator = item.name;
      lines.push({ ...plain, key: `joined:${item.key}`, type: 'joined', text: fill(strings.joined, { name: item.name }) });
      previous = null;
    }
    if (item.author === 'desk') operator = ''; // back with the desk: the next operator joins anew
    const first = !previous?.item || !together(previous.item, item);
    if (previous && !first) previous.last = false;
    /** @type {Line} */
    const line = { ...plain, key: item.key, type: 'message', text: item.text, item, first, last: true, offerPerson };
    line.showSent = item.author === 'customer' && item.state === 'sent' && index === items.length - 1;
    lines.push(line);
    previous = line;
  }
  return lines;
}

/** Whether `b` continues what `a` began. @param {Item} a @param {Item} b */
function together(a, b) {
  if (a.author !== b.author || (a.name ?? '') !== (b.name ?? '')) return false;
  return !a.at || !b.at || Math.abs(Date.parse(b.at) - Date.parse(a.at)) < GROUP_MS;
}

function messageLine() {
  return h(
    'div',
    { class: 'row', part: 'message' },
    h('div', { class: 'avatar', 'aria-hidden': 'true' }),
    h('div', { class: 'name', part: 'author' }),
    h('div', { class: 'bubble', part: 'bubble', dir: 'auto' }),
    h('div', { class: 'meta', part: 'meta', 'aria-live': 'off' }),
  );
}

/** @param {'clock' | 'check' | 'alert'} name @param {string} text @param {string} [more] */
const state = (name, text, more = '') => h('span', { class: `state ${more}`, part: 'state' }, icon(name), text);

/** @param {string} text @param {string} part @param {() => void} onclick @param {string} [look] */
const textButton = (text, part, onclick, look = 'text') => h('button', { type: 'button', class: look, part, onclick }, text);

/** @param {Item} item @param {Words} words */
function author(item, { strings, desk }) {
  if (item.author === 'customer') return strings.you;
  return item.author === 'operator' ? item.name || strings.somebody : desk;
}

/** One or two letters to stand for a name. @param {string} name */
export function initials(name) {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  return words.slice(0, 2).map((word) => [...word][0]?.toLocaleUpperCase() ?? '').join('');
}

/** @param {string} at @param {string} locale */
export function shortTime(at, locale) {
  return new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' }).format(asDate(at));
}

/** @param {string} at @param {string} locale */
export function fullTime(at, locale) {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' }).format(asDate(at));
}

/** @param {string} at @param {import('./strings.js').Strings} strings @param {string} locale */
function dayName(at, strings, locale) {
  const date = asDate(at);
  const midnight = (/** @type {Date} */ moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
  const days = Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
  if (days === 0) return strings.today;
  if (days === 1) return strings.yesterday;
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
  return new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', year }).format(date);
}

/** A broken time shows as now rather than breaking the log. @param {string} at */
function asDate(at) {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? new Date() : date;
}
