/**
 * The desk's HTTP API as the widget needs it: JSON calls, and one event stream read with fetch because
 * EventSource cannot send the conversation's token. Knows nothing of state, storage or the page.
 *
 * @typedef {{text: string, intent?: string | null}} Suggestion
 * @typedef {{
 *   id: string, seq: number, author: 'customer' | 'desk' | 'operator', text: string, at: string,
 *   name?: string | null, action?: string | null, template?: string | null, reply_to?: string | null,
 *   client_id?: string | null, suggestions?: Suggestion[], files?: FileShape[],
 * }} Message
 * @typedef {{id: string, name: string, type: string, size: number, width: number | null, height: number | null}} FileShape
 * @typedef {'desk' | 'waiting' | 'operator' | 'resolved'} Status
 * @typedef {{ticket_id: string, message_id: string, rated: boolean}} Closing what a person closed, and the message to rate
 * @typedef {{
 *   state: 'open' | 'away' | 'closed', place: number | null, within: number | null, late: boolean,
 *   opens_at: string | null, form: boolean, contact: 'email' | 'phone' | null,
 * }} Expectation of a customer who waits for a person
 * @typedef {{id: string, status: Status, operator?: string | null, closing?: Closing | null, expectation?: Expectation}} ConversationShape
 * @typedef {{id: string, token: string}} Key what opens one conversation
 * @typedef {{identifier?: string, name?: string, email?: string, identifier_hash?: string}} Customer
 * @typedef {{
 *   name?: string, language?: string, locale?: string, welcome?: string | null,
 *   suggested?: Suggestion[], max_text?: number, theme?: Partial<import('./theme.js').Theme> | string | null,
 *   files?: import('./files.js').Limits | null,
 * }} Site
 * @typedef {{conversation: ConversationShape, token: string, messages?: Message[]}} Started
 * @typedef {{id: string, event: string, data: string}} StreamEvent
 */

export const PAGE = 200; // messages in one answer
const TIMEOUT_MS = 20_000;
const KEPT_ALIVE = 20_000; // characters of up to three bytes: browsers refuse to keep more than 64 KiB alive
const SILENCE_MS = 40_000; // the desk pings every 15 s; this long without a byte means a dead line

/** A call that did not work. `status` is 0 when there was no answer at all. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} message words that a customer may read
   * @param {{code?: string, field?: string, retryAfter?: number, problem?: boolean}} [more]
   */
  constructor(status, message, { code = '', field = '', retryAfter = 0, problem = false } = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.field = field;
    this.retryAfterMs = retryAfter;
    this.problem = problem;
  }

  /** Whether the conversation itself is gone: the desk says so, not some proxy on the way. */
  get gone() {
    return this.problem && [401, 403, 404, 410].includes(this.status);
  }

  /** Whether the same call may work later. A 404 that is no problem+json comes from a proxy. */
  get retryable() {
    const { status } = this;
    if (status === 0 || status >= 500 || status === 408 || status === 425 || status === 429) return true;
    return !this.problem && [401, 403, 404, 405, 407].includes(status);
  }
}

export class Api {
  /** @param {string} server the desk's address, ending in a slash */
  constructor(server) {
    this.root = `${server}api/v1`;
  }

  /** @returns {Promise<Site>} */
  site() {
    return this.#call('GET', '/site');
  }

  /**
   * `resume` goes on with a signed customer's latest one; without `start` none is begun, and null comes back.
   * @param {{customer?: Customer, locale?: string, resume?: boolean, start?: boolean}} body
   * @returns {Promise<Started>}
   */
  createConversation(body) {
    return this.#call('POST', '/conversations', { body });
  }

  /**
   * @param {Key} key
   * @param {{client_id: string, text: string, choice?: string, files?: string[]}} body
   * @returns {Promise<{message: Message, reply: Message | null, action?: string, suggestions?: Suggestion[]}>}
   */
  send(key, body) {
    return this.#call('POST', '/messages', { key, body });
  }

  /**
   * @param {Key} key @param {number} after @param {AbortSignal} [signal]
   * @returns {Promise<{conversation?: ConversationShape, messages: Message[]}>}
   */
  messages(key, after, signal) {
    return this.#call('GET', `/messages?after=${after}&limit=${PAGE}`, { key, signal });
  }

  /**
   * @param {Key} key
   * @returns {Promise<{conversation?: ConversationShape, reply?: Message | null}>}
   */
  handoff(key) {
    return this.#call('POST', '/handoff', { key, body: {} });
  }

  /** Where the customer wants to be reached. @param {Key} key @param {import('./waiting.js').Contact} body @returns {Promise<{conversation: ConversationShape}>} */
  contact(key, body) {
    return this.#call('POST', '/contact', { key, body });
  }

