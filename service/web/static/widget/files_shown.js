/**
 * Files in the log: pictures small, and large when they are clicked; everything else as a name to save. What is
 * fetched is shown by an address that only this page knows.
 *
 * @typedef {import('./api.js').FileShape} FileShape
 * @typedef {import('./conversation.js').Item} LogItem
 */
import { h, icon } from './dom.js';
import { download } from './files_upload.js';
import { sizeOf } from './files_words.js';
import { fill } from './strings.js';

const SIDE = 220; // px of a picture in the log

export class Gallery {
  /** @type {Map<string, Promise<string>>} addresses of small pictures, by file */
  #small = new Map();
  /** @type {WeakMap<HTMLElement, string>} what a line was last made of */
  #drawn = new WeakMap();
  /** @type {WeakMap<Element, () => void>} what to do when it comes into view */
  #wanted = new WeakMap();

  /** @param {import('./files.js').Page} page @param {() => import('./files_words.js').Words & {close: string}} words */
  constructor(page, words) {
    this.#page = page;
    this.#words = words;
    this.#eye = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          if (!isIntersecting) continue;
          this.#eye.unobserve(target);
          this.#wanted.get(target)?.();
        }
      },
      { root: page.scroll, rootMargin: '200px' },
    );
  }

  /** This picture is here already. @param {string} id @param {string} url */
  know(id, url) {
    this.#small.set(id, Promise.resolve(url));
  }

  /** Draws the files of a message into its line, before the small print. @param {HTMLElement} row @param {LogItem} item @param {string} locale */
  draw(row, { files = [], state }, locale) {
    const print = JSON.stringify([files.map(({ id }) => id), state === 'sent']);
    if (this.#drawn.get(row) === print || (!files.length && !this.#drawn.has(row))) return;
    this.#drawn.set(row, print);
    row.querySelector('.files')?.remove();
    const list = h('ul', { class: 'files', role: 'list' }, ...files.map((file) => h('li', {}, this.#one(file, locale))));
    row.lastElementChild?.before(list);
  }

  /** @param {FileShape} file @param {string} locale */
  #one(file, locale) {
    const { width, height, name } = file;
    if (!width || !height) return this.#paper(file, locale);
    const scale = Math.min(1, SIDE / width, SIDE / height);
    const image = h('img', { alt: name, width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) });
    const button = h('button', { type: 'button', class: 'picture', part: 'picture', title: name, onclick: () => void this.#open(file, button) }, image);
    const instead = () => button.replaceWith(this.#paper(file, locale));
    image.addEventListener('error', instead, { once: true }); // the page's policy may forbid it
    this.#wanted.set(button, () => this.#address(file.id).then((url) => (image.src = url), instead));
    this.#eye.observe(button);
    return button;
  }

  /** @param {FileShape} file @param {string} locale */
  #paper(file, locale) {
    const { name, size } = file;
    return h(
      'button',
      { type: 'button', class: 'paper', part: 'file', 'aria-label': fill(this.#words().save, { name }), title: name, onclick: () => void this.#save(file) },
      icon('save'),
      h('bdi', {}, name),
      h('small', {}, sizeOf(size, locale)),
    );
  }

  /** @param {string} id */
  #address(id) {
    const known = this.#small.get(id);
    if (known) return known;
    const asked = this.#page.conversation.place().then((place) => download(place, id, true)).then((blob) => URL.createObjectURL(blob));
    this.#small.set(id, asked);
    asked.catch(() => this.#small.delete(id));
    return asked;
  }

  /** @param {FileShape} file @returns {Promise<string>} the whole of it; empty where it cannot be had */
  async #whole({ id }) {
    try {
      return URL.createObjectURL(await download(await this.#page.conversation.place(), id));
    } catch {
      this.#page.announce(this.#words().gone);
      return '';
    }
  }

  /** @param {FileShape} file */
  async #save(file) {
    const url = await this.#whole(file);
    if (!url) return;
    h('a', { href: url, download: file.name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  /** The picture over the panel, until it is closed. @param {FileShape} file @param {HTMLElement} from */
  async #open(file, from) {
    const url = await this.#whole(file);
    if (!url) return;
    const words = this.#words();
    const tool = (/** @type {string} */ part, /** @type {'close' | 'save'} */ look, /** @type {string} */ label, /** @type {() => void} */ onclick) =>
      h('button', { type: 'button', class: 'tool', part, 'aria-label': label, title: label, onclick }, icon(look));
    const viewer = h(
      'dialog',
      { class: 'viewer', part: 'viewer', 'aria-label': file.name },
      h('div', {}, tool('viewer-save', 'save', fill(words.save, { name: file.name }), () => h('a', { href: url, download: file.name }).click()), tool('viewer-close', 'close', words.close_picture, () => viewer.close())),
      h('img', { src: url, alt: file.name }),
    );
    viewer.addEventListener('keydown', (event) => event.stopPropagation()); // Escape closes it, not the chat
    viewer.addEventListener('click', (event) => event.target === viewer && viewer.close());
    viewer.addEventListener('close', () => {
      viewer.remove();
      URL.revokeObjectURL(url);
      from.focus({ preventScroll: true });
    });
    this.#page.panel.after(viewer);
    viewer.showModal();
  }

  /** @type {import('./files.js').Page} */ #page;
  /** @type {() => import('./files_words.js').Words & {close: string}} */ #words;
  /** @type {IntersectionObserver} */ #eye;
}
