/**
 * The one conversation of this browser: what was said, who speaks, what is on its way. It is begun on the
 * first thing that the customer sends, shared by all tabs, and replaced when the desk no longer knows it.
 * The view reads `items()` and the fields below after each `changed`; it never talks to the desk itself.
 *
 * Messages come by three ways (a reply to a POST, the event stream, a fetch) and are put together by id,
 * ordered by seq. Only the stream and the fetch are complete, so only they move `#cursor`.
 *
 * @typedef {import('./api.js').Message} Message
 * @typedef {import('./api.js').Suggestion} Suggestion
 * @typedef {{id: string, token: string, identifier?: string | null, begun_at: number}} Bond kept in storage
 * @typedef {{
 *   key: string, kind: 'message' | 'handoff', id?: string, client_id?: string,
 *   author: 'customer' | 'desk' | 'operator', name?: string | null, text: string, at: string,
 *   state: 'sent' | 'sending' | 'queued' | 'failed', error?: string, suggestions: Suggestion[],
 *   ratable: boolean, helpful?: boolean, files?: import('./api.js').FileShape[], lost?: boolean,
 * }} Item one line of the log, confirmed or not; one that is `lost` can only be removed
 */
import { ApiError, PAGE } from './api.js';
import { Live } from './live.js';
import { isLost, Outbox } from './outbox.js';
import { backoff, exclusively, sleep } from './storage.js';

const YOUNG_MS = 15_000; // a conversation refused so soon after its birth is the server's trouble, not an end
const TYPING_MS = 6_000;
const TELL_MS = 3_000; // so often the desk hears that the customer writes
const RATED_KEPT = 100;
const ASKED_KEPT = 20;

export class Conversation {
  /** @type {import('./api.js').Api} */
  #api;
  /** @type {import('./storage.js').Store} */
  #store;
  /** @type {(name: string, detail?: unknown) => void} */
  #emit;
  /** @type {() => void} */
  #changed;
  /** @type {() => void} */
  #forgotten;
  /** @type {Map<string, Message>} by id */
  #messages = new Map();
  /** @type {Bond | null} */
  #bond = null;
  /** @type {import('./api.js').Customer | null} */
  #customer = null;
  #locale = '';
  #resumed = false;
  #resets = 0; // what was asked for before one belongs to somebody else
  /** @type {import('./api.js').Closing | null} of a resolved conversation */
  #closing = null;
  #cursor = 0;
  #statusSeq = 0;
  #heard = 0; // how often the desk has said who speaks; an older answer that comes later does not count
  #toldAt = 0;
  #settled = false; // whether the history is here, so that what comes now is new
  /** @type {Map<string, import('./outbox.js').Entry>} sent by another tab, not yet seen here */
  #ghosts = new Map();
  /** @type {Map<string, import('./outbox.js').Entry>} what other tabs have put into the outbox */
  #seen = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typingTimer;

  /** @type {import('./api.js').Status} */
  status = 'desk';
  /** @type {string | null} the operator's name while one has the conversation */
  operator = null;
  /** @type {string | null} who is typing, if anybody but the desk */
  typing = null;
  /** @type {'ok' | 'offline' | 'trouble'} */
  network = 'ok';
  startedOver = false;
  /** @type {import('./api.js').Expectation | null} the last that was told */
  #expected = null;

