/**
 * What the customer sees and touches: launcher, panel, composer. Reads the conversation, calls it, and
 * holds no truth of its own but whether it is open. Everything is inside an open shadow root of
 * <frontdesk-widget>, which hangs on <html> so that no transform or overflow of <body> can trap it. Inline, the
 * panel alone fills an element of the page, and is always open.
 *
 * Parts, for themes and tests: launcher, unread, panel, title, status, menu-button, menu, menu-person,
 * menu-transcript, close, banner, scroll, log, message, author, bubble, meta, state, retry, remove,
 * thumb-up, thumb-down, offer-person, mark, typing, suggestions, suggestion, jump, composer, input,
 * counter, send, announcer; those of the rating are in rating.js, of the wait in waiting.js.
 */
import { accents } from './color.js';
import { h, icon, setAttribute, setText } from './dom.js';
import { Log, fullTime, initials } from './log.js';
import { Menu } from './menu.js';
import { fill, plural } from './strings.js';
import { GROUND, css, dress } from './styles.js';
import { lengths, themeOf } from './theme.js';

const COUNT_FROM = 0.9; // of the longest message
const NEAR_END = 80; // px from the bottom that still count as being there
const FULL = '(max-width: 480px), (max-height: 420px)'; // a phone, or a large zoom

/**
 * @typedef {{
 *   name: string, welcome: string, suggested: import('./api.js').Suggestion[], longest: number,
 *   themes: Array<Record<string, unknown>>, files: import('./files.js').Limits | null,
 *   strings: import('./strings.js').Strings, locale: string, dir: string,
 * }} Look
 */
export class View {
  /** @type {import('./conversation.js').Conversation} */
  #conversation;
  /** @type {import('./storage.js').Store} */
  #session;
  /** @type {(name: string, detail?: unknown) => void} */
  #emit;
  /** @type {Look} */
  #look;
  #opened = false;
  #atEnd = true;
  /** @type {HTMLElement | null} where the focus was before the panel opened */
  #cameFrom = null;
  #lastKey = '';
  #heard = '';
  #offered = '';
  #scheduled = false;
  #inline = false;
  /** @type {{ticket: string, card: import('./rating.js').Rating | null} | null} what is asked, or was in this page */
  #rating = null;
  /** @type {import('./files.js').Files | null | undefined} null while it is on its way */
  #files;
  /** @type {Promise<import('./waiting.js').Waiting> | null} what to expect, once a person was waited for */
  #waiting = null;
  #full = matchMedia(FULL);
  #dark = matchMedia('(prefers-color-scheme: dark)');

  /**
   * @param {Look} look
   * @param {import('./conversation.js').Conversation} conversation
   * @param {{session: import('./storage.js').Store, emit: (name: string, detail?: unknown) => void, inline?: string}} page
   *   `inline` selects the element to fill
   */
  constructor(look, conversation, { session, emit, inline }) {
    this.#look = look;
    this.#conversation = conversation;
    this.#session = session;
    this.#emit = emit;
    this.#build();
    this.#listen();
    if (inline && isSelector(inline)) this.#settle(inline);
    else document.documentElement.append(this.host);
    this.configure(look); // in the page, whose CSS variables count
    this.#input.value = String(session.get('draft') ?? '');
    this.#typed();
  }

