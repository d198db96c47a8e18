/**
 * Keeps one conversation live: fetches what was missed, then reads events until the line breaks, again
 * and again with backoff. Sleeps while the page is hidden for long or put away, and wakes without a gap.
 * Where a proxy lets no stream through, the fetch before each attempt amounts to polling.
 */
import { ApiError } from './api.js';
import { backoff, sleep } from './storage.js';

const HIDDEN_MS = 60_000; // browsers allow six connections to a host: a forgotten tab gives its one back
const STEADY_MS = 10_000; // a stream that held this long was a good one
const POLL_MS = 5_000; // the longest pause while fetching works and only streaming does not

/**
 * @typedef {{
 *   catchUp: (signal: AbortSignal) => Promise<void>,
 *   stream: (signal: AbortSignal) => Promise<void>,
 *   gone: () => void,
 *   network: (failures: number) => void,
 * }} Line what to do at each step; `catchUp` and `stream` reject with ApiError
 */
export class Live {
  /** @type {Line} */
  #line;
  /** @type {AbortController | null} */
  #running = null;
  /** @type {AbortController | null} */
  #pause = null;
  #wanted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hiding;

  /** @param {Line} line */
  constructor(line) {
    this.#line = line;
    document.addEventListener('visibilitychange', () => this.#visibility());
    addEventListener('pagehide', () => this.#hangUp());
    addEventListener('pageshow', () => this.#visibility());
    document.addEventListener('freeze', () => this.#hangUp());
    document.addEventListener('resume', () => this.#visibility());
  }

  start() {
    this.#wanted = true;
    this.#connect();
  }

  stop() {
    this.#wanted = false;
    this.#hangUp();
  }

  /** The network changed: the old line may be dead without saying so. */
  restart() {
    this.#hangUp();
    if (this.#wanted) this.#connect();
  }

  /** Do not wait for the next attempt. */
  wake() {
    this.#pause?.abort();
  }

  #visibility() {
    clearTimeout(this.#hiding);
    if (document.visibilityState === 'hidden') {
      this.#hiding = setTimeout(() => this.#hangUp(), HIDDEN_MS);
    } else if (this.#wanted) {
      this.#connect();
      this.wake();
    }
  }

  #hangUp() {
    this.#running?.abort();
    this.#running = null;
    this.#pause?.abort();
  }

  #connect() {
    if (this.#running) return;
    const running = new AbortController();
    this.#running = running;
    void this.#run(running.signal);
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    let failures = 0; // of everything, for the pauses
    let unreachable = 0; // of the plain fetch, for what the customer is told
    while (!signal.aborted) {
      let asked = 0;
      let reached = false;
      try {
        await this.#line.catchUp(signal);
        if (signal.aborted) return;
        reached = true;
        unreachable = 0;
        this.#line.network(0);
        const begun = Date.now();
        await this.#line.stream(signal).finally(() => {
          failures = Date.now() - begun > STEADY_MS ? 0 : failures + 1;
        });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && error.gone) {
          this.#hangUp();
          this.#line.gone();
          return;
        }
        if (error instanceof ApiError) asked = error.retryAfterMs;
        else console.error('frontdesk:', error);
        if (!reached) {
          failures++;
          this.#line.network(++unreachable);
        }
      }
      const pause = Math.min(backoff(Math.max(failures, 1)), reached ? POLL_MS : Infinity);
      this.#pause = new AbortController();
      await sleep(Math.max(pause, asked), this.#pause.signal);
    }
  }
}
