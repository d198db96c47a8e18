/**
 * Sends one file to the desk and tells how far it is, which `fetch` cannot; failures are as those of `call`.
 */

import { ApiError, announceExpired } from "./api.js";

/** @import {FileShape} from "./types.js" */

const SILENCE = 60_000; // without a byte moving, or an answer

/**
 * @param {string} path below /api/v1
 * @param {{file: File, clientId: string}} what the same client id again is the same file
 * @param {(share: number) => void} progress
 * @param {AbortSignal} signal
 * @returns {Promise<FileShape>}
 */
export function uploadFile(path, { file, clientId }, progress, signal) {
  const form = new FormData();
  form.append("client_id", clientId);
  form.append("file", file, file.name || "file");
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let silence;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE);
    };
    const failed = () => reject(new ApiError(0, { code: "unreachable" }));
    request.open("POST", `/api/v1${path}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => {
      heard();
      progress(total ? loaded / total : 0);
    };
    request.onload = () => {
      const { status, response } = request;
      if (status === 200 || status === 201) return resolve(response.file);
      if (status === 401) announceExpired();
      reject(new ApiError(status, response ?? {}));
    };
    request.onerror = request.onabort = failed;
    request.onloadend = () => clearTimeout(silence);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    heard();
    request.send(form);
  });
}