  /** The customer writes; never what. @param {Key} key */
  typing(key) {
    return this.#call('POST', '/typing', { key, body: {} });
  }

  /** @param {Key} key @param {{message_id: string, helpful?: boolean, rating?: number, comment?: string}} body */
  feedback(key, body) {
    return this.#call('POST', '/feedback', { key, body });
  }

  /**
   * Reads the conversation's events. Resolves when the stream ends or falls silent; the caller then
   * connects again with the last id that it saw.
   * @param {Key} key
   * @param {number} after
   * @param {(event: StreamEvent) => void} onEvent
   * @param {AbortSignal} signal
   */
  async events(key, after, onEvent, signal) {
    const line = new AbortController();
    const hangUp = () => line.abort();
    signal.addEventListener('abort', hangUp, { once: true });
    if (signal.aborted) hangUp();
    let lastByte = Date.now();
    // An interval, not a timeout: after the machine's sleep it notices at once.
    const watchdog = setInterval(() => {
      if (Date.now() - lastByte > SILENCE_MS) hangUp();
    }, 2_000);
    try {
      const response = await this.#fetch('GET', '/events', {
        key,
        headers: { Accept: 'text/event-stream', 'Last-Event-ID': String(after) },
        signal: line.signal,
      });
      if (!response.body) throw new ApiError(0, 'no stream');
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      const parser = new EventParser();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        lastByte = Date.now();
        for (const event of parser.feed(decoder.decode(value, { stream: true }))) onEvent(event);
      }
    } catch (error) {
      if (line.signal.aborted && !(error instanceof ApiError && error.status)) return;
      throw error instanceof ApiError ? error : new ApiError(0, String(error));
    } finally {
      clearInterval(watchdog);
      signal.removeEventListener('abort', hangUp);
      hangUp();
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{key?: Key, body?: unknown, signal?: AbortSignal}} [options]
   * @returns {Promise<any>}
   */
  async #call(method, path, { key, body, signal } = {}) {
    const said = body === undefined ? undefined : JSON.stringify(body);
    const timer = new AbortController();
    const stop = () => timer.abort();
    const timeout = setTimeout(stop, TIMEOUT_MS);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const response = await this.#fetch(method, path, {
        key,
        signal: timer.signal,
        headers: said === undefined ? {} : { 'Content-Type': 'application/json' },
        body: said,
        keepalive: method === 'POST' && (said?.length ?? 0) <= KEPT_ALIVE, // a message on its way outlives the page
      });
      if (response.status === 204) return null;
      return await response.json();
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError(0, String(error));
    } finally {
      clearTimeout(timeout);
      signal?.removeEventListener('abort', stop);
    }
  }

  /**
   * @param {string} method
   * @param {string} path below the conversation when there is a key
   * @param {{key?: Key, headers: Record<string, string>} & Pick<RequestInit, 'body' | 'signal' | 'keepalive'>} init
   */
  async #fetch(method, path, { key, headers, ...init }) {
    const url = key ? `${this.root}/conversations/${encodeURIComponent(key.id)}${path}` : this.root + path;
    const response = await fetch(url, {
      ...init,
      method,
      headers: key ? { ...headers, Authorization: `Bearer ${key.token}` } : headers,
      credentials: 'omit', // never an operator's cookie
      cache: 'no-store',
    });
    if (!response.ok) throw await failure(response);
    return response;
  }
}

/** @param {Response} response */
async function failure(response) {
  const type = response.headers.get('Content-Type') ?? '';
  const problem = type.includes('problem+json');
  const said = problem ? await response.json().catch(() => ({})) : {};
  return new ApiError(response.status, said.detail || said.title || `HTTP ${response.status}`, {
    code: said.code,
    field: said.field,
    problem,
    retryAfter: retryAfter(response.headers.get('Retry-After')),
  });
}

/** @param {string | null} value seconds or a date; gives milliseconds */
function retryAfter(value) {
  if (!value) return 0;
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Math.min(Math.max(wait || 0, 0), 10 * 60_000);
}

/** Server-Sent Events out of text that is cut anywhere. */
export class EventParser {
  #rest = '';
  #id = '';
  #event = '';
  /** @type {string[]} */
  #lines = [];

  /** @param {string} text @returns {StreamEvent[]} */
  feed(text) {
    // A carriage return at the very end may be half of a CRLF, so it waits for what follows.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    const events = [];
    for (const line of lines) {
      if (line === '') {
        if (this.#lines.length) {
          events.push({ id: this.#id, event: this.#event || 'message', data: this.#lines.join('\n') });
        }
        this.#event = '';
        this.#lines = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') this.#lines.push(value);
      else if (field === 'event') this.#event = value;
      else if (field === 'id') this.#id = value;
    }
    return events;
  }
}
