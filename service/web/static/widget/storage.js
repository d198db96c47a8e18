/**
 * What the widget keeps in the browser, under one prefix per desk. Where the browser refuses (private
 * mode, full, blocked) values live as long as the page. Also the lock that lets one tab act for all.
 */

export class Store {
  /** @type {Map<string, string>} what the browser would not keep */
  #memory = new Map();

  /** @param {string} prefix @param {'localStorage' | 'sessionStorage'} [area] */
  constructor(prefix, area = 'localStorage') {
    this.prefix = `${prefix}:`;
    this.area = area;
  }

  /** Throws where the browser forbids storage, so it is asked for only inside `try`. */
  get #kept() {
    return window[this.area];
  }

  /** @param {string} key @returns {any} */
  get(key) {
    const name = this.prefix + key;
    try {
      const text = this.#memory.get(name) ?? this.#kept.getItem(name);
      return text === null ? null : JSON.parse(text);
    } catch {
      return null;
    }
  }

  /** @param {string} key @param {unknown} value */
  set(key, value) {
    const name = this.prefix + key;
    const text = JSON.stringify(value);
    try {
      this.#kept.setItem(name, text);
      this.#memory.delete(name);
    } catch {
      this.#memory.set(name, text);
    }
  }

  /** @param {string} key */
  remove(key) {
    const name = this.prefix + key;
    this.#memory.delete(name);
    try {
      this.#kept.removeItem(name);
    } catch {
      // nothing was kept
    }
  }

  /** Keys that start so, without the store's own prefix. @param {string} start */
  keys(start) {
    const names = new Set(this.#memory.keys());
    try {
      const kept = this.#kept;
      for (let i = 0; i < kept.length; i++) names.add(kept.key(i) ?? '');
    } catch {
      // only what is in memory
    }
    const head = this.prefix + start;
    return [...names].filter((name) => name.startsWith(head)).map((name) => name.slice(this.prefix.length));
  }

  /** Calls back with the key when another tab has changed it. @param {(key: string) => void} changed */
  watch(changed) {
    addEventListener('storage', (event) => {
      if (event.key === null) changed('');
      else if (event.key.startsWith(this.prefix)) changed(event.key.slice(this.prefix.length));
    });
  }
}

const LEASE_MS = 25_000;

/**
 * Runs `work` while no other tab of this desk does. Uses the browser's locks, and where there are none
 * (old browsers, plain http) a lease in storage, which is good enough because sending is idempotent.
 * @param {Store} store
 * @param {() => Promise<void>} work never rejects
 */
export async function exclusively(store, work) {
  let begun = false;
  if (navigator.locks) {
    try {
      await navigator.locks.request(`${store.prefix}lock`, () => {
        begun = true;
        return work();
      });
      return;
    } catch (error) {
      if (begun) throw error; // refused before it began (a sandboxed frame): the lease will do
    }
  }
  const mine = uuid();
  const free = () => {
    if (store.get('lease')?.owner === mine) store.remove('lease');
  };
  for (;;) {
    const lease = store.get('lease');
    if (!lease || lease.until < Date.now()) {
      store.set('lease', { owner: mine, until: Date.now() + LEASE_MS });
      await sleep(20 + Math.random() * 40); // let a tab that wrote in the same moment be seen
      if (store.get('lease')?.owner === mine) break;
    }
    await sleep(150);
  }
  addEventListener('pagehide', free);
  try {
    await work();
  } finally {
    removeEventListener('pagehide', free);
    free();
  }
}

/** @param {number} ms @param {AbortSignal} [signal] ends the wait early */
export function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve(undefined);
    }
  });
}

/** Exponential with jitter: 1 s, 2 s, 4 s … 30 s, of which at least half. @param {number} failures from 1 */
export function backoff(failures) {
  const full = Math.min(1000 * 2 ** (failures - 1), 30_000);
  return full * (0.5 + Math.random() / 2);
}

/** A random UUID, also on pages served over plain http, where `crypto.randomUUID` is missing. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (/** @type {number} */ (bytes[6]) & 0x0f) | 0x40;
  bytes[8] = (/** @type {number} */ (bytes[8]) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
