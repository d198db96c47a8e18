/**
 * One file on its way to the desk, with how far it is, which `fetch` cannot tell; and on its way back. The token
 * goes in a header, so that no address opens a file.
 *
 * @typedef {{url: string, token: string}} Place a conversation, as files see it
 */

const SILENCE_MS = 60_000; // without a byte moving, or an answer

/** An upload that did not work; `code` says why. It may work later. */
export class Failed extends Error {
  /** @param {string} [code] */
  constructor(code = '') {
    super(code);
    this.code = code;
  }
}

/** The desk does not want the file; trying again is no use. */
export class Refused extends Failed {}

/**
 * @param {Place} place
 * @param {{file: File, client_id: string}} what the same client id again is the same file
 * @param {(share: number) => void} progress
 * @param {AbortSignal} signal
 * @returns {Promise<import('./api.js').FileShape>} rejects with `Failed` or `Refused`
 */
export function upload({ url, token }, { file, client_id: clientId }, progress, signal) {
  const form = new FormData();
  form.append('client_id', clientId);
  form.append('file', file, file.name || 'file');
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let silence;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE_MS);
    };
    request.open('POST', `${url}/files`);
    request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => {
      heard();
      progress(total ? loaded / total : 0);
    };
    request.onload = () => {
      const { status, response } = request;
      if (status === 200 || status === 201) resolve(response.file);
      else if (status < 500 && ![408, 425, 429].includes(status)) reject(new Refused(response?.code ?? (status === 413 ? 'too_large_there' : '')));
      else reject(new Failed(response?.code));
    };
    request.onerror = request.onabort = () => reject(new Failed());
    request.onloadend = () => clearTimeout(silence);
    signal.addEventListener('abort', () => request.abort(), { once: true });
    heard();
    request.send(form);
  });
}

/** @param {Place} place @param {string} id @param {boolean} [small] @returns {Promise<Blob>} */
export async function download({ url, token }, id, small = false) {
  const response = await fetch(`${url}/files/${encodeURIComponent(id)}${small ? '/preview' : ''}`, {
    headers: { Authorization: `Bearer ${token}` },
    credentials: 'omit',
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.blob();
}
