/**
 * frontdesk's one script tag: `<script src="https://desk.example/widget.js" async></script>`.
 *
 * Gives the page `window.frontdesk` at once, remembers what is called before the rest is there, and
 * loads the rest as ES modules from beside itself. It never touches anything else of the page.
 *
 * Attributes: data-server, data-locale, data-open, data-inline="#selector", and for the looks data-theme,
 * data-color, data-radius, data-font, data-side, data-spacing (docs/widget.md). The server's settings win.
 *
 * A page that wants to call before this file has arrived may queue: `frontdesk = window.frontdesk || []`,
 * then `frontdesk.push(['identify', {…}])`; both orders work.
 */
(() => {
  'use strict';

  // The desk writes here what names its modules of this moment, so that browsers keep them for good.
  const VERSION = '';
  // All that main.js imports: asked for at once, not one after another as each names the next.
  const MODULES = 'api color conversation dom live log main menu outbox storage strings styles theme view';

  const page = /** @type {any} */ (window);
  const earlier = page.frontdesk;
  if (earlier && typeof earlier.identify === 'function') return; // the tag is on the page twice

  const script = /** @type {HTMLScriptElement | null} */ (
    document.currentScript || document.querySelector('script[src*="widget.js"]')
  );
  if (!script || !script.src) {
    console.error('frontdesk: widget.js must be loaded with a <script src> tag');
    return;
  }

  // Works at the root, under a path prefix (/desk/widget.js) and as /static/widget.js.
  const source = new URL(script.src);
  const inStatic = source.pathname.endsWith('/static/widget.js');
  const modules = new URL(inStatic ? 'widget/' : 'static/widget/', source);
  const home = new URL(inStatic ? '../' : './', source);

  const { server, open, ...said } = script.dataset;
  const options = {
    ...said,
    server: absolute(server) || home.href.split(/[?#]/)[0],
    open: open !== undefined && open !== 'false',
  };

  /** @type {Map<string, Set<Function>>} */
  const listeners = new Map();
  /** @type {Array<[string, unknown[]]>} */
  const calls = [];
  /** @type {any} */
  let widget = null;
  let ready = false;

  /** @param {string} name @param {unknown} [detail] */
  function emit(name, detail) {
    if (name === 'ready') ready = true;
    for (const fn of [...(listeners.get(name) || [])]) run(fn, detail);
  }

  /** A listener's mistake is the page's to see, and must not stop the chat. @param {Function} fn @param {unknown} detail */
  function run(fn, detail) {
    try {
      fn(detail);
    } catch (error) {
      setTimeout(() => {
        throw error;
      });
    }
  }

  /** @param {string} name */
  const later = (name) => (/** @type {unknown[]} */ ...args) => {
    if (widget) widget[name](...args);
    else calls.push([name, args]);
  };

  const api = {
    open: later('open'),
    close: later('close'),
    identify: later('identify'),
    reset: later('reset'),
    /** @param {string} name @param {Function} fn @returns {() => void} stops listening */
    on(name, fn) {
      if (typeof fn !== 'function') throw new TypeError('frontdesk.on(event, function)');
      if (!listeners.has(name)) listeners.set(name, new Set());
      listeners.get(name)?.add(fn);
      if (name === 'ready' && ready) Promise.resolve().then(() => run(fn, undefined));
      return () => void listeners.get(name)?.delete(fn);
    },
    /** @param {Array<[string, ...unknown[]]>} queued */
    push(...queued) {
      for (const [name, ...args] of queued) {
        const method = /** @type {any} */ (api)[name];
        if (name !== 'push' && typeof method === 'function') method(...args);
      }
    },
  };
  Object.defineProperty(page, 'frontdesk', { value: api, configurable: true, writable: true });
  if (Array.isArray(earlier)) api.push(...earlier);

  load(0);

  /** @param {number} attempt */
  function load(attempt) {
    // Another folder for another attempt: browsers may remember that a module could not be loaded.
    const folder = modules.href + (VERSION && VERSION + (attempt ? `-${attempt}` : '') + '/');
    for (const name of MODULES.split(' ')) import(`${folder}${name}.js`).catch(() => {});
    import(`${folder}main.js`)
      .then(({ start }) => start(options, emit))
      .then((started) => {
        widget = started;
        for (const [name, args] of calls.splice(0)) widget[name](...args);
        emit('ready');
      })
      .catch((error) => {
        if (attempt < 3) return void setTimeout(load, 2000 * 3 ** attempt, attempt + 1);
        console.error('frontdesk: the widget could not be loaded', error);
        emit('error', { code: 'load', message: String(error) });
      });
  }

  /** @param {string | undefined} url */
  function absolute(url) {
    if (!url) return '';
    try {
      return new URL(url.endsWith('/') ? url : `${url}/`, document.baseURI).href;
    } catch {
      console.warn('frontdesk: data-server is not a URL:', url);
      return '';
    }
  }
})();
