/**
 * What the customer has said and the desk has not yet confirmed. Each entry lives under a storage key of
 * its own, so that two tabs never overwrite each other; it has its client id before the first attempt and
 * keeps it for every later one. Entries go out one at a time, oldest first, from one tab at a time.
 *
 * An entry leaves when the desk has confirmed it, or when the customer removes it. Nothing else deletes it.
 *
 * @typedef {{
 *   client_id: string, kind: 'message' | 'handoff', text: string, choice?: string, at: string,
 *   files?: import('./api.js').FileShape[], order: number, failed?: string, after?: number, bare?: boolean,
 * }} Entry `failed` holds the desk's words; `after` is where a failed entry stands in the conversation; `bare`
 *   that the desk does not have its files any more
 */
import { ApiError } from './api.js';
import { backoff, exclusively, uuid } from './storage.js';

export class Outbox {
  /** @type {import('./storage.js').Store} */
  #store;
  /** @type {(entry: Entry) => Promise<void>} */
  #deliver;
  /** @type {() => void} */
  #changed;
  #busy = false;
  #again = false;
  #failures = 0;
  #notBefore = 0;
  #lastOrder = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @type {string | null} the client id that is on its way now */
  sending = null;

  /**
   * @param {import('./storage.js').Store} store
   * @param {(entry: Entry) => Promise<void>} deliver resolves when the desk has confirmed the entry
   * @param {() => void} changed
   */
  constructor(store, deliver, changed) {
    this.#store = store;
    this.#deliver = deliver;
    this.#changed = changed;
  }

  /** All entries in order. @returns {Entry[]} */
  list() {
    return this.#store
      .keys('outbox:')
      .map((key) => /** @type {Entry} */ (this.#store.get(key)))
      .filter((entry) => entry && typeof entry.client_id === 'string')
      .sort((a, b) => a.order - b.order);
  }

  /** How often in a row sending has failed. */
  get failures() {
    return this.#failures;
  }

  /** @param {Pick<Entry, 'kind' | 'text' | 'choice' | 'files'>} what @returns {Entry} */
  add(what) {
    const entry = { ...what, client_id: uuid(), at: new Date().toISOString(), order: this.#nextOrder() };
    this.#put(entry);
    void this.flush();
    return entry;
  }

  /** The desk has it. @param {string} clientId */
  settle(clientId) {
    this.#store.remove(`outbox:${clientId}`);
  }

  /** The customer gives it up. @param {string} clientId */
  discard(clientId) {
    this.settle(clientId);
    this.#changed();
  }

  /**
   * Once more, with the same client id; a choice that the desk refused becomes plain text, and files that it does
   * not have any more stay behind.
   * @param {string} clientId
   */
  retry(clientId) {
    const entry = this.list().find((one) => one.client_id === clientId);
    if (!entry || isLost(entry)) return;
    const { failed, after, choice, bare, files, ...rest } = entry;
    this.#put({ ...rest, ...(files && !bare ? { files } : {}), order: this.#nextOrder() });
    this.wake();
  }

  clear() {
    for (const entry of this.list()) this.settle(entry.client_id);
    this.#rest();
  }

  /** Try now: the network is back, or the customer asks. */
  wake() {
    this.#failures = Math.min(this.#failures, 1);
    void this.flush();
  }

  /** Sends what is waiting, in order; on failure waits and tries again by itself. */
  async flush() {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    const wait = this.#notBefore - Date.now();
    if (wait > 0) return this.#later(wait); // the desk asked for this pause
    this.#busy = true;
    try {
      do {
        this.#again = false;
        while (this.#head()) {
          if (await this.#sendHead()) continue;
          if (!this.#again || this.#notBefore > Date.now()) return;
          this.#again = false; // woken while the attempt was under way: one more at once
        }
      } while (this.#again);
    } finally {
      this.#busy = false;
      this.#changed();
    }
  }

  /** Sends the oldest entry. @returns {Promise<boolean>} whether to go on at once */
  async #sendHead() {
    let goOn = true;
    await exclusively(this.#store, async () => {
      const entry = this.#head(); // another tab may have sent it while this one waited
      if (!entry) return;
      this.sending = entry.client_id;
      this.#changed();
      try {
        await this.#deliver(entry);
        this.settle(entry.client_id);
        this.#rest();
      } catch (error) {
        goOn = this.#failed(entry, error);
      } finally {
        this.sending = null;
      }
    });
    return goOn;
  }

  /** @param {Entry} entry @param {unknown} error @returns {boolean} whether to go on with the next */
  #failed(entry, error) {
    if (error instanceof ApiError && !error.retryable) {
      const bare = Boolean(entry.files) && error.field === 'files';
      if (this.#store.get(`outbox:${entry.client_id}`)) this.#put({ ...entry, failed: error.message, bare });
      return true;
    }
    if (!(error instanceof ApiError)) console.error('frontdesk:', error);
    this.#failures++;
    const asked = error instanceof ApiError ? error.retryAfterMs : 0;
    if (asked) this.#notBefore = Date.now() + asked;
    this.#later(Math.max(asked, backoff(this.#failures)));
    return false;
  }

  /** @param {number} ms */
  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), ms);
  }

  #rest() {
    this.#failures = 0;
    this.#notBefore = 0;
  }

  /** The oldest entry that was not refused. */
  #head() {
    return this.list().find((entry) => entry.failed === undefined);
  }

  /** @param {Entry} entry */
  #put(entry) {
    this.#store.set(`outbox:${entry.client_id}`, entry);
    this.#changed();
  }

  /** Later than everything that waits, even within one millisecond or after the clock was set back. */
  #nextOrder() {
    const taken = this.list().map((entry) => entry.order);
    this.#lastOrder = Math.max(Date.now(), this.#lastOrder + 1, ...taken.map((order) => order + 1));
    return this.#lastOrder;
  }
}

/** Whether nothing of it can be sent any more: it was files without a word. @param {Entry} entry */
export function isLost({ bare, text }) {
  return Boolean(bare) && !text;
}
