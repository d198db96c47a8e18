/**
 * Calls to the desk: JSON in, JSON out, every failure an `ApiError` that can be shown.
 * Knows nothing of the page; a 401 is announced to whoever listens with `onExpired`.
 */

const BASE = "/api/v1";
const TIMEOUT = 20_000;

/** What went wrong with a call; `status` 0 means that the desk was not reached. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} [problem]
   */
  constructor(status, problem = {}) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status;
    /** @type {string} */
    this.code = problem.code ?? "";
    /** @type {{field: string, message: string}[]} */
    this.errors = problem.errors ?? [];
    /** @type {string} */
    this.requestId = problem.request_id ?? "";
    /** All that the desk said of it. @type {Record<string, any>} */
    this.problem = problem;
  }
}

/** @type {() => void} */
let expired = () => {};

/**
 * Called when the desk no longer knows who we are.
 * @param {() => void} callback
 */
export function onExpired(callback) {
  expired = callback;
}

export function announceExpired() {
  expired();
}

/** How far the desk's clock is ahead of this machine's, in ms. */
let skew = 0;

/** The present, by the desk's clock. */
export function now() {
  return Date.now() + skew;
}

/** @param {Response} response */
function noteClock(response) {
  const date = Date.parse(response.headers.get("Date") ?? "");
  const ahead = date - Date.now();
  // The header counts whole seconds: only a real difference is worth following.
  skew = Number.isFinite(ahead) && Math.abs(ahead) > 5000 ? ahead : 0;
}

/**
 * @param {"GET"|"POST"|"PUT"|"DELETE"} method
 * @param {string} path below /api/v1
 * @param {object} [body]
 * @param {{signal?: AbortSignal, keepalive?: boolean}} [options] `keepalive`: goes out though the page leaves
 * @returns {Promise<any>} the JSON body; null where there is none
 */
export async function call(method, path, body, { signal, keepalive } = {}) {
  const limit = AbortSignal.timeout(TIMEOUT);
  /** @type {Response} */
  let response;
  /** @type {string} */
  let text;
  try {
    response = await fetch(BASE + path, {
      method,
      credentials: "same-origin",
      keepalive,
      cache: "no-store",
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, { code: limit.aborted ? "timeout" : "unreachable" });
  }
  noteClock(response);
  if (response.ok) {
    const said = response.status === 204 ? null : parse(text);
    // Cut on the way, or somebody else's page (a hotel's sign-in): nobody knows what the desk said.
    if (said === null && response.status !== 204) throw new ApiError(0, { code: "unreachable" });
    return said;
  }
  if (response.status === 401 && path !== "/sessions") expired();
  throw new ApiError(response.status, parse(text) ?? {});
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {string} path */
export const get = (path, options = {}) => call("GET", path, undefined, options);
/** @param {string} path @param {object} body */
export const post = (path, body = {}) => call("POST", path, body);
/** @param {string} path @param {object} body */
export const put = (path, body) => call("PUT", path, body);
/** @param {string} path */
export const remove = (path) => call("DELETE", path);

/**
 * A failure as a sentence for people.
 * @param {unknown} error
 */
export function explain(error) {
  if (!(error instanceof ApiError)) return "Something went wrong in this page. Reload it and try again.";
  if (error.status === 0) {
    return error.code === "timeout"
      ? "The desk took too long to answer."
      : "The desk cannot be reached. Check your connection.";
  }
  if (error.status === 401) return "Your session has ended. Please sign in again.";
  if (error.status === 403) return "You are not allowed to do this. Ask an admin.";
  if (error.status === 429) return "That was too often. Wait a moment and try again.";
  if (error.status >= 500) {
    const request = error.requestId ? ` (request ${error.requestId})` : "";
    return `The desk had a problem${request}. Try again in a moment.`;
  }
  const field = error.errors[0];
  return field ? `${field.field}: ${field.message}` : error.message;
}

/** True for a request that we called off ourselves. @param {unknown} error */
export function isAborted(error) {
  return error instanceof DOMException && error.name === "AbortError";
}
