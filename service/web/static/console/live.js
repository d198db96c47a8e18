/**
 * The desk's event stream. Reads Server-Sent Events with `fetch`, because that shows what
 * `EventSource` hides: the status of a refusal, and the pings whose absence means that a
 * connection is dead although nobody closed it (a laptop that slept, a lost wifi).
 *
 * Fires "state" ({live, since}), "opened" (each time a stream begins: refetch what you show) and
 * one event per kind: "ticket", "message", "correction", "feedback", "conversation", "erased", "content", "release", "alarm", "assigned", "tags", "views".
 */

import { announceExpired } from "./api.js";

/** The desk pings every 15 s; two missed ones and a bit mean that the stream is dead. */
const SILENCE = 40_000;
const PAUSES = [500, 1000, 2000, 4000, 8000, 15_000];

export class Live extends EventTarget {
  /** @param {string} address */
  constructor(address) {
    super();
    this.address = address;
    this.live = false;
    this.running = false;
    this.lastId = "";
    this.heard = 0;
    this.failures = 0;
    /** @type {AbortController|null} */
    this.connection = null;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    addEventListener("online", () => this.retryNow());
    addEventListener("offline", () => this.connection?.abort());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.isSilent()) this.retryNow();
    });
    setInterval(() => {
      if (this.live && this.isSilent()) this.connection?.abort();
    }, 5000);
  }

  start() {
    if (this.running) return;
    this.running = true;
    this.failures = 0;
    this.connect();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
    this.connection?.abort();
    this.connection = null;
    this.lastId = "";
  }

  /** Connect at once, whatever the pause; a dead connection is dropped first. */
  retryNow() {
    if (!this.running || (this.live && !this.isSilent())) return;
    clearTimeout(this.timer);
    this.failures = 0;
    this.connect();
  }

  isSilent() {
    return Date.now() - this.heard > SILENCE;
  }

  async connect() {
    this.connection?.abort();
    const connection = new AbortController();
    this.connection = connection;
    const slow = setTimeout(() => connection.abort(), 15_000);
    try {
      const response = await fetch(this.address, {
        headers: { Accept: "text/event-stream", ...(this.lastId ? { "Last-Event-ID": this.lastId } : {}) },
        credentials: "same-origin",
        cache: "no-store",
        signal: connection.signal,
      });
      clearTimeout(slow);
      if (response.status === 401) {
        this.stop();
        announceExpired();
        return;
      }
      if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
      this.heard = Date.now();
      this.failures = 0;
      this.setLive(true);
      this.dispatchEvent(new Event("opened"));
      await this.read(response.body);
    } catch {
      // Refused, cut or called off: all the same, the pause below decides when to try again.
    } finally {
      clearTimeout(slow);
    }
    if (this.connection !== connection || !this.running) return;
    this.setLive(false);
    const pause = PAUSES[Math.min(this.failures++, PAUSES.length - 1)] * (0.75 + Math.random() / 2);
    this.timer = setTimeout(() => this.connect(), pause);
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async read(body) {
    const reader = body.pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
    let rest = "";
    let event = emptyEvent();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.heard = Date.now();
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          this.deliver(event);
          event = emptyEvent();
        } else addLine(event, line);
      }
    }
  }

  /** @param {{kind: string, data: string[], id: string|null}} event */
  deliver(event) {
    if (event.id !== null) this.lastId = event.id;
    if (!event.data.length) return;
    try {
      this.dispatchEvent(new CustomEvent(event.kind, { detail: JSON.parse(event.data.join("\n")) }));
    } catch (error) {
      console.error("an event could not be read", event.kind, error);
    }
  }

  /** @param {boolean} live */
  setLive(live) {
    if (this.live === live && live) return;
    this.live = live;
    this.dispatchEvent(new CustomEvent("state", { detail: { live } }));
  }
}

/** @returns {{kind: string, data: string[], id: string|null}} */
function emptyEvent() {
  return { kind: "message", data: [], id: null };
}

/**
 * @param {{kind: string, data: string[], id: string|null}} event
 * @param {string} line
 */
function addLine(event, line) {
  const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? ["", "", ""];
  if (field === "event") event.kind = value;
  else if (field === "data") event.data.push(value);
  else if (field === "id") event.id = value;
}
