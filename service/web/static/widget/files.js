/**
 * Files: attached in the composer (button, paste, drop), sent along with a message, and shown in the log. Loaded
 * when the panel is open and the desk takes files, or has sent some. The view asks it what is `ready` and `busy`.
 *
 * Parts: attach, tray, tray-item, tray-remove, tray-retry, tray-problem, file, picture, viewer, viewer-close,
 * viewer-save.
 *
 * @typedef {import('./api.js').FileShape} FileShape
 * @typedef {{types: string[], bytes: number, count: number}} Limits
 * @typedef {{
 *   client_id: string, file: File, element: HTMLElement, url: string, done: FileShape | null,
 *   error: string, final: boolean, failures: number, stop: AbortController | null, bar: HTMLProgressElement | null,
 * }} Item
 * @typedef {{
 *   conversation: import('./conversation.js').Conversation, panel: HTMLElement, composer: HTMLElement,
 *   input: HTMLTextAreaElement, scroll: HTMLElement, changed: () => void, announce: (words: string) => void,
 * }} Page
 */
import { h, icon, setAttribute, setText } from './dom.js';
import { Gallery } from './files_shown.js';
import { Failed, Refused, upload } from './files_upload.js';
import { sizeOf, wordsFor } from './files_words.js';
import { backoff, uuid } from './storage.js';
import { fill } from './strings.js';

const CLIP = 'M19.500 11.500l-7.700 7.600a5 5 0 0 1-7-7l8-8a3.300 3.300 0 0 1 4.700 4.700l-8 7.900a1.600 1.600 0 0 1-2.300-2.300l7.200-7.100';
const PAPER = 'M7 3.500h7l4 4v13H7Zm7 0v4h4M10 12.500h5m-5 4h5';
const SHOWABLE = /^image\/(png|jpeg|gif|webp)$/;
const TEXTS = ['.txt', '.csv', '.log', '.md', '.tsv']; // which devices do not all know as texts
const TRIES = 4;

export { css } from './files_styles.js';

export class Files {
  /** @type {Item[]} */
  #items = [];