  /**
   * @param {import('./api.js').Api} api
   * @param {import('./storage.js').Store} store
   * @param {{locale: string, emit: (name: string, detail?: unknown) => void, changed: () => void, forgotten: () => void}} page
   *   `forgotten`: what the customer was writing is to be forgotten, too
   */
  constructor(api, store, { locale, emit, changed, forgotten }) {
    this.#api = api;
    this.#store = store;
    this.#locale = locale;
    this.#emit = emit;
    this.#changed = changed;
    this.#forgotten = forgotten;
    this.outbox = new Outbox(store, (entry) => this.#deliver(entry), () => this.#update());
    this.live = new Live({
      catchUp: (signal) => this.#catchUp(signal),
      stream: (signal) => this.#stream(signal),
      gone: () => this.#startOver(),
      network: (failures) => this.#network(failures),
    });
    store.watch((key) => this.#otherTab(key));
    addEventListener('online', () => {
      this.live.restart();
      this.outbox.wake();
      this.#update();
    });
    addEventListener('offline', () => this.#update());
  }

  /** Takes up what an earlier page left, or another device. */
  resume() {
    this.#resumed = true;
    this.#leaveOthers();
    this.#adopt(this.#store.get('conversation'));
    for (const entry of this.outbox.list()) this.#seen.set(entry.client_id, entry);
    void this.#fetchOwn().finally(() => this.outbox.flush());
    this.#update();
  }

  /** What to expect while a person is waited for; what is told later than that no longer counts. */
  get expectation() {
    return this.status === 'waiting' ? this.#expected : null;
  }

  /** Whether the history of a conversation is still to come. */
  get loading() {
    return this.#bond !== null && !this.#settled;
  }

  /** Whether the desk is thinking about a message of this tab. */
  get thinking() {
    return this.outbox.sending !== null && this.network === 'ok' && !['waiting', 'operator'].includes(this.status);
  }

  /** @param {string} text @param {string | null} [choice] the intent of the suggestion that was clicked @param {import('./api.js').FileShape[]} [files] */
  send(text, choice, files) {
    this.outbox.add({ kind: 'message', text, ...(choice ? { choice } : {}), ...(files?.length ? { files } : {}) });
  }

  /** Where files go and come from; begins the conversation if there is none. */
  async place() {
    /** @type {unknown} */
    let problem;
    if (!this.#bond) {
      await exclusively(this.#store, () => this.#ensure().then(() => {}, (error) => void (problem = error)));
    }
    if (!this.#bond) throw problem;
    return { url: `${this.#api.root}/conversations/${this.#bond.id}`, token: this.#bond.token };
  }

  /** The customer writes: a person who has the conversation may see that, and never what. */
  writing() {
    const bond = this.#bond;
    if (!bond || !['waiting', 'operator'].includes(this.status) || Date.now() - this.#toldAt < TELL_MS) return;
    this.#toldAt = Date.now();
    this.#api.typing(bond).catch(() => {}); // nothing is lost by it
  }

  /** A person, please. Goes out in order with the messages, so it survives a reload too. */
  askForPerson() {
    if (this.outbox.list().some((entry) => entry.kind === 'handoff' && entry.failed === undefined)) return;
    this.outbox.add({ kind: 'handoff', text: '' });
  }

  /** @param {string} messageId @param {boolean} helpful */
  async rate(messageId, helpful) {
    const bond = this.#bond;
    if (!bond) return;
    const before = this.#rated()[messageId];
    this.#rate(messageId, helpful);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#api.feedback(bond, { message_id: messageId, helpful });
        return;
      } catch (error) {
        const again = error instanceof ApiError && error.retryable && attempt < 4;
        if (this.#rated()[messageId] !== helpful) return; // the customer has changed their mind meanwhile
        if (!again) {
          this.#rate(messageId, before);
          this.#emit('error', { code: 'feedback', message: error instanceof Error ? error.message : '' });
          return;
        }
        await sleep(backoff(attempt));
      }
    }
  }

  /** @param {import('./api.js').Customer} customer */
  identify(customer) {
    const named = this.#customer?.identifier;
    // Also where nothing is begun yet: what one has written must not go out as another's.
    if (named && named !== String(customer.identifier ?? '')) this.reset();
    const { identifier, name, email, identifier_hash } = customer;
    const known = Object.entries({ identifier, name, email, identifier_hash })
      .filter(([, value]) => value !== undefined && value !== null && value !== '')
      .map(([key, value]) => [key, String(value)]);
    const next = /** @type {import('./api.js').Customer} */ (Object.fromEntries(known));
    this.#customer = next;
    if (!this.#resumed) return; // what an earlier page left is looked at then
    this.#leaveOthers();
    void this.#fetchOwn();
  }

  /** Somebody else has signed in on this browser: they must not see, or speak in, the other's conversation. */
  #leaveOthers() {
    const customer = this.#customer;
    const before = (this.#bond ?? this.#store.get('conversation'))?.identifier;
    if (!customer || !before || before === customer.identifier) return;
    this.reset();
    this.#customer = customer;
  }

  /** What the customer may be asked to rate: once a ticket, on whichever device. */
  get asking() {
    const closing = this.status === 'resolved' ? this.#closing : null;
    return closing && !closing.rated && !this.#asked().includes(closing.ticket_id) ? closing : null;
  }

  /** Do not ask about this ticket again. @param {string} ticketId */
  dontAsk(ticketId) {
    if (!this.#asked().includes(ticketId)) this.#store.set('asked', [...this.#asked(), ticketId].slice(-ASKED_KEPT));
    this.#update();
  }

  /** @param {import('./api.js').Closing} closing @param {number} rating @param {string} comment @returns {Promise<boolean>} whether the desk has it */
  async rateTicket({ ticket_id, message_id }, rating, comment) {
    try {
      if (!this.#bond) return false;
      await this.#api.feedback(this.#bond, { message_id, rating, ...(comment ? { comment } : {}) });
      this.dontAsk(ticket_id);
      return true;
    } catch (error) {
      this.#emit('error', { code: 'feedback', message: error instanceof Error ? error.message : '' });
      return false;
    }
  }

  /** Rejects when the desk does not have it. @param {import('./waiting.js').Contact} contact */
  async leaveContact(contact) {
    const bond = /** @type {Bond} */ (this.#bond); // whoever waits has one
    const { conversation } = await this.#api.contact(bond, contact);
    // Who speaks is another matter: somebody may have come before this answer.
    if (this.#bond === bond) this.#expected = conversation.expectation ?? null;
    this.#update();
  }

  /** Forgets the conversation, what was not sent, and who the customer is. For the page's sign-out. */
  reset() {
    this.#resets++;
    this.outbox.clear();
    this.#store.remove('conversation');
    this.#store.remove('rated');
    this.#store.remove('asked');
    this.#store.remove('read');
    this.#customer = null;
    this.startedOver = false;
    this.#adopt(null);
    this.#forgotten();
    this.#update();
  }

  /** Confirmed messages in order, then what is on its way; a refused one stays where it was said. @returns {Item[]} */
  items() {
    const rated = this.#rated();
    const confirmed = [...this.#messages.values()].sort((a, b) => a.seq - b.seq);
    const known = new Set(confirmed.map((message) => message.client_id).filter(Boolean));
    const rows = confirmed.map((message) => ({ place: message.seq, item: asItem(message, rated[message.id]) }));
    const waiting = [...this.#ghosts.values(), ...this.outbox.list()].filter((entry) => !known.has(entry.client_id));
    for (const entry of waiting) {
      rows.push({ place: entry.failed === undefined ? Infinity : (entry.after ?? Infinity), item: this.#asWaiting(entry) });
    }
    return rows.sort((a, b) => (a.place === b.place ? 0 : a.place - b.place)).map((row) => row.item);
  }

  /** How many messages from the other side the customer has not seen. */
  get unread() {
    const read = Number(this.#store.get('read') ?? 0);
    return [...this.#messages.values()].filter((one) => one.author !== 'customer' && one.seq > read).length;
  }

  markRead() {
    const last = this.#lastSeq();
    if (last > Number(this.#store.get('read') ?? 0)) this.#store.set('read', last);
  }

  /** Tries everything again now. */
  tryNow() {
    this.live.restart();
    this.outbox.wake();
  }

  // --- sending ------------------------------------------------------------------------------------

  /** @param {import('./outbox.js').Entry} entry */
  async #deliver(entry) {
    try {
      const bond = await this.#ensure();
      if (entry.kind === 'handoff') await this.#deliverHandoff(bond);
      else await this.#deliverMessage(bond, entry);
      if (this.#bond?.id === bond.id) this.#network(0);
    } catch (error) {
      if (error instanceof ApiError && error.retryable) this.#network(this.outbox.failures + 1);
      else if (error instanceof ApiError) {
        this.#emit('error', { code: error.code || 'refused', message: error.message });
        entry.after = this.#lastSeq(); // a refused entry stays at the place where it was said
      }
      throw error;
    }
  }

  /** @param {Bond} bond @param {import('./outbox.js').Entry} entry */
  async #deliverMessage(bond, { client_id, text, choice, files }) {
    const body = { client_id, text, choice, files: files?.map(({ id }) => id) }; // undefined is not sent
    const done = await this.#unlessGone(bond, () => this.#api.send(bond, body));
    if (this.#bond?.id !== bond.id) return; // reset meanwhile
    const { message, reply, action, suggestions } = done;
    if (reply && !reply.suggestions && suggestions?.length) reply.suggestions = suggestions;
    this.#absorb([{ ...message, client_id }, ...(reply ? [reply] : [])]);
    if (action === 'handoff' && this.status === 'desk') this.#speaker({ status: 'waiting' });
    this.#update();
  }

  /** @param {Bond} bond */
  async #deliverHandoff(bond) {
    const { conversation, reply } = await this.#unlessGone(bond, () => this.#api.handoff(bond));
    if (this.#bond?.id !== bond.id) return;
    if (reply) this.#absorb([reply]);
    this.#speaker(conversation ?? { status: 'waiting' });
    this.#update();
  }

  /**
   * Runs a call; if the desk no longer knows the conversation, forgets it, and has the caller try again
   * with a new one. What waits to be sent stays.
   * @template T
   * @param {Bond} bond @param {() => Promise<T>} call
   * @returns {Promise<T>}
   */
  async #unlessGone(bond, call) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ApiError) || !error.gone) throw error;
      if (Date.now() - bond.begun_at > YOUNG_MS) this.#forget(bond);
      throw new ApiError(503, error.message);
    }
  }

  /** The conversation, begun now if there is none. Runs under the tabs' lock. @returns {Promise<Bond>} */
  async #ensure() {
    const stored = /** @type {Bond | null} */ (this.#store.get('conversation'));
    if (stored && stored.id !== this.#bond?.id) this.#adopt(stored); // another tab has begun it
    if (this.#bond && stored) return this.#bond;
    const customer = this.#customer;
    const resets = this.#resets;
    const begun = await this.#begin(customer);
    // The customer has signed out meanwhile: who comes next must not get into what was begun, or found, for him.
    if (resets !== this.#resets) throw new ApiError(0, 'reset meanwhile');
    return this.#take(begun, customer);
  }

  /** Makes what the desk has begun, or found again, the conversation of this browser. @param {import('./api.js').Started} begun @param {import('./api.js').Customer | null} customer */
  #take({ conversation, token, messages = [] }, customer) {
    const bond = { id: conversation.id, token, identifier: customer?.identifier ?? null, begun_at: Date.now() };
    this.#store.set('conversation', bond);
    this.#adopt(bond);
    this.#absorb(messages);
    for (const message of messages) this.#cursor = Math.max(this.#cursor, message.seq);
    this.#settled = true;
    if (messages.length < 2) this.markRead(); // the welcome has been on screen already
    return bond;
  }

  /**
   * A customer whom the site has signed, and who has no conversation in this browser, goes on with the one that
   * he has elsewhere. Under the tabs' lock, so that no message begins another meanwhile.
   */
  async #fetchOwn() {
    const customer = this.#customer;
    if (this.#bond || !customer?.identifier || !customer.identifier_hash) return;
    await exclusively(this.#store, async () => {
      if (this.#customer !== customer || this.#store.get('conversation')) return;
      try {
        const found = await this.#api.createConversation({ customer, locale: this.#locale, resume: true, start: false });
        if (found && this.#customer === customer) this.#take(found, customer);
      } catch (error) {
        // The first message tries again, and says what is wrong with the signature.
        if (!(error instanceof ApiError)) console.error('frontdesk:', error);
      }
      this.#update();
    });
  }

  /** @param {import('./api.js').Customer | null} customer */
  async #begin(customer) {
    const locale = this.#locale;
    if (customer && Object.keys(customer).length) {
      try {
        return await this.#api.createConversation({ customer, locale, resume: Boolean(customer.identifier_hash) });
      } catch (error) {
        if (!(error instanceof ApiError) || error.retryable) throw error;
        // The site signs its customers wrongly. That is for the site to mend; the customer may still ask.
        console.error('frontdesk: identify was refused:', error.message);
        this.#emit('error', { code: 'identify', message: error.message });
      }
    }
    return this.#api.createConversation({ locale });
  }

  // --- receiving ----------------------------------------------------------------------------------

  /** @param {AbortSignal} signal */
  async #catchUp(signal) {
    const bond = this.#bond;
    if (!bond) return;
    for (let more = true; more; ) {
      const heard = this.#heard;
      const { conversation, messages } = await this.#api.messages(bond, this.#cursor, signal);
      if (signal.aborted || this.#bond?.id !== bond.id) return;
      this.#absorb(messages);
      for (const message of messages) this.#cursor = Math.max(this.#cursor, message.seq);
      if (conversation && heard === this.#heard) this.#speaker(conversation);
      this.#closing = conversation?.closing ?? null;
      more = messages.length >= PAGE;
    }
    this.#settled = true;
    this.#ghosts.clear();
    this.#update();
  }

  /** @param {AbortSignal} signal */
  async #stream(signal) {
    const bond = this.#bond;
    if (!bond) return;
    await this.#api.events(
      bond,
      this.#cursor,
      (event) => {
        if (!signal.aborted && this.#bond?.id === bond.id) this.#event(event);
      },
      signal,
    );
  }

  /** @param {import('./api.js').StreamEvent} event */
  #event({ id, event, data }) {
    let body;
    try {
      body = JSON.parse(data);
    } catch {
      return; // not for us
    }
    const seq = Number(id) || 0;
    if (event === 'message') {
      this.#absorb([body]);
      if (body.author !== 'customer') this.#typing(null);
    } else if (event === 'conversation' && seq >= this.#statusSeq) {
      this.#statusSeq = seq;
      this.#speaker(body);
      if (body.status === 'resolved') void this.#learnClosing();
    } else if (event === 'expectation') {
      this.#expected = body;
    } else if (event === 'typing' && body.author !== 'customer') {
      this.#typing(body.name ?? '');
    }
    if (seq > this.#cursor) this.#cursor = seq;
    this.#update();
  }

  /** Puts messages where they belong, each once. @param {Message[]} messages */
  #absorb(messages) {
    for (const message of messages) {
      if (!message || typeof message.id !== 'string' || typeof message.text !== 'string') continue;
      const before = this.#messages.get(message.id);
      this.#messages.set(message.id, { ...before, ...message });
      if (message.client_id) {
        this.outbox.settle(message.client_id);
        this.#ghosts.delete(message.client_id);
      }
      if (!before && this.#settled) {
        const { id, author, text, at, name } = message;
        this.#emit('message', { id, author, text, at, name: name ?? null });
      }
    }
  }

  /** @param {Omit<import('./api.js').ConversationShape, 'id'>} now */
  #speaker({ status, operator, expectation }) {
    const before = this.status;
    this.#heard++;
    this.status = status;
    this.#expected = status === 'waiting' ? (expectation ?? this.#expected) : null;
    this.operator = status === 'operator' ? (operator ?? this.operator ?? this.#lastOperator()) : null;
    if (status === 'waiting' && before !== 'waiting' && this.#settled) {
      this.#emit('handoff', { conversation_id: this.#bond?.id, status });
    }
  }

  /** The stream tells that somebody has closed the conversation; what there is to rate is asked for. */
  async #learnClosing() {
    const bond = this.#bond;
    try {
      const { conversation } = bond ? await this.#api.messages(bond, this.#cursor) : {};
      if (this.#bond !== bond) return;
      this.#closing = conversation?.closing ?? null;
      this.#update();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // else the next page load asks
    }
  }

  #lastOperator() {
    const spoken = [...this.#messages.values()].filter((one) => one.author === 'operator' && one.name);
    return spoken.sort((a, b) => b.seq - a.seq)[0]?.name ?? null;
  }

  /** @param {string | null} name */
  #typing(name) {
    clearTimeout(this.#typingTimer);
    this.typing = name;
    if (name !== null) {
      this.#typingTimer = setTimeout(() => {
        this.typing = null;
        this.#update();
      }, TYPING_MS);
    }
  }

  // --- beginnings and ends --------------------------------------------------------------------------

  /** Makes a conversation (or none) the current one. @param {Bond | null} bond */
  #adopt(bond) {
    this.live.stop();
    this.#messages.clear();
    this.#ghosts.clear();
    this.#bond = bond && bond.id && bond.token ? bond : null;
    this.#cursor = 0;
    this.#statusSeq = 0;
    this.#settled = false;
    this.#closing = null;
    this.status = 'desk';
    this.operator = this.#expected = null;
    this.#typing(null);
    if (this.#bond) this.live.start();
  }

  /** The desk does not know the conversation any more. @param {Bond} bond */
  #forget(bond) {
    if (this.#store.get('conversation')?.id === bond.id) {
      this.#store.remove('conversation');
      this.#store.remove('read');
    }
    if (this.#bond?.id !== bond.id) return;
    this.startedOver = true;
    this.#adopt(null);
    this.#update();
  }

  #startOver() {
    const bond = this.#bond;
    if (!bond) return;
    if (Date.now() - bond.begun_at > YOUNG_MS) {
      this.#forget(bond);
      this.outbox.wake();
    } else {
      setTimeout(() => this.#bond === bond && this.live.start(), YOUNG_MS);
    }
  }

  /** Another tab has written. @param {string} key */
  #otherTab(key) {
    if (key === 'conversation' || key === '') {
      const stored = this.#store.get('conversation');
      if (stored?.id !== this.#bond?.id) this.#adopt(stored);
    } else if (key.startsWith('outbox:')) {
      const clientId = key.slice('outbox:'.length);
      const entry = this.#store.get(key);
      if (entry) this.#seen.set(clientId, entry);
      else this.#vanished(clientId);
    }
    this.#update();
  }

  /** Sent by another tab: shown as it was until the message itself comes. @param {string} clientId */
  #vanished(clientId) {
    const entry = this.#seen.get(clientId);
    this.#seen.delete(clientId);
    if (!entry || entry.failed !== undefined || entry.kind !== 'message') return;
    if ([...this.#messages.values()].some((message) => message.client_id === clientId)) return;
    this.#ghosts.set(clientId, entry);
  }

  /** @param {number} failures in a row */
  #network(failures) {
    const before = this.network;
    this.network = failures >= 2 ? 'trouble' : failures === 0 ? 'ok' : before;
    if (before === 'trouble' && this.network === 'ok') this.outbox.wake();
    this.#update();
  }

  #update() {
    if (!navigator.onLine) this.network = 'offline';
    else if (this.network === 'offline') this.network = 'ok';
    this.#changed();
  }

  // --- small parts -----------------------------------------------------------------------------------

  #lastSeq() {
    return Math.max(0, ...[...this.#messages.values()].map((message) => message.seq));
  }

  /** @param {import('./outbox.js').Entry} entry @returns {Item} */
  #asWaiting(entry) {
    const failed = entry.failed !== undefined;
    const stuck = this.network !== 'ok' || this.outbox.failures > 0;
    return {
      key: entry.client_id,
      kind: entry.kind,
      client_id: entry.client_id,
      author: 'customer',
      text: entry.text,
      at: entry.at,
      state: failed ? 'failed' : stuck ? 'queued' : 'sending',
      error: entry.failed,
      lost: isLost(entry),
      suggestions: [],
      ratable: false,
      files: entry.files,
    };
  }

  /** Tickets whose customer was asked. @returns {string[]} */
  #asked() {
    return this.#store.get('asked') ?? [];
  }

  /** @returns {Record<string, boolean>} */
  #rated() {
    return this.#store.get('rated') ?? {};
  }

  /** @param {string} messageId @param {boolean | undefined} helpful */
  #rate(messageId, helpful) {
    const { [messageId]: _, ...others } = this.#rated();
    const kept = Object.entries(others).slice(-RATED_KEPT);
    this.#store.set('rated', Object.fromEntries(helpful === undefined ? kept : [...kept, [messageId, helpful]]));
    this.#update();
  }
}

/** @param {Message} message @param {boolean | undefined} helpful @returns {Item} */
function asItem(message, helpful) {
  return {
    // An own message keeps its client id as key, so that its line stays the same when it is confirmed.
    key: message.client_id || message.id,
    kind: 'message',
    id: message.id,
    author: message.author,
    name: message.name,
    text: message.text,
    at: message.at,
    state: 'sent',
    suggestions: message.suggestions ?? [],
    ratable: message.author === 'desk' && message.action === 'answer',
    helpful,
    files: message.files,
  };
}