  /** Lives in an element of the page, as soon and as often as there is one. @param {string} selector */
  #settle(selector) {
    this.#inline = this.#opened = true;
    this.#panel.hidden = false;
    this.#launcher.hidden = this.#close.hidden = true;
    setAttribute(this.host, 'data-inline', true);
    this.#frameElement.classList.add('inline');
    setAttribute(this.#panel, 'role', 'region');
    const place = () => {
      const target = this.host.isConnected ? null : document.querySelector(selector);
      if (!target) return;
      target.append(this.host);
      if (this.#lastKey) this.configure(this.#look); // elsewhere, other variables count
      this.#toEnd();
    };
    place();
    new MutationObserver(place).observe(document, { childList: true, subtree: true });
  }

  get opened() {
    return this.#opened;
  }

  /** @param {{focus?: boolean, text?: string}} [how] `text` goes into the composer, unsent */
  open({ focus = true, text = '' } = {}) {
    if (text) {
      this.#input.value = text;
      this.#typed();
    }
    if (!this.#opened) {
      this.#opened = true;
      this.#cameFrom = /** @type {HTMLElement | null} */ (document.activeElement);
      this.#panel.hidden = false;
      this.#typed(); // measures only what is shown
      this.#session.set('open', true);
      this.#frame();
      this.render();
      this.#toEnd();
      this.#emit('open');
    }
    if (this.#inline && focus) this.host.scrollIntoView({ block: 'nearest' });
    if (!focus) return;
    // On a phone the keyboard would cover the conversation before it was read.
    const target = matchMedia('(pointer: coarse)').matches && !text ? this.#panel : this.#input;
    target.focus({ preventScroll: true });
  }

  close() {
    if (!this.#opened || this.#inline) return;
    const inside = this.#root.activeElement !== null;
    this.#opened = false;
    this.#menu.close();
    this.#panel.hidden = true;
    this.#session.set('open', false);
    this.#frame();
    this.render();
    if (inside) {
      const before = this.#cameFrom;
      const back = before?.isConnected && before !== document.body && before !== this.host ? before : this.#launcher;
      back.focus({ preventScroll: true });
    }
    this.#emit('close');
  }

  /** Forgets what was being written. */
  clear() {
    for (const form of this.#root.querySelectorAll('form')) form.reset();
    this.#files?.clear();
    this.#typed();
  }

  /** Takes new settings. @param {Look} look */
  configure(look) {
    this.#look = look;
    const { strings, name, dir, locale } = look;
    setAttribute(this.#frameElement, 'dir', dir);
    setAttribute(this.#frameElement, 'lang', locale);
    setAttribute(this.#panel, 'aria-label', fill(strings.dialog_label, { name }));
    setText(this.#title, name);
    setText(this.#introText, strings.intro);
    for (const crest of this.#crests) setText(crest, initials(name));
    label(this.#close, strings.close);
    label(this.#send, strings.send);
    this.#menu.label(strings.menu);
    setAttribute(this.#scroll, 'aria-label', strings.log_label);
    setAttribute(this.#input, 'aria-label', strings.composer_label);
    setAttribute(this.#input, 'placeholder', strings.composer_placeholder);
    setAttribute(this.#choices, 'aria-label', strings.suggestions);
    setText(this.#jumpText, strings.new_messages);
    setText(this.#tryNow, strings.try_now);
    this.#files?.configure(look);
    this.#paint();
    this.render();
  }

  /** Draws soon; many changes at once are drawn once. */
  update() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.render();
    });
  }

  render() {
    const conversation = this.#conversation;
    const { strings, locale, name } = this.#look;
    if (this.#opened && this.host.isConnected && document.visibilityState === 'visible') conversation.markRead();
    const unread = this.#opened ? 0 : conversation.unread;
    const news = unread ? plural(strings, locale, 'unread', unread) : '';
    const action = this.#opened ? strings.launcher_close : strings.launcher_open;
    setAttribute(this.#launcher, 'aria-label', news ? `${action}, ${news}` : action);
    setAttribute(this.#launcher, 'aria-expanded', String(this.#opened));
    setText(this.#unread, unread > 99 ? '99+' : String(unread));
    this.#unread.hidden = unread === 0;

    const items = this.#items();
    this.#announce(items, conversation.loading);
    if (!this.#opened) return; // hidden: drawn when opened
    if (this.#look.files || items.some((item) => item.files?.length)) void this.#loadFiles();
    const { network, status } = conversation;
    this.#renderStatus();
    this.#banner.hidden = network === 'ok';
    setText(this.#bannerText, network === 'offline' ? strings.offline : network === 'trouble' ? strings.trouble : '');

    const talking = items.some((item) => item.author === 'customer' || item.author === 'operator');
    this.#intro.hidden = talking || conversation.loading;
    this.#skeleton.hidden = !conversation.loading || items.some((item) => item.id);
    const words = { strings, locale, desk: name };
    const person = status === 'desk' || status === 'resolved';
    this.#log.render(items, words, {
      animate: !conversation.loading && this.#lastKey !== '',
      offerPerson: person,
      startedOver: conversation.startedOver,
    });
    const typing = conversation.typing ?? (conversation.thinking ? name : null);
    this.#typing.hidden = typing === null;
    if (typing !== null) {
      setAttribute(this.#typing, 'data-author', conversation.typing === null ? 'desk' : 'operator');
      setText(this.#typingAvatar, initials(typing || conversation.operator || name));
      setAttribute(this.#typing, 'aria-label', fill(strings.typing, { name: typing || conversation.operator || name }));
    }
    this.#renderChoices(items, typing !== null);
    void this.#renderRating();
    this.#renderWaiting();
    this.#menu.render([
      { part: 'menu-person', icon: 'person', text: strings.menu_person, off: !person, act: () => this.#askForPerson() },
      { part: 'menu-transcript', icon: 'save', text: strings.menu_transcript, off: !talking, act: () => this.#saveTranscript() },
    ]);
    this.#follow(items);
  }

  // --- drawing ------------------------------------------------------------------------------------

  #renderStatus() {
    const { status, operator, network } = this.#conversation;
    const { strings } = this.#look;
    const shown = network === 'ok' ? status : 'offline';
    const text = strings[/** @type {'status_desk'} */ (`status_${shown}`)] ?? strings.status_desk;
    setAttribute(this.#status, 'data-status', shown);
    setText(this.#status, fill(text, { name: operator || strings.somebody }));
  }

  /** The conversation's items; before anything was said, the desk's welcome. */
  #items() {
    const items = this.#conversation.items();
    const { welcome, strings } = this.#look;
    const first = items[0];
    if (this.#conversation.loading) return items;
    if (first?.author === 'desk') return [{ ...first, key: 'welcome', ratable: false }, ...items.slice(1)];
    /** @type {import('./conversation.js').Item} */
    const hello = { key: 'welcome', kind: 'message', author: 'desk', text: welcome || strings.welcome, at: '', state: 'sent', suggestions: [], ratable: false };
    return [hello, ...items];
  }

  /** Only the last message's suggestions can be chosen. @param {import('./conversation.js').Item[]} items @param {boolean} busy */
  #renderChoices(items, busy) {
    const last = items[items.length - 1];
    const begun = items.length > 1;
    const own = last?.suggestions ?? [];
    const offered = busy || last?.author === 'customer' || this.#conversation.loading ? [] : own.length || begun ? own : this.#look.suggested;
    const print = JSON.stringify([last?.key, offered]);
    if (print === this.#offered) return;
    this.#offered = print;
    this.#choices.hidden = offered.length === 0;
    this.#choices.replaceChildren(
      ...offered.map(({ text, intent }) =>
        h('button', { type: 'button', part: 'suggestion', dir: 'auto', 'data-intent': intent, onclick: () => this.#say(text, intent) }, text),
      ),
    );
  }

  async #loadFiles() {
    if (this.#files !== undefined) return;
    this.#files = null;
    try {
      const { Files, css: looks } = await import('./files.js');
      dress(this.#root, looks);
      this.#files = new Files({
        conversation: this.#conversation,
        panel: this.#panel,
        composer: this.#composer,
        input: this.#input,
        scroll: this.#scroll,
        changed: () => this.#typed(),
        announce: (words) => setText(this.#announcer, words),
      }, this.#look);
      this.render();
    } catch {
      this.#files = undefined; // not to be had now: the next time that something is drawn
    }
  }

  /** Asks once how it was, when a person has closed the conversation; the thanks stay until it goes on. */
  async #renderRating() {
    const closing = this.#conversation.asking;
    const shown = this.#rating;
    if (shown && (this.#conversation.status !== 'resolved' || (closing && closing.ticket_id !== shown.ticket))) {
      shown.card?.element.remove();
      this.#rating = null;
    }
    if (!closing || this.#rating) return;
    const asked = { ticket: closing.ticket_id, card: /** @type {import('./rating.js').Rating | null} */ (null) };
    this.#rating = asked;
    try {
      const { ratingAt } = await import('./rating.js');
      if (this.#rating !== asked || !this.#conversation.asking) return;
      asked.card = ratingAt(this.#choices, this.#look.strings, {
        rate: (rating, comment) => this.#conversation.rateTicket(closing, rating, comment),
        close: () => {
          this.#conversation.dontAsk(closing.ticket_id);
          asked.card?.element.remove();
          this.#input.focus({ preventScroll: true });
        },
      });
      setText(this.#announcer, this.#look.strings.rate_title);
      if (this.#atEnd) this.#toEnd();
    } catch {
      this.#rating = null; // not to be had now: the next time that something is drawn
    }
  }

  /** What to expect while a person is waited for. */
  #renderWaiting() {
    if (!this.#waiting && !this.#conversation.expectation) return;
    this.#waiting ??= import('./waiting.js').then(({ cardAt }) => cardAt(this.#choices, this.#look.locale, this.#conversation));
    this.#waiting.then(
      (card) => {
        card.render(this.#conversation.expectation);
        if (this.#atEnd) this.#toEnd();
      },
      () => (this.#waiting = null), // not to be had now: the next time that something is drawn
    );
  }

  /** Tells screen readers what happens outside the log. @param {import('./conversation.js').Item[]} items @param {boolean} loading */
  #announce(items, loading) {
    const { strings, name } = this.#look;
    const failed = [...items].reverse().find((item) => item.state === 'failed');
    const last = items[items.length - 1];
    const heard = `${failed?.key}|${last?.id}`;
    const before = this.#heard;
    this.#heard = loading ? '' : heard;
    if (loading || before === '' || before === heard) return;
    if (failed && !before.startsWith(failed.key)) setText(this.#announcer, `${strings.failed}. ${failed.error ?? ''}`);
    else if (!this.#opened && last?.id && last.author !== 'customer') {
      setText(this.#announcer, fill(strings.said, { name: last.name || name, text: gist(last) }));
    }
  }

  /** Colours, corners, letters and place by theme. */
  #paint() {
    const theme = themeOf(this.host, ...this.#look.themes);
    const root = this.#frameElement;
    const dark = theme.mode === 'dark' || (theme.mode !== 'light' && this.#dark.matches);
    setAttribute(root, 'data-theme', dark ? 'dark' : 'light');
    setAttribute(root, 'data-side', theme.side || (this.#look.dir === 'rtl' ? 'left' : 'right'));
    const { fill: ground, on, text } = accents(theme.color, dark ? GROUND.dark : GROUND.light);
    const [across, up] = lengths(theme.spacing);
    const values = { fill: ground, 'on-fill': on, accent: text, font: theme.font, round: `min(${lengths(theme.radius)[0]}, 28px)`, across: `min(${across}, 25vw)`, up: `min(${up}, 40vh)` };
    for (const [name, value] of Object.entries(values)) root.style.setProperty(`--${name}`, value);
  }

  /** Whether an open panel takes the whole screen. */
  get #covers() {
    return this.#full.matches && !this.#inline;
  }

  /** The panel's frame: all of a small screen, and above its keyboard. */
  #frame() {
    const full = this.#covers;
    this.#panel.classList.toggle('full', full);
    this.#frameElement.classList.toggle('covered', full && this.#opened);
    setAttribute(this.#panel, 'aria-modal', full ? 'true' : null);
    const view = window.visualViewport;
    if (!full || !view || view.scale > 1.01) {
      this.#panel.style.removeProperty('--view-height');
      this.#panel.style.removeProperty('--view-top');
      return;
    }
    this.#panel.style.setProperty('--view-height', `${view.height}px`);
    this.#panel.style.setProperty('--view-top', `${view.offsetTop}px`);
  }

  // --- scrolling ----------------------------------------------------------------------------------

  /**
   * Keeps the end in view unless the customer reads further up; an own message always comes into view.
   * @param {import('./conversation.js').Item[]} items
   */
  #follow(items) {
    const last = items[items.length - 1];
    const key = last ? last.key : '';
    const isNew = key !== this.#lastKey;
    const own = last?.author === 'customer';
    const opening = this.#lastKey === '';
    this.#lastKey = key;
    if (opening || this.#atEnd || (isNew && own)) {
      const line = isNew && !own && !opening && last ? this.#log.line(key) : undefined;
      // Of a reply that is longer than the view, the beginning is what one wants to read first.
      if (line && line.offsetHeight > this.#scroll.clientHeight - 60) {
        this.#scroll.scrollTop += line.getBoundingClientRect().top - this.#scroll.getBoundingClientRect().top - 8;
        this.#atEnd = false;
      } else this.#toEnd();
    } else if (isNew) {
      this.#jump.hidden = false;
    }
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#atEnd = true;
    this.#jump.hidden = true;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (this.#atEnd) this.#jump.hidden = true;
  }

  // --- acting -------------------------------------------------------------------------------------

  /** @param {string} text @param {string | null} [choice] @param {import('./api.js').FileShape[]} [files] */
  #say(text, choice, files) {
    this.#conversation.send(text, choice, files);
    this.#toEnd();
    if (!matchMedia('(pointer: coarse)').matches) this.#input.focus({ preventScroll: true });
  }

  #submit() {
    const text = this.#input.value.trim();
    if (this.#send.getAttribute('aria-disabled') === 'true') {
      this.#input.focus();
      return;
    }
    const files = this.#files?.ready;
    this.clear();
    this.#say(text, null, files);
    this.#input.focus({ preventScroll: true });
  }

  #askForPerson() {
    this.#conversation.askForPerson();
    this.#toEnd();
  }

  /** The composer grows with its text, counts near the limit, and keeps the draft. */
  #typed() {
    const input = this.#input;
    const { strings, locale, longest } = this.#look;
    input.style.blockSize = 'auto';
    const height = Math.min(Math.max(input.scrollHeight, 38), 138);
    input.style.blockSize = this.#opened && input.scrollHeight ? `${height}px` : '';
    input.style.overflowY = input.scrollHeight > 138 ? 'auto' : 'hidden';
    const text = input.value.trim();
    const left = longest - [...text].length;
    setAttribute(this.#send, 'aria-disabled', String((!text && !this.#files?.ready.length) || left < 0 || Boolean(this.#files?.busy)));
    setAttribute(input, 'aria-invalid', left < 0 ? 'true' : null);
    this.#counter.hidden = left > longest * (1 - COUNT_FROM);
    this.#counter.classList.toggle('over', left < 0);
    setText(this.#counter, this.#counter.hidden ? '' : plural(strings, locale, left < 0 ? 'over' : 'left', Math.abs(left)));
    if (text && this.#root.activeElement === input) this.#conversation.writing();
    if (input.value) this.#session.set('draft', input.value);
    else this.#session.remove('draft');
    if (this.#atEnd && this.#opened) this.#toEnd();
  }

  #saveTranscript() {
    const { strings, locale, name } = this.#look;
    const lines = this.#items()
      .filter((item) => item.kind === 'message' && item.at)
      .map((item) => {
        const who = item.author === 'customer' ? strings.you : item.name || name;
        return `${fullTime(item.at, locale)}\n${who}:\n${gist(item)}\n`;
      });
    const url = URL.createObjectURL(new Blob([`${name}\n\n`, lines.join('\n')], { type: 'text/plain;charset=utf-8' }));
    h('a', { href: url, download: `${name} ${new Date().toISOString().slice(0, 10)}.txt` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  // --- building -----------------------------------------------------------------------------------

  #build() {
    this.host = document.createElement(tagName());
    this.#root = this.host.attachShadow({ mode: 'open' });
    dress(this.#root, css);
    const crest = () => h('div', { class: 'avatar crest', 'aria-hidden': 'true' });
    this.#crests = [crest(), crest()];
    const [headCrest, introCrest] = this.#crests;
    const button = (/** @type {string} */ part, /** @type {Parameters<typeof icon>[0]} */ name, /** @type {() => void} */ onclick, look = 'tool') =>
      h('button', { type: 'button', class: look, part, onclick }, icon(name));

    this.#unread = h('span', { class: 'unread', part: 'unread', 'aria-hidden': 'true', hidden: true });
    this.#launcher = h(
      'button',
      { type: 'button', class: 'launcher', part: 'launcher', 'aria-haspopup': 'dialog', onclick: () => (this.#opened ? this.close() : this.open()) },
      icon('chat'),
      icon('down'),
      this.#unread,
    );
    this.#title = h('h2', { class: 'title', part: 'title' });
    this.#status = h('p', { class: 'status', part: 'status', role: 'status' });
    this.#menu = new Menu();
    this.#close = button('close', 'close', () => this.close());
    this.#bannerText = h('span');
    this.#tryNow = h('button', { type: 'button', part: 'try-now', onclick: () => this.#conversation.tryNow() });
    this.#banner = h('div', { class: 'banner', part: 'banner', role: 'status', hidden: true }, this.#bannerText, this.#tryNow);
    this.#introText = h('span');
    this.#intro = h('div', { class: 'intro', part: 'intro' }, introCrest, this.#introText);
    this.#skeleton = h('div', { class: 'skeleton', part: 'skeleton', 'aria-hidden': 'true', hidden: true }, h('i'), h('i'), h('i'));
    this.#log = new Log({
      retry: (clientId) => this.#conversation.outbox.retry(clientId),
      discard: (clientId) => this.#conversation.outbox.discard(clientId),
      rate: (id, helpful) => void this.#conversation.rate(id, helpful),
      person: () => this.#askForPerson(),
      files: (line, item) => this.#files?.gallery.draw(line, item, this.#look.locale),
    });
    this.#typingAvatar = h('div', { class: 'avatar' });
    this.#typing = h('div', { class: 'typing', part: 'typing', role: 'img', hidden: true }, this.#typingAvatar, h('div', { class: 'dots' }, h('i'), h('i'), h('i')));
    this.#choices = h('div', { class: 'choices', part: 'suggestions', role: 'group', hidden: true });
    this.#scroll = h(
      'div',
      { class: 'scroll', part: 'scroll', tabindex: '0', role: 'group', onscroll: () => this.#scrolled() },
      h('div', { class: 'fill' }),
      this.#intro,
      this.#skeleton,
      this.#log.element,
      this.#typing,
      this.#choices,
    );
    this.#jumpText = h('span');
    this.#jump = h('button', { type: 'button', class: 'jump', part: 'jump', hidden: true, onclick: () => this.#toEnd() }, icon('down'), this.#jumpText);
    this.#input = h('textarea', { part: 'input', rows: '1', enterkeyhint: 'send', autocomplete: 'off', oninput: () => this.#typed() });
    this.#send = h('button', { type: 'submit', class: 'send', part: 'send' }, icon('send'));
    this.#counter = h('p', { class: 'counter', part: 'counter', 'aria-live': 'polite', hidden: true });
    const composer = (this.#composer = h('form', { class: 'composer', part: 'composer', novalidate: true }, this.#input, this.#send));
    composer.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    composer.addEventListener('click', (event) => event.target === composer && this.#input.focus());
    this.#panel = h(
      'div',
      { class: 'panel', part: 'panel', role: 'dialog', tabindex: '-1', hidden: true },
      h(
        'div',
        { class: 'head', part: 'header' },
        headCrest,
        h('div', { class: 'who' }, this.#title, this.#status),
        h('div', { class: 'tools' }, this.#menu.button, this.#close),
        this.#menu.element,
      ),
      this.#banner,
      this.#scroll,
      h('div', { class: 'foot' }, this.#jump, composer, this.#counter),
    );
    this.#announcer = h('div', { class: 'unseen', part: 'announcer', role: 'status' });
    this.#frameElement = h('div', { class: 'root' }, this.#panel, this.#launcher, this.#announcer);
    this.#root.append(this.#frameElement);
  }

  #listen() {
    this.#frameElement.addEventListener('keydown', (event) => this.#key(event));
    // What is typed here is no business of the page's keyboard shortcuts.
    for (const name of ['keydown', 'keyup', 'keypress']) this.host.addEventListener(name, (event) => event.stopPropagation());
    this.#dark.addEventListener('change', () => this.#paint());
    this.#full.addEventListener('change', () => this.#frame());
    document.addEventListener('visibilitychange', () => this.update());
    window.visualViewport?.addEventListener('resize', () => this.#resized());
    window.visualViewport?.addEventListener('scroll', () => this.#frame());
    new ResizeObserver(() => this.#atEnd && this.#opened && this.#toEnd()).observe(this.#scroll);
    // Any element of the page with data-frontdesk-open opens the chat; its value goes into the composer.
    document.addEventListener('click', (event) => {
      const target = event.target instanceof Element ? event.target.closest('[data-frontdesk-open]') : null;
      if (target) this.open({ text: target.getAttribute('data-frontdesk-open') ?? '' });
    });
    setInterval(() => this.update(), 60_000); // "today" becomes "yesterday"
  }

  #resized() {
    this.#frame();
    if (this.#atEnd) this.#toEnd();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const composing = event.isComposing || event.keyCode === 229; // a half-written Chinese or Japanese word
    if (event.key === 'Escape' && !composing && this.#opened) {
      if (!this.#menu.close(true)) this.close();
      event.preventDefault();
    } else if (event.key === 'Enter' && !event.shiftKey && !composing && this.#root.activeElement === this.#input) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === 'Tab' && this.#opened && this.#covers) {
      this.#keepFocus(event);
    }
  }

  /** A panel over the whole screen keeps the focus, for there is nothing else to see. @param {KeyboardEvent} event */
  #keepFocus(event) {
    const stops = /** @type {HTMLElement[]} */ ([...this.#panel.querySelectorAll('button, textarea, input, a[href], [tabindex="0"]')]);
    const seen = stops.filter((stop) => stop.offsetParent !== null && stop.tabIndex >= 0);
    const [first, last] = [seen[0], seen[seen.length - 1]];
    const now = this.#root.activeElement;
    if (event.shiftKey && (now === first || now === this.#panel)) {
      event.preventDefault();
      last?.focus();
    } else if (!event.shiftKey && now === last) {
      event.preventDefault();
      first?.focus();
    }
  }

  // Made in #build.
  /** @type {HTMLElement} */ host;
  /** @type {ShadowRoot} */ #root;
  /** @type {HTMLElement[]} */ #crests;
  /** @type {Menu} */ #menu;
  /** @type {Log} */ #log;
  /** @type {HTMLTextAreaElement} */ #input;
  /** @type {HTMLElement} */ #frameElement;
  /** @type {HTMLElement} */ #launcher;
  /** @type {HTMLElement} */ #unread;
  /** @type {HTMLElement} */ #panel;
  /** @type {HTMLElement} */ #title;
  /** @type {HTMLElement} */ #status;
  /** @type {HTMLElement} */ #close;
  /** @type {HTMLElement} */ #banner;
  /** @type {HTMLElement} */ #bannerText;
  /** @type {HTMLElement} */ #tryNow;
  /** @type {HTMLElement} */ #intro;
  /** @type {HTMLElement} */ #introText;
  /** @type {HTMLElement} */ #skeleton;
  /** @type {HTMLElement} */ #typing;
  /** @type {HTMLElement} */ #typingAvatar;
  /** @type {HTMLElement} */ #choices;
  /** @type {HTMLElement} */ #scroll;
  /** @type {HTMLElement} */ #composer;
  /** @type {HTMLElement} */ #jump;
  /** @type {HTMLElement} */ #jumpText;
  /** @type {HTMLElement} */ #counter;
  /** @type {HTMLElement} */ #send;
  /** @type {HTMLElement} */ #announcer;
}

/** What it says where only words fit. @param {import('./conversation.js').Item} item */
const gist = ({ text, files = [] }) => [text, ...files.map(({ name }) => name)].filter(Boolean).join('\n');

/** The custom element's name, defined once per page. */
function tagName() {
  const name = 'frontdesk-widget';
  if (!customElements.get(name)) customElements.define(name, class extends HTMLElement {});
  return name;
}

/** @param {string} selector */
function isSelector(selector) {
  try {
    document.querySelector(selector);
    return true;
  } catch {
    console.error('frontdesk: data-inline is not a selector:', selector);
    return false;
  }
}

/** @param {HTMLElement} button @param {string} text */
function label(button, text) {
  setAttribute(button, 'aria-label', text);
  setAttribute(button, 'title', text);
}