  /** @param {Page} page @param {import('./view.js').Look} look */
  constructor(page, look) {
    this.#page = page;
    this.#picker = h('input', { type: 'file', multiple: true, hidden: true, tabindex: '-1', part: 'picker', onchange: () => this.#picked() });
    this.#attach = h('button', { type: 'button', class: 'tool clip', part: 'attach', onclick: () => this.#picker.click() }, icon(CLIP));
    this.#list = h('ul', { class: 'tray', part: 'tray', role: 'list', hidden: true });
    this.#problem = h('p', { class: 'tray-problem', part: 'tray-problem', role: 'alert', hidden: true });
    page.composer.prepend(this.#attach, this.#picker);
    page.composer.before(this.#list, this.#problem);
    this.gallery = new Gallery(page, () => this.#words);
    page.input.addEventListener('paste', (event) => this.#brought(event, event.clipboardData));
    page.panel.addEventListener('dragover', (event) => this.#over(event));
    page.panel.addEventListener('dragleave', (event) => !page.panel.contains(/** @type {Node | null} */ (event.relatedTarget)) && this.#drop(false));
    page.panel.addEventListener('drop', (event) => this.#brought(event, event.dataTransfer));
    addEventListener('online', () => this.#goOn());
    this.configure(look);
  }

  /** @param {import('./view.js').Look} look */
  configure({ strings, locale, files }) {
    this.#words = { ...wordsFor(locale), retry: strings.retry, remove: strings.remove, queued: strings.queued, close: strings.close };
    this.#locale = locale;
    this.#limits = files;
    this.#attach.hidden = !files;
    for (const name of ['aria-label', 'title']) setAttribute(this.#attach, name, this.#words.attach);
    setAttribute(this.#picker, 'accept', files ? [...files.types, ...(files.types.includes('text/plain') ? TEXTS : [])].join() : '');
    setAttribute(this.#list, 'aria-label', this.#words.to_send);
    setAttribute(this.#page.panel, 'data-drop', this.#words.drop);
  }

  /** What can go with the message. @returns {FileShape[]} */
  get ready() {
    return this.#items.flatMap(({ done }) => (done ? [done] : []));
  }

  /** Whether something is on its way or has failed: a message must not leave it behind unnoticed. */
  get busy() {
    return this.#items.some(({ done }) => !done);
  }

  /** They have gone out, or are given up. */
  clear() {
    for (const item of this.#items) item.stop?.abort();
    this.#items = [];
    this.#say('');
    this.#draw();
  }

  /** @param {Iterable<File>} files */
  add(files) {
    this.#say('');
    for (const file of files) {
      const told = this.#refusal(file);
      if (told) {
        this.#say(told);
        continue;
      }
      const url = SHOWABLE.test(file.type) ? URL.createObjectURL(file) : '';
      const element = h('li', { part: 'tray-item' });
      /** @type {Item} */
      const item = { client_id: uuid(), file, element, url, done: null, error: '', final: false, failures: 0, stop: null, bar: null };
      this.#items.push(item);
      void this.#send(item);
    }
    this.#draw();
  }

  /** @param {File} file */
  #refusal({ name, size }) {
    const limits = this.#limits;
    const words = this.#words;
    if (!limits) return words.off;
    if (this.#items.length >= limits.count) return fill(words.many, { count: limits.count });
    if (!size) return fill(words.empty, { name });
    return size > limits.bytes ? fill(words.too_large, { name, size: sizeOf(limits.bytes, this.#locale) }) : '';
  }

  /** @param {Item} item */
  async #send(item) {
    const stop = new AbortController();
    Object.assign(item, { stop, error: '' });
    this.#fill(item);
    try {
      const place = await this.#page.conversation.place();
      if (stop.signal.aborted) return;
      const done = await upload(place, item, (share) => item.bar && (item.bar.value = share), stop.signal);
      item.done = done;
      if (item.url) this.gallery.know(done.id, item.url);
      this.#page.announce(fill(this.#words.attached, { name: done.name }));
    } catch (error) {
      if (stop.signal.aborted) return;
      item.final = error instanceof Refused;
      if (!this.#tryAgain(item, error)) item.error = this.#wordsOf(error);
    }
    item.stop = null;
    this.#fill(item);
    this.#page.changed();
  }

  /** By itself, later, or when the network is back. @param {Item} item @param {unknown} error */
  #tryAgain(item, error) {
    if (error instanceof Failed && error.code === 'too_many_requests') return false; // not before tomorrow
    if (error instanceof Refused || ++item.failures >= TRIES) return !navigator.onLine && !(error instanceof Refused);
    if (navigator.onLine) setTimeout(() => this.#resend(item), backoff(item.failures));
    return true;
  }

  /** @param {Item} item */
  #resend(item) {
    if (this.#items.includes(item) && !item.done && !item.stop) void this.#send(item);
  }

  #goOn() {
    for (const item of this.#items) if (!item.error) this.#resend(item);
  }

  /** @param {unknown} error */
  #wordsOf(error) {
    const words = /** @type {Record<string, string>} */ (this.#words);
    return words[error instanceof Failed ? error.code : ''] ?? words.failed;
  }

  /** @param {Item} item */
  #discard(item) {
    item.stop?.abort();
    if (item.url) URL.revokeObjectURL(item.url);
    this.#items = this.#items.filter((one) => one !== item);
    this.#say('');
    this.#draw();
    this.#page.input.focus({ preventScroll: true });
  }

  // --- drawing ------------------------------------------------------------------------------------

  #draw() {
    this.#list.replaceChildren(...this.#items.map(({ element }) => element));
    this.#list.hidden = !this.#items.length;
    this.#page.changed();
  }

  /** @param {Item} item */
  #fill(item) {
    const { element, file, url, done, error, final, stop } = item;
    const words = this.#words;
    const name = done?.name ?? file.name;
    const focused = element.contains(/** @type {ShadowRoot} */ (element.getRootNode()).activeElement ?? null);
    item.bar = !done && stop ? h('progress', { max: 1, value: 0, 'aria-label': fill(words.uploading, { name }) }) : null;
    setAttribute(element, 'data-state', done ? 'done' : error ? 'failed' : 'sending');
    element.replaceChildren(
      url ? thumbnail(url) : icon(PAPER),
      h('span', { class: 'tray-words' }, h('bdi', {}, name), item.bar ?? h('small', error ? { role: 'alert' } : {}, error || (done ? sizeOf(done.size, this.#locale) : words.queued))),
      !error || final ? '' : h('button', { type: 'button', class: 'text', part: 'tray-retry', onclick: () => { item.failures = 0; this.#resend(item); } }, words.retry),
      h('button', { type: 'button', class: 'tool', part: 'tray-remove', 'aria-label': `${words.remove}: ${name}`, title: words.remove, onclick: () => this.#discard(item) }, icon('close')),
    );
    if (focused) element.querySelector('button')?.focus();
  }

  /** @param {string} words */
  #say(words) {
    this.#problem.hidden = !words;
    setText(this.#problem, words);
  }

  // --- what is brought ------------------------------------------------------------------------------

  #picked() {
    this.add([...(this.#picker.files ?? [])]);
    this.#picker.value = ''; // the same file can be chosen again
    this.#page.input.focus({ preventScroll: true });
  }

  /** @param {DragEvent} event */
  #over(event) {
    if (!this.#limits || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.#drop(true);
  }

  /** Pasted or dropped; words go into the text as ever. @param {Event} event @param {DataTransfer | null} brought */
  #brought(event, brought) {
    this.#drop(false);
    // What is copied from a text or a table comes as a picture, too: its words are what is meant.
    const isWords = brought?.getData('text/html') && brought.getData('text/plain');
    if (!this.#limits || !brought?.files.length || isWords) return;
    event.preventDefault();
    this.add([...brought.files]);
  }

  /** @param {boolean} over */
  #drop(over) {
    this.#page.panel.classList.toggle('over', over);
  }

  /** @type {Page} */ #page;
  /** @type {import('./files_words.js').Words & Record<'retry' | 'remove' | 'queued' | 'close', string>} */ #words;
  /** @type {Limits | null} */ #limits = null;
  #locale = 'en';
  /** @type {HTMLInputElement} */ #picker;
  /** @type {HTMLElement} */ #attach;
  /** @type {HTMLElement} */ #list;
  /** @type {HTMLElement} */ #problem;
}

/** The file itself, small; a sheet of paper where it is no picture after all. @param {string} src */
function thumbnail(src) {
  const image = h('img', { src, alt: '', width: 32, height: 32 });
  image.addEventListener('error', () => image.replaceWith(icon(PAPER)), { once: true });
  return image;
}
