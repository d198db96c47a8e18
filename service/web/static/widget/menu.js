/**
 * The header's menu: a button and the list that it opens, worked by mouse or by keyboard as the ARIA
 * menu-button pattern says.
 *
 * @typedef {{part: string, icon: Parameters<typeof icon>[0], text: string, off: boolean, act: () => void}} Entry
 */
import { h, icon, setAttribute } from './dom.js';

export class Menu {
  #print = '';

  constructor() {
    this.button = h(
      'button',
      { type: 'button', class: 'tool', part: 'menu-button', 'aria-haspopup': 'menu', 'aria-expanded': 'false', onclick: () => this.#toggle() },
      icon('more'),
    );
    this.element = h('div', { class: 'menu', part: 'menu', role: 'menu', hidden: true });
    this.element.addEventListener('keydown', (event) => this.#key(event));
    this.button.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
      event.preventDefault();
      this.#open();
      if (event.key === 'ArrowUp') this.#move(-1);
    });
    this.element.addEventListener('focusout', (event) => {
      const to = /** @type {Node | null} */ (event.relatedTarget);
      if (to !== this.button && !this.element.contains(to)) this.close();
    });
  }

  /** @param {string} text */
  label(text) {
    setAttribute(this.button, 'aria-label', text);
    setAttribute(this.button, 'title', text);
    setAttribute(this.element, 'aria-label', text);
  }

  /** @param {Entry[]} entries */
  render(entries) {
    const print = JSON.stringify(entries);
    if (print === this.#print) return;
    this.#print = print;
    const focused = this.#items().findIndex((item) => item.matches(':focus'));
    this.element.replaceChildren(
      ...entries.map(({ part, icon: name, text, off, act }) =>
        h(
          'button',
          {
            type: 'button',
            role: 'menuitem',
            part,
            tabindex: '-1',
            'aria-disabled': off ? 'true' : null,
            onclick: () => {
              if (off) return;
              this.close(true);
              act();
            },
          },
          icon(name),
          text,
        ),
      ),
    );
    if (focused >= 0) this.#items()[focused]?.focus();
  }

  /** @param {boolean} [refocus] puts the focus back on the button @returns {boolean} whether it was open */
  close(refocus = false) {
    if (this.element.hidden) return false;
    this.element.hidden = true;
    setAttribute(this.button, 'aria-expanded', 'false');
    if (refocus) this.button.focus();
    return true;
  }

  #toggle() {
    if (!this.close(true)) this.#open();
  }

  #open() {
    this.element.hidden = false;
    setAttribute(this.button, 'aria-expanded', 'true');
    this.#items()[0]?.focus();
  }

  #items() {
    return /** @type {HTMLElement[]} */ ([...this.element.children]);
  }

  /** @param {number} step */
  #move(step) {
    const items = this.#items();
    const now = items.findIndex((item) => item.matches(':focus'));
    items[(now + step + items.length) % items.length]?.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#move(step);
    else if (event.key === 'Home') this.#items()[0]?.focus();
    else if (event.key === 'End') this.#items().pop()?.focus();
    else return;
    event.preventDefault();
  }
}
